"""One stage of the way from nothing to a published snapshot, run alone: its time and memory are its own.

`python -m benchmarks.stages demo|load|transform|publish …` does what `python -m data demo` and `build` do, a
stage at a time, and prints one JSON line. Stages find what the one before left in the folder given. Run by
`benchmarks/__main__.py`, which reads the peak memory and processor time of the process.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import duckdb

from data import publish
from data.build import code_version, load_raw
from data.demo import write_demo
from data.feeds import find_feeds
from data.transform import transform

SNAPSHOT = "2000-01-01T000000Z-bench0"


def demo(folder: Path, members: int, seed: int) -> float:
    """The demo's payer files in `feeds`; how many members."""
    write_demo(members, seed, folder / "feeds")
    return float(members)


def load(folder: Path, memory_limit: str) -> float:
    """The raw tables in `warehouse/.work`; the rows read."""
    counts = load_raw(
        find_feeds(folder / "feeds"),
        work_database(folder),
        warehouse=folder / "warehouse",
        snapshot_id=SNAPSHOT,
        code_version=code_version(),
        memory_limit=memory_limit,
    )
    return float(sum(count.rows_in for count in counts))


def models(folder: Path, memory_limit: str) -> float:
    """The snapshot's tables, audited; the rows loaded."""
    unfinished = publish.unfinished(folder / "warehouse", SNAPSHOT)
    unfinished.unlink(missing_ok=True)
    transform(work_database(folder), unfinished, memory_limit=memory_limit)
    with duckdb.connect() as connection:
        connection.execute(f"attach '{unfinished}' as snapshot (read_only)")
        return number(connection, "select sum(rows_loaded) from snapshot.mart.build")


def finish(folder: Path, memory_limit: str) -> float:
    """The published snapshot; its rows."""
    snapshot = publish.publish(
        work_database(folder), folder / "warehouse", SNAPSHOT, {}, memory_limit=memory_limit
    )
    with duckdb.connect() as connection:
        connection.execute(f"attach '{snapshot.path}' as snapshot (read_only)")
        return number(
            connection, "select sum(estimated_size) from duckdb_tables() where database_name = 'snapshot'"
        )


def work_database(folder: Path) -> Path:
    """Where a build keeps its raw and staging tables."""
    return folder / "warehouse" / ".work" / SNAPSHOT / "work.duckdb"


def number(connection: duckdb.DuckDBPyConnection, sql: str) -> float:
    """The one number a query answers."""
    return float(connection.execute(sql).fetchall()[0][0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stage", choices=["demo", "load", "transform", "publish"])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--members", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--memory-limit", default="4GB")
    given = parser.parse_args()
    started = time.perf_counter()
    if given.stage == "demo":
        rows = demo(given.folder, given.members, given.seed)
    else:
        run = {"load": load, "transform": models, "publish": finish}[given.stage]
        rows = run(given.folder, given.memory_limit)
    print(json.dumps({"seconds": time.perf_counter() - started, "rows": rows}))


if __name__ == "__main__":
    main()
