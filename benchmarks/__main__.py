"""`python -m benchmarks`: throughput and memory of every stage, and the pages against bare DuckDB."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.pages import TITLES

ROOT = Path(__file__).resolve().parent.parent
STAGES = ("demo", "load", "transform", "publish")


@dataclass(frozen=True)
class Measured:
    """One stage: its rows, seconds by the clock and of the processors, peak memory and disk in GB."""

    stage: str
    rows: float
    seconds: float
    processor: float
    memory: float
    disk: float


def run_stage(stage: str, folder: Path, *arguments: str) -> Measured:
    """A stage in a process of its own, so that its peak memory is its own. Raises SystemExit if it fails."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.stages", stage, "--folder", str(folder), *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    output = process.stdout.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"stage {stage} failed with {process.returncode}")
    found = json.loads(output.strip().splitlines()[-1])
    return Measured(
        stage,
        found["rows"],
        found["seconds"],
        usage.ru_utime + usage.ru_stime,
        usage.ru_maxrss / (1e9 if sys.platform == "darwin" else 1e6),
        sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e9,
    )


def measure_pages(folder: Path) -> list[dict[str, Any]]:
    """`benchmarks.pages.measure` of every page and interaction, in a process of its own."""
    code = (
        "import dataclasses, json; from pathlib import Path; from benchmarks.pages import measure;"
        f"found = measure(Path({str(folder / 'warehouse')!r}));"
        "print(json.dumps([dataclasses.asdict(one) for one in found]))"
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
    measured: list[dict[str, Any]] = json.loads(answer.stdout.strip().splitlines()[-1])
    return measured


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--members", type=int, nargs="+", default=[10_000, 100_000], help="sizes to measure")
    parser.add_argument("--folder", type=Path, default=ROOT / "var" / "bench", help="where to write")
    parser.add_argument("--memory-limit", default="4GB", help="DuckDB's, of every stage of the build")
    parser.add_argument("--keep", action="store_true", help="keep what was built, and do not build it again")
    parser.add_argument("--without-page", action="store_true", help="only the stages")
    parser.add_argument("--detail", action="store_true", help="also print every question")
    given = parser.parse_args()
    console = Console(width=130)
    console.print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}\n")
    stages = Table(
        "Members",
        "Stage",
        "Rows",
        "Seconds",
        "Processor seconds",
        "Rows per second",
        "Peak memory, GB",
        "Disk after, GB",
        title="Stages",
    )
    pages = Table(
        "Page",
        "Interaction",
        "Members",
        "Questions",
        "Asked, ms",
        "Bare DuckDB, ms",
        "Ratio (aim: 1.5)",
        "Script, ms",
        "Growth of the script",
        title="Pages, warm and uncached",
    )
    scripts: dict[tuple[str, str], tuple[int, float]] = {}
    detail = Table("Members", "Question", "Asked, ms", "Bare, ms", title="Each question")
    for members in given.members:
        folder = given.folder / str(members)
        if not (given.keep and (folder / "warehouse" / "CURRENT").exists()):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            done = []
            for stage in STAGES:
                options = ("--members", str(members)) if stage == "demo" else ()
                limit = () if stage == "demo" else ("--memory-limit", given.memory_limit)
                one = run_stage(stage, folder, *options, *limit)
                done.append(one)
                # A long run can be followed, and says what it found even if a later stage gives out.
                console.print(
                    f"{time.strftime('%H:%M:%S')}  {members:,} members, {stage}: {one.seconds:,.1f} s, "
                    f"{one.processor:,.1f} processor s, {one.memory:.1f} GB, disk {one.disk:.1f} GB",
                    highlight=False,
                )
            written = next(one.rows for one in done if one.stage == "load")
            for one in done:
                rows = written if one.stage == "demo" else one.rows
                stages.add_row(
                    f"{members:,}",
                    one.stage,
                    f"{rows:,.0f}",
                    f"{one.seconds:,.1f}",
                    f"{one.processor:,.1f}",
                    f"{rows / one.seconds:,.0f}",
                    f"{one.memory:.1f}",
                    f"{one.disk:.1f}",
                )
        if given.without_page:
            continue
        for one in measure_pages(folder):
            about = (one["page"], one["interaction"])
            before = scripts.get(about)
            growth = f"{one['script'] / before[1]:.1f} × at {members / before[0]:g} ×" if before else ""
            scripts[about] = (members, one["script"])
            pages.add_row(
                TITLES[one["page"]],
                one["interaction"],
                f"{members:,}",
                str(one["questions"]),
                f"{one['asked']:.0f}",
                f"{one['bare']:.0f}",
                f"{one['asked'] / one['bare']:.2f}",
                f"{one['script']:.0f}",
                growth,
            )
            for name, (one_asked, one_bare) in one["each"].items():
                detail.add_row(f"{members:,}", name, f"{one_asked:.1f}", f"{one_bare:.1f}")
    console.print(stages, pages, *([detail] if given.detail else []), sep="\n")
    if not given.keep:
        for members in given.members:
            shutil.rmtree(given.folder / str(members), ignore_errors=True)


if __name__ == "__main__":
    main()
