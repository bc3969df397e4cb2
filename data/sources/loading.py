"""Types the rows of a feed's files into the raw tables, and sets aside the ones that cannot be used.

A file is gone through twice, whatever its size: once over the few columns that decide whether a row can be
used, once over all columns of the rows that can. Only rows set aside are ever written out as text. A row is
set aside for one reason, the first of: it cannot be read as a record; missing key; bad or missing date; bad
amount; end before start; future service date; unknown claim type; duplicate key (the first by file name and
row number is kept). Rows loaded and rows set aside are counted against the rows of each file, always.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from data.feeds import Feed, FeedError, FeedFile
from data.sources.files import StagedFile, first_line, literal, quote, stage_file
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
    try:
        for file in feed.files_of(table.name):
            if on_file:
                on_file(file)
            if file.duplicate_of:
                repeated.append(FileCount(file, 0, 0, 0, file.duplicate_of))
                continue
            staged.append(
                stage_file(
                    connection, feed, file, wanted=wanted, required=table.required_in_file, scratch=scratch
                )
            )
        if table.name == "eligibility":
            check_rule_columns(feed, staged)
        if not staged:
            return repeated
        checks = _checks(table, today)
        flagged = _flag_rows(connection, feed, table, staged, checks)
        by_member = _placed_by_member(feed, table, staged)
        for index, one in enumerate(staged):
            with _readable(feed, one):
                _insert_loaded(connection, feed, table, one, index if index in flagged else None, by_member)
                if index in flagged:
                    _insert_quarantined(connection, feed, table, one, index, sorted(wanted), checks)
        _insert_broken(connection, feed, table, staged)
        counts = _count(connection, feed, table, staged)
    finally:
        for name in ("seen", "repeated", "candidates", "flagged"):
            connection.execute(f"drop table if exists temp.{name}")
        for one in staged:
            one.remove(connection)
    return [*counts, *repeated]


@contextmanager
def _readable(feed: Feed, one: StagedFile) -> Iterator[None]:
    """A Parquet file may turn out to be damaged only when the damaged column is reached."""
    try:
        yield
    except duckdb.InvalidInputException as error:
        raise FeedError(
            feed.name, f"{one.file.path}: cannot be read ({first_line(error)}); ask for the file again"
        ) from error


def _file_columns(feed: Feed, table: Table) -> frozenset[str]:
    columns = {name for column in table.columns for name in column.file_columns}
    if table.has_contract:
        columns |= rule_columns(feed.source.contract_rules)
    if table.has_market:
        columns |= rule_columns(feed.source.market_rules)
    return frozenset(columns)


def _as_read(one: StagedFile, wanted: Iterable[str], condition: str = "true") -> str:
    """SQL for the rows of a file: the wanted columns as text, and in the file's own type where it has one."""
    columns = [f"{one.row_number} as row_number"]
    columns += [f"{one.texts.get(name, 'cast(null as varchar)')} as {quote(name)}" for name in wanted]
    columns += [f"{column} as {_native(name)}" for name, (column, _) in one.natives.items()]
    return f"(select {', '.join(columns)} from {one.relation} where {condition}) as rows_read"


def _native(name: str) -> str:
    return quote(f"native {name}")


def _written(column: Column) -> str:
    """SQL for the text of a column as written."""
    texts = [f"rows_read.{quote(name)}" for name in column.file_columns]
    return texts[0] if len(texts) == 1 else f"coalesce({', '.join(texts)})"


NATIVE_TYPES: dict[str, tuple[str, ...]] = {
    "date": ("DATE", "TIMESTAMP"),
    "timestamp": ("DATE", "TIMESTAMP"),
    "integer": ("TINYINT", "SMALLINT", "INTEGER", "BIGINT"),
    "number": ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "DOUBLE"),
    "money": ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "DECIMAL"),
}
"""Types of a Parquet column that are taken as they are. The rest goes by way of its text, like CSV."""


def _native_value(one: StagedFile, column: Column) -> str | None:
    """SQL for the value in the file's own type, if each column it may come from has a type to be trusted."""
    present = [one.natives[name] for name in column.file_columns if name in one.natives]
    trusted = NATIVE_TYPES.get(column.kind, ())
    if not present or any(kind.split("(")[0] not in trusted for _, kind in present):
        return None
    if column.kind == "money" and any(
        "," in kind and not kind.endswith((",0)", ",1)", ",2)")) for _, kind in present
    ):
        return None
    values = [f"rows_read.{_native(name)}" for name in column.file_columns if name in one.natives]
    values = [
        # pandas writes a gap among floating point numbers as NaN: nothing was written there.
        f"case when not isnan({value}) then {value} end" if kind == "DOUBLE" else value
        for value, (_, kind) in zip(values, present, strict=True)
    ]
    return values[0] if len(values) == 1 else f"coalesce({', '.join(values)})"


def _parsed(one: StagedFile, column: Column, date_formats: list[str]) -> tuple[str, str]:
    """SQL for a column's value before its range is checked, and for whether anything was written there."""
    kind = column.kind
    if kind != "text" and not one.columns.intersection(column.file_columns):
        return f"cast(null as {'timestamp' if kind == 'date' else SQL_TYPES[kind]})", "false"
    text = _written(column)
    if kind == "text":
        return column.form.replace("{}", text), ""
    if value := _native_value(one, column):
        return value, f"{value} is not null"
    if kind in ("date", "timestamp"):
        # A cast to timestamp is exact where a cast to date ignores what follows the day.
        values = [f"try_cast({text} as timestamp)"] if "%Y-%m-%d" in date_formats else []
        others = [literal(form) for form in date_formats if form != "%Y-%m-%d"]
        if others:
            values.append(f"try_strptime({text}, [{', '.join(others)}])")
        return values[0] if len(values) == 1 else f"coalesce({', '.join(values)})", f"{text} is not null"
    if kind == "boolean":
        value = (
            f"case when lower({text}) in ('1', 'true', 't', 'yes', 'y') then true "
            f"when lower({text}) in ('0', 'false', 'f', 'no', 'n') then false end"
        )
        return value, f"{text} is not null"
    parsed_as = {"number": "double", "integer": "double", "money": SQL_TYPES["money"]}[kind]
    return f"try_cast({text} as {parsed_as})", f"{text} is not null"


def _typed(column: Column) -> str:
    """SQL for the typed value of a column, from what was parsed; null where it is out of its range."""
    value = f"parsed.{column.name}"
    if column.kind in ("date", "timestamp"):
        # The bounds also leave out infinity.
        bounds = f"timestamp '{EARLIEST_YEAR}-01-01' and timestamp '9999-12-31 23:59:59.999999'"
        return f"cast(case when {value} between {bounds} then {value} end as {SQL_TYPES[column.kind]})"
    if column.kind == "number":
        return f"case when isfinite(cast({value} as double)) then cast({value} as double) end"
    if column.kind == "integer":
        return f"case when {value} = floor({value}) then try_cast({value} as integer) end"
    if column.kind == "money":
        return f"try_cast({value} as {SQL_TYPES['money']})"
    return value


def _typed_rows(feed: Feed, table: Table, one: StagedFile, condition: str = "true") -> str:
    """SQL for the rows of a file with typed values; ``has_<column>`` says whether anything was written there.

    Parsing and checking are two levels, so that a text is parsed once; columns that are not asked for cost
    nothing.
    """
    parsed = ["row_number"]
    typed = ["parsed.row_number"]
    for column in table.columns:
        value, written = _parsed(one, column, feed.source.options.date_formats)
        if column.name == "person_id" and feed.source.person_ids == "own":
            value = f"{literal(feed.name + ':')} || {value}"
        parsed.append(f"{value} as {column.name}")
        typed.append(f"{_typed(column)} as {column.name}")
        if column.kind != "text":
            parsed.append(f"{written} as has_{column.name}")
            typed.append(f"parsed.has_{column.name}")
    if table.has_contract:
        parsed.append(f"{placed_by(feed.source.contract_rules, 'rows_read')} as placed_contract_id")
        typed.append("parsed.placed_contract_id")
    if table.has_market:
        parsed.append(f"{placed_by(feed.source.market_rules, 'rows_read')} as placed_market_id")
        typed.append("parsed.placed_market_id")
    read = _as_read(one, sorted(_file_columns(feed, table)), condition)
    return f"(select {', '.join(typed)} from (select {', '.join(parsed)} from {read}) as parsed) as typed"


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


def _flag_rows(
    connection: duckdb.DuckDBPyConnection,
    feed: Feed,
    table: Table,
    staged: list[StagedFile],
    checks: list[_Check],
) -> set[int]:
    """Fill ``temp.flagged`` with the rows to set aside, each with the number of its check.

    Returns the files that have such rows. The check for repeated keys is appended to ``checks``.
    """
    cases = " ".join(f"when {check.condition} then {number}" for number, check in enumerate(checks))
    key_hash = f"hash({', '.join(table.key)})" if table.key else "cast(null as ubigint)"
    connection.execute(
        "create or replace temp table seen "
        "(file_index integer, row_number bigint, check_number integer, key_hash ubigint)"
    )
    for index, one in enumerate(staged):
        with _readable(feed, one):
            connection.execute(
                f"""
                insert into temp.seen
                select {index}, row_number, {f"case {cases} end" if cases else "null"}, {key_hash}
                from {_typed_rows(feed, table, one)}
                """
            )
    connection.execute(
        """
        create or replace temp table flagged as
        select file_index, row_number, check_number from temp.seen where check_number is not null
        """
    )
    if table.key:
        _flag_duplicates(connection, feed, table, staged, len(checks))
        checks.append(_Check("duplicate key", table.key[-1], ""))
    connection.execute("drop table temp.seen")
    return {row[0] for row in connection.execute("select distinct file_index from temp.flagged").fetchall()}


def _flag_duplicates(
    connection: duckdb.DuckDBPyConnection,
    feed: Feed,
    table: Table,
    staged: list[StagedFile],
    number: int,
) -> None:
    """Flag every row but the first of a key.

    Keys that occur once are left out by their hash first, so that the exact comparison, which has to sort,
    sees only the rows that may be repeats: eight bytes per row instead of two identifiers.
    """
    connection.execute(
        """
        create or replace temp table repeated as
        select file_index, row_number
        from temp.seen
        where
            check_number is null
            and key_hash in (
                select key_hash from temp.seen where check_number is null
                group by key_hash having count(*) > 1
            )
        """
    )
    keys = ", ".join(table.key)
    files = connection.execute("select distinct file_index from temp.repeated order by 1").fetchall()
    for place, (index,) in enumerate(files):
        one = staged[index]
        condition = f"{one.row_number} in (select row_number from temp.repeated where file_index = {index})"
        typed = _typed_rows(feed, table, one, condition)
        rows = f"select {index} as file_index, row_number, {keys} from {typed}"
        connection.execute(
            f"create or replace temp table candidates as {rows}"
            if place == 0
            else f"insert into temp.candidates {rows}"
        )
    if files:
        connection.execute(
            f"""
            insert into temp.flagged
            select file_index, row_number, {number}
            from temp.candidates
            qualify row_number() over (partition by {keys} order by file_index, candidates.row_number) > 1
            """
        )


def _insert_loaded(
    connection: duckdb.DuckDBPyConnection,
    feed: Feed,
    table: Table,
    one: StagedFile,
    flagged_index: int | None,
    by_member: bool,
) -> None:
    """Write the rows of a file that can be used; ``flagged_index`` is its number if it has others."""
    rows = _typed_rows(feed, table, one)
    if flagged_index is not None:
        rows += (
            f" anti join (select row_number from temp.flagged where file_index = {flagged_index}) as flagged "
            "using (row_number)"
        )
    columns = [column.name for column in table.columns]
    placed = ["placed_contract_id"] * table.has_contract + ["placed_market_id"] * table.has_market
    if by_member:
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
        columns = [f"placed_rows.{name}" for name in columns]
    values = [literal(feed.name), literal(one.file.name), "row_number", *placed, *columns]
    connection.execute(f"insert into work.raw.{table.name} select {', '.join(values)} from {rows}")


def _placed_by_member(feed: Feed, table: Table, staged: list[StagedFile]) -> bool:
    if not table.has_contract or table.has_market:
        return False
    present = frozenset[str]().union(*(one.columns for one in staged))
    return not rule_columns(feed.source.contract_rules) <= present


def _insert_quarantined(
    connection: duckdb.DuckDBPyConnection,
    feed: Feed,
    table: Table,
    one: StagedFile,
    index: int,
    wanted: list[str],
    checks: list[_Check],
) -> None:
    """Write the rows of a file that are set aside, as read, to ``work.raw.quarantine``."""
    sources = {column.name: column.file_columns[0] for column in table.columns}
    reasons = ", ".join(
        f"({number}, {literal(check.reason)}, {literal(sources[check.column])})"
        for number, check in enumerate(checks)
    )
    values = ", ".join(f"{quote(name)} := rows_read.{quote(name)}" for name in wanted)
    flagged = f"select row_number from temp.flagged where file_index = {index}"
    connection.execute(
        f"""
        insert into work.raw.quarantine
        select {literal(feed.name)}, {literal(one.file.name)}, {literal(table.name)}, rows_read.row_number,
            checks.column_name, checks.reason,
            cast(json_merge_patch('{{}}', to_json(struct_pack({values}))) as varchar)
        from {_as_read(one, wanted, f"{one.row_number} in ({flagged})")}
        join temp.flagged as flagged
            on flagged.file_index = {index} and flagged.row_number = rows_read.row_number
        join (values {reasons}) as checks (check_number, reason, column_name) using (check_number)
        """
    )


def _insert_broken(
    connection: duckdb.DuckDBPyConnection, feed: Feed, table: Table, staged: list[StagedFile]
) -> None:
    """Write the lines that could not be read as records to ``work.raw.quarantine``."""
    broken = [(one.file.name, line) for one in staged for line in one.broken]
    if not broken:
        return
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
