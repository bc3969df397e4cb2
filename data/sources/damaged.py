"""Takes the broken lines out of a CSV file, so that one bad line does not cost the file.

DuckDB reads a well-formed file at full speed and refuses one with a broken line. Only then is the file gone
through here, line by line: records that can be read are written to a clean copy with their row number in
front, the others are returned with the reason. A row number counts the records of the file, so that it points
at the same record whether or not the lines before it are broken.

What counts as a record follows RFC 4180: fields are separated by the delimiter, a field in quotes may hold
delimiters, line breaks and doubled quotes, blank lines are nothing. When a quote is never closed within
``LOOK_AHEAD`` lines, or closing it gives a record of the wrong width, the line with the quote is the broken
one and reading goes on with the next line.
"""

from __future__ import annotations

import gzip
import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

LOOK_AHEAD = 200
LONGEST_RECORD = 1 << 20

FIELDS = "wrong number of fields"
QUOTES = "broken quotes"
ENCODING = "wrong encoding"
LENGTH = "line too long"

_OPEN = re.compile(rb' *"')
_QUOTED = re.compile(rb' *"([^"]*(?:""[^"]*)*)"(?!") *')


@dataclass(frozen=True)
class BrokenLine:
    """A record that cannot be read: its row number (1 = first data row), the reason, and its text.

    ``column_name`` is the payer's column that is to blame: of a record that is too short the first one
    missing, of one that is too long the last one with a name. ``file_number`` is the position of the file
    among those staged together.
    """

    row_number: int
    reason: str
    text: str
    column_name: str | None = None
    file_number: int = 0


def open_bytes(path: Path) -> BinaryIO:
    """Open a plain or gzip file for reading bytes."""
    return cast(BinaryIO, gzip.open(path, "rb") if path.name.lower().endswith(".gz") else path.open("rb"))


def clean_delimiter(delimiter: str) -> str:
    """What separates the fields of a clean copy: the same as in the file, if it is one byte."""
    return delimiter if len(delimiter.encode()) == 1 else ","


def set_broken_lines_aside(
    path: Path,
    clean: Path,
    *,
    names: Sequence[str],
    delimiter: str,
    encoding: str,
    header: bool = True,
    skip_rows: int = 0,
    ignore_lines: tuple[str, ...] = (),
    file_number: int = 0,
) -> list[BrokenLine]:
    """Write the readable records of ``path`` to ``clean`` and return the ones that are not.

    ``clean`` is UTF-8, separated by :func:`clean_delimiter`, without a header; its first field is the row
    number, followed by the fields of the record, one for each of ``names``. The first ``skip_rows`` lines of
    ``path``, a header record after them, and lines that begin with one of ``ignore_lines`` are left out and
    have no row number. Raises ``OSError`` (also for a gzip file that is cut short, as ``EOFError``).
    """
    ignored = tuple(start.encode(encoding) for start in ignore_lines)
    separator, fields = delimiter.encode(), len(names)
    between = clean_delimiter(delimiter).encode()
    broken: list[BrokenLine] = []
    row_number = 0
    with open_bytes(path) as stream, clean.open("wb") as out:
        for _ in range(skip_rows):
            stream.readline()
        records = _records(stream, separator, fields)
        if header:
            next(records, None)
        for line, values, reason, place in records:
            if ignored and line.startswith(ignored):
                continue
            row_number += 1
            if reason is None:
                if b"\0" in line:
                    reason, place = ENCODING, line[: line.index(b"\0")].count(separator)
                else:
                    try:
                        text = line if line.isascii() else line.decode(encoding).encode()
                    except UnicodeDecodeError as error:
                        reason, place = ENCODING, line[: error.start].count(separator)
            if reason is not None:
                broken.append(
                    BrokenLine(
                        row_number,
                        reason,
                        line.decode(encoding, "replace").replace("\0", "\\0"),
                        None if place is None else names[min(place, fields - 1)],
                        file_number,
                    )
                )
            elif values is None and separator == between and b"\r" not in text:
                out.write(b"%d%b%b\n" % (row_number, between, text))
            else:
                if values is None:
                    values = line.split(separator)
                quoted = [b'"' + value.replace(b'"', b'""') + b'"' if value else b"" for value in values]
                record = between.join(quoted)
                out.write(b"%d%b%b\n" % (row_number, between, record.decode(encoding).encode()))
    return broken


def _records(
    stream: BinaryIO, separator: bytes, fields: int
) -> Iterator[tuple[bytes, list[bytes] | None, str | None, int | None]]:
    """The records of a file: their text, their values where quotes had to be read, what is wrong and where.

    Where is the position of a field: the first one missing, the one whose quote is never closed.
    """
    ahead: deque[bytes] = deque()
    first = True
    while line := ahead.popleft() if ahead else stream.readline():
        if first:
            line, first = line.removeprefix(b"\xef\xbb\xbf"), False
        text = line.rstrip(b"\r\n")
        if not text and fields > 1:
            continue
        if len(text) > LONGEST_RECORD:
            longest = max(text.split(separator), key=len)
            yield text[:2000], None, LENGTH, text[: text.index(longest)].count(separator)
            continue
        if b'"' not in text:
            found = text.count(separator) + 1
            if found == fields + 1 and text.endswith(separator):
                text, found = text[: -len(separator)], fields
            wrong = found != fields
            yield text, None, FIELDS if wrong else None, found if wrong else None
            continue
        values, reason, place = _values(text, separator)
        if values is None and reason is None:
            # The quote is open at the end of the line: the record may go on.
            longer = line
            pulled: list[bytes] = []
            while len(pulled) < LOOK_AHEAD and len(longer) < LONGEST_RECORD:
                following = ahead.popleft() if ahead else stream.readline()
                if not following:
                    break
                pulled.append(following)
                longer += following
                if b'"' in following:
                    values, reason, _ = _values(longer.rstrip(b"\r\n"), separator)
                    if values is not None or reason is not None:
                        break
            values = _without_trailing(values, fields)
            if values is not None and len(values) == fields:
                text = longer.rstrip(b"\r\n")
            else:
                ahead.extendleft(reversed(pulled))
                yield text, None, QUOTES, place
                continue
        values = _without_trailing(values, fields)
        if reason is None and values is not None and len(values) != fields:
            reason, place = FIELDS, len(values)
        yield text, values, reason, place if reason else None


def _without_trailing(values: list[bytes] | None, fields: int) -> list[bytes] | None:
    # One delimiter too many at the end of a line is common and harmless; DuckDB accepts it too.
    if values is not None and len(values) == fields + 1 and not values[-1]:
        return values[:-1]
    return values


def _values(text: bytes, separator: bytes) -> tuple[list[bytes] | None, str | None, int]:
    """The values of a record; ``None`` without a reason where a quote is still open at the end; and the
    position of the last field that was begun.
    """
    values: list[bytes] = []
    position = 0
    while True:
        if _OPEN.match(text, position):
            quoted = _QUOTED.match(text, position)
            if quoted is None:
                return None, None, len(values)
            end = quoted.end()
            if end < len(text) and text[end : end + 1] != separator:
                return None, QUOTES, len(values)
            values.append(quoted[1].replace(b'""', b'"'))
        else:
            end = text.find(separator, position)
            end = len(text) if end < 0 else end
            values.append(text[position:end])
        if end >= len(text):
            return values, None, len(values) - 1
        position = end + 1
