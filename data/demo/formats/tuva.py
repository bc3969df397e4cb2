"""The Tuva input layer as a payer sends it: Parquet or gzipped CSV, one file per table and delivery month."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from data.demo.formats.deliveries import by_month, plain
from data.demo.formats.payer import PayerWriter, damaged

ORIGINAL = "original_claim_id"  # for the writers only: the claim that a correction corrects
# The day by which a clinical row is filed; claims go by the day they were paid.
FILED = {
    "lab_result": "result_datetime",
    "observation": "observation_date",
    "immunization": "occurrence_date",
    "appointment": None,
    "payer_gap": None,
}


@dataclass
class TuvaWriter(PayerWriter):
    """Rows as they are. `roster`: "full" sends every span each month, "changed" only what changed."""

    tables = ("eligibility", "medical_claim", "pharmacy_claim", *FILED)
    person_ids = "shared"
    packed: bool = False  # gzipped CSV instead of Parquet
    rosters: str = "changed"
    yearly: bool = False  # clinical rows in a folder per year, without delivery months
    damages = ("unparseable date", "unknown claim type", "repeated line", "end before start", "no person")
    _parquet: dict[Path, pq.ParquetWriter] = field(default_factory=dict)
    _written: set[str] = field(default_factory=set)

    @property
    def roster(self) -> str:  # type: ignore[override]
        return self.rosters

    def write(self, table_name: str, table: pa.Table) -> None:
        if table_name not in FILED:
            super().write(table_name, table)
            return
        calendar, column = self.payer.calendar, FILED[table_name]
        last = len(calendar) - 1
        months = [(last, table)] if column is None else by_month(table, column, calendar)
        for month, rows in months:
            self._append(month, table_name, rows)

    def note_members(self, table: pa.Table) -> None:
        """Its person ids are the enterprise index's own."""

    def write_roster(self, month: int, rows: pa.Table) -> None:
        # Without it the roster of a month without changes would be the file of the month before, sent twice.
        when = pa.array([self.payer.calendar.month(month).isoformat()] * rows.num_rows, pa.string())
        rows = rows.append_column("roster_month", when)
        self._append(month, "eligibility", rows)

    def write_month(self, month: int, table_name: str, rows: pa.Table) -> None:
        self._append(month, table_name, rows)

    def _append(self, month: int, table_name: str, rows: pa.Table) -> None:
        if not rows.num_rows:
            return
        if ORIGINAL in rows.column_names:
            rows = rows.drop_columns([ORIGINAL])
        self._written.add(table_name.removesuffix("_correction"))
        if self.packed:
            self.append_csv(month, f"{table_name}.csv.gz", rows)
            return
        folder = self.payer.calendar.folder(month)
        path = self.payer.folder / (folder[:4] if self.yearly else folder) / f"{table_name}.parquet"
        rows = plain(rows)
        if path not in self._parquet:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._parquet[path] = pq.ParquetWriter(path, rows.schema, compression="zstd")
        self._parquet[path].write_table(rows)

    def write_damaged(self, month: int, rows: pa.Table) -> int:
        def own_claim(change: dict[str, Any]) -> Callable[[dict[str, Any]], None]:
            return lambda row: row.update({"claim_id": f"{row['claim_id']}C", **change})

        spoiled = damaged(
            {name: rows[name] for name in rows.column_names},
            [
                own_claim({"claim_start_date": "2026-02-30"}),
                own_claim({"claim_type": "hospital"}),
                lambda row: None,
                own_claim({"claim_end_date": "2019-01-01"}),
                own_claim({"person_id": None}),
            ],
        )
        self._append(month, "medical_claim_correction", spoiled)
        return spoiled.num_rows

    def close(self) -> None:
        super().close()
        for writer in self._parquet.values():
            writer.close()
        self._parquet.clear()

    def declare(self) -> dict[str, Any]:
        suffix = "csv.gz" if self.packed else "parquet"
        written = [name for name in self.tables if name in self._written]
        claims = [name for name in written if name not in FILED]
        return {
            "format": "tuva_input_layer",
            "person_ids": self.person_ids,
            "files": {name: f"*/{name}*.{suffix}" for name in written},
            "options": {
                "date_formats": ["%Y-%m-%d"],
                "required_files": [name for name in ("eligibility", "medical_claim") if name in claims],
                **({"eligibility": ROSTERS[self.rosters]} if "eligibility" in claims else {}),
            },
            "expected": claims,
        }


ROSTERS = {"full": "latest_file", "changed": "changes", "covered": "all"}
"""What `options.eligibility` of source.yaml calls each way of sending enrolment."""
