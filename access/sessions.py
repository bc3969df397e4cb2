"""Signing in and out, and who a token stands for.

A session is a row in the ledger. The browser tab and the cookie each hold a secret of their own that stands
for it, kept here only as SHA-256; when the row ends (sign-out, idleness, twelve hours, a disabled account,
a new password) every secret is worthless at once, copied or not. The cookie's secret is made by exchanging
a ticket that lives a minute and works once, so that it never passes through the page.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session as Transaction

from access import lockout, passwords
from access.accounts import normal_username, scope_of
from access.policy import principal_for
from access.principal import Principal
from access.settings import Settings, settings
from ledger import audit
from ledger.database import reading, rows_changed, writing
from ledger.tables import SessionToken, UserAccount, UserSession

TICKET_LIFE = timedelta(seconds=60)
# Being seen is written down this often at most: a click must not cost a write.
SEEN_EVERY = timedelta(seconds=30)

EndReason = Literal["signed_out", "idle", "expired", "disabled", "password_changed", "demo_off", "unknown"]
DeniedReason = Literal["wrong", "locked", "no_account", "not_verified", "used"]

# The cookie that holds a session's secret in the browser.
COOKIE = "huddleboard_session"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Session:
    """A session just opened: `token` is the secret for the tab that opened it, and is stored nowhere else."""

    session_id: str
    user_id: str
    token: str


@dataclass(frozen=True)
class Denied:
    """Why nobody was signed in, and from when to try again if it is a matter of waiting."""

    reason: DeniedReason
    retry_at: datetime | None = None


def sign_in(
    username: str,
    password: str,
    *,
    client: str | None = None,
    user_agent: str | None = None,
    now: datetime | None = None,
) -> Session | Denied:
    """Open a session for the right password.

    Every attempt that is not locked out costs exactly one hash verification, whether the user exists, is
    disabled, has no password, or mistyped it; the answer is the same for all of them. `client` is the address
    the attempt came from, if it is known.
    """
    moment, rules = now or datetime.now(UTC), settings()
    username = normal_username(username)[:256]
    retry_at = lockout.count_attempt(username, client, rules, moment)
    if retry_at is not None:
        return Denied("locked", retry_at)
    with reading() as session:
        user = session.scalar(select(UserAccount).where(UserAccount.username == username))
    is_right = passwords.is_password(password, (user and user.password_hash) or passwords.nobodys_hash())
    if user is None or not user.password_hash or not is_right or not _may_enter(user, rules):
        return _refuse(username, user, moment)
    lockout.take_back(username, client)
    return _open(user, "password", moment, user_agent=user_agent)


def sign_in_demo(
    username: str, *, user_agent: str | None = None, now: datetime | None = None
) -> Session | Denied:
    """Open a session for a demonstration user without a password; only while demo mode is on."""
    moment, rules = now or datetime.now(UTC), settings()
    with reading() as session:
        user = session.scalar(select(UserAccount).where(UserAccount.username == normal_username(username)))
    if not rules.is_demo or user is None or not user.is_demo or not _may_enter(user, rules):
        return Denied("wrong")
    return _open(user, "demo", moment, user_agent=user_agent)


def open_session(
    username: str,
    *,
    method: str = "direct",
    user_agent: str | None = None,
    identity_proof: str | None = None,
    now: datetime | None = None,
) -> Session | Denied:
    """Open a session for someone whose identity was established elsewhere (single sign-on, a test).

    `identity_proof` names the proof used; one proof opens one session.
    """
    moment = now or datetime.now(UTC)
    with reading() as session:
        user = session.scalar(select(UserAccount).where(UserAccount.username == normal_username(username)))
    if user is None or not _may_enter(user, settings()):
        return Denied("no_account")
    try:
        return _open(user, method, moment, user_agent=user_agent, identity_proof=identity_proof)
    except IntegrityError:
        return Denied("used")


def resolve(token: str | None, *, now: datetime | None = None, touch: bool = True) -> Principal | None:
    """Who a tab's or cookie's secret stands for, as they are this moment; None if for nobody (any more).

    Counts as activity unless `touch` is False. A session found idle too long, or too old, is ended here.
    """
    if not token:
        return None
    holder = (
        select(UserSession, UserAccount)
        .join(SessionToken, SessionToken.session_id == UserSession.session_id)
        .join(UserAccount, UserAccount.user_id == UserSession.user_id)
        .where(SessionToken.token_hash == _hash(token), SessionToken.kind.in_(("tab", "cookie")))
    )
    return _resolve(holder, now or datetime.now(UTC), touch)


def still_signed_in(principal: Principal, *, now: datetime | None = None, touch: bool = True) -> bool:
    """True if the session this principal was made from is still running, with the same role and scope."""
    holder = (
        select(UserSession, UserAccount)
        .join(UserAccount, UserAccount.user_id == UserSession.user_id)
        .where(UserSession.session_id == principal.session_id)
    )
    return _resolve(holder, now or datetime.now(UTC), touch) == principal


def end_reason(token: str | None) -> EndReason | None:
    """Why the session behind a secret ended; None if it runs, 'unknown' if there is none."""
    if not token:
        return "unknown"
    with reading() as session:
        found = session.execute(
            select(UserSession.ended_at, UserSession.end_reason)
            .join(SessionToken, SessionToken.session_id == UserSession.session_id)
            .where(SessionToken.token_hash == _hash(token), SessionToken.kind.in_(("tab", "cookie")))
        ).one_or_none()
    if found is None:
        return "unknown"
    return None if found.ended_at is None else found.end_reason


def sign_out(token: str | None, *, now: datetime | None = None) -> None:
    """End the session behind a secret, with all its other secrets. Nothing happens if it has ended."""
    if not token:
        return
    with writing() as session:
        session_id = session.scalar(
            select(SessionToken.session_id).where(
                SessionToken.token_hash == _hash(token), SessionToken.kind.in_(("tab", "cookie"))
            )
        )
        if session_id is not None:
            _end(session, session_id, "signed_out", now or datetime.now(UTC))


def issue_ticket(token: str, *, now: datetime | None = None) -> str | None:
    """A secret to be exchanged for this session's cookie, once, within a minute. None if it has ended."""
    moment = now or datetime.now(UTC)
    principal = resolve(token, now=moment, touch=False)
    if principal is None:
        return None
    ticket = secrets.token_urlsafe(32)
    with writing() as session:
        session.add(
            SessionToken(
                token_hash=_hash(ticket),
                session_id=principal.session_id,
                kind="ticket",
                created_at=moment,
                expires_at=moment + TICKET_LIFE,
            )
        )
    return ticket


def is_ticket_used(ticket: str) -> bool:
    """True once the ticket has been exchanged."""
    with reading() as session:
        return (
            session.scalar(select(SessionToken.used_at).where(SessionToken.token_hash == _hash(ticket)))
            is not None
        )


def exchange_ticket(ticket: str, *, now: datetime | None = None) -> str | None:
    """The cookie's secret for a ticket; None if the ticket is unknown, used, late, or its session ended."""
    moment = now or datetime.now(UTC)
    cookie = secrets.token_urlsafe(32)
    with writing() as session:
        used = rows_changed(
            session,
            update(SessionToken)
            .where(
                SessionToken.token_hash == _hash(ticket),
                SessionToken.kind == "ticket",
                SessionToken.used_at.is_(None),
                SessionToken.expires_at > moment,
            )
            .values(used_at=moment),
        )
        if used != 1:
            return None
        session_id = session.scalars(
            select(SessionToken.session_id).where(SessionToken.token_hash == _hash(ticket))
        ).one()
        session.add(
            SessionToken(token_hash=_hash(cookie), session_id=session_id, kind="cookie", created_at=moment)
        )
    return cookie if resolve(cookie, now=moment, touch=False) is not None else None


def _resolve(holder: Any, now: datetime, touch: bool) -> Principal | None:
    rules = settings()
    with reading() as session:
        found = session.execute(holder).one_or_none()
        if found is None:
            return None
        its, user = found
        if its.ended_at is not None:
            return None
        markets, contracts = scope_of(session, user.user_id)
    reason = _over(its, user, rules, now)
    if reason is not None:
        with writing() as session:
            _end(session, its.session_id, reason, now)
        return None
    if touch and now - its.last_seen_at >= min(SEEN_EVERY, rules.idle / 10):
        with writing() as session:
            session.execute(
                update(UserSession)
                .where(UserSession.session_id == its.session_id, UserSession.ended_at.is_(None))
                .values(last_seen_at=now)
            )
    return principal_for(
        user.user_id,
        user.display_name,
        user.role,
        markets=markets,
        contracts=contracts,
        session_id=its.session_id,
    )


def _over(its: UserSession, user: UserAccount, rules: Settings, now: datetime) -> EndReason | None:
    if user.status != "active":
        return "disabled"
    if user.is_demo and not rules.is_demo:
        return "demo_off"
    if now - its.last_seen_at > rules.idle:
        return "idle"
    if now - its.created_at > rules.absolute:
        return "expired"
    return None


def _may_enter(user: UserAccount, rules: Settings) -> bool:
    return user.status == "active" and (rules.is_demo or not user.is_demo)


def _open(
    user: UserAccount,
    method: str,
    now: datetime,
    *,
    user_agent: str | None = None,
    identity_proof: str | None = None,
) -> Session:
    session_id, token = str(uuid.uuid4()), secrets.token_urlsafe(32)
    with writing() as session:
        session.add(
            UserSession(
                session_id=session_id,
                user_id=user.user_id,
                method=method,
                created_at=now,
                last_seen_at=now,
                user_agent_hash=_hash(user_agent) if user_agent else None,
                identity_proof=identity_proof,
            )
        )
        session.flush()
        session.add(SessionToken(token_hash=_hash(token), session_id=session_id, kind="tab", created_at=now))
        audit.append(
            session,
            user_id=user.user_id,
            session_id=session_id,
            action="sign_in",
            now=now,
            detail={"method": method},
        )
    return Session(session_id=session_id, user_id=user.user_id, token=token)


def _end(session: Transaction, session_id: str, reason: EndReason, now: datetime) -> None:
    ended = rows_changed(
        session,
        update(UserSession)
        .where(UserSession.session_id == session_id, UserSession.ended_at.is_(None))
        .values(ended_at=now, end_reason=reason),
    )
    if ended:
        user_id = session.scalar(select(UserSession.user_id).where(UserSession.session_id == session_id))
        action = "sign_out" if reason == "signed_out" else "session_ended"
        audit.append(
            session, user_id=user_id, session_id=session_id, action=action, now=now, detail={"reason": reason}
        )


def _refuse(username: str, user: UserAccount | None, now: datetime) -> Denied:
    """Write the refusal down, for unknown names as for known ones, and say no more than 'wrong'."""
    audit.record(
        user_id=user.user_id if user else None,
        action="sign_in_refused",
        now=now,
        detail={"username_sha256": _hash(username)},
    )
    log.info("sign-in refused")
    retry_at = lockout.locked_until(username, now)
    return Denied("locked", retry_at) if retry_at else Denied("wrong")


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
