"""The published facts of the Tuva input layer files come out of the models to the cent."""

from __future__ import annotations

import duckdb


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
