"""Opens a CSV or Parquet file for loading: every value as the text it was written as, without surrounding
blanks; an empty value is nothing. A Parquet value can also be had in the type it has in the file.

A CSV file is brought into the staging database, a Parquet file is read where it is. Typing comes later
(``loading``), so that a value that cannot be typed is still there to be shown. Nothing is guessed from the
contents: not the types, not the delimiter, not the header.
"""

from __future__ import annotations

import csv
import gzip
import io
import itertools
import shutil
import zlib
from dataclasses import dataclass
from pathlib import Path

import duckdb

from data.feeds import Feed, FeedError, FeedFile
from data.sources.damaged import BrokenLine, open_bytes, set_broken_lines_aside

_NUMBER = itertools.count(1)


def quote(name: str) -> str:
    """A name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


@dataclass(frozen=True)
class StagedFile:
    """A file that can be selected from: its relation, its columns, and how to number its rows.

    ``texts`` gives SQL for the text of each wanted column the file has; ``natives`` the column and its type
    where the file has types. ``rows`` are the records of the file, broken ones included. ``row_number`` is
    SQL for the 1-based number of the record in the file. ``leftover`` is what to remove afterwards.
    """

    file: FeedFile
    relation: str
    texts: dict[str, str]
    natives: dict[str, tuple[str, str]]
    row_number: str
    rows: int
    broken: tuple[BrokenLine, ...] = ()
    leftover: Path | None = None

    @property
    def columns(self) -> frozenset[str]:
        return frozenset(self.texts)

    def remove(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Drop the staging table, or delete the unpacked copy, of a file that has been loaded."""
        if self.relation.startswith("stage."):
            connection.execute(f"drop table if exists {self.relation}")
        if self.leftover:
            self.leftover.unlink(missing_ok=True)


def stage_file(
    connection: duckdb.DuckDBPyConnection,
    feed: Feed,
    file: FeedFile,
    *,
    wanted: frozenset[str],
    required: tuple[str, ...],
    scratch: Path,
) -> StagedFile:
    """Make the ``wanted`` columns of a file ready to be selected, from the ``stage`` database or the file.

    Raises :class:`FeedError` if the file cannot be read, or lacks one of the ``required`` columns.
    """
    table = f"stage.file_{next(_NUMBER)}"
    name = file.path.name.lower()
    if name.endswith((".parquet", ".parquet.gz")):
        return _stage_parquet(connection, feed, file, table, wanted, required, scratch)
    return _stage_csv(connection, feed, file, table, wanted, required, scratch)


def _check_header(feed: Feed, file: FeedFile, header: list[str], required: tuple[str, ...]) -> list[str]:
    names = [name.strip().lower() for name in header]
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise FeedError(
            feed.name, f"{file.path}: the header names {', '.join(twice)} twice; remove one of them"
        )
    missing = [name for name in required if name not in names]
    if missing:
        raise FeedError(
            feed.name,
            f"{file.path}: required column{'s' if len(missing) > 1 else ''} {', '.join(missing)} missing; "
            f"the file has {', '.join(name for name in names if name)[:400]}. Ask the payer for the file "
            "again, or rename the column",
        )
    return names


def _stage_csv(
    connection: duckdb.DuckDBPyConnection,
    feed: Feed,
    file: FeedFile,
    table: str,
    wanted: frozenset[str],
    required: tuple[str, ...],
    scratch: Path,
) -> StagedFile:
    options = feed.source.options
    names = _check_header(feed, file, _csv_header(feed, file), required)
    used = {name: f"c{position}" for position, name in enumerate(names) if name in wanted}
    if not used:
        raise FeedError(
            feed.name, f"{file.path}: has no column that {file.table} knows; check options.delimiter"
        )
    select = ", ".join(f"{column} as {quote(name)}" for name, column in used.items())
    texts = {name: _trimmed(quote(name)) for name in used}
    columns = {f"c{position}": "VARCHAR" for position in range(len(names))}
    # DuckDB lets a NUL byte through, and a text with one cannot be shown or exported.
    if not file.has_nul and options.encoding == "utf-8" and len(options.delimiter.encode()) == 1:
        try:
            connection.execute(
                f"create table {table} as select {select} "
                f"from {_csv_reader(file.path, columns, options.delimiter, header=True)}"
            )
        except duckdb.InvalidInputException:
            connection.execute(f"drop table if exists {table}")
        else:
            rows = _count(connection, table)
            return StagedFile(file, table, texts, {}, "rowid + 1", rows)
    clean = scratch / f"{table.removeprefix('stage.')}.csv"
    try:
        broken = set_broken_lines_aside(
            file.path,
            clean,
            fields=len(names),
            delimiter=options.delimiter,
            encoding=options.encoding,
        )
        connection.execute(
            f"create table {table} as select cast(n as bigint) as row_number_in_file, {select} "
            f"from {_csv_reader(clean, {'n': 'VARCHAR', **columns}, ',', header=False)}"
        )
    except duckdb.InvalidInputException as error:
        raise FeedError(feed.name, f"{file.path}: cannot be read as CSV: {first_line(error)}") from error
    finally:
        clean.unlink(missing_ok=True)
    rows = _count(connection, table) + len(broken)
    return StagedFile(file, table, texts, {}, "row_number_in_file", rows, tuple(broken))


def _csv_reader(path: Path, columns: dict[str, str], delimiter: str, *, header: bool) -> str:
    # A clean copy ends its lines in one way, and may hold the other ways inside a value.
    new_line = "" if header else r", new_line='\n'"
    return (
        f"read_csv({literal(str(path))}, auto_detect=false, header={str(header).lower()}, "
        f"delim={literal(delimiter)}, quote='\"', escape='\"', columns={columns}, nullstr='', "
        f"strict_mode=true{new_line})"
    )


def _csv_header(feed: Feed, file: FeedFile) -> list[str]:
    options = feed.source.options
    encoding = "utf-8-sig" if options.encoding == "utf-8" else options.encoding
    try:
        with open_bytes(file.path) as stream, io.TextIOWrapper(stream, encoding, newline="") as text:
            header = next(csv.reader(text, delimiter=options.delimiter), None)
    except (OSError, EOFError, zlib.error) as error:
        raise FeedError(
            feed.name, f"{file.path}: cannot be read ({error}); ask for the file again"
        ) from error
    except UnicodeDecodeError as error:
        # The text layer decodes a block beyond the header: look at the first line alone.
        with open_bytes(file.path) as stream:
            line = stream.readline()
        try:
            header = next(csv.reader([line.decode(encoding)], delimiter=options.delimiter))
        except UnicodeDecodeError:
            raise FeedError(
                feed.name, f"{file.path}: the header is not {options.encoding}; set options.encoding"
            ) from error
    except csv.Error as error:
        raise FeedError(feed.name, f"{file.path}: the header cannot be read ({error})") from error
    if not header or not any(name.strip() for name in header):
        raise FeedError(feed.name, f"{file.path}: has no header line; the first line must name the columns")
    return header


def _stage_parquet(
    connection: duckdb.DuckDBPyConnection,
    feed: Feed,
    file: FeedFile,
    table: str,
    wanted: frozenset[str],
    required: tuple[str, ...],
    scratch: Path,
) -> StagedFile:
    path, unpacked = file.path, None
    try:
        if path.name.lower().endswith(".gz"):
            unpacked = scratch / f"{table.removeprefix('stage.')}.parquet"
            with gzip.open(path, "rb") as packed, unpacked.open("wb") as out:
                shutil.copyfileobj(packed, out)
            path = unpacked
        source = f"read_parquet({literal(str(path))}, file_row_number=true)"
        try:
            described = connection.execute(
                f"describe select * exclude (file_row_number) from {source}"
            ).fetchall()
            declared = connection.execute(
                f"select sum(num_rows) from parquet_file_metadata({literal(str(path))})"
            ).fetchone()
        except duckdb.Error as error:
            raise FeedError(
                feed.name,
                f"{file.path}: is not a whole Parquet file ({first_line(error)}); ask for the file again",
            ) from error
        names = _check_header(feed, file, [row[0] for row in described], required)
        used = {name: row for name, row in zip(names, described, strict=True) if name in wanted}
        if not used:
            raise FeedError(feed.name, f"{file.path}: has no column that {file.table} knows")
    except BaseException:
        if unpacked:
            unpacked.unlink(missing_ok=True)
        raise
    assert declared is not None
    return StagedFile(
        file,
        source,
        {name: _text_of(row[0], row[1]) for name, row in used.items()},
        {name: (quote(row[0]), row[1]) for name, row in used.items()},
        "file_row_number + 1",
        int(declared[0] or 0),
        leftover=unpacked,
    )


def _trimmed(column: str) -> str:
    """SQL for a text without surrounding blanks. Most have none, and looking costs less than trimming."""
    return (
        f"case when contains({column}, ' ') then nullif(trim({column}), '') "
        f"when {column} <> '' then {column} end"
    )


def _text_of(name: str, kind: str) -> str:
    """SQL for a Parquet value as the text a CSV file would hold."""
    column = quote(name)
    if kind == "VARCHAR":
        return _trimmed(column)
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


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    found = connection.execute(f"select count(*) from {table}").fetchone()
    assert found is not None
    return int(found[0])


def first_line(error: Exception) -> str:
    """The first line of what an error says."""
    return str(error).splitlines()[0]
