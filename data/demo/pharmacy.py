"""Pharmacy fills: steady drugs for chronic conditions, with gaps, and short courses now and then.

NDCs are made up: labeler 99901 to 99903 do not exist, so that no product is misnamed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from data.demo.claims import dates, money
from data.demo.codes import dictionary_column
from data.demo.enrolment import Coverage
from data.demo.network import Network
from data.demo.people import CONDITION_CODES, Months, People, numbered
from data.demo.settings import Settings

# (condition, NDC, chance of having it given the condition, price of 30 days in dollars)
STEADY: tuple[tuple[str, str, float, float], ...] = (
    ("I10", "99901000130", 0.62, 6.0),  # ACE inhibitor
    ("I10", "99901000230", 0.35, 7.0),  # calcium channel blocker
    ("E785", "99901000330", 0.66, 8.0),  # statin
    ("E119", "99901000460", 0.66, 9.0),  # metformin
    ("E119", "99902000101", 0.24, 905.0),  # GLP-1 agonist, brand
    ("E119", "99902000230", 0.16, 560.0),  # SGLT2 inhibitor, brand
    ("I2510", "99901000530", 0.6, 7.0),  # beta blocker
    ("I5022", "99901000630", 0.6, 9.0),  # loop diuretic
    ("I5022", "99902000360", 0.25, 590.0),  # ARNI, brand
    ("I4891", "99902000460", 0.6, 545.0),  # anticoagulant, brand
    ("J449", "99902000501", 0.5, 410.0),  # long-acting inhaler
    ("J45909", "99901000701", 0.6, 42.0),  # rescue inhaler
    ("J45909", "99901000801", 0.35, 118.0),  # controller
    ("F339", "99901000930", 0.62, 9.0),  # SSRI
    ("F419", "99901001030", 0.35, 9.0),
    ("F209", "99901001130", 0.6, 32.0),  # antipsychotic
    ("F1120", "99901001260", 0.45, 92.0),  # buprenorphine
    ("F0390", "99901001330", 0.4, 12.0),
    ("E039", "99901001430", 0.85, 8.0),
    ("K219", "99901001530", 0.5, 9.0),
)
SHORT = (
    ("99901002010", 10, 14.0),
    ("99901002106", 5, 12.0),
    ("99901002230", 7, 11.0),
    ("99901002320", 5, 9.0),
)
NDC = [item[1] for item in STEADY] + [item[0] for item in SHORT]


@dataclass
class Fills:
    person: np.ndarray
    day: np.ndarray
    drug: np.ndarray  # position in NDC
    days_supply: np.ndarray
    refill: np.ndarray
    cents: np.ndarray
    contract: np.ndarray
    paid_on: np.ndarray


def draw_fills(
    settings: Settings, people: People, coverage: Coverage, months: Months, rng: np.random.Generator
) -> Fills:
    """All fills of a chunk that were paid by `through`."""
    start, end = int(months.first[0]), int(months.last[-1])
    parts: list[tuple[np.ndarray, ...]] = []
    for number, (condition, _, chance, price) in enumerate(STEADY):
        has = people.conditions[:, CONDITION_CODES.index(condition)]
        person = np.flatnonzero(has & (rng.random(len(people)) < chance))
        supply = np.where((rng.random(len(person)) < 0.33) & (price < 100), 90, 30)
        times = (end - start) // supply
        who = np.repeat(np.arange(len(person)), times)
        turn = np.arange(len(who)) - np.repeat(np.cumsum(times) - times, times)
        offset = rng.integers(0, 30, len(person))
        # Some people always refill late, most hardly ever; some start within history.
        late = rng.gamma(1.2, 2.2, len(person))
        begins = np.where(rng.random(len(person)) < 0.2, rng.integers(0, end - start, len(person)), 0)
        day = start + offset[who] + (turn * (supply + late)[who]).astype(np.int64)
        stays = (rng.random(len(who)) < 0.95) & (day >= start + begins[who])
        who, turn, day = who[stays], turn[stays], day[stays]
        cents = np.round(price * supply[who] / 30 * rng.lognormal(0, 0.12, len(who)) * 100)
        parts.append((person[who], day, np.full(len(who), number), supply[who], turn % 6, cents))
    person, month = np.nonzero(coverage.contract >= 0)
    chosen = rng.random(len(person)) < 0.055
    person, month = person[chosen], month[chosen]
    kind = rng.integers(0, len(SHORT), len(person))
    day = months.first[month] + rng.integers(0, 28, len(person))
    short = np.array([item[2] for item in SHORT])[kind] * rng.lognormal(0, 0.2, len(person)) * 100
    supply = np.array([item[1] for item in SHORT])[kind]
    parts.append((person, day, kind + len(STEADY), supply, np.zeros(len(person), int), np.round(short)))

    person, day, drug, supply, refill, cents = (np.concatenate(column) for column in zip(*parts, strict=True))
    month = np.clip(months.of(day), 0, len(months) - 1)
    contract = coverage.contract[person, month]
    paid_on = day + rng.choice([1, 2, 3, 7, 14, 21], len(day), p=[0.3, 0.25, 0.15, 0.15, 0.1, 0.05])
    keep = (
        (contract >= 0)
        & (day <= people.death[person])
        & (day >= people.birth[person])
        & (paid_on <= months.through)
    )
    keep = np.flatnonzero(keep)
    keep = keep[np.lexsort((person[keep], paid_on[keep]))]
    return Fills(
        *(
            column[keep]
            for column in (person, day, drug, supply, refill, cents.astype(np.int64), contract, paid_on)
        )
    )


def pharmacy_table(
    settings: Settings,
    people: People,
    network: Network,
    pcp: np.ndarray,
    fills: Fills,
    contract: int,
    first: int,
) -> tuple[pa.Table, int]:
    """One payer's pharmacy claims of a chunk, Tuva input layer."""
    terms = settings.contracts[contract]
    rows = np.flatnonzero(fills.contract == contract)
    person = fills.person[rows]
    share = 0.92 if terms.key == "medicaid" else 0.74
    allowed = np.maximum(fills.cents[rows], 50)
    npi = network.words()
    pharmacy = np.stack([group for group in network.pharmacies])[
        people.market[person], people.number[person] % 3
    ]
    count = len(rows)

    def constant(text: str) -> pa.Array:
        return dictionary_column(np.zeros(count, np.int32), pa.array([text], pa.string()))

    table = pa.table(
        {
            "claim_id": numbered(
                f"RX{terms.feed[:2].upper()}", np.arange(first, first + count) + 10_000_000, 8
            ),
            "claim_line_number": pa.array(np.ones(count, np.int32)),
            "person_id": dictionary_column(person, people.person_id),
            "member_id": dictionary_column(
                person, numbered(terms.member_prefix, people.number * 7 + 1_000_003, 9)
            ),
            "payer": constant(terms.payer),
            "plan": constant(terms.plan),
            "prescribing_provider_npi": dictionary_column(pcp[person], npi),
            "dispensing_provider_npi": dictionary_column(pharmacy, npi),
            "dispensing_date": dates(fills.day[rows]),
            "ndc_code": dictionary_column(fills.drug[rows], pa.array(NDC, pa.string())),
            "quantity": pa.array(fills.days_supply[rows].astype(np.int32)),
            "days_supply": pa.array(fills.days_supply[rows].astype(np.int32)),
            "refills": pa.array(fills.refill[rows].astype(np.int32)),
            "paid_date": dates(fills.paid_on[rows]),
            "paid_amount": money(np.floor(allowed * share).astype(np.int64)),
            "allowed_amount": money(allowed),
            "charge_amount": money(np.ceil(allowed * 1.35).astype(np.int64)),
            "in_network_flag": constant("1"),
            "data_source": constant(terms.feed),
        }
    )
    return table, count
