"""Types the rows of a feed's files into the raw tables, and sets aside the ones that cannot be used.

All rows of a table are typed by one statement, whatever their number. A row is set aside for one reason,
the first of: it cannot be read as a record; missing key; bad or missing date; bad amount; end before start;
future service date; unknown claim type; duplicate key (the first by file name and row number is kept). Rows
loaded and rows set aside are counted against the rows of each file, always.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from data.feeds import Feed, FeedError, FeedFile
from data.sources.files import StagedFile, literal, quote, stage_file
from data.sources.layout import SQL_TYPES, Column, Table
from data.sources.placement import check_rule_columns, placed_by, rule_columns

EARLIEST_YEAR = 1850
"""A date before this year is a slip of the pen: no person alive in any claims file was born before it."""


@dataclass(frozen=True)
class FileCount:
    """What became of the rows of one file."""

    file: FeedFile
    rows_in: int
    rows_loaded: int
    rows_quarantined: int
    duplicate_of: str | None = None


@dataclass(frozen=True)
class _Check:
    reason: str
    column: str
    condition: str


def load_table(
    connection: duckdb.DuckDBPyConnection,
    feed: Feed,
    table: Table,
    *,
    today: datetime.date,
    scratch: Path,
    on_file: Callable[[FeedFile], None] | None = None,
) -> list[FileCount]:
    """Load every file of one table of a feed into ``work.raw.<table>`` and ``work.raw.quarantine``.

    ``connection`` has the databases ``work`` and ``stage`` attached. Repeated files are counted with no rows.
    Raises :class:`FeedError`.
    """
    wanted = _file_columns(feed, table)
    staged: list[StagedFile] = []
    repeated: list[FileCount] = []
    for file in feed.files_of(table.name):
        if on_file:
            on_file(file)
        if file.duplicate_of:
            repeated.append(FileCount(file, 0, 0, 0, file.duplicate_of))
        else:
            staged.append(
                stage_file(
                    connection,
                    feed,
                    file,
                    wanted=wanted,
                    required=table.required_in_file,
                    scratch=scratch,
                )
            )
    if table.name == "eligibility":
        check_rule_columns(feed, staged)
    if not staged:
        return repeated
    try:
        _create_rows_view(connection, staged, sorted(wanted))
        _create_typed_view(connection, feed, table)
        checks = _flag_rows(connection, table, today)
        _insert_loaded(connection, feed, table)
        _insert_quarantined(connection, feed, table, staged, sorted(wanted), checks)
        counts = _count(connection, feed, table, staged)
    finally:
        connection.execute("drop view if exists stage.rows_typed")
        connection.execute("drop view if exists stage.rows_read")
        for name in ("stage.flagged", "stage.names", *(one.table for one in staged)):
            connection.execute(f"drop table if exists {name}")
    return [*counts, *repeated]


def _file_columns(feed: Feed, table: Table) -> frozenset[str]:
    columns = {name for column in table.columns for name in column.file_columns}
    if table.has_contract:
        columns |= rule_columns(feed.source.contract_rules)
    if table.has_market:
        columns |= rule_columns(feed.source.market_rules)
    return frozenset(columns)


def _create_rows_view(
    connection: duckdb.DuckDBPyConnection, staged: list[StagedFile], wanted: list[str]
) -> None:
    """One view over the staged files, every wanted column as text, in the order files are kept in."""
    parts = [
        f"select {index} as file_index, {one.row_number} as row_number, "
        + ", ".join(
            quote(name) if name in one.columns else f"cast(null as varchar) as {quote(name)}"
            for name in wanted
        )
        + f" from {one.table}"
        for index, one in enumerate(staged)
    ]
    connection.execute("create or replace view stage.rows_read as " + "\nunion all by name\n".join(parts))
    connection.execute("create or replace table stage.names (file_index integer, file_name varchar)")
    connection.executemany(
        "insert into stage.names values (?, ?)", [[index, one.file.name] for index, one in enumerate(staged)]
    )


def _written(column: Column) -> str:
    """SQL for the text of a column as written."""
    texts = [f"rows_read.{quote(name)}" for name in column.file_columns]
    return texts[0] if len(texts) == 1 else f"coalesce({', '.join(texts)})"


def _typed(column: Column, date_formats: list[str]) -> str:
    """SQL for the typed value of a column; null where the text cannot be typed."""
    text = _written(column)
    if column.kind == "text":
        return column.form.replace("{}", text)
    if column.kind in ("date", "timestamp"):
        # A cast to timestamp is exact where a cast to date ignores what follows the day.
        parsed = [f"try_cast({text} as timestamp)"] if "%Y-%m-%d" in date_formats else []
        others = [literal(form) for form in date_formats if form != "%Y-%m-%d"]
        if others:
            parsed.append(f"try_strptime({text}, [{', '.join(others)}])")
        value = parsed[0] if len(parsed) == 1 else f"coalesce({', '.join(parsed)})"
        value = (
            f"case when isfinite({value}) and extract(year from {value}) between {EARLIEST_YEAR} and 9999 "
            f"then {value} end"
        )
        return f"cast({value} as {SQL_TYPES[column.kind]})"
    if column.kind == "number":
        return f"case when isfinite(try_cast({text} as double)) then try_cast({text} as double) end"
    if column.kind == "integer":
        number = f"try_cast({text} as double)"
        return f"case when {number} = floor({number}) then try_cast({number} as integer) end"
    if column.kind == "boolean":
        return (
            f"case when lower({text}) in ('1', 'true', 't', 'yes', 'y') then true "
            f"when lower({text}) in ('0', 'false', 'f', 'no', 'n') then false end"
        )
    return f"try_cast({text} as {SQL_TYPES[column.kind]})"


def _create_typed_view(connection: duckdb.DuckDBPyConnection, feed: Feed, table: Table) -> None:
    """The same rows with typed values; ``has_<column>`` says whether anything was written there."""
    values = ["file_index", "row_number"]
    for column in table.columns:
        value = _typed(column, feed.source.options.date_formats)
        if column.name == "person_id" and feed.source.person_ids == "own":
            value = f"{literal(feed.name + ':')} || {value}"
        values.append(f"{value} as {column.name}")
        if column.kind != "text":
            values.append(f"{_written(column)} is not null as has_{column.name}")
    if table.has_contract:
        values.append(f"{placed_by(feed.source.contract_rules, 'rows_read')} as placed_contract_id")
    if table.has_market:
        values.append(f"{placed_by(feed.source.market_rules, 'rows_read')} as placed_market_id")
    connection.execute(
        "create or replace view stage.rows_typed as select\n    "
        + ",\n    ".join(values)
        + "\nfrom stage.rows_read"
    )


def _checks(table: Table, today: datetime.date) -> list[_Check]:
    """Why a row is set aside, in the order in which the first reason is taken."""
    columns = table.columns
    bad = {column.name: f"has_{column.name} and {column.name} is null" for column in columns}
    checks = [
        _Check("missing key", column.name, f"{column.name} is null")
        for column in columns
        if column.value == "missing key"
    ]
    checks += [
        _Check(
            "bad or missing date", column.name, f"{column.name} is null" if column.value else bad[column.name]
        )
        for column in columns
        if column.kind in ("date", "timestamp")
    ]
    if table.any_date:
        none = " and ".join(f"{name} is null" for name in table.any_date)
        checks.append(_Check("bad or missing date", table.any_date[0], none))
    checks += [
        _Check("bad amount", column.name, bad[column.name])
        for column in columns
        if column.kind in ("money", "number", "integer") and column.value is None
    ]
    checks += [
        _Check("bad value", column.name, bad[column.name]) for column in columns if column.kind == "boolean"
    ]
    checks += [_Check("end before start", end, f"{end} < {start}") for start, end in table.periods]
    checks += [
        _Check("future service date", name, f"{name} > date '{today}'") for name in table.service_dates
    ]
    checks += [
        _Check(
            column.among_reason,
            column.name,
            f"coalesce({column.name} not in ({', '.join(map(literal, column.among))}), true)",
        )
        for column in columns
        if column.among
    ]
    return checks


def _flag_rows(connection: duckdb.DuckDBPyConnection, table: Table, today: datetime.date) -> list[_Check]:
    """Fill ``stage.flagged`` with the rows to set aside, each with the number of its check."""
    checks = _checks(table, today)
    cases = "\n            ".join(f"when {check.condition} then {n}" for n, check in enumerate(checks))
    connection.execute(
        f"""
        create or replace table stage.flagged as
        with checked as (
            select file_index, row_number, case
            {cases}
            end as check_number
            from stage.rows_typed
        )
        select file_index, row_number, check_number
        from checked
        where check_number is not null
        """
    )
    if table.key:
        _flag_duplicates(connection, table, len(checks))
        checks.append(_Check("duplicate key", table.key[-1], ""))
    return checks


def _flag_duplicates(connection: duckdb.DuckDBPyConnection, table: Table, number: int) -> None:
    """Flag every row but the first of a key.

    Keys that occur once are left out by their hash first, so that the exact comparison, which has to sort,
    sees only the rows that may be repeats: eight bytes per row instead of two identifiers.
    """
    keys = ", ".join(table.key)
    connection.execute(
        f"""
        create or replace table stage.key_hashes as
        select file_index, row_number, hash({keys}) as key_hash
        from stage.rows_typed anti join stage.flagged using (file_index, row_number)
        """
    )
    connection.execute(
        f"""
        insert into stage.flagged
        with repeated as (
            select key_hash from stage.key_hashes group by key_hash having count(*) > 1
        ),
        candidates as (
            select file_index, row_number from stage.key_hashes semi join repeated using (key_hash)
        ),
        numbered as (
            select
                file_index,
                row_number,
                row_number() over (partition by {keys} order by file_index, row_number) as occurrence
            from stage.rows_typed semi join candidates using (file_index, row_number)
        )
        select file_index, row_number, {number}
        from numbered
        where occurrence > 1
        """
    )
    connection.execute("drop table stage.key_hashes")


def _insert_loaded(connection: duckdb.DuckDBPyConnection, feed: Feed, table: Table) -> None:
    placed = ["placed_contract_id"] * table.has_contract + ["placed_market_id"] * table.has_market
    rows = "stage.rows_typed anti join stage.flagged using (file_index, row_number)"
    if placed and not table.has_market and _placed_by_member(connection, feed):
        # A rule looks at a column that only eligibility has: the claim goes where its member was placed on
        # the day of service, or, before any enrolment, where the member was placed first.
        placed = ["coalesce(span.contract_id, earliest.contract_id, 'unassigned')"]
        rows = f"""
            (select * from {rows}) as placed_rows
            asof left join (
                select person_id, enrollment_start_date, contract_id
                from work.raw.eligibility
                where feed = {literal(feed.name)}
            ) as span
                on placed_rows.person_id = span.person_id
                and placed_rows.{table.service_date} >= span.enrollment_start_date
            left join (
                select person_id, arg_min(contract_id, (enrollment_start_date, row_number)) as contract_id
                from work.raw.eligibility
                where feed = {literal(feed.name)}
                group by person_id
            ) as earliest
                on placed_rows.person_id = earliest.person_id
        """
        columns = ", ".join(f"placed_rows.{column.name}" for column in table.columns)
    else:
        columns = ", ".join(column.name for column in table.columns)
    connection.execute(
        f"""
        insert into work.raw.{table.name}
        select {", ".join([literal(feed.name), "names.file_name", "row_number", *placed, columns])}
        from {rows}
        join stage.names as names using (file_index)
        """
    )


def _placed_by_member(connection: duckdb.DuckDBPyConnection, feed: Feed) -> bool:
    needed = rule_columns(feed.source.contract_rules)
    found = connection.execute(
        "select column_name from duckdb_columns() where database_name = 'stage' and table_name like 'file_%'"
    ).fetchall()
    return not needed <= {row[0] for row in found}


def _insert_quarantined(
    connection: duckdb.DuckDBPyConnection,
    feed: Feed,
    table: Table,
    staged: list[StagedFile],
    wanted: list[str],
    checks: list[_Check],
) -> None:
    """Write the rows set aside, with the row as read, to ``work.raw.quarantine``."""
    connection.execute(
        "create or replace table stage.checks (check_number integer, reason varchar, column_name varchar)"
    )
    connection.executemany(
        "insert into stage.checks values (?, ?, ?)",
        [[number, check.reason, check.column] for number, check in enumerate(checks)],
    )
    sources = {column.name: column.file_columns[0] for column in table.columns}
    for check in checks:
        if sources[check.column] != check.column:
            connection.execute(
                "update stage.checks set column_name = ? where column_name = ?",
                [sources[check.column], check.column],
            )
    values = ", ".join(f"{quote(name)} := rows_read.{quote(name)}" for name in wanted)
    connection.execute(
        f"""
        insert into work.raw.quarantine
        select {literal(feed.name)}, names.file_name, {literal(table.name)}, rows_read.row_number,
            checks.column_name, checks.reason,
            cast(json_merge_patch('{{}}', to_json(struct_pack({values}))) as varchar)
        from stage.rows_read as rows_read
        join stage.flagged as flagged using (file_index, row_number)
        join stage.checks as checks using (check_number)
        join stage.names as names using (file_index)
        """
    )
    connection.execute("drop table stage.checks")
    broken = [(one.file.name, line) for one in staged for line in one.broken]
    if broken:
        lines = pa.table(
            {
                "file_name": [name for name, _ in broken],
                "row_number": [line.row_number for _, line in broken],
                "reason": [line.reason for _, line in broken],
                "line": [line.text for _, line in broken],
            }
        )
        connection.register("broken_lines", lines)
        connection.execute(
            f"""
            insert into work.raw.quarantine
            select {literal(feed.name)}, file_name, {literal(table.name)}, row_number, null, reason,
                cast(json_object('line', line) as varchar)
            from broken_lines
            """
        )
        connection.unregister("broken_lines")


def _count(
    connection: duckdb.DuckDBPyConnection, feed: Feed, table: Table, staged: list[StagedFile]
) -> list[FileCount]:
    """Count what became of each file's rows, and stop if one is neither loaded nor set aside."""
    loaded = _rows_by_file(connection, f"work.raw.{table.name}", "feed = ?", [feed.name])
    aside = _rows_by_file(
        connection, "work.raw.quarantine", "feed = ? and input_table = ?", [feed.name, table.name]
    )
    counts = []
    for one in staged:
        count = FileCount(one.file, one.rows, loaded.get(one.file.name, 0), aside.get(one.file.name, 0))
        if count.rows_loaded + count.rows_quarantined != count.rows_in:
            raise FeedError(
                feed.name,
                f"{one.file.path}: of {count.rows_in:,} rows {count.rows_loaded:,} were loaded and "
                f"{count.rows_quarantined:,} set aside, which does not add up. This is a fault of the "
                "program, not of the file: please report it",
            )
        counts.append(count)
    return counts


def _rows_by_file(
    connection: duckdb.DuckDBPyConnection, table: str, condition: str, values: list[str]
) -> dict[str, int]:
    return dict(
        connection.execute(
            f"select file_name, count(*) from {table} where {condition} group by file_name", values
        ).fetchall()
    )
