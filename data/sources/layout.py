"""What a table of a source format looks like: its columns, their types, its key and its dates.

A layout is data. ``loading`` reads it to build the statements that type the rows of a file and to decide why
a row is set aside; the tables of the ``raw`` schema are created from the same layout, so that the two cannot
disagree.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["text", "date", "timestamp", "money", "number", "integer", "count", "boolean"]

SQL_TYPES: dict[str, str] = {
    "text": "varchar",
    "date": "date",
    "timestamp": "timestamp",
    "money": "decimal(18,2)",
    "number": "double",
    "integer": "integer",
    "count": "bigint",
    "boolean": "boolean",
}


@dataclass(frozen=True)
class Column:
    """One column of a raw table.

    ``sources`` are the file columns it may come from, the first with a value wins (by default its own
    name). ``form`` is SQL applied to the text of the value, with ``{}`` where the text stands: a code is
    padded or stripped of its dots here, so that everything above compares like with like. ``in_file`` says
    that a file without the column cannot be read at all; ``value`` names the reason for which a row without
    a value is set aside.
    """

    name: str
    kind: Kind = "text"
    sources: tuple[str, ...] = ()
    form: str = "{}"
    in_file: bool = False
    value: Literal["missing key", "bad or missing date"] | None = None
    among: tuple[str, ...] = ()
    among_reason: str = ""

    @property
    def file_columns(self) -> tuple[str, ...]:
        return self.sources or (self.name,)


@dataclass(frozen=True)
class Table:
    """One table of a format: how a file becomes rows of ``raw.<name>``.

    ``key`` is unique within a feed (the first row is kept, in order of file name and row number); an empty
    key means that repeats are expected and merged later. ``periods`` are pairs of dates of which the second
    may not precede the first. ``service_dates`` may not lie after the day of the build. ``any_date`` needs
    at least one value. ``has_person`` rows get the feed's prefix where ids are the feed's own.
    ``may_replace`` tables know rows whose place a later row takes (``is_superseded``). ``agrees`` names a
    column that all rows of a person in one file have to agree on.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    periods: tuple[tuple[str, str], ...] = ()
    service_dates: tuple[str, ...] = ()
    any_date: tuple[str, ...] = ()
    has_contract: bool = False
    has_market: bool = False
    may_replace: bool = False
    agrees: str | None = None
    service_date: str | None = None
    paid_date: str | None = None
    names: dict[str, Column] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        self.names.update({column.name: column for column in self.columns})

    @property
    def has_person(self) -> bool:
        return "person_id" in self.names

    @property
    def required_in_file(self) -> tuple[str, ...]:
        """The file columns without which a file of this table cannot be read."""
        return tuple(column.file_columns[0] for column in self.columns if column.in_file)

    @property
    def ddl(self) -> str:
        """The ``create table`` statement of the raw table."""
        placed = (["contract_id varchar"] if self.has_contract else []) + (
            ["market_id varchar"] if self.has_market else []
        )
        columns = [
            "feed varchar",
            "file_name varchar",
            "row_number bigint",
            *placed,
            *(f"{column.name} {SQL_TYPES[column.kind]}" for column in self.columns),
            *(["is_superseded boolean"] if self.may_replace else []),
        ]
        return f"create table raw.{self.name} (\n    " + ",\n    ".join(columns) + "\n)"


def key(name: str, *sources: str, kind: Kind = "text", form: str = "{}") -> Column:
    """A column every row must have a value in; without one the row is set aside as *missing key*."""
    return Column(name, kind, sources, form, in_file=True, value="missing key")


def must(name: str, *sources: str, kind: Kind = "text", form: str = "{}") -> Column:
    """A column every file must have, though a row may leave it empty."""
    return Column(name, kind, sources, form, in_file=True)


def day(name: str, *sources: str) -> Column:
    """A date every row must have."""
    return Column(name, "date", sources, in_file=True, value="bad or missing date")
