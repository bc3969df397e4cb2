"""A format whose files already look like the raw tables: one kind of file per table, columns by name.

The Tuva input layer and the organisation's own tables are read this way. Columns that are not known are
ignored; the header decides which optional ones are there.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from data.sources.adapter import Adapter, Input, Reading, StagedFiles, default_patterns
from data.sources.files import Written, stage_files
from data.sources.layout import Table

if TYPE_CHECKING:
    from data.feeds import Feed, FeedFile


class DirectAdapter(Adapter):
    """Files named after their table, with the raw table's file columns as headers."""

    def __init__(
        self,
        name: str,
        tables: tuple[Table, ...],
        *,
        required: tuple[str, ...] = (),
        person_ids: tuple[str, ...] = ("shared", "own", "crosswalk"),
    ) -> None:
        self.name = name
        self.tables = tables
        self.person_ids = person_ids
        self.inputs = {
            table.name: Input(table.name, default_patterns(table.name), required=table.name in required)
            for table in tables
        }

    def open(
        self,
        connection: duckdb.DuckDBPyConnection,
        feed: Feed,
        *,
        scratch: Path,
        today: datetime.date,
        on_file: Callable[[FeedFile], None],
    ) -> Reading:
        return DirectReading(connection, feed, scratch, today, on_file)


class DirectReading(Reading):
    """Every file of a table, delimited or Parquet, as many at once as look alike."""

    def stage(self, table: Table) -> list[StagedFiles]:
        source, options = self.feed.source, self.feed.source.options
        wanted = {name for column in table.columns for name in column.file_columns}
        if table.has_contract:
            wanted |= source.contract_columns
        if table.has_market:
            wanted |= source.market_columns
        return stage_files(
            self.connection,
            self.feed.name,
            self.files(table.name),
            written=Written(options.delimiter, options.encoding),
            wanted=frozenset(wanted),
            required=table.required_in_file,
            scratch=self.scratch,
            on_file=self.on_file,
        )


class TotalsReading(Reading):
    """The payer's control totals of any feed: always comma separated, with dates as 2025-03-31."""

    def kinds(self, table: Table) -> tuple[str, ...]:
        return (table.name,)

    def stage(self, table: Table) -> list[StagedFiles]:
        staged = stage_files(
            self.connection,
            self.feed.name,
            self.files(table.name),
            written=Written(),
            wanted=frozenset(column.name for column in table.columns),
            required=table.required_in_file,
            scratch=self.scratch,
        )
        iso = {column.name: ("%Y-%m-%d",) for column in table.columns if column.kind == "date"}
        return [replace(one, date_formats=iso) for one in staged]
