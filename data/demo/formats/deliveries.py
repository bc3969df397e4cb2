"""What a payer sends month by month: files that grow chunk by chunk, and the payer's own totals of them.

A delivery month is the month in which claims were paid; its files lie in the folder `YYYY-MM` and arrive
early in the month after. Files are compressed lightly and written as the population is made, so that memory
does not grow with it.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

OPEN = np.int64(np.datetime64("2099-01-01").astype("datetime64[D]").astype(np.int64))
"""Days since 1970: an enrolment that ends on this day or later has no end yet."""
NO_DAY = np.int64(-(10**6))
"""Stands for no date; negative days are before 1970, and real."""
COMPRESSION = 1
HELD = 1 << 18  # bytes of a file kept back before they are written to disk


@dataclass(frozen=True)
class Calendar:
    """The delivery months of a history: their first days, in days since 1970, and where they end."""

    first: np.ndarray
    through: date

    @classmethod
    def ending(cls, through: date, count: int) -> Calendar:
        last = np.datetime64(through, "M")
        return cls((last - np.arange(count)[::-1]).astype("datetime64[D]").astype(np.int64), through)

    def __len__(self) -> int:
        return len(self.first)

    @property
    def last(self) -> np.ndarray:
        """The last day of each month, in days since 1970."""
        following = (self.first.astype("datetime64[D]").astype("datetime64[M]") + 1).astype("datetime64[D]")
        return following.astype(np.int64) - 1

    def of(self, day: np.ndarray) -> np.ndarray:
        """The position of the month of each day; before the first and after the last they are the nearest."""
        return np.clip(np.searchsorted(self.first, day, side="right") - 1, 0, len(self.first) - 1)

    def month(self, position: int) -> date:
        return date.fromisoformat(str(self.first[position].astype("datetime64[D]")))

    def folder(self, position: int) -> str:
        return f"{self.month(position):%Y-%m}"


class Growing:
    """Files of bytes that are appended to, gzip where the name ends in `.gz`; the bytes depend on nothing but
    what was appended.
    """

    def __init__(self) -> None:
        self._packers: dict[Path, zlib._Compress | None] = {}
        self._held: dict[Path, list[bytes]] = {}
        self._size: dict[Path, int] = {}

    def __contains__(self, path: Path) -> bool:
        return path in self._packers

    def append(self, path: Path, content: bytes) -> None:
        if path not in self._packers:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"")
            self._packers[path] = zlib.compressobj(COMPRESSION, wbits=31) if path.suffix == ".gz" else None
            self._held[path], self._size[path] = [], 0
        packer = self._packers[path]
        self._hold(path, packer.compress(content) if packer else content)

    def _hold(self, path: Path, content: bytes) -> None:
        self._held[path].append(content)
        self._size[path] += len(content)
        if self._size[path] > HELD:
            self._flush(path)

    def _flush(self, path: Path) -> None:
        # Opened and closed each time: a history has more files than a process may hold open.
        with path.open("ab") as stream:
            stream.writelines(self._held[path])
        self._held[path], self._size[path] = [], 0

    def close(self) -> None:
        for path, packer in self._packers.items():
            if packer:
                self._held[path].append(packer.flush())
            self._flush(path)
        self._packers.clear()


@dataclass
class Totals:
    """The payer's own count of what it sent, by month and kind of file."""

    rows: dict[tuple[int, str], np.ndarray] = field(default_factory=dict)
    silent: dict[str, tuple[bool, ...]] = field(default_factory=dict)  # amounts that a payer does not give
    HEADER = (
        "delivery_month,received_on,input_table,rows,members,claims,charge_amount,allowed_amount,paid_amount"
    )

    def add(
        self, month: int, table: str, rows: int, members: int, claims: int = 0,
        cents: tuple[int | None, int | None, int | None] = (None, None, None),
    ) -> None:  # fmt: skip
        """`cents` are charge, allowed, paid; None where the payer does not say. Members and claims must not
        come twice for one month.
        """
        total = self.rows.setdefault((month, table), np.zeros(6, np.int64))
        total += np.array([rows, members, claims, *(value or 0 for value in cents)], np.int64)
        self.silent.setdefault(table, tuple(value is None for value in cents))

    def text(self, calendar: Calendar, received: dict[int, date]) -> str:
        """The control_totals.csv of the payer; `received` is the day each delivery came."""
        lines = [self.HEADER]
        for (month, table), (rows, members, claims, *cents) in sorted(self.rows.items()):
            silent = self.silent[table]
            money = [
                "" if unsaid else f"{value / 100:.2f}" for value, unsaid in zip(cents, silent, strict=True)
            ]
            lines.append(
                ",".join(
                    [
                        calendar.month(month).isoformat(), received[month].isoformat(), table, str(rows),
                        str(members), str(claims) if claims else "", *money,
                    ]
                )
            )  # fmt: skip
        return "\n".join(lines) + "\n"


def received_on(calendar: Calendar, seed: int, late: dict[int, int] | None = None) -> dict[int, date]:
    """The day each delivery arrived: the 8th to the 13th of the month after; `late` adds days to a month."""
    rng = np.random.default_rng(seed)
    result = {}
    for position in range(len(calendar)):
        month = calendar.month(position)
        following = (month.replace(day=28) + timedelta(days=4)).replace(day=1)
        days = 7 + int(rng.integers(0, 6)) + (late or {}).get(position, 0)
        result[position] = following + timedelta(days=days)
    return result


def days(column: pa.ChunkedArray | pa.Array) -> np.ndarray:
    """Days since 1970 of a DATE, or of text like 2026-10-31; NO_DAY where there is none."""
    array = whole(column)
    if not pa.types.is_date32(array.type):
        array = pc.cast(pc.if_else(pc.equal(pc.cast(array, pa.string()), ""), None, array), pa.date32())
    numbers = array.view(pa.int32())
    return pc.fill_null(numbers, int(NO_DAY)).to_numpy(zero_copy_only=False).astype(np.int64)


def cents(column: pa.ChunkedArray | pa.Array) -> np.ndarray:
    """Whole cents of a DECIMAL(18,2) without nulls."""
    array = whole(column)
    low = np.frombuffer(array.buffers()[1], np.int64).reshape(-1, 2)[:, 0]
    return low[array.offset : array.offset + len(array)]


def whole(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """A column as one array."""
    if isinstance(column, pa.ChunkedArray):
        return column.chunk(0) if column.num_chunks == 1 else _joined(column)
    return column


def _joined(column: pa.ChunkedArray) -> pa.Array:
    joined = column.combine_chunks()
    if isinstance(joined, pa.ChunkedArray):  # no chunk at all
        return pa.array([], column.type)
    return joined


def by_month(table: pa.Table, column: str, calendar: Calendar) -> Iterator[tuple[int, pa.Table]]:
    """The rows of each month of a DATE column, months in order, rows as they were."""
    if not table.num_rows:
        return
    month = calendar.of(days(table[column]))
    if (np.diff(month) < 0).any():
        order = np.argsort(month, kind="stable")
        table, month = table.take(pa.array(order)), month[order]
    starts = np.flatnonzero(np.concatenate([[True], month[1:] != month[:-1]]))
    for start, stop in zip(starts, [*starts[1:], len(month)], strict=True):
        yield int(month[start]), table.slice(start, stop - start)


_FIRST_DAY = int(np.datetime64("1880-01-01").astype("datetime64[D]").astype(np.int64))
_LAST_DAY = int(np.datetime64("2100-01-01").astype("datetime64[D]").astype(np.int64))


def day_column(day: np.ndarray, form: str) -> pa.Array:
    """Dates from 1880 on as text in a strftime form; `NO_DAY` is null."""
    words = day_words(form)
    position = np.where(day == NO_DAY, 0, day - _FIRST_DAY)
    beyond = np.unique(day[day >= _LAST_DAY])
    if len(beyond):  # an end of enrolment in the year 9999
        words = pa.concat_arrays([words, _in_form(beyond, form)])
        after = len(words) - len(beyond) + np.searchsorted(beyond, day)
        position = np.where(day >= _LAST_DAY, after, position)
    return words.take(pa.array(position, pa.int64(), mask=day == NO_DAY))


@cache
def day_words(form: str) -> pa.Array:
    """Every day from 1880 to 2099 as text, in order; the position of a day is `day_position`."""
    return _in_form(np.arange(_FIRST_DAY, _LAST_DAY), form)


def _in_form(day: np.ndarray, form: str) -> pa.Array:
    iso = np.datetime_as_string(day.astype("datetime64[D]")).tolist()
    if form == "%Y-%m-%d":
        return pa.array(iso, pa.string())
    # strftime itself takes six times as long.
    shape = form.replace("%Y", "{0}").replace("%m", "{1}").replace("%d", "{2}")
    return pa.array([shape.format(text[:4], text[5:7], text[8:]) for text in iso], pa.string())


def day_position(day: np.ndarray) -> np.ndarray:
    """Where `day_words` has each day."""
    return day - _FIRST_DAY


def plain(table: pa.Table) -> pa.Table:
    """Dictionary columns as plain strings, for CSV."""
    fields = [
        item.with_type(item.type.value_type) if pa.types.is_dictionary(item.type) else item
        for item in table.schema
    ]
    return table.cast(pa.schema(fields))


def csv_bytes(table: pa.Table, delimiter: str = ",", *, header: bool) -> bytes:
    """A table as delimited text; a value is quoted where it must be, nulls are empty."""
    sink = pa.BufferOutputStream()
    options = pacsv.WriteOptions(include_header=header, delimiter=delimiter, quoting_style="needed")
    pacsv.write_csv(plain(table), sink, options)
    return sink.getvalue().to_pybytes()


def changes_of(column: pa.ChunkedArray | pa.Array) -> np.ndarray:
    """Positions where a column of sorted or grouped keys begins a new key."""
    array = whole(column)
    keys = array.indices if pa.types.is_dictionary(array.type) else array.dictionary_encode().indices
    numbers = keys.to_numpy(zero_copy_only=False)
    if not len(numbers):
        return np.zeros(0, np.int64)
    return np.flatnonzero(np.concatenate([[True], numbers[1:] != numbers[:-1]]))


def distinct(column: pa.ChunkedArray | pa.Array) -> int:
    array = whole(column)
    return len(pc.unique(array.indices if pa.types.is_dictionary(array.type) else array))
