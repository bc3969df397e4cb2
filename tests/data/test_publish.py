"""A snapshot is published whole or not at all, whatever happens to the build; the last three are kept."""

from __future__ import annotations

import io
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from rich.console import Console

from data import __main__ as command_line
from data import publish
from data.build import BuildError, build

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.usefixtures("stand_in_models")


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    return tmp_path / "warehouse"


@pytest.fixture
def served(served_once: tuple[Path, Path], warehouse: Path) -> tuple[Path, str]:
    """The feeds that `warehouse` was built from, and the snapshot it serves."""
    feeds, built = served_once
    shutil.copytree(built, warehouse)
    snapshot = publish.current_id(warehouse)
    assert snapshot
    return feeds, snapshot


def quiet() -> Console:
    return Console(file=io.StringIO())


def leftovers(warehouse: Path) -> list[str]:
    return sorted(path.name for path in warehouse.iterdir() if "partial" in path.name or path.name == ".work")


def test_a_build_publishes_what_it_loaded(write_feed, warehouse, read_snapshot):
    snapshot = build(write_feed(), warehouse, console=quiet())
    assert (warehouse / "CURRENT").read_text() == snapshot.snapshot_id
    assert snapshot.path == warehouse / f"{snapshot.snapshot_id}.duckdb"
    assert leftovers(warehouse) == []
    connection = read_snapshot(warehouse)
    assert connection.execute("select snapshot_id, rows_loaded from mart.build").fetchall() == [
        (snapshot.snapshot_id, 2)
    ]
    # What was a view in the build is a table in the snapshot: there is nothing else left to read from.
    kinds = "select count(*) from duckdb_tables() where database_name = 'snapshot' and schema_name = 'raw'"
    assert connection.execute(kinds).fetchone() == (0,)
    assert connection.execute("select count(*) from mart.quarantine").fetchone() == (0,)


def test_a_build_of_the_same_inputs_publishes_nothing(write_feed, warehouse):
    feeds = write_feed()
    first = build(feeds, warehouse, console=quiet())
    said = io.StringIO()
    again = build(feeds, warehouse, console=Console(file=said, width=200))
    assert (again.snapshot_id, again.published) == (first.snapshot_id, False)
    assert "Nothing has changed" in said.getvalue()
    forced = build(feeds, warehouse, console=quiet(), force=True)
    assert forced.published and forced.snapshot_id != first.snapshot_id


def test_a_changed_file_is_published(write_feed, warehouse, claim):
    first = build(write_feed(), warehouse, console=quiet())
    second = build(write_feed({"medical_claim.csv": [claim(paid_amount="1.00")]}), warehouse, console=quiet())
    assert second.published and publish.current_id(warehouse) == second.snapshot_id != first.snapshot_id


def test_the_last_three_snapshots_are_kept_and_the_served_one_always(write_feed, warehouse):
    feeds = write_feed()
    made = [build(feeds, warehouse, console=quiet(), force=True).snapshot_id for _ in range(4)]
    kept = {snapshot.snapshot_id for snapshot in publish.snapshots(warehouse)}
    assert len(kept) == 3 and made[-1] in kept


def test_the_served_snapshot_is_never_removed_however_old(warehouse):
    warehouse.mkdir()
    names = [f"2026-01-0{day}T000000Z-aaaaaa" for day in range(1, 7)]
    for name in names:
        (warehouse / f"{name}.duckdb").touch()
    (warehouse / "CURRENT").write_text(names[0])
    publish._remove_old(warehouse)
    assert [snapshot.snapshot_id for snapshot in publish.snapshots(warehouse)] == [
        *reversed(names[3:]),
        names[0],
    ]


def test_one_can_go_back_to_an_earlier_snapshot(write_feed, warehouse, capsys):
    feeds = write_feed()
    first = build(feeds, warehouse, console=quiet())
    second = build(feeds, warehouse, console=quiet(), force=True)
    assert command_line.main(["snapshots", "--to", str(warehouse), "--use", first.snapshot_id]) == 0
    assert publish.current_id(warehouse) == first.snapshot_id
    assert command_line.main(["snapshots", "--to", str(warehouse)]) == 0
    listed = capsys.readouterr().out
    assert first.snapshot_id in listed and second.snapshot_id in listed and "served" in listed


def test_one_cannot_go_to_a_snapshot_that_is_not_there_or_not_whole(write_feed, warehouse):
    first = build(write_feed(), warehouse, console=quiet())
    (warehouse / "2027-01-01T000000Z-broken.duckdb").write_bytes(b"not a database" * 1000)
    for name in ("nothing", "2027-01-01T000000Z-broken"):
        assert command_line.main(["snapshots", "--to", str(warehouse), "--use", name]) == 1
        assert publish.current_id(warehouse) == first.snapshot_id


def test_a_feed_with_a_fault_leaves_the_last_snapshot_serving(write_feed, warehouse, claim, capsys):
    first = build(write_feed(), warehouse, console=quiet())
    row = claim()
    del row["claim_id"]
    feeds = write_feed({"medical_claim.csv": [row]})
    assert command_line.main(["build", "--from", str(feeds), "--to", str(warehouse)]) == 1
    said = capsys.readouterr().err
    assert "required column claim_id missing" in said and "Nothing was published" in said
    assert publish.current_id(warehouse) == first.snapshot_id
    assert leftovers(warehouse) == []


def test_two_builds_cannot_write_at_once(write_feed, warehouse):
    feeds = write_feed()
    with publish.lock(warehouse), pytest.raises(BuildError, match=f"process {os.getpid()}"):
        build(feeds, warehouse, console=quiet())
    assert build(feeds, warehouse, console=quiet()).published


@pytest.mark.parametrize("broken", ["os.fsync", "os.rename", "os.replace"])
def test_a_disk_that_fails_while_publishing_leaves_current_alone(served, warehouse, monkeypatch, broken):
    feeds, first = served

    def full(*ignored: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(BuildError, match="is full"):
        patch.setattr(broken, full)
        build(feeds, warehouse, console=quiet(), force=True)
    assert publish.current_id(warehouse) == first
    assert leftovers(warehouse) == []


def test_a_copy_that_lost_rows_is_not_published(served, warehouse, monkeypatch):
    feeds, first = served
    copy = publish._copy
    monkeypatch.setattr(publish, "_copy", lambda *a: {name: n + 1 for name, n in copy(*a).items()})
    with pytest.raises(BuildError, match="when read back"):
        build(feeds, warehouse, console=quiet(), force=True)
    assert publish.current_id(warehouse) == first
    assert leftovers(warehouse) == []


BUILD_AND_STOP = """
import resource, signal, sys
from pathlib import Path
import duckdb
from data import build as room
feeds, warehouse, stop, largest = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
def transform(work, *ignored):
    with duckdb.connect(str(work)) as connection:
        connection.execute(sys.stdin.readline().replace(chr(1), chr(10)))
room._transform = transform
def on_phase(name):
    if largest and name == "publish":
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
    if name == stop:
        print("at", name, flush=True)
        sys.stdin.read()
try:
    room.build(feeds, warehouse, force=True, on_phase=on_phase)
except room.BuildError as error:
    print(error, flush=True)
    sys.exit(1)
"""


@pytest.fixture
def start_build(warehouse, stand_in_sql):
    """Starts a build in a process of its own, waiting at a phase; `largest` bounds file sizes."""
    started: list[subprocess.Popen[str]] = []

    def start(feeds: Path, stop: str = "", largest: int = 0, more: str = "") -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", BUILD_AND_STOP, str(feeds), str(warehouse), stop, str(largest)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdin is not None
        process.stdin.write((stand_in_sql + more).replace("\n", chr(1)) + "\n")
        process.stdin.flush()
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    "phase", ["load", "transform", "copy mart.member", "checkpoint", "verify", "rename", "point", "pointed"]
)
def test_a_build_killed_at_any_moment_leaves_a_whole_snapshot_serving(
    served, warehouse, start_build, read_snapshot, phase
):
    feeds, first = served
    process = start_build(feeds, stop=phase)
    assert process.stdout is not None
    assert process.stdout.readline() == f"at {phase}\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    served = publish.current_id(warehouse)
    assert (served == first) == (phase != "pointed")
    assert read_snapshot(warehouse).execute("select count(*) from mart.member").fetchone() == (1,)
    second = build(feeds, warehouse, console=quiet(), force=True)
    assert publish.current_id(warehouse) == second.snapshot_id
    assert leftovers(warehouse) == []


def test_a_full_disk_leaves_the_last_snapshot_serving_and_says_so(served, warehouse, start_build):
    feeds, first = served
    more = "create table mart.large as select range as n, hash(range) as h from range(400000);"
    process = start_build(feeds, largest=1_000_000, more=more)
    out, error = process.communicate()
    assert process.returncode == 1, error
    assert "is full" in out and "Nothing was published" in out
    assert publish.current_id(warehouse) == first
    assert leftovers(warehouse) == []


def test_the_summary_tells_what_was_set_aside_and_why(write_feed, warehouse, claim):
    said = io.StringIO()
    rows = [claim(), claim(claim_id="c2", paid_amount="x"), claim(claim_id="c3", plan="none")]
    build(write_feed({"medical_claim.csv": rows, "notes.csv": b"a\n"}), warehouse, console=Console(file=said))
    text = said.getvalue()
    for words in (
        "payer",
        "2025-03-01",
        "2025-04-01",
        "bad amount",
        "paid_amount",
        "1 rows of medical_claim",
    ):
        assert words in text
    assert "notes.csv: not read" in text


def test_what_a_snapshot_was_made_from_is_in_it(write_feed, warehouse):
    snapshot = build(write_feed(), warehouse, console=quiet())
    inputs = publish.inputs_of(snapshot.path)
    assert {"fingerprint", "code", "payer/source.yaml", "payer/eligibility/eligibility.csv"} <= set(inputs)


def test_a_snapshot_cannot_be_written_by_its_readers(write_feed, warehouse):
    snapshot = build(write_feed(), warehouse, console=quiet())
    with (
        duckdb.connect(str(snapshot.path), read_only=True, config=publish.READ_CONFIG) as connection,
        pytest.raises(duckdb.Error),
    ):
        connection.execute("delete from mart.member")
