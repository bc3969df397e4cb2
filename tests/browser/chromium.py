"""Find the Chromium that the browser tests drive, or install one, or say plainly what to do.

Run as a program (`make browser`) it prints the path; the tests import `chromium_path`. Nothing here skips: a
machine on which no browser can be had fails the run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")

# Running as root in a container needs the first three; the rest keep a closed network quiet.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

WHAT_TO_DO = """\
No Chromium was found and none could be installed. The browser tests are part of the test suite. Do one of:
  - install one: `apt-get install chromium`, `dnf install chromium`, `brew install chromium`
  - let playwright bring its own: `.venv/bin/playwright install chromium`
  - name one: `HUDDLEBOARD_CHROMIUM=/path/to/chromium make test`
"""


def installed() -> Path | None:
    """The Chromium already on this machine: the one named, one on the PATH, or playwright's own."""
    named = os.environ.get("HUDDLEBOARD_CHROMIUM")
    if named:
        return Path(named) if Path(named).exists() else None
    for name in NAMES:
        found = shutil.which(name)
        if found:
            return Path(found)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        own = Path(playwright.chromium.executable_path)
    return own if own.exists() else None


def install() -> None:
    """Try playwright's download, then (as root, on Debian and its kin) the system's package."""
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False, timeout=600)
    if installed() is None and hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-qq"], check=False, env=environment)
        subprocess.run(["apt-get", "install", "-y", "-qq", "chromium"], check=False, env=environment)


def chromium_path() -> Path:
    """The browser to drive. Raises RuntimeError, saying what to do, when there is none."""
    found = installed()
    if found is None:
        raise RuntimeError(WHAT_TO_DO)
    return found


if __name__ == "__main__":
    if installed() is None:
        print("No Chromium here yet: installing one for the browser tests ...", flush=True)
        install()
    try:
        print(f"Browser tests drive {chromium_path()}")
    except RuntimeError as missing:
        print(missing, file=sys.stderr)
        sys.exit(1)
