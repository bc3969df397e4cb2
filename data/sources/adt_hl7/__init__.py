"""Admission, discharge and transfer messages (HL7 v2 ADT), as hospitals and exchanges send them by the hour.

Files hold any number of messages. A01 (admission), A03 (discharge), A04 (registration, an arrival at the
emergency department among them), A08 (update) and A11 (cancelled admission) become rows of ``raw.adt_event``;
other messages are counted and set aside, and so are messages that cannot be read. A row number is the number
of the message in its file.
"""

from __future__ import annotations

import codecs
import datetime
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from data.sources.adapter import Adapter, Input, Reading, StagedFiles
from data.sources.adt_hl7.messages import MessageError, event, parse, split_messages
from data.sources.damaged import ENCODING, LENGTH, LONGEST_RECORD, BrokenLine, open_bytes
from data.sources.layout import Table
from data.sources.tables import ADT_EVENT

if TYPE_CHECKING:
    from data.feeds import Feed, FeedFile

MESSAGES = "stage.adt_message"
COLUMNS = tuple(name for column in ADT_EVENT.columns for name in column.file_columns)

ORIGINS = {
    "event_id": "MSH-10",
    "message_type": "MSH-9",
    "event_time": "EVN-2",
    "received_time": "MSH-7",
    "birth_date": "PID-7",
    "admit_time": "PV1-44",
    "discharge_time": "PV1-45",
}
"""Where the columns that can be wrong stand in a message."""

_AT_ONCE = 50_000


class AdtAdapter(Adapter):
    name = "adt_hl7"
    tables = (ADT_EVENT,)
    inputs: Mapping[str, Input] = {
        "adt_event": Input(
            "adt_event", ("*.hl7", "*.hl7.gz", "*.hl7.txt"), required=True, suffixes=(".hl7", ".gz", ".txt")
        )
    }
    person_ids = ()

    def open(
        self,
        connection: duckdb.DuckDBPyConnection,
        feed: Feed,
        *,
        scratch: Path,
        today: datetime.date,
        on_file: Callable[[FeedFile], None],
    ) -> Reading:
        return AdtReading(connection, feed, scratch, today, on_file)


ADAPTER = AdtAdapter()


class AdtReading(Reading):
    """The messages of all files of a feed in one table of passage."""

    def stage(self, table: Table) -> list[StagedFiles]:
        files = tuple(self.files("adt_event"))
        if not files:
            return []
        texts = ", ".join(f"{name} varchar" for name in COLUMNS)
        self.connection.execute(f"create table {MESSAGES} (file_number integer, row_number bigint, {texts})")
        rows: list[int] = []
        broken: list[BrokenLine] = []
        for number, file in enumerate(files):
            self.on_file(file)
            rows.append(self._read(file, number, broken))
        return [
            StagedFiles(
                files=files,
                relation=MESSAGES,
                texts={name: name for name in COLUMNS},
                row_number="row_number",
                file_number="file_number",
                rows=tuple(rows),
                broken=tuple(broken),
                origins=ORIGINS,
                date_formats={
                    name: ("%Y-%m-%d",)
                    for name in ("event_time", "received_time", "birth_date", "admit_time", "discharge_time")
                },
            )
        ]

    def _read(self, file: FeedFile, number: int, broken: list[BrokenLine]) -> int:
        """Read one file; returns how many messages it has, the broken ones included."""
        count = 0
        events: list[dict[str, str | int | None]] = []
        with open_bytes(file.path) as stream:
            for content in split_messages(stream):
                count += 1
                try:
                    text = self._text(content)
                    events.append({"file_number": number, "row_number": count, **event(parse(text))})
                except MessageError as error:
                    shown = content[:LONGEST_RECORD].decode("utf-8", "replace").replace("\0", "\\0")
                    broken.append(
                        BrokenLine(count, error.reason, shown.replace("\r", "\n"), error.column, number)
                    )
                if len(events) == _AT_ONCE:
                    self._insert(events)
        self._insert(events)
        return count

    def _text(self, content: bytes) -> str:
        if len(content) > LONGEST_RECORD:
            raise MessageError(LENGTH)
        try:
            text = content.removeprefix(codecs.BOM_UTF8).decode(self.feed.source.options.encoding)
        except UnicodeDecodeError as error:
            raise MessageError(ENCODING) from error
        if "\0" in text:
            raise MessageError(ENCODING)
        return text

    def _insert(self, events: list[dict[str, str | int | None]]) -> None:
        if not events:
            return
        schema = pa.schema(
            [
                ("file_number", pa.int32()),
                ("row_number", pa.int64()),
                *((name, pa.string()) for name in COLUMNS),
            ]
        )
        self.connection.register("adt_messages", pa.Table.from_pylist(events, schema=schema))
        self.connection.execute(f"insert into {MESSAGES} select * from adt_messages")
        self.connection.unregister("adt_messages")
        events.clear()
