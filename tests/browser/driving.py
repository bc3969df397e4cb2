"""Starting servers, signing in and waiting: what the browser tests drive Huddleboard with.

Nothing sleeps: a page is ready when Streamlit says its script has finished.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Page, expect

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "Huddle-demo-2026"

expect.set_options(timeout=60_000)


@dataclass
class Server:
    """A running Huddleboard with a ledger of its own."""

    address: str
    warehouse: Path
    ledger: str
    log: Path
    process: subprocess.Popen[bytes]
    environment: dict[str, str] = field(repr=False, default_factory=dict)

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_server(warehouse: Path, folder: Path, **settings: str) -> Server:
    """Serve `warehouse` with demo users on a new ledger in `folder`; returns when the server answers."""
    folder.mkdir(parents=True, exist_ok=True)
    ledger = f"sqlite:///{folder / 'ledger.sqlite'}"
    environment = {
        **os.environ,
        "HUDDLEBOARD_WAREHOUSE": str(warehouse),
        "HUDDLEBOARD_LEDGER": ledger,
        "HUDDLEBOARD_DEMO": "1",
        **settings,
    }
    subprocess.run(
        [sys.executable, "-m", "access", "demo"],
        cwd=ROOT,
        env={**environment, "HUDDLEBOARD_DEMO": "1"},
        check=True,
        capture_output=True,
    )
    port = free_port()
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "server.py", "--server.port", str(port)],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    server = Server(f"http://127.0.0.1:{port}", warehouse, ledger, log, process, environment)
    for _ in range(600):
        if process.poll() is not None:
            raise RuntimeError(f"the server stopped:\n{log.read_text()}")
        try:
            with urllib.request.urlopen(f"{server.address}/_stcore/health", timeout=1) as answer:
                if answer.status == 200:
                    return server
        except OSError:
            process_wait(process, 0.1)
    raise RuntimeError(f"the server did not answer:\n{log.read_text()}")


def process_wait(process: subprocess.Popen[bytes], seconds: float) -> None:
    """Wait a moment for a process that is still starting."""
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        return


def settled(page: Page) -> None:
    """Wait until Streamlit has finished running the script and nothing on the page is stale or a skeleton."""
    page.wait_for_selector("[data-testid='stApp'][data-test-script-state='notRunning']", timeout=120_000)
    page.wait_for_function(
        """() => !document.querySelector("[data-testid='stSkeleton'], [data-stale='true']")""", timeout=60_000
    )


def sign_in(page: Page, server: Server, username: str, path: str = "/") -> Page:
    """Open `path`, sign in through the form as a demo user, and wait for the page."""
    page.goto(server.address + path)
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_test_id("stSidebar").get_by_role("button", name="Sign out")).to_be_visible()
    settled(page)
    return page


COOKIES: dict[tuple[str, str], list[dict[str, object]]] = {}


def open_as(page: Page, server: Server, username: str, path: str = "/") -> Page:
    """Open `path` signed in as a demo user: through the form once for each server, then by that session's cookie."""
    key = (server.address, username)
    if key not in COOKIES:
        sign_in(page, server, username, path)
        COOKIES[key] = [cookie for cookie in page.context.cookies() if cookie["httpOnly"]]
        return page
    page.context.add_cookies(COOKIES[key])  # type: ignore[arg-type]
    page.goto(server.address + path)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    settled(page)
    return page


def cookie_of(page: Page, server: Server, username: str) -> str:
    """The Cookie header of a demo user's session, signing in through the form if there is none yet."""
    if (server.address, username) not in COOKIES:
        open_as(page, server, username)
    return "; ".join(f"{held['name']}={held['value']}" for held in COOKIES[server.address, username])
