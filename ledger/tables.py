"""The ledger's tables: who may sign in, who is signed in, and what they looked at.

Times are UTC. Secrets are never stored: a password as its bcrypt hash, a session token, a cookie and a ticket
as SHA-256. `audit_event` is evidence: triggers (see `ledger/migrations`) refuse to change or delete its rows.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """A moment, kept as naive UTC (SQLite knows no time zones) and handed back aware of UTC."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("the ledger takes times that know their zone; this one does not")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class UserAccount(Base):
    """A person who may sign in. Accounts are disabled, never deleted: audit events name them."""

    __tablename__ = "user_account"

    user_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    username: Mapped[str] = mapped_column(String(64), unique=True)
    display_name: Mapped[str] = mapped_column(String(200))
    email: Mapped[str | None] = mapped_column(String(320), unique=True)
    password_hash: Mapped[str | None] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(16))
    is_demo: Mapped[bool] = mapped_column()
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    password_changed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ScopeGrant(Base):
    """One market or contract a person may see; the value '*' means all of that kind."""

    __tablename__ = "scope_grant"

    user_id: Mapped[str] = mapped_column(ForeignKey("user_account.user_id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    value: Mapped[str] = mapped_column(String(200), primary_key=True)
    granted_at: Mapped[datetime] = mapped_column(UtcDateTime)


class UserSession(Base):
    """One time a person signed in, until it ended and why."""

    __tablename__ = "user_session"

    session_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user_account.user_id"), index=True)
    method: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    end_reason: Mapped[str | None] = mapped_column(String(32))
    user_agent_hash: Mapped[str | None] = mapped_column(String(64))
    # The identity token of single sign-on that opened this session: unique, so that it can open only one.
    identity_proof: Mapped[str | None] = mapped_column(String(64), unique=True)


class SessionToken(Base):
    """A secret that stands for a session, as its SHA-256: held by the tab, by the cookie, or for one use."""

    __tablename__ = "session_token"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("user_session.session_id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SignInAttempts(Base):
    """Recent failures for one username or one client, by hash: people type passwords into username fields."""

    __tablename__ = "sign_in_attempts"

    subject_kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    subject_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int] = mapped_column(Integer)
    lockouts: Mapped[int] = mapped_column(Integer)
    first_failure_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_failure_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    locked_until: Mapped[datetime | None] = mapped_column(UtcDateTime)


class MemberHandle(Base):
    """An opaque name for a member, good in one session: what stands in an address instead of an id."""

    __tablename__ = "member_handle"
    __table_args__ = (UniqueConstraint("session_id", "person_id"),)

    handle: Mapped[str] = mapped_column(String(32), primary_key=True)
    session_id: Mapped[str] = mapped_column(String(64))
    person_id: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class AuditEvent(Base):
    """One thing somebody did. Append-only, and each row carries the hash of the one before it.

    `member_ids` is the zlib-compressed JSON list of the sorted, distinct person ids behind the event;
    `members_sha256` is the SHA-256 of that JSON and is covered by `hash`.
    """

    __tablename__ = "audit_event"
    __table_args__ = (Index("ix_audit_event_repeat_key", "repeat_key", "recorded_at"),)

    sequence: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False
    )
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    user_id: Mapped[str | None] = mapped_column(String(64), index=True)
    session_id: Mapped[str | None] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(64))
    question: Mapped[str | None] = mapped_column(String(200))
    filters: Mapped[str] = mapped_column(Text)
    row_total: Mapped[int | None] = mapped_column(BigInteger)
    member_total: Mapped[int] = mapped_column(BigInteger)
    member_ids: Mapped[bytes] = mapped_column(LargeBinary)
    members_sha256: Mapped[str] = mapped_column(String(64))
    snapshot: Mapped[str | None] = mapped_column(String(200))
    detail: Mapped[str] = mapped_column(Text)
    repeat_key: Mapped[str] = mapped_column(String(64))
    prev_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class AuditHead(Base):
    """One row: the last event's sequence and hash. Appends queue on it; a cut-off tail is seen by it."""

    __tablename__ = "audit_head"

    head_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    sequence: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[str] = mapped_column(String(64))
