"""Who is covered by which contract when: a month-by-month matrix, and the eligibility spans the payers
send for it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.demo.people import NEVER, Months, People, numbered
from data.demo.settings import Settings

OPEN = NEVER


@dataclass
class Coverage:
    """`contract` is people x months, -1 where nobody covers the month; spans say the same as dates.

    Span arrays have one element per eligibility row. `runs` are the spans before payers split or repeated
    them.
    """

    contract: np.ndarray
    run_person: np.ndarray
    run_contract: np.ndarray
    run_start: np.ndarray
    run_end: np.ndarray  # OPEN while still enrolled
    span_person: np.ndarray
    span_contract: np.ndarray
    span_start: np.ndarray
    span_end: np.ndarray


def draw_coverage(settings: Settings, people: People, months: Months, rng: np.random.Generator) -> Coverage:
    knobs = settings.enrolment
    count, length = len(people), len(months)
    month = np.arange(length)

    joins = np.where(rng.random(count) < knobs.joins, rng.integers(1, length, count), 0)
    leave_rate = np.array([contract.leave_per_month for contract in settings.contracts])[people.contract]
    stay = np.ceil(rng.exponential(1.0, count) / leave_rate).astype(np.int64)
    leaves = np.minimum(joins + np.maximum(stay, 1), 10_000)
    covered = (month >= joins[:, None]) & (month < leaves[:, None])

    gap = (
        rng.random(count) < np.array([contract.gap_share for contract in settings.contracts])[people.contract]
    )
    gap_start = rng.integers(1, length, count)
    gap_end = gap_start + rng.integers(1, 5, count)
    covered &= ~(gap[:, None] & (month >= gap_start[:, None]) & (month < gap_end[:, None]))

    dies_in = months.of(people.death)
    covered &= month <= dies_in[:, None]
    # Babies are covered from the month they are born.
    covered &= month >= months.of(people.birth)[:, None]

    contract = np.broadcast_to(people.contract[:, None], (count, length)).copy()
    age = people.age_on(months.first[0])
    # People who turn 65 within history go to Medicare; a few others change payer.
    turns = months.of(people.birth + int(65 * 365.2425))
    to_medicare = np.isin(people.contract, (1, 3)) & (age < 65) & (turns > 0) & (turns < length)
    moves = (rng.random(count) < knobs.switches_contract) & ~to_medicare & (age > 19)
    when = np.where(to_medicare, turns, rng.integers(2, length, count))
    # Medicare beneficiaries change plan in January.
    january = np.flatnonzero(months.calendar == 0)
    annual = moves & np.isin(people.contract, (0, 2))
    when = np.where(annual, january[np.searchsorted(january, np.minimum(when, january[-1]))], when)
    target = np.array([2, 3, 0, 1])[people.contract]
    target = np.where(to_medicare, np.where(rng.random(count) < 0.6, 0, 2), target)
    switch = to_medicare | moves
    after = switch[:, None] & (month >= when[:, None])
    contract = np.where(after, target[:, None], contract).astype(np.int8)
    contract = np.where(covered, contract, -1).astype(np.int8)

    return _spans(settings, people, months, contract, when, switch, rng)


def _spans(
    settings: Settings,
    people: People,
    months: Months,
    contract: np.ndarray,
    when: np.ndarray,
    switch: np.ndarray,
    rng: np.random.Generator,
) -> Coverage:
    knobs = settings.enrolment
    count, length = contract.shape
    before = np.concatenate([np.full((count, 1), -1, np.int8), contract[:, :-1]], axis=1)
    after = np.concatenate([contract[:, 1:], np.full((count, 1), -1, np.int8)], axis=1)
    start_person, start_month = np.nonzero((contract >= 0) & (contract != before))
    _, end_month = np.nonzero((contract >= 0) & (contract != after))
    which = contract[start_person, start_month]
    start = months.first[start_month].copy()
    end = months.last[end_month].copy()

    # Enrolled before history began: since some first of January or month up to nine years earlier.
    old = start_month == 0
    earlier = (
        start[old].astype("datetime64[D]").astype("datetime64[M]") - rng.integers(0, 110, int(old.sum()))
    ).astype("datetime64[D]")
    born = people.birth[start_person[old]]
    start[old] = np.maximum(earlier.astype(np.int64), born)
    newborn = people.birth[start_person] > start
    start = np.where(newborn, people.birth[start_person], start)
    end = np.where(end_month == length - 1, OPEN, end)
    died = people.death[start_person]
    end = np.where((died < NEVER) & (end >= died), np.where(rng.random(len(end)) < 0.5, died, end), end)
    end = np.where((end == OPEN) & (died < NEVER), died, end)

    # Some switches happen in mid-month: both payers have the month, one row each.
    first_of_person = np.concatenate([[True], start_person[1:] != start_person[:-1]])
    follows = np.flatnonzero(~first_of_person)
    adjoining = follows[(start[follows] == end[follows - 1] + 1) & (which[follows] != which[follows - 1])]
    mid = adjoining[rng.random(len(adjoining)) < knobs.switch_mid_month]
    shift = rng.integers(5, 24, len(mid))
    fits = (end[mid] == OPEN) | (end[mid] > start[mid] + shift)
    start[mid[fits]] += shift[fits]
    end[mid[fits] - 1] += shift[fits]

    run = (start_person, which, start.copy(), end.copy())

    # Retroactive disenrolment: the payer ends the span after services have been paid.
    retro = (end < OPEN) & (died == NEVER) & (rng.random(len(end)) < knobs.retroactive_end * 4)
    end = np.where(retro & (end - start > 150), end - 61, end)

    person, spans_contract, spans_start, spans_end = start_person, which, start, end
    # Some payers send a row per calendar year, and repeat a row now and then.
    splits = np.flatnonzero(rng.random(len(person)) < knobs.span_per_year)
    new_year = (
        months.first[-1:]
        .astype("datetime64[D]")[0]
        .astype("datetime64[Y]")
        .astype("datetime64[D]")
        .astype(np.int64)
    )
    splits = splits[(spans_start[splits] < new_year) & (spans_end[splits] > new_year)]
    repeats = np.flatnonzero(rng.random(len(person)) < knobs.repeated_span)
    extra_start = np.concatenate([np.full(len(splits), new_year), spans_start[repeats] + 31])
    extra_end = np.concatenate([spans_end[splits], spans_end[repeats]])
    extra_person = np.concatenate([person[splits], person[repeats]])
    extra_contract = np.concatenate([spans_contract[splits], spans_contract[repeats]])
    spans_end = spans_end.copy()
    spans_end[splits] = new_year - 1
    usable = extra_start <= extra_end
    all_person = np.concatenate([person, extra_person[usable]])
    all_start = np.concatenate([spans_start, extra_start[usable]])
    order = np.lexsort((all_start, all_person))
    return Coverage(
        contract,
        *run,
        span_person=all_person[order],
        span_contract=np.concatenate([spans_contract, extra_contract[usable]])[order],
        span_start=all_start[order],
        span_end=np.concatenate([spans_end, extra_end[usable]])[order],
    )


def eligibility_table(
    settings: Settings, people: People, coverage: Coverage, contract: int, rng: np.random.Generator
) -> pa.Table:
    """The rows one payer sends, in the Tuva input layer's columns, dates as text as a CSV would have them."""
    terms = settings.contracts[contract]
    rows = np.flatnonzero(coverage.span_contract == contract)
    person = coverage.span_person[rows]
    take = pa.array(person)
    end = coverage.span_end[rows]
    still_open = end == OPEN
    end_text = pc.if_else(
        pa.array(still_open),
        pa.scalar(terms.open_end or None, pa.string()),
        date_text(np.where(still_open, 0, end)),
    )
    died = people.death[person]
    plan = np.full(len(rows), terms.plan, object)
    if terms.key == "medicaid":  # a benefit outside the contract, decided per person and not per span
        plan[_odd(people, settings.enrolment.plan_not_in_contract)[person]] = "Emergency Services Only"
    dual = people.conditions[person, 9:14].any(axis=1) & (people.number[person] % 3 == 0)
    medicare = terms.line_of_business == "medicare"
    age_at_start = (coverage.span_start[rows] - people.birth[person]) / 365.2425
    same = {name: people.columns[name].take(take) for name in people.columns}
    ids = people.person_id.take(take)
    return pa.table(
        {
            "person_id": ids,
            "member_id": numbered(terms.member_prefix, people.number[person] * 7 + 1_000_003, 9),
            "gender": _constant_or(people.female[person], "female", "male"),
            "race": same["race"],
            "ethnicity": same["ethnicity"],
            "birth_date": date_text(people.birth[person]),
            "death_date": pc.if_else(
                pa.array(died == NEVER),
                pa.scalar(None, pa.string()),
                date_text(np.where(died == NEVER, 0, died)),
            ),
            "death_flag": _constant_or(died == NEVER, "0", "1"),
            "enrollment_start_date": date_text(coverage.span_start[rows]),
            "enrollment_end_date": end_text,
            "payer": pa.array([terms.payer] * len(rows), pa.string()),
            "payer_type": pa.array([terms.payer_type] * len(rows), pa.string()),
            "plan": pa.array(plan, pa.string()),
            "dual_status_code": _constant_or(dual, "02", "NA")
            if medicare
            else pa.nulls(len(rows), pa.string()),
            "medicare_status_code": _constant_or(age_at_start >= 65, "10", "20")
            if medicare
            else pa.nulls(len(rows), pa.string()),
            "group_id": numbered("G", people.number[person] % 17 + 100, 4)
            if terms.line_of_business == "commercial"
            else pa.nulls(len(rows), pa.string()),
            "first_name": same["first_name"],
            "last_name": same["last_name"],
            "address": same["address"],
            "city": same["city"],
            "state": pa.array([settings.state] * len(rows), pa.string()),
            "zip_code": same["zip_code"],
            "phone": same["phone"],
            "email": same["email"],
            "preferred_language": same["preferred_language"],
            "data_source": pa.array([terms.feed] * len(rows), pa.string()),
        }
    )


def date_text(days: np.ndarray) -> pa.Array:
    """Days since 1970 as ISO dates in text."""
    return pc.cast(pa.array(days.astype(np.int32), pa.int32()).cast(pa.date32()), pa.string())


def _odd(people: People, share: float) -> np.ndarray:
    """A fixed small share of people, by their number, so that every span of theirs agrees."""
    return (people.number * 2_654_435_761 % 100_003) < share * 100_003


def _constant_or(where: np.ndarray, yes: str, no: str) -> pa.Array:
    return pc.if_else(pa.array(where), pa.scalar(yes), pa.scalar(no))
