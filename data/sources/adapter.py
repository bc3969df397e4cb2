"""What a payer format has to be: the interface between one payer's files and the raw tables everybody shares.

A format is a folder in ``data/sources`` that exports ``ADAPTER``. An adapter says which kinds of file there
are (``inputs``), which raw tables come of them (``tables``), and, once a feed is opened, turns the files
into relations whose text columns are the raw table's file columns (:class:`StagedFiles`). Typing, checks,
quarantine and counts are the same for every format and happen afterwards (``loading``): no adapter writes
into a raw table.

The order in which a feed is loaded: ``Adapter.for_feed`` (when ``source.yaml`` is read), ``Adapter.open``,
``Reading.stage`` once per table in the order of ``tables``, ``Reading.secondary``, ``Reading.close``.
"""

from __future__ import annotations

import datetime
import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from data.sources.layout import Table

if TYPE_CHECKING:
    from data.feeds import Feed, FeedFile, Source
    from data.sources.damaged import BrokenLine

DATA_SUFFIXES = (".csv", ".csv.gz", ".txt", ".txt.gz", ".parquet", ".parquet.gz")
"""How the names of delimited and Parquet files end. Workbooks are for formats that say so."""


@dataclass(frozen=True)
class Input:
    """A kind of file a feed may bring, and how to know one by its path relative to the feed's folder.

    ``patterns`` are shell patterns (``*`` also matches ``/``); ``files:`` in ``source.yaml`` replaces them.
    ``required`` kinds must be there unless ``options.required_files`` says otherwise. ``suffixes`` are the
    endings a name may have, or None for any. ``sheet`` is the sheet of a workbook. ``may_repeat`` kinds say
    the same again when nothing has changed: a file like another is no repeat to be skipped.
    """

    kind: str
    patterns: tuple[str, ...]
    required: bool = False
    suffixes: tuple[str, ...] | None = DATA_SUFFIXES
    sheet: str | None = None
    may_repeat: bool = False


@dataclass(frozen=True)
class Refusal:
    """A reason of the format's own to set a row aside: looked at before the checks every format has.

    ``condition`` is SQL over the relation, true where the row is refused; ``column_name`` is the payer's name
    of the column that is to blame.
    """

    reason: str
    column_name: str | None
    condition: str


@dataclass(frozen=True)
class StagedFiles:
    """Rows of one or more files of a feed that can be selected from, and how to read a raw table's columns.

    ``relation`` is what stands after ``from``. ``file_number`` is SQL for the position of the row's file in
    ``files`` (0 = first), ``row_number`` SQL for the 1-based number of the record in that file. ``texts``
    gives SQL for the text of each file column of the raw table; ``natives`` SQL and type where the file has
    types. ``rows`` are the records of each file, with the broken ones (``broken``) and the ones the relation
    leaves out, because nobody wants them (``filtered``): by itself, or by ``keep``, SQL that is true for the
    rows to be read.

    Where the payer's names and texts are not the raw table's: ``origins`` gives the payer's name of a file
    column, for messages; ``as_written`` SQL for what to show of a row that is set aside, by the payer's names
    (both default to the file columns); ``date_formats`` the formats of a file column, where they are not the
    feed's; ``scales`` what to divide an amount by. ``superseded`` is SQL, true where a later row or file
    takes the row's place: it is loaded and counted, but no model reads it, and it does not use up its key.
    ``leftover`` are files to remove afterwards; a relation in the ``stage`` database is dropped if
    ``owned``.
    """

    files: tuple[FeedFile, ...]
    relation: str
    texts: Mapping[str, str]
    row_number: str
    rows: tuple[int, ...]
    file_number: str = "0"
    natives: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    broken: tuple[BrokenLine, ...] = ()
    filtered: tuple[int, ...] = ()
    keep: str | None = None
    superseded: str | None = None
    refusals: tuple[Refusal, ...] = ()
    origins: Mapping[str, str] = field(default_factory=dict)
    as_written: Mapping[str, str] | None = None
    date_formats: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    scales: Mapping[str, int] = field(default_factory=dict)
    leftover: tuple[Path, ...] = ()
    owned: bool = True

    @property
    def columns(self) -> frozenset[str]:
        return frozenset(self.texts)

    def remove(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Drop the staging table, and delete unpacked copies, of files that have been loaded."""
        if self.owned and self.relation.startswith("stage."):
            connection.execute(f"drop table if exists {self.relation}")
        for path in self.leftover:
            path.unlink(missing_ok=True)


@dataclass(frozen=True)
class FileCount:
    """What became of the rows of one file in one table (or of a file that only completes others)."""

    file: FeedFile
    rows_in: int
    rows_loaded: int
    rows_quarantined: int
    duplicate_of: str | None = None
    table: str | None = None
    rows_filtered: int = 0
    rows_superseded: int = 0

    @property
    def input_table(self) -> str:
        """The raw table the rows went to, or the kind of file where they went to none."""
        return self.table or self.file.kind


@dataclass
class Reading:
    """One feed being read. A format derives its own; what the tables share is kept on the object.

    ``connection`` has the databases ``work`` (with the schema ``raw``) and ``stage`` (for tables of passage)
    attached. ``scratch`` is a folder for files of passage. ``on_file`` is to be told of each file as it is
    begun. ``today`` is the day of the build.
    """

    connection: duckdb.DuckDBPyConnection
    feed: Feed
    scratch: Path
    today: datetime.date
    on_file: Callable[[FeedFile], None]

    def kinds(self, table: Table) -> tuple[str, ...]:
        """The kinds of file whose rows become rows of the table: what ``stage`` reads for it."""
        return self.feed.adapter.kinds(table.name)

    def files(self, kind: str) -> list[FeedFile]:
        """The files of a kind, by delivery month and name, without those that repeat another one."""
        found = [file for file in self.feed.files_of(kind) if not file.duplicate_of]
        return sorted(found, key=lambda file: (file.delivery_month or datetime.date.min, file.name))

    def stage(self, table: Table) -> list[StagedFiles]:
        """The rows of a table, ready to be selected. Files without rows are staged too: they are counted.

        Raises ``FeedError`` for what a person has to put right before anything can be published.
        """
        raise NotImplementedError

    def secondary(self) -> list[FileCount]:
        """Counts of the files that no table counted: those that only complete the rows of others."""
        return []

    def close(self) -> None:
        """Drop what is left in the ``stage`` database and in ``scratch``."""


class Adapter:
    """A format. Subclass it, or use ``direct.DirectAdapter`` or ``mapped.MappedAdapter``."""

    name: str = ""
    tables: tuple[Table, ...] = ()
    inputs: Mapping[str, Input] = {}
    person_ids: tuple[str, ...] = ("shared", "own", "crosswalk")
    """What ``person_ids:`` may be; nothing where it has no meaning. More than one has to be chosen from."""
    options: frozenset[str] = frozenset()
    """Keys of ``options:`` that only some formats have, and this one is one of them."""
    sha256: str = ""
    """Hash of whatever the adapter reads beside ``source.yaml``: a change of it is a change of the feed."""

    def for_feed(self, source: Source, folder: Path) -> Adapter:
        """The adapter as one feed uses it; a feed may bring a mapping of its own. Raises ``FeedError``."""
        return self

    def kinds(self, table: str) -> tuple[str, ...]:
        """The kinds of file whose rows become rows of a raw table."""
        return (table,)

    def open(
        self,
        connection: duckdb.DuckDBPyConnection,
        feed: Feed,
        *,
        scratch: Path,
        today: datetime.date,
        on_file: Callable[[FeedFile], None],
    ) -> Reading:
        """Begin to read a feed; what several tables share is prepared here or at the first need of it."""
        raise NotImplementedError


def default_patterns(table: str, suffixes: tuple[str, ...] = DATA_SUFFIXES) -> tuple[str, ...]:
    """``<table>.csv``, ``<table>_*.csv``, ``<table>-*.csv`` and so on."""
    return tuple(f"{table}{middle}{suffix}" for middle in ("", "_*", "-*") for suffix in suffixes)


@cache
def adapters() -> dict[str, Adapter]:
    """Every format there is, by the name used in ``format:`` of a ``source.yaml``."""
    import data.sources as package

    found: dict[str, Adapter] = {}
    for module in pkgutil.iter_modules(package.__path__):
        if module.ispkg:
            adapter = getattr(importlib.import_module(f"data.sources.{module.name}"), "ADAPTER", None)
            if adapter is not None:
                found[adapter.name] = adapter
    return found


def raw_tables() -> dict[str, Table]:
    """Every raw table some format brings, by name. Formats share tables; two of one name must be the same."""
    found: dict[str, Table] = {}
    for adapter in adapters().values():
        for table in adapter.tables:
            if found.setdefault(table.name, table) is not table:
                raise TypeError(f"{adapter.name} declares the raw table {table.name} a second time")
    return found
