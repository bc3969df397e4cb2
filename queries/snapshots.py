"""Opens published snapshots, one DuckDB instance each per process, and lends cursors on them.

A snapshot file is never changed, so an open one keeps serving even after its file has been removed. When
`CURRENT` names another, new questions go there and running ones finish where they are. At most
HUDDLEBOARD_OPEN_SNAPSHOTS stay open; one that still has a question running is never closed.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import sqlalchemy
from sqlalchemy.pool import NullPool

from queries.errors import NoWarehouse, QueryError
from queries.filters import months_before
from queries.settings import settings, warehouse_folder


@dataclass
class OpenSnapshot:
    """One open snapshot: its engine, its mart tables, and the few facts every question needs of it."""

    snapshot_id: str
    folder: Path
    root: duckdb.DuckDBPyConnection
    engine: sqlalchemy.Engine
    tables: dict[str, dict[str, str]]
    lines_of_business: dict[str, str]
    control_cohorts: frozenset[str]
    latest_mature_month: date | None
    claims_begin: date
    running: int = 0

    def __post_init__(self) -> None:
        # Equal for snapshots with the same tables and columns: rewritten questions are shared between them.
        self.layout = hash(tuple((table, tuple(columns.items())) for table, columns in self.tables.items()))


# Where the `info` of a SQLAlchemy connection keeps the cursor that executes. A DuckDB cursor is a connection
# of its own: interrupting the one it was made from does not stop it.
RUNNING_CURSOR = "running_cursor"

_lock = threading.Lock()
_open: OrderedDict[tuple[Path, str], OpenSnapshot] = OrderedDict()
_pointer: dict[Path, tuple[tuple[int, int, int], str]] = {}


def current_snapshot(warehouse: Path | None = None) -> str:
    """The id of the snapshot that is published now. Raises NoWarehouse if none is."""
    folder = warehouse or warehouse_folder()
    pointer = folder / "CURRENT"
    try:
        status = pointer.stat()
        stamp = (status.st_mtime_ns, status.st_ino, status.st_size)
        known = _pointer.get(folder)
        if known and known[0] == stamp:
            return known[1]
        snapshot_id = pointer.read_text(encoding="utf-8").strip()
    except OSError:
        snapshot_id = ""
    if not snapshot_id:
        raise NoWarehouse(
            f"No data has been published in {folder}. Build it with "
            "`python -m data build --from FEEDS --to WAREHOUSE`, and set HUDDLEBOARD_WAREHOUSE to that "
            "folder."
        )
    _pointer[folder] = (stamp, snapshot_id)
    return snapshot_id


@contextmanager
def lend(snapshot_id: str | None) -> Iterator[OpenSnapshot]:
    """The snapshot (None = the current one), kept open while the block runs."""
    folder = warehouse_folder()
    attempts = 3 if snapshot_id is None else 1
    for attempt in range(attempts):
        wanted = snapshot_id or current_snapshot(folder)
        try:
            snapshot = _take(folder, wanted)
            break
        except QueryError:
            # CURRENT may have moved, and the old file gone, between reading the one and opening the other.
            if attempt + 1 == attempts:
                raise
            _pointer.pop(folder, None)
    try:
        yield snapshot
    finally:
        with _lock:
            snapshot.running -= 1


def _take(folder: Path, snapshot_id: str) -> OpenSnapshot:
    key = (folder, snapshot_id)
    with _lock:
        snapshot = _open.get(key)
        if snapshot is None:
            snapshot = _open_file(folder, snapshot_id)
            _open[key] = snapshot
        _open.move_to_end(key)
        snapshot.running += 1
        idle = [old for old, other in _open.items() if other.running == 0]
        for old in idle[: max(0, len(_open) - settings().open_snapshots)]:
            _open.pop(old).root.close()
        return snapshot


def _open_file(folder: Path, snapshot_id: str) -> OpenSnapshot:
    path = folder / f"{snapshot_id}.duckdb"
    if Path(snapshot_id).name != snapshot_id or not path.is_file():
        raise QueryError(
            f"The snapshot {snapshot_id} is no longer kept. "
            "Open the page again to see the data published now."
        )
    config: dict[str, Any] = dict(settings().duckdb_config())
    try:
        root = duckdb.connect(str(path), read_only=True, config=config)
    except duckdb.Error as error:
        raise QueryError(
            f"The snapshot {snapshot_id} cannot be opened. "
            "Roll back with `python -m data snapshots --use ID`."
        ) from error
    columns = root.execute(
        "select table_name, column_name, data_type from information_schema.columns "
        "where table_schema = 'mart' and table_catalog = current_database() "
        "order by table_name, ordinal_position"
    ).fetchall()
    tables: dict[str, dict[str, str]] = {}
    for table, column, type_ in columns:
        tables.setdefault(table.lower(), {})[column.lower()] = type_
    # A cursor per checkout: DuckDB cursors are connections of their own on the same instance.
    engine = sqlalchemy.create_engine("duckdb://", creator=root.cursor, poolclass=NullPool)
    sqlalchemy.event.listen(engine, "before_cursor_execute", _remember_cursor)
    return OpenSnapshot(
        snapshot_id=snapshot_id,
        folder=folder,
        root=root,
        engine=engine,
        tables=tables,
        lines_of_business=dict(
            root.execute("select contract_id, line_of_business from mart.contract").fetchall()
        ),
        control_cohorts=_control_cohorts(root, tables),
        latest_mature_month=_latest_mature_month(root),
        claims_begin=_claims_begin(root),
    )


def _control_cohorts(root: duckdb.DuckDBPyConnection, tables: dict[str, dict[str, str]]) -> frozenset[str]:
    if "control_for" not in tables.get("contract", {}):
        return frozenset()  # published before there were any
    found = root.execute("select contract_id from mart.contract where control_for is not null").fetchall()
    return frozenset(row[0] for row in found)


def _remember_cursor(connection: sqlalchemy.Connection, cursor: Any, *_: Any) -> None:
    connection.info[RUNNING_CURSOR] = cursor


def _latest_mature_month(root: duckdb.DuckDBPyConnection) -> date | None:
    row = root.execute(
        """
        select coalesce(
            max(month) filter (where mature),
            max(month)
        )
        from (
            select month, bool_and(coalesce(is_mature, true)) as mature
            from mart.month where member_months > 0 group by month
        )
        """
    ).fetchone()
    return row[0] if row else None


def _claims_begin(root: duckdb.DuckDBPyConnection) -> date:
    row = root.execute("select date_trunc('month', min(data_start)) from mart.build").fetchone()
    return row[0] if row and row[0] else date.min


def period(snapshot: OpenSnapshot, start: date | None, end: date | None) -> dict[str, date | None]:
    """The binds of time: the filters' months, or the twelve that end with the latest mature month, and the
    first month of which the snapshot has claims.
    """
    end = end or snapshot.latest_mature_month
    rolling = months_before(end, 11) if end else None
    return {
        "period_start": start or rolling,
        "period_end": end,
        "rolling_start": rolling,
        "claims_begin": snapshot.claims_begin,
    }
