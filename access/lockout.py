"""How many wrong passwords are too many: per username and per client, kept in the ledger.

An attempt is counted before the password is looked at and taken back when it was right. Two hundred guesses
sent at once are therefore two hundred counted attempts, and not two hundred chances before the first is
counted.

Usernames and clients are kept as hashes, known or not: an unknown name is locked like a known one, so that
the lock does not say which names exist.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from access.settings import Settings
from ledger.database import reading, writing
from ledger.tables import SignInAttempts

FIRST_LOCKOUT = timedelta(minutes=15)
LONGEST_LOCKOUT = timedelta(hours=8)
CLIENT_WINDOW = timedelta(minutes=15)
# After this long without a failure, a name or client starts afresh.
FORGOTTEN_AFTER = timedelta(hours=24)


def count_attempt(username: str, client: str | None, settings: Settings, now: datetime) -> datetime | None:
    """Count one attempt. Returns when to try again if the name or the client is locked, else None: go on."""
    with writing() as session:
        session.execute(delete(SignInAttempts).where(SignInAttempts.last_failure_at < now - FORGOTTEN_AFTER))
        by_client = _attempts(session, "client", client, now) if client else None
        by_name = _attempts(session, "username", username, now)
        locks = [
            found.locked_until
            for found in (by_client, by_name)
            if found is not None and found.locked_until is not None and found.locked_until > now
        ]
        if locks:
            return max(locks)

        if by_client is not None:
            if by_client.first_failure_at <= now - CLIENT_WINDOW:
                by_client.failures, by_client.first_failure_at = 0, now
            by_client.failures += 1
            by_client.last_failure_at = now
            if by_client.failures >= settings.attempts_per_client:
                by_client.failures, by_client.first_failure_at = 0, now
                by_client.locked_until = now + CLIENT_WINDOW
                by_client.lockouts += 1

        by_name.failures += 1
        by_name.last_failure_at = now
        if by_name.failures >= settings.attempts_per_username:
            # Each further lock lasts twice as long: 15 and 30 minutes, 1, 2, 4 and 8 hours.
            by_name.locked_until = now + min(FIRST_LOCKOUT * 2**by_name.lockouts, LONGEST_LOCKOUT)
            by_name.lockouts = min(by_name.lockouts + 1, 16)
            by_name.failures = 0
    return None


def locked_until(username: str, now: datetime) -> datetime | None:
    """When this name may be tried again, or None if it is not locked."""
    with reading() as session:
        found = session.get(SignInAttempts, ("username", _hash(username)))
        if found is None or found.locked_until is None or found.locked_until <= now:
            return None
        return found.locked_until


def take_back(username: str, client: str | None) -> None:
    """The password was right: the name starts afresh, and the client's attempt is not held against it."""
    with writing() as session:
        # Client before name, as in count_attempt: two transactions taking them crosswise would wait forever.
        if client:
            found = session.get(SignInAttempts, ("client", _hash(client)), with_for_update=True)
            if found is not None and found.failures > 0:
                found.failures -= 1
                session.flush()
        forget(session, username)


def forget(session: Session, username: str) -> None:
    """Lift the lock of a name, as resetting its password does."""
    session.execute(
        delete(SignInAttempts).where(
            SignInAttempts.subject_kind == "username", SignInAttempts.subject_hash == _hash(username)
        )
    )


def _attempts(session: Session, kind: str, subject: str, now: datetime) -> SignInAttempts:
    """The row of one name or client, locked for this transaction; made if it is the first attempt."""
    key = {"subject_kind": kind, "subject_hash": _hash(subject)}
    values = {**key, "failures": 0, "lockouts": 0, "first_failure_at": now, "last_failure_at": now}
    if session.get_bind().dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as insert_row
    else:
        from sqlalchemy.dialects.sqlite import insert as insert_row  # type: ignore[assignment]
    session.execute(insert_row(SignInAttempts).values(**values).on_conflict_do_nothing())
    return session.get_one(SignInAttempts, tuple(key.values()), with_for_update=True)


def _hash(subject: str) -> str:
    return hashlib.sha256(subject.encode()).hexdigest()
