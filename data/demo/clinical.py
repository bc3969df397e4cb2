"""Clinical rows that come with claims: laboratory results, blood pressures, vaccines and appointments."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.demo.claims import LABORATORY, PREVENTIVE, PRIMARY_CARE, Settled, dates
from data.demo.codes import Vocabulary, dictionary_column
from data.demo.enrolment import Coverage
from data.demo.network import Network
from data.demo.people import NEVER, Months, People, numbered
from data.demo.settings import Settings

# (HCPCS that yields it, LOINC, description, unit, decimals)
RESULTS: tuple[tuple[str, str, str, str, int], ...] = (
    ("83036", "4548-4", "Hemoglobin A1c", "%", 1),
    ("80061", "13457-7", "LDL cholesterol", "mg/dL", 0),
    ("80053", "2160-0", "Creatinine", "mg/dL", 2),
    ("80053", "33914-3", "Estimated glomerular filtration rate", "mL/min/1.73 m2", 0),
    ("85025", "718-7", "Hemoglobin", "g/dL", 1),
    ("84443", "3016-3", "Thyrotropin", "mIU/L", 2),
)
VACCINES = (("140", "Influenza, seasonal, injectable, preservative free"), ("213",
"SARS-COV-2 (COVID-19) vaccine"),
            ("33", "Pneumococcal polysaccharide PPV23"), ("115", "Tdap"))  # fmt: skip


def lab_table(
    settings: Settings,
    people: People,
    codes: Vocabulary,
    settled: Settled,
    contract: int,
    rng: np.random.Generator,
) -> pa.Table:
    """Results for a payer's laboratory lines (not every laboratory sends them)."""
    claim = settled.lines["claim"]
    mine = (settled.contract[claim] == contract) & (settled.claims["purpose"][claim] == LABORATORY)
    mine &= settled.allowed > 0
    parts = []
    for number, (hcpcs, *_) in enumerate(RESULTS):
        rows = np.flatnonzero(mine & (settled.lines["hcpcs"] == codes.number(hcpcs)))
        rows = rows[rng.random(len(rows)) < (0.92 if hcpcs == "83036" else 0.7)]
        parts.append((claim[rows], np.full(len(rows), number)))
    claims = np.concatenate([part[0] for part in parts])
    kind = np.concatenate([part[1] for part in parts])
    person, day = settled.claims["person"][claims], settled.claims["start"][claims]
    values = np.empty(len(claims), object)
    for number, (_, loinc, *_, decimals) in enumerate(RESULTS):
        rows = np.flatnonzero(kind == number)
        values[rows] = np.char.mod(f"%.{decimals}f", _value(loinc, people, person[rows], rng))
    units = sorted({row[3] for row in RESULTS})
    unit = np.array([units.index(row[3]) for row in RESULTS])
    order = np.lexsort((kind, person, day))
    person, day, kind, values = person[order], day[order], kind[order], values[order]
    return pa.table(
        {
            "lab_result_id": _row_ids("L", people, person, day, kind),
            "person_id": dictionary_column(person, people.person_id),
            "normalized_component_type": _one("loinc", len(kind)),
            "normalized_component_code": dictionary_column(kind, pa.array([row[1] for row in RESULTS])),
            "normalized_component_description": dictionary_column(
                kind, pa.array([row[2] for row in RESULTS])
            ),
            "status": _one("final", len(kind)),
            "result": pa.array(values, pa.string()),
            "result_datetime": dates(day + 1),
            "collection_datetime": dates(day),
            "normalized_units": dictionary_column(unit[kind], pa.array(units)),
            "data_source": _one(settings.contracts[contract].feed, len(kind)),
        }
    )


def _value(loinc: str, people: People, person: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A result of each person: their usual value, and how it varies from day to day."""
    usual = rng.standard_normal(len(person))
    if loinc == "4548-4":
        return np.clip(people.a1c[person] + 0.25 * usual, 4.2, 15.5)
    if loinc == "13457-7":
        return np.clip(people.ldl[person] + 9 * usual, 28, 260)
    if loinc == "33914-3":
        return np.clip(people.egfr[person] + 3 * usual, 4, 140)
    if loinc == "2160-0":
        size = np.where(people.female[person], 0.82, 1.0)
        return np.clip(size * 92 / people.egfr[person] ** 0.98 * 0.95 + 0.04 * usual, 0.35, 12)
    if loinc == "718-7":
        ill = people.egfr[person] < 45
        return np.clip(np.where(people.female[person], 13.1, 14.4) - 1.4 * ill + 0.9 * usual, 6.5, 18)
    return np.clip(np.where(people.has("E039")[person], 3.1, 1.9) * np.exp(0.35 * usual), 0.05, 30)


def observation_table(
    settings: Settings, people: People, settled: Settled, contract: int, rng: np.random.Generator
) -> pa.Table:
    """Systolic and diastolic pressure of about half the primary-care visits."""
    mine = (settled.contract == contract) & np.isin(settled.claims["purpose"], (PRIMARY_CARE, PREVENTIVE))
    rows = np.flatnonzero(mine & (rng.random(len(mine)) < 0.5))
    person, day = settled.claims["person"][rows], settled.claims["start"][rows]
    systolic = np.clip(people.pressure[person] + rng.normal(0, 8, len(rows)), 78, 212)
    diastolic = np.clip(systolic * 0.62 + rng.normal(0, 6, len(rows)), 42, 124)
    person = np.repeat(person, 2)
    day = np.repeat(day, 2)
    kind = np.tile([0, 1], len(rows))
    value = np.round(np.stack([systolic, diastolic], axis=1).ravel()).astype(np.int64)
    return pa.table(
        {
            "observation_id": _row_ids("O", people, person, day, kind),
            "person_id": dictionary_column(person, people.person_id),
            "observation_date": dates(day),
            "observation_type": _one("vital-signs", len(kind)),
            "normalized_code_type": _one("loinc", len(kind)),
            "normalized_code": dictionary_column(kind, pa.array(["8480-6", "8462-4"])),
            "normalized_description": dictionary_column(
                kind, pa.array(["Systolic blood pressure", "Diastolic blood pressure"])
            ),
            "result": pc.cast(pa.array(value), pa.string()),
            "normalized_units": _one("mm[Hg]", len(kind)),
            "data_source": _one(settings.contracts[contract].feed, len(kind)),
        }
    )


def immunization_table(
    settings: Settings,
    people: People,
    codes: Vocabulary,
    settled: Settled,
    contract: int,
    rng: np.random.Generator,
) -> pa.Table:
    """Vaccines given at preventive visits."""
    claim = settled.lines["claim"]
    given = (settled.contract[claim] == contract) & (settled.lines["hcpcs"] == codes.number("90471"))
    rows = claim[np.flatnonzero(given & (settled.allowed > 0))]
    person, day = settled.claims["person"][rows], settled.claims["start"][rows]
    kind = rng.choice(len(VACCINES), len(rows), p=[0.6, 0.2, 0.1, 0.1])
    return pa.table(
        {
            "immunization_id": _row_ids("V", people, person, day, kind),
            "person_id": dictionary_column(person, people.person_id),
            "normalized_code_type": _one("cvx", len(rows)),
            "normalized_code": dictionary_column(kind, pa.array([item[0] for item in VACCINES])),
            "normalized_description": dictionary_column(kind, pa.array([item[1] for item in VACCINES])),
            "status": _one("completed", len(rows)),
            "occurrence_date": dates(day),
            "data_source": _one(settings.contracts[contract].feed, len(rows)),
        }
    )


APPOINTMENTS = (
    "Follow-up visit",
    "Annual wellness visit",
    "Specialist visit",
    "Nurse visit",
    "Behavioral health visit",
)
REASONS = ("Follow-up after emergency visit", "Blood pressure check", "Diabetes follow-up",
"Medication review",
           "Annual wellness visit", "New symptom")  # fmt: skip


def appointment_table(
    settings: Settings,
    people: People,
    coverage: Coverage,
    months: Months,
    network: Network,
    pcp: np.ndarray,
    recent_ed: np.ndarray,
    contract: int,
    rng: np.random.Generator,
) -> pa.Table:
    """Appointments of the 60 days before and after `through`. `recent_ed`: had an ED visit in the last 45
    days.
    """
    now = (coverage.contract[:, -1] == contract) & (people.death == NEVER)
    ahead = rng.random(len(people)) < np.where(recent_ed, 0.5, 0.09 + 0.05 * np.minimum(people.risk, 3))
    past = rng.random(len(people)) < 0.14 + 0.06 * np.minimum(people.risk, 3)
    person = np.concatenate([np.flatnonzero(now & ahead), np.flatnonzero(now & past)])
    future = np.arange(len(person)) < int((now & ahead).sum())
    gap = np.minimum(1 + rng.exponential(17, len(person)), 60).astype(np.int64)
    day = months.through + np.where(future, gap, 1 - gap)
    day += np.select([(day + 3) % 7 == 5, (day + 3) % 7 == 6], [-1, -2], 0)
    day = np.where(future, np.maximum(day, months.through + 1), day)
    minutes = rng.integers(16, 34, len(person)) * 30
    length = rng.choice([20, 30, 40], len(person))
    kind = rng.choice(len(APPOINTMENTS), len(person), p=[0.45, 0.16, 0.2, 0.1, 0.09])
    reason = np.where(recent_ed[person] & future, 0, rng.integers(1, len(REASONS), len(person)))
    status = np.where(future, 0, rng.choice([1, 2, 3], len(person), p=[0.78, 0.13, 0.09]))
    begin = (day * 1440 + minutes) * 60
    return pa.table(
        {
            "appointment_id": _row_ids("A", people, person, day, kind),
            "person_id": dictionary_column(person, people.person_id),
            "normalized_appointment_type_description": dictionary_column(kind, pa.array(APPOINTMENTS)),
            "start_datetime": pa.array(begin, pa.timestamp("s")),
            "end_datetime": pa.array(begin + length * 60, pa.timestamp("s")),
            "duration": pa.array(length),
            "practitioner_id": dictionary_column(pcp[person], network.words()),
            "normalized_status": dictionary_column(
                status, pa.array(["booked", "fulfilled", "noshow", "cancelled"])
            ),
            "appointment_specialty": _one("primary care", len(person)),
            "reason": dictionary_column(reason, pa.array(REASONS)),
            "data_source": _one(settings.contracts[contract].feed, len(person)),
        }
    )


def _one(text: str, count: int) -> pa.Array:
    return dictionary_column(np.zeros(count, np.int32), pa.array([text], pa.string()))


def _row_ids(prefix: str, people: People, person: np.ndarray, day: np.ndarray, kind: np.ndarray) -> pa.Array:
    """Unique by person, day, kind and how many of those went before."""
    key = (people.number[person] * 100_000 + day) * 10 + kind
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    first = np.concatenate([[True], ordered[1:] != ordered[:-1]]) if len(key) else np.zeros(0, bool)
    starts = np.flatnonzero(first)
    turn = np.arange(len(key)) - np.repeat(starts, np.diff(np.append(starts, len(key))))
    repeated = np.empty(len(key), np.int64)
    repeated[order] = turn
    return numbered(prefix, key * 10 + np.minimum(repeated, 9), 18)
