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
from data.demo.people import CONDITION_CODES, NEVER, NOT_MOVED, YEAR, Months, People
from data.demo.sampling import Frame, even_bernoulli, even_choice
from data.demo.settings import COMMERCIAL, DUAL, MEDICAID, Settings

TREATED, OBSERVATION, ADMITTED = 0, 1, 2
_DAY_KEY = 100_000


@dataclass(frozen=True)
class Admission:
    """A kind of admission that does not come through the ED.

    `yearly`: per 1,000 for Medicare, Medicaid and the commercial plan. With `condition` it happens to those
    who have it; to nobody younger than `from_age`.
    """

    code: str
    drg: str
    yearly: tuple[float, float, float]
    planned: bool
    condition: str | None = None
    from_age: int = 18


DIRECT: tuple[Admission, ...] = (
    Admission("M1711", "470", (9.0, 1.0, 3.0), True, "M1990", 45),
    Admission("M1611", "470", (5.0, 0.6, 1.6), True, "M1990", 45),
    Admission("I2510", "321", (5.0, 0.8, 1.2), True, "I2510", 35),
    Admission("I350", "267", (3.0, 0.2, 0.3), True, None, 60),
    Admission("C3490", "164", (2.2, 0.7, 0.7), True, "C3490"),
    Admission("C189", "330", (2.2, 0.7, 0.9), True, None, 40),
    Admission("Z5111", "847", (2.0, 0.9, 0.9), True, "C3490"),
    Admission("I5033", "291", (7.0, 1.0, 0.6), False, "I5022"),
    Admission("J189", "194", (4.0, 1.2, 0.7), False),
    Admission("N179", "683", (3.5, 0.8, 0.5), False, "N1830"),
    Admission("F209", "885", (2.0, 4.5, 0.6), False, "F209"),
    Admission("F329", "885", (1.2, 3.0, 1.4), False, "F339"),
    Admission("I639", "057", (5.0, 0.5, 0.4), True, None, 50),
    Admission("S72001A", "560", (3.5, 0.2, 0.2), True, None, 60),
)
VAGINAL, CAESAREAN = ("O80", "807"), ("O82", "788")
# Readmission against the average stay (after the CMS condition-specific rates; the level is fitted).
_COMES_BACK = {
    "291": 1.5, "190": 1.35, "871": 1.15, "885": 1.25, "683": 1.2, "470": 0.3, "321": 0.7, "267": 0.7,
    "164": 0.6, "330": 0.8, "807": 0.0, "788": 0.0, "057": 0.7, "560": 0.7,
}  # fmt: skip
# Diagnoses only people with a condition are given; the others trade theirs for another reason.
_OF_CONDITION = {
    "I5033": "I5022", "I5023": "I5022", "J441": "J449", "J45901": "J45909", "J45909": "J45909",
    "E1165": "E119", "E11649": "E119", "I4891": "I4891", "I10": "I10", "I160": "I10", "F209": "F209",
    "F10229": "F1020", "F1020": "F1020", "F11129": "F1120", "D5700": "D571",
}  # fmt: skip

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
    settings: Settings,
    people: People,
    coverage: Coverage,
    frame: Frame,
    months: Months,
    rng: np.random.Generator,
) -> EdVisits:
    """Every arrival at an ED, with what becomes of it."""
    ed = settings.ed
    rate = _ed_rate(settings, people, frame, months, rng)
    person, month = frame.draw(rate, rng, ed.month_to_month)
    day = draw_days(people, months, person, month, rng)
    other = draw_days(people, months, person, month, rng)
    weight = np.array(ed.weekday)
    prefer = weight[weekday(day)] / (weight[weekday(day)] + weight[weekday(other)])
    day = np.where(rng.random(len(day)) < prefer, day, other)

    hospital = _hospital_of(settings, people, person, month, rng)
    hospital = _without_clinic(settings, people, person, month, hospital, len(months), rng)
    hours = np.array(ed.hour)
    hour = even_choice(hours, len(person), rng).astype(np.int16)
    contract = coverage.contract[person, month]
    diagnosis = _diagnosis_of(settings, people, person, contract, day, hospital, rng)
    table = ed_diagnoses()
    age = people.age_on(months.first[0])[person]
    admit = (
        table.admit[diagnosis]
        * (0.75 + 0.4 * np.clip((age - 40) / 40, 0, 1))
        * (0.35 + 0.5 * people.risk[person])
        * np.sqrt(people.use[person] + 0.1)
        * np.where(people.frequent[person], 0.35, 1.0)
    )
    wanted = np.array([item.ed_admitted / item.ed_visits for item in settings.contracts])
    admit = _to_mean(admit, wanted * settings.fit("admitted"), contract)
    admitted = even_bernoulli(admit, contract, rng)
    observed = ~admitted & (rng.random(len(person)) < table.observe[diagnosis] * 0.95)
    level = np.clip(table.level[diagnosis] + rng.choice([-1, 0, 0, 0, 1], len(person)), 1, 5)
    level = np.where(admitted, np.maximum(level, 4), level)
    visits = EdVisits(
        person,
        day,
        hour,
        hospital,
        diagnosis,
        level.astype(np.int8),
        np.select([admitted, observed], [ADMITTED, OBSERVATION], TREATED).astype(np.int8),
    )
    return _with_many_visits(settings, people, months, visits)


def _to_mean(chance: np.ndarray, wanted: np.ndarray, contract: np.ndarray) -> np.ndarray:
    """Chances scaled so that those of each contract average what is wanted, none above 0.97."""
    result = chance.astype(float)
    cells = np.maximum(np.bincount(contract, minlength=len(wanted)), 1)
    for _ in range(4):
        mean = np.bincount(contract, result, len(wanted)) / cells
        result = np.minimum(result * (wanted / np.where(mean > 0, mean, 1))[contract], 0.97)
    return result


def _ed_rate(
    settings: Settings, people: People, frame: Frame, months: Months, rng: np.random.Generator
) -> np.ndarray:
    """Expected visits in each person-month: the contract's rate, shared out by each person's propensity."""
    ed, contracts = settings.ed, len(settings.contracts)
    practice = np.array([item.ed_factor for item in settings.practices])[people.practice]
    market = np.array([item.ed_factor for item in settings.markets])[people.market]
    yearly = np.array([item.ed_visits for item in settings.contracts]) * settings.fit("ed") / 1000
    visits = ed.frequent_visits * rng.gamma(2.2, 1 / 2.2, len(people))
    # A few come every other day.
    daily = even_bernoulli(np.where(people.frequent, 0.1, 0.0), np.zeros(len(people), np.int8), rng)
    visits = np.where(daily, rng.uniform(120, 175, len(people)), visits)
    ordinary = (np.where(people.frequent, 0.0, people.propensity) * practice * market)[frame.person]
    # Frequent users are fewer where people are better off.
    often = np.where(people.frequent, visits, 0.0)[frame.person] / 12
    often = often * np.minimum(1.0, yearly / 0.6)[frame.contract]
    cells = np.bincount(frame.contract, minlength=contracts)
    wanted = yearly / 12 * cells
    by_frequent = np.bincount(frame.contract, often, contracts)
    held = np.minimum(1.0, 0.25 * wanted / np.maximum(by_frequent, 1e-9))
    left = wanted - by_frequent * held
    rest = left / np.maximum(np.bincount(frame.contract, ordinary, contracts), 1e-9)
    rate = ordinary * rest[frame.contract] + often * held[frame.contract]
    rate = rate * np.array(ed.season)[months.calendar[frame.month]]
    truth = settings.truths.clinic_closed
    without = (people.practice[frame.person] == settings.practice(truth.practice)) & (
        frame.month >= len(months) - 1 - truth.ago
    )
    return rate * np.where(without, truth.factor, 1.0)


def _without_clinic(
    settings: Settings,
    people: People,
    person: np.ndarray,
    month: np.ndarray,
    hospital: np.ndarray,
    length: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Members of the closed practice mostly use the ED next to where it was."""
    truth = settings.truths.clinic_closed
    without = (people.practice[person] == settings.practice(truth.practice)) & (
        month >= length - 1 - truth.ago
    )
    near = without & (rng.random(len(person)) < truth.to_facility)
    return np.where(near, settings.hospital(truth.facility), hospital)


def member_of_many_visits(settings: Settings, people: People, coverage: Coverage, months: Months) -> int:
    """Position of the one member planted with many visits in a month, a Harbor adult of chunk 0; or -1."""
    if len(people) == 0 or people.number[0] != 1:
        return -1
    month = len(months) - 1 - settings.truths.many_visits.ago
    there = (coverage.contract[:, month - 1] >= 0) & (coverage.contract[:, month] >= 0)
    there &= coverage.contract[:, min(month + 1, len(months) - 1)] >= 0
    there &= (people.age_on(months.first[0]) > 24) & (people.death == NEVER) & ~people.control
    there &= people.moved == NOT_MOVED
    # Not where something else is planted, which this would blur.
    plain = np.array([0.9 < item.ed_factor < 1.1 for item in settings.practices])
    plain[settings.practice(settings.truths.clinic_closed.practice)] = False
    there &= plain[people.practice]
    poor = coverage.contract[:, month] == MEDICAID
    for kind in (there & poor & (people.market == 0), there & (people.market == 0), there):
        found = np.flatnonzero(kind)
        if len(found):
            return int(found[0])
    return -1


def _with_many_visits(settings: Settings, people: People, months: Months, visits: EdVisits) -> EdVisits:
    """The planted member's month: a visit on most days, at two hospitals in turn, always sent home."""
    who = people.many_visits
    if who < 0:
        return visits
    truth = settings.truths.many_visits
    month = len(months) - 1 - truth.ago
    first, last = months.first[month], months.last[month]
    # Days 1, 2, 4, 5, 7, 8 ...: never the same hospital on two days running, which would be one visit.
    turn = np.arange(truth.visits)
    day = first + turn // 2 * 3 + turn % 2
    near = int(people.hospital[who])
    other = next(
        number
        for number, item in enumerate(settings.hospitals)
        if number != near and item.market == settings.hospitals[near].market
    )
    table = ed_diagnoses()
    reasons = np.array([table.code.index(code) for code in ("R109", "F419", "R079", "M5450", "R519")])
    of_the_month = (visits.person == who) & (visits.day >= first - 2) & (visits.day <= last + 2)
    kept = visits.take(np.flatnonzero(~of_the_month))
    added = EdVisits(
        np.full(len(turn), who),
        day,
        np.full(len(turn), 15, np.int16) + (turn % 5).astype(np.int16),
        np.where(turn % 2 == 0, near, other).astype(np.int64),
        reasons[turn % len(reasons)],
        np.full(len(turn), 3, np.int8),
        np.full(len(turn), TREATED, np.int8),
    )
    names = EdVisits.__dataclass_fields__
    return EdVisits(*(np.concatenate([getattr(kept, name), getattr(added, name)]) for name in names))


def last_mature_month(settings: Settings) -> int:
    """Position of the last month of history that is at least 90% paid, by the usual payment lag."""
    paid = np.cumsum(settings.payment_lag)
    return settings.history_months - 1 - int(np.argmax(paid >= 0.9))


def _hospital_of(
    settings: Settings, people: People, person: np.ndarray, month: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    lives_there = month >= people.moved[person]
    settled = people.moved[person] == NOT_MOVED
    hospital = np.where(lives_there | settled, people.hospital[person], people.hospital_before[person])
    elsewhere = rng.random(len(person)) > settings.ed.patient_favours_one_hospital
    out_of_market = rng.random(len(person)) < 0.03
    weights = np.array([item.weight for item in settings.hospitals])
    home = np.array([item.market for item in settings.hospitals])
    for number, place in enumerate(settings.markets):
        rows = np.flatnonzero(elsewhere & (people.market[person] == number) & ~out_of_market)
        local = np.flatnonzero(home == place.market_id)
        hospital[rows] = local[even_choice(weights[local], len(rows), rng)]
    rows = np.flatnonzero(out_of_market)
    hospital[rows] = even_choice(weights, len(rows), rng)
    return hospital.astype(np.int64)


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
    age = (day - people.birth[person]) / YEAR
    poor = (contract == MEDICAID) | ((contract == DUAL) & (age < 65))
    population = np.select(
        [age < 18, poor, contract == COMMERCIAL], ["child", "medicaid", "commercial"], "medicare"
    )
    tilt = np.array([item.avoidable_tilt for item in settings.hospitals])[hospital]
    diagnosis = np.zeros(len(person), np.int64)
    for name, share in table.share.items():
        here = population == name
        for lean in np.unique(tilt):
            rows = np.flatnonzero(here & (tilt == lean))
            diagnosis[rows] = even_choice(share * np.exp(lean * table.avoidable), len(rows), rng)
        # Complications belong to those who have the illness, more often when it is out of control.
        rows = np.flatnonzero(here)
        for code, ill in _OF_CONDITION.items():
            weight = people.has(ill)[person[rows]].astype(float)
            if ill == "E119":
                weight *= np.where(people.uncontrolled[person[rows]], 4.0, 1.0)
            _exchange(diagnosis, rows, table.code.index(code), weight, table.code.index("R531"), rng)
        # Pregnancy and bleeding belong to women of childbearing age; hips break in old age.
        fertile = (people.female[person[rows]] & (age[rows] >= 15) & (age[rows] < 48)).astype(float)
        for code in ("O200", "O2340", "N939"):
            _exchange(diagnosis, rows, table.code.index(code), fertile, table.code.index("R109"), rng)
        old = (age[rows] >= 58).astype(float)
        _exchange(diagnosis, rows, table.code.index("S72001A"), old, table.code.index("S93401A"), rng)
        grown = (age[rows] >= 13).astype(float)
        for code in ("F10129", "F15129", "F1920", "T401X1A", "F3181", "F4310"):
            _exchange(diagnosis, rows, table.code.index(code), grown, table.code.index("R1110"), rng)
    # Those who come often come for the same reason.
    usual = np.array([table.code.index(item) for item in ("R109", "R079", "M5450", "R1084", "R519", "R0602")])
    usual = usual[(people.number * 7919) % len(usual)]
    made = np.bincount(person, minlength=len(people))
    for ill, code in (("J449", "J441"), ("D571", "D5700"), ("F1020", "F10129")):
        usual = np.where(people.has(ill) & (made < 40), table.code.index(code), usual)
    repeat = people.frequent[person] & (rng.random(len(person)) < 0.3) & (age >= 18)
    return np.where(repeat, usual[person], diagnosis)


def _exchange(
    diagnosis: np.ndarray,
    rows: np.ndarray,
    code: int,
    weight: np.ndarray,
    otherwise: int,
    rng: np.random.Generator,
) -> None:
    """Give a diagnosis to as many of `rows` as drew it, by `weight`; they trade with those who drew it.

    Where too few qualify, the others are given `otherwise`.
    """
    drew = np.flatnonzero(diagnosis[rows] == code)
    if not len(drew):
        return
    # The largest of these keys are a sample without replacement by weight (Efraimidis and Spirakis 2006).
    with np.errstate(divide="ignore"):
        key = np.where(weight > 0, np.log(rng.random(len(rows))) / np.where(weight > 0, weight, 1), -np.inf)
    able = int((weight > 0).sum())
    chosen = np.argsort(-key, kind="stable")[: min(len(drew), able)]
    losers = np.setdiff1d(drew, chosen)
    winners = np.setdiff1d(chosen, drew)
    traded = diagnosis[rows[winners]].copy()
    diagnosis[rows[winners]] = code
    swapped = np.full(len(losers), otherwise)
    swapped[: len(traded)] = traded
    diagnosis[rows[losers]] = swapped


def draw_stays(
    settings: Settings,
    people: People,
    coverage: Coverage,
    frame: Frame,
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
    births = _births(settings, people, coverage, months, rng)
    pieces = [from_ed, births, *_direct(settings, people, frame, months, rng)]
    stays = _join_stays(pieces)
    _set_discharge(people, stays, rng)
    stays = _without_overlap(stays)
    again = stays
    for _ in range(2):
        again = _readmissions(settings, people, coverage, months, again, rng)
        stays = _join_stays([stays, again])
    stays = _with_transfers(settings, people, _without_overlap(stays), rng)
    who = people.many_visits
    if who >= 0:
        month = len(months) - 1 - settings.truths.many_visits.ago
        during = (stays.admit <= months.last[month] + 2) & (stays.discharge >= months.first[month] - 2)
        stays = stays.take(np.flatnonzero(~((stays.person == who) & during)))
    return stays


def _readmissions(
    settings: Settings,
    people: People,
    coverage: Coverage,
    months: Months,
    stays: Stays,
    rng: np.random.Generator,
) -> Stays:
    """The stays that follow within 30 days of these."""
    table = ed_diagnoses()
    month = np.clip(months.of(stays.admit), 0, len(months) - 1)
    contract = np.maximum(coverage.contract[stays.person, month], 0)
    chance = np.array([_COMES_BACK.get(drg, 1.0) for drg in stays.drg]) * (
        0.7 + 0.2 * np.minimum(people.risk[stays.person], 4)
    )
    chance = chance * np.where(people.uncontrolled[stays.person], 1.25, 1.0)
    wanted = np.array([item.readmission for item in settings.contracts]) * settings.fit("readmission")
    # Some come back by chance already; only the others are drawn.
    followed = _followed(stays)
    cells = np.maximum(np.bincount(contract, minlength=len(wanted)), 1)
    by_chance = np.bincount(contract, followed, len(wanted)) / cells
    left = np.maximum(wanted - by_chance, 0.1 * wanted)
    chance = np.where(followed, 0.0, chance)
    chance = _to_mean(chance, left, contract) if len(chance) else chance
    back = np.flatnonzero(even_bernoulli(chance, contract, rng))
    gap = 1 + np.minimum(rng.exponential(10.0, len(back)), 28).astype(np.int64)
    day = stays.discharge[back] + gap
    month = months.of(day)
    alive = (day <= people.death[stays.person[back]]) & (day <= months.last[-1])
    covered = np.zeros(len(back), bool)
    covered[alive] = coverage.contract[stays.person[back][alive], month[alive]] >= 0
    back, day = back[covered], day[covered]
    same = rng.random(len(back)) < 0.45
    # A readmission comes back for the same reason, or for one of the usual medical ones.
    medical = np.array(["A419", "J189", "N179", "E871", "N390", "K921"], object)
    other = rng.choice(medical, len(back))
    other = np.where(people.has("I5022")[stays.person[back]] & (rng.random(len(back)) < 0.5), "I5033", other)
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
    return again


def _followed(stays: Stays) -> np.ndarray:
    """Stays that another of the same person follows within 30 days."""
    order = np.lexsort((stays.admit, stays.person))
    person, admit, discharge = stays.person[order], stays.admit[order], stays.discharge[order]
    soon = np.zeros(len(order), bool)
    soon[:-1] = (person[1:] == person[:-1]) & (admit[1:] <= discharge[:-1] + 30)
    result = np.zeros(len(order), bool)
    result[order] = soon
    return result


def _births(
    settings: Settings, people: People, coverage: Coverage, months: Months, rng: np.random.Generator
) -> Stays:
    """The mothers' stays for children born within history, where the mother was covered."""
    child = np.flatnonzero(people.mother >= 0)
    mother, day = people.mother[child], people.birth[child]
    month = months.of(day)
    inside = (month >= 0) & (month < len(months)) & (day < people.death[mother])
    inside[inside] = coverage.contract[mother[inside], month[inside]] >= 0
    mother, day, month = mother[inside], day[inside], month[inside]
    caesarean = even_bernoulli(np.full(len(mother), 0.32), np.zeros(len(mother), np.int8), rng)
    return _stays(
        mother,
        day,
        rng.integers(0, 24, len(mother)).astype(np.int16),
        _hospital_of(settings, people, mother, month, rng),
        np.where(caesarean, CAESAREAN[0], VAGINAL[0]).astype(object),
        np.where(caesarean, CAESAREAN[1], VAGINAL[1]).astype(object),
        via_ed=False,
        planned=False,
        level=np.zeros(len(mother), np.int8),
    )


def _direct(
    settings: Settings, people: People, frame: Frame, months: Months, rng: np.random.Generator
) -> list[Stays]:
    line = np.array([{"medicare": 0, "medicaid": 1, "commercial": 2}.get(item.line_of_business, 0)
                     for item in settings.contracts])  # fmt: skip
    age = people.age_on(int(months.first[len(months) // 2]))
    sick = (0.2 + 0.8 * people.risk) * np.sqrt(people.use + 0.1)
    result = []
    for kind in DIRECT:
        yearly = np.array(kind.yearly)[line] * settings.fit("direct")
        likely = sick * (age >= kind.from_age)
        if kind.condition:
            likely = likely * people.has(kind.condition)
        rate = frame.level(likely[frame.person], len(line)) * (yearly / 12_000)[frame.contract]
        person, month = frame.draw(rate, rng, noise=0.8)
        count = len(person)
        result.append(
            _stays(
                person,
                to_weekday(draw_days(people, months, person, month, rng)),
                rng.integers(6, 18, count).astype(np.int16),
                _hospital_of(settings, people, person, month, rng),
                np.full(count, kind.code, object),
                np.full(count, kind.drg, object),
                via_ed=False,
                planned=kind.planned,
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
