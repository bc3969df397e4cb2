"""The visit, stay, member-month and money rules on a feed small enough to check in one's head."""

from __future__ import annotations

import datetime as dt

import duckdb
import pytest


def test_member_months_end_with_the_data_the_span_or_death(small: duckdb.DuckDBPyConnection) -> None:
    rows = small.execute(
        "select person_id, contract_id, count(*), max(month) from mart.member_month "
        "group by 1, 2 order by 1, 2"
    ).fetchall()
    assert rows == [
        ("1", "aco", 6, dt.date(2026, 6, 1)),  # open end: the data's last month
        ("2", "aco", 3, dt.date(2026, 3, 1)),  # left on the 15th: March still counts
        ("2", "mco", 4, dt.date(2026, 6, 1)),  # 2099: the data's last month; March counts for both payers
        ("3", "aco", 4, dt.date(2026, 4, 1)),  # died in April, enrolled until December
    ]


def test_disposition_and_money_of_visits(small: duckdb.DuckDBPyConnection) -> None:
    rows = small.execute(
        "select claim_ids, disposition, paid from mart.ed_visit order by visit_date"
    ).fetchall()
    assert rows == [
        (
            "e1",
            "treated_and_released",
            150.0,
        ),  # 120 of the facility and 30 of the doctor who billed the next day
        ("e2", "admitted", 0.0),  # admitted the next day: its 80 belong to the stay
        ("e3", "treated_and_released", 70.0),
        ("e4", "treated_and_released", 70.0),
    ]


def test_the_stay_carries_the_emergency_visits_money(small: duckdb.DuckDBPyConnection) -> None:
    rows = small.execute(
        "select admit_date, days, paid, admitted_from_ed, is_index, readmitted_30d, "
        "readmission_of is not null "
        "from mart.inpatient_stay order by admit_date"
    ).fetchall()
    assert rows == [
        (dt.date(2026, 2, 11), 4, 5080.0, True, True, True, False),
        (dt.date(2026, 3, 1), 3, 4000.0, False, True, False, True),
    ]


def test_follow_up_is_null_until_the_window_has_passed(small: duckdb.DuckDBPyConnection) -> None:
    rows = small.execute(
        "select claim_ids, followed_up_7d, followed_up_30d, followup_7d_on from mart.ed_visit "
        "where disposition = 'treated_and_released' order by visit_date"
    ).fetchall()
    assert rows == [
        ("e1", True, True, dt.date(2026, 2, 6)),
        ("e3", False, False, None),
        ("e4", None, None, dt.date(2026, 6, 20)),  # done early, not yet counted
    ]
    status = small.execute(
        "select followup_7d_status, followup_7d_due from mart.member where person_id = '1'"
    ).fetchone()
    assert status == ("done", dt.date(2026, 6, 25))


def test_weights_by_exact_code_and_the_rest_unclassified(small: duckdb.DuckDBPyConnection) -> None:
    rows = small.execute(
        "select primary_diagnosis, round(avoidable_probability, 6), special_class, unclassified, "
        "ahrq_pqe, arrival_hour "
        "from mart.ed_visit order by visit_date"
    ).fetchall()
    assert rows == [
        ("J069", 0.9, None, 0.0, None, 14),  # 75 years old: acute conditions are counted under 65
        ("S0990XA", 0.0, "injury", 0.0, None, None),
        ("K0889", 0.0, "unclassified", 1.0, "dental", None),
        ("R079", 0.0, "unclassified", 1.0, None, None),
    ]


def test_what_cannot_be_a_visit_or_stay_is_listed_apart(small: duckdb.DuckDBPyConnection) -> None:
    assert small.execute("select claim_id from mart.ed_unmatched").fetchall() == [("d2",)]
    assert small.execute("select claim_id, reason from mart.stay_apart").fetchall() == [
        ("n1", "non-payment claim (bill type 110)")
    ]
    assert small.execute("select claim_kind, lines, paid from mart.claim_outside_enrolment").fetchall() == [
        ("medical", 1, 15.0)
    ]


def test_completion_is_a_chain_ladder_of_the_triangle(small: duckdb.DuckDBPyConnection) -> None:
    """Every payment comes in the month of service: link ratios are 1 and every month is complete."""
    rows = small.execute(
        "select months_of_runout, completion_medical, is_mature from mart.month "
        "where contract_id = 'aco' order by month"
    ).fetchall()
    assert rows == [(lag, 1.0, True) for lag in (5, 4, 3, 2, 1, 0)]


@pytest.mark.parametrize(("column", "value"), [("pcp_name", "Dr Lee"), ("lead_staff_id", "s1"), ("age", 75)])
def test_member_months_know_who_cares(small: duckdb.DuckDBPyConnection, column: str, value: object) -> None:
    row = small.execute(
        f"select {column} from mart.member_month where person_id = '1' and month = date '2026-02-01'"
    ).fetchone()
    assert row == (value,)
