"""`python -m benchmarks`: throughput and memory of every stage, and the ED page against bare DuckDB."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent


def run_stage(*arguments: str) -> tuple[dict[str, dict[str, float]], float]:
    """Phases of a stage run in a process of its own, and that process's peak memory in GB."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.stages", *arguments], cwd=ROOT, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    output = process.stdout.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"stage {' '.join(arguments)} failed with {process.returncode}")
    peak = usage.ru_maxrss / (1e9 if sys.platform == "darwin" else 1e6)
    return json.loads(output.strip().splitlines()[-1]), peak


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--members", type=int, nargs="+", default=[10_000, 100_000], help="sizes to measure")
    parser.add_argument("--folder", type=Path, default=ROOT / "var" / "bench", help="where to write")
    parser.add_argument(
        "--keep", action="store_true", help="keep what was built, and measure it again as it is"
    )
    parser.add_argument("--detail", action="store_true", help="also print every question")
    given = parser.parse_args()
    console = Console(width=120)
    console.print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}\n")
    stages = Table(
        "Members", "Stage", "Rows", "Seconds", "Rows per second", "Peak memory, GB", title="Stages"
    )
    pages = Table(
        "Members", "Questions", "Asked, ms", "Bare DuckDB, ms", "Ratio", title="ED page, warm and uncached"
    )
    detail = Table("Members", "Question", "Asked, ms", "Bare, ms", title="Each question")
    for members in given.members:
        folder = given.folder / str(members)
        warehouse = folder / "warehouse"
        if not (given.keep and (warehouse / "CURRENT").exists()):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            feeds = ("--feeds", str(folder / "feeds"))
            for stage in (
                ("demo", "--members", str(members), *feeds),
                ("build", "--warehouse", str(warehouse), *feeds),
            ):
                phases, peak = run_stage(*stage)
                for name, phase in phases.items():
                    stages.add_row(
                        f"{members:,}",
                        name,
                        f"{phase['rows']:,.0f}",
                        f"{phase['seconds']:.1f}",
                        f"{phase['rows'] / phase['seconds']:,.0f}",
                        f"{peak:.1f}",
                    )
        code = (
            "import json, sys; from pathlib import Path; from benchmarks.ed_page import measure;"
            f"count, timing = measure(Path({str(warehouse)!r}));"
            "print(json.dumps([count, timing.asked, timing.bare, timing.each]))"
        )
        answer = subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            capture_output=True,
            text=True,
            env={**os.environ, "HUDDLEBOARD_LEDGER": f"sqlite:///{folder / 'ledger.sqlite'}"},
        )
        if answer.returncode:
            raise SystemExit(answer.stderr)
        count, asked, bare, each = json.loads(answer.stdout.strip().splitlines()[-1])
        pages.add_row(f"{members:,}", str(count), f"{asked:.0f}", f"{bare:.0f}", f"{asked / bare:.2f}")
        for name, (one, other) in each.items():
            detail.add_row(f"{members:,}", name, f"{one:.1f}", f"{other:.1f}")
    console.print(stages, pages, *([detail] if given.detail else []), sep="\n")
    if not given.keep:
        shutil.rmtree(given.folder, ignore_errors=True)


if __name__ == "__main__":
    main()
