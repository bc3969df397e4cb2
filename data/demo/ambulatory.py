"""Care outside the hospital: office visits, prevention, laboratories, imaging, therapy, and follow-up
after the ED.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.demo.claims import (
    LABORATORY,
    OTHER,
    PREVENTIVE,
    PRIMARY_CARE,
    Batch,
    bill,
    chronic_numbers,
    with_chronic,
)
from data.demo.codes import NULL, Vocabulary
from data.demo.encounters import (
    TREATED,
    EdVisits,
    draw_days,
    last_mature_month,
    own_conditions,
    to_weekday,
)
from data.demo.enrolment import Coverage
from data.demo.network import Network, specialist_of, specialty
from data.demo.people import NOT_MOVED, Months, People
from data.demo.sampling import Frame, even_bernoulli, even_choice, even_lognormals
from data.demo.settings import COMMERCIAL, CONTRACT_KEYS, MEDICAID, Settings


@dataclass(frozen=True)
class Service:
    """A kind of claim. `yearly`: claims per member-year of aco, medicaid, advantage, commercial and dual.

    `child`: a child's use against an adult's. `base`: the main line, chosen by weight (HCPCS, weight, price
    in Medicare). `extra`: further lines, each with its chance. `sick`: how far use follows a person's risk (0
    not at all, 1 in proportion). With `condition` only those who have it are served, at the yearly rate.
    """

    name: str
    yearly: tuple[float, float, float, float, float]
    child: float
    sick: float
    place: str | None
    who: str
    base: tuple[tuple[str, float, float], ...]
    extra: tuple[tuple[str, float, float], ...] = ()
    revenue: str | None = None
    bill_type: str | None = None
    extra_revenue: tuple[str, ...] = ()
    reason: str = "condition"
    purpose: int = OTHER
    condition: str | None = None
    units: int = 1


SERVICES: tuple[Service, ...] = (
    Service("primary care", (3.4, 2.0, 3.3, 1.6, 4.2), 1.1, 0.45, "11", "pcp",
            (("99213", 0.45, 91), ("99214", 0.45, 129), ("99212", 0.06, 57), ("99215", 0.04, 182)),
            (("36415", 0.15, 9), ("93000", 0.05, 15), ("90471", 0.04, 21),
             ("81002", 0.06, 4)), purpose=PRIMARY_CARE),
    Service("preventive", (0.66, 0.46, 0.80, 0.55, 0.55), 1.5, 0.0, "11", "pcp",
            (("G0439", 0.5, 133), ("99396", 0.3, 125), ("99397", 0.2, 134)),
            (("90471", 0.35, 21), ("90686", 0.3, 20), ("36415", 0.2, 9)), reason="Z0000", purpose=PREVENTIVE),
    Service("specialist", (4.4, 1.1, 3.9, 1.35, 4.4), 0.4, 0.7, "11", "specialist",
            (("99213", 0.33, 91), ("99214", 0.42, 129), ("99204", 0.15, 168), ("99203", 0.1, 112)),
            (("20610", 0.09, 62), ("93000", 0.10, 15), ("11102", 0.07, 98), ("96372", 0.05, 15))),
    Service("telehealth", (0.55, 0.6, 0.5, 0.5, 0.8), 0.6, 0.4, "10", "pcp",
            (("99213", 0.6, 91), ("99212", 0.3, 57), ("99442", 0.1, 70)), purpose=OTHER),
    Service("home visit", (0.22, 0.02, 0.25, 0.0, 0.6), 0.0, 1.0, "12", "pcp", (("99348", 0.6, 80),
        ("99349", 0.4, 130))),
    Service("behavioral health", (0.5, 1.1, 0.45, 0.7, 1.6), 0.6, 0.3, "11", "therapist",
            (("90834", 0.5, 104), ("90837", 0.35, 153), ("90791", 0.15, 172)), reason="F419"),
    Service("urgent care", (0.20, 0.36, 0.22, 0.32, 0.2), 1.6, 0.1, "20", "urgent",
            (("99213", 0.6, 91), ("99203", 0.4, 112)), (("87880", 0.2, 16),
             ("87635", 0.15, 51)), reason="J069"),
    Service("laboratory", (3.2, 0.9, 2.9, 1.1, 3.6), 0.25, 0.7, "81", "laboratory",
            (("80053", 0.5, 11), ("85025", 0.3, 8), ("84443", 0.2, 17)),
            (("80061", 0.40, 13), ("85025", 0.3, 8), ("82043", 0.12, 6), ("84443", 0.12, 17)),
            purpose=LABORATORY),
    Service("imaging", (1.7, 0.5, 1.55, 0.5, 1.8), 0.35, 0.7, "11", "imaging",
            (("71046", 0.42, 30), ("73560", 0.28, 32), ("76700", 0.17, 118), ("70553", 0.13, 340)),
            (("73030", 0.15, 30),)),
    Service("hospital outpatient", (1.7, 0.40, 1.5, 0.40, 2.2), 0.3, 1.0, None, "hospital",
            (("G0463", 0.45, 122), ("45378", 0.10, 760), ("74177", 0.2, 365), ("93306", 0.15, 520),
             ("96365", 0.10, 190)),
            (("36415", 0.4, 9), ("80053", 0.45, 11), ("85025", 0.4, 8), ("J1100", 0.2, 45),
             ("96372", 0.15, 61)),
            revenue="0510", bill_type="131", extra_revenue=("0300", "0301", "0305", "0636", "0260")),
    Service("outpatient surgery", (0.33, 0.10, 0.30, 0.16, 0.3), 0.4, 0.7, None, "hospital",
            (("66984", 0.4, 2150), ("29881", 0.25, 2900), ("45385", 0.35, 1150)),
            (("J2704", 0.8, 22), ("88305", 0.4, 75), ("80053", 0.3, 11)),
            revenue="0360", bill_type="131", extra_revenue=("0250", "0310", "0300")),
    Service("surgeon", (0.50, 0.15, 0.45, 0.22, 0.45), 0.4, 0.7, "22", "specialist",
            (("66984", 0.4, 550), ("29881", 0.25, 620), ("45385", 0.35, 260)), (("00142", 0.6, 140),)),
    Service("chemotherapy", (9.0, 9.0, 9.0, 9.0, 7.5), 0.0, 0.0, None, "hospital",
            (("96413", 1.0, 340),), (("J9271", 0.55, 7400), ("96415", 0.6, 75), ("36415", 0.5, 9)),
            revenue="0335", bill_type="131", extra_revenue=("0636", "0335", "0300"), reason="Z5111",
            condition="C3490"),
    Service("dialysis", (11.3, 11.0, 11.3, 11.0, 11.3), 0.0, 0.0, None, "hospital",
            (("90999", 1.0, 3150),), (("J0885", 0.8, 210), ("80069", 0.6, 12)),
            revenue="0821", bill_type="721", extra_revenue=("0634", "0301"), reason="N186",
            condition="N186", units=13),
    Service("infusion", (0.24, 0.03, 0.21, 0.03, 0.25), 0.1, 1.3, None, "hospital",
            (("96365", 1.0, 190),), (("J0897", 0.5, 1250), ("36415", 0.5, 9)),
            revenue="0335", bill_type="131", extra_revenue=("0636", "0300")),
    Service("drugs in the office", (0.45, 0.04, 0.40, 0.05, 0.42), 0.0, 0.9, "11", "specialist",
            (("67028", 0.6, 105), ("96372", 0.4, 15)), (("J0178", 0.55, 1850), ("J0129", 0.25, 2300),
             ("J1885", 0.2, 8))),
    Service("therapy", (1.7, 0.35, 1.5, 0.75, 1.6), 0.4, 0.6, "11", "specialist",
            (("97110", 0.8, 29), ("97161", 0.2, 98)), (("97140", 0.6, 27), ("97530", 0.4, 36))),
    Service("equipment", (1.1, 0.2, 0.9, 0.1, 1.9), 0.2, 1.2, "12", "supplier",
            (("E0601", 0.4, 82), ("E0143", 0.2, 70), ("E1390", 0.4, 118)), (("A7038", 0.3, 9),)),
    Service("diabetes supplies", (1.9, 1.2, 1.9, 1.2, 2.2), 1.0, 0.0, "12", "supplier",
            (("A4239", 0.4, 235), ("A4253", 0.6, 34)), condition="E119"),
)  # fmt: skip
CHILD_PREVENTIVE = (("99392", 0.35, 120), ("99393", 0.35, 119), ("99394", 0.3, 128))
MINOR = ("J069", "M5450", "R519", "R059", "N390", "L309", "R109", "J309", "M25561", "R5383", "B349", "Z23")
CHILD_MINOR = ("J069", "R059", "J309", "R509", "B349", "L309", "Z23", "H6690", "R21", "J029", "K529", "R1110")
# What is not done before an age is done as something else: (age, instead).
_NOT_BEFORE = {"66984": (50, "29881"), "45385": (40, "29881"), "45378": (40, "74177"), "93306": (30, "74177"),
               "29881": (14, "42820"), "E1390": (45, "E0601"), "E0143": (40, "E0601"),
               "E0601": (18, "E0570")}  # fmt: skip
# Who is seen in a specialist's office, and how often.
_OFFICE = {
    "cardiology": 0.22, "orthopedic surgery": 0.18, "ophthalmology": 0.12, "dermatology": 0.11,
    "gastroenterology": 0.10, "neurology": 0.07, "endocrinology": 0.06, "pulmonology": 0.06,
    "otolaryngology": 0.05, "rheumatology": 0.03,
}  # fmt: skip
# What only one specialty does; the last of these on a claim decides.
_DONE_BY = {
    "93000": "cardiology", "20610": "orthopedic surgery", "29881": "orthopedic surgery",
    "66984": "ophthalmology", "67028": "ophthalmology", "45385": "gastroenterology", "11102": "dermatology",
    "42820": "otolaryngology",
}  # fmt: skip
_NOT_OF_BONES = [code for code, name in _DONE_BY.items() if name != "orthopedic surgery"]
# Where a practice has closed, what its members still find elsewhere.
_LEFT_OF_CARE = 0.45


def ambulatory_claims(
    settings: Settings,
    people: People,
    coverage: Coverage,
    frame: Frame,
    months: Months,
    network: Network,
    codes: Vocabulary,
    pcp: np.ndarray,
    rng: np.random.Generator,
) -> list[Batch]:
    """Claims of every Service for a chunk, and screening. `pcp` is each person's provider number."""
    batches = []
    contracts = len(settings.contracts)
    age = people.age_on(int(months.first[len(months) // 2]))
    child = age < 18
    truth = settings.truths.clinic_closed
    closed = (people.practice == settings.practice(truth.practice))[frame.person]
    closed &= frame.month >= len(months) - 1 - truth.ago
    for service in SERVICES:
        yearly = np.array(service.yearly)[frame.contract] / 12
        if service.condition:
            rate = yearly * people.has(service.condition)[frame.person]
        else:
            factor = np.maximum((1 - service.sick) + service.sick * people.risk, 0.05)
            if service.name == "behavioral health":
                factor = np.where(people.conditions[:, 9:14].any(axis=1), 3.2, 0.25)
            factor = np.where(child, service.child, factor)
            if service.purpose != PREVENTIVE:
                factor = factor * people.use
            rate = yearly * frame.level(factor[frame.person], contracts)
        if service.who == "pcp":
            rate = np.where(closed, rate * _LEFT_OF_CARE, rate)
        person, month = frame.draw(rate, rng)
        if len(person):
            batches.append(
                _service(
                    settings, service, people, coverage, months, network, codes, pcp, person, month, age, rng
                )
            )
    batches += _screening(settings, people, coverage, months, network, codes, age, rng)
    return batches


def _service(
    settings: Settings,
    service: Service,
    people: People,
    coverage: Coverage,
    months: Months,
    network: Network,
    codes: Vocabulary,
    pcp: np.ndarray,
    person: np.ndarray,
    month: np.ndarray,
    age: np.ndarray,
    rng: np.random.Generator,
) -> Batch:
    count = len(person)
    contract = coverage.contract[person, month]
    child = age < 18
    day = draw_days(people, months, person, month, rng)
    if service.name != "urgent care":
        moved = to_weekday(day)
        day = np.where(moved >= np.maximum(months.first[month], people.birth[person]), moved, day)
    hcpcs, price, present = _lines(service, codes, count, rng)
    prices = {item[0]: item[2] for item in service.base}
    for code, (from_age, instead) in _NOT_BEFORE.items():
        if code in prices:
            early = (hcpcs[:, 0] == codes.number(code)) & (age[person] < from_age)
            hcpcs[early, 0] = codes.number(instead)
            price[early, 0] = prices.get(instead, 1800 if service.bill_type else 480)
    if service.name == "preventive":
        young = child[person]
        pick = even_choice(np.array([item[1] for item in CHILD_PREVENTIVE]), count, rng)
        hcpcs[young, 0] = codes.numbers([item[0] for item in CHILD_PREVENTIVE])[pick[young]]
        family = np.isin(contract, (MEDICAID, COMMERCIAL)) & ~young
        hcpcs[family, 0] = codes.number("99396")
        # Influenza vaccine is given from September to January.
        present[:, 2] &= np.isin(months.calendar[month], (8, 9, 10, 11, 0))
    if service.bill_type and not service.condition:
        # Hospitals' charges for the like service vary widely.
        price = price * even_lognormals(0.4, count, rng, np.lexsort((price[:, 0], contract)))[:, None]
    rendering, billing, facility, hospital = _who(
        settings,
        service,
        people,
        network,
        codes,
        pcp,
        person,
        month,
        contract,
        np.where(present, hcpcs, NULL),
        rng,
    )
    revenue = None
    if service.bill_type:
        revenue = np.tile(codes.numbers([service.revenue, *service.extra_revenue]), (count, 1))
        other = np.isin(hcpcs[:, 0], codes.numbers(["45378", "96365"])) & (service.revenue == "0510")
        revenue[other, 0] = codes.number("0360")
        imaging = np.isin(hcpcs[:, 0], codes.numbers(["74177", "93306"]))
        revenue[imaging, 0] = codes.number("0350")
    units = np.ones(1 + len(service.extra), np.int32)
    units[0] = service.units
    return bill(
        count,
        _reasons(service, people, codes, person, child, rng),
        price=price,
        hcpcs=hcpcs,
        revenue=revenue,
        present=present,
        units=units,
        person=person,
        start=day,
        end=day,
        place=codes.number(service.place),
        rendering=rendering,
        billing=billing,
        facility=facility,
        hospital=hospital,
        purpose=service.purpose,
        bill_type=codes.number(service.bill_type),
        disposition=codes.number("01" if service.bill_type else None),
    )


def _screening(
    settings: Settings,
    people: People,
    coverage: Coverage,
    months: Months,
    network: Network,
    codes: Vocabulary,
    age: np.ndarray,
    rng: np.random.Generator,
) -> list[Batch]:
    """Glycaemic control tests of people with diabetes, and mammograms of women of 50 to 74.

    Whether a person is screened is decided for a window (12 and 27 months, as the measures look back), so
    that the share who are is the contract's and not an accident of how often they see a doctor.
    """
    length = len(months)
    ending = last_mature_month(settings)
    batches = []
    women = people.female & (age >= 50.5) & (age < 74)
    for name, who, window, often, hcpcs, place, price, pool, purpose, reason in (
        ("a1c", people.has("E119"), 12, 2.1, "83036", "81", 10.0, network.laboratories, LABORATORY, "E119"),
        ("mammogram", women, 27, 1.1, "77067", "11", 130.0, network.imaging, OTHER, "Z1231"),
    ):
        chance = np.array([getattr(item, name) for item in settings.contracts]) * settings.fit(name)
        for last in range(ending + window * 2, -1, -window):
            span = np.arange(max(last - window + 1, 0), min(last, length - 1) + 1)
            if not len(span):
                continue
            covered = coverage.contract[:, span] >= 0
            there = covered.sum(axis=1)
            rows = np.flatnonzero(who & (there > 0))
            payer = coverage.contract[rows, span[0] + np.argmax(covered[rows], axis=1)]
            share = np.minimum(chance[payer] * there[rows] / window, 0.98)
            tested = rows[even_bernoulli(share, payer, rng)]
            times = np.maximum(1, np.round(rng.gamma(9, often / 9, len(tested)) * there[tested] / window))
            person = np.repeat(tested, times.astype(np.int64))
            order = np.argsort(rng.random((len(person), len(span))) - covered[person], axis=1)[:, 0]
            month = span[order]
            day = to_weekday(draw_days(people, months, person, month, rng))
            day = np.maximum(day, months.first[month])
            place_of = of_market(pool, people.market[person], rng)
            batches.append(
                bill(
                    len(person),
                    np.full((len(person), 1), codes.number(reason), np.int32),
                    price=np.full((len(person), 1), price),
                    hcpcs=np.full((len(person), 1), codes.number(hcpcs), np.int32),
                    person=person,
                    start=day,
                    end=day,
                    place=codes.number(place),
                    rendering=place_of,
                    billing=place_of,
                    purpose=purpose,
                )
            )
    return batches


def _lines(
    service: Service, codes: Vocabulary, count: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    pick = even_choice(np.array([item[1] for item in service.base]), count, rng)
    width = 1 + len(service.extra)
    hcpcs = np.empty((count, width), np.int32)
    price = np.empty((count, width))
    hcpcs[:, 0] = codes.numbers([item[0] for item in service.base])[pick]
    price[:, 0] = np.array([item[2] for item in service.base])[pick]
    present = np.ones((count, width), bool)
    if service.extra:
        hcpcs[:, 1:] = codes.numbers([item[0] for item in service.extra])
        price[:, 1:] = np.array([item[2] for item in service.extra])
        present[:, 1:] = rng.random((count, width - 1)) < np.array([item[1] for item in service.extra])
        present[:, 1:] &= hcpcs[:, 1:] != hcpcs[:, :1]
    return hcpcs, price, present


def _reasons(
    service: Service,
    people: People,
    codes: Vocabulary,
    person: np.ndarray,
    child: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    if service.reason != "condition":
        reason = np.full(len(person), codes.number(service.reason))
        if service.reason == "Z0000":
            reason = np.where(child[person], codes.number("Z00129"), reason)
        return with_chronic(reason, people, person, codes, rng)
    top, known = own_conditions(people, person, rng)
    result = np.where(np.arange(4) < known[:, None], chronic_numbers(codes)[top], NULL)
    pick = rng.integers(0, len(MINOR), len(person))
    minor = np.where(child[person], codes.numbers(CHILD_MINOR)[pick], codes.numbers(MINOR)[pick])
    acute = (known == 0) | (rng.random(len(person)) < 0.3)
    result[acute, 1:] = result[acute, :-1]
    result[acute, 0] = minor[acute]
    return result.astype(np.int32)


def _who(
    settings: Settings,
    service: Service,
    people: People,
    network: Network,
    codes: Vocabulary,
    pcp: np.ndarray,
    person: np.ndarray,
    month: np.ndarray,
    contract: np.ndarray,
    hcpcs: np.ndarray,
    rng: np.random.Generator,
) -> tuple[np.ndarray | int, np.ndarray, np.ndarray | int, np.ndarray | int]:
    """rendering, billing and facility provider, and hospital position. `hcpcs` is claims x lines."""
    if service.who == "pcp":
        practice = network.groups[people.practice[person]]
        colleague = rng.random(len(person)) < 0.15
        rendering = pcp[person].copy()
        for number in np.unique(people.practice):
            rows = np.flatnonzero(colleague & (people.practice[person] == number))
            rendering[rows] = rng.choice(network.pcps[number], len(rows))
        return rendering, practice, NULL, NULL
    if service.who == "hospital":
        moved = people.moved[person]
        there = (moved == NOT_MOVED) | (month >= moved)
        hospital = np.where(there, people.hospital[person], people.hospital_before[person]).astype(np.int64)
        place = network.hospitals[hospital]
        return NULL, place, place, hospital
    pools = {
        "therapist": network.therapists,
        "urgent": network.urgent_cares,
        "laboratory": network.laboratories,
        "imaging": network.imaging,
        "supplier": network.suppliers,
    }
    if service.who != "specialist":
        chosen = of_market(pools[service.who], people.market[person], rng)
    else:
        chosen = _specialist(service, network, codes, people.market[person], hcpcs, rng.random(len(person)))
        truth = settings.truths.outside_group
        away = (contract == CONTRACT_KEYS.index(truth.contract)) & ~people.control[person]
        away &= people.market[person] == settings.market(truth.market)
        away &= rng.random(len(person)) < truth.share
        # Surgeons of bones see much, but take out no cataracts.
        away &= ~np.isin(hcpcs, codes.numbers(_NOT_OF_BONES)).any(axis=1)
        chosen = np.where(away, rng.choice(network.outside, len(person)), chosen)
    return chosen, chosen, NULL, NULL


def _specialist(
    service: Service,
    network: Network,
    codes: Vocabulary,
    market: np.ndarray,
    hcpcs: np.ndarray,
    chance: np.ndarray,
) -> np.ndarray:
    """Who is seen: by what is done where that says it, else by how often each specialty is."""
    if service.name == "therapy":
        kind = np.full(len(market), specialty("physical therapy"))
        return specialist_of(network, kind, market, chance)
    shares = np.cumsum(list(_OFFICE.values()))
    place = np.searchsorted(shares[:-1], chance, side="right")
    within = (chance - np.concatenate([[0.0], shares[:-1]])[place]) / np.array(list(_OFFICE.values()))[place]
    kind = np.array([specialty(name) for name in _OFFICE])[place]
    if service.name == "drugs in the office":
        kind = np.full(len(market), specialty("rheumatology"))
    for code, name in _DONE_BY.items():
        kind = np.where((hcpcs == codes.number(code)).any(axis=1), specialty(name), kind)
    return specialist_of(network, kind, market, np.clip(within, 0, 1))


def of_market(pool: list[np.ndarray], market: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One of the pool's providers in each market given."""
    sizes = np.array([len(group) for group in pool])
    table = np.full((len(pool), sizes.max()), NULL, np.int32)
    for row, group in enumerate(pool):
        table[row, : len(group)] = group
    return table[market, (rng.random(len(market)) * sizes[market]).astype(np.int64)]


def follow_up_claims(
    settings: Settings,
    people: People,
    coverage: Coverage,
    months: Months,
    network: Network,
    codes: Vocabulary,
    pcp: np.ndarray,
    visits: EdVisits,
    diagnosis_codes: np.ndarray,
    rng: np.random.Generator,
) -> Batch:
    """Visits made because of an ED visit: most within a week, some by telephone or video."""
    contract = coverage.contract[visits.person, np.clip(months.of(visits.day), 0, len(months) - 1)]
    chance = (settings.ed.follow_up_7d * settings.fit("follow_up"))[np.maximum(contract, 0)] * np.array(
        [item.follow_up_factor for item in settings.hospitals]
    )[visits.hospital]
    chance = chance * np.where(people.frequent[visits.person], 0.5, 1.0)
    truth = settings.truths.clinic_closed
    closed = people.practice[visits.person] == settings.practice(truth.practice)
    closed &= months.of(visits.day) >= len(months) - 1 - truth.ago
    chance = np.where(closed, chance * _LEFT_OF_CARE, chance)
    chance = np.where(visits.disposition == TREATED, np.minimum(chance, 0.95), 0.0)
    rows = np.flatnonzero(even_bernoulli(chance, np.maximum(contract, 0), rng))
    gap = 1 + even_choice(np.array([0.14, 0.22, 0.22, 0.17, 0.14, 0.11]), len(rows), rng)
    day = to_weekday(visits.day[rows] + gap)
    day = np.maximum(day, visits.day[rows])
    person = visits.person[rows]
    month = months.of(day)
    possible = (day <= people.death[person]) & (day <= months.last[-1])
    possible &= coverage.contract[person, np.clip(month, 0, len(months) - 1)] >= 0
    rows, day, person = rows[possible], day[possible], person[possible]
    far = rng.random(len(rows)) < 0.18
    base = rng.random(len(rows)) < 0.6
    hcpcs = np.where(base, codes.number("99213"), codes.number("99214"))[:, None]
    return bill(
        len(rows),
        with_chronic(diagnosis_codes[visits.diagnosis[rows]], people, person, codes, rng),
        price=np.where(base, 91.0, 129.0)[:, None],
        hcpcs=hcpcs,
        person=person,
        start=day,
        end=day,
        place=np.where(far, codes.number("10"), codes.number("11")),
        rendering=pcp[person],
        billing=network.groups[people.practice[person]],
        purpose=PRIMARY_CARE,
    )
