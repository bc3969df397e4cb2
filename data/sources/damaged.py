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
from collections.abc import Iterator
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
    """A record that cannot be read: its row number (1 = first data row), the reason, and its text."""

    row_number: int
    reason: str
    text: str


def open_bytes(path: Path) -> BinaryIO:
    """Open a plain or gzip file for reading bytes."""
    return cast(BinaryIO, gzip.open(path, "rb") if path.name.lower().endswith(".gz") else path.open("rb"))


def set_broken_lines_aside(
    path: Path, clean: Path, *, fields: int, delimiter: str, encoding: str
) -> list[BrokenLine]:
    """Write the readable records of ``path`` to ``clean`` and return the ones that are not.

    ``clean`` is UTF-8, comma separated, without a header; its first field is the row number, followed by the
    ``fields`` fields of the record. ``path`` has a header record, which is left out. Raises ``OSError`` (also
    for a gzip file that is cut short, as ``EOFError``).
    """
    separator = delimiter.encode()
    broken: list[BrokenLine] = []
    row_number = 0
    with open_bytes(path) as stream, clean.open("wb") as out:
        records = _records(stream, separator, fields)
        next(records, None)
        for line, values, reason in records:
            row_number += 1
            if reason is None:
                if b"\0" in line:
                    reason = ENCODING
                else:
                    try:
                        text = line if line.isascii() else line.decode(encoding).encode()
                    except UnicodeDecodeError:
                        reason = ENCODING
            if reason is not None:
                broken.append(
                    BrokenLine(row_number, reason, line.decode(encoding, "replace").replace("\0", "\\0"))
                )
            elif values is None and separator == b"," and b"\r" not in text:
                out.write(b"%d,%s\n" % (row_number, text))
            else:
                if values is None:
                    values = line.split(separator)
                quoted = [b'"' + value.replace(b'"', b'""') + b'"' if value else b"" for value in values]
                record = b",".join(quoted)
                out.write(b"%d,%s\n" % (row_number, record.decode(encoding).encode()))
    return broken


def _records(
    stream: BinaryIO, separator: bytes, fields: int
) -> Iterator[tuple[bytes, list[bytes] | None, str | None]]:
    """The records of a file: their text, their values where quotes had to be read, and what is wrong."""
    ahead: deque[bytes] = deque()
    first = True
    while line := ahead.popleft() if ahead else stream.readline():
        if first:
            line, first = line.removeprefix(b"\xef\xbb\xbf"), False
        text = line.rstrip(b"\r\n")
        if not text and fields > 1:
            continue
        if len(text) > LONGEST_RECORD:
            yield text[:2000], None, LENGTH
            continue
        if b'"' not in text:
            found = text.count(separator) + 1
            if found == fields + 1 and text.endswith(separator):
                text, found = text[: -len(separator)], fields
            yield text, None, None if found == fields else FIELDS
            continue
        values, reason = _values(text, separator)
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
                    values, reason = _values(longer.rstrip(b"\r\n"), separator)
                    if values is not None or reason is not None:
                        break
            values = _without_trailing(values, fields)
            if values is not None and len(values) == fields:
                text = longer.rstrip(b"\r\n")
            else:
                ahead.extendleft(reversed(pulled))
                yield text, None, QUOTES
                continue
        values = _without_trailing(values, fields)
        if reason is None and values is not None and len(values) != fields:
            reason = FIELDS
        yield text, values, reason


def _without_trailing(values: list[bytes] | None, fields: int) -> list[bytes] | None:
    # One delimiter too many at the end of a line is common and harmless; DuckDB accepts it too.
    if values is not None and len(values) == fields + 1 and not values[-1]:
        return values[:-1]
    return values


def _values(text: bytes, separator: bytes) -> tuple[list[bytes] | None, str | None]:
    """The values of a record; ``None`` without a reason where a quote is still open at the end."""
    values: list[bytes] = []
    position = 0
    while True:
        if _OPEN.match(text, position):
            quoted = _QUOTED.match(text, position)
            if quoted is None:
                return None, None
            end = quoted.end()
            if end < len(text) and text[end : end + 1] != separator:
                return None, QUOTES
            values.append(quoted[1].replace(b'""', b'"'))
        else:
            end = text.find(separator, position)
            end = len(text) if end < 0 else end
            values.append(text[position:end])
        if end >= len(text):
            return values, None
        position = end + 1
