"""What the tests of `data/` share: a small feed to spoil, a way to load it, and a stand-in for the models."""

from __future__ import annotations

import csv
import datetime
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from rich.console import Console

from data import build as build_module
from data.build import FeedCount, load_raw

TODAY = datetime.date(2026, 6, 1)

MEMBER = {
    "person_id": "10",
    "member_id": "m10",
    "gender": "female",
    "birth_date": "1950-02-03",
    "enrollment_start_date": "2025-01-01",
    "enrollment_end_date": "2025-12-31",
    "payer": "CMS",
    "plan": "medicare",
    "state": "MA",
    "zip_code": "02134",
}

CLAIM = {
    "claim_id": "c1",
    "claim_line_number": "1",
    "claim_type": "institutional",
    "person_id": "10",
    "payer": "CMS",
    "plan": "medicare",
    "claim_start_date": "2025-03-01",
    "claim_end_date": "2025-03-01",
    "claim_line_start_date": "2025-03-01",
    "claim_line_end_date": "2025-03-01",
    "admission_date": "",
    "discharge_date": "",
    "place_of_service_code": "",
    "bill_type_code": "131",
    "revenue_center_code": "0450",
    "service_unit_quantity": "1",
    "hcpcs_code": "99283",
    "facility_npi": "1999999984",
    "paid_date": "2025-04-01",
    "paid_amount": "100.00",
    "allowed_amount": "120.00",
    "diagnosis_code_1": "r07.9",
}

DECLARATION: dict[str, Any] = {
    "name": "payer",
    "format": "tuva_input_layer",
    "person_ids": "shared",
    "contracts": [{"contract_id": "aco", "contract_name": "An ACO", "line_of_business": "medicare"}],
    "markets": [{"market_id": "harbor", "market_name": "Harbor", "state": "MA"}],
    "contract_rules": [{"when": {"plan": "medicare"}, "contract_id": "aco"}],
    "market_rules": [{"when": {"zip_code": ["021*"]}, "market_id": "harbor"}],
}

Rows = list[dict[str, str]]


def as_csv(rows: Rows) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


@pytest.fixture
def member() -> dict[str, str]:
    return dict(MEMBER)


@pytest.fixture(scope="session")
def claim() -> Callable[..., dict[str, str]]:
    """A good claim line, with the changes given."""
    return lambda **changes: CLAIM | changes


@pytest.fixture
def write_feed(tmp_path: Path) -> Callable[..., Path]:
    """Writes a feed of one member and one claim line; returns the folder of feeds.

    `files` gives the content of a file by name: rows, or bytes as they are; None leaves a file out. `changes`
    are keys of the declaration.
    """
    return lambda files=None, **changes: _write_feed(tmp_path, files, **changes)


def _write_feed(place: Path, files: dict[str, Rows | bytes | None] | None = None, **changes: Any) -> Path:
    declaration = DECLARATION | changes
    folder = place / "feeds" / declaration["name"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "source.yaml").write_text(yaml.safe_dump(declaration, sort_keys=False))
    content: dict[str, Rows | bytes | None] = {}
    if declaration["format"] == "tuva_input_layer":
        content = {"eligibility.csv": [MEMBER], "medical_claim.csv": [CLAIM]}
    for name, rows in (content | (files or {})).items():
        if rows is not None:
            (folder / name).write_bytes(rows if isinstance(rows, bytes) else as_csv(rows))
    return folder.parent


class Loaded:
    """Raw tables loaded from feeds: what was counted, and SQL on the tables."""

    def __init__(self, counts: list[FeedCount], work: Path) -> None:
        self.counts = counts
        self.connection = duckdb.connect()
        self.connection.execute(f"attach '{work}' as work (read_only)")
        self.connection.execute("use work")

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql).fetchall()

    def reasons(self) -> list[tuple[Any, ...]]:
        """(row number, column, reason) of the rows set aside, in order."""
        return self.rows(
            "select row_number, column_name, reason from raw.quarantine order by file_name, row_number"
        )


@pytest.fixture
def load(tmp_path: Path) -> Iterator[Callable[..., Loaded]]:
    """Loads the feeds of a folder into raw tables, as on 1 June 2026."""
    opened: list[Loaded] = []

    def run(feeds: Path, **options: Any) -> Loaded:
        work = tmp_path / f"work_{len(opened)}" / "work.duckdb"
        counts = load_raw(feeds, work, today=TODAY, threads=1, **options)
        opened.append(Loaded(counts, work))
        return opened[-1]

    yield run
    for one in opened:
        one.connection.close()


@pytest.fixture(scope="session")
def load_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Loaded]]:
    """Writes a feed and loads it, for a fixture that several tests read from."""
    opened: list[Loaded] = []

    def run(files: dict[str, Rows | bytes | None]) -> Loaded:
        folder = tmp_path_factory.mktemp("loaded")
        work = folder / "work.duckdb"
        opened.append(Loaded(load_raw(_write_feed(folder, files), work, today=TODAY, threads=1), work))
        return opened[-1]

    yield run
    for one in opened:
        one.connection.close()


STAND_IN = """
create schema core;
create schema mart;
create table core.medical_claim as select * from raw.medical_claim;
create view mart.quarantine as select * from raw.quarantine;
create table mart.build as
select run.snapshot_id, run.built_at, run.code_version, feed.*
from raw.feed as feed cross join raw.run as run;
create table mart.member as select distinct person_id from raw.eligibility;
"""


@pytest.fixture
def stand_in_sql() -> str:
    """What the stand-in for the models runs, for a build in another process."""
    return STAND_IN


def _stand_in_transform(work: Path, *ignored: object) -> None:
    with duckdb.connect(str(work)) as connection:
        connection.execute(STAND_IN)


@pytest.fixture
def stand_in_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """Models of one statement each, for tests of what is around them."""
    monkeypatch.setattr(build_module, "_transform", _stand_in_transform)


@pytest.fixture(scope="session")
def served_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The feeds of one member, and a warehouse built from them once; to be copied, not changed."""
    place = tmp_path_factory.mktemp("served")
    feeds = _write_feed(place)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build_module, "_transform", _stand_in_transform)
        build_module.build(feeds, place / "warehouse", console=Console(file=io.StringIO()))
    return feeds, place / "warehouse"
