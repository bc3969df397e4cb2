"""Builds the warehouse: load, transform, publish, under a lock, so that readers never see half of anything.

The raw tables are described with each table below and in ``data/sources``; the marts in ``data/models``.
"""

from __future__ import annotations

import contextlib
import datetime
import errno
import hashlib
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb
import pyarrow as pa
from rich.console import Console
from rich.table import Table as Grid

from data import estimates, publish
from data.feed_error import FeedError
from data.feeds import SOURCE_FILE, UNASSIGNED, Feed, FeedFile, find_feeds
from data.progress import Narrator
from data.publish import Snapshot
from data.reference import packs
from data.sources.adapter import FileCount, raw_tables
from data.sources.direct import TotalsReading
from data.sources.files import literal
from data.sources.loading import load_table
from data.sources.tables import ALWAYS, CONTROL_TOTAL
from data.transform import AuditFailed, transform

MEMORY_LIMIT = "4GB"
_INPUT = pa.schema([("name", pa.string()), ("sha256", pa.string())])

_LEDGER_OF_THE_BUILD = (
    """create table raw.quarantine (
    feed varchar, file_name varchar, input_table varchar, row_number bigint, column_name varchar, reason
    varchar, row_json varchar
)""",
    """create table raw.feed (
    feed varchar, files integer, rows_in bigint, rows_loaded bigint, rows_quarantined bigint,
    duplicate_files integer, data_start date, incurred_through date, paid_through date, sha256 varchar,
    due_day integer, expected_since date, expected varchar, unlinked_persons bigint, title varchar
)""",
    """create table raw.feed_file (
    feed varchar, file_name varchar, input_table varchar, rows_in bigint, rows_loaded bigint,
    rows_quarantined bigint, sha256 varchar, status varchar, duplicate_of varchar, kind varchar,
    delivery_month date, received_on date, rows_filtered bigint, rows_superseded bigint
)""",
    """create table raw.run (snapshot_id varchar, built_at timestamp, code_version varchar)""",
    """create table raw.build_input (name varchar, sha256 varchar)""",
    """create table raw.previous_snapshot (snapshot_id varchar, path varchar, note varchar)""",
)
"""Raw tables that no file brings: what was read, what was set aside, and which run it was; what the snapshot
is made from, and the one that is served while it is made, to say what has changed since."""


@dataclass(frozen=True)
class SetAside:
    """How many rows of a feed's table were set aside for a reason, and the column it was found in."""

    feed: str
    table: str
    reason: str
    column: str | None
    rows: int


@dataclass(frozen=True)
class FeedCount:
    """The summary of one feed: a row of ``raw.feed``, and why rows were set aside."""

    feed: str
    files: int
    rows_in: int
    rows_loaded: int
    rows_quarantined: int
    duplicate_files: int
    data_start: datetime.date | None
    incurred_through: datetime.date | None
    paid_through: datetime.date | None
    reasons: tuple[SetAside, ...] = field(default=())
    unassigned: dict[str, int] = field(default_factory=dict)
    unlinked_persons: int | None = None
    empty_files: tuple[str, ...] = ()
    rows_filtered: int = 0


class BuildError(Exception):
    """A build that published nothing. The message says what is wrong, where, and what to do."""


def build(
    feeds: Path,
    warehouse: Path,
    *,
    console: Console | None = None,
    force: bool = False,
    through_delivery: datetime.date | None = None,
    memory_limit: str = MEMORY_LIMIT,
    threads: int | None = None,
    on_phase: Callable[[str], None] | None = None,
) -> Snapshot:
    """Build the feeds into a new snapshot of the warehouse and let ``CURRENT`` point at it.

    Where nothing has changed since the snapshot that is served (files, declarations, reference packs, the
    program itself), nothing is published unless ``force``; the snapshot returned says so. With
    ``through_delivery``, the first day of a month, files of later deliveries are left aside, as if they had
    not come yet. ``on_phase`` is told of every step, also the short ones between a snapshot's copy and its
    publication.

    Raises :class:`BuildError`; whatever happens, ``CURRENT`` and its snapshot are as they were.
    """
    console = console or Console(stderr=True)
    phase = on_phase or (lambda name: None)
    narrator = Narrator(console)
    feeds, warehouse = feeds.resolve(), warehouse.resolve()
    try:
        with publish.lock(warehouse):
            publish.clean_leftovers(warehouse)
            try:
                return _build(
                    feeds, warehouse, console, narrator, force, through_delivery, memory_limit, threads, phase
                )
            finally:
                publish.clean_leftovers(warehouse)
    except ExceptionGroup as group:
        raise BuildError(_all_problems(group)) from group
    except publish.PublishError as error:
        raise BuildError(str(error)) from error
    except packs.PackError as error:
        raise BuildError(str(error)) from error
    except (OSError, duckdb.IOException, duckdb.OutOfMemoryException) as error:
        raise BuildError(_what_gave_out(error, warehouse)) from error


def _build(
    feeds: Path,
    warehouse: Path,
    console: Console,
    narrator: Narrator,
    force: bool,
    through_delivery: datetime.date | None,
    memory_limit: str,
    threads: int | None,
    phase: Callable[[str], None],
) -> Snapshot:
    phase("find")
    with narrator.phase("Checking") as bar:
        found = find_feeds(feeds, on_file=lambda path: bar.step(path.name))
    if through_delivery:
        found = _delivered(found, through_delivery)
    inputs = _inputs(found, warehouse)
    current = publish.current_id(warehouse)
    if current and not force:
        path = warehouse / f"{current}.duckdb"
        if path.is_file() and publish.inputs_of(path).get("fingerprint") == inputs["fingerprint"]:
            console.print(
                f"Nothing has changed since {current}: nothing to publish. (--force builds all the same.)",
                highlight=False,
            )
            return Snapshot(current, path, published=False)
    snapshot_id = publish.new_snapshot_id()
    work = warehouse / ".work" / snapshot_id / "work.duckdb"
    work.parent.mkdir(parents=True)
    phase("load")
    with narrator.phase("Loading", total=sum(len(feed.files) for feed in found)) as bar:
        counts = load_raw(
            found,
            work,
            warehouse=warehouse,
            snapshot_id=snapshot_id,
            code_version=code_version(),
            inputs=inputs,
            previous=current,
            memory_limit=memory_limit,
            threads=threads,
            on_step=bar.step,
        )
    phase("transform")
    _transform(work, publish.unfinished(warehouse, snapshot_id), narrator, memory_limit, threads)
    phase("publish")
    with narrator.phase("Publishing") as bar:
        snapshot = publish.publish(
            work,
            warehouse,
            snapshot_id,
            inputs,
            memory_limit=memory_limit,
            threads=threads,
            on_table=bar.at,
            on_phase=phase,
        )
    _report(console, found, counts, snapshot)
    return snapshot


def _delivered(feeds: list[Feed], through: datetime.date) -> list[Feed]:
    """The feeds as they were when the deliveries of a month had come: without files of later months."""
    kept = [
        replace(
            feed,
            files=tuple(
                file for file in feed.files if not file.delivery_month or file.delivery_month <= through
            ),
        )
        for feed in feeds
    ]
    return [feed for feed in kept if feed.files]


def _transform(
    work: Path, snapshot: Path, narrator: Narrator, memory_limit: str, threads: int | None
) -> None:
    with narrator.phase("Transforming") as bar:
        try:
            transform(work, snapshot, on_model=bar.at, memory_limit=memory_limit, threads=threads)
        except AuditFailed as error:
            raise BuildError(
                f"The data failed a check, so nothing was published:\n{error}\n"
                "The last good snapshot still serves. See docs/ingestion.md, 'When a check fails'."
            ) from error
        except Exception as error:
            if isinstance(error, OSError | duckdb.IOException | duckdb.OutOfMemoryException):
                raise
            raise BuildError(
                f"The models could not be built, so nothing was published: {error}\n"
                "If the disk and memory were sufficient, this is a fault of the program: please report it."
            ) from error


def code_version() -> str:
    """What is running: ``git describe`` in a checkout, else a hash of the package."""
    root = Path(__file__).resolve().parent.parent
    if (root / ".git").exists():
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            described = subprocess.run(
                ["git", "-C", str(root), "describe", "--always", "--dirty", "--tags"],
                capture_output=True,
                text=True,
                timeout=10,
                check=True,
            )
            return described.stdout.strip()
    return f"package-{code_sha256()[:12]}"


def code_sha256() -> str:
    """A hash of everything that decides what a build makes of its files: ``data/`` without the demo, the
    parts of ``analytics/`` that estimates use, and the versions of the packages that decide an estimate."""
    root = Path(__file__).resolve().parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        inside = path.relative_to(root)
        if path.suffix in (".py", ".sql", ".yaml", ".csv") and inside.parts[0] != "demo":
            digest.update(inside.as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    for path in estimates.code_files():
        digest.update(path.relative_to(root.parent).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    for name, version in estimates.package_versions().items():
        digest.update(f"{name} {version}\0".encode())
    return digest.hexdigest()


def _inputs(feeds: list[Feed], warehouse: Path) -> dict[str, str]:
    """Everything a snapshot is made from, by name, and ``fingerprint``, the hash of it all."""
    inputs = {"code": code_sha256()}
    for feed in feeds:
        inputs[f"{feed.name}/{SOURCE_FILE}"] = feed.yaml_sha256
        inputs |= {f"{feed.name}/{file.kind}/{file.name}": file.sha256 for file in feed.files}
    for name, pack in packs.active(warehouse).items():
        inputs[f"reference/{name}/{pack.version}"] = pack.sha256
    text = "\n".join(f"{name}\t{sha256}" for name, sha256 in sorted(inputs.items()))
    return {"fingerprint": hashlib.sha256(text.encode()).hexdigest(), **inputs}


def _all_problems(group: ExceptionGroup[Exception]) -> str:
    lines = []
    for error in group.exceptions:
        feed = error.feed if isinstance(error, FeedError) else ""
        lines += [f"  {feed}: {line}" for line in str(error).splitlines()]
    return (
        f"{len(lines)} thing{'s' if len(lines) != 1 else ''} to put right before anything can be published:\n"
        + "\n".join(lines)
        + "\nNothing was published; the last good snapshot, if there is one, still serves."
    )


def _what_gave_out(error: Exception, warehouse: Path) -> str:
    text = str(error).splitlines()[0]
    full = getattr(error, "errno", None) in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT) or any(
        sign in str(error) for sign in ("No space left", "Could not write", "File too large", "quota")
    )
    if isinstance(error, duckdb.OutOfMemoryException):
        what, do = "Memory ran out", "Raise --memory-limit, or free some memory, and start again."
    elif full:
        free = shutil.disk_usage(warehouse).free / 1e9
        what = f"The disk of {warehouse} is full ({free:.1f} GB free)"
        do = "Free some space, or build to another disk with --to, and start again."
    else:
        what, do = "A file could not be read or written", "Put that right and start again."
    return (
        f"{what}: {text}\n{do}\nNothing was published; the last good snapshot, if there is one, still serves."
    )


def _report(console: Console, feeds: list[Feed], counts: list[FeedCount], snapshot: Snapshot) -> None:
    """Print what became of the files: one row per feed, then why rows were set aside."""
    # In a log there is no edge to wrap at: a table cut to 80 columns would lose the numbers.
    if not console.is_terminal:
        console.width = max(console.width, 140)
    grid = Grid(title="What was loaded", title_justify="left")
    filtered = any(count.rows_filtered for count in counts)
    headings = ["Feed", "Files", "Rows in", "Loaded", "Quarantined", "Incurred through", "Paid through"]
    if filtered:
        headings.insert(5, "Left out")
    for heading in headings:
        left = heading in ("Feed", "Incurred through", "Paid through")
        grid.add_column(heading, justify="left" if left else "right", no_wrap=True)
    for count in counts:
        repeats = f" ({count.duplicate_files} repeated)" if count.duplicate_files else ""
        grid.add_row(
            count.feed,
            f"{count.files}{repeats}",
            f"{count.rows_in:,}",
            f"{count.rows_loaded:,}",
            f"{count.rows_quarantined:,}",
            *([f"{count.rows_filtered:,}"] if filtered else []),
            str(count.incurred_through or "-"),
            str(count.paid_through or "-"),
        )
    console.print(grid)
    reasons = [reason for count in counts for reason in count.reasons]
    if reasons:
        grid = Grid(title="Why rows were set aside", title_justify="left")
        for heading in ("Feed", "Table", "Reason", "Column", "Rows"):
            grid.add_column(heading, justify="right" if heading == "Rows" else "left", no_wrap=True)
        for reason in sorted(reasons, key=lambda reason: (reason.feed, -reason.rows)):
            grid.add_row(reason.feed, reason.table, reason.reason, reason.column or "-", f"{reason.rows:,}")
        console.print(grid)
    else:
        console.print("No row was set aside.", highlight=False)
    for count in counts:
        for table, rows in count.unassigned.items():
            console.print(
                f"{count.feed}: {rows:,} rows of {table} match no rule: unassigned.", highlight=False
            )
    for count in counts:
        if count.empty_files:
            console.print(
                f"{count.feed}: no rows in {', '.join(count.empty_files[:5])}"
                f"{' and others' if len(count.empty_files) > 5 else ''}: is that meant?",
                highlight=False,
            )
        if count.unlinked_persons:
            console.print(
                f"{count.feed}: {count.unlinked_persons:,} persons are not in the crosswalk and go by the "
                "feed's own ids.",
                highlight=False,
            )
    for feed in feeds:
        if feed.without_month:
            console.print(
                f"{feed.name}: delivery.month finds no month in {', '.join(feed.without_month[:5])}"
                f"{' and others' if len(feed.without_month) > 5 else ''}.",
                highlight=False,
            )
        if feed.not_read:
            console.print(
                f"{feed.name}: no pattern under files: matches {', '.join(feed.not_read[:5])}"
                f"{' and others' if len(feed.not_read) > 5 else ''}: not read.",
                highlight=False,
            )
    console.print(f"Published {snapshot.snapshot_id}", highlight=False)


def load_raw(
    feeds: Path | list[Feed],
    work_database: Path,
    *,
    warehouse: Path | None = None,
    snapshot_id: str = "",
    code_version: str = "",
    inputs: Mapping[str, str] | None = None,
    previous: str | None = None,
    memory_limit: str = MEMORY_LIMIT,
    threads: int | None = None,
    today: datetime.date | None = None,
    on_step: Callable[[str], None] | None = None,
    collect: list[FeedError] | None = None,
) -> list[FeedCount]:
    """Create ``work_database`` with every table of the ``raw`` schema, filled from the feeds.

    ``warehouse`` is where installed reference packs are looked for, and the snapshot ``previous``, with which
    the new one, made from ``inputs``, is compared. Scratch files stand beside the work
    database and are removed. Raises an ``ExceptionGroup`` of :class:`FeedError` with the errors of all feeds;
    with ``collect`` they are added to it instead, and what could be loaded is loaded.
    """
    found = find_feeds(feeds) if isinstance(feeds, Path) else feeds
    step = on_step or (lambda text: None)
    built_at = datetime.datetime.now(datetime.UTC).replace(tzinfo=None, microsecond=0)
    work_database.parent.mkdir(parents=True, exist_ok=True)
    stage_database = work_database.with_suffix(".stage")
    scratch = work_database.parent
    problems: list[FeedError] = []
    counts: list[FeedCount] = []
    with _engine(scratch, memory_limit, threads) as connection:
        # Both files are thrown away if the build stops, so nothing is logged ahead of being written; and one
        # checkpoint at the end does not compress the same rows again for every file that adds to them.
        connection.execute("set checkpoint_threshold = '1TB'")
        # Nor is it worth trying every way to compress them: the dear ones save little here.
        connection.execute(
            "set disabled_compression_methods = 'fsst,dict_fsst,zstd,roaring,alp,alprd,patas,chimp'"
        )
        for path, name in ((work_database, "work"), (stage_database, "stage")):
            connection.execute(f"attach {literal(str(path))} as {name} (recovery_mode no_wal_writes)")
        try:
            _create_raw_tables(connection)
            connection.execute(
                "insert into work.raw.run values (?, ?, ?)", [snapshot_id, built_at, code_version]
            )
            _note_previous(connection, warehouse, previous, inputs or {})
            loaded_packs: dict[str, FileCount] = {}
            try:
                loaded_packs = packs.load(connection, warehouse, found, built_at)
            except FeedError as error:
                problems.append(error)
            # What the organisation knows comes first: its crosswalk says who the members of other feeds are.
            for feed in sorted(found, key=lambda one: one.source.format != "organization"):
                if feed.source.format == "reference_pack":
                    if feed.name in loaded_packs:
                        step(f"{feed.name}: {feed.files[0].name}")
                        counts.append(_record_feed(connection, feed, [loaded_packs[feed.name]]))
                    continue
                day = today or datetime.date.today()
                loaded, wrong = _load_feed(connection, feed, scratch, day, step)
                if wrong:
                    text = "\n".join(dict.fromkeys(str(error) for error in wrong))
                    problems.append(FeedError(feed.name, text))
                if loaded and (not wrong or collect is not None):
                    counts.append(_record_feed(connection, feed, loaded))
            if not problems:
                problems.extend(_merge_dimensions(connection, found))
            connection.execute("checkpoint work")
        finally:
            connection.execute("detach stage")
            connection.execute("detach work")
            for leftover in (stage_database, stage_database.with_name(stage_database.name + ".wal")):
                leftover.unlink(missing_ok=True)
    if problems and collect is None:
        raise ExceptionGroup("feeds", problems)
    if collect is not None:
        collect.extend(problems)
    return counts


def _note_previous(
    connection: duckdb.DuckDBPyConnection,
    warehouse: Path | None,
    previous: str | None,
    inputs: Mapping[str, str],
) -> None:
    """Write what this snapshot is made from, and which one it follows (data/estimates/change.py)."""
    connection.register("inputs", pa.table({"name": [*inputs], "sha256": [*inputs.values()]}, schema=_INPUT))
    connection.execute("insert into work.raw.build_input select name, sha256 from inputs")
    connection.unregister("inputs")
    path = warehouse / f"{previous}.duckdb" if warehouse and previous else None
    note = None if path and path.is_file() else "there is no earlier snapshot"
    connection.execute(
        "insert into work.raw.previous_snapshot values (?, ?, ?)",
        [previous, None if note else str(path), note],
    )


@contextmanager
def _engine(scratch: Path, memory_limit: str, threads: int | None) -> Iterator[duckdb.DuckDBPyConnection]:
    """An in-memory DuckDB with bounds, which spills beside the work database and downloads nothing."""
    spill = scratch / "spill"
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": memory_limit,
        "temp_directory": str(spill),
        "autoinstall_known_extensions": False,
    }
    if threads:
        config["threads"] = threads
    connection = duckdb.connect(":memory:", config=config)
    # Files are staged inside nested calls; DuckDB's own progress bar would draw over ours.
    connection.execute("set enable_progress_bar = false")
    try:
        yield connection
    finally:
        connection.close()


def _create_raw_tables(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("create schema work.raw")
    tables = {table.name: table for table in ALWAYS} | raw_tables()
    for ddl in [*(table.ddl for table in tables.values()), *_LEDGER_OF_THE_BUILD, *packs.RAW_TABLES]:
        connection.execute(ddl.replace("create table raw.", "create table work.raw."))


def _load_feed(
    connection: duckdb.DuckDBPyConnection,
    feed: Feed,
    scratch: Path,
    today: datetime.date,
    step: Callable[[str], None],
) -> tuple[list[FileCount], list[FeedError]]:
    """Load every table of a feed: what became of its files, and what stands in the way of a build."""
    counts: list[FileCount] = []
    problems: list[FeedError] = []

    def told(file: FeedFile) -> None:
        step(f"{feed.name}: {file.name}")

    totals = TotalsReading(connection, feed, scratch, today, told)
    reading = None
    try:
        counts += load_table(connection, feed, totals, CONTROL_TOTAL, today=today)
        reading = feed.adapter.open(connection, feed, scratch=scratch, today=today, on_file=told)
        for table in feed.tables:
            try:
                counts += load_table(connection, feed, reading, table, today=today)
            except FeedError as error:
                problems.append(error)
        if not problems:
            counts += reading.secondary()
    except FeedError as error:
        problems.append(error)
    finally:
        if reading is not None:
            reading.close()
    if not counts and not problems:
        problems.append(
            FeedError(
                feed.name, f"{feed.folder}: none of its files could be found; see files: in {SOURCE_FILE}"
            )
        )
    for count in counts:
        if count.rows_loaded + count.rows_quarantined + count.rows_filtered != count.rows_in:
            text = (
                f"{count.file.path}: the counts of {count.input_table} do not add up. This is a fault of the "
                "program, not of the file: please report it"
            )
            problems.append(FeedError(feed.name, text))
    return counts, problems


def _record_feed(connection: duckdb.DuckDBPyConnection, feed: Feed, counts: list[FileCount]) -> FeedCount:
    """Write ``raw.feed`` and ``raw.feed_file`` from what was counted."""
    rows = [
        {
            "feed": feed.name,
            "file_name": count.file.name,
            "input_table": count.input_table,
            "rows_in": count.rows_in,
            "rows_loaded": count.rows_loaded,
            "rows_quarantined": count.rows_quarantined,
            "sha256": count.file.sha256,
            "status": "duplicate" if count.duplicate_of else "loaded",
            "duplicate_of": count.duplicate_of,
            "kind": count.file.kind,
            "delivery_month": count.file.delivery_month,
            "received_on": count.file.received_on,
            "rows_filtered": count.rows_filtered,
            "rows_superseded": count.rows_superseded,
        }
        for count in counts
    ]
    connection.register("counted_files", pa.Table.from_pylist(rows))
    connection.execute("insert into work.raw.feed_file by name select * from counted_files")
    connection.unregister("counted_files")
    # Where the payer's totals say when a month's files came, they know better than a path.
    connection.execute(
        """
        update work.raw.feed_file as file
        set received_on = coalesce(
            (
                select max(received_on) from work.raw.control_total as told
                where
                    told.feed = $feed
                    and told.delivery_month = file.delivery_month
                    and told.input_table in (file.kind, file.input_table)
            ),
            file.received_on,
            (
                select max(received_on) from work.raw.control_total as told
                where told.feed = $feed and told.delivery_month = file.delivery_month
            )
        )
        where file.feed = $feed and file.delivery_month is not null
        """,
        {"feed": feed.name},
    )
    dates = connection.execute(
        """
        select
            (select min(claim_start_date) from work.raw.medical_claim where feed = $feed),
            (select max(claim_start_date) from work.raw.medical_claim where feed = $feed),
            greatest(
                (select max(paid_date) from work.raw.medical_claim where feed = $feed),
                (select max(paid_date) from work.raw.pharmacy_claim where feed = $feed)
            )
        """,
        {"feed": feed.name},
    ).fetchone()
    assert dates is not None
    total = FeedCount(
        feed.name,
        len({count.file.name for count in counts}),
        sum(count.rows_in for count in counts),
        sum(count.rows_loaded for count in counts),
        sum(count.rows_quarantined for count in counts),
        len({count.file.name for count in counts if count.duplicate_of}),
        dates[0],
        dates[1],
        dates[2],
        _reasons(connection, feed),
        _unassigned(connection, feed),
        _unlinked(connection, feed),
        tuple(count.file.name for count in counts if not count.rows_in and not count.duplicate_of),
        sum(count.rows_filtered for count in counts),
    )
    delivery = feed.source.delivery
    connection.execute(
        f"insert into work.raw.feed values ({', '.join('?' * 15)})",
        [
            total.feed,
            total.files,
            total.rows_in,
            total.rows_loaded,
            total.rows_quarantined,
            total.duplicate_files,
            *dates,
            feed.sha256,
            delivery.due_day if delivery else None,
            delivery.since if delivery else None,
            "|".join(delivery.expected) or None if delivery else None,
            total.unlinked_persons,
            feed.source.title or feed.name,
        ],
    )
    return total


def _reasons(connection: duckdb.DuckDBPyConnection, feed: Feed) -> tuple[SetAside, ...]:
    rows = connection.execute(
        """
        select feed, input_table, reason, column_name, count(*)
        from work.raw.quarantine
        where feed = ?
        group by all
        order by count(*) desc, 2, 3, 4
        """,
        [feed.name],
    ).fetchall()
    return tuple(SetAside(*row) for row in rows)


def _unassigned(connection: duckdb.DuckDBPyConnection, feed: Feed) -> dict[str, int]:
    """Loaded rows that no contract or market rule matched, by table."""
    found: dict[str, int] = {}
    for table in (table for table in feed.tables if table.has_contract):
        columns = ["contract_id"] + ["market_id"] * table.has_market
        count = connection.execute(
            f"select count(*) from work.raw.{table.name} "
            f"where feed = ? and '{UNASSIGNED}' in ({', '.join(columns)})",
            [feed.name],
        ).fetchone()
        if count and count[0]:
            found[table.name] = int(count[0])
    return found


def _unlinked(connection: duckdb.DuckDBPyConnection, feed: Feed) -> int | None:
    """Persons of a feed with a crosswalk who are not in it, and go by the feed's own ids."""
    if feed.source.person_ids != "crosswalk":
        return None
    tables = [table.name for table in feed.tables if table.has_person]
    rows = " union ".join(f"select person_id from work.raw.{name} where feed = $feed" for name in tables)
    found = connection.execute(
        f"select count(*) from ({rows}) where starts_with(person_id, $prefix)",
        {"feed": feed.name, "prefix": f"{feed.name}:"},
    ).fetchone()
    return int(found[0]) if found else 0


def _merge_dimensions(connection: duckdb.DuckDBPyConnection, feeds: list[Feed]) -> list[FeedError]:
    """Bring the contracts and markets of all declarations and organization files to one row each.

    The same contract may be declared by several feeds; what they say of it must agree where both say
    something.
    """
    for feed in feeds:
        for number, market in enumerate(feed.source.markets, start=1):
            connection.execute(
                "insert into work.raw.market values (?, ?, ?, ?, ?, ?)",
                [feed.name, SOURCE_FILE, number, market.market_id, market.market_name, market.state],
            )
        for number, contract in enumerate(feed.source.contracts, start=1):
            values = contract.model_dump()
            connection.execute(
                f"insert into work.raw.contract values ({', '.join('?' * (len(values) + 4))})",
                [feed.name, SOURCE_FILE, number, *values.values(), contract.terms_sha256],
            )
    connection.execute(
        "insert into work.raw.market (market_id, market_name) values (?, 'Unassigned')",
        [UNASSIGNED],
    )
    connection.execute(
        """
        insert into work.raw.contract (contract_id, contract_name, line_of_business, completion_threshold)
        values (?, 'Unassigned', 'unassigned', 0.9)
        """,
        [UNASSIGNED],
    )
    problems: list[FeedError] = []
    for table in ("market", "contract"):
        columns = [
            row[0]
            for row in connection.execute(f"describe work.raw.{table}").fetchall()
            if row[0] not in ("feed", "file_name", "row_number", f"{table}_id")
        ]
        # A hash or version of terms is that of the declaration that has one; the facts have to agree.
        for column in [name for name in columns if not name.startswith("terms_")]:
            for name, values, sources in connection.execute(
                f"""
                select {table}_id, string_agg(distinct {column}, ' / '), string_agg(distinct feed, ', ')
                from work.raw.{table}
                where {column} is not null
                group by {table}_id
                having count(distinct {column}) > 1
                order by 1
                """
            ).fetchall():
                problems.append(
                    FeedError(
                        sources,
                        f"{table} {name!r} is declared with different {column}: {values} (feeds {sources}); "
                        "make them agree",
                    )
                )
        merged = ", ".join(f"arg_min({name}, (coalesce(feed, ''), row_number)) as {name}" for name in columns)
        connection.execute(
            f"""
            create or replace temp table merged as
            select
                min(feed) as feed,
                arg_min(file_name, (coalesce(feed, ''), row_number)) as file_name,
                arg_min(row_number, (coalesce(feed, ''), row_number)) as row_number,
                {table}_id,
                {merged}
            from work.raw.{table}
            group by {table}_id
            """
        )
        connection.execute(f"delete from work.raw.{table}")
        connection.execute(f"insert into work.raw.{table} by name select * from merged")
    return problems
