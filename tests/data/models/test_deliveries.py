"""What the data page is told: a year of monthly deliveries of one payer, with one fault of each kind planted."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from data.project import SEEDS
from data.transform import transform
from queries import all_metrics

from .conftest import attached, write_raw

MONTHS = [dt.date(2025 + at // 12, at % 12 + 1, 1) for at in range(6, 20)]  # Jul 2025 to Aug 2026
ROWS = 400
FEWER = {dt.date(2026, 6, 1): 160}
KINDS = ("eligibility", "medical_claim", "pharmacy_claim")
MISSING = ("pharmacy_claim", dt.date(2026, 3, 1))
LATE = ("medical_claim", dt.date(2026, 4, 1))
GOOD_NPI, BAD_NPI = "1234567893", "1234567890"


def name_of(kind: str, month: dt.date) -> str:
    return f"{month:%Y-%m}/{kind}.csv"


def following(month: dt.date, day: int) -> dt.date:
    """A day of the month after."""
    return dt.date(month.year + month.month // 12, month.month % 12 + 1, day)


def files() -> list[dict[str, Any]]:
    """Every file of the payer as the build records it."""
    found = []
    for month in MONTHS:
        for kind in KINDS:
            if (kind, month) == MISSING:
                continue
            rows = FEWER.get(month, ROWS) if kind == "medical_claim" else 3 if kind == "eligibility" else 40
            aside = 2 if (kind, month) == ("medical_claim", MONTHS[-1]) else 0
            found.append(
                {
                    "file_name": name_of(kind, month), "input_table": kind, "kind": kind, "status": "loaded",
                    "rows_in": rows + aside, "rows_loaded": rows, "rows_quarantined": aside,
                    "delivery_month": month, "received_on": following(month, 18 if (kind, month) == LATE else 12),
                }
            )  # fmt: skip
    again = {
        "file_name": "again.csv",
        "input_table": "medical_claim",
        "kind": "medical_claim",
        "status": "duplicate",
    }
    found.append(
        {
            **again,
            "rows_in": 400,
            "duplicate_of": name_of("medical_claim", MONTHS[0]),
            "delivery_month": MONTHS[8],
        }
    )
    return found


def eligibility() -> list[dict[str, Any]]:
    """Three people in every month's file; from July 2026 on person 1 has left at the end of April."""
    return [
        {
            "file_name": name_of("eligibility", month), "row_number": int(person), "person_id": person, "plan": "p",
            "contract_id": "aco", "market_id": "south" if person == "3" else "north", "sex": "female",
            "birth_date": "1950-01-01", "zip_code": "60601", "enrollment_start_date": "2025-01-01",
            "enrollment_end_date": "2026-04-30" if person == "1" and month >= dt.date(2026, 7, 1) else None,
            "is_superseded": month < MONTHS[-1],
        }
        for month in MONTHS
        for person in ("1", "2", "3")
    ]  # fmt: skip


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """The year, transformed."""
    path = tmp_path_factory.mktemp("delivered") / "delivered.duckdb"
    totals = [
        {"delivery_month": MONTHS[-1], "input_table": "medical_claim", "rows": ROWS + 2, "paid_amount": 5000},
        {
            "delivery_month": dt.date(2026, 5, 1),
            "input_table": "medical_claim",
            "rows": ROWS + 10,
            "paid_amount": 4100,
        },
        {
            "delivery_month": dt.date(2026, 2, 1),
            "input_table": "medical_claim",
            "rows": ROWS,
            "paid_amount": 4000,
        },
    ]
    write_raw(
        path,
        {
            "run": [{"snapshot_id": "s", "built_at": dt.datetime(2026, 9, 20), "code_version": "test"}],
            "feed": [
                {"due_day": 15, "expected_since": MONTHS[0], "expected": "|".join(KINDS)},
                {"feed": "other", "due_day": None},
            ],
            "feed_file": [
                *files(),
                {"feed": "other", "file_name": "x.csv", "input_table": "lab_result", "status": "loaded"},
            ],
            "contract": [{"contract_id": "aco", "contract_name": "Harbor ACO"}],
            "market": [
                {"market_id": "north", "market_name": "North"},
                {"market_id": "south", "market_name": "South"},
            ],
            "eligibility": eligibility(),
            "control_total": totals,
        },
    )
    with duckdb.connect(str(path)) as connection:
        for month in MONTHS:
            # 400 lines of 100 claims of 10 dollars each, paid in the month; half without revenue centre in July
            connection.execute(
                """
                insert into raw.medical_claim (
                    feed, file_name, row_number, contract_id, claim_id, claim_line_number, claim_type, person_id,
                    claim_start_date, claim_end_date, paid_date, paid_amount, allowed_amount, charge_amount,
                    bill_type_code, revenue_center_code, drg_code, billing_npi, facility_npi, diagnosis_code_1
                )
                select
                    'payer', $file, i + 1, 'aco', $tag || '-' || (i // 4), i % 4 + 1, 'institutional', cast(i // 4 % 3 + 1 as varchar),
                    $month, $month, $month, 10, 12, 20, '111', case when $tag = '2026-07' and i % 2 = 0 then null else '0120' end,
                    case when i < 4 then '9X9' else '871' end, case when i < 100 then $bad else $good end, $good, 'A419'
                from range($rows) as r(i)
                """,
                {"file": name_of("medical_claim", month), "tag": f"{month:%Y-%m}", "month": month,
                 "rows": FEWER.get(month, ROWS), "good": GOOD_NPI, "bad": BAD_NPI},
            )  # fmt: skip
    transform(path, memory_limit="1GB", threads=1)
    with attached(path) as connection:
        yield connection


def rows(connection: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    return connection.execute(sql).fetchall()


def issues(connection: duckdb.DuckDBPyConnection, problem: str) -> list[tuple[Any, ...]]:
    """(month, severity, words) of the problems of a kind, each told once."""
    return rows(
        connection,
        f"select distinct month, severity, words from mart.data_issue where problem = '{problem}' order by month",
    )


def test_a_file_that_has_not_come_by_its_due_day_is_missing(delivered: duckdb.DuckDBPyConnection) -> None:
    found = rows(
        delivered, "select distinct kind, delivery_month, due_on from mart.delivery where status = 'missing'"
    )
    assert found == [("pharmacy_claim", dt.date(2026, 3, 1), dt.date(2026, 4, 15))]
    assert issues(delivered, "missing") == [
        (dt.date(2026, 3, 1), "act", "Pharmacy of Harbor ACO is missing for Mar 2026")
    ]


def test_a_month_that_is_not_due_yet_says_nothing(delivered: duckdb.DuckDBPyConnection) -> None:
    """Built on 20 September: September's files are due on 15 October."""
    assert rows(delivered, "select max(delivery_month) from mart.delivery") == [(dt.date(2026, 8, 1),)]


def test_a_late_file_says_by_how_many_days(delivered: duckdb.DuckDBPyConnection) -> None:
    found = rows(
        delivered, "select distinct kind, delivery_month, days_late from mart.delivery where status = 'late'"
    )
    assert found == [("medical_claim", dt.date(2026, 4, 1), 3)]
    assert [words for _, _, words in issues(delivered, "late")] == [
        "Medical claims of Harbor ACO for Apr 2026 came 3 days late"
    ]


def test_a_feed_without_declared_deliveries_is_undated(delivered: duckdb.DuckDBPyConnection) -> None:
    found = rows(delivered, "select kind, status, delivery_month from mart.delivery where feed = 'other'")
    assert set(found) == {("lab_result", "undated", None)}


def test_every_place_a_feed_serves_is_told_of_it(delivered: duckdb.DuckDBPyConnection) -> None:
    """A market lead sees the problems of the feeds that bring her members; a feed of no contract concerns all."""
    found = rows(delivered, "select feed, market_id, places, is_own from mart.feed order by feed, market_id")
    assert found == [
        ("other", "north", 2, False), ("other", "south", 2, False), ("payer", "north", 2, True), ("payer", "south", 2, True),
    ]  # fmt: skip
    assert rows(delivered, "select distinct market_id from mart.data_issue where problem = 'missing' order by 1") == [
        ("north",), ("south",),
    ]  # fmt: skip


def test_rows_that_fall_beyond_usual_variation_are_told_and_nothing_else(
    delivered: duckdb.DuckDBPyConnection,
) -> None:
    assert issues(delivered, "fewer rows") == [
        (dt.date(2026, 6, 1), "act", "Medical claims of Harbor ACO for Jun 2026: 60% fewer rows than usual")
    ]
    assert issues(delivered, "more rows") == []
    assert issues(delivered, "less paid") == [], "dollars that follow the rows are one problem"


def test_a_rate_that_fell_is_told_with_what_it_was(delivered: duckdb.DuckDBPyConnection) -> None:
    assert issues(delivered, "filled less") == [
        (
            dt.date(2026, 7, 1),
            "watch",
            "Revenue center code of Harbor ACO for Jul 2026: filled on 50% of lines, 100% before",
        )
    ]
    affected = rows(delivered, "select distinct metrics from mart.data_issue where problem = 'filled less'")
    assert "ed_visits_per_1000" in affected[0][0].split("|")


def test_control_totals_stand_beside_the_payers_own_and_three_months_before(
    delivered: duckdb.DuckDBPyConnection,
) -> None:
    found = rows(
        delivered,
        "select month, lines, members, claims, paid, payer_lines, payer_paid, prior_lines, prior_paid "
        "from mart.control_total where kind = 'medical_claim' and market_id = 'north' "
        "and month in ('2025-09-01', '2026-05-01', '2026-08-01') order by month",
    )
    assert found == [
        (dt.date(2025, 9, 1), 400, 3, 100, 4000.0, None, None, None, None),
        (dt.date(2026, 5, 1), 400, 3, 100, 4000.0, 410, 4100.0, 400.0, 4000.0),
        (dt.date(2026, 8, 1), 400, 3, 100, 4000.0, 402, 5000.0, 400.0, 4000.0),  # of 400, 160 and 400
    ]


def test_totals_differ_unless_the_rows_set_aside_explain_it(delivered: duckdb.DuckDBPyConnection) -> None:
    """August lacks two rows, and two are set aside; May lacks ten."""
    assert issues(delivered, "totals differ") == [
        (
            dt.date(2026, 5, 1),
            "act",
            "Medical claims of Harbor ACO for May 2026: 10 fewer rows than the payer counts",
        )
    ]
    assert issues(delivered, "set aside") == [
        (dt.date(2026, 8, 1), "info", "Medical claims of Harbor ACO for Aug 2026: 2 rows set aside (0.5%)")
    ]


def test_an_npi_needs_its_check_digit(delivered: duckdb.DuckDBPyConnection) -> None:
    found = rows(
        delivered,
        "select column_name, lines, filled, valid from mart.column_fill where market_id = 'north' "
        "and delivery_month = '2026-08-01' and column_name like '%npi' and lines > 0 order by 1",
    )
    assert found == [("billing_npi", 400, 400, 300), ("facility_npi", 400, 400, 400)]


def test_a_code_that_the_reference_lacks_is_listed_as_sent(delivered: duckdb.DuckDBPyConnection) -> None:
    found = rows(
        delivered,
        "select column_name, code, lines, first_month from mart.unmapped_code where market_id = 'south'",
    )
    assert found == [("drg_code", "9X9", 4 * len(MONTHS), MONTHS[0])]


def test_enrolment_taken_back_counts_the_months_already_reported(
    delivered: duckdb.DuckDBPyConnection,
) -> None:
    """The file of July ends person 1 with April: May and June had been reported."""
    found = rows(
        delivered,
        "select contract_id, market_id, delivery_month, members, member_months from mart.retroactive_change",
    )
    assert found == [("aco", "north", dt.date(2026, 7, 1), 1, 2)]
    assert len(issues(delivered, "ended retroactively")) == 1


def test_rows_that_a_later_file_replaces_are_in_no_number(delivered: duckdb.DuckDBPyConnection) -> None:
    found = rows(
        delivered, "select person_id, count(*), max(month) from mart.member_month group by 1 order by 1"
    )
    assert found == [
        ("1", 16, dt.date(2026, 4, 1)), ("2", 20, dt.date(2026, 8, 1)), ("3", 20, dt.date(2026, 8, 1)),
    ]  # fmt: skip


def test_a_repeated_file_is_told_and_not_counted(delivered: duckdb.DuckDBPyConnection) -> None:
    assert [severity for _, severity, _ in issues(delivered, "file repeated")] == ["info"]
    assert rows(
        delivered,
        "select distinct files, duplicate_files, rows_in from mart.delivery "
        "where kind = 'medical_claim' and delivery_month = '2026-03-01'",
    ) == [(1, 1, 400)]


def test_members_without_a_claim_all_year_are_counted_now_and_a_year_before(
    delivered: duckdb.DuckDBPyConnection,
) -> None:
    """Persons 2 and 3 were enrolled in all twelve months to August 2026 and had claims; person 1 left."""
    assert rows(delivered, "select market_id, month, members, without_claims from mart.member_without_claim order by 1") == [
        ("north", dt.date(2026, 8, 1), 1, 0), ("south", dt.date(2026, 8, 1), 1, 0),
    ]  # fmt: skip


def test_every_check_names_metrics_and_pages_that_exist() -> None:
    from access.policy import policy

    metrics = {metric.id for metric in all_metrics()}
    with (SEEDS / "data_check.csv").open(encoding="utf-8", newline="") as file:
        for check in csv.DictReader(file):
            assert set(filter(None, check["metrics"].split("|"))) <= metrics, check
            assert set(filter(None, check["pages"].split("|"))) <= set(policy().pages), check
