"""A dry run: reads one feed, or a folder of them, into a database that is thrown away, and says what is
wrong.

Everything a build would stumble over is said at once, with file, line or row, and column; then what would be
set aside, with an example of each reason; then what loads but looks odd: files without rows, columns without
a value, amounts below zero, claims of nobody, dates that read like another format. Nothing is written to any
warehouse.
"""

from __future__ import annotations

import datetime
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table as Grid

from data.build import MEMORY_LIMIT, FeedCount, load_raw
from data.feed_error import FeedError
from data.feeds import SOURCE_FILE, Feed, find_feeds, read_feed
from data.sources.damaged import ENCODING
from data.sources.files import literal
from data.sources.layout import Table

DATE_SHAPES = (
    (r"\d{4}-\d{1,2}-\d{1,2}.*", "%Y-%m-%d"),
    (r"\d{8}", "%Y%m%d"),
    (r"\d{1,2}\.\d{1,2}\.\d{4}", "%d.%m.%Y"),
    (r"(1[3-9]|[23]\d)/\d{1,2}/\d{4}", "%d/%m/%Y"),
    (r"\d{1,2}/\d{1,2}/\d{4}", "%m/%d/%Y"),
    (r"\d{1,2}/\d{1,2}/\d{2}", "%m/%d/%y"),
    (r"\d{1,2}-[A-Za-z]{3}-\d{4}", "%d-%b-%Y"),
)
"""What a date looks like, and the format it is most likely written in."""


@dataclass(frozen=True)
class Example:
    """Rows set aside for one reason: how many, and the first of them as the payer wrote it."""

    feed: str
    table: str
    reason: str
    column: str | None
    rows: int
    file: str
    row: int
    value: str | None


@dataclass(frozen=True)
class Findings:
    """What a dry run found: what stops a build, what would be set aside, what looks odd, and the counts."""

    problems: tuple[str, ...]
    set_aside: tuple[Example, ...] = ()
    odd: tuple[str, ...] = ()
    counts: tuple[FeedCount, ...] = ()
    files: tuple[tuple[object, ...], ...] = field(default=())

    @property
    def would_build(self) -> bool:
        return not self.problems


def check(
    feeds: Path,
    *,
    today: datetime.date | None = None,
    memory_limit: str = MEMORY_LIMIT,
    threads: int | None = None,
) -> Findings:
    """Check a feed's folder, or a folder of feeds. Writes nothing but a temporary database."""
    found, problems = _read(feeds)
    if not found:
        return Findings(tuple(problems))
    with tempfile.TemporaryDirectory(prefix="huddleboard-check-") as scratch:
        work = Path(scratch) / "work.duckdb"
        stopped: list[FeedError] = []
        counts = load_raw(
            found, work, memory_limit=memory_limit, threads=threads, today=today, collect=stopped
        )
        for error in stopped:
            problems += [f"{error.feed}: {line}" for line in str(error).splitlines()]
        with duckdb.connect() as connection:
            connection.execute(f"attach {literal(str(work))} as work (read_only)")
            connection.execute("use work")
            examples = tuple(_examples(connection))
            odd = [line for feed in found for line in _odd(connection, feed)]
            files = tuple(
                connection.execute(
                    """
                    select
                        feed, input_table, count(*), sum(rows_in), sum(rows_loaded), sum(rows_quarantined),
                        sum(rows_filtered), sum(rows_superseded)
                    from raw.feed_file group by all order by all
                    """
                ).fetchall()
            )
            crosswalk = connection.execute("select count(*) from raw.person_crosswalk").fetchone()
    if crosswalk and crosswalk[0]:
        odd += [
            f"{one.feed}: {one.unlinked_persons:,} persons not in the crosswalk go by the feed's ids"
            for one in counts
            if one.unlinked_persons
        ]
    odd += _format_hints(examples)
    return Findings(tuple(dict.fromkeys(problems)), examples, tuple(dict.fromkeys(odd)), tuple(counts), files)


def _read(feeds: Path) -> tuple[list[Feed], list[str]]:
    """The feeds that can be read, and what is wrong with the others."""
    problems: list[str] = []
    try:
        return find_feeds(feeds), []
    except ExceptionGroup as group:
        for error in group.exceptions:
            feed = error.feed if isinstance(error, FeedError) else ""
            problems += [f"{feed}: {line}" for line in str(error).splitlines()]
    found: list[Feed] = []
    folders = [feeds] if (feeds / SOURCE_FILE).is_file() else sorted(feeds.glob("*/"))
    for folder in folders:
        if (folder / SOURCE_FILE).is_file():
            try:
                found.append(read_feed(folder))
            except FeedError:
                continue
    if (feeds / SOURCE_FILE).is_file():
        # One feed alone may well speak of a contract that another feed declares.
        problems = [line for line in problems if "is declared nowhere" not in line]
    return found, problems


def _examples(connection: duckdb.DuckDBPyConnection) -> Iterator[Example]:
    rows = connection.execute(
        """
        select
            feed, input_table, reason, column_name, count(*),
            arg_min(file_name, (file_name, row_number)), arg_min(row_number, (file_name, row_number)),
            arg_min(
                case when column_name is null then row_json->>'line'
                else row_json->>('$."' || column_name || '"') end,
                (file_name, row_number)
            )
        from raw.quarantine
        group by feed, input_table, reason, column_name
        order by feed, count(*) desc, input_table, reason, column_name
        """
    ).fetchall()
    for row in rows:
        yield Example(*row)


def _odd(connection: duckdb.DuckDBPyConnection, feed: Feed) -> Iterator[str]:
    """What loads, and yet is likely not what was meant."""
    name = literal(feed.name)
    for file, table in connection.execute(
        f"select file_name, input_table from raw.feed_file where feed = {name} and rows_in = 0 "
        "and status = 'loaded' order by all"
    ).fetchall():
        yield f"{feed.name}: {file}: no rows: {table} of this file is empty. Ask whether that is meant"
    for file, other in connection.execute(
        f"select file_name, duplicate_of from raw.feed_file where feed = {name} and status = 'duplicate'"
    ).fetchall():
        yield f"{feed.name}: {file}: is byte for byte the same as {other} and is skipped"
    if feed.not_read:
        listed = ", ".join(feed.not_read[:5]) + (" and others" if len(feed.not_read) > 5 else "")
        yield f"{feed.name}: no pattern matches {listed}: not read"
    if feed.without_month:
        listed = ", ".join(feed.without_month[:5]) + (" and others" if len(feed.without_month) > 5 else "")
        yield f"{feed.name}: delivery.month finds no month in {listed}"
    for table in feed.tables:
        columns = [column.name for column in table.columns]
        counted = connection.execute(
            f"select count(*), {', '.join(f'count({column})' for column in columns)} "
            f"from raw.{table.name} where feed = {name}"
        ).fetchone()
        assert counted is not None
        if not counted[0]:
            continue
        told = {column.name for column in table.columns if column.in_file or column.kind == "money"}
        empty = [column for column, n in zip(columns, counted[1:], strict=True) if not n and column in told]
        if empty:
            yield f"{feed.name}: {table.name}: no row has a value in {', '.join(empty)}"
        if table.has_contract:
            unassigned = connection.execute(
                f"select count(*) from raw.{table.name} where feed = {name} and contract_id = 'unassigned'"
            ).fetchone()
            if unassigned and unassigned[0]:
                yield f"{feed.name}: {table.name}: {unassigned[0]:,} rows match no contract rule: unassigned"
        if table.paid_date:
            yield from _below_zero(connection, feed, table)
        if table.service_date and table.has_person:
            nobody = connection.execute(
                f"""
                select count(*) from raw.{table.name} as c
                where c.feed = {name} and not exists (
                    select 1 from raw.eligibility as e where e.feed = c.feed and e.person_id = c.person_id
                )
                """
            ).fetchone()
            if nobody and nobody[0]:
                yield (
                    f"{feed.name}: {table.name}: {nobody[0]:,} of {counted[0]:,} rows are of no enrolled "
                    "member"
                )


def _below_zero(connection: duckdb.DuckDBPyConnection, feed: Feed, table: Table) -> Iterator[str]:
    """Claims paid less than nothing that reverse no other claim of the same person and day of service."""
    found = connection.execute(
        f"""
        with claim as (
            select
                claim_id, person_id, min({table.service_date}) as served_on, sum(paid_amount) as paid,
                arg_min(file_name || ' row ' || row_number, (file_name, row_number)) as place
            from raw.{table.name}
            where feed = {literal(feed.name)} and not is_superseded
            group by claim_id, person_id
        )

        select count(*), min(place)
        from claim as below
        where
            below.paid < 0
            and not exists (
                select 1 from claim as other
                where
                    other.person_id = below.person_id
                    and other.served_on = below.served_on
                    and other.paid = -below.paid
            )
        """
    ).fetchone()
    if found and found[0]:
        yield (
            f"{feed.name}: {table.name}: {found[0]:,} claims are paid below zero and reverse no other, such "
            f"as {found[1]}. They are loaded; ask the payer"
        )


def _format_hints(examples: tuple[Example, ...]) -> Iterator[str]:
    for example in examples:
        if example.reason == ENCODING:
            yield (
                f"{example.feed}: {example.file}, row {example.row:,}, column {example.column}: is not in "
                "the declared encoding; if the text reads well as latin-1 or cp1252, say so"
            )
        if example.reason == "bad or missing date" and example.value:
            form = likely_date_format(example.value)
            if form:
                yield (
                    f"{example.feed}: {example.file}, row {example.row:,}, column {example.column}: "
                    f"{example.value!r} reads like {form}; is that how this column is written?"
                )


def likely_date_format(text: str) -> str | None:
    """The format a date is most likely written in, if it is one."""
    for shape, form in DATE_SHAPES:
        if re.fullmatch(shape, text.strip()):
            try:
                datetime.datetime.strptime(text.strip()[:10] if form == "%Y-%m-%d" else text.strip(), form)
            except ValueError:
                continue
            return form
    return None


def report(console: Console, feeds: Path, findings: Findings) -> None:
    """Print what was found: what stops a build first."""
    if not console.is_terminal:
        console.width = max(console.width, 160)
    if findings.files:
        grid = Grid(title="What would be loaded", title_justify="left")
        for heading in ("Feed", "Table", "Files", "Rows in", "Loaded", "Set aside", "Left out", "Superseded"):
            left = heading in ("Feed", "Table")
            grid.add_column(heading, justify="left" if left else "right", no_wrap=True)
        for feed, table, *numbers in findings.files:
            grid.add_row(str(feed), str(table), *(f"{number:,}" for number in numbers))
        console.print(grid)
    if findings.set_aside:
        console.print("Rows that would be set aside:", style="bold")
        for one in findings.set_aside:
            where = f"column {one.column}, " if one.column else ""
            value = "" if one.value is None else f": {one.value[:80]!r}"
            console.print(
                f"  {one.feed}: {one.table}: {one.rows:,} row{'s' * (one.rows != 1)}: {one.reason}, "
                f"{where}first in {one.file} row {one.row:,}{value}",
                highlight=False,
                markup=False,
                soft_wrap=True,
            )
    if findings.odd:
        console.print("Worth a look:", style="bold")
        for line in findings.odd:
            console.print(f"  {line}", highlight=False, markup=False, soft_wrap=True)
    if findings.problems:
        console.print(
            f"{len(findings.problems)} thing{'s' if len(findings.problems) != 1 else ''} to put right before "
            "anything can be published:",
            style="red",
        )
        for line in findings.problems:
            console.print(f"  {line}", highlight=False, markup=False, soft_wrap=True)
    else:
        console.print(f"{feeds} would build. Nothing was written.", highlight=False, markup=False)
