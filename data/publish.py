"""Publishes a finished work database as an immutable snapshot, and keeps the last few.

A warehouse folder holds ``<snapshot_id>.duckdb`` files, the pointer file ``CURRENT`` (the id of the one
that is served), ``reference/`` (installed packs), ``.lock`` and, during a build, ``.work/``. A snapshot
file is never changed and never replaced under its name; the only thing that ever changes is ``CURRENT``, in
one step.
"""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from data.sources.files import literal, quote

POINTER = "CURRENT"
KEPT = 3
PUBLISHED_SCHEMAS = ("core", "mart")

READ_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": False,
    "lock_configuration": True,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "memory_limit": "1GB",
    "threads": 1,
}
"""How a snapshot is opened by its readers (with more memory and threads); it has to open like this."""

ORDER: dict[str, tuple[str, ...]] = {
    "mart.ed_visit": ("market_id", "contract_id", "month", "visit_date", "visit_id"),
    "mart.member_month": ("month", "market_id", "contract_id", "person_id"),
    "mart.member": ("person_id",),
    "mart.timeline": ("person_id", "happened_on", "event_id"),
    "mart.spend_month": ("month", "contract_id", "person_id"),
    "mart.claim_line": ("month", "contract_id", "person_id"),
    "mart.spend_group": ("month", "contract_id", "market_id"),
    "mart.enrolment_group": ("month", "contract_id", "market_id"),
    "mart.drug_month": ("month", "contract_id", "market_id"),
    "mart.referral_month": ("month", "contract_id", "market_id"),
    "mart.spend_change": ("month", "cause", "contract_id", "person_id"),
    "mart.member_year": ("person_id", "year"),
    "mart.member_risk": ("contract_id", "year", "person_id"),
    "mart.member_hcc": ("contract_id", "year", "person_id"),
    "mart.inpatient_stay": ("market_id", "contract_id", "month", "stay_id"),
    "mart.panel": ("person_id", "start_date"),
    "mart.touch": ("person_id", "touched_on"),
    "mart.quality_gap": ("person_id", "measure_id"),
    "mart.quarantine": ("feed", "file_name", "row_number"),
    "mart.ed_unmatched": ("market_id", "contract_id", "service_date"),
}
"""Rows that are asked for together lie together, so that a question reads few blocks of a large table."""


class PublishError(Exception):
    """A snapshot that may not be published, or does not exist; the message says what to do."""


class WarehouseBusy(PublishError):
    """Another build is writing to this warehouse."""


@dataclass(frozen=True)
class Snapshot:
    """A published snapshot. ``published`` is False where a build found nothing new to publish."""

    snapshot_id: str
    path: Path
    is_current: bool = True
    published: bool = True


def new_snapshot_id(now: datetime.datetime | None = None) -> str:
    """An id that sorts by time, such as ``2026-11-20T061000Z-ab12cd``."""
    moment = (now or datetime.datetime.now(datetime.UTC)).astimezone(datetime.UTC)
    return f"{moment:%Y-%m-%dT%H%M%SZ}-{secrets.token_hex(3)}"


@contextmanager
def lock(warehouse: Path) -> Iterator[None]:
    """Hold the warehouse for writing. The system lets go of it when the process ends, however it ends.

    Raises :class:`WarehouseBusy` if another process holds it.
    """
    warehouse.mkdir(parents=True, exist_ok=True)
    with (warehouse / ".lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            holder = file.read().strip() or "another process"
            raise WarehouseBusy(
                f"{warehouse} is being written by {holder}; wait for it to finish, then start again"
            ) from error
        with contextlib.suppress(OSError):
            # Who holds it is a courtesy: a full disk must not prevent a rollback.
            file.truncate(0)
            file.write(f"process {os.getpid()} since {datetime.datetime.now():%Y-%m-%d %H:%M:%S}")
            file.flush()
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                file.truncate(0)


def current_id(warehouse: Path) -> str | None:
    """The id in ``CURRENT``, or None where nothing has been published."""
    try:
        return (warehouse / POINTER).read_text().strip() or None
    except FileNotFoundError:
        return None


def snapshots(warehouse: Path) -> list[Snapshot]:
    """The snapshots of a warehouse, newest first."""
    current = current_id(warehouse)
    return [
        Snapshot(path.stem, path, path.stem == current)
        for path in sorted(warehouse.glob("*.duckdb"), key=lambda path: path.name, reverse=True)
    ]


def use(warehouse: Path, snapshot_id: str) -> Snapshot:
    """Let ``CURRENT`` point at an earlier (or later) snapshot. Raises :class:`PublishError`."""
    path = warehouse / f"{snapshot_id}.duckdb"
    found = {snapshot.snapshot_id for snapshot in snapshots(warehouse)}
    if snapshot_id not in found:
        raise PublishError(
            f"{warehouse} has no snapshot {snapshot_id!r}; it has {', '.join(sorted(found)) or 'none'}"
        )
    with lock(warehouse):
        _check_readable(path, None)
        _point_at(warehouse, snapshot_id)
    return Snapshot(snapshot_id, path)


def clean_leftovers(warehouse: Path) -> None:
    """Remove what a build that was killed left behind. Only under :func:`lock`."""
    shutil.rmtree(warehouse / ".work", ignore_errors=True)
    for pattern in ("*.duckdb.partial*", "*.duckdb.wal", f".{POINTER}.*"):
        for path in warehouse.glob(pattern):
            path.unlink(missing_ok=True)


def publish(
    work_database: Path,
    warehouse: Path,
    snapshot_id: str,
    inputs: Mapping[str, str],
    *,
    memory_limit: str = "4GB",
    threads: int | None = None,
    on_table: Callable[[str, int, int], None] | None = None,
    on_phase: Callable[[str], None] | None = None,
) -> Snapshot:
    """Complete the file of a new snapshot with core and mart of ``work_database`` and move ``CURRENT`` to it.

    Tables that the models wrote to :func:`unfinished` are there already; the rest is copied. ``inputs`` (name
    to sha256) is stored as ``core.build_input``. ``on_table`` is told of each table before it is copied,
    ``on_phase`` of each step. Raises :class:`PublishError` if the copy is not what it should be, and
    ``OSError`` or ``duckdb.Error`` where the disk or memory gives out; ``CURRENT`` is then as it was.
    """
    phase = on_phase or (lambda name: None)
    final = warehouse / f"{snapshot_id}.duckdb"
    partial = unfinished(warehouse, snapshot_id)
    counts = _copy(work_database, partial, inputs, memory_limit, threads, on_table, phase)
    phase("verify")
    _check_readable(partial, counts)
    _sync(partial)
    phase("rename")
    os.rename(partial, final)
    _sync(warehouse)
    phase("point")
    _point_at(warehouse, snapshot_id)
    phase("pointed")
    _remove_old(warehouse)
    return Snapshot(snapshot_id, final)


def unfinished(warehouse: Path, snapshot_id: str) -> Path:
    """Where a snapshot is written until it is published."""
    return warehouse / f"{snapshot_id}.duckdb.partial"


def inputs_of(snapshot: Path) -> dict[str, str]:
    """The ``inputs`` a snapshot was published with; empty where it cannot be read."""
    try:
        with duckdb.connect(":memory:") as connection:
            connection.execute(f"attach {literal(str(snapshot))} as snapshot (read_only)")
            return dict(connection.execute("select name, sha256 from snapshot.core.build_input").fetchall())
    except duckdb.Error:
        return {}


def summary_of(snapshot: Path) -> tuple[str, str]:
    """The feeds of a snapshot and the latest service date in it, as text; dashes where it cannot be read."""
    try:
        with duckdb.connect(":memory:") as connection:
            connection.execute(f"attach {literal(str(snapshot))} as snapshot (read_only)")
            row = connection.execute(
                "select string_agg(feed, ', ' order by feed), cast(max(incurred_through) as varchar) "
                "from snapshot.mart.build"
            ).fetchone()
            return (row[0] or "-", row[1] or "-") if row else ("-", "-")
    except duckdb.Error:
        return "cannot be read", "-"


def _copy(
    work_database: Path,
    partial: Path,
    inputs: Mapping[str, str],
    memory_limit: str,
    threads: int | None,
    on_table: Callable[[str, int, int], None] | None,
    phase: Callable[[str], None],
) -> dict[str, int]:
    """Write every core and mart relation that ``partial`` lacks to it, sorted; the number of rows of each."""
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": memory_limit,
        "temp_directory": str(work_database.parent / "spill"),
        "autoinstall_known_extensions": False,
    }
    if threads:
        config["threads"] = threads
    # Views carry the name of the database they were made in, so it is attached under that name.
    work = work_database.stem
    with duckdb.connect(":memory:", config=config) as connection:
        connection.execute(f"attach {literal(str(work_database))} as {quote(work)} (read_only)")
        # The file is thrown away if the copy stops: it is written once, at the end, without a log.
        connection.execute("set checkpoint_threshold = '1TB'")
        connection.execute(f"attach {literal(str(partial))} as snapshot (recovery_mode no_wal_writes)")
        there = set(_relations(connection, "snapshot"))
        tables = [name for name in _relations(connection, work) if name not in there]
        if not any(schema == "mart" for schema, _ in [*there, *tables]):
            raise PublishError("the build made no mart tables; nothing was published")
        counts = {
            f"{schema}.{table}": _count(connection, f"snapshot.{schema}.{quote(table)}")
            for schema, table in there
        }
        for schema in PUBLISHED_SCHEMAS:
            connection.execute(f"create schema if not exists snapshot.{schema}")
        for number, (schema, table) in enumerate(tables):
            name = f"{schema}.{table}"
            phase(f"copy {name}")
            if on_table:
                on_table(name, number, len(tables))
            source, target = f"{quote(work)}.{schema}.{quote(table)}", f"snapshot.{schema}.{quote(table)}"
            columns = {row[0] for row in connection.execute(f"describe {source}").fetchall()}
            order = [quote(column) for column in ORDER.get(name, ()) if column in columns]
            ordered = f" order by {', '.join(order)}" if order else ""
            made = connection.execute(f"create table {target} as select * from {source}{ordered}").fetchone()
            copied = _count(connection, target)
            if made is None or made[0] != copied:
                raise PublishError(f"{name} has {copied} rows in the snapshot and {made} in the build")
            counts[name] = copied
        connection.execute("create table snapshot.core.build_input (name varchar, sha256 varchar)")
        if inputs:
            connection.executemany(
                "insert into snapshot.core.build_input values (?, ?)", [list(item) for item in inputs.items()]
            )
        phase("checkpoint")
        connection.execute("checkpoint snapshot")
        connection.execute("detach snapshot")
    return counts


def _relations(connection: duckdb.DuckDBPyConnection, database: str) -> list[tuple[str, str]]:
    """(schema, name) of the tables and views of a database that are published."""
    found = connection.execute(
        """
        select schema_name, table_name from duckdb_tables() where database_name = $database
        union all
        select schema_name, view_name from duckdb_views() where database_name = $database and not internal
        order by 1, 2
        """,
        {"database": database},
    ).fetchall()
    return [(schema, name) for schema, name in found if schema in PUBLISHED_SCHEMAS]


def _count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    found = connection.execute(f"select count(*) from {relation}").fetchone()
    assert found is not None
    return int(found[0])


def _check_readable(path: Path, counts: Mapping[str, int] | None) -> None:
    """Open a snapshot as its readers will, and count its rows against ``counts``. Raises PublishError."""
    try:
        with duckdb.connect(str(path), read_only=True, config=READ_CONFIG) as connection:
            for name, expected in (counts or {"mart.build": -1}).items():
                schema, table = name.split(".", 1)
                found = connection.execute(f"select count(*) from {schema}.{quote(table)}").fetchone()
                if found is None or (expected >= 0 and found[0] != expected):
                    raise PublishError(f"{path}: {name} has {found} rows when read back, not {expected:,}")
    except duckdb.Error as error:
        raise PublishError(f"{path}: does not open as a snapshot: {str(error).splitlines()[0]}") from error


def _point_at(warehouse: Path, snapshot_id: str) -> None:
    """Replace ``CURRENT`` in one step: a reader sees the old id or the new one, never half of either."""
    fresh = warehouse / f".{POINTER}.{os.getpid()}"
    try:
        with fresh.open("w") as file:
            file.write(snapshot_id)
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, warehouse / POINTER)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
    _sync(warehouse)


def _sync(path: Path) -> None:
    """Make sure the disk has a file (or a folder's names) before anything points at it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_old(warehouse: Path) -> None:
    """Keep the newest snapshots and, always, the one that is served."""
    for snapshot in snapshots(warehouse)[KEPT:]:
        if not snapshot.is_current:
            # A process that still reads it keeps its open file until it lets go.
            snapshot.path.unlink(missing_ok=True)
