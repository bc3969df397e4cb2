"""Enrolment as a payer knew it at the end of a month: a full roster, the month's changes, or who is covered.

The tables have the columns of the Tuva input layer, one row per span, dates as text. A column
`end_reported_on`, if there is one, says when the payer learnt that the span had ended: a retroactive
disenrolment is first sent as enrolled, and taken back months later.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.demo.formats.deliveries import NO_DAY, OPEN, Calendar, day_column, days

REPORTED = "end_reported_on"


@dataclass(frozen=True)
class Spans:
    """The eligibility rows of a chunk, with their dates as numbers; an open end is OPEN."""

    table: pa.Table
    start: np.ndarray
    end: np.ndarray
    reported: np.ndarray
    death: np.ndarray  # NO_DAY while alive

    @classmethod
    def of(cls, table: pa.Table) -> Spans:
        end = days(table["enrollment_end_date"])
        end = np.where((end == NO_DAY) | (end >= OPEN), OPEN, end)
        reported = end
        if REPORTED in table.column_names:
            known = days(table[REPORTED])
            reported = np.where(known == NO_DAY, end, known)
            table = table.drop_columns([REPORTED])
        return cls(table, days(table["enrollment_start_date"]), end, reported, days(table["death_date"]))

    def full(self, calendar: Calendar, month: int, open_end: str) -> pa.Table:
        """Every span begun by the end of the month."""
        return self._known(np.flatnonzero(self.start <= calendar.last[month]), calendar, month, open_end)

    def changed(self, calendar: Calendar, month: int, open_end: str) -> pa.Table:
        """Spans that began in the month, and spans whose end became known in it; in the first month all there
        are.
        """
        first, last = calendar.first[month], calendar.last[month]
        begun = (self.start >= first) | (month == 0)
        ended = (self.reported >= first) & (self.reported <= last) & (self.end < OPEN)
        rows = np.flatnonzero((self.start <= last) & (begun | ended))
        return self._known(rows, calendar, month, open_end)

    def covered(self, calendar: Calendar, month: int) -> pa.Table:
        """One row for each person covered on a day of the month, as far as was known at its end."""
        first, last = calendar.first[month], calendar.last[month]
        end = np.where(self.reported > last, OPEN, self.end)
        rows = np.flatnonzero((self.start <= last) & (end >= first))
        person = self.table["person_id"].take(pa.array(rows))
        numbers = pc.rank(person, tiebreaker="dense").to_numpy() if len(rows) else np.zeros(0, int)
        # Spans of a person are in order of their start: the last one is the one in force.
        _, latest = np.unique(numbers[::-1], return_index=True)
        return self._known(rows[np.sort(len(rows) - 1 - latest)], calendar, month, "")

    def _known(self, rows: np.ndarray, calendar: Calendar, month: int, open_end: str) -> pa.Table:
        last = calendar.last[month]
        table = self.table.take(pa.array(rows))
        end = np.where(self.reported[rows] > last, OPEN, self.end[rows])
        text = day_column(np.where(end >= OPEN, NO_DAY, end), "%Y-%m-%d")
        if open_end:
            text = pc.fill_null(text, open_end)
        table = _replaced(table, "enrollment_end_date", text)
        died = self.death[rows]
        unknown = pa.array(died > last)
        nothing = pa.scalar(None, pa.string())
        table = _replaced(table, "death_date", pc.if_else(unknown, nothing, table["death_date"]))
        if "death_flag" in table.column_names:
            table = _replaced(table, "death_flag", pc.if_else(unknown, "0", table["death_flag"]))
        return table


def _replaced(table: pa.Table, name: str, values: pa.Array | pa.ChunkedArray) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, values)
