"""Accounts and their scope: who may sign in, in which role, for which markets and contracts.

Every change is written to the audit trail in the same transaction as the change itself.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from access import lockout
from access.passwords import check_strength, hash_password
from access.policy import policy
from ledger import audit
from ledger.database import reading, rows_changed, writing
from ledger.tables import ScopeGrant, UserAccount, UserSession

ALL = "*"
KINDS = ("market", "contract")
USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,62}[a-z0-9]")
COMMAND_LINE = "command line"


class AccountError(Exception):
    """An account cannot be made or changed as asked; the message says what to do."""


@dataclass(frozen=True)
class Account:
    """An account as it stands. `markets` and `contracts`: None means all, an empty set none."""

    user_id: str
    username: str
    name: str
    email: str | None
    role: str
    is_active: bool
    is_demo: bool
    markets: frozenset[str] | None
    contracts: frozenset[str] | None
    last_seen_at: datetime | None = None


def normal_username(username: str) -> str:
    """The one spelling of a username: without blanks around it, in small letters."""
    return username.strip().lower()


def add(
    username: str,
    *,
    name: str,
    role: str,
    email: str | None = None,
    password: str | None = None,
    markets: Iterable[str] = (),
    contracts: Iterable[str] = (),
    is_demo: bool = False,
    by: str = COMMAND_LINE,
    now: datetime | None = None,
) -> Account:
    """Make an account. Without a password it can only be signed in to by single sign-on.

    `markets` and `contracts` are ids, or '*' for all. Raises AccountError or WeakPassword.
    """
    moment = now or datetime.now(UTC)
    username = normal_username(username)
    if not USERNAME.fullmatch(username):
        raise AccountError(f"{username!r} is not a username: 3 to 64 of a-z, 0-9, dot, dash and underscore.")
    if not name.strip():
        raise AccountError("Give the person's name: it is what colleagues and the audit trail read.")
    _require_role(role)
    email = _normal_email(email)
    if password is None and email is None:
        raise AccountError("Give a password, or an e-mail address for single sign-on: nobody could sign in.")
    if password is not None and not is_demo:
        check_strength(password, username=username, name=name)
    with writing() as session:
        if session.scalar(select(UserAccount.user_id).where(UserAccount.username == username)):
            raise AccountError(f"{username} exists already. `python -m access list` shows all accounts.")
        if email and session.scalar(select(UserAccount.user_id).where(UserAccount.email == email)):
            raise AccountError(f"{email} belongs to another account: single sign-on needs it to be unique.")
        user_id = str(uuid.uuid4())
        session.add(
            UserAccount(
                user_id=user_id,
                username=username,
                display_name=name.strip(),
                email=email,
                role=role,
                password_hash=hash_password(password) if password is not None else None,
                status="active",
                is_demo=is_demo,
                created_at=moment,
                password_changed_at=moment if password is not None else None,
            )
        )
        session.flush()
        _grant(session, user_id, "market", markets, moment)
        _grant(session, user_id, "contract", contracts, moment)
        session.flush()
        made = _account(session, session.get_one(UserAccount, user_id))
        _record(session, "account_added", made, by, moment, role=role, **_scope(made))
    return made


def check_new(username: str, *, role: str) -> None:
    """Raise AccountError if no such account could be made, before anyone is asked for a password."""
    _require_role(role)
    if any(account.username == normal_username(username) for account in all_accounts()):
        raise AccountError(f"{username} exists already. `python -m access list` shows all accounts.")


def all_accounts() -> list[Account]:
    """Every account, by username, with when each was last seen."""
    with reading() as session:
        seen = dict(
            session.execute(
                select(UserSession.user_id, func.max(UserSession.last_seen_at)).group_by(UserSession.user_id)
            ).all()
        )
        users = session.scalars(select(UserAccount).order_by(UserAccount.username)).all()
        return [_account(session, user, seen.get(user.user_id)) for user in users]


def find(username: str) -> Account:
    """The account of that username. Raises AccountError if there is none."""
    with reading() as session:
        return _account(session, _user(session, username))


def demo_accounts() -> list[Account]:
    """The demonstration's active accounts, in the order they were made."""
    with reading() as session:
        users = session.scalars(
            select(UserAccount)
            .where(UserAccount.is_demo.is_(True), UserAccount.status == "active")
            .order_by(UserAccount.created_at, UserAccount.username)
        ).all()
        return [_account(session, user) for user in users]


def any_accounts() -> bool:
    """True if there is an account at all; False on a ledger nobody has set up."""
    with reading() as session:
        return session.scalar(select(UserAccount.user_id).limit(1)) is not None


def disable(username: str, *, by: str = COMMAND_LINE, now: datetime | None = None) -> int:
    """Keep the person out from now on; returns how many sessions this ended."""
    return _set_status(username, "disabled", by, now)


def enable(username: str, *, by: str = COMMAND_LINE, now: datetime | None = None) -> None:
    """Let a disabled account in again."""
    _set_status(username, "active", by, now)


def set_password(username: str, password: str, *, by: str = COMMAND_LINE, now: datetime | None = None) -> int:
    """Change the password, lift any lock, and end every session; returns how many. Raises WeakPassword."""
    moment = now or datetime.now(UTC)
    with writing() as session:
        user = _user(session, username)
        check_strength(password, username=user.username, name=user.display_name)
        user.password_hash = hash_password(password)
        user.password_changed_at = moment
        lockout.forget(session, user.username)
        ended = end_sessions(session, user.user_id, "password_changed", moment)
        _record(session, "password_reset", _account(session, user), by, moment, sessions_ended=ended)
    return ended


def set_role(username: str, role: str, *, by: str = COMMAND_LINE, now: datetime | None = None) -> Account:
    """Give the account another role; running sessions have it from their next click."""
    moment = now or datetime.now(UTC)
    _require_role(role)
    with writing() as session:
        user = _user(session, username)
        before, user.role = user.role, role
        changed = _account(session, user)
        _record(session, "role_changed", changed, by, moment, role=role, role_before=before)
    return changed


def grant(
    username: str,
    *,
    markets: Iterable[str] = (),
    contracts: Iterable[str] = (),
    by: str = COMMAND_LINE,
    now: datetime | None = None,
) -> Account:
    """Add markets and contracts ('*' for all) to the account's scope, from its next click."""
    moment = now or datetime.now(UTC)
    markets, contracts = list(markets), list(contracts)
    with writing() as session:
        user = _user(session, username)
        _grant(session, user.user_id, "market", markets, moment)
        _grant(session, user.user_id, "contract", contracts, moment)
        session.flush()
        changed = _account(session, user)
        _record(session, "scope_granted", changed, by, moment, **_scope(changed))
    return changed


def revoke(
    username: str,
    *,
    markets: Iterable[str] = (),
    contracts: Iterable[str] = (),
    by: str = COMMAND_LINE,
    now: datetime | None = None,
) -> Account:
    """Take markets and contracts out of the account's scope, from its next click.

    Raises AccountError if one was not granted: while '*' is granted, a single id cannot be taken out.
    """
    moment = now or datetime.now(UTC)
    markets, contracts = list(markets), list(contracts)
    with writing() as session:
        user = _user(session, username)
        for kind, values in (("market", markets), ("contract", contracts)):
            for value in values:
                taken = rows_changed(
                    session,
                    delete(ScopeGrant).where(
                        ScopeGrant.user_id == user.user_id, ScopeGrant.kind == kind, ScopeGrant.value == value
                    ),
                )
                if not taken:
                    what = f"all {kind}s" if value == ALL else f"the {kind} {value}"
                    raise AccountError(
                        f"{user.username} was not granted {what}. See `python -m access list`."
                    )
        changed = _account(session, user)
        _record(session, "scope_revoked", changed, by, moment, **_scope(changed))
    return changed


def end_sessions(session: Session, user_id: str, reason: str, now: datetime) -> int:
    """End every running session of a user; returns how many."""
    return rows_changed(
        session,
        update(UserSession)
        .where(UserSession.user_id == user_id, UserSession.ended_at.is_(None))
        .values(ended_at=now, end_reason=reason),
    )


def scope_of(session: Session, user_id: str) -> tuple[frozenset[str] | None, frozenset[str] | None]:
    """The markets and the contracts granted: None where '*' is among them."""
    rows = session.execute(
        select(ScopeGrant.kind, ScopeGrant.value).where(ScopeGrant.user_id == user_id)
    ).all()
    granted = {kind: frozenset(value for its_kind, value in rows if its_kind == kind) for kind in KINDS}
    markets, contracts = granted["market"], granted["contract"]
    return (None if ALL in markets else markets), (None if ALL in contracts else contracts)


def scope_in_words(account: Account) -> str:
    """'harbor; all contracts', for people."""
    parts = []
    for kind, ids in (("market", account.markets), ("contract", account.contracts)):
        if ids is None:
            parts.append(f"all {kind}s")
        else:
            parts.append(", ".join(sorted(ids)) if ids else f"no {kind}")
    return "; ".join(parts)


def _set_status(username: str, status: str, by: str, now: datetime | None) -> int:
    moment = now or datetime.now(UTC)
    with writing() as session:
        user = _user(session, username)
        user.status = status
        ended = end_sessions(session, user.user_id, "disabled", moment) if status != "active" else 0
        action = "account_enabled" if status == "active" else "account_disabled"
        _record(session, action, _account(session, user), by, moment, sessions_ended=ended)
    return ended


def _user(session: Session, username: str) -> UserAccount:
    found = session.scalar(select(UserAccount).where(UserAccount.username == normal_username(username)))
    if found is None:
        raise AccountError(f"There is no account {username!r}. `python -m access list` shows all accounts.")
    return found


def _account(session: Session, user: UserAccount, last_seen_at: datetime | None = None) -> Account:
    markets, contracts = scope_of(session, user.user_id)
    return Account(
        user_id=user.user_id,
        username=user.username,
        name=user.display_name,
        email=user.email,
        role=user.role,
        is_active=user.status == "active",
        is_demo=user.is_demo,
        markets=markets,
        contracts=contracts,
        last_seen_at=last_seen_at,
    )


def _grant(session: Session, user_id: str, kind: str, values: Iterable[str], now: datetime) -> None:
    for value in dict.fromkeys(value.strip() for value in values):
        if not value:
            raise AccountError(f"A {kind} to grant is empty.")
        if session.get(ScopeGrant, (user_id, kind, value)) is None:
            session.add(ScopeGrant(user_id=user_id, kind=kind, value=value, granted_at=now))


def _require_role(role: str) -> None:
    roles = policy().roles
    if role not in roles:
        raise AccountError(f"{role!r} is not a role. Roles: {', '.join(roles)}.")


def _normal_email(email: str | None) -> str | None:
    if email is None or not email.strip():
        return None
    email = email.strip().lower()
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", email):
        raise AccountError(f"{email!r} is not an e-mail address.")
    return email


def _scope(account: Account) -> dict[str, Any]:
    return {
        "markets": [ALL] if account.markets is None else sorted(account.markets),
        "contracts": [ALL] if account.contracts is None else sorted(account.contracts),
    }


def _record(session: Session, action: str, account: Account, by: str, now: datetime, **detail: Any) -> None:
    audit.append(
        session,
        user_id=by,
        action=action,
        now=now,
        detail={"account": account.username, "account_id": account.user_id, **detail},
    )
