"""Ledgers for these tests: a fresh SQLite file, and a PostgreSQL database where there is a server to be had.

PostgreSQL is the server named by HUDDLEBOARD_TEST_POSTGRES (a URL whose user may create databases), or one
started here if its programs are installed; otherwise the tests that need it are skipped, by name.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from ledger.database import forget_engines, open_engine, upgrade


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL server whose user may create databases."""
    given = os.environ.get("HUDDLEBOARD_TEST_POSTGRES")
    if given:
        yield given
        return
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not programs:
        pytest.skip("needs PostgreSQL: set HUDDLEBOARD_TEST_POSTGRES, or install its server programs")
    # PostgreSQL refuses to run as root.
    who = {"user": "postgres"} if os.getuid() == 0 else {}
    folder = Path(tempfile.mkdtemp(prefix="huddleboard_postgres_"))
    if who:
        shutil.chown(folder, "postgres")
    bin_folder = programs[-1].parent
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def run(*command: str) -> None:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder, **who)

    run(f"{bin_folder}/initdb", "-D", f"{folder}/data", "-U", "postgres", "-A", "trust", "--no-sync")
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    run(f"{bin_folder}/pg_ctl", "-D", f"{folder}/data", "-l", f"{folder}/log", "-w", "-o", options, "start")
    yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
    run(f"{bin_folder}/pg_ctl", "-D", f"{folder}/data", "-m", "immediate", "stop")
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_ledger(postgres_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """HUDDLEBOARD_LEDGER pointing at an empty PostgreSQL database of this test's own."""
    server = make_url(postgres_server).set(drivername="postgresql+psycopg")
    name = f"ledger_{uuid.uuid4().hex}"
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"create database {name}"))
    url = server.set(drivername="postgresql", database=name).render_as_string(hide_password=False)
    monkeypatch.setenv("HUDDLEBOARD_LEDGER", url)
    yield url
    forget_engines()
    with admin.connect() as connection:
        connection.execute(text(f"drop database {name} with (force)"))
    admin.dispose()


@pytest.fixture(scope="session")
def upgraded_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite ledger with its tables and nothing in them, to copy: no migrations for each test."""
    file = tmp_path_factory.mktemp("ledger") / "upgraded.sqlite"
    made = open_engine(make_url(f"sqlite:///{file}"))
    upgrade(made)
    made.dispose()
    return file


@pytest.fixture
def sqlite_ledger(upgraded_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """HUDDLEBOARD_LEDGER pointing at an SQLite ledger with nothing in it."""
    shutil.copy(upgraded_file, tmp_path / "ledger.sqlite")
    url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    monkeypatch.setenv("HUDDLEBOARD_LEDGER", url)
    yield url
    forget_engines()


@pytest.fixture(params=["sqlite", "postgres"])
def ledger_of_each_kind(request: pytest.FixtureRequest) -> str:
    """The same promise is kept on SQLite and on PostgreSQL."""
    url: str = request.getfixturevalue(f"{request.param}_ledger")
    return url
