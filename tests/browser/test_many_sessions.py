"""Twenty sessions click while three snapshots are published: no error, no page mixes two snapshots' numbers."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import duckdb
import pytest
from driving import ROOT, Server, open_as, start_server
from playwright.sync_api import BrowserContext
from speaking import Session

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("many"), pytest.mark.timeout(900)]

SESSIONS = 20
PAGES_BETWEEN = 6
CLICKS = (
    "period=Year+to+date",
    "period=24+months",
    "market=Harbor",
    "",
    "market=Millbrook",
    "period=24+months",
)
SNAPSHOTS = {"2099-01-01T000100Z-aaaaaa": 9, "2099-01-01T000200Z-bbbbbb": 6, "2099-01-01T000300Z-cccccc": 3}


def thinned(warehouse: Path, first: Path, snapshot: str, tenths: int) -> None:
    """Add a snapshot like the first with only so many tenths of its ED visits."""
    target = warehouse / f"{snapshot}.duckdb"
    with duckdb.connect() as connection:
        connection.execute(f"attach '{first}' as source (read_only)")
        connection.execute(f"attach '{target}' as target")
        connection.execute("copy from database source to target")
        connection.execute(f"delete from target.mart.ed_visit where hash(visit_id) % 10 >= {tenths}")


def totals(page: str) -> set[str]:
    """Every total of treated-and-released visits that a page names."""
    return set(re.findall(r"released, ([\d,]+) visits? over", page)) | set(
        re.findall(r"[\d,]+ of ([\d,]+) visits", page)
    )


def test_twenty_sessions_click_while_three_snapshots_are_published(
    own_warehouse: Path, tmp_path: Path, new_context: Callable[..., BrowserContext]
) -> None:
    first = next(own_warehouse.glob("*.duckdb"))
    for snapshot, tenths in SNAPSHOTS.items():
        thinned(own_warehouse, first, snapshot, tenths)
    server: Server = start_server(own_warehouse, tmp_path / "many")
    try:
        context = new_context()
        open_as(context.new_page(), server, "grace.okafor", "/ed_utilization")
        cookie = "; ".join(f"{held['name']}={held['value']}" for held in context.cookies())
        # (snapshot, member-months, the totals of visits named) of every page shown
        seen: list[tuple[str, str, frozenset[str]]] = []
        every_snapshot_was_seen = threading.Event()

        def click_through(number: int) -> None:
            with Session(server.address, cookie) as session:
                turn = 0
                while turn < 1 or not every_snapshot_was_seen.is_set():
                    page = session.show("ed_utilization", CLICKS[(turn + number) % len(CLICKS)])
                    foot = re.search(r"Snapshot (\d{4}-\d\d-\d\d \d\d:\d\d)", page)
                    months = re.search(r"over ([\d,]+) member-months", page)
                    assert foot is not None and months is not None
                    found = totals(page)
                    assert len(found) == 1, f"a page of {foot[1]} names several totals: {found}"
                    seen.append((foot[1], months[1], frozenset(found)))
                    turn += 1

        with ThreadPoolExecutor(SESSIONS) as pool:
            running = [pool.submit(click_through, number) for number in range(SESSIONS)]

            def until(reached: Callable[[], bool]) -> None:
                while not reached():
                    failed = [done for done in running if done.done() and done.exception()]
                    assert not failed, failed[0].exception()
                    wait(running, timeout=0.2)

            try:
                # Each is published while pages of the one before are still being made.
                for published, snapshot in enumerate(SNAPSHOTS):
                    until(lambda pages=PAGES_BETWEEN * (published + 1): len(seen) >= pages)
                    use(own_warehouse, snapshot)
                until(lambda: len({one for one, _, _ in list(seen)}) == 1 + len(SNAPSHOTS))
                first.unlink()
            finally:
                every_snapshot_was_seen.set()
            for done in running:
                done.result()
        assert len({snapshot for snapshot, _, _ in seen}) == 4, "the sessions did not see every snapshot"
        # Publishing thins the visits and not the member-months: the same months have one total in each snapshot.
        said: dict[tuple[str, str], Any] = {}
        for snapshot, months, found in seen:
            assert said.setdefault((snapshot, months), found) == found, f"{snapshot}, {months}: two answers"
        for months in {months for _, months in said}:
            answers = [found for (_, held), found in said.items() if held == months]
            assert len(set(answers)) == len(answers), f"two snapshots give {months} the same visits"
        log = server.log.read_text()
        assert "Traceback" not in log, log[-3000:]
    finally:
        server.stop()


def use(warehouse: Path, snapshot: str) -> None:
    """Publish, as an operator rolls forward or back."""
    command = [sys.executable, "-m", "data", "snapshots", "--to", str(warehouse), "--use", snapshot]
    subprocess.run(command, check=True, cwd=ROOT, capture_output=True)
