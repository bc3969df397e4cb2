"""Any delimited file or workbook, described by a ``mapping.yaml`` beside the feed's ``source.yaml``.

``schema`` is what a mapping may say, ``reading`` turns it into SQL, ``propose`` drafts one from a file. The
same mapping, in the folder of a format, makes a built-in format: see ``MappedAdapter``. docs/feeds.md shows
how a payer is added.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from data.sources.adapter import Adapter, Input, Reading
from data.sources.layout import Table
from data.sources.mapped import schema
from data.sources.mapped.reading import MappedReading

if TYPE_CHECKING:
    from data.feeds import Feed, FeedFile, Source

MAPPING_FILE = "mapping.yaml"


class MappedAdapter(Adapter):
    """A format made of a mapping: a feed's own (``path`` None), or one shipped with a format.

    ``reading`` is the class that reads a feed, for a format whose files need more than a mapping can say.
    """

    def __init__(
        self, name: str, path: Path | None = None, *, reading: type[MappedReading] = MappedReading
    ) -> None:
        self.name = name
        self.path = path
        self.reading = reading

    @cached_property
    def _read(self) -> tuple[schema.Mapping, bytes]:
        assert self.path is not None
        return schema.read_mapping(self.path, self.name)

    @property
    def mapping(self) -> schema.Mapping:
        return self._read[0]

    @cached_property
    def tables(self) -> tuple[Table, ...]:  # type: ignore[override]
        """The raw tables the mapping fills; for the format as such, all that a mapping may fill."""
        wanted = schema.TARGETS if self.path is None else self.mapping.tables
        return tuple(table for name, table in schema.TARGETS.items() if name in wanted)

    @cached_property
    def inputs(self) -> Mapping[str, Input]:  # type: ignore[override]
        if self.path is None:
            return {}
        return {
            kind: Input(kind, tuple(rule.files), rule.required, suffixes=None, sheet=rule.sheet)
            for kind, rule in self.mapping.inputs.items()
        }

    @cached_property
    def sha256(self) -> str:  # type: ignore[override]
        return "" if self.path is None else hashlib.sha256(self._read[1]).hexdigest()

    def for_feed(self, source: Source, folder: Path) -> Adapter:
        if self.path is not None:
            return self
        bound = MappedAdapter(self.name, folder / (source.mapping or MAPPING_FILE), reading=self.reading)
        bound._read = schema.read_mapping(folder / (source.mapping or MAPPING_FILE), source.name)
        return bound

    def kinds(self, table: str) -> tuple[str, ...]:
        return tuple(rule.source for rule in self.mapping.tables.get(table, ()))

    def open(
        self,
        connection: duckdb.DuckDBPyConnection,
        feed: Feed,
        *,
        scratch: Path,
        today: datetime.date,
        on_file: Callable[[FeedFile], None],
    ) -> Reading:
        assert self.path is not None
        return self.reading(connection, feed, scratch, today, on_file, self.mapping, self.path)


ADAPTER = MappedAdapter("mapped")
