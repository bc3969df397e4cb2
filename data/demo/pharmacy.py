"""Pharmacy fills: steady drugs for chronic conditions, with gaps, and short courses now and then.

NDCs are made up: labelers 99901 to 99903 do not exist, so that no product is misnamed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from data.demo.claims import dates, money
from data.demo.codes import dictionary_column
from data.demo.enrolment import Coverage
from data.demo.network import Network
from data.demo.people import Months, People, numbered
from data.demo.sampling import even_bernoulli
from data.demo.settings import Settings

# (condition, NDC, chance of having it given the condition, price of 30 days in dollars). Labeler 99901 makes
# generics, 99902 brands and 99903 specialty drugs.
STEADY: tuple[tuple[str, str, float, float], ...] = (
    ("I10", "99901000130", 0.62, 6.0),  # ACE inhibitor
    ("I10", "99901000230", 0.35, 7.0),  # calcium channel blocker
    ("E785", "99901000330", 0.66, 8.0),  # statin
    ("E119", "99901000460", 0.70, 9.0),  # metformin
    ("E119", "99902000101", 0.22, 905.0),  # GLP-1 agonist, brand
    ("E119", "99902000230", 0.15, 560.0),  # SGLT2 inhibitor, brand
    ("E119", "99902000710", 0.16, 310.0),  # insulin, brand
    ("I2510", "99901000530", 0.6, 7.0),  # beta blocker
    ("I5022", "99901000630", 0.6, 9.0),  # loop diuretic
    ("I5022", "99902000360", 0.25, 590.0),  # ARNI, brand
    ("I4891", "99902000460", 0.6, 545.0),  # anticoagulant, brand
    ("J449", "99902000501", 0.5, 410.0),  # long-acting inhaler, brand
    ("J45909", "99901000701", 0.6, 42.0),  # rescue inhaler
    ("J45909", "99901000801", 0.35, 118.0),  # controller
    ("F339", "99901000930", 0.62, 9.0),  # SSRI
    ("F419", "99901001030", 0.35, 9.0),
    ("F209", "99901001130", 0.6, 32.0),  # antipsychotic
    ("F1120", "99901001260", 0.45, 92.0),  # buprenorphine
    ("F0390", "99901001330", 0.4, 12.0),
    ("E039", "99901001430", 0.85, 8.0),
    ("K219", "99901001530", 0.5, 9.0),
    ("E6601", "99902000801", 0.06, 1050.0),  # GLP-1 agonist for weight, brand
    ("M069", "99901001660", 0.55, 28.0),  # methotrexate
    ("M069", "99903000102", 0.5, 3000.0),  # TNF inhibitor, specialty
    ("C3490", "99903000230", 0.40, 5900.0),  # targeted therapy, specialty
    ("K5090", "99903000302", 0.7, 3300.0),  # biologic, specialty
    ("L400", "99903000402", 0.14, 2600.0),  # biologic, specialty
    ("B20", "99903000530", 0.85, 3600.0),  # antiretroviral, specialty
    ("F209", "99902000901", 0.18, 1500.0),  # long-acting antipsychotic, brand
)
SHORT = (
    ("99901002010", 10, 14.0),
    ("99901002106", 5, 12.0),
    ("99901002230", 7, 11.0),
    ("99901002320", 5, 9.0),
)
# What each NDC is, in words of its class: the products are as made up as their numbers.
WORDS = {
    "99901000130": ("ACE inhibitor", "10 mg tablet"),
    "99901000230": ("calcium channel blocker", "5 mg tablet"),
    "99901000330": ("statin", "20 mg tablet"),
    "99901000460": ("metformin-like biguanide", "500 mg tablet"),
    "99901000530": ("beta blocker", "25 mg tablet"),
    "99901000630": ("loop diuretic", "40 mg tablet"),
    "99901000701": ("rescue inhaler, short-acting beta agonist", "90 mcg"),
    "99901000801": ("inhaled corticosteroid", "110 mcg"),
    "99901000930": ("SSRI antidepressant", "20 mg tablet"),
    "99901001030": ("SNRI antidepressant", "75 mg capsule"),
    "99901001130": ("antipsychotic, oral", "5 mg tablet"),
    "99901001260": ("opioid partial agonist", "8 mg film"),
    "99901001330": ("cholinesterase inhibitor", "10 mg tablet"),
    "99901001430": ("thyroid hormone", "75 mcg tablet"),
    "99901001530": ("proton pump inhibitor", "20 mg capsule"),
    "99901001660": ("antifolate antirheumatic", "2.5 mg tablet"),
    "99901002010": ("penicillin antibiotic", "500 mg capsule"),
    "99901002106": ("macrolide antibiotic", "250 mg tablet"),
    "99901002230": ("oral corticosteroid", "10 mg tablet"),
    "99901002320": ("anti-inflammatory (NSAID)", "600 mg tablet"),
    "99902000101": ("GLP-1 agonist for diabetes", "weekly pen"),
    "99902000230": ("SGLT2 inhibitor", "10 mg tablet"),
    "99902000360": ("ARNI", "49/51 mg tablet"),
    "99902000460": ("oral anticoagulant, factor Xa", "5 mg tablet"),
    "99902000501": ("long-acting inhaler, LABA/LAMA", "62.5/25 mcg"),
    "99902000710": ("insulin, long-acting", "pen"),
    "99902000801": ("GLP-1 agonist for weight", "weekly pen"),
    "99902000901": ("antipsychotic, long-acting injection", "156 mg"),
    "99903000102": ("TNF inhibitor", "40 mg pen"),
    "99903000230": ("targeted lung cancer therapy", "80 mg tablet"),
    "99903000302": ("gut-selective biologic", "108 mg pen"),
    "99903000402": ("interleukin-17 inhibitor", "150 mg pen"),
    "99903000530": ("antiretroviral, single tablet", "tablet"),
}
GENERIC, BRAND, SPECIALTY = "99901", "99902", "99903"
NDC = [item[1] for item in STEADY] + [item[0] for item in SHORT]
NDC_ONCE = list(dict.fromkeys(NDC))


def drug_table() -> pa.Table:
    """The organisation's list of drugs: one row for each NDC of the demo."""
    return pa.table(
        {
            "ndc": NDC_ONCE,
            "drug_name": [f"{WORDS[ndc][0]} {WORDS[ndc][1]}" for ndc in NDC_ONCE],
            "ingredient": [WORDS[ndc][0] for ndc in NDC_ONCE],
            "is_generic": pa.array([ndc.startswith(GENERIC) for ndc in NDC_ONCE]),
            "is_specialty": pa.array([ndc.startswith(SPECIALTY) for ndc in NDC_ONCE]),
            "source": ["Invented for the demo: labelers 99901 to 99903 do not exist"] * len(NDC_ONCE),
        }
    )


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
    chosen_by_drug = _who_takes(settings, people, coverage, rng)
    for number, (_, _, _, price) in enumerate(STEADY):
        person = chosen_by_drug[number]
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
    cents = cents * settings.fit("pharmacy")[np.maximum(contract, 0)] * settings.price_in(month)
    truth = settings.truths.drug_jump
    jumped = np.isin(drug, [at for at, ndc in enumerate(NDC) if ndc == truth.ndc])
    cents = np.where(jumped & (month >= len(months) - 1 - truth.ago), cents * truth.factor, cents)
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


def _who_takes(
    settings: Settings, people: People, coverage: Coverage, rng: np.random.Generator
) -> list[np.ndarray]:
    """Who takes each steady drug. A few dear ones make most of the cost: those are drawn by expected cost."""
    brand = settings.fit("brand")
    months = (coverage.contract >= 0).sum(axis=1)
    persons, drugs, chances, costs = [], [], [], []
    taken: list[np.ndarray] = []
    for number, (condition, ndc, chance, price) in enumerate(STEADY):
        has = people.has(condition)
        if ndc.startswith(GENERIC):
            taken.append(np.flatnonzero(even_bernoulli(has * chance, people.contract, rng)))
            continue
        person = np.flatnonzero(has)
        level = brand[people.contract[person]] if ndc.startswith(BRAND) else 1.0
        taken.append(person[:0])
        persons.append(person)
        drugs.append(np.full(len(person), number))
        chances.append(np.minimum(chance * level, 0.95) * np.ones(len(person)))
        costs.append(price * months[person] * rng.uniform(0.98, 1.02, len(person)))
    person, drug = np.concatenate(persons), np.concatenate(drugs)
    hit = even_bernoulli(np.concatenate(chances), people.contract[person], rng, np.concatenate(costs))
    for number in np.unique(drug):
        taken[number] = person[hit & (drug == number)]
    return taken


def pharmacy_table(
    settings: Settings,
    people: People,
    network: Network,
    pcp: np.ndarray,
    fills: Fills,
    contract: int,
    first: int,
) -> pa.Table:
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

    plan = constant(terms.plan)
    if terms.control:
        names = pa.array([terms.plan, terms.control.plan], pa.string())
        plan = dictionary_column(people.control[person].astype(np.int32), names)

    return pa.table(
        {
            "claim_id": numbered(
                f"RX{terms.feed[:2].upper()}", np.arange(first, first + count) + 100_000_000, 9
            ),
            "claim_line_number": pa.array(np.ones(count, np.int32)),
            "person_id": dictionary_column(person, people.person_id),
            "member_id": dictionary_column(
                person, numbered(terms.member_prefix, people.number * 7 + 1_000_003, 9)
            ),
            "payer": constant(terms.payer),
            "plan": plan,
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
