"""`python -m access` does what it says, never shows a password, and says what to do when it cannot."""

from __future__ import annotations

import io

import pytest

from access import accounts, demo, sessions
from access.__main__ import main
from access.accounts import Account, AccountError
from access.passwords import WeakPassword, check_strength
from ledger import audit

PASSWORD = "correct horse battery"


def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str, typed: str = ""
) -> tuple[int, str, str]:
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    code = main(list(arguments))
    printed = capsys.readouterr()
    assert PASSWORD not in printed.out + printed.err
    return code, " ".join(printed.out.split()), printed.err


def add(*more: str) -> list[str]:
    return ["add", "owen.brandt", "--name", "Owen Brandt", "--role", "care_team", "--password-stdin", *more]


def test_an_added_person_can_sign_in(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(monkeypatch, capsys, *add("--market", "harbor"), typed=PASSWORD + "\n")
    assert code == 0
    assert "owen.brandt (Owen Brandt), care_team: harbor; all contracts" in out
    assert isinstance(sessions.sign_in("owen.brandt", PASSWORD), sessions.Session)


@pytest.mark.parametrize(
    ("scope", "markets", "contracts"),
    [
        ([], frozenset(), frozenset()),
        (["--market", "harbor"], {"harbor"}, None),
        (["--contract", "aco-2026"], None, {"aco-2026"}),
        (["--market", "harbor", "--contract", "aco-2026"], {"harbor"}, {"aco-2026"}),
        (["--all"], None, None),
    ],
)
def test_a_scope_is_what_was_named_and_nothing_when_nothing_was(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    scope: list[str],
    markets: set[str] | None,
    contracts: set[str] | None,
) -> None:
    run(monkeypatch, capsys, *add(*scope), typed=PASSWORD)
    account = accounts.find("owen.brandt")
    assert (account.markets, account.contracts) == (markets, contracts)


@pytest.mark.parametrize(
    ("arguments", "typed", "says"),
    [
        (add("--market", "harbor"), "short", "at least 12 characters"),
        (add("--market", "harbor"), "owen.brandt-2026", "own name"),
        (["add", "x", "--name", "X", "--role", "nope", "--password-stdin"], PASSWORD, "'nope' is not a role"),
        (["add", "no way", "--name", "X", "--role", "care_team", "--password-stdin"], PASSWORD, "username"),
        (["add", "sso.one", "--name", "X", "--role", "care_team", "--sso"], "", "--sso needs --email"),
        (["add", "tty.one", "--name", "X", "--role", "care_team"], "", "use --password-stdin"),
        (["disable", "nobody"], "", "There is no account 'nobody'"),
        (["reset-password", "nobody", "--password-stdin"], PASSWORD, "There is no account 'nobody'"),
        (["grant", "priya.natarajan"], "", "Name what"),
        (["revoke", "priya.natarajan", "--market", "prairie"], "", "was not granted the market prairie"),
        (["demo"], "", "HUDDLEBOARD_DEMO=1"),
    ],
)
def test_what_cannot_be_done_is_said_with_what_to_do(
    priya: Account,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    typed: str,
    says: str,
) -> None:
    code, _, errors = run(monkeypatch, capsys, *arguments, typed=typed)
    assert code == 2
    assert says in errors
    assert [account.username for account in accounts.all_accounts()] == ["priya.natarajan"]


def test_a_taken_username_is_refused(
    priya: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(AccountError, match="exists already"):
        accounts.add("Priya.Natarajan", name="Other", role="care_team", password=PASSWORD)


def test_the_list_shows_everyone_and_their_scope(
    priya: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    _, out, _ = run(monkeypatch, capsys, "list")
    for word in ("priya.natarajan", "Priya Natarajan", "market_operations", "harbor", "active", "never"):
        assert word in out


def test_granting_disabling_and_resetting_take_effect_and_are_audited(
    priya: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(monkeypatch, capsys, "grant", "priya.natarajan", "--market", "millbrook")
    run(monkeypatch, capsys, "revoke", "priya.natarajan", "--market", "harbor")
    run(monkeypatch, capsys, "set-role", "priya.natarajan", "medical_director")
    run(monkeypatch, capsys, "reset-password", "priya.natarajan", "--password-stdin", typed=PASSWORD)
    run(monkeypatch, capsys, "disable", "priya.natarajan")
    account = accounts.find("priya.natarajan")
    assert (account.markets, account.role, account.is_active) == ({"millbrook"}, "medical_director", False)
    run(monkeypatch, capsys, "enable", "priya.natarajan")
    assert accounts.find("priya.natarajan").is_active
    assert [event["action"] for event in reversed(audit.last_events(20))] == [
        "account_added", "scope_granted", "scope_revoked", "role_changed", "password_reset",
        "account_disabled", "account_enabled",
    ]  # fmt: skip


def test_the_demo_has_a_user_for_each_role_and_can_be_made_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HUDDLEBOARD_DEMO", "1")
    named = ["demo", "--market", "harbor", "--market", "millbrook", "--contract", "aco-2026"]
    for _ in range(2):
        assert run(monkeypatch, capsys, *named)[0] == 0
    found = {account.username: account for account in accounts.all_accounts()}
    assert {account.role for account in found.values()} == set(accounts.policy().roles)
    assert all(account.is_demo for account in found.values())
    assert found["priya.natarajan"].markets == {"harbor"}
    assert found["owen.brandt"].markets == {"millbrook"}
    assert found["grace.okafor"].markets is None
    assert found["tomas.lindqvist"].contracts == {"aco-2026"}
    assert isinstance(sessions.sign_in("priya.natarajan", demo.DEMO_PASSWORD), sessions.Session)


def test_the_demo_follows_its_markets_when_they_change(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUDDLEBOARD_DEMO", "1")
    demo.add_demo_users(["harbor", "millbrook"], ["aco-2025"])
    demo.add_demo_users(["prairie", "millbrook"], ["aco-2026"])
    assert accounts.find("priya.natarajan").markets == {"prairie"}
    assert accounts.find("tomas.lindqvist").contracts == {"aco-2026"}


def test_the_demo_takes_over_nobodys_account(priya: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUDDLEBOARD_DEMO", "1")
    with pytest.raises(AccountError, match="account of its own"):
        demo.add_demo_users(["harbor"], ["aco-2026"])
    assert not accounts.find("priya.natarajan").is_demo


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaaaaaa", "x y" * 40, "Natarajan-2026!"])
def test_weak_passwords_are_refused(password: str) -> None:
    with pytest.raises(WeakPassword):
        check_strength(password, username="priya.natarajan", name="Priya Natarajan")
