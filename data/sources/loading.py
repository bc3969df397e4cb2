"""Types the rows of a feed's files into the raw tables, and sets aside the ones that cannot be used.

The files of a table are gone through twice, whatever their size and number: once over the few columns that
decide whether a row can be used, once over all columns of the rows that can. Only rows set aside are ever
written out as text. A row is set aside for one reason, the first of: it cannot be read as a record; shifted
columns; what the format itself refuses; missing key; bad or missing date; bad amount; end before start;
future service date; unknown claim type; duplicate key (the first by file and row number is kept); a member
twice with different birth dates. Rows loaded, set aside and left out by a mapping's filter are counted
against the rows of each file, always.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import duckdb
import pyarrow as pa

from data.feed_error import FeedError
from data.feeds import Feed, FeedFile
from data.sources.adapter import FileCount, Reading, StagedFiles
from data.sources.files import first_line, literal, quote
from data.sources.layout import SQL_TYPES, Column, Table
from data.sources.placement import check_rule_columns, placed_by

__all__ = ["FileCount", "load_table", "set_aside"]

EARLIEST_YEAR = 1850
"""A date before this year is a slip of the pen: no person alive in any claims file was born before it."""

_ROWS_PER_FILE = 1 << 40
"""A row's number among all rows of a table is its file's place times this, plus its number in the file."""

SHIFTED = "shifted columns"
_SHIFTED_FROM = 3
"""So many values of the wrong type in one row, dates and numbers among them, are no coincidence; nor are a
wrong date and a wrong number if the number is a date."""

_DATE_SHAPE = r"\d{4}-\d\d-\d\d.*|\d{1,2}[/.-]\d{1,2}[/.-](\d{4}|\d\d)"


@dataclass(frozen=True)
class _Check:
    """A reason, the raw column it is found in (or the payer's, where the format refuses), and its SQL."""

    reason: str
    column: str | None
    condition: str
    payer_column: str | None = None


@dataclass(frozen=True)
class _Staged:
    """Staged files, and the place of each among all files of the table."""

    files: StagedFiles
    order: tuple[int, ...]

    @property
    def row_id(self) -> str:
        """SQL for the number of a row among all rows of the table, in order of file and row."""
        if len(self.order) == 1:
            place = str(self.order[0])
        elif self.order == tuple(range(self.order[0], self.order[0] + len(self.order))):
            place = f"({self.files.file_number} + {self.order[0]})"
        else:
            places = ", ".join(map(str, self.order))
            place = f"list_extract([{places}], {self.files.file_number} + 1)"
        return f"cast({place} as bigint) * {_ROWS_PER_FILE} + {self.files.row_number}"


def load_table(
    connection: duckdb.DuckDBPyConnection,
    feed: Feed,
    reading: Reading,
    table: Table,
    *,
    today: datetime.date,
) -> list[FileCount]:
    """Load every file of one table of a feed into ``work.raw.<table>`` and ``work.raw.quarantine``.

    ``connection`` has the databases ``work`` and ``stage`` attached. Repeated files are counted with no rows.
    Raises :class:`FeedError`.
    """
    repeated = [
        FileCount(file, 0, 0, 0, file.duplicate_of, table.name)
        for kind in reading.kinds(table)
        for file in feed.files_of(kind)
        if file.duplicate_of
    ]
    found = reading.stage(table)
    try:
        if table.name == "eligibility":
            check_rule_columns(feed, found)
            if feed.source.options.eligibility == "latest_file":
                found = _only_the_latest(found)
        if not found:
            return repeated
        staged = _in_order(found)
        names = _names_in_order(staged)
        checks = _checks(table, today, found)
        flagged = _flag_rows(connection, feed, table, staged, checks)
        by_member = _placed_by_member(feed, table, found)
        for one in staged:
            with _readable(connection, feed, one.files):
                _insert_loaded(connection, feed, table, one, names, flagged, by_member)
                if flagged:
                    _insert_quarantined(connection, feed, table, one, names, checks)
        _insert_broken(connection, feed, table, found)
        if table.name == "eligibility" and feed.source.options.eligibility == "changes":
            _supersede_changed(connection, feed, names)
        counts = _count(connection, feed, table, found)
    finally:
        for name in ("seen", "repeated", "candidates", "flagged"):
            connection.execute(f"drop table if exists temp.{name}")
        for files in found:
            files.remove(connection)
    return [*counts, *repeated]


def set_aside(
    connection: duckdb.DuckDBPyConnection,
    feed: str,
    input_table: str,
    rows: Sequence[tuple[str, int, str | None, str, Mapping[str, object] | str]],
) -> None:
    """Write rows to ``work.raw.quarantine``: (file name, row number, payer column, reason, the row or its
    JSON).

    For what a format sets aside itself, outside the tables.
    """
    if rows:
        table = pa.table(
            {
                "feed": [feed] * len(rows),
                "file_name": [row[0] for row in rows],
                "input_table": [input_table] * len(rows),
                "row_number": [row[1] for row in rows],
                "column_name": pa.array([row[2] for row in rows], pa.string()),
                "reason": [row[3] for row in rows],
                "row_json": [
                    row[4] if isinstance(row[4], str) else json.dumps(row[4], ensure_ascii=False)
                    for row in rows
                ],
            }
        )
        connection.register("rows_set_aside", table)
        connection.execute("insert into work.raw.quarantine by name select * from rows_set_aside")
        connection.unregister("rows_set_aside")


def _place(file: FeedFile) -> tuple[datetime.date, str]:
    return file.delivery_month or datetime.date.min, file.name


def _in_order(found: list[StagedFiles]) -> list[_Staged]:
    """Give each file its place among all: by delivery month, then name, however they were staged."""
    files = sorted({file.name: file for one in found for file in one.files}.values(), key=_place)
    places = {file.name: place for place, file in enumerate(files)}
    return [_Staged(one, tuple(places[file.name] for file in one.files)) for one in found]


def _names_in_order(staged: list[_Staged]) -> list[str]:
    names = {place: f.name for one in staged for place, f in zip(one.order, one.files.files, strict=True)}
    return [names[place] for place in sorted(names)]


def _only_the_latest(found: list[StagedFiles]) -> list[StagedFiles]:
    """Mark the rows of every delivery but the last one that has rows: each replaces all before it."""
    places = {
        file.name: file.delivery_month or file.name
        for one in found
        for file, rows in zip(one.files, one.rows, strict=True)
        if rows
    }
    if not places:
        return found
    dated = [place for place in places.values() if isinstance(place, datetime.date)]
    latest = max(dated) if dated else max(map(str, places.values()))
    marked = []
    for one in found:
        old = [n for n, file in enumerate(one.files) if (file.delivery_month or file.name) != latest]
        condition = f"{one.file_number} in ({', '.join(map(str, old))})" if old else "false"
        before = f"({one.superseded}) or " if one.superseded else ""
        marked.append(replace(one, superseded=f"{before}{condition}"))
    return marked


def _supersede_changed(connection: duckdb.DuckDBPyConnection, feed: Feed, names: list[str]) -> None:
    """In a file of changes a later row of a person, plan and start takes the earlier one's place."""
    order = f"list_position([{', '.join(map(literal, names))}], file_name)"
    connection.execute(
        f"""
        update work.raw.eligibility set is_superseded = true
        where rowid in (
            select id from (
                select
                    rowid as id,
                    row_number() over (
                        partition by person_id, plan, enrollment_start_date
                        order by {order} desc, row_number desc
                    ) as place
                from work.raw.eligibility
                where feed = {literal(feed.name)}
            )
            where place > 1
        )
        """
    )


@contextmanager
def _readable(connection: duckdb.DuckDBPyConnection, feed: Feed, one: StagedFiles) -> Iterator[None]:
    """A Parquet file may turn out to be damaged only when the damaged column is reached."""
    try:
        yield
    except duckdb.InvalidInputException as error:
        broken = []
        for file in one.files:
            columns = ", ".join(column for column, _ in one.natives.values())
            try:
                if "parquet" in file.path.name:
                    connection.execute(
                        f"select count(hash({columns})) from read_parquet({literal(str(file.path))})"
                    )
            except duckdb.Error:
                broken.append(str(file.path))
        where = ", ".join(broken or [str(file.path) for file in one.files][:3])
        raise FeedError(
            feed.name, f"{where}: cannot be read ({first_line(error)}); ask for the file again"
        ) from error


def _as_read(
    one: _Staged,
    wanted: Iterable[str],
    condition: str = "true",
    refusals: Mapping[tuple[str, str | None], int] = {},
) -> str:
    """SQL for the rows of files: the wanted columns as text, and in the file's own type where it has one."""
    files = one.files
    columns = [f"{one.row_id} as row_id", f"coalesce({files.superseded or 'false'}, false) as superseded"]
    columns += [f"{files.texts.get(name, 'cast(null as varchar)')} as {quote(name)}" for name in wanted]
    columns += [f"{column} as {_native(name)}" for name, (column, _) in files.natives.items()]
    if refusals:
        cases = " ".join(
            f"when {refusal.condition} then {refusals[refusal.reason, refusal.column_name]}"
            for refusal in files.refusals
        )
        columns.append(f"{f'case {cases} end' if cases else 'cast(null as integer)'} as refusal")
    where = f" where ({files.keep or 'true'}) and ({condition})" if files.keep or condition != "true" else ""
    return f"(select {', '.join(columns)} from {files.relation}{where}) as rows_read"


def _native(name: str) -> str:
    return quote(f"native {name}")


def _written(column: Column) -> str:
    """SQL for the text of a column as written."""
    texts = [f"rows_read.{quote(name)}" for name in column.file_columns]
    return texts[0] if len(texts) == 1 else f"coalesce({', '.join(texts)})"


NUMBERS = ("money", "number", "integer", "count")

NATIVE_TYPES: dict[str, tuple[str, ...]] = {
    "date": ("DATE", "TIMESTAMP"),
    "timestamp": ("DATE", "TIMESTAMP"),
    "integer": ("TINYINT", "SMALLINT", "INTEGER", "BIGINT"),
    "number": ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "DOUBLE"),
    "money": ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "DECIMAL"),
}
"""Types of a Parquet column that are taken as they are. The rest goes by way of its text, like CSV."""


def _native_value(one: StagedFiles, column: Column) -> str | None:
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


def _parsed(one: StagedFiles, column: Column, date_formats: list[str]) -> tuple[str, str]:
    """SQL for a column's value before its range is checked, and for whether anything was written there."""
    kind = column.kind
    if kind != "text" and not one.columns.intersection(column.file_columns):
        return f"cast(null as {'timestamp' if kind == 'date' else SQL_TYPES[kind]})", "false"
    text = _written(column)
    if kind == "text":
        return column.form.replace("{}", text), ""
    scales = {one.scales.get(name, 1) for name in column.file_columns if name in one.texts}
    if scales == {1} and (value := _native_value(one, column)):
        return value, f"{value} is not null"
    if kind in ("date", "timestamp"):
        own = [form for name in column.file_columns for form in one.date_formats.get(name, ())]
        formats = list(dict.fromkeys(own)) or date_formats
        # A cast to timestamp is exact where a cast to date ignores what follows the day.
        values = [f"try_cast({text} as timestamp)"] if "%Y-%m-%d" in formats else []
        others = [literal(form) for form in formats if form != "%Y-%m-%d"]
        if others:
            values.append(f"try_strptime({text}, [{', '.join(others)}])")
        return values[0] if len(values) == 1 else f"coalesce({', '.join(values)})", f"{text} is not null"
    if kind == "boolean":
        value = (
            f"case when lower({text}) in ('1', 'true', 't', 'yes', 'y') then true "
            f"when lower({text}) in ('0', 'false', 'f', 'no', 'n') then false end"
        )
        return value, f"{text} is not null"
    money = SQL_TYPES["money"]
    parsed_as = {"number": "double", "integer": "double", "count": "double", "money": money}[kind]
    value = f"try_cast({text} as {parsed_as})"
    [scale] = scales if len(scales) == 1 else [1]
    if scale != 1:
        # A decimal fraction is multiplied exactly; the cast rounds to the cent once.
        value = (
            f"try_cast(try_cast({text} as decimal(18,4)) * cast({1 / scale!r} as decimal(7,6)) as {money})"
            if kind == "money"
            else f"{value} / {scale}"
        )
    return value, f"{text} is not null"


def _typed(column: Column) -> str:
    """SQL for the typed value of a column, from what was parsed; null where it is out of its range."""
    value = f"parsed.{column.name}"
    if column.kind in ("date", "timestamp"):
        # The bounds also leave out infinity.
        bounds = f"timestamp '{EARLIEST_YEAR}-01-01' and timestamp '9999-12-31 23:59:59.999999'"
        return f"cast(case when {value} between {bounds} then {value} end as {SQL_TYPES[column.kind]})"
    if column.kind == "number":
        return f"case when isfinite(cast({value} as double)) then cast({value} as double) end"
    if column.kind in ("integer", "count"):
        return f"case when {value} = floor({value}) then try_cast({value} as {SQL_TYPES[column.kind]}) end"
    if column.kind == "money":
        return f"try_cast({value} as {SQL_TYPES['money']})"
    return value


def _file_columns(feed: Feed, table: Table) -> frozenset[str]:
    columns = frozenset(name for column in table.columns for name in column.file_columns)
    if table.has_contract:
        columns |= feed.source.contract_columns
    if table.has_market:
        columns |= feed.source.market_columns
    return columns


def _typed_rows(
    feed: Feed,
    table: Table,
    one: _Staged,
    condition: str = "true",
    refusals: Mapping[tuple[str, str | None], int] = {},
    *,
    look_up_person: bool = True,
) -> str:
    """SQL for the rows of files with typed values; ``has_<column>`` says whether anything was written there.

    Parsing and checking are two levels, so that a text is parsed once; columns that are not asked for cost
    nothing. ``look_up_person`` false is for where it only matters whether there is a person id.
    """
    parsed = ["row_id", "superseded"]
    typed = ["parsed.row_id", "parsed.superseded"]
    read = _as_read(one, sorted(_file_columns(feed, table)), condition, refusals)
    if refusals:
        parsed.append("refusal")
        typed.append("parsed.refusal")
    for column in table.columns:
        value, written = _parsed(one.files, column, feed.source.options.date_formats)
        if column.name == "person_id" and feed.source.person_ids in ("own", "crosswalk"):
            prefixed = f"{literal(feed.name + ':')} || {value}"
            if feed.source.person_ids == "crosswalk" and look_up_person:
                read += (
                    " left join (select member_id as known_member, person_id as known_person "
                    f"from work.raw.person_crosswalk where source_feed = {literal(feed.name)}) as crosswalk "
                    f"on known_member = {value}"
                )
                prefixed = f"coalesce(known_person, {prefixed})"
            value = prefixed
        parsed.append(f"{value} as {column.name}")
        typed.append(f"{_typed(column)} as {column.name}")
        if column.kind != "text":
            parsed.append(f"{written} as has_{column.name}")
            typed.append(f"parsed.has_{column.name}")
        if column.kind in NUMBERS:
            parsed.append(f"{_written(column)} as written_{column.name}")
            typed.append(f"parsed.written_{column.name}")
    if table.has_contract:
        parsed.append(f"{placed_by(feed.source.contract_rules, 'rows_read')} as placed_contract_id")
        typed.append("parsed.placed_contract_id")
    if table.has_market:
        parsed.append(f"{placed_by(feed.source.market_rules, 'rows_read')} as placed_market_id")
        typed.append("parsed.placed_market_id")
    return f"(select {', '.join(typed)} from (select {', '.join(parsed)} from {read}) as parsed) as typed"


def _bad(column: Column) -> str:
    return f"has_{column.name} and {column.name} is null"


def _shifted(table: Table) -> str:
    """SQL for whether so many values of a row have the wrong type that its columns must have moved.

    Dates and numbers have to be among them: a row of European dates is wrong in its dates only.
    """
    days = [c for c in table.columns if c.kind in ("date", "timestamp")]
    numbers = [c for c in table.columns if c.kind in NUMBERS]
    if len(days) + len(numbers) < _SHIFTED_FROM or not days or not numbers:
        return "false"
    bad_days = " + ".join(f"cast({_bad(column)} as tinyint)" for column in days)
    bad_numbers = " + ".join(f"cast({_bad(column)} as tinyint)" for column in numbers)
    is_date = " or ".join(
        f"({_bad(column)} and regexp_full_match(written_{column.name}, {literal(_DATE_SHAPE)}))"
        for column in numbers
    )
    return (
        f"({bad_days}) > 0 and ({bad_numbers}) > 0 "
        f"and (({bad_days}) + ({bad_numbers}) >= {_SHIFTED_FROM} or {is_date})"
    )


def _checks(table: Table, today: datetime.date, staged: Sequence[StagedFiles]) -> list[_Check]:
    """Why a row is set aside, in the order in which the first reason is taken.

    What formats refuse comes first and has its SQL in the staged files; then shifted columns, one check for
    each column the first wrong value may stand in; then the checks of every table.
    """
    columns = table.columns
    refused = dict.fromkeys((r.reason, r.column_name) for one in staged for r in one.refusals)
    checks = [_Check(reason, None, "", payer_column) for reason, payer_column in refused]
    checks += [
        _Check(SHIFTED, column.name, _bad(column))
        for column in columns
        if column.kind not in ("text", "boolean") and _shifted(table) != "false"
    ]
    checks += [
        _Check("missing key", column.name, f"{column.name} is null")
        for column in columns
        if column.value == "missing key"
    ]
    checks += [
        _Check("bad or missing date", column.name, f"{column.name} is null" if column.value else _bad(column))
        for column in columns
        if column.kind in ("date", "timestamp")
    ]
    if table.any_date:
        none = " and ".join(f"{name} is null" for name in table.any_date)
        checks.append(_Check("bad or missing date", table.any_date[0], none))
    checks += [
        _Check("bad amount", column.name, _bad(column))
        for column in columns
        if column.kind in NUMBERS and column.value is None
    ]
    checks += [
        _Check("bad value", column.name, _bad(column)) for column in columns if column.kind == "boolean"
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
    staged: list[_Staged],
    checks: list[_Check],
) -> bool:
    """Fill ``temp.flagged`` with the rows to set aside, each with the number of its check.

    Returns whether there are any. The checks that look at several rows are appended to ``checks``.
    """
    refusals = {(c.reason, c.payer_column): n for n, c in enumerate(checks) if c.column is None}
    numbered = [(n, check) for n, check in enumerate(checks) if check.condition]
    shifted = " ".join(f"when {check.condition} then {n}" for n, check in numbered if check.reason == SHIFTED)
    others = " ".join(f"when {check.condition} then {n}" for n, check in numbered if check.reason != SHIFTED)
    cases = (f"when {_shifted(table)} then case {shifted} end " if shifted else "") + (
        "when refusal is not null then refusal " if refusals else ""
    )
    number = f"case {cases} {others} end" if cases or others else "cast(null as integer)"
    # What rows may have in common: their key, or, where there is none, the person they speak of.
    key = f"hash({', '.join(table.key)})" if table.key else "hash(person_id)" if table.agrees else "null"
    agreed = "cast(null as ubigint)"
    if table.agrees:
        agreed = f"case when {table.agrees} is not null then hash({table.agrees}) end"
    connection.execute(
        "create or replace temp table seen "
        "(row_id bigint, check_number integer, key_hash ubigint, agreed_hash ubigint)"
    )
    for one in staged:
        rows = _typed_rows(feed, table, one, refusals=refusals, look_up_person=False)
        with _readable(connection, feed, one.files):
            connection.execute(
                f"""
                insert into temp.seen
                select
                    row_id, {number}, case when not superseded then {key} end,
                    {agreed}
                from {rows}
                """
            )
    connection.execute(
        """
        create or replace temp table flagged as
        select row_id, check_number from temp.seen where check_number is not null
        """
    )
    if table.key:
        _flag_repeats(connection, feed, table, staged, len(checks), table.key, "count(*) > 1", "true")
        checks.append(_Check("duplicate key", table.key[-1], ""))
    if table.agrees:
        # Rows of one file have to agree; a later file may well put a birth date right.
        differ = f"{table.agrees} is distinct from first_value({table.agrees} ignore nulls) over same"
        _flag_repeats(
            connection,
            feed,
            table,
            staged,
            len(checks),
            (f"row_id // {_ROWS_PER_FILE}", "person_id"),
            "min(agreed_hash) <> max(agreed_hash)",
            f"{table.agrees} is not null and {differ}",
            also=table.agrees,
        )
        checks.append(
            _Check(f"member twice with different {table.agrees.replace('_', ' ')}s", table.agrees, "")
        )
    connection.execute("drop table temp.seen")
    found = connection.execute("select count(*) from temp.flagged").fetchone()
    return bool(found and found[0])


def _flag_repeats(
    connection: duckdb.DuckDBPyConnection,
    feed: Feed,
    table: Table,
    staged: list[_Staged],
    number: int,
    key: tuple[str, ...],
    suspicious: str,
    condition: str,
    also: str | None = None,
) -> None:
    """Flag every row but the first of a key for which ``condition`` holds.

    Keys that occur once are left out by their hash first, so that the exact comparison, which has to sort,
    sees only the rows that may be repeats: eight bytes per row instead of two identifiers. ``suspicious`` is
    the condition on a group of rows with one hash (in one file, where the key says so).
    """
    per_file = f"row_id // {_ROWS_PER_FILE}, " if key[0].startswith("row_id") else ""
    connection.execute(
        f"""
        create or replace temp table repeated as
        select row_id
        from temp.seen
        where
            check_number is null
            and ({per_file}key_hash) in (
                select ({per_file}key_hash) from temp.seen
                where check_number is null and key_hash is not null
                group by {per_file}key_hash having {suspicious}
            )
        """
    )
    found = connection.execute("select count(*) from temp.repeated").fetchone()
    if not found or not found[0]:
        return
    columns = ", ".join(name for name in (*key, also) if name and not name.startswith("row_id"))
    connection.execute("drop table if exists temp.candidates")
    for place, one in enumerate(staged):
        rows = _typed_rows(feed, table, one, f"{one.row_id} in (select row_id from temp.repeated)")
        rows = f"select row_id, {columns} from {rows}"
        connection.execute(
            f"create temp table candidates as {rows}" if place == 0 else f"insert into temp.candidates {rows}"
        )
    same = f"partition by {', '.join(key)} order by row_id"
    connection.execute(
        f"""
        insert into temp.flagged
        select row_id, {number}
        from temp.candidates
        window same as ({same})
        qualify row_number() over same > 1 and {condition}
        """
    )


def _insert_loaded(
    connection: duckdb.DuckDBPyConnection,
    feed: Feed,
    table: Table,
    one: _Staged,
    names: list[str],
    flagged: bool,
    by_member: bool,
) -> None:
    """Write the rows that can be used; ``flagged`` says that there are others."""
    rows = _typed_rows(feed, table, one)
    if flagged:
        rows += " anti join (select row_id from temp.flagged) as flagged using (row_id)"
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
                where feed = {literal(feed.name)} and not is_superseded
            ) as span
                on placed_rows.person_id = span.person_id
                and placed_rows.{table.service_date} >= span.enrollment_start_date
            left join (
                select person_id, arg_min(contract_id, (enrollment_start_date, row_number)) as contract_id
                from work.raw.eligibility
                where feed = {literal(feed.name)} and not is_superseded
                group by person_id
            ) as earliest
                on placed_rows.person_id = earliest.person_id
        """
        columns = [f"placed_rows.{name}" for name in columns]
    values = [literal(feed.name), _file_name(one, names), _row_number("row_id"), *placed, *columns]
    values += ["superseded"] * table.may_replace
    connection.execute(f"insert into work.raw.{table.name} select {', '.join(values)} from {rows}")


def _file_name(one: _Staged, names: list[str], row_id: str = "row_id") -> str:
    """SQL for the file of a row."""
    if len(one.order) == 1:
        return literal(names[one.order[0]])
    return f"list_extract([{', '.join(map(literal, names))}], {row_id} // {_ROWS_PER_FILE} + 1)"


def _row_number(row_id: str) -> str:
    """SQL for the number of a row in its file."""
    return f"{row_id} % {_ROWS_PER_FILE}"


def _placed_by_member(feed: Feed, table: Table, staged: list[StagedFiles]) -> bool:
    if not table.has_contract or table.has_market:
        return False
    present = frozenset[str]().union(*(one.columns for one in staged))
    return not feed.source.contract_columns <= present


def _insert_quarantined(
    connection: duckdb.DuckDBPyConnection,
    feed: Feed,
    table: Table,
    one: _Staged,
    names: list[str],
    checks: list[_Check],
) -> None:
    """Write the rows that are set aside, as read and by the payer's names, to ``work.raw.quarantine``."""
    sources = {column.name: column.file_columns[0] for column in table.columns}

    def payers(check: _Check) -> str | None:
        if check.column is None:
            return check.payer_column
        column = table.names[check.column]
        has = [name for name in column.file_columns if name in one.files.texts] or [sources[check.column]]
        return one.files.origins.get(has[0], has[0])

    reasons = ", ".join(
        f"({number}, {literal(check.reason)}, {literal(name) if (name := payers(check)) else 'null'})"
        for number, check in enumerate(checks)
    )
    if one.files.as_written is None:
        wanted = sorted(_file_columns(feed, table))
        texts = {name: one.files.texts.get(name, "cast(null as varchar)") for name in wanted}
    else:
        texts = dict(one.files.as_written)
    values = ", ".join(f"{quote(name)} := {text}" for name, text in texts.items())
    connection.execute(
        f"""
        insert into work.raw.quarantine
        select
            {literal(feed.name)}, {_file_name(one, names)}, {literal(table.name)}, {_row_number("row_id")},
            column_name, reason, cast(json_merge_patch('{{}}', to_json(as_written)) as varchar)
        from (
            select {one.row_id} as row_id, struct_pack({values}) as as_written
            from {one.files.relation}
            where {one.row_id} in (select row_id from temp.flagged) and {one.files.keep or "true"}
        )
        join temp.flagged using (row_id)
        join (values {reasons}) as checks (check_number, reason, column_name) using (check_number)
        """
    )


def _insert_broken(
    connection: duckdb.DuckDBPyConnection, feed: Feed, table: Table, staged: list[StagedFiles]
) -> None:
    """Write the lines that could not be read as records to ``work.raw.quarantine``."""
    broken = [(one.files[line.file_number].name, line) for one in staged for line in one.broken]
    if not broken:
        return
    lines = pa.table(
        {
            "file_name": [name for name, _ in broken],
            "row_number": [line.row_number for _, line in broken],
            "column_name": pa.array([line.column_name for _, line in broken], pa.string()),
            "reason": [line.reason for _, line in broken],
            "line": [line.text for _, line in broken],
        }
    )
    connection.register("broken_lines", lines)
    connection.execute(
        f"""
        insert into work.raw.quarantine
        select {literal(feed.name)}, file_name, {literal(table.name)}, row_number, column_name, reason,
            cast(json_object('line', line) as varchar)
        from broken_lines
        """
    )
    connection.unregister("broken_lines")


def _count(
    connection: duckdb.DuckDBPyConnection, feed: Feed, table: Table, staged: list[StagedFiles]
) -> list[FileCount]:
    """Count what became of each file's rows, and stop if one is neither loaded nor set aside."""
    superseded = "count(*) filter (is_superseded)" if table.may_replace else "0"
    loaded = {
        name: (rows, old)
        for name, rows, old in connection.execute(
            f"select file_name, count(*), {superseded} from work.raw.{table.name} where feed = ? "
            "group by all",
            [feed.name],
        ).fetchall()
    }
    aside = dict(
        connection.execute(
            "select file_name, count(*) from work.raw.quarantine where feed = ? and input_table = ? "
            "group by all",
            [feed.name, table.name],
        ).fetchall()
    )
    counts = []
    for one in staged:
        filtered = one.filtered or (0,) * len(one.files)
        for file, rows, left_out in zip(one.files, one.rows, filtered, strict=True):
            kept, old = loaded.get(file.name, (0, 0))
            count = FileCount(
                file,
                rows,
                kept,
                aside.get(file.name, 0),
                table=table.name,
                rows_filtered=left_out,
                rows_superseded=old,
            )
            if count.rows_loaded + count.rows_quarantined + count.rows_filtered != count.rows_in:
                raise FeedError(
                    feed.name,
                    f"{file.path}: of {count.rows_in:,} rows {count.rows_loaded:,} were loaded, "
                    f"{count.rows_quarantined:,} set aside and {count.rows_filtered:,} left out by a filter, "
                    "which does not add up. This is a fault of the program, not of the file: please "
                    "report it",
                )
            counts.append(count)
    return counts
