"""Opening the ledger: which database, brought up to date on first use, and one way to read and to write.

`HUDDLEBOARD_LEDGER` is an SQLAlchemy URL; without it the ledger is `var/ledger.sqlite` in the project's root.
SQLite runs in WAL mode with full synchronisation (a committed event survives a power cut) and waits for other
writers; PostgreSQL is used as it comes.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Connection, CursorResult, Engine, UpdateBase, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.orm import Session

ROOT = Path(__file__).resolve().parent.parent
MIGRATIONS = Path(__file__).resolve().parent / "migrations"
HEAD_REVISION = "0001"
BUSY_SECONDS = 30
# Any constant will do, as long as every process of ours uses the same one.
POSTGRES_UPGRADE_LOCK = 7_346_110_021


class LedgerError(Exception):
    """The ledger cannot be used; the message says what to do."""


_engines: dict[tuple[int, str], Engine] = {}
_engines_lock = threading.Lock()
# SQLite lets waiting writers in at random; queueing the writers of one process first keeps it fair.
_write_locks: dict[str, threading.Lock] = {}


def ledger_url() -> URL:
    """The URL of the ledger from `HUDDLEBOARD_LEDGER`, normalised. Raises LedgerError with the cure."""
    given = os.environ.get("HUDDLEBOARD_LEDGER", "").strip()
    if not given:
        return make_url(f"sqlite:///{ROOT / 'var' / 'ledger.sqlite'}")
    try:
        url = make_url(given)
    except ArgumentError as error:
        raise LedgerError(
            "HUDDLEBOARD_LEDGER is not a database URL. Write sqlite:////absolute/path/ledger.sqlite or "
            "postgresql://user:password@host/database."
        ) from error
    backend = url.get_backend_name()
    if backend == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        raise LedgerError(f"HUDDLEBOARD_LEDGER names a {backend} database; use sqlite or postgresql.")
    if url.database in (None, "", ":memory:"):
        raise LedgerError("HUDDLEBOARD_LEDGER must name a file: a ledger in memory would forget.")
    return url


def engine() -> Engine:
    """The engine of the configured ledger, its tables brought up to date on first use in this process."""
    url = ledger_url()
    key = (os.getpid(), url.render_as_string(hide_password=False))
    found = _engines.get(key)
    if found is not None:
        return found
    with _engines_lock:
        found = _engines.get(key)
        if found is None:
            found = open_engine(url)
            upgrade(found)
            _engines[key] = found
    return found


def forget_engines() -> None:
    """Close this process's engines; the next use opens them again."""
    with _engines_lock:
        for found in _engines.values():
            found.dispose()
        _engines.clear()


def open_engine(url: URL) -> Engine:
    """An engine for `url`, without looking at what is in the database."""
    if url.get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True, pool_size=10, max_overflow=30)

    folder = Path(url.database or "").resolve().parent
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise LedgerError(f"The ledger's folder {folder} cannot be made: {error.strerror}.") from error
    made = create_engine(
        url, pool_size=10, max_overflow=30, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False}
    )

    @event.listens_for(made, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        # The driver must not open transactions by itself: ours begin below, DDL included.
        connection.isolation_level = None
        connection.execute(f"pragma busy_timeout = {BUSY_SECONDS * 1000}")
        connection.execute("pragma foreign_keys = on")
        connection.execute("pragma synchronous = full")
        _switch_to_wal(connection)

    @event.listens_for(made, "begin")
    def _begin(connection: Connection) -> None:
        # A writer takes the lock at once: upgrading a read transaction half-way fails instead of waiting.
        writes = connection.get_execution_options().get("ledger_writes", False)
        connection.exec_driver_sql("begin immediate" if writes else "begin")

    return made


def _switch_to_wal(connection: Any) -> None:
    """Put the file in WAL mode once. The switch does not wait for others, so it is asked for again."""
    import sqlite3

    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            if connection.execute("pragma journal_mode").fetchone()[0] == "wal":
                return
            connection.execute("pragma journal_mode = wal")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


@contextmanager
def reading() -> Iterator[Session]:
    """A session for looking things up; nothing it does is kept."""
    with _said_plainly(), Session(engine(), autoflush=False) as session:
        yield session


@contextmanager
def writing() -> Iterator[Session]:
    """A session whose work is committed when the block ends, and undone when it raises."""
    made = engine()
    queue: Any = nullcontext()
    if made.dialect.name == "sqlite":
        queue = _write_locks.setdefault(str(made.url), threading.Lock())
    options = made.execution_options(ledger_writes=True)
    with _said_plainly(), queue, Session(options, expire_on_commit=False) as session, session.begin():
        yield session


def rows_changed(session: Session, statement: UpdateBase) -> int:
    """Run an update or delete; returns how many rows it changed."""
    return cast("CursorResult[Any]", session.execute(statement)).rowcount


@contextmanager
def _said_plainly() -> Iterator[None]:
    """Turn 'cannot connect' and 'locked' into a sentence; pass everything else on."""
    try:
        yield
    except DBAPIError as error:
        if error.connection_invalidated or "locked" in str(error.orig) or "unable to open" in str(error.orig):
            raise LedgerError(
                f"The ledger did not answer ({type(error.orig).__name__}). Check HUDDLEBOARD_LEDGER and that "
                "its database is running and writable."
            ) from error
        raise


def upgrade(made: Engine) -> bool:
    """Bring the tables up to date; True if anything was done. Safe to run from many processes at once."""
    try:
        if _revision(made) == HEAD_REVISION:
            return False
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        with made.execution_options(ledger_writes=True).begin() as connection:
            # On SQLite the transaction itself is the lock. Whoever comes second finds the work done.
            if connection.dialect.name == "postgresql":
                connection.execute(
                    text("select pg_advisory_xact_lock(:lock)"), {"lock": POSTGRES_UPGRADE_LOCK}
                )
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except SQLAlchemyError as error:
        where = made.url.render_as_string(hide_password=True)
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        raise LedgerError(
            f"The ledger at {where} cannot be opened: {reason}. Check HUDDLEBOARD_LEDGER."
        ) from error
    if made.dialect.name == "sqlite":
        with suppress(OSError):
            os.chmod(made.url.database or "", 0o600)
    return True


def _revision(made: Engine) -> str | None:
    """The revision the database says it has; None when it has no tables yet."""
    if made.dialect.name == "sqlite" and not Path(made.url.database or "").exists():
        return None
    with made.connect() as connection:
        if not made.dialect.has_table(connection, "alembic_version"):
            return None
        return connection.execute(text("select version_num from alembic_version")).scalar()
