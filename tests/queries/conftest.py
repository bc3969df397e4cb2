"""Small hand-written warehouses for the questions' tests, and the collector of `case.yaml`.

A question's test is data: `tests/queries/<view>/<question>/<name>.case.yaml` (or case.yaml) holds a few input
rows, the filters and parameters, who asks, and the rows expected. Columns left out of an input row take the
defaults below; columns left out of `expect` are not compared.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
import yaml

from access.principal import Principal
from queries import Filters, ask, drill

MART = (Path(__file__).parent / "mart.sql").read_text(encoding="utf-8")
ALL_CLASSES = frozenset({"key", "identifier", "clinical", "sensitive"})
ALL_ACTIONS = frozenset({"view_members", "export_members", "view_quarantine"})

DEFAULTS: dict[str, dict[str, Any]] = {
    "ed_visit": {
        "disposition": "treated_and_released", "in_enrolment": True, "paid": 100.0, "allowed": 200.0,
        "source": "claims", "weekday": 1, "facility_npi": "f1", "facility_name": "First Hospital",
        "line_of_business": "medicare",
    },
    "member_month": {"medical_member_months": 1, "pharmacy_member_months": 1, "line_of_business": "medicare"},
    "member": {"is_enrolled": True, "ed_visits_12m": 0, "line_of_business": "medicare"},
    "month": {"is_mature": True, "member_months": 1, "completion_medical": 1.0},
    "spend_month": {
        "in_enrolment": True, "feed": "payer", "service_category_1": "outpatient", "network": "in", "claims": 1,
        "units": 1, "paid_over": 0, "allowed_over": 0,
    },
    "claim_line": {
        "in_enrolment": True, "feed": "payer", "service_category_1": "outpatient", "network": "in", "units": 1,
        "paid_over": 0, "allowed_over": 0, "is_cancelled": False, "claim_line_number": 1,
    },
    "spend_group": {
        "service_category_1": "outpatient", "network": "in", "claims": 1, "units": 1, "paid_over": 0,
        "allowed_over": 0,
    },
    "enrolment_group": {"line_of_business": "medicare"},
    "completion": {"basis": "allowed", "multiplier": 1, "per_member_month": 0, "per_member_month_truncated": 0},
    "completion_draw": {"basis": "allowed", "multiplier": 1, "per_member_month": 0},
    "completion_link": {"basis": "allowed"},
    "completion_backtest": {"basis": "allowed"},
    "spend_lag": {"in_enrolment": True},
    "referral_month": {"network": "in", "claims": 1, "units": 1},
    "member_risk": {"model": "cms_hcc_v28", "is_leaving": False},
    "inpatient_stay": {"in_enrolment": True},
    "contract": {"line_of_business": "medicare"},
    "market": {}, "care_team": {}, "build": {"feed": "payer"},
}  # fmt: skip
DIMENSIONS = {
    "contract": [{"contract_id": "aco", "contract_name": "Harbor ACO"}],
    "market": [
        {"market_id": "north", "market_name": "North"},
        {"market_id": "south", "market_name": "South"},
    ],
}


def write_snapshot(warehouse: Path, snapshot: str, given: dict[str, list[dict[str, Any]]]) -> None:
    """Publishes a snapshot with these mart rows."""
    warehouse.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect(str(warehouse / f"{snapshot}.duckdb"))
    try:
        connection.execute(MART)
        for table, rows in ({**DIMENSIONS, **given}).items():
            columns = [
                name for (name,) in connection.execute(
                    "select column_name from information_schema.columns "
                    "where table_schema = 'mart' and table_name = ?", [table]
                ).fetchall()
            ]  # fmt: skip
            assert columns, f"there is no mart.{table}"
            for row in rows:
                full = {**DEFAULTS.get(table, {}), **row}
                if "market_id" in columns and table != "market":
                    full.setdefault("market_id", "north")
                if "contract_id" in columns and table != "contract":
                    full.setdefault("contract_id", "aco")
                if "month" in columns and "month" not in full:
                    day = full.get("visit_date") or full.get("admit_date")
                    full["month"] = day.replace(day=1)
                assert set(full) <= set(columns), f"mart.{table} has no {set(full) - set(columns)}"
                connection.execute(
                    f"insert into mart.{table} ({', '.join(full)}) values ({', '.join('?' * len(full))})",
                    list(full.values()),
                )
    finally:
        connection.close()
    pointer = warehouse / "CURRENT.new"
    pointer.write_text(snapshot)
    os.replace(pointer, warehouse / "CURRENT")


def person(
    *,
    markets: set[str] | None = None,
    contracts: set[str] | None = None,
    classes: frozenset[str] | set[str] = ALL_CLASSES,
    actions: frozenset[str] | set[str] = ALL_ACTIONS,
) -> Principal:
    """A principal with everything, less what is said."""
    return Principal(
        user_id="someone",
        name="Someone",
        role="test",
        markets=None if markets is None else frozenset(markets),
        contracts=None if contracts is None else frozenset(contracts),
        pages=frozenset(),
        column_classes=frozenset(classes),
        actions=frozenset(actions),
    )


@pytest.fixture
def principal() -> Callable[..., Principal]:
    """Makes principals."""
    return person


@pytest.fixture
def publish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Path]]:
    """Publishes hand-written rows as a snapshot of a warehouse of this test's own, and serves it."""
    warehouse = tmp_path / "warehouse"
    monkeypatch.setenv("HUDDLEBOARD_WAREHOUSE", str(warehouse))

    def write(given: dict[str, list[dict[str, Any]]], snapshot: str = "2026-11-20T061000Z-aaaaaa") -> Path:
        write_snapshot(warehouse, snapshot, given)
        return warehouse

    yield write


@pytest.fixture(scope="session")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse of 400 made-up members (crowd.sql), the same every time."""
    return write_crowd(tmp_path_factory.mktemp("crowd"), 400)


@pytest.fixture(scope="session")
def crowd_north_only(crowd: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The crowd without a single row of another market or contract than `north` and `aco`."""
    warehouse = tmp_path_factory.mktemp("north")
    snapshot = (crowd / "CURRENT").read_text()
    connection = duckdb.connect(str(warehouse / f"{snapshot}.duckdb"))
    try:
        connection.execute(MART)
        connection.execute((Path(__file__).parent / "crowd.sql").read_text().format(members=400))
        for table, column in connection.execute(
            "select table_name, column_name from information_schema.columns "
            "where table_schema = 'mart' and column_name in ('market_id', 'contract_id')"
        ).fetchall():
            kept = "north" if column == "market_id" else "aco"
            connection.execute(f"delete from mart.{table} where {column} is distinct from '{kept}'")
    finally:
        connection.close()
    (warehouse / "CURRENT").write_text(snapshot)
    return warehouse


def write_crowd(warehouse: Path, members: int, snapshot: str = "2026-11-20T061000Z-crowd0") -> Path:
    """Publishes the crowd of crowd.sql."""
    connection = duckdb.connect(str(warehouse / f"{snapshot}.duckdb"))
    try:
        connection.execute(MART)
        connection.execute((Path(__file__).parent / "crowd.sql").read_text().format(members=members))
    finally:
        connection.close()
    (warehouse / "CURRENT").write_text(snapshot)
    return warehouse


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """Serves a warehouse that is already there."""
    return lambda warehouse: monkeypatch.setenv("HUDDLEBOARD_WAREHOUSE", str(warehouse))


@pytest.fixture
def counted() -> Callable[[pd.DataFrame, str], float]:
    """What the rows of a drill add up to, by the `count` of the question's header."""

    def add_up(rows: pd.DataFrame, count: str) -> float:
        if count == "rows":
            return len(rows)
        if count == "persons":
            return rows["person_id"].nunique()
        return float(rows[count.removeprefix("sum:")].sum())

    return add_up


def pytest_collect_file(parent: pytest.Collector, file_path: Path) -> pytest.Collector | None:
    if file_path.name.endswith("case.yaml"):
        return CaseFile.from_parent(parent, path=file_path)
    return None


class CaseFile(pytest.File):
    def collect(self) -> Iterator[pytest.Item]:
        yield Case.from_parent(self, name=f"{self.path.parent.parent.name}/{self.path.parent.name}")


class Case(pytest.Item):
    """One question over hand-written rows."""

    def runtest(self) -> None:
        case = yaml.safe_load(self.path.read_text(encoding="utf-8"))
        question = f"{self.path.parent.parent.name}/{self.path.parent.name}"
        with pytest.MonkeyPatch.context() as patch:
            folder = Path(self.config._tmp_path_factory.mktemp("case", numbered=True))  # type: ignore[attr-defined]
            patch.setenv("HUDDLEBOARD_WAREHOUSE", str(folder))
            write_snapshot(folder, "2026-11-20T061000Z-aaaaaa", case["given"])
            asker = person(**{name: set(value) for name, value in case.get("as", {}).items()})
            filters = Filters(**case.get("filters", {}))
            answer = ask(question, asker, filters, **case.get("params", {}))
            assert _rows(answer, case["expect"]) == [_plain_row(row) for row in case["expect"]]
            for opened in case.get("drill", []):
                row = answer.iloc[opened.get("row", 0)].to_dict()
                behind = drill(
                    question, asker, filters, measure=opened["measure"], row=row, **case.get("params", {})
                )
                assert _rows(behind, opened["expect"]) == [_plain_row(row) for row in opened["expect"]]

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        return super().repr_failure(excinfo, style="short")

    def reportinfo(self) -> tuple[Path, None, str]:
        return self.path, None, self.name


def _rows(frame: pd.DataFrame, expected: list[dict[str, Any]]) -> list[dict[str, Any]]:
    shown = list(expected[0]) if expected else []
    return [_plain_row({name: row[name] for name in shown}) for row in frame.to_dict("records")]


def _plain_row(row: dict[str, Any]) -> dict[str, Any]:
    return {name: _plain(value) for name, value in row.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return value
    if value is None or value is pd.NaT or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date | str | bool):
        return value
    return round(float(value), 6)
