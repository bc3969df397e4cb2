"""What the data page says of an answer: no sentence says more than the rows under it."""

from __future__ import annotations

import pandas as pd
import pytest

from components import data_status, data_tables, data_words


def deliveries(*rows: tuple[str, str, str, int]) -> pd.DataFrame:
    """(month, kind, status, days late) as data/deliveries answers."""
    return pd.DataFrame(
        {
            "feed": "payer",
            "feed_name": "Payer",
            "delivery_month": pd.to_datetime([month for month, *_ in rows]),
            "kind": [kind for _, kind, *_ in rows],
            "kind_words": [kind.capitalize() for _, kind, *_ in rows],
            "status": [status for *_, status, _ in rows],
            "is_expected": True,
            "days_late": [days for *_, days in rows],
            "files": [0 if status == "missing" else 1 for *_, status, _ in rows],
            "received_on": pd.to_datetime(["2026-09-12"] * len(rows)),
        }
    )


def test_a_feeds_month_is_as_bad_as_its_worst_file() -> None:
    frame = deliveries(
        ("2026-08-01", "eligibility", "arrived", 0),
        ("2026-08-01", "pharmacy", "missing", 0),
        ("2026-07-01", "eligibility", "late", 6),
        ("2026-07-01", "pharmacy", "arrived", 0),
        ("2026-06-01", "eligibility", "arrived", 0),
    )
    cells, states, months = data_tables.delivery_grid(frame, "feed_name")
    assert months[:3] == ["Aug 26", "Jul 26", "Jun 26"] and len(months) == 12
    assert list(cells.iloc[0][months[:4]]) == ["▲ Pharmacy", "△ 6 d late", "✓ 12 Sep", ""]
    assert list(states.iloc[0][months[:4]]) == ["missing", "late", "arrived", "none"]
    assert data_words.deliveries(frame) == (
        "1 of 2 files of Aug 2026 are here; in twelve months 1 is missing and 1 came late"
    )


def test_a_month_with_nothing_to_send_is_not_missing() -> None:
    frame = deliveries(("2026-08-01", "changes", "nothing", 0), ("2026-08-01", "pharmacy", "arrived", 0))
    assert data_words.deliveries(frame) == (
        "The file of Aug 2026 is here; in twelve months none is missing or late"
    )


def test_feeds_that_declare_nothing_have_no_grid_but_a_sentence() -> None:
    undated = deliveries(("2026-08-01", "lab", "undated", 0)).assign(delivery_month=pd.NaT, is_expected=False)
    cells, _, months = data_tables.delivery_grid(undated, "feed_name")
    assert cells.empty and months == []
    assert data_words.deliveries(undated) == "No feed says what it delivers each month"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"has_payer_total": False}, "– None given"),
        ({"payer_lines": 10}, "✓ Agrees"),
        ({"payer_lines": 130}, "▲ 120 rows fewer"),
        ({"payer_lines": 9}, "▲ 1 row more"),
        ({"payer_lines": 12, "lines_in": 12, "paid_difference": -9.0}, "✓ Agrees, 2 not loaded"),
        ({"payer_lines": 10, "paid_difference": -13.0}, "▲ $13 less paid"),
        ({"payer_lines": 310, "lines": None, "lines_in": None}, "▲ 310 rows fewer"),
    ],
)
def test_the_payers_total_is_compared_with_what_arrived(row: dict[str, object], said: str) -> None:
    given = {"has_payer_total": True, "lines": 10, "lines_in": 10, "paid_difference": 0.0, **row}
    assert data_tables.payer_words(given) == said


def test_a_change_says_its_sign_and_nothing_without_a_base() -> None:
    assert data_tables.change_words(104, 100) == "+4%"
    assert data_tables.change_words(31, 100) == "−69%"
    assert data_tables.change_words(100, 100) == "No change"
    assert data_tables.change_words(100, None) == data_tables.change_words(5, 0) == "–"


def test_a_column_that_fell_comes_first_and_one_that_was_always_weak_after_it() -> None:
    months = pd.date_range("2026-01-01", periods=6, freq="MS")

    def series(column: str, fill: list[float], valid: float) -> pd.DataFrame:
        return pd.DataFrame(
            {
                "feed": "payer", "feed_name": "Payer", "kind": "medical_claim", "kind_words": "Medical claims",
                "column_name": column, "valid_rule": "filled", "delivery_month": months, "lines": 100,
                "fill_rate": fill, "valid_rate": valid,
            }
        )  # fmt: skip

    shown = data_tables.fill_rows(
        pd.concat([
            series("sex", [1.0] * 6, 1.0), series("billing_npi", [1.0] * 6, 0.4),
            series("diagnosis_code_1", [1.0] * 5 + [0.6], 1.0),
        ]),
        "light",
    )  # fmt: skip
    assert list(shown["column"]) == ["Diagnosis 1", "Billing NPI", "Sex"]
    assert list(shown["signal"]) == ["▲ Filled −40 points", "△ 40%, as before", "○ As before"]
    assert data_words.fill(shown) == "Diagnosis 1 of Payer fell"


def problem(**changes: object) -> dict[str, object]:
    return {
        "words": "Pharmacy of Payer is missing for Aug 2026", "severity": "act", "metrics": "medical_paid|pharmacy_paid",
        "affects_from": pd.Timestamp("2026-07-01"), "affects_to": pd.Timestamp("2026-08-01"), **changes,
    }  # fmt: skip


def test_the_pill_says_the_worst_problem_and_how_many_more() -> None:
    reach = "Incurred to 31 Aug 2026, paid through 31 Oct"
    none = pd.DataFrame(columns=list(problem()))
    assert data_status.pill_words(none, reach) == reach
    two = pd.DataFrame([problem(), problem(words="Another")])
    assert data_status.pill_words(two.head(1), reach) == "Pharmacy of Payer is missing for Aug 2026"
    assert data_status.pill_words(two, reach) == "Pharmacy of Payer is missing for Aug 2026, and 1 more"


def test_a_problem_names_the_pages_own_number_first() -> None:
    row = pd.Series(problem())
    assert data_status.affected_words(row) == "Medical paid and 1 more number, Jul to Aug 2026"
    assert data_status.affected_words(row, ["pharmacy_paid"]).startswith("Pharmacy paid and 1 more number")
    assert data_status.affected_words(pd.Series(problem(metrics=""))) == "No number is affected"


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        ("2026-08-01", "2026-08-01", "Aug 2026"),
        ("2026-07-01", "2026-09-01", "Jul to Sep 2026"),
        ("2025-11-01", "2026-02-01", "Nov 2025 to Feb 2026"),
    ],
)
def test_months_are_said_with_their_years_where_those_differ(first: str, last: str, said: str) -> None:
    assert data_status.months_words(first, last) == said
