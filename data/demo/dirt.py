"""A few unusable rows per payer, as real files have them, so that the quarantine has something to show.

They come in a small file of their own, the way a payer sends a late correction: bad dates, an unknown
claim type,
a repeated line, an end before its start, a missing person. Each is one row beside a good one of the payer's.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from data.demo.settings import Contract, Settings

KINDS = ("unparseable date", "unknown claim type", "repeated line", "end before start", "no person")


def spoil(settings: Settings, folder: Path, terms: Contract, through: date) -> None:
    """Add the payer's correction file, and for one payer a file sent twice."""
    lines = _first_lines(folder, settings.claims.dirty_rows * len(KINDS))
    if lines is not None:
        rows = lines.to_pylist()
        for index, row in enumerate(rows):
            _damage(row, KINDS[index % len(KINDS)])
        spoiled = pa.Table.from_pylist(rows, schema=lines.schema)
        path = folder / f"medical_claim_correction_{through:%Y_%m}"
        if terms.format == "csv":
            with pa.CompressedOutputStream(pa.OSFile(f"{path}.csv.gz", "wb"), "gzip") as stream:
                pacsv.write_csv(spoiled, stream, pacsv.WriteOptions(quoting_style="needed"))
        else:
            pq.write_table(spoiled, f"{path}.parquet", compression="zstd")
    if terms.key == "advantage":
        sent = folder / "immunization.parquet"
        (folder / "immunization_resent.parquet").write_bytes(sent.read_bytes())


def _first_lines(folder: Path, wanted: int) -> pa.Table | None:
    """`wanted` lines spread over the payer's claims, all as text; fewer where that were over one in 2,000."""
    parquet = folder / "medical_claim.parquet"
    if parquet.exists():
        file = pq.ParquetFile(parquet)
        table = file.read_row_group(0) if file.num_row_groups else None
        total = file.metadata.num_rows
    else:
        table = pacsv.read_csv(folder / "medical_claim.csv.gz")
        total = table.num_rows
    if table is None:
        return None
    count = min(wanted, total // 2_000, table.num_rows)
    if not count:
        return None
    step = table.num_rows // count
    chosen = table.take(pa.array([index * step for index in range(count)]))
    return chosen.cast(pa.schema([(name, pa.string()) for name in chosen.column_names]))


def _damage(row: dict[str, str | None], kind: str) -> None:
    if kind == "repeated line":
        return
    row["claim_id"] = f"{row['claim_id']}C"
    if kind == "unparseable date":
        row["claim_start_date"] = "2026-02-30"
    elif kind == "unknown claim type":
        row["claim_type"] = "hospital"
    elif kind == "end before start":
        row["claim_end_date"] = "2019-01-01"
    else:
        row["person_id"] = None
