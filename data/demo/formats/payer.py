"""What the writers of all formats have in common: a payer, its folder, its calendar and its totals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.demo.formats.deliveries import Calendar, Growing, Totals, by_month, cents, csv_bytes, distinct
from data.demo.formats.rosters import Spans

SAMPLE = 2_000
MONEY = ("charge_amount", "allowed_amount", "paid_amount")


@dataclass(frozen=True)
class Payer:
    """Who sends, and when. `open_end` is what the payer writes where an enrolment has no end."""

    feed: str
    folder: Path
    calendar: Calendar
    received: dict[int, date] = field(default_factory=dict)  # the day each delivery came
    open_end: str = ""
    # (month position, table) of deliveries that never arrived, though the payer counts them as sent
    lost: frozenset[tuple[int, str]] = frozenset()
    # share of a delivery's rows that are missing at its end, though the payer counts them as sent
    cut: dict[tuple[int, str], float] = field(default_factory=dict)


@dataclass
class PayerWriter:
    """Takes the chunk tables of one payer, in the Tuva input layer's shape, and writes the payer's files.

    `write` may be called many times per table; a person and a claim come in one call each. After `close` the
    files are whole, and `declare` gives the keys of `source.yaml` that follow from the format.
    """

    payer: Payer
    totals: Totals = field(default_factory=Totals)
    files: Growing = field(default_factory=Growing)
    # Distinct (member_id as the payer writes it, person_id) pairs for the enterprise index.
    members: list[pa.Table] = field(default_factory=list)

    roster: ClassVar[str] = "changed"
    tables: ClassVar[tuple[str, ...]] = ("eligibility", "medical_claim", "pharmacy_claim")
    person_ids: ClassVar[str] = "crosswalk"
    damages: ClassVar[tuple[str, ...]] = ()  # the ways in which `spoil` damages rows
    # Some medical rows of the last delivery, for `spoil` to damage.
    sample: pa.Table | None = None

    def write(self, table_name: str, table: pa.Table) -> None:
        """Write the rows of a chunk into the deliveries they belong to."""
        if table_name not in self.tables:
            raise ValueError(f"{type(self).__name__} has no file for {table_name}")
        if table_name == "eligibility":
            self._write_eligibility(table)
            return
        kept, months = [], []
        for month, rows in by_month(table, "paid_date", self.payer.calendar):
            self._count_claims(month, table_name, rows)
            if (month, table_name) in self.payer.lost:
                continue
            share = self.payer.cut.get((month, table_name), 0.0)
            rows = rows.slice(0, rows.num_rows - int(rows.num_rows * share))
            kept.append(rows)
            months.append(np.full(rows.num_rows, month))
        if kept:
            self.write_claims(table_name, pa.concat_tables(kept), np.concatenate(months))
        last = len(self.payer.calendar) - 1
        if table_name == "medical_claim" and kept and months[-1][:1] == last and self.sample is None:
            self.sample = kept[-1].slice(0, SAMPLE)

    def _write_eligibility(self, table: pa.Table) -> None:
        spans = Spans.of(table)
        calendar = self.payer.calendar
        self.note_members(spans.table)
        for month in range(len(calendar)):
            if self.roster == "covered":
                rows = spans.covered(calendar, month)
            else:
                rows = getattr(spans, self.roster)(calendar, month, self.payer.open_end)
            self.count_roster(month, rows)
            self.write_roster(month, rows)

    def count_roster(self, month: int, rows: pa.Table) -> None:
        self.totals.add(month, "eligibility", rows.num_rows, distinct(rows["person_id"]))

    def _count_claims(self, month: int, table_name: str, rows: pa.Table) -> None:
        money = tuple(int(cents(rows[name]).sum()) for name in MONEY)
        members, claims = distinct(rows["person_id"]), distinct(rows["claim_id"])
        self.totals.add(month, table_name, rows.num_rows, members, claims, money)  # type: ignore[arg-type]

    def note_members(self, table: pa.Table) -> None:
        """Keep the pairs of member and person for the enterprise index."""
        pairs = table.select(["member_id", "person_id"])
        self.members.append(pairs.group_by(["member_id", "person_id"]).aggregate([]))

    def write_roster(self, month: int, rows: pa.Table) -> None:
        raise NotImplementedError

    def write_claims(self, table_name: str, rows: pa.Table, months: np.ndarray) -> None:
        """Write claim lines, ordered by the position of their delivery month."""
        for month, start, stop in runs(months):
            self.write_month(month, table_name, rows.slice(start, stop - start))

    def write_month(self, month: int, table_name: str, rows: pa.Table) -> None:
        """Write the claim lines of one delivery month."""
        raise NotImplementedError

    def append(self, month: int, name: str, content: bytes) -> None:
        """Append to a file of a delivery."""
        self.files.append(self._path(month, name), content)

    def append_csv(self, month: int, name: str, rows: pa.Table, delimiter: str = ",") -> None:
        """Append rows to a delimited file of a delivery, the header first."""
        path = self._path(month, name)
        self.files.append(path, csv_bytes(rows, delimiter, header=path not in self.files))

    def _path(self, month: int, name: str) -> Path:
        return self.payer.folder / self.payer.calendar.folder(month) / name

    def spoil(self, wanted: int) -> None:
        """Send `wanted` damaged rows with the last delivery, beside good ones."""
        if self.sample is None or not self.sample.num_rows:
            return
        month = len(self.payer.calendar) - 1
        count = min(wanted, self.sample.num_rows)
        step = self.sample.num_rows // count
        rows = self.sample.take(pa.array([index * step for index in range(count)]))
        self.totals.add(month, "medical_claim", self.write_damaged(month, rows), 0)

    def write_damaged(self, month: int, rows: pa.Table) -> int:
        """Write these good rows with a damage each, in the order of `damages`; how many were written."""
        raise NotImplementedError

    def close(self) -> None:
        self.files.close()

    def declare(self) -> dict[str, Any]:
        """Keys of source.yaml: format, person_ids, files, options, expected kinds."""
        raise NotImplementedError

    def mapping(self) -> dict[str, Any] | None:
        """The content of mapping.yaml, where the format needs one."""
        return None


def runs(months: np.ndarray) -> Iterator[tuple[int, int, int]]:
    """The months of an ordered array, each with its first row and the one after its last."""
    if not len(months):
        return
    starts = np.flatnonzero(np.concatenate([[True], months[1:] != months[:-1]]))
    for start, stop in zip(starts, [*starts[1:], len(months)], strict=True):
        yield int(months[start]), int(start), int(stop)


def text(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """A column as plain text."""
    return pc.cast(column, pa.string())


def coded(column: pa.ChunkedArray | pa.Array, codes: dict[str, str]) -> pa.Array:
    """A column in the payer's own codes; a value without a code stays as it is."""
    values = pc.dictionary_encode(pc.cast(column, pa.string()))
    array = values.chunk(0) if isinstance(values, pa.ChunkedArray) and values.num_chunks == 1 else values
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
        if isinstance(array, pa.ChunkedArray):
            return pa.array([], pa.string())
    words = [codes.get(word, word) for word in array.dictionary.to_pylist()]
    return pc.take(pa.array(words, pa.string()), array.indices)


def damaged(columns: dict[str, Any], damages: Sequence[Callable[[dict[str, Any]], None]]) -> pa.Table:
    """Rows as text, each changed by the damage whose turn it is."""
    table = pa.table({name: text(column) for name, column in columns.items()})
    rows = table.to_pylist()
    for index, row in enumerate(rows):
        damages[index % len(damages)](row)
    return pa.Table.from_pylist(rows, schema=table.schema)
