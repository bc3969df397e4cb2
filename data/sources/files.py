"""Opens delimited files, workbooks and Parquet files for loading: every value as the text it was written as,
without surrounding blanks; an empty value is nothing. A Parquet value can also be had in the type it has.

All files of a kind go into one table of the staging database (a Parquet file is read where it is), because a
payer's history is hundreds of files and a statement for each of them would cost more than the rows. Typing
comes later (``loading``), so that a value that cannot be typed is still there to be shown. Nothing is guessed
from the contents: not the types, not the delimiter, not the header.
"""

from __future__ import annotations

import csv
import datetime
import difflib
import gzip
import io
import itertools
import re
import shutil
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from data.feed_error import FeedError
from data.sources.adapter import StagedFiles
from data.sources.damaged import (
    FIELDS,
    BrokenLine,
    clean_delimiter,
    open_bytes,
    set_broken_lines_aside,
)

if TYPE_CHECKING:
    from data.feeds import FeedFile

WORKBOOK_SUFFIXES = (".xlsx", ".xlsm", ".xlsb", ".xls")
PARQUET_SUFFIXES = (".parquet", ".parquet.gz")

_NUMBER = itertools.count(1)
_LIKE_DATA = re.compile(r"\d+([./:-]\d+)*|\d{4}-\d\d-\d\d.*|[-$(]?\d[\d,]*\.\d+\)?")


@dataclass(frozen=True)
class Written:
    """How a file is written. ``columns`` names the columns of a file that has no header line.

    ``skip_rows`` lines stand above the header (or the first row); lines that begin with one of
    ``ignore_lines`` are no data (a payer's own header and trailer records). ``sheet`` is the sheet of a
    workbook, by default the first.
    """

    delimiter: str = ","
    encoding: str = "utf-8"
    columns: tuple[str, ...] | None = None
    skip_rows: int = 0
    ignore_lines: tuple[str, ...] = ()
    sheet: str | None = None

    @property
    def has_header(self) -> bool:
        return self.columns is None


@dataclass(frozen=True)
class _LacksColumns(Exception):
    """A file lacks columns that a mapping names."""

    missing: tuple[str, ...]
    names: tuple[str, ...]


@dataclass(frozen=True)
class _Sheet:
    """A sheet of a workbook, written out as text, and the rows of it that are no records."""

    path: Path
    broken: list[BrokenLine]


def quote(name: str) -> str:
    """A name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def new_stage_table(kind: str) -> str:
    """A name for a table of the ``stage`` database that no other has."""
    return f"stage.{re.sub('[^a-z0-9]', '_', kind.lower())}_{next(_NUMBER)}"


def is_workbook(path: Path) -> bool:
    return path.name.lower().endswith(WORKBOOK_SUFFIXES)


def is_parquet(path: Path) -> bool:
    return path.name.lower().endswith(PARQUET_SUFFIXES)


def stage_files(
    connection: duckdb.DuckDBPyConnection,
    feed: str,
    files: Sequence[FeedFile],
    *,
    written: Written,
    wanted: frozenset[str],
    required: Iterable[str],
    scratch: Path,
    on_file: Callable[[FeedFile], None] = lambda file: None,
) -> list[StagedFiles]:
    """Make the ``wanted`` columns of files of one kind ready to be selected, in as few relations as possible.

    Column names are compared, and are the keys of what is returned, in lower case. Raises :class:`FeedError`
    with all that is wrong: a file that cannot be read, or lacks one of the ``required`` columns (a mapping of
    them also says who asks for each).
    """
    problems: list[str] = []
    lacking: dict[_LacksColumns, list[FeedFile]] = {}
    delimited: list[tuple[FeedFile, list[str], _Sheet | None]] = []
    spelled: dict[str, str] = {}
    parquet: dict[tuple[tuple[str, str], ...], list[tuple[FeedFile, Path, int]]] = {}
    leftover: list[Path] = []
    for file in files:
        on_file(file)
        try:
            if is_parquet(file.path):
                schema, path, rows = _open_parquet(connection, feed, file, scratch)
                if path != file.path:
                    leftover.append(path)
                _check_header(feed, file, [name for name, _ in schema], wanted, required)
                parquet.setdefault(schema, []).append((file, path, rows))
            else:
                sheet = None
                if is_workbook(file.path) and file.path.stat().st_size:
                    clean = scratch / f"sheet_{next(_NUMBER)}.csv"
                    leftover.append(clean)
                    header, broken = _workbook_to_csv(feed, file, clean, written, len(delimited))
                    sheet = _Sheet(clean, broken)
                else:
                    header = read_header(feed, file, written)
                delimited.append((file, _check_header(feed, file, header, wanted, required), sheet))
                spelled |= {name.strip().lower(): name.strip() for name in header}
        except _LacksColumns as error:
            lacking.setdefault(error, []).append(file)
        except FeedError as error:
            problems.append(str(error))
    if isinstance(required, Mapping):
        problems += [line for one, without in lacking.items() for line in _lacking(one, without, required)]
    staged: list[StagedFiles] = []
    if delimited and not problems:
        try:
            one = _stage_delimited(connection, feed, delimited, written, wanted, scratch)
            named = tuple(
                replace(line, column_name=spelled.get(line.column_name or "", line.column_name))
                for line in one.broken
            )
            origins = {name: spelled[name] for name in one.texts}
            staged.append(replace(one, broken=named, origins=origins))
        except FeedError as error:
            problems.append(str(error))
    for _, _, sheet in delimited:
        if sheet:
            sheet.path.unlink(missing_ok=True)
    if problems:
        for one in staged:
            one.remove(connection)
        for path in leftover:
            path.unlink(missing_ok=True)
        raise FeedError(feed, "\n".join(problems))
    for schema, members in parquet.items():
        staged.append(_staged_parquet(schema, members, wanted, leftover))
    return staged


def _check_header(
    feed: str, file: FeedFile, header: Sequence[str], wanted: frozenset[str], required: Iterable[str]
) -> list[str]:
    names = [name.strip().lower() for name in header]
    twice = sorted({name for name in names if name in wanted and names.count(name) > 1})
    if twice:
        raise FeedError(feed, f"{shown(file)}: the header names {', '.join(twice)} twice; remove one of them")
    missing = [name for name in required if name not in names]
    if missing and isinstance(required, Mapping) and not looks_like_data(names):
        raise _LacksColumns(tuple(missing), tuple(name for name in names if name))
    has = ", ".join(name for name in names if name)[:400]
    if missing and looks_like_data(names):
        raise FeedError(
            feed,
            f"{shown(file)}: the first line looks like data, not like column names ({has[:120]}): the header "
            f"is missing, or stands further down. Looked for {', '.join(missing[:8])}",
        )
    if missing:
        raise FeedError(
            feed,
            f"{shown(file)}: required column{'s' if len(missing) > 1 else ''} {', '.join(missing)} missing; "
            f"the file has {has}{did_you_mean(missing[0], names)}. Ask the payer for the file again, or "
            "rename the column",
        )
    if not wanted.intersection(names):
        raise FeedError(
            feed,
            f"{shown(file)}: has no column that {file.kind} knows; check the delimiter. The first line reads "
            f"{has[:120]!r}",
        )
    return names


def _lacking(one: _LacksColumns, files: list[FeedFile], asked: Mapping[str, str]) -> Iterator[str]:
    others = len(files) - 1
    where = shown(files[0]) + (f" (and {others} other file{'s' * (others > 1)})" if others else "")
    for name in one.missing:
        yield f"{asked[name]}: no column {name!r} in {where}{did_you_mean(name, one.names)}"
    yield f"{where} has the columns {', '.join(one.names)[:600]}"


def looks_like_data(names: Sequence[str]) -> bool:
    """Whether a line that should name columns holds numbers, dates or amounts instead."""
    return any(_LIKE_DATA.fullmatch(name.strip()) for name in names)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``; did you mean 'x'?``, or nothing."""
    lower = {name.lower(): name for name in known if name}
    inside = [name for name in lower if len(word) > 2 and (word.lower() in name or name in word.lower())]
    found = difflib.get_close_matches(word.lower(), list(lower), n=1, cutoff=0.6) or inside
    return f"; did you mean {lower[found[0]]!r}?" if found else ""


def shown(file: FeedFile) -> str:
    """A file as messages name it, with the sheet of a workbook."""
    return f"{file.path}{f', sheet {file.sheet!r}' if file.sheet else ''}"


def _stage_delimited(
    connection: duckdb.DuckDBPyConnection,
    feed: str,
    files: list[tuple[FeedFile, list[str], _Sheet | None]],
    written: Written,
    wanted: frozenset[str],
    scratch: Path,
) -> StagedFiles:
    """Bring delimited files and workbooks into one table, each by one statement."""
    used = sorted({name for _, names, _ in files for name in names if name in wanted})
    table = new_stage_table(files[0][0].kind)
    # number_in_file is null where the rows stand in the table as in the file: then the row id tells.
    connection.execute(
        f"create table {table} (file_number integer, number_in_file bigint, "
        + ", ".join(f"{quote(name)} varchar" for name in used)
        + ")"
    )
    broken: list[BrokenLine] = []
    rows: list[int] = []
    cleaned = False
    problems: list[str] = []
    for number, (file, names, sheet) in enumerate(files):
        select = ", ".join(f"c{names.index(name)}" if name in names else "null" for name in used)
        columns = {f"c{position}": "VARCHAR" for position in range(len(names))}
        fast = (
            not file.has_nul
            and sheet is None
            and not written.ignore_lines
            and written.encoding in ("utf-8", "latin-1")
            and len(written.delimiter.encode()) == 1
        )
        count: tuple[Any, ...] | None = None
        if fast:
            # DuckDB reads a well-formed file at full speed and refuses one with a broken line.
            reader = _csv_reader(file.path, columns, written)
            try:
                count = connection.execute(
                    f"insert into {table} select {number}, null, {select} from {reader}"
                ).fetchone()
            except duckdb.InvalidInputException:
                count = None
        if count is not None:
            rows.append(int(count[0]))
            continue
        clean = sheet.path if sheet else scratch / f"{table.removeprefix('stage.')}_{number}.csv"
        cleaned = True
        try:
            lines = sheet.broken if sheet else []
            if sheet is None:
                lines = set_broken_lines_aside(
                    file.path,
                    clean,
                    names=names,
                    delimiter=written.delimiter,
                    encoding=written.encoding,
                    header=written.has_header,
                    skip_rows=written.skip_rows,
                    ignore_lines=written.ignore_lines,
                    file_number=number,
                )
            between = "," if sheet else clean_delimiter(written.delimiter)
            reader = _csv_reader(clean, {"n": "VARCHAR", **columns}, between)
            count = connection.execute(
                f"insert into {table} select {number}, cast(n as bigint), {select} from {reader}"
            ).fetchone()
        except duckdb.InvalidInputException as error:
            problems.append(f"{shown(file)}: cannot be read as CSV: {first_line(error)}")
            continue
        except (EOFError, zlib.error) as error:
            problems.append(f"{shown(file)}: cannot be read ({error}); ask for the file again")
            continue
        except FeedError as error:
            problems.append(str(error))
            continue
        finally:
            clean.unlink(missing_ok=True)
        assert count is not None
        broken += lines
        rows.append(int(count[0]) + len(lines))
    if problems:
        connection.execute(f"drop table if exists {table}")
        raise FeedError(feed, "\n".join(problems))
    return StagedFiles(
        files=tuple(file for file, _, _ in files),
        relation=table,
        texts={name: trimmed(quote(name)) for name in used},
        row_number=_row_number(connection, table, len(files), cleaned),
        rows=tuple(rows),
        file_number="file_number" if len(files) > 1 else "0",
        broken=tuple(broken),
    )


def _row_number(connection: duckdb.DuckDBPyConnection, table: str, files: int, cleaned: bool) -> str:
    """SQL for the number of a record in its file, from the order in which the rows were inserted."""
    if files == 1 and not cleaned:
        return "rowid + 1"
    first = dict(
        connection.execute(f"select file_number, min(rowid) from {table} group by file_number").fetchall()
    )
    before = ", ".join(str(first.get(number, 0) - 1) for number in range(files))
    counted = f"rowid - list_extract([{before}], file_number + 1)"
    return f"coalesce(number_in_file, {counted})" if cleaned else f"({counted})"


def _csv_reader(path: Path, columns: dict[str, str], written: Written | str) -> str:
    """SQL that reads a file; ``written`` is the delimiter alone for a clean copy of ours."""
    if isinstance(written, str):
        # A clean copy ends its lines in one way, and may hold the other ways inside a value.
        how = rf"header=false, delim={literal(written)}, new_line='\n'"
    else:
        how = f"header={str(written.has_header).lower()}, delim={literal(written.delimiter)}"
        if written.skip_rows:
            how += f", skip={written.skip_rows}"
        if written.encoding != "utf-8":
            how += f", encoding={literal(written.encoding)}"
    return (
        f"read_csv({literal(str(path))}, auto_detect=false, {how}, quote='\"', escape='\"', "
        f"columns={columns}, nullstr='', strict_mode=true)"
    )


def read_header(feed: str, file: FeedFile, written: Written) -> list[str]:
    """The column names of a delimited file or workbook. Raises :class:`FeedError`."""
    if file.path.stat().st_size == 0:
        raise FeedError(
            feed, f"{shown(file)}: is empty (0 bytes) and has no header line; ask for the file again"
        )
    encoding = "utf-8-sig" if written.encoding == "utf-8" else written.encoding
    try:
        with open_bytes(file.path) as stream, io.TextIOWrapper(stream, encoding, newline="") as text:
            for _ in range(written.skip_rows):
                text.readline()
            header = next(csv.reader(text, delimiter=written.delimiter), None)
    except (OSError, EOFError, zlib.error) as error:
        raise FeedError(feed, f"{shown(file)}: cannot be read ({error}); ask for the file again") from error
    except UnicodeDecodeError as error:
        # The text layer decodes a block beyond the header: look at the first line alone.
        with open_bytes(file.path) as stream:
            for _ in range(written.skip_rows):
                stream.readline()
            line = stream.readline()
        try:
            header = next(csv.reader([line.decode(encoding)], delimiter=written.delimiter))
        except UnicodeDecodeError:
            raise FeedError(
                feed, f"{shown(file)}: the header is not {written.encoding}; set the encoding"
            ) from error
    except csv.Error as error:
        raise FeedError(feed, f"{shown(file)}: the header cannot be read ({error})") from error
    if written.columns is not None:
        return list(written.columns)
    if not header or not any(name.strip() for name in header):
        raise FeedError(feed, f"{shown(file)}: has no header line; the first line must name the columns")
    return header


def workbook_rows(feed: str, file: FeedFile, written: Written) -> Iterator[Any]:
    """The rows of a sheet from the header on. Raises :class:`FeedError`."""
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_path(str(file.path))
        name = written.sheet or book.sheet_names[0]
        if name not in book.sheet_names:
            raise FeedError(
                feed,
                f"{file.path}: has no sheet {name!r}; it has {', '.join(book.sheet_names)}"
                f"{did_you_mean(name, book.sheet_names)}",
            )
        rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
    except CalamineError as error:
        raise FeedError(feed, f"{file.path}: is not a whole workbook ({error}); ask for it again") from error
    return itertools.islice(iter(rows), written.skip_rows, None)


def cell_text(value: Any) -> str:
    """A cell as the text a CSV file would hold: dates as 2025-03-31, whole numbers without a decimal."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime.datetime):
        return str(value.date()) if value.time() == datetime.time() else value.isoformat(" ")
    return "" if value is None else str(value)


def _workbook_to_csv(
    feed: str, file: FeedFile, clean: Path, written: Written, file_number: int
) -> tuple[list[str], list[BrokenLine]]:
    """Write a sheet as :func:`set_broken_lines_aside` writes a file; its column names and broken rows.

    Empty rows are nothing, but are numbered; a value beyond the last named column breaks its row. Raises
    :class:`FeedError`.
    """
    rows = workbook_rows(feed, file, written)
    if written.columns is not None:
        names = list(written.columns)
    else:
        names = [cell_text(value).strip() for value in next(rows, [])]
        if not any(names):
            raise FeedError(
                feed, f"{shown(file)}: has no header row; the first row must name the columns (see skip_rows)"
            )
        while not names[-1]:
            names.pop()
    broken: list[BrokenLine] = []
    with clean.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        for number, row in enumerate(rows, start=1):
            values = [cell_text(value).replace("\0", "") for value in row]
            if any(values[len(names) :]):
                broken.append(BrokenLine(number, FIELDS, ",".join(values), names[-1], file_number))
            elif any(values):
                writer.writerow([number, *values[: len(names)], *[""] * (len(names) - len(values))])
    return names, broken


def _open_parquet(
    connection: duckdb.DuckDBPyConnection, feed: str, file: FeedFile, scratch: Path
) -> tuple[tuple[tuple[str, str], ...], Path, int]:
    """The columns and types of a Parquet file, the path it can be read at, and its rows."""
    path = file.path
    try:
        if path.name.lower().endswith(".gz"):
            path = scratch / f"unpacked_{next(_NUMBER)}.parquet"
            with gzip.open(file.path, "rb") as packed, path.open("wb") as out:
                shutil.copyfileobj(packed, out)
        described = connection.execute(
            f"describe select * from read_parquet({literal(str(path))})"
        ).fetchall()
        declared = connection.execute(
            f"select sum(num_rows) from parquet_file_metadata({literal(str(path))})"
        ).fetchone()
    except duckdb.Error as error:
        if path != file.path:
            path.unlink(missing_ok=True)
        raise FeedError(
            feed, f"{file.path}: is not a whole Parquet file ({first_line(error)}); ask for the file again"
        ) from error
    assert declared is not None
    return tuple((row[0], row[1]) for row in described), path, int(declared[0] or 0)


def _staged_parquet(
    schema: tuple[tuple[str, str], ...],
    members: list[tuple[FeedFile, Path, int]],
    wanted: frozenset[str],
    leftover: list[Path],
) -> StagedFiles:
    used = {name.strip().lower(): (name, kind) for name, kind in schema if name.strip().lower() in wanted}
    paths = ", ".join(literal(str(path)) for _, path, _ in members)
    return StagedFiles(
        files=tuple(file for file, _, _ in members),
        relation=f"read_parquet([{paths}], file_row_number=true)",
        texts={name: _text_of(*column) for name, column in used.items()},
        natives={name: (quote(column), kind) for name, (column, kind) in used.items()},
        origins={name: column.strip() for name, (column, _) in used.items()},
        row_number="file_row_number + 1",
        rows=tuple(rows for _, _, rows in members),
        file_number="file_index" if len(members) > 1 else "0",
        leftover=tuple(path for _, path, _ in members if path in leftover),
    )


def trimmed(column: str) -> str:
    """SQL for a text without surrounding blanks. Most have none, and looking costs less than trimming."""
    return (
        f"case when contains({column}, ' ') then nullif(trim({column}), '') "
        f"when {column} <> '' then {column} end"
    )


def _text_of(name: str, kind: str) -> str:
    """SQL for a Parquet value as the text a CSV file would hold."""
    column = quote(name)
    if kind == "VARCHAR":
        return trimmed(column)
    if kind in ("DOUBLE", "FLOAT"):
        # pandas writes an integer column with gaps as floating point: 10.0 is the code 10, NaN is nothing.
        return (
            f"case when isnan({column}) then null when isfinite({column}) and abs({column}) < 1e15 "
            f"and {column} = floor({column}) then cast(cast({column} as bigint) as varchar) "
            f"else cast({column} as varchar) end"
        )
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"cast(timezone('UTC', {column}) as varchar)"
    return f"nullif(trim(cast({column} as varchar)), '')"


def first_line(error: Exception) -> str:
    """The first line of what an error says."""
    return str(error).splitlines()[0]
