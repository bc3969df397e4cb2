"""Signing in costs the same for everyone, locks hold, and a session ends when it should, for every holder."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from access import accounts, identity, passwords, sessions, still_signed_in
from access.accounts import Account
from access.sessions import Denied, Session
from ledger import audit
from ledger.database import forget_engines, reading
from ledger.tables import SessionToken, UserAccount, UserSession

PASSWORD = "correct horse battery"


@dataclass
class Clock:
    """The moment the tests say it is."""

    now: datetime = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)

    def turn(self, **by: float) -> datetime:
        self.now += timedelta(**by)
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def signed_in(clock: Clock, username: str = "priya.natarajan") -> Session:
    opened = sessions.sign_in(username, PASSWORD, now=clock.now)
    assert isinstance(opened, Session)
    return opened


def fail(clock: Clock, times: int, username: str = "priya.natarajan", **given: Any) -> list[Session | Denied]:
    return [sessions.sign_in(username, "wrong", now=clock.now, **given) for _ in range(times)]


def test_the_right_password_opens_a_session_with_the_persons_scope(priya: Account, clock: Clock) -> None:
    principal = sessions.resolve(signed_in(clock).token, now=clock.now)
    assert principal is not None
    assert (principal.name, principal.role) == ("Priya Natarajan", "market_operations")
    assert principal.markets == {"harbor"}
    assert principal.contracts is None


def test_a_username_is_taken_in_any_spelling(priya: Account, clock: Clock) -> None:
    assert isinstance(sessions.sign_in("  Priya.Natarajan ", PASSWORD, now=clock.now), Session)


@pytest.mark.parametrize("case", ["unknown", "wrong", "disabled", "no_password", "demo_off", "too_long"])
def test_every_refusal_costs_one_verification_and_says_the_same(
    priya: Account, clock: Clock, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    """Unknown users take as long as wrong passwords: the costly step is counted, not timed."""
    username, password = "priya.natarajan", PASSWORD
    if case == "unknown":
        username = "nobody.here"
    elif case == "wrong":
        password = "wrong"
    elif case == "disabled":
        accounts.disable(username)
    elif case == "no_password":
        username = "sso.only"
        accounts.add(username, name="Only Sso", role="care_team", email="sso@example.org")
    elif case == "demo_off":
        username = "demo.user"
        accounts.add(username, name="Demo", role="care_team", password=PASSWORD, is_demo=True)
    elif case == "too_long":
        password = "é" * 100
    checked: list[str] = []
    real = passwords.is_password
    monkeypatch.setattr(
        passwords, "is_password", lambda given, known: checked.append(known) or real(given, known)
    )
    assert sessions.sign_in(username, password, now=clock.now) == Denied("wrong")
    assert len(checked) == 1


def test_a_password_cut_at_72_bytes_does_not_open(clock: Clock) -> None:
    password = "ab3d5f" * 12
    accounts.add("long.one", name="Lo Ng", role="care_team", password=password, markets=["*"])
    assert isinstance(sessions.sign_in("long.one", password, now=clock.now), Session)
    assert sessions.sign_in("long.one", password + "x", now=clock.now) == Denied("wrong")


def test_five_failures_lock_the_name_for_fifteen_minutes(priya: Account, clock: Clock) -> None:
    answers = fail(clock, 5)
    assert answers[:4] == [Denied("wrong")] * 4
    assert answers[4] == Denied("locked", clock.now + timedelta(minutes=15))
    assert sessions.sign_in("priya.natarajan", PASSWORD, now=clock.now + timedelta(minutes=14)) == answers[4]
    clock.turn(minutes=15)
    assert isinstance(sessions.sign_in("priya.natarajan", PASSWORD, now=clock.now), Session)


def test_the_lock_survives_a_restart(priya: Account, clock: Clock) -> None:
    fail(clock, 5)
    forget_engines()
    answer = sessions.sign_in("priya.natarajan", PASSWORD, now=clock.now)
    assert answer == Denied("locked", clock.now + timedelta(minutes=15))


def test_each_further_lock_lasts_twice_as_long_up_to_eight_hours(priya: Account, clock: Clock) -> None:
    lasted = []
    for _ in range(7):
        answer = fail(clock, 5)[-1]
        assert isinstance(answer, Denied)
        assert answer.retry_at is not None
        lasted.append(answer.retry_at - clock.now)
        clock.now = answer.retry_at
    assert [length / timedelta(minutes=15) for length in lasted] == [1, 2, 4, 8, 16, 32, 32]


def test_a_success_clears_the_count(priya: Account, clock: Clock) -> None:
    fail(clock, 4)
    signed_in(clock)
    assert fail(clock, 4)[-1] == Denied("wrong")


def test_unknown_names_are_locked_like_known_ones(priya: Account, clock: Clock) -> None:
    assert fail(clock, 6, username="nobody.here") == fail(clock, 6)


def test_guesses_sent_at_once_get_no_more_chances(
    priya: Account, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []
    real = passwords.is_password
    monkeypatch.setattr(
        passwords, "is_password", lambda given, known: checked.append(given) or real(given, known)
    )
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda _: fail(clock, 1), range(20)))
    assert len(checked) == 5


def test_a_client_that_fails_under_many_names_is_held_off(
    priya: Account, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUDDLEBOARD_CLIENT_ATTEMPTS", "6")
    for number in range(6):
        fail(clock, 1, username=f"guess.{number}", client="192.0.2.1")
    held = sessions.sign_in("priya.natarajan", PASSWORD, client="192.0.2.1", now=clock.now)
    assert held == Denied("locked", clock.now + timedelta(minutes=15))
    assert isinstance(
        sessions.sign_in("priya.natarajan", PASSWORD, client="192.0.2.2", now=clock.now), Session
    )


def test_what_was_typed_into_the_username_field_is_not_kept(clock: Clock, ledger: str) -> None:
    fail(clock, 1, username="my secret password")
    for file in Path(ledger.removeprefix("sqlite:///")).parent.glob("ledger.sqlite*"):
        assert b"my secret password" not in file.read_bytes()


def test_no_secret_is_kept_in_the_clear(priya: Account, clock: Clock, ledger: str) -> None:
    token = signed_in(clock).token
    ticket = sessions.issue_ticket(token, now=clock.now)
    assert ticket is not None
    cookie = sessions.exchange_ticket(ticket, now=clock.now)
    assert cookie is not None
    kept = b"".join(
        file.read_bytes() for file in Path(ledger.removeprefix("sqlite:///")).parent.glob("ledger.sqlite*")
    )
    for secret in (token, ticket, cookie, PASSWORD):
        assert secret.encode() not in kept


def test_sign_out_ends_the_session_for_every_holder_of_it(priya: Account, clock: Clock) -> None:
    token = signed_in(clock).token
    cookie = sessions.exchange_ticket(sessions.issue_ticket(token, now=clock.now) or "", now=clock.now)
    assert sessions.resolve(cookie, now=clock.now) is not None
    sessions.sign_out(token, now=clock.now)
    assert sessions.resolve(token, now=clock.now) is None
    assert sessions.resolve(cookie, now=clock.now) is None
    assert sessions.end_reason(cookie) == "signed_out"


def test_a_session_ends_after_thirty_idle_minutes_and_not_before(priya: Account, clock: Clock) -> None:
    token = signed_in(clock).token
    for _ in range(4):
        assert sessions.resolve(token, now=clock.turn(minutes=29)) is not None
    assert sessions.resolve(token, now=clock.turn(minutes=31)) is None
    assert sessions.end_reason(token) == "idle"
    clock.turn(minutes=-30)
    assert sessions.resolve(token, now=clock.now) is None


def test_looking_without_touching_is_no_activity(priya: Account, clock: Clock) -> None:
    token = signed_in(clock).token
    for _ in range(5):
        sessions.resolve(token, now=clock.turn(minutes=6), touch=False)
    assert sessions.resolve(token, now=clock.turn(minutes=1)) is None


def test_the_idle_time_is_the_operators(
    priya: Account, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUDDLEBOARD_IDLE_MINUTES", "5")
    token = signed_in(clock).token
    assert sessions.resolve(token, now=clock.turn(minutes=4)) is not None
    assert sessions.resolve(token, now=clock.turn(minutes=6)) is None


def test_a_session_ends_after_twelve_hours_however_busy(priya: Account, clock: Clock) -> None:
    token = signed_in(clock).token
    for _ in range(48):
        assert sessions.resolve(token, now=clock.turn(minutes=15)) is not None
    assert sessions.resolve(token, now=clock.turn(minutes=1)) is None
    assert sessions.end_reason(token) == "expired"


def test_disabling_an_account_ends_its_sessions(priya: Account, clock: Clock) -> None:
    tokens = [signed_in(clock).token for _ in range(2)]
    assert accounts.disable("priya.natarajan") == 2
    assert [sessions.resolve(token, now=clock.now) for token in tokens] == [None, None]


def test_a_new_password_ends_the_sessions_and_lifts_the_lock(priya: Account, clock: Clock) -> None:
    token = signed_in(clock).token
    fail(clock, 5)
    accounts.set_password("priya.natarajan", "another good phrase")
    assert sessions.resolve(token, now=clock.now) is None
    assert isinstance(sessions.sign_in("priya.natarajan", "another good phrase", now=clock.now), Session)


def test_a_revoked_market_is_gone_at_the_next_click(priya: Account, clock: Clock) -> None:
    token = signed_in(clock).token
    before = sessions.resolve(token, now=clock.now)
    assert before is not None
    accounts.grant("priya.natarajan", markets=["millbrook"])
    accounts.revoke("priya.natarajan", markets=["harbor"])
    after = sessions.resolve(token, now=clock.now)
    assert after is not None
    assert after.markets == {"millbrook"}
    assert not still_signed_in(before, now=clock.now)


def test_still_signed_in_follows_the_session(priya: Account, clock: Clock) -> None:
    token = signed_in(clock).token
    principal = sessions.resolve(token, now=clock.now)
    assert principal is not None
    assert still_signed_in(principal, now=clock.now)
    sessions.sign_out(token, now=clock.now)
    assert not still_signed_in(principal, now=clock.now)


def test_a_ticket_works_once(priya: Account, clock: Clock) -> None:
    ticket = sessions.issue_ticket(signed_in(clock).token, now=clock.now) or ""
    assert not sessions.is_ticket_used(ticket)
    assert sessions.exchange_ticket(ticket, now=clock.now) is not None
    assert sessions.is_ticket_used(ticket)
    assert sessions.exchange_ticket(ticket, now=clock.now) is None


def test_a_ticket_works_for_a_minute(priya: Account, clock: Clock) -> None:
    ticket = sessions.issue_ticket(signed_in(clock).token, now=clock.now) or ""
    assert sessions.exchange_ticket(ticket, now=clock.turn(seconds=61)) is None


def test_a_ticket_dies_with_its_session(priya: Account, clock: Clock) -> None:
    token = signed_in(clock).token
    ticket = sessions.issue_ticket(token, now=clock.now) or ""
    sessions.sign_out(token, now=clock.now)
    assert sessions.exchange_ticket(ticket, now=clock.now) is None
    assert sessions.issue_ticket(token, now=clock.now) is None


def test_a_ticket_signs_nobody_in_by_itself(priya: Account, clock: Clock) -> None:
    ticket = sessions.issue_ticket(signed_in(clock).token, now=clock.now)
    assert sessions.resolve(ticket, now=clock.now) is None


@pytest.mark.parametrize("secret", [None, "", "x", "'; drop table user_session; --", "\x00", "é" * 500])
def test_an_invented_secret_stands_for_nobody(priya: Account, secret: str | None) -> None:
    assert sessions.resolve(secret) is None
    sessions.sign_out(secret)


def test_demo_users_sign_in_only_in_demo_mode(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    accounts.add("demo.user", name="Demo", role="care_team", password=PASSWORD, is_demo=True, markets=["*"])
    assert sessions.sign_in_demo("demo.user", now=clock.now) == Denied("wrong")
    monkeypatch.setenv("HUDDLEBOARD_DEMO", "1")
    opened = sessions.sign_in_demo("demo.user", now=clock.now)
    assert isinstance(opened, Session)
    monkeypatch.setenv("HUDDLEBOARD_DEMO", "0")
    assert sessions.resolve(opened.token, now=clock.now) is None
    assert sessions.end_reason(opened.token) == "demo_off"


def test_nobody_else_gets_in_without_a_password_in_demo_mode(
    priya: Account, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUDDLEBOARD_DEMO", "1")
    assert sessions.sign_in_demo("priya.natarajan", now=clock.now) == Denied("wrong")


def test_signing_in_and_out_and_failing_are_in_the_audit_trail(priya: Account, clock: Clock) -> None:
    token = signed_in(clock).token
    sessions.sign_out(token, now=clock.now)
    fail(clock, 1)
    actions = [event["action"] for event in reversed(audit.last_events(10))]
    assert actions == ["account_added", "sign_in", "sign_out", "sign_in_refused"]
    assert audit.verify().is_intact


def test_a_click_within_half_a_minute_writes_nothing(priya: Account, clock: Clock) -> None:
    opened = signed_in(clock)
    for seconds, written in ((20, 0), (15, 35)):
        sessions.resolve(opened.token, now=clock.turn(seconds=seconds))
        with reading() as session:
            found = session.get_one(UserSession, opened.session_id)
            assert found.last_seen_at - found.created_at == timedelta(seconds=written)


CLAIMS = {"iss": "https://id.example.org", "sub": "p1", "iat": 1, "email": "Priya@Example.org"}


def test_a_verified_address_finds_its_account(priya: Account, clock: Clock) -> None:
    opened = identity.sign_in_with_claims({**CLAIMS, "email_verified": True}, now=clock.now)
    assert isinstance(opened, Session)
    assert opened.user_id == priya.user_id


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"email_verified": False}, "not_verified"),
        ({}, "not_verified"),
        ({"email_verified": "true"}, "not_verified"),
        ({"email": "", "email_verified": True}, "not_verified"),
        ({"email": "other@example.org", "email_verified": True}, "no_account"),
    ],
)
def test_single_sign_on_turns_away(priya: Account, clock: Clock, claims: dict[str, Any], reason: str) -> None:
    assert identity.sign_in_with_claims({**CLAIMS, **claims}, now=clock.now) == Denied(reason)  # type: ignore[arg-type]


def test_a_disabled_account_is_turned_away_by_single_sign_on_too(priya: Account, clock: Clock) -> None:
    accounts.disable("priya.natarajan")
    answer = identity.sign_in_with_claims({**CLAIMS, "email_verified": True}, now=clock.now)
    assert answer == Denied("no_account")


def test_a_missing_verification_counts_only_when_the_operator_says_so(
    priya: Account, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUDDLEBOARD_OIDC_TRUST_EMAIL", "1")
    assert isinstance(identity.sign_in_with_claims(CLAIMS, now=clock.now), Session)
    answer = identity.sign_in_with_claims({**CLAIMS, "email_verified": False}, now=clock.now)
    assert answer == Denied("not_verified")


def test_one_identity_token_opens_one_session(priya: Account, clock: Clock) -> None:
    """After sign-out the provider's old word must not let the person in again."""
    claims = {**CLAIMS, "email_verified": True}
    opened = identity.sign_in_with_claims(claims, now=clock.now)
    assert isinstance(opened, Session)
    sessions.sign_out(opened.token, now=clock.now)
    assert identity.sign_in_with_claims(claims, now=clock.now) == Denied("used")
    assert isinstance(identity.sign_in_with_claims({**claims, "iat": 2}, now=clock.now), Session)


def test_nothing_is_left_behind_by_a_refused_sign_in(priya: Account, clock: Clock) -> None:
    fail(clock, 2)
    with reading() as session:
        assert session.query(UserSession).count() == 0
        assert session.query(SessionToken).count() == 0
        assert session.query(UserAccount).count() == 1


def test_times_without_a_zone_are_refused(priya: Account) -> None:
    with pytest.raises(Exception, match="zone"):
        sessions.sign_in("priya.natarajan", PASSWORD, now=datetime(2026, 11, 20, 8, 0))
