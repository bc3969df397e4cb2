"""One stage of the way from nothing to a published snapshot, run alone so that its memory is its own.

`python -m benchmarks.stages demo|build …` prints one JSON line: seconds and rows of each phase. Run by
`benchmarks/__main__.py`, which reads the peak memory of the process.
"""

from __future__ import annotations

import argparse
import io
import json
import time
from pathlib import Path

import duckdb
from rich.console import Console


def write_demo(members: int, seed: int, feeds: Path) -> dict[str, dict[str, float]]:
    """Seconds and rows of writing the demo's payer files."""
    from data.demo import write_demo as write

    started = time.perf_counter()
    write(members, seed, feeds, Console(file=io.StringIO()))
    seconds = time.perf_counter() - started
    return {"demo": {"seconds": seconds, "rows": rows_of(feeds)}}


def build(feeds: Path, warehouse: Path, memory_limit: str) -> dict[str, dict[str, float]]:
    """Seconds and rows of each phase: load (rows read), transform (rows loaded), publish (rows kept)."""
    from data.build import build as run

    marks: list[tuple[str, float]] = []
    snapshot = run(
        feeds,
        warehouse,
        console=Console(file=io.StringIO()),
        force=True,
        memory_limit=memory_limit,
        on_phase=lambda name: marks.append((name, time.perf_counter())),
    )
    marks.append(("end", time.perf_counter()))
    with duckdb.connect() as connection:
        connection.execute(f"attach '{snapshot.path}' as snapshot (read_only)")
        rows_in, loaded = connection.execute(
            "select sum(rows_in), sum(rows_loaded) from snapshot.mart.build"
        ).fetchall()[0]
        kept = connection.execute(
            "select sum(estimated_size) from duckdb_tables() where database_name = 'snapshot'"
        ).fetchall()[0][0]
    counts = {"load": rows_in, "transform": loaded, "publish": kept}
    phases: dict[str, dict[str, float]] = {}
    for name, rows in counts.items():
        start = next(at for mark, at in marks if mark == name)
        after = [at for mark, at in marks if at > start and mark in {*counts, "end"} and mark != name]
        phases[name] = {"seconds": min(after) - start, "rows": float(rows)}
    return phases


def rows_of(feeds: Path) -> float:
    """Rows in a feeds folder's CSV and Parquet files."""
    total = 0
    with duckdb.connect() as connection:
        for file in feeds.rglob("*"):
            if file.suffix == ".parquet":
                total += connection.execute(f"select count(*) from read_parquet('{file}')").fetchall()[0][0]
            elif file.name.endswith((".csv", ".csv.gz")):
                total += connection.execute(
                    f"select count(*) from read_csv('{file}', all_varchar = true, ignore_errors = true)"
                ).fetchall()[0][0]
    return float(total)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stage", choices=["demo", "build"])
    parser.add_argument("--members", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--feeds", type=Path, required=True)
    parser.add_argument("--warehouse", type=Path)
    parser.add_argument("--memory-limit", default="4GB")
    given = parser.parse_args()
    if given.stage == "demo":
        print(json.dumps(write_demo(given.members, given.seed, given.feeds)))
    else:
        print(json.dumps(build(given.feeds, given.warehouse, given.memory_limit)))


if __name__ == "__main__":
    main()
