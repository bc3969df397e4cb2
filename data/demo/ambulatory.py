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
from data.demo.encounters import TREATED, EdVisits, draw_days, events, own_conditions, to_weekday
from data.demo.enrolment import Coverage
from data.demo.network import Network
from data.demo.people import Months, People
from data.demo.settings import Settings


@dataclass(frozen=True)
class Service:
    """A kind of claim. `yearly`: claims per member-year for aco, medicaid, advantage, commercial adults of
    average
    health. `base`: the main line, chosen by weight (HCPCS, weight, Medicare price). `extra`: further
    lines, each with
    its chance. `sick` is how far use follows a person's risk (0 not at all, 1 in proportion)."""

    name: str
    yearly: tuple[float, float, float, float]
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


SERVICES: tuple[Service, ...] = (
    Service("primary care", (3.7, 2.3, 3.6, 1.9), 1.0, 0.45, "11", "pcp",
            (("99213", 0.45, 91), ("99214", 0.45, 129), ("99212", 0.06, 57), ("99215", 0.04, 182)),
            (("36415", 0.18, 9), ("93000", 0.06, 15), ("G0008", 0.05, 26),
             ("81002", 0.08, 4)), purpose=PRIMARY_CARE),
    Service("preventive", (0.72, 0.42, 0.80, 0.55), 1.5, 0.0, "11", "pcp",
            (("G0439", 0.5, 133), ("99396", 0.3, 125), ("99397", 0.2, 134)),
            (("90471", 0.35, 21), ("90686", 0.3, 20), ("36415", 0.3, 9)), reason="Z0000", purpose=PREVENTIVE),
    Service("specialist", (5.2, 1.5, 4.6, 1.6), 0.4, 0.7, "11", "specialist",
            (("99213", 0.33, 91), ("99214", 0.42, 129), ("99204", 0.15, 168), ("99203", 0.1, 112)),
            (("20610", 0.09, 62), ("93000", 0.12, 15), ("11102", 0.07, 98), ("96372", 0.06, 15))),
    Service("telehealth", (0.7, 0.75, 0.6, 0.65), 0.6, 0.4, "10", "pcp",
            (("99213", 0.6, 91), ("99212", 0.3, 57), ("99442", 0.1, 70)), purpose=OTHER),
    Service("home visit", (0.22, 0.02, 0.25, 0.0), 0.0, 1.0, "12", "pcp", (("99348", 0.6, 80),
        ("99349", 0.4, 130))),
    Service("behavioral health", (0.6, 1.5, 0.5, 0.9), 0.6, 0.3, "11", "therapist",
            (("90834", 0.5, 104), ("90837", 0.35, 153), ("90791", 0.15, 172)), reason="F419"),
    Service("urgent care", (0.22, 0.42, 0.24, 0.36), 1.6, 0.1, "20", "urgent",
            (("99213", 0.6, 91), ("99203", 0.4, 112)), (("87880", 0.2, 16),
             ("87635", 0.15, 51)), reason="J069"),
    Service("laboratory", (5.4, 1.9, 4.8, 2.0), 0.25, 0.7, "81", "laboratory",
            (("80053", 0.5, 11), ("85025", 0.3, 8), ("84443", 0.2, 17)),
            (("80061", 0.45, 13), ("83036", 0.35, 10), ("85025", 0.4, 8), ("82043", 0.15, 6),
             ("84443", 0.18, 17)),
            purpose=LABORATORY),
    Service("imaging", (2.1, 0.65, 1.9, 0.7), 0.35, 0.7, "11", "imaging",
            (("71046", 0.35, 30), ("73560", 0.2, 32), ("77067", 0.22, 130), ("76700", 0.13, 118),
             ("70553", 0.1, 340)),
            (("73030", 0.2, 30),)),
    Service("hospital outpatient", (2.3, 0.55, 2.0, 0.55), 0.3, 1.0, None, "hospital",
            (("G0463", 0.4, 122), ("45378", 0.12, 760), ("74177", 0.18, 365), ("93306", 0.15, 520),
             ("96413", 0.15, 610)),
            (("36415", 0.5, 9), ("80053", 0.55, 11), ("85025", 0.5, 8), ("J1100", 0.25, 45),
             ("96372", 0.2, 61)),
            revenue="0510", bill_type="131", extra_revenue=("0300", "0301", "0305", "0636", "0260")),
    Service("outpatient surgery", (0.33, 0.10, 0.30, 0.16), 0.4, 0.7, None, "hospital",
            (("66984", 0.4, 2150), ("29881", 0.25, 2900), ("45385", 0.35, 1150)),
            (("J2704", 0.8, 22), ("88305", 0.4, 75), ("80053", 0.3, 11)),
            revenue="0360", bill_type="131", extra_revenue=("0250", "0310", "0300")),
    Service("surgeon", (0.55, 0.17, 0.5, 0.24), 0.4, 0.7, "22", "specialist",
            (("66984", 0.4, 550), ("29881", 0.25, 620), ("45385", 0.35, 260)), (("00142", 0.6, 140),)),
    Service("infusion", (0.55, 0.06, 0.48, 0.06), 0.1, 1.6, None, "hospital",
            (("96413", 0.6, 340), ("96365", 0.4, 190)), (("J9271", 0.35, 5100), ("J0897", 0.4, 1250),
             ("36415", 0.5, 9)),
            revenue="0335", bill_type="131", extra_revenue=("0636", "0636", "0300")),
    Service("therapy", (2.2, 0.4, 1.9, 0.9), 0.4, 0.6, "11", "specialist",
            (("97110", 0.8, 29), ("97161", 0.2, 98)), (("97140", 0.75, 27), ("97530", 0.5, 36),
             ("97112", 0.4, 33))),
    Service("equipment", (0.9, 0.2, 0.8, 0.1), 0.2, 1.2, "12", "supplier",
            (("E0601", 0.3, 72), ("A4253", 0.4, 34), ("E1390", 0.3, 96)), (("A7038", 0.3, 9),)),
)  # fmt: skip
CHILD_PREVENTIVE = (("99392", 0.35, 120), ("99393", 0.35, 119), ("99394", 0.3, 128))
MINOR = ("J069", "M5450", "R519", "R059", "N390", "L309", "R109", "J309", "M25561", "R5383", "B349", "Z23")


def ambulatory_claims(
    settings: Settings,
    people: People,
    coverage: Coverage,
    months: Months,
    network: Network,
    codes: Vocabulary,
    pcp: np.ndarray,
    rng: np.random.Generator,
) -> list[Batch]:
    """Claims of every Service for a chunk. `pcp` is each person's provider number."""
    batches = []
    covered = coverage.contract >= 0
    contract = np.maximum(coverage.contract, 0)
    child = people.age_on(int(months.first[len(months) // 2])) < 18
    use = np.array([terms.ambulatory_use for terms in settings.contracts])
    for service in SERVICES:
        rate = (np.array(service.yearly) * use)[contract] / 12
        person_factor = np.maximum((1 - service.sick) + service.sick * people.risk, 0.05)
        if service.name == "behavioral health":
            person_factor = np.where(people.conditions[:, 9:14].any(axis=1), 3.2, 0.25)
        person_factor = np.where(child, service.child, person_factor)
        person, month = events(rate * person_factor[:, None] * covered, rng)
        if len(person):
            batches.append(
                _service(settings, service, people, months, network, codes, pcp, person, month, child, rng)
            )
    return batches


def _service(
    settings: Settings,
    service: Service,
    people: People,
    months: Months,
    network: Network,
    codes: Vocabulary,
    pcp: np.ndarray,
    person: np.ndarray,
    month: np.ndarray,
    child: np.ndarray,
    rng: np.random.Generator,
) -> Batch:
    count = len(person)
    day = draw_days(people, months, person, month, rng)
    if service.name != "urgent care":
        moved = to_weekday(day)
        day = np.where(moved >= np.maximum(months.first[month], people.birth[person]), moved, day)
    hcpcs, price, present = _lines(service, codes, count, rng)
    if service.name == "preventive":
        young = child[person]
        pick = rng.choice(len(CHILD_PREVENTIVE), count, p=[item[1] for item in CHILD_PREVENTIVE])
        hcpcs[young, 0] = codes.numbers([item[0] for item in CHILD_PREVENTIVE])[pick[young]]
        commercial = (people.contract[person] % 2 == 1) & ~young
        hcpcs[commercial, 0] = codes.number("99396")
        # Influenza vaccine is given from September to January.
        present[:, 2] &= np.isin(months.calendar[month], (8, 9, 10, 11, 0))
    rendering, billing, facility, hospital = _who(settings, service, people, network, pcp, person, rng)
    revenue = None
    if service.bill_type:
        revenue = np.tile(codes.numbers([service.revenue, *service.extra_revenue]), (count, 1))
        other = np.isin(hcpcs[:, 0], codes.numbers(["45378", "96413"])) & (service.revenue == "0510")
        revenue[other, 0] = codes.number("0360")
        imaging = np.isin(hcpcs[:, 0], codes.numbers(["74177", "93306"]))
        revenue[imaging, 0] = codes.number("0350")
    return bill(
        count,
        _reasons(service, people, codes, person, child, rng),
        price=price,
        hcpcs=hcpcs,
        revenue=revenue,
        present=present,
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


def _lines(
    service: Service, codes: Vocabulary, count: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    weights = np.array([item[1] for item in service.base])
    pick = rng.choice(len(weights), count, p=weights / weights.sum())
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
    minor = codes.numbers(MINOR)[rng.integers(0, len(MINOR), len(person))]
    acute = (known == 0) | (rng.random(len(person)) < 0.3)
    result[acute, 1:] = result[acute, :-1]
    result[acute, 0] = minor[acute]
    return result.astype(np.int32)


def _who(
    settings: Settings,
    service: Service,
    people: People,
    network: Network,
    pcp: np.ndarray,
    person: np.ndarray,
    rng: np.random.Generator,
) -> tuple[np.ndarray | int, np.ndarray, np.ndarray | int, np.ndarray | int]:
    """rendering, billing and facility provider, and hospital position."""
    if service.who == "pcp":
        practice = network.groups[people.practice[person]]
        colleague = rng.random(len(person)) < 0.15
        rendering = pcp[person].copy()
        for number in np.unique(people.practice):
            rows = np.flatnonzero(colleague & (people.practice[person] == number))
            rendering[rows] = rng.choice(network.pcps[number], len(rows))
        return rendering, practice, NULL, NULL
    if service.who == "hospital":
        hospital = people.hospital[person]
        place = network.hospitals[hospital]
        return NULL, place, place, hospital
    pools = {
        "specialist": network.specialists,
        "therapist": network.therapists,
        "urgent": network.urgent_cares,
        "laboratory": network.laboratories,
        "imaging": network.imaging,
        "supplier": network.suppliers,
    }
    chosen = of_market(pools[service.who], people.market[person], rng)
    return chosen, chosen, NULL, NULL


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
    chance = (
        settings.ed.follow_up_7d
        * np.array([item.follow_up_factor for item in settings.hospitals])[visits.hospital]
    )
    chance = chance * np.where(people.frequent[visits.person], 0.5, 1.0)
    rows = np.flatnonzero((visits.disposition == TREATED) & (rng.random(len(visits.person)) < chance))
    gap = rng.choice([1, 2, 3, 4, 5, 6], len(rows), p=[0.14, 0.22, 0.22, 0.17, 0.14, 0.11])
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
