"""What happened to people: ED visits, hospital stays and everything ambulatory, before anyone bills for it.

An encounter set is a few parallel arrays. Days are days since 1970, persons are positions in the chunk,
diagnoses
and places are numbers of the settings or of ed_diagnoses.csv.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.demo.codes import ed_diagnoses
from data.demo.enrolment import Coverage
from data.demo.people import CONDITION_CODES, Months, People
from data.demo.settings import Settings

TREATED, OBSERVATION, ADMITTED = 0, 1, 2
_DAY_KEY = 100_000

# Admissions that do not come through the ED: (ICD-10-CM, DRG, mean days, per 1,000 a year by
# medicare/medicaid/
# commercial, planned).
DIRECT: tuple[tuple[str, str, float, float, float, float, bool], ...] = (
    ("M1711", "470", 1.9, 11.0, 1.0, 3.0, True),
    ("M1611", "470", 2.1, 6.0, 0.6, 1.6, True),
    ("I2510", "321", 2.4, 5.0, 0.8, 1.2, True),
    ("I350", "267", 2.3, 3.0, 0.2, 0.3, True),
    ("C3490", "164", 4.6, 2.2, 0.7, 0.7, True),
    ("C189", "330", 5.4, 2.2, 0.7, 0.9, True),
    ("Z5111", "847", 3.6, 2.0, 0.9, 0.9, True),
    ("I5033", "291", 4.7, 7.0, 1.0, 0.6, False),
    ("J189", "194", 3.7, 4.0, 1.2, 0.7, False),
    ("N179", "683", 3.8, 3.5, 0.8, 0.5, False),
    ("F209", "885", 9.5, 2.0, 4.5, 0.6, False),
    ("F329", "885", 7.0, 1.2, 3.0, 1.4, False),
    ("I639", "057", 12.5, 4.0, 0.5, 0.4, True),
    ("S72001A", "560", 12.0, 2.5, 0.2, 0.2, True),
)
# Births, per 1,000 women of 18 to 42.
BIRTHS: tuple[tuple[str, str, float, float], ...] = (("O80", "807", 2.0, 46.0), ("O82", "788", 3.0, 20.0))

# (relative weight, mean days) of the DRGs used; weights are rounded, for price only.
DRG: dict[str, tuple[float, float]] = {
    "057": (1.3, 12.5), "064": (2.0, 5.2), "065": (1.05, 3.6), "087": (0.9, 2.6), "090": (0.85, 2.2),
    "101": (0.9, 3.0), "103": (0.85, 2.8), "125": (0.8, 2.8), "149": (0.75, 2.3), "151": (0.75, 2.5),
    "153": (0.75, 2.5), "158": (0.9, 2.8), "164": (2.6, 4.6), "177": (1.9, 6.0), "189": (1.25, 4.6),
    "190": (1.15, 4.0), "194": (0.9, 3.5), "203": (0.75, 2.8), "204": (0.8, 2.4), "267": (5.6, 2.3),
    "281": (0.95, 3.0), "291": (1.3, 4.6), "305": (0.75, 2.4), "309": (0.77, 2.6), "310": (0.6, 2.0),
    "312": (0.85, 2.5), "313": (0.73, 1.9), "321": (2.9, 2.6), "330": (2.5, 5.4), "378": (1.0, 3.4),
    "392": (0.8, 2.9), "439": (0.88, 3.3), "446": (0.85, 2.8), "470": (1.9, 2.0), "481": (2.1, 4.6),
    "552": (0.95, 3.5), "554": (0.8, 3.2), "556": (0.8, 3.0), "560": (1.1, 12.0), "563": (0.9, 3.2),
    "603": (0.88, 3.8), "605": (0.85, 2.9), "607": (0.8, 3.0), "638": (0.9, 3.2), "640": (1.2, 4.0),
    "641": (0.78, 3.0), "683": (0.95, 3.7), "690": (0.82, 3.3), "694": (0.85, 2.1), "696": (0.7, 2.3),
    "761": (0.8, 2.2), "779": (0.8, 2.0), "788": (1.05, 3.0), "807": (0.62, 2.0), "812": (0.9, 3.2),
    "832": (0.8, 2.4), "847": (1.3, 3.6), "864": (0.9, 2.9), "866": (0.85, 2.9), "871": (1.9, 6.1),
    "880": (0.9, 3.0), "881": (0.8, 5.0), "882": (0.85, 4.0), "885": (1.3, 7.6), "897": (0.85, 4.2),
    "916": (0.6, 1.8), "918": (0.85, 2.6), "948": (0.83, 3.0), "951": (0.6, 2.0),
}  # fmt: skip


@dataclass
class EdVisits:
    person: np.ndarray
    day: np.ndarray
    hour: np.ndarray
    hospital: np.ndarray
    diagnosis: np.ndarray  # row of ed_diagnoses
    level: np.ndarray  # 1..5
    disposition: np.ndarray

    def take(self, rows: np.ndarray) -> EdVisits:
        return EdVisits(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


@dataclass
class Stays:
    person: np.ndarray
    admit: np.ndarray
    discharge: np.ndarray
    hour: np.ndarray
    hospital: np.ndarray
    diagnosis: np.ndarray  # object array of ICD-10-CM codes
    drg: np.ndarray  # object array
    via_ed: np.ndarray
    planned: np.ndarray
    transferred: np.ndarray  # leaves for another hospital, which has the next stay
    arrived_by_transfer: np.ndarray
    level: np.ndarray

    def take(self, rows: np.ndarray) -> Stays:
        return Stays(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


def draw_ed_visits(
    settings: Settings, people: People, coverage: Coverage, months: Months, rng: np.random.Generator
) -> EdVisits:
    """Every arrival at an ED, with what becomes of it."""
    ed = settings.ed
    rate = _ed_rate(settings, people, coverage, months, rng)
    person, month = _calmer_events(settings, people, rate, rng)
    day = draw_days(people, months, person, month, rng)
    other = draw_days(people, months, person, month, rng)
    weight = np.array(ed.weekday)
    prefer = weight[weekday(day)] / (weight[weekday(day)] + weight[weekday(other)])
    day = np.where(rng.random(len(day)) < prefer, day, other)

    hospital = _hospital_of(settings, people, person, rng)
    hours = np.array(ed.hour)
    hour = rng.choice(24, len(person), p=hours / hours.sum()).astype(np.int16)
    contract = coverage.contract[person, month]
    diagnosis = _diagnosis_of(settings, people, person, contract, day, hospital, rng)
    table = ed_diagnoses()
    age = people.age_on(months.first[0])[person]
    factor = np.array([ed.admit_factor[item.key] for item in settings.contracts])[contract]
    admit = (
        table.admit[diagnosis]
        * factor
        * (0.75 + 0.4 * np.clip((age - 40) / 40, 0, 1))
        * (0.85 + 0.12 * people.risk[person])
    )
    admit = np.where(people.frequent[person], admit * 0.35, admit)
    chance = rng.random(len(person))
    admitted = chance < np.minimum(admit, 0.98)
    observed = ~admitted & (rng.random(len(person)) < table.observe[diagnosis] * 0.95)
    level = np.clip(table.level[diagnosis] + rng.choice([-1, 0, 0, 0, 1], len(person)), 1, 5)
    level = np.where(admitted, np.maximum(level, 4), level)
    return EdVisits(
        person,
        day,
        hour,
        hospital,
        diagnosis,
        level.astype(np.int8),
        np.select([admitted, observed], [ADMITTED, OBSERVATION], TREATED).astype(np.int8),
    )


def _ed_rate(
    settings: Settings, people: People, coverage: Coverage, months: Months, rng: np.random.Generator
) -> np.ndarray:
    """Expected visits by person and month: the contract's rate, shared out by each person's propensity."""
    ed = settings.ed
    practice = np.array([item.ed_factor for item in settings.practices])[people.practice]
    market = np.array([item.ed_factor for item in settings.markets])[people.market]
    own_frequent = np.where(people.frequent, ed.frequent_visits * rng.gamma(2.2, 1 / 2.2, len(people)), 0.0)
    yearly = np.zeros((len(settings.contracts), len(people)))
    for number, terms in enumerate(settings.contracts):
        # Level the draw: the contract's members together are expected to make the contract's rate, however
        # propensities happened to fall in this chunk.
        here = people.contract == number
        if not here.any():
            here = np.ones(len(people), bool)
        # Frequent users are fewer where people are better off.
        frequent = own_frequent * min(1.0, terms.ed_visits / 600)
        wanted = terms.ed_visits / 1000 * here.sum()
        ordinary = np.where(people.frequent, 0.0, people.propensity)
        left = max(wanted - frequent[here].sum(), wanted * 0.3)
        yearly[number] = ordinary * left / max(ordinary[here].sum(), 1e-9) + frequent
    shift = np.ones((len(settings.markets), len(months)))
    start = first_shifted_month(settings)
    for number, place in enumerate(settings.markets):
        if place.market_id == ed.shift.market:
            shift[number, start:] = ed.shift.factor
    season = np.array(ed.season)[months.calendar]
    contract = np.maximum(coverage.contract, 0)
    rate = yearly[contract, np.arange(len(people))[:, None]] / 12
    rate = rate * (practice * market)[:, None] * season * shift[people.market]
    return np.where(coverage.contract >= 0, rate, 0.0)


def _calmer_events(
    settings: Settings, people: People, rate: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Like `events`, but a market's total in a month strays from its expectation by less than chance would.

    Given the total, who makes the visits is chance alone: a small demo can then show a planted change.
    """
    persons, whens = [], []
    for market in range(len(settings.markets)):
        rows = np.flatnonzero(people.market == market)
        expected = rate[rows].sum(axis=0)
        stray = settings.ed.month_to_month * np.sqrt(expected) * rng.standard_normal(len(expected))
        totals = np.maximum(np.round(expected + stray), 0).astype(np.int64)
        for month in np.flatnonzero((totals > 0) & (expected > 0)):
            steps = np.cumsum(rate[rows, month])
            drawn = np.searchsorted(steps, rng.random(totals[month]) * steps[-1], side="right")
            persons.append(rows[np.minimum(drawn, len(rows) - 1)])
            whens.append(np.full(totals[month], month))
    empty = [np.zeros(0, np.int64)]
    who, when = np.concatenate(persons or empty), np.concatenate(whens or empty)
    order = np.lexsort((when, who))
    return who[order], when[order]


def last_mature_month(settings: Settings) -> int:
    """Position of the last month of history that is at least 90% paid."""
    paid = np.cumsum(settings.payment_lag)
    return settings.history_months - 1 - int(np.argmax(paid >= 0.9))


def first_shifted_month(settings: Settings) -> int:
    """Position of the month in which the planted drop in ED use begins."""
    return last_mature_month(settings) - settings.ed.shift.mature_months + 1


def _hospital_of(
    settings: Settings, people: People, person: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    hospital = people.hospital[person].copy()
    elsewhere = rng.random(len(person)) > settings.ed.patient_favours_one_hospital
    out_of_market = rng.random(len(person)) < 0.03
    weights = np.array([item.weight for item in settings.hospitals])
    home = np.array([item.market for item in settings.hospitals])
    for number, place in enumerate(settings.markets):
        rows = np.flatnonzero(elsewhere & (people.market[person] == number) & ~out_of_market)
        local = np.flatnonzero(home == place.market_id)
        hospital[rows] = rng.choice(local, len(rows), p=weights[local] / weights[local].sum())
    rows = np.flatnonzero(out_of_market)
    hospital[rows] = rng.choice(len(weights), len(rows), p=weights / weights.sum())
    return hospital


def _diagnosis_of(
    settings: Settings,
    people: People,
    person: np.ndarray,
    contract: np.ndarray,
    day: np.ndarray,
    hospital: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    table = ed_diagnoses()
    age = (day - people.birth[person]) / 365.2425
    population = np.select(
        [age < 18, contract == 1, contract == 3], ["child", "medicaid", "commercial"], "medicare"
    )
    tilt = np.array([item.avoidable_tilt for item in settings.hospitals])[hospital]
    diagnosis = np.zeros(len(person), np.int16)
    for name, share in table.share.items():
        for lean in np.unique(tilt):
            rows = np.flatnonzero((population == name) & (tilt == lean))
            weights = share * np.exp(lean * table.avoidable)
            diagnosis[rows] = rng.choice(len(weights), len(rows), p=weights / weights.sum())
    # Pregnancy and bleeding belong to women of childbearing age; hips break in old age.
    code = np.array(table.code, object)[diagnosis]
    female = people.female[person] & (age >= 15) & (age < 48)
    swap = np.isin(code, ["O200", "O2340", "N939"]) & ~female
    diagnosis[swap] = table.code.index("R109")
    diagnosis[(code == "S72001A") & (age < 55)] = table.code.index("S93401A")
    # Those who come often come for the same reason.
    usual = np.array(
        [table.code.index(item) for item in ("F10129", "R109", "R079", "M5450", "F419", "J441", "D5700")]
    )
    usual = usual[(people.number[person] * 7919) % len(usual)]
    repeat = people.frequent[person] & (rng.random(len(person)) < 0.45) & (age >= 18)
    return np.where(repeat, usual, diagnosis)


def draw_stays(
    settings: Settings,
    people: People,
    coverage: Coverage,
    months: Months,
    visits: EdVisits,
    rng: np.random.Generator,
) -> Stays:
    """Every hospital stay: from the ED, direct, births, transfers, and the readmissions that follow."""
    table = ed_diagnoses()
    admitted = np.flatnonzero(visits.disposition == ADMITTED)
    from_ed = _stays(
        visits.person[admitted],
        visits.day[admitted],
        visits.hour[admitted],
        visits.hospital[admitted],
        np.array(table.code, object)[visits.diagnosis[admitted]],
        np.array(table.drg, object)[visits.diagnosis[admitted]],
        via_ed=True,
        planned=False,
        level=visits.level[admitted],
    )
    pieces = [from_ed, *_direct(settings, people, coverage, months, rng)]
    stays = _join_stays(pieces)
    _set_discharge(people, stays, rng)
    stays = _without_overlap(stays)

    back = np.flatnonzero(
        (rng.random(len(stays.person)) < np.where(people.contract[stays.person] % 2 == 0, 0.135, 0.085))
        & ~np.isin(stays.drg, ["807", "788"])
    )
    gap = 1 + np.minimum(rng.exponential(10.0, len(back)), 28).astype(np.int64)
    day = stays.discharge[back] + gap
    month = months.of(day)
    alive = (day <= people.death[stays.person[back]]) & (day <= months.last[-1])
    covered = np.zeros(len(back), bool)
    covered[alive] = coverage.contract[stays.person[back][alive], month[alive]] >= 0
    back, day = back[covered], day[covered]
    same = rng.random(len(back)) < 0.45
    # A readmission comes back for the same reason, or for one of the usual medical ones.
    medical = np.array(["A419", "I5033", "J189", "N179", "J441", "E871", "N390", "K921"], object)
    other = rng.choice(medical, len(back))
    code = np.where(same & ~stays.planned[back], stays.diagnosis[back], other)
    drg_of = dict(zip(table.code, table.drg, strict=True))
    drg = np.array([drg_of.get(item, "948") for item in code], object)
    again = _stays(
        stays.person[back],
        day,
        rng.integers(0, 24, len(back)).astype(np.int16),
        stays.hospital[back],
        code,
        drg,
        via_ed=rng.random(len(back)) < 0.88,
        planned=False,
        level=np.full(len(back), 5, np.int8),
    )
    _set_discharge(people, again, rng)
    stays = _without_overlap(_join_stays([stays, again]))
    return _with_transfers(settings, people, stays, rng)


def _direct(
    settings: Settings, people: People, coverage: Coverage, months: Months, rng: np.random.Generator
) -> list[Stays]:
    covered = coverage.contract >= 0
    age = people.age_on(months.first[-1])
    pieces = []
    sick = (0.3 + 0.7 * people.risk) * (age >= 18)
    line = np.array([0, 1, 0, 2])
    for code, drg, _, *rates, planned in DIRECT:
        by_contract = np.array(rates[:3])[line]
        rate = np.where(covered, by_contract[np.maximum(coverage.contract, 0)], 0) * sick[:, None] / 12_000
        pieces.append((code, drg, planned, events(rate, rng)))
    mothers = people.female & (age >= 18) & (age < 43)
    for code, drg, _, yearly in BIRTHS:
        pieces.append((code, drg, False, events(covered * mothers[:, None] * yearly / 12_000, rng)))
    result = []
    for code, drg, planned, (person, month) in pieces:
        count = len(person)
        result.append(
            _stays(
                person,
                to_weekday(draw_days(people, months, person, month, rng)),
                rng.integers(6, 18, count).astype(np.int16),
                _hospital_of(settings, people, person, rng),
                np.full(count, code, object),
                np.full(count, drg, object),
                via_ed=False,
                planned=planned,
                level=np.zeros(count, np.int8),
            )
        )
    return result


def _stays(
    person: np.ndarray,
    admit: np.ndarray,
    hour: np.ndarray,
    hospital: np.ndarray,
    diagnosis: np.ndarray,
    drg: np.ndarray,
    *,
    via_ed: bool | np.ndarray,
    planned: bool,
    level: np.ndarray,
) -> Stays:
    count = len(person)
    return Stays(
        person, admit, admit.copy(), hour, hospital, diagnosis, drg,
        np.full(count, via_ed) if isinstance(via_ed, bool) else via_ed,
        np.full(count, planned), np.zeros(count, bool), np.zeros(count, bool), level,
    )  # fmt: skip


def _join_stays(pieces: list[Stays]) -> Stays:
    names = Stays.__dataclass_fields__
    return Stays(*(np.concatenate([getattr(piece, name) for piece in pieces]) for name in names))


def _set_discharge(people: People, stays: Stays, rng: np.random.Generator) -> None:
    mean = np.array([DRG.get(drg, (0.9, 3.5))[1] for drg in stays.drg])
    days = np.maximum(np.round(rng.gamma(1.7, mean / 1.7)), 1).astype(np.int64)
    stays.admit = np.minimum(stays.admit, people.death[stays.person])
    stays.discharge = np.minimum(stays.admit + days, people.death[stays.person])


def _without_overlap(stays: Stays) -> Stays:
    """One person is in one bed: of overlapping stays the earlier is kept."""
    for _ in range(4):
        stays = stays.take(np.lexsort((stays.admit, stays.person)))
        same = stays.person[1:] == stays.person[:-1]
        bad = np.concatenate([[False], same & (stays.admit[1:] <= stays.discharge[:-1])])
        if not bad.any():
            break
        stays = stays.take(np.flatnonzero(~bad))
    return stays


def _with_transfers(settings: Settings, people: People, stays: Stays, rng: np.random.Generator) -> Stays:
    days = stays.discharge - stays.admit
    moved = np.flatnonzero(
        (rng.random(len(days)) < 0.025)
        & (days >= 3)
        & stays.via_ed
        & (stays.discharge < people.death[stays.person])
    )
    second = stays.take(moved)
    second.admit = stays.admit[moved] + 1
    first_of_market = {item.market: number for number, item in reversed(list(enumerate(settings.hospitals)))}
    big = np.array([first_of_market[item.market] for item in settings.hospitals])
    target = big[second.hospital]
    second.hospital = np.where(target == second.hospital, (second.hospital + 1) % len(big), target)
    second.via_ed = np.zeros(len(moved), bool)
    second.arrived_by_transfer = np.ones(len(moved), bool)
    stays.discharge[moved] = stays.admit[moved] + 1
    stays.transferred[moved] = True
    return _join_stays([stays, second])


def outside_stays(visits: EdVisits, stays: Stays) -> np.ndarray:
    """Rows of visits that are not swallowed by a hospital stay (an inpatient cannot walk into an ED)."""
    key = stays.person.astype(np.int64) * _DAY_KEY + stays.admit
    order = np.argsort(key)
    if not len(order):
        return np.arange(len(visits.person))
    at = np.searchsorted(key[order], visits.person.astype(np.int64) * _DAY_KEY + visits.day, side="right") - 1
    stay = order[np.maximum(at, 0)]
    inside = (at >= 0) & (stays.person[stay] == visits.person) & (visits.day <= stays.discharge[stay])
    return np.flatnonzero(~inside)


def events(rate: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Poisson events of a people x months matrix of expected counts: the person and month of each."""
    counts = rng.poisson(rate)
    person, month = np.nonzero(counts)
    times = counts[person, month]
    return np.repeat(person, times), np.repeat(month, times)


def draw_days(
    people: People, months: Months, person: np.ndarray, month: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """A day of the month on which the person was alive."""
    low = np.maximum(months.first[month], people.birth[person])
    high = np.maximum(np.minimum(months.last[month], people.death[person]), low)
    return low + (rng.random(len(person)) * (high - low + 1)).astype(np.int64)


def weekday(day: np.ndarray) -> np.ndarray:
    """0 = Monday."""
    return (day + 3) % 7


def to_weekday(day: np.ndarray) -> np.ndarray:
    """Saturday and Sunday become the Friday before, for what offices do on working days."""
    late = weekday(day)
    return day - np.where(late == 5, 1, 0) - np.where(late == 6, 2, 0)


def own_conditions(
    people: People, person: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """For each event up to four of the person's conditions in random order, and how many they have (0..4)."""
    score = rng.random((len(person), len(CONDITION_CODES)), dtype=np.float32) * people.conditions[person]
    top = np.argpartition(-score, 4, axis=1)[:, :4]
    ranked = np.take_along_axis(score, top, axis=1)
    order = np.argsort(-ranked, axis=1)
    top = np.take_along_axis(top, order, axis=1)
    known = np.minimum(people.conditions.sum(axis=1)[person], 4)
    return top, known
