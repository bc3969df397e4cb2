"""The demo market: a synthetic population and its payers' files, written where real ones would be.

`write_demo` is the only entrance. In the order of the work:

    settings      market.yaml, the knobs, validated
    names         made-up people and streets
    network       hospitals, practices, clinicians and their NPIs
    people        who lives in the market, and how ill they are
    enrolment     who is covered by which contract when
    encounters    ED visits and hospital stays
    ambulatory    everything else that is billed
    coding        what else people have, which risk adjustment looks for
    claims        encounters as claim lines: priced, paid late, corrected
    pharmacy, clinical    fills; results, blood pressures, vaccines, appointments
    population    all of this, a chunk of people at a time
    gaps, adt     the payers' gap lists; the hospitals' messages
    budgets       what the contracts were expected to cost: targets and budgets
    organisation  staff, panels, contacts, attribution, targets, drugs, networks, the enterprise index
    formats       how each payer writes what it sends, month by month
    dirt          what is wrong with the files, on purpose
    write         the feeds folder
    truths.yaml   what an analyst would find in it (checked by `python -m data truths`)

Nothing here is read by the build; the demo goes through the same door as real data.
"""

from data.demo.write import write_demo

__all__ = ["write_demo"]
