"""The demonstration's users, one or more for each role. They can sign in only while demo mode is on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import yaml

from access import accounts
from access.accounts import ALL, Account, AccountError
from access.settings import settings

# Not a secret: it is printed on the demonstration's sign-in page, and opens nothing when demo mode is off.
DEMO_PASSWORD = "Huddle-demo-2026"
MARKET_FILE = Path(__file__).resolve().parent.parent / "data" / "demo" / "market.yaml"


@dataclass(frozen=True)
class DemoUser:
    username: str
    name: str
    role: str
    markets: tuple[str, ...]
    contracts: tuple[str, ...] = (ALL,)


def demo_users(markets: Sequence[str], contracts: Sequence[str]) -> list[DemoUser]:
    """Who the demonstration has, given its markets and the contract ids of its account manager."""
    first, second = markets[0], markets[1 % len(markets)]
    return [
        DemoUser("priya.natarajan", "Priya Natarajan", "market_operations", (first,)),
        DemoUser("owen.brandt", "Owen Brandt", "market_operations", (second,)),
        DemoUser("grace.okafor", "Grace Okafor", "market_operations", (ALL,)),
        DemoUser("helena.ruiz", "Helena Ruiz", "medical_director", (ALL,)),
        DemoUser("tomas.lindqvist", "Tomas Lindqvist", "account_manager", (ALL,), tuple(contracts)),
        DemoUser("amara.diallo", "Amara Diallo", "care_team", (first,)),
        DemoUser("ken.watanabe", "Ken Watanabe", "data_steward", (ALL,)),
        DemoUser("ruth.adler", "Ruth Adler", "administrator", (ALL,)),
    ]


def add_demo_users(markets: Sequence[str] = (), contracts: Sequence[str] = ()) -> list[Account]:
    """Make the demonstration's users, or bring their roles and scopes to what they should be.

    Ids not given are those of the demo market. Raises AccountError when demo mode is off, or when a
    username is taken by an account that is not the demonstration's.
    """
    if not settings().is_demo:
        raise AccountError("Demo users are only for demo mode. Set HUDDLEBOARD_DEMO=1 and run this again.")
    markets = list(markets) or _demo_markets()
    contracts = list(contracts) or _demo_contracts()
    existing = {account.username: account for account in accounts.all_accounts()}
    made = []
    for user in demo_users(markets, contracts):
        account = existing.get(user.username)
        if account is None:
            account = accounts.add(
                user.username,
                name=user.name,
                role=user.role,
                password=DEMO_PASSWORD,
                is_demo=True,
                markets=user.markets,
                contracts=user.contracts,
            )
        elif not account.is_demo:
            raise AccountError(
                f"{user.username} is an account of its own; demo users are for a ledger of demos."
            )
        else:
            account = _as_intended(account, user)
        made.append(account)
    return made


def _as_intended(account: Account, user: DemoUser) -> Account:
    """The account with the role and scope it should have, changed only where it differs."""
    if account.role != user.role:
        account = accounts.set_role(user.username, user.role)
    granted = (account.markets or {ALL}, account.contracts or {ALL})
    wanted = (set(user.markets), set(user.contracts))
    if tuple(map(set, granted)) != wanted:
        accounts.grant(
            user.username, markets=wanted[0] - set(granted[0]), contracts=wanted[1] - set(granted[1])
        )
        account = accounts.revoke(
            user.username, markets=set(granted[0]) - wanted[0], contracts=set(granted[1]) - wanted[1]
        )
    return account


def _demo_markets() -> list[str]:
    ids = [market["market_id"] for market in _market_file().get("markets", [])]
    if not ids:
        raise AccountError("Name the demo's markets: --market ID, once for each.")
    return ids


def _demo_contracts() -> list[str]:
    """The account manager's contract, in each of the years a demo may have been made for."""
    contracts = _market_file().get("contracts", [])
    if not contracts:
        raise AccountError("Name the account manager's contract: --contract ID.")
    pattern = contracts[0]["contract_id"]
    years = range(date.today().year - 3, date.today().year + 2)
    return list(dict.fromkeys(pattern.replace("{year}", str(year)) for year in years))


def _market_file() -> dict[str, list[dict[str, str]]]:
    if not MARKET_FILE.exists():
        return {}
    try:
        return yaml.safe_load(MARKET_FILE.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        fault = str(error).replace("\n", " ")
        raise AccountError(f"{MARKET_FILE.name} of the demo cannot be read: {fault}") from error
