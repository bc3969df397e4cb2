"""What every room's tests share: the reference files beside the project, and warehouses built from real feeds.

Warehouses are built once by the product's own command line into `var/test/`, keyed by the code and inputs that
made them, and shared between test processes and runs. Tests that change a warehouse copy it first.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import duckdb
import pytest

ROOT = Path(__file__).resolve().parent.parent
BUILT = ROOT / "var" / "test"

DEMO_MEMBERS = 2_000
DEMO_SEED = 7
DEMO_THROUGH = date(2026, 10, 31)


def shared_folder() -> Path:
    """The folder of real files that tests read in place: `../shared`, or HUDDLEBOARD_SHARED."""
    return Path(os.environ.get("HUDDLEBOARD_SHARED", ROOT.parent / "shared"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """`../shared`; the test is skipped, by name, where it is missing."""
    folder = shared_folder()
    if not (folder / "README.md").exists():
        pytest.skip(f"needs the shared reference files at {folder} (set HUDDLEBOARD_SHARED)")
    return folder


@pytest.fixture
def read_snapshot() -> Callable[[Path], duckdb.DuckDBPyConnection]:
    """Opens a published snapshot for a test's own SQL, read-only.

    Attached to a connection in memory rather than opened: DuckDB refuses two connections with different settings
    on one file in one process, and the code under test has its own.
    """
    opened: list[duckdb.DuckDBPyConnection] = []

    def read(warehouse: Path, snapshot: str | None = None) -> duckdb.DuckDBPyConnection:
        name = snapshot or (warehouse / "CURRENT").read_text().strip()
        connection = duckdb.connect()
        connection.execute(f"attach '{warehouse / name}.duckdb' as snapshot (read_only)")
        connection.execute("use snapshot")
        opened.append(connection)
        return connection

    yield read
    for connection in opened:
        connection.close()


@pytest.fixture(scope="session")
def demo_warehouse() -> Path:
    """A warehouse of the demo market: 2,000 members, seed 7, through 31 October 2026."""

    def make(folder: Path) -> None:
        feeds = folder / "feeds"
        run_data(
            "demo",
            "--members",
            str(DEMO_MEMBERS),
            "--seed",
            str(DEMO_SEED),
            "--through",
            DEMO_THROUGH.isoformat(),
            "--to",
            str(feeds),
        )
        run_data("build", "--from", str(feeds), "--to", str(folder / "warehouse"))

    return built("demo", (DEMO_MEMBERS, DEMO_SEED, DEMO_THROUGH), make) / "warehouse"


@pytest.fixture(scope="session")
def demo_feeds(demo_warehouse: Path) -> Path:
    """The payer files `demo_warehouse` was built from."""
    return demo_warehouse.parent / "feeds"


@pytest.fixture(scope="session")
def tuva_feeds(shared: Path) -> Path:
    """A feeds folder with the documented example source.yaml beside the real Tuva files."""

    def make(folder: Path) -> None:
        feed = folder / "feeds" / "tuva"
        feed.mkdir(parents=True)
        for file in sorted((shared / "data" / "tuva_input_layer").glob("*.csv")):
            (feed / file.name).symlink_to(file.resolve())
        example = (ROOT / "docs" / "examples" / "tuva_input_layer" / "source.yaml").read_text()
        kept = [line for line in example.splitlines() if not line.startswith("files_from:")]
        (feed / "source.yaml").write_text("\n".join(kept) + "\n")

    return built("tuva_feeds", (shared,), make) / "feeds"


@pytest.fixture(scope="session")
def tuva_warehouse(tuva_feeds: Path) -> Path:
    """A warehouse built from the real Tuva files by the documented example, no reference pack installed."""

    def make(folder: Path) -> None:
        run_data("build", "--from", str(tuva_feeds), "--to", str(folder / "warehouse"))

    return built("tuva", (tuva_feeds,), make) / "warehouse"


def run_data(*arguments: str) -> None:
    """Run `python -m data …` as a user would; its whole output is in the failure message."""
    done = subprocess.run(
        [sys.executable, "-m", "data", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=400
    )
    if done.returncode:
        raise RuntimeError(f"python -m data {' '.join(arguments)} failed:\n{done.stdout}\n{done.stderr}")


def built(name: str, inputs: tuple[object, ...], make: Callable[[Path], None]) -> Path:
    """The folder `make` fills, made once for this code and these inputs, whichever test process comes first."""
    BUILT.mkdir(parents=True, exist_ok=True)
    folder = BUILT / name
    key = hashlib.sha256(f"{inputs!r} {code_of_data()}".encode()).hexdigest()
    with locked(BUILT / f"{name}.lock"):
        stamp = folder / ".key"
        if not (stamp.exists() and stamp.read_text() == key):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            stamp.write_text(key)
    return folder


def code_of_data() -> str:
    """A hash of everything that decides what a build makes."""
    digest = hashlib.sha256()
    rooms = [ROOT / "data", ROOT / "docs" / "examples", ROOT / "analytics"]
    for file in sorted(file for room in rooms for file in room.rglob("*") if file.is_file()):
        if "__pycache__" not in file.parts:
            digest.update(str(file.relative_to(ROOT)).encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock between processes."""
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(handle, fcntl.LOCK_UN)
