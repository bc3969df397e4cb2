"""The published facts of the Tuva input layer files come out of the models to the cent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from data.build import load_raw
from data.transform import transform

SOURCE = """
name: tuva
format: tuva_input_layer
person_ids: shared
contracts:
  - {contract_id: aco, contract_name: ACO, payer: medicare, plan: medicare, line_of_business: medicare,
     model: shared_savings, performance_start: 2016-01-01, performance_end: 2018-12-31,
     completion_threshold: 0.9}
markets:
  - {market_id: all, market_name: All, state: WI}
contract_rules:
  - {when: {}, contract_id: aco}
market_rules:
  - {when: {}, market_id: all}
files: {eligibility: "eligibility*.csv", medical_claim: "medical_claim*.csv",
        pharmacy_claim: "pharmacy_claim*.csv",
        lab_result: "lab_result*.csv", observation: "observation*.csv", appointment: "appointment*.csv",
        immunization: "immunization*.csv"}
"""


@pytest.fixture(scope="module")
def tuva(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """The Tuva files, read in place, loaded and transformed."""
    folder = tmp_path_factory.mktemp("tuva")
    feed = folder / "feeds" / "tuva"
    feed.mkdir(parents=True)
    (feed / "source.yaml").write_text(SOURCE)
    for file in (shared / "data" / "tuva_input_layer").glob("*.csv"):
        (feed / file.name).symlink_to(file)
    work = folder / "work.duckdb"
    load_raw(folder / "feeds", work)
    transform(work, memory_limit="1GB")
    with duckdb.connect() as connection:
        connection.execute(f"attach '{work}' as work (read_only)")
        connection.execute("use work")
        yield connection


def test_member_months_by_year(tuva: duckdb.DuckDBPyConnection) -> None:
    rows = tuva.execute(
        "select year(month), count(*) from mart.member_month group by 1 order by 1"
    ).fetchall()
    assert rows == [(2016, 115), (2017, 111), (2018, 83)]


def test_medical_paid_inside_and_outside_enrolment(tuva: duckdb.DuckDBPyConnection) -> None:
    rows = tuva.execute(
        "select in_enrolment, round(sum(paid), 2) from mart.spend_month "
        "where service_category_1 <> 'pharmacy' "
        "group by 1 order by 1"
    ).fetchall()
    assert rows == [(False, 13489.87), (True, 150329.10)]
    outside = tuva.execute(
        "select sum(lines), round(sum(paid), 2) from mart.claim_outside_enrolment "
        "where claim_kind = 'medical'"
    ).fetchone()
    assert outside == (182, 13489.87)
    assert tuva.execute("select round(sum(paid), 2) from mart.spend_month").fetchone() == (
        round(163818.97 + 45827.28, 2),
    )


def test_emergency_visits_by_disposition(tuva: duckdb.DuckDBPyConnection) -> None:
    rows = tuva.execute("select disposition, count(*) from mart.ed_visit group by 1 order by 1").fetchall()
    assert rows == [("admitted", 4), ("treated_and_released", 6)]


def test_stays_and_the_bill_that_is_none(tuva: duckdb.DuckDBPyConnection) -> None:
    assert tuva.execute("select count(*) from mart.inpatient_stay").fetchone() == (5,)
    assert tuva.execute("select claim_id, bill_type_code, reason from mart.stay_apart").fetchall() == [
        ("370805", "110", "non-payment claim (bill type 110)")
    ]


def test_without_payment_dates_months_are_mature_and_completion_unknown(
    tuva: duckdb.DuckDBPyConnection,
) -> None:
    assert tuva.execute("select distinct completion_medical, is_mature from mart.month").fetchall() == [
        (None, True)
    ]
