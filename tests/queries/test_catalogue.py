"""Every question, column and metric is documented, and its documentation is true."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from queries import all_metrics, all_questions, metric, question
from queries.catalog import FOLDER, read
from queries.errors import InvalidQuestion, UnknownQuestion
from queries.filters import Filters, months_before
from queries.scope import column_classes

QUESTIONS = all_questions()


@pytest.mark.parametrize("name", [item.name for item in QUESTIONS])
def test_every_question_and_its_columns_and_drills_are_documented(name: str) -> None:
    item = question(name)
    assert item.answers.endswith((".", "?")) and item.grain
    for column in item.columns.values():
        assert column.unit and column.meaning
    for metric_id in item.metric:
        assert metric(metric_id)
    for measure, how in item.drill.items():
        assert measure in item.columns
        target = question(how.question)
        assert set(how.params) <= set(target.params)
        if how.group:
            assert how.group.by in item.params and set(how.group.map.values()) <= set(target.params)
            assert set(how.group.map) == set(item.params[how.group.by].choices)
        if how.count.startswith("sum:"):
            assert how.count[4:] in target.columns


def test_every_sql_file_is_a_question() -> None:
    assert {f"{path.parent.name}/{path.stem}" for path in FOLDER.glob("*/*.sql")} == {
        item.name for item in QUESTIONS
    }


@pytest.mark.parametrize("metric_id", [item.id for item in all_metrics()])
def test_every_metric_names_columns_that_exist(metric_id: str) -> None:
    item = metric(metric_id)
    known: set[str] = set()
    for measure in filter(None, (item.numerator, item.denominator)):
        columns = question(measure.question).columns
        assert measure.measure in columns
        known |= set(columns)
    assert set(re.findall(r"\{(\w+)\}", item.formula)) <= known
    assert any(metric_id in asked.metric for asked in QUESTIONS), "no question shows it"


def test_the_metrics_of_the_first_page_are_there() -> None:
    assert {item.id for item in all_metrics()} >= {
        "ed_visits_per_1000", "ed_observation_per_1000", "ed_admitted_per_1000", "ed_total_per_1000",
        "avoidable_ed_per_1000", "avoidable_ed_share", "followup_7d_rate", "followup_30d_rate",
        "frequent_users",
        "ed_allowed_per_visit", "member_months", "medical_paid", "inpatient_stays", "quarantined_rows",
    }  # fmt: skip


def test_the_metrics_of_the_cost_page_are_there_and_the_data_status_knows_them() -> None:
    of_cost = {name for item in QUESTIONS if item.name.startswith("cost/") for name in item.metric}
    assert of_cost >= {
        "pmpm", "pmpm_to_date", "estimated_share", "risk_adjusted_pmpm", "observed_expected", "category_pmpm",
        "units_per_1000", "unit_cost", "large_claimant_share", "generic_rate", "share_90", "specialty_share",
        "leakage_rate", "cost_concentration", "mean_raf", "coding_share", "other_share", "change_since_snapshot",
    }  # fmt: skip
    checks = FOLDER.parent / "data" / "reference" / "seeds" / "data_check.csv"
    with checks.open(encoding="utf-8", newline="") as file:
        affected = {name for row in csv.DictReader(file) for name in row["metrics"].split("|")}
    assert of_cost <= affected


def test_a_metric_that_does_not_exist_is_named() -> None:
    with pytest.raises(UnknownQuestion, match="happiness"):
        metric("happiness")


HEADER = """-- answers: What is here to be seen?
-- grain: one row
-- columns:
--   n: "rows — how many"
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("select count(*) as n from mart.build", "answers"),
        (HEADER + "select count(*) as m from mart.build", "must agree"),
        (HEADER + "select count(*) as n from mart.build where feed = :feed", "not declared"),
        (
            HEADER
            + "-- params:\n--   feed: {type: str, meaning: the feed}\nselect count(*) as n from mart.build",
            "not bound",
        ),
        (HEADER.replace(" — ", " ") + "select count(*) as n from mart.build", "unit — meaning"),
        (HEADER + "-- colour: red\nselect count(*) as n from mart.build", "colour"),
        (HEADER + "select count(*) as n from raw.build", "outside mart"),
        (HEADER + "select count(* as n from mart.build", "parsed"),
    ],
)
def test_a_question_that_is_wrong_is_refused_with_the_reason(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "ed" / "wrong.sql"
    file.parent.mkdir()
    file.write_text(text)
    with pytest.raises(InvalidQuestion, match=said):
        read(file)


def test_filters_are_normalised_so_that_equal_choices_are_equal() -> None:
    from datetime import date

    assert Filters(market=("b", "a", "a")) == Filters(market=["a", "b"])  # type: ignore[arg-type]
    assert Filters(period_end=date(2026, 3, 31)).period_end == date(2026, 3, 1)
    assert months_before(date(2026, 3, 1), 3) == date(2025, 12, 1) and months_before(
        date(2026, 12, 1), -1
    ) == date(2027, 1, 1)
    with pytest.raises(TypeError):
        Filters(market="north")  # type: ignore[arg-type]


def test_the_tables_of_the_demo_are_those_the_hand_written_tests_use(
    demo_warehouse: Path, read_snapshot: Callable, crowd: Path
) -> None:
    listed = (
        "select table_name, column_name from information_schema.columns "
        "where table_schema = 'mart' and table_catalog = 'snapshot'"
    )
    real = set(read_snapshot(demo_warehouse).execute(listed).fetchall())
    written = set(read_snapshot(crowd).execute(listed).fetchall())
    assert written <= real
    assert {key for key in column_classes() if key not in real} == set()
