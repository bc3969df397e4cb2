"""The headline numbers counted again, in plain Python, from the payer's own files, without the project's SQL.

What is written here follows the definitions in words, so that no error of a model is repeated by its test.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import duckdb
import pytest

DAY = timedelta(days=1)
ED_REVENUE = {*(f"{code:04}" for code in range(450, 460)), "0981"}


class Claim(NamedTuple):
    """What the rules need to know of a claim; amounts are over all its lines."""

    claim_id: str
    person: str
    facility: str
    first: date
    last: date
    bill_type: str
    institutional: bool
    is_ed: bool
    is_observation: bool
    lines: int
    paid: Decimal

    @property
    def inpatient(self) -> bool:
        return self.institutional and self.bill_type.startswith("11")


def _read(shared: Path, name: str) -> list[dict[str, str]]:
    with (shared / "data" / "tuva_input_layer" / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def claims(shared: Path) -> list[Claim]:
    lines: dict[str, list[dict[str, str]]] = defaultdict(list)
    for line in _read(shared, "medical_claim"):
        lines[line["claim_id"]].append(line)
    found = []
    for claim_id, rows in lines.items():
        head = rows[0]
        found.append(
            Claim(
                claim_id,
                head["person_id"],
                next((row["facility_npi"] for row in rows if row["facility_npi"]), head["billing_npi"]),
                min(date.fromisoformat(row["claim_start_date"]) for row in rows),
                max(date.fromisoformat(row["claim_end_date"]) for row in rows),
                head["bill_type_code"],
                head["claim_type"] == "institutional",
                any(row["revenue_center_code"].zfill(4) in ED_REVENUE for row in rows),
                any(
                    row["revenue_center_code"].zfill(4) == "0762" or row["hcpcs_code"] == "G0378"
                    for row in rows
                ),
                len(rows),
                sum((Decimal(row["paid_amount"] or "0") for row in rows), Decimal()),
            )
        )
    return found


@pytest.fixture(scope="module")
def enrolled(shared: Path) -> set[tuple[str, int, int]]:
    """Person, year and month of every month enrolled on any day; these files have no death or open end."""
    months = set()
    for span in _read(shared, "eligibility"):
        assert not span["death_date"]
        day = date.fromisoformat(span["enrollment_start_date"])
        while day <= date.fromisoformat(span["enrollment_end_date"]):
            months.add((span["person_id"], day.year, day.month))
            day += DAY
    return months


def _visits(claims: list[Claim]) -> list[tuple[str, date, str]]:
    """(person, first day, disposition) of each emergency department visit."""
    parts: dict[tuple[str, str], list[tuple[date, date, Claim]]] = defaultdict(list)
    for claim in claims:
        if claim.institutional and claim.is_ed:
            last = claim.first if claim.inpatient else claim.last
            parts[claim.person, claim.facility].append((claim.first, last, claim))
    visits = []
    for (person, facility), pieces in parts.items():
        runs: list[tuple[date, date, list[Claim]]] = []
        for first, last, claim in sorted(pieces, key=lambda piece: piece[:2]):
            if runs and first <= runs[-1][1] + DAY:
                start, end, members = runs[-1]
                runs[-1] = (start, max(end, last), [*members, claim])
            else:
                runs.append((first, last, [claim]))
        for start, end, members in runs:
            own = [claim for claim in claims if claim.person == person]
            if any(c.inpatient and c.first <= end + DAY and c.last >= start for c in [*members, *own]):
                disposition = "admitted"
            elif any(
                c.is_observation
                and c.institutional
                and c.facility == facility
                and c.first <= end + DAY
                and c.last >= start - DAY
                for c in own
            ):
                disposition = "observation"
            else:
                disposition = "treated_and_released"
            visits.append((person, start, disposition))
    return visits


def test_nothing_in_the_files_cancels_or_replaces_another_bill(claims: list[Claim]) -> None:
    """The recount leaves both rules out, which is right only while nothing calls for them.

    There are replacing bills, but what they replace is not in the files.
    """
    assert not [claim for claim in claims if claim.paid < 0 or claim.bill_type[2:3] == "8"]
    replacing = [claim for claim in claims if claim.bill_type[2:3] == "7"]
    assert len(replacing) == 3
    for new in replacing:
        alike = [
            old
            for old in claims
            if (old.person, old.facility, old.first, old.bill_type[:2])
            == (new.person, new.facility, new.first, new.bill_type[:2])
        ]
        assert alike == [new]


def test_member_months(tuva: duckdb.DuckDBPyConnection, enrolled: set[tuple[str, int, int]]) -> None:
    rows = tuva.execute("select person_id, year(month), month(month) from mart.member_month").fetchall()
    assert len(rows) == len(set(rows)) == 309
    assert set(rows) == enrolled


def test_emergency_visits_and_dispositions(tuva: duckdb.DuckDBPyConnection, claims: list[Claim]) -> None:
    rows = tuva.execute("select person_id, visit_date, disposition from mart.ed_visit").fetchall()
    assert Counter(rows) == Counter(_visits(claims))
    assert Counter(row[2] for row in rows) == {"admitted": 4, "treated_and_released": 6}


def test_paid_in_and_outside_enrolment(
    tuva: duckdb.DuckDBPyConnection, claims: list[Claim], enrolled: set[tuple[str, int, int]]
) -> None:
    paid: dict[bool, Decimal] = {True: Decimal(), False: Decimal()}
    lines = Counter[bool]()
    for claim in claims:
        inside = (claim.person, claim.first.year, claim.first.month) in enrolled
        paid[inside] += claim.paid
        lines[inside] += claim.lines
    assert paid == {True: Decimal("150329.10"), False: Decimal("13489.87")}
    rows = tuva.execute(
        "select in_enrolment, round(sum(paid), 2) from mart.spend_month "
        "where service_category_1 <> 'pharmacy' group by 1"
    ).fetchall()
    assert dict(rows) == {inside: float(amount) for inside, amount in paid.items()}
    outside = tuva.execute(
        "select sum(lines) from mart.claim_outside_enrolment where claim_kind = 'medical'"
    ).fetchone()
    assert outside == (lines[False],)


def test_pharmacy_paid_in_enrolment(
    tuva: duckdb.DuckDBPyConnection, shared: Path, enrolled: set[tuple[str, int, int]]
) -> None:
    inside = Decimal()
    for fill in _read(shared, "pharmacy_claim"):
        day = date.fromisoformat(fill["dispensing_date"])
        if (fill["person_id"], day.year, day.month) in enrolled:
            inside += Decimal(fill["paid_amount"] or "0")
    counted = tuva.execute(
        "select round(sum(paid), 2) from mart.spend_month "
        "where service_category_1 = 'pharmacy' and in_enrolment"
    ).fetchone()
    assert counted == (float(inside),)
