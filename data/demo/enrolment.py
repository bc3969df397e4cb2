"""Who is covered by which contract when: a month-by-month matrix, and the eligibility spans the payers send.

Families of the Medicaid and the commercial plan join, leave and change together. A payer learns of some ends
late: `span_reported` is the day it does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.demo.people import NEVER, NOT_MOVED, YEAR, Months, People, numbered
from data.demo.sampling import even_bernoulli
from data.demo.settings import ACO, ADVANTAGE, COMMERCIAL, CONTRACT_KEYS, DUAL, MEDICAID, Settings

OPEN = NEVER
# Where people of each contract go when they change: Medicaid to the commercial plan and back, and so on.
_ELSEWHERE = np.array([ADVANTAGE, COMMERCIAL, ACO, MEDICAID, ADVANTAGE])


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
    span_reported: np.ndarray  # the day the payer learns of the end; OPEN while there is none
    span_moved: np.ndarray  # bool: of the time after a change of address, or there was none


def draw_coverage(settings: Settings, people: People, months: Months, rng: np.random.Generator) -> Coverage:
    knobs = settings.enrolment
    count, length = len(people), len(months)
    month = np.arange(length)
    family = np.isin(people.contract, (MEDICAID, COMMERCIAL))
    # Position of the person who decides: the head of a family, everyone else for themselves.
    decides = np.where(family, people.head, np.arange(count))

    new = rng.random(count) < np.array([knobs.joins[key] for key in CONTRACT_KEYS])[people.contract]
    joins = np.where(new, rng.integers(1, length, count), 0)[decides]
    leave_rate = np.array([contract.leave_per_month for contract in settings.contracts])[people.contract]
    stay = np.ceil(rng.exponential(1.0, count)[decides] / leave_rate).astype(np.int64)
    leaves = np.minimum(joins + np.maximum(stay, 1), 10_000)
    covered = (month >= joins[:, None]) & (month < leaves[:, None])

    gap_share = np.array([contract.gap_share for contract in settings.contracts])[people.contract]
    gap = rng.random(count)[decides] < gap_share * length / 24
    gap_start = rng.integers(1, length, count)[decides]
    gap_end = gap_start + rng.integers(1, 5, count)[decides]
    covered &= ~(gap[:, None] & (month >= gap_start[:, None]) & (month < gap_end[:, None]))

    covered &= month <= months.of(people.death)[:, None]
    # Babies are covered from the month they are born.
    covered &= month >= months.of(people.birth)[:, None]
    turns = months.of(people.birth + int(65 * YEAR))
    medicare = np.isin(people.contract, (ACO, ADVANTAGE, DUAL)) & ~people.disabled
    covered &= ~medicare[:, None] | (month >= turns[:, None])

    contract = np.broadcast_to(people.contract[:, None], (count, length)).copy()
    age = people.age_on(months.first[0])
    # People who turn 65 within history go to Medicare; a few others change payer.
    to_medicare = family & (age < 65) & (turns > 0) & (turns < length)
    changes = (rng.random(count) < knobs.switches_contract * length / 24)[decides] & ~to_medicare
    changes &= family | (age > 19)
    when = np.where(to_medicare, turns, rng.integers(2, length, count)[decides])
    # Medicare beneficiaries change plan in January.
    january = np.flatnonzero(months.calendar == 0)
    annual = changes & ~family
    when = np.where(annual, january[np.searchsorted(january, np.minimum(when, january[-1]))], when)
    target = _ELSEWHERE[people.contract]
    chooses = np.where(people.contract == MEDICAID, DUAL, np.where(rng.random(count) < 0.6, ACO, ADVANTAGE))
    target = np.where(to_medicare, chooses, target)
    switch = to_medicare | changes
    after = switch[:, None] & (month >= when[:, None])
    contract = np.where(after, target[:, None], contract).astype(np.int8)
    contract = np.where(covered, contract, -1).astype(np.int8)

    ended = _end_in_retrospect(settings, contract, rng)
    return _spans(settings, people, months, contract, ended, rng)


def _end_in_retrospect(settings: Settings, contract: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Who loses coverage with the planted delivery; from the month after it nobody covers them."""
    truth = settings.truths.retroactive_ends
    which = CONTRACT_KEYS.index(truth.contract)
    delivery = contract.shape[1] - 1 - truth.ago
    since = delivery - truth.back[1] - 1
    if since < 0:
        return np.zeros(len(contract), bool)
    steady = (contract[:, since : delivery + 1] == which).all(axis=1)
    share = truth.share * np.sum(contract[:, delivery] == which) / max(int(steady.sum()), 1)
    ended = steady & even_bernoulli(np.where(steady, share, 0.0), np.zeros(len(contract), np.int8), rng)
    contract[ended, delivery + 1 :] = -1
    return ended


def _spans(
    settings: Settings,
    people: People,
    months: Months,
    contract: np.ndarray,
    ended: np.ndarray,
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

    # Enrolled before history began: since some first of a month up to nine years earlier.
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
    first_of_person = np.concatenate([[True], start_person[1:] != start_person[:-1]])[: len(start_person)]
    follows = np.flatnonzero(~first_of_person)
    adjoining = follows[(start[follows] == end[follows - 1] + 1) & (which[follows] != which[follows - 1])]
    mid = adjoining[rng.random(len(adjoining)) < knobs.switch_mid_month]
    shift = rng.integers(5, 24, len(mid))
    fits = (end[mid] == OPEN) | (end[mid] > start[mid] + shift)
    start[mid[fits]] += shift[fits]
    end[mid[fits] - 1] += shift[fits]

    run = (start_person, which, start.copy(), end.copy())

    # Retroactive disenrolment: the payer ends the span after services have been paid.
    reported = end.copy()
    retro = (end < OPEN) & (died == NEVER) & (rng.random(len(end)) < knobs.retroactive_end * 4)
    retro &= (end - start > 150) & ~ended[start_person]
    end = np.where(retro, end - 61, end)
    truth = settings.truths.retroactive_ends
    delivery = length - 1 - truth.ago
    planted = ended[start_person] & (end_month == delivery)
    back = rng.integers(truth.back[0], truth.back[1] + 1, len(end))
    end = np.where(planted, months.last[np.maximum(delivery - back, 0)], end)
    reported = np.where(planted, months.first[delivery] + 9, reported)

    spans = [start_person, which.astype(np.int64), start, end, reported, np.ones(len(start), np.int64)]
    # A change of address within a span begins a new row.
    moved_in = people.moved[start_person]
    day = months.first[np.minimum(moved_in, length - 1)]
    spans[5] = ((moved_in == NOT_MOVED) | (start >= day)).astype(np.int64)
    spans = _split(spans, np.flatnonzero((moved_in != NOT_MOVED) & (start < day) & (end > day)), day)
    # Some payers send a row per calendar year, and repeat a row now and then.
    this_year = np.datetime64(int(months.first[-1]), "D").astype("datetime64[Y]").astype("datetime64[D]")
    new_year = np.full(len(spans[0]), this_year.astype(np.int64))
    yearly = (rng.random(len(spans[0])) < knobs.span_per_year) & (spans[2] < new_year) & (spans[3] > new_year)
    spans = _split(spans, np.flatnonzero(yearly), new_year)
    repeats = np.flatnonzero(rng.random(len(spans[0])) < knobs.repeated_span)
    extra = [column[repeats] for column in spans]
    extra[2] = extra[2] + 31
    usable = extra[2] <= extra[3]
    spans = [np.concatenate([column, more[usable]]) for column, more in zip(spans, extra, strict=True)]
    order = np.lexsort((spans[2], spans[0]))
    person, contracts, begin, finish, known, moved = (column[order] for column in spans)
    return Coverage(contract, *run, person, contracts, begin, finish, known, moved.astype(bool))


def _split(spans: list[np.ndarray], rows: np.ndarray, day: np.ndarray) -> list[np.ndarray]:
    """Spans with some rows ended the day before `day` and gone on with from it, as rows of their own."""
    cut = day[rows]
    rest = [column[rows].copy() for column in spans]
    rest[2], rest[5] = cut, np.ones(len(rows), np.int64)
    spans = [column.copy() for column in spans]
    spans[3][rows] = cut - 1
    spans[4][rows] = cut - 1
    return [np.concatenate([column, more]) for column, more in zip(spans, rest, strict=True)]


def eligibility_table(
    settings: Settings, people: People, coverage: Coverage, contract: int, rng: np.random.Generator
) -> pa.Table:
    """The rows one payer sends, in the Tuva input layer's columns, dates as text as a CSV would have them.

    `end_reported_on` is for the writers: the day the payer learnt of the end, null while there is none.
    """
    terms = settings.contracts[contract]
    rows = np.flatnonzero(coverage.span_contract == contract)
    person = coverage.span_person[rows]
    take = pa.array(person)
    end, reported = coverage.span_end[rows], coverage.span_reported[rows]
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
    if terms.control:
        plan[people.control[person]] = terms.control.plan
    nothing = pa.nulls(len(rows), pa.string())
    medicare = terms.line_of_business in ("medicare", "dual")
    poor = people.conditions[person, 9:14].any(axis=1) & (people.number[person] % 3 == 0)
    dual = np.ones(len(rows), bool) if terms.line_of_business == "dual" else poor
    age_at_start = (coverage.span_start[rows] - people.birth[person]) / YEAR
    same = {name: column.take(take) for name, column in people.columns.items()}
    moved = pa.array(coverage.span_moved[rows])
    for name, column in people.columns_before.items():
        same[name] = pc.if_else(moved, same[name], column.take(take))
    return pa.table(
        {
            "person_id": people.person_id.take(take),
            "member_id": numbered(terms.member_prefix, people.number[person] * 7 + 1_000_003, 9),
            "gender": _constant_or(people.female[person], "female", "male"),
            "race": same["race"],
            "ethnicity": same["ethnicity"],
            "birth_date": date_text(people.birth[person]),
            "death_date": _date_or_null(died, died == NEVER),
            "death_flag": _constant_or(died == NEVER, "0", "1"),
            "enrollment_start_date": date_text(coverage.span_start[rows]),
            "enrollment_end_date": end_text,
            "payer": pa.array([terms.payer] * len(rows), pa.string()),
            "payer_type": pa.array([terms.payer_type] * len(rows), pa.string()),
            "plan": pa.array(plan, pa.string()),
            "dual_status_code": _constant_or(dual, "02", "NA") if medicare else nothing,
            "medicare_status_code": _constant_or(age_at_start >= 65, "10", "20") if medicare else nothing,
            "group_id": numbered("G", people.number[people.head[person]] % 17 + 100, 4)
            if terms.line_of_business == "commercial"
            else nothing,
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
            "end_reported_on": _date_or_null(reported, reported == OPEN),
        }
    )


def date_text(days: np.ndarray) -> pa.Array:
    """Days since 1970 as ISO dates in text."""
    return pc.cast(pa.array(days.astype(np.int32), pa.int32()).cast(pa.date32()), pa.string())


def _date_or_null(days: np.ndarray, unknown: np.ndarray) -> pa.Array:
    return pc.if_else(pa.array(unknown), pa.scalar(None, pa.string()), date_text(np.where(unknown, 0, days)))


def _odd(people: People, share: float) -> np.ndarray:
    """A fixed small share of people, by their number, so that every span of theirs agrees."""
    return (people.number * 2_654_435_761 % 100_003) < share * 100_003


def _constant_or(where: np.ndarray, yes: str, no: str) -> pa.Array:
    return pc.if_else(pa.array(where), pa.scalar(yes), pa.scalar(no))
