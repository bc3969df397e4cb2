"""Reads the records of a fixed-width CCLF file into the ``stage`` database, one column per field.

DuckDB reads the file as lines and cuts them, in one pass and in bounded memory. Only a file it refuses (a NUL
byte, text that is not UTF-8, mixed line ends) is first gone through line by line. A line that has not the
length of its record cannot be cut with confidence: it is set aside, and its row number is that of the line.
"""

from __future__ import annotations

import codecs
import itertools
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from data.feed_error import FeedError
from data.sources.cms_cclf.layouts import Field, layout, lengths, record_length, versions
from data.sources.damaged import ENCODING, LENGTH, LONGEST_RECORD, BrokenLine, open_bytes
from data.sources.files import literal, quote

if TYPE_CHECKING:
    from data.feeds import Feed, FeedFile

WIDTH = "wrong record width"
NOTHING = ("~", "1000-01-01", "9999-12-31")
"""How CMS writes that a field has no value, besides blanks (CCLF Information Packet, section 3.6)."""

_SAMPLE = 100
_CUT = 64
_NUMBER = itertools.count(1)


@dataclass(frozen=True)
class Records:
    """The records of one file: the ``stage`` table they stand in, how many there are, and those set aside.

    The table has the wanted fields as text, ``file_number``, and ``line``, which is null unless the line is
    set aside. Several files share a table: ``rowid - offset + 1`` is the line's number in the file.
    """

    file: FeedFile
    letter: str
    version: str
    table: str
    offset: int
    rows: int
    broken: tuple[BrokenLine, ...]


@dataclass(frozen=True)
class _Cut:
    """How the lines of some files are cut: version, length of a record, wanted fields (None: not in it)."""

    version: str
    length: int
    fields: tuple[tuple[str, Field | None], ...]


def read_records(
    connection: duckdb.DuckDBPyConnection,
    feed: Feed,
    files: Mapping[int, FeedFile],
    letter: str,
    wanted: Iterable[str],
    table: str,
    *,
    version: str | None,
    scratch: Path,
) -> dict[int, Records]:
    """Cut files of the kind CCLF``letter`` into the ``wanted`` fields and add them to ``table``.

    ``files`` are given by their ``file_number``. ``version`` is the layout the feed declares; without it the
    length of the records decides, file by file. A field the version does not have is null. Raises
    :class:`FeedError` with every file whose length is that of no known layout.
    """
    names = tuple(wanted)
    columns = ", ".join(f"{quote(name)} varchar" for name in names)
    connection.execute(f"create table if not exists {table} ({columns}, file_number integer, line varchar)")
    cuts: dict[int, _Cut] = {}
    problems: list[str] = []
    for number, file in files.items():
        try:
            found, length = _version_of(feed, file, letter, version)
        except FeedError as error:
            problems.append(str(error))
            continue
        known = {field.name: field for field in layout(found, letter)}
        cuts[number] = _Cut(found, length, tuple((name, known.get(name)) for name in names))
    if problems:
        raise FeedError(feed.name, "\n".join(problems))
    # DuckDB lets a NUL byte through, and a text with one cannot be shown or exported.
    to_copy = [n for n, file in files.items() if file.has_nul or feed.source.options.encoding != "utf-8"]
    for cut in dict.fromkeys(cuts.values()):
        alike = {n: files[n].path for n in files if cuts[n] == cut and n not in to_copy}
        if alike:
            try:
                connection.execute(_insert(table, alike, cut))
            except duckdb.InvalidInputException:
                # One of them cannot be read as it is; which one shows when each is read for itself.
                to_copy += _insert_each(connection, table, alike, cut)
    unreadable: dict[int, list[BrokenLine]] = {}
    for number in sorted(to_copy):
        clean = scratch / f"cclf_{next(_NUMBER)}.txt"
        try:
            unreadable[number] = _clean_copy(files[number], number, clean, feed.source.options.encoding)
            connection.execute(_insert(table, {number: clean}, cuts[number]))
        except duckdb.InvalidInputException as error:
            problems.append(f"{files[number].path}: cannot be read as lines: {str(error).splitlines()[0]}")
        finally:
            clean.unlink(missing_ok=True)
    if problems:
        raise FeedError(feed.name, "\n".join(problems))
    return _counted(connection, files, letter, cuts, table, unreadable)


def _insert_each(
    connection: duckdb.DuckDBPyConnection, table: str, paths: Mapping[int, Path], cut: _Cut
) -> list[int]:
    refused = []
    for number, path in paths.items():
        try:
            connection.execute(_insert(table, {number: path}, cut))
        except duckdb.InvalidInputException:
            refused.append(number)
    return refused


def _counted(
    connection: duckdb.DuckDBPyConnection,
    files: Mapping[int, FeedFile],
    letter: str,
    cuts: Mapping[int, _Cut],
    table: str,
    unreadable: Mapping[int, list[BrokenLine]],
) -> dict[int, Records]:
    numbers = ", ".join(map(str, files)) or "null"
    here = f"from {table} where file_number in ({numbers})"
    found = {
        number: (first, good)
        for number, first, good in connection.execute(
            f"select file_number, min(rowid), count(*) filter (line is null) {here} group by file_number"
        ).fetchall()
    }
    # A blank line is nothing; a clean copy also leaves one in the place of a line that cannot be read.
    broken: dict[int, list[BrokenLine]] = {number: list(unreadable.get(number, [])) for number in files}
    for number, row, line in connection.execute(
        f"select file_number, rowid, line {here} and line <> '' order by rowid"
    ).fetchall():
        broken[number].append(BrokenLine(row - found[number][0] + 1, WIDTH, line, None, number))
    return {
        number: Records(
            file,
            letter,
            cuts[number].version,
            table,
            found.get(number, (0, 0))[0],
            found.get(number, (0, 0))[1] + len(broken[number]),
            tuple(broken[number]),
        )
        for number, file in files.items()
    }


def _version_of(feed: Feed, file: FeedFile, letter: str, version: str | None) -> tuple[str, int]:
    if version:
        return version, record_length(version, letter)
    found: Counter[int] = Counter()
    with open_bytes(file.path) as stream:
        for line in itertools.islice(stream, _SAMPLE):
            text = line.removeprefix(codecs.BOM_UTF8).rstrip(b"\r\n")
            if text:
                found[len(text.decode(feed.source.options.encoding, "replace"))] += 1
    if not found:
        newest = next(iter(versions()))
        return newest, record_length(newest, letter)
    length = found.most_common(1)[0][0]
    known = lengths(letter)
    if length not in known:
        raise FeedError(
            feed.name,
            f"{file.path}: its records have {length} characters, which no known layout of CCLF{letter} has: "
            f"there is {', '.join(f'{size} ({name})' for size, name in known.items())}. If CMS has published "
            "a new layout, add it to data/sources/cms_cclf/layouts; otherwise ask for the file again",
        )
    return known[length], length


def _insert(table: str, paths: Mapping[int, Path], cut: _Cut) -> str:
    """SQL that cuts every line of files. Cut in two steps: a long line is slow to cut many times over."""
    present = sorted((field for _, field in cut.fields if field), key=lambda field: field.start)
    pieces: list[tuple[int, int]] = []
    place: dict[str, tuple[int, int]] = {}
    for field in present:
        if not pieces or field.end - pieces[-1][0] + 1 > _CUT:
            pieces.append((field.start, field.end))
        pieces[-1] = (pieces[-1][0], max(pieces[-1][1], field.end))
        place[field.name] = (len(pieces) - 1, field.start - pieces[-1][0] + 1)
    inner = [
        f"substr(line, {start}, {end - start + 1}) as piece_{number}"
        for number, (start, end) in enumerate(pieces)
    ]
    columns = []
    for name, known in cut.fields:
        if known is None:
            columns.append(f"cast(null as varchar) as {quote(name)}")
            continue
        number, start = place[name]
        text = f"substr(piece_{number}, {start}, {known.length})"
        columns.append(f"{_value(text, known)} as {quote(name)}")
    inner.append(f"line is not null and length(line) = {cut.length} as fits")
    listed = ", ".join(literal(str(path)) for path in paths.values())
    numbers = ", ".join(map(str, paths))
    return (
        f"insert into {table} select {', '.join(columns)}, "
        f"([{numbers}])[list_position([{listed}], filename)], "
        "case when not fits then coalesce(line, '') end "
        f"from (select {', '.join(inner)}, line, filename "
        f"from read_csv([{listed}], auto_detect=false, header=false, columns={{'line': 'VARCHAR'}}, "
        "delim='\\x01', quote='', escape='', nullstr='', strict_mode=true, filename=true)) as cut"
    )


def _value(text: str, field: Field) -> str:
    """SQL for the value of a field; a line that does not fit is cut too, but never looked at."""
    value = f"nullif(trim({text}), '')"
    for nothing in NOTHING if field.kind == "date" else NOTHING[:1]:
        value = f"nullif({value}, {literal(nothing)})"
    return value


def _clean_copy(file: FeedFile, file_number: int, clean: Path, encoding: str) -> list[BrokenLine]:
    """Write a copy in UTF-8 with one kind of line end, blank where a line cannot be read; return those."""
    broken: list[BrokenLine] = []
    with open_bytes(file.path) as stream, clean.open("wb") as out:
        for number, line in enumerate(stream, start=1):
            text = line.removeprefix(codecs.BOM_UTF8) if number == 1 else line
            text = text.rstrip(b"\r\n")
            reason, readable = None, b""
            if len(text) > LONGEST_RECORD:
                reason, text = LENGTH, text[:2000]
            elif b"\0" in text:
                reason = ENCODING
            else:
                try:
                    readable = text.decode(encoding).encode().replace(b"\x01", b" ")
                except UnicodeDecodeError:
                    reason = ENCODING
            if reason:
                shown = text.decode(encoding, "replace").replace("\0", "\\0")
                broken.append(BrokenLine(number, reason, shown, None, file_number))
            out.write(readable.replace(b"\r", b" ") + b"\n")
    return broken
