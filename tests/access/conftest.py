"""A ledger of its own for each test, and cheap password hashes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import bcrypt
import pytest
from sqlalchemy.engine import make_url

from access import accounts, passwords
from access.accounts import Account
from ledger.database import forget_engines, open_engine, upgrade

PASSWORD = "correct horse battery"


@pytest.fixture(scope="session")
def upgraded_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite ledger with its tables and nothing in them, to copy."""
    file = tmp_path_factory.mktemp("ledger") / "upgraded.sqlite"
    made = open_engine(make_url(f"sqlite:///{file}"))
    upgrade(made)
    made.dispose()
    return file


@pytest.fixture(autouse=True)
def ledger(upgraded_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """HUDDLEBOARD_LEDGER pointing at an empty ledger, and every other setting at its default."""
    for name in ("DEMO", "IDLE_MINUTES", "SESSION_HOURS", "SIGN_IN_ATTEMPTS", "CLIENT_ATTEMPTS", "HTTPS"):
        monkeypatch.delenv(f"HUDDLEBOARD_{name}", raising=False)
    monkeypatch.delenv("HUDDLEBOARD_OIDC_TRUST_EMAIL", raising=False)
    shutil.copy(upgraded_file, tmp_path / "ledger.sqlite")
    url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    monkeypatch.setenv("HUDDLEBOARD_LEDGER", url)
    yield url
    forget_engines()


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes with bcrypt's fewest rounds: the checks stay streamlit-authenticator's own."""

    def cheap(password: str) -> str:
        return bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()

    monkeypatch.setattr(passwords, "hash_password", cheap)
    monkeypatch.setattr(accounts, "hash_password", cheap)
    passwords.nobodys_hash.cache_clear()


@pytest.fixture
def priya() -> Account:
    """A market lead of one market."""
    return accounts.add(
        "priya.natarajan",
        name="Priya Natarajan",
        role="market_operations",
        password=PASSWORD,
        email="priya@example.org",
        markets=["harbor"],
        contracts=["*"],
    )
