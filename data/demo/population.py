"""The population chunk by chunk: people, what happened to them, and every payer's rows, ready to write.

A chunk depends on nothing but the settings, the seed and its own number, so that chunks may be made in
any order and by several processes, and memory does not grow with the population.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from data.demo import ambulatory, claims, clinical, coding, encounters, enrolment, network, people, pharmacy
from data.demo.codes import Vocabulary, ed_diagnoses
from data.demo.sampling import Frame
from data.demo.settings import Settings

# Claims are numbered within a payer and chunk; a chunk has at most this many of one payer's.
CLAIMS_OF_CHUNK = 1_000_000


@dataclass
class Chunk:
    """Some thousands of people. `tables[n]` holds the rows the n-th contract's payer sends, by table name."""

    number: int
    people: people.People
    coverage: enrolment.Coverage
    pcp: np.ndarray  # provider number of each person's primary-care provider
    visits: encounters.EdVisits  # every arrival at an ED
    walked_in: encounters.EdVisits  # of them those that did not become a stay
    stays: encounters.Stays
    many_visits: str | None  # person_id of the member planted with many ED visits in a month
    tables: list[dict[str, pa.Table]]

    def __len__(self) -> int:
        return len(self.people)


def generator(seed: int, purpose: str, chunk: int) -> np.random.Generator:
    """A stream for each purpose and chunk, so that one part can change without moving the others."""
    return np.random.default_rng(np.random.SeedSequence([seed, chunk, *purpose.encode()]))


def chunks(
    settings: Settings, members: int, seed: int, months: people.Months, places: network.Network
) -> Iterator[Chunk]:
    """The whole population of `members`, `settings.chunk_members` at a time."""
    for number in range(-(-members // settings.chunk_members)):
        yield chunk(settings, members, seed, months, places, number)


def chunk(
    settings: Settings,
    members: int,
    seed: int,
    months: people.Months,
    places: network.Network,
    number: int,
) -> Chunk:
    """The chunk of that number: its people, and the rows of each payer."""
    first = number * settings.chunk_members
    count = min(settings.chunk_members, members - first)
    codes = Vocabulary()
    diagnosis_codes = codes.numbers(ed_diagnoses().code)
    rng = generator(seed, "people", number)
    folk = people.draw_people(settings, first + 1, count, months, rng)
    coverage = enrolment.draw_coverage(settings, folk, months, rng)
    pcp = people.assign_pcps(folk, places, rng)
    frame = Frame.of(coverage.contract, folk.market, folk.practice)

    folk.many_visits = encounters.member_of_many_visits(settings, folk, coverage, months)
    rng = generator(seed, "encounters", number)
    visits = encounters.draw_ed_visits(settings, folk, coverage, frame, months, rng)
    stays = encounters.draw_stays(settings, folk, coverage, frame, months, visits, rng)
    kept = encounters.outside_stays(visits, stays)
    walked_in = visits.take(kept[visits.disposition[kept] != encounters.ADMITTED])

    rng = generator(seed, "claims", number)
    batch = claims.join(
        [
            *claims.ed_claims(settings, folk, places, codes, walked_in, diagnosis_codes, rng),
            *claims.stay_claims(settings, folk, places, codes, stays, rng),
            *ambulatory.ambulatory_claims(settings, folk, coverage, frame, months, places, codes, pcp, rng),
            ambulatory.follow_up_claims(
                settings, folk, coverage, months, places, codes, pcp, walked_in, diagnosis_codes, rng
            ),
        ]
    )
    coding.add_diagnoses(settings, folk, coverage, months, codes, batch, generator(seed, "coding", number))
    settled = claims.settle(settings, folk, coverage, months, places, batch, codes, rng)
    del batch
    fills = pharmacy.draw_fills(settings, folk, coverage, months, generator(seed, "pharmacy", number))
    rng = generator(seed, "clinical", number)
    recent = np.zeros(count, bool)
    recent[walked_in.person[walked_in.day > months.through - 45]] = True
    tables = []
    for contract in range(len(settings.contracts)):
        base = number * CLAIMS_OF_CHUNK
        rows = {
            "eligibility": enrolment.eligibility_table(settings, folk, coverage, contract, rng),
            "medical_claim": claims.medical_table(settings, folk, places, codes, settled, contract, base),
            "pharmacy_claim": pharmacy.pharmacy_table(settings, folk, places, pcp, fills, contract, base),
            "lab_result": clinical.lab_table(settings, folk, codes, settled, contract, rng),
            "immunization": clinical.immunization_table(settings, folk, codes, settled, contract, rng),
            "appointment": clinical.appointment_table(
                settings, folk, coverage, months, places, pcp, recent, contract, rng
            ),
        }
        rows["observation"] = clinical.observation_table(settings, folk, settled, contract, rng)
        tables.append(rows)
    planted = folk.person_id[folk.many_visits].as_py() if folk.many_visits >= 0 else None
    return Chunk(number, folk, coverage, pcp, visits, walked_in, stays, planted, tables)
