"""`python -m access`: who may sign in, in which role, for which markets and contracts."""

from __future__ import annotations

import argparse
import getpass
import sys

from rich.console import Console
from rich.table import Table

from access import accounts, demo
from access.accounts import ALL, Account, AccountError
from access.passwords import MINIMUM_LENGTH, WeakPassword
from access.policy import PolicyError, policy
from access.settings import SettingsError
from ledger import LedgerError

EPILOG = """\
A person has one role (what they may open, do and see: access/policy.yaml) and a scope (which markets and
contracts). Without a scope they see no rows. When only markets are named, all contracts in them are
granted, and the other way round. Changes hold from the person's next click.

examples:
  python -m access add priya.natarajan --name "Priya Natarajan" --role market_operations --market harbor
  python -m access add t.lindqvist --name "Tomas Lindqvist" --role account_manager --contract aco-2026
  python -m access add h.ruiz --name "Helena Ruiz" --role medical_director --all --sso --email h@clinic.org
  python -m access grant priya.natarajan --market millbrook
  python -m access reset-password priya.natarajan
"""


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m access",
        description="Add, list, disable and re-scope people who may sign in (kept in HUDDLEBOARD_LEDGER).",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = made.add_subparsers(dest="command", required=True, metavar="COMMAND")

    add = commands.add_parser("add", help="make an account")
    add.add_argument("username", help="3 to 64 of a-z, 0-9, dot, dash, underscore")
    add.add_argument(
        "--name", required=True, help="the person's name, as colleagues and the audit trail read it"
    )
    add.add_argument("--role", required=True, help=f"one of: {', '.join(policy().roles)}")
    add.add_argument("--email", help="for single sign-on: the verified address the identity provider sends")
    add.add_argument("--sso", action="store_true", help="no password: only single sign-on")
    _scope_arguments(add)
    _password_argument(add)

    commands.add_parser("list", help="show every account, its role, scope and when it was last seen")
    for name, text in (
        ("disable", "keep a person out and end their sessions"),
        ("enable", "let a disabled account in again"),
    ):
        commands.add_parser(name, help=text).add_argument("username")

    reset = commands.add_parser("reset-password", help="set a new password, lift a lock and end all sessions")
    reset.add_argument("username")
    _password_argument(reset)

    role = commands.add_parser("set-role", help="give an account another role")
    role.add_argument("username")
    role.add_argument("role", help=f"one of: {', '.join(policy().roles)}")

    for name, text in (("grant", "add markets or contracts to a scope"), ("revoke", "take them out again")):
        change = commands.add_parser(name, help=text)
        change.add_argument("username")
        _scope_arguments(change)

    demonstration = commands.add_parser("demo", help="make one user for each role; needs HUDDLEBOARD_DEMO=1")
    demonstration.add_argument(
        "--market",
        action="append",
        default=[],
        metavar="ID",
        help="the demo's markets (default: those of data/demo)",
    )
    demonstration.add_argument(
        "--contract", action="append", default=[], metavar="ID", help="the account manager's contracts"
    )
    return made


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 when done, 2 with a sentence on stderr when it could not be."""
    console = Console(highlight=False)
    try:
        given = parser().parse_args(arguments)
        return _COMMANDS[given.command](given, console)
    except (AccountError, WeakPassword, LedgerError, PolicyError, SettingsError) as error:
        print(error, file=sys.stderr)
        return 2


def _add(given: argparse.Namespace, console: Console) -> int:
    markets, contracts = _scope(given)
    if given.sso and not given.email:
        raise AccountError("--sso needs --email: it is how the identity provider's answer finds the account.")
    if not given.sso:
        accounts.check_new(given.username, role=given.role)
    account = accounts.add(
        given.username,
        name=given.name,
        role=given.role,
        email=given.email,
        password=None if given.sso else _password(given),
        markets=markets,
        contracts=contracts,
    )
    console.print(f"Added {_described(account)}.")
    if account.markets == frozenset() or account.contracts == frozenset():
        console.print(f"They see no rows yet. Next: python -m access grant {account.username} --market ID")
    return 0


def _list(_given: argparse.Namespace, console: Console) -> int:
    found = accounts.all_accounts()
    if not found:
        console.print("There are no accounts yet. `python -m access add --help` shows how to make one.")
        return 0
    table = Table("Username", "Name", "Role", "Scope", "Status", "Last seen (UTC)", "E-mail")
    for account in found:
        status = ("active" if account.is_active else "disabled") + (", demo" if account.is_demo else "")
        seen = f"{account.last_seen_at:%Y-%m-%d %H:%M}" if account.last_seen_at else "never"
        table.add_row(
            account.username,
            account.name,
            account.role,
            accounts.scope_in_words(account),
            status,
            seen,
            account.email or "",
        )
    console.print(table)
    return 0


def _disable(given: argparse.Namespace, console: Console) -> int:
    ended = accounts.disable(given.username)
    console.print(f"{given.username} is disabled; {ended} running session{'' if ended == 1 else 's'} ended.")
    return 0


def _enable(given: argparse.Namespace, console: Console) -> int:
    accounts.enable(given.username)
    console.print(f"{given.username} may sign in again.")
    return 0


def _reset_password(given: argparse.Namespace, console: Console) -> int:
    accounts.find(given.username)
    ended = accounts.set_password(given.username, _password(given))
    console.print(
        f"{given.username} has a new password and no lock; "
        f"{ended} running session{'' if ended == 1 else 's'} ended."
    )
    return 0


def _set_role(given: argparse.Namespace, console: Console) -> int:
    console.print(f"Changed {_described(accounts.set_role(given.username, given.role))}.")
    return 0


def _grant(given: argparse.Namespace, console: Console) -> int:
    markets, contracts = _named(given)
    console.print(f"Now {_described(accounts.grant(given.username, markets=markets, contracts=contracts))}.")
    return 0


def _revoke(given: argparse.Namespace, console: Console) -> int:
    markets, contracts = _named(given)
    console.print(f"Now {_described(accounts.revoke(given.username, markets=markets, contracts=contracts))}.")
    return 0


def _demo(given: argparse.Namespace, console: Console) -> int:
    for account in demo.add_demo_users(given.market, given.contract):
        console.print(f"Demo user {_described(account)}.")
    console.print("They sign in from the sign-in page, while HUDDLEBOARD_DEMO=1.")
    return 0


_COMMANDS = {
    "add": _add,
    "list": _list,
    "disable": _disable,
    "enable": _enable,
    "reset-password": _reset_password,
    "set-role": _set_role,
    "grant": _grant,
    "revoke": _revoke,
    "demo": _demo,
}


def _described(account: Account) -> str:
    return f"{account.username} ({account.name}), {account.role}: {accounts.scope_in_words(account)}"


def _scope_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--market", action="append", default=[], metavar="ID", help="a market id; may be repeated"
    )
    command.add_argument(
        "--contract", action="append", default=[], metavar="ID", help="a contract id; likewise"
    )
    command.add_argument("--all-markets", action="store_true", help="every market, also those to come")
    command.add_argument("--all-contracts", action="store_true", help="every contract, also those to come")
    command.add_argument("--all", action="store_true", help="every market and every contract")


def _password_argument(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--password-stdin",
        action="store_true",
        help=f"read the password from standard input instead of asking ({MINIMUM_LENGTH} characters or more)",
    )


def _named(given: argparse.Namespace) -> tuple[list[str], list[str]]:
    """The markets and contracts named on the command line. Raises AccountError if there are none."""
    markets = [ALL] if given.all or given.all_markets else given.market
    contracts = [ALL] if given.all or given.all_contracts else given.contract
    if not markets and not contracts:
        raise AccountError("Name what: --market ID, --contract ID, --all-markets, --all-contracts or --all.")
    return markets, contracts


def _scope(given: argparse.Namespace) -> tuple[list[str], list[str]]:
    """The scope of a new account: naming one kind grants all of the other, naming neither grants nothing."""
    markets = [ALL] if given.all or given.all_markets else given.market
    contracts = [ALL] if given.all or given.all_contracts else given.contract
    if bool(markets) != bool(contracts):
        markets, contracts = markets or [ALL], contracts or [ALL]
    return markets, contracts


def _password(given: argparse.Namespace) -> str:
    """The password, from standard input or asked for twice; never from the command line, never printed."""
    if given.password_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise AccountError("There is no terminal to ask for a password: use --password-stdin.")
    first = getpass.getpass("New password: ")
    if first != getpass.getpass("Again: "):
        raise AccountError("The two passwords differ. Nothing was changed.")
    return first


if __name__ == "__main__":
    sys.exit(main())
