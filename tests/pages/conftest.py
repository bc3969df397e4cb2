"""Opens the product's pages as a signed-in person of each role, over the demo market, without a browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

ROOT = Path(__file__).resolve().parents[2]
# One person of each role; two market leads of different markets.
PEOPLE = {
    "market_operations": "priya.natarajan",
    "another_market": "owen.brandt",
    "every_market": "grace.okafor",
}

Open = Callable[..., AppTest]


@pytest.fixture
def open_page(demo_warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """`open_page(who, page, **address)` runs a page for a demo user (a key of PEOPLE, a
    role, or a username).
    """
    monkeypatch.setenv("HUDDLEBOARD_WAREHOUSE", str(demo_warehouse))
    monkeypatch.setenv("HUDDLEBOARD_LEDGER", f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    monkeypatch.setenv("HUDDLEBOARD_DEMO", "1")
    from access import sessions
    from access.demo import add_demo_users
    from components import sign_in
    from ledger.database import forget_engines

    by_role: dict[str, str] = {}
    for account in add_demo_users():
        by_role.setdefault(account.role, account.username)

    def opened(who: str, page: str, **address: str) -> AppTest:
        session = sessions.open_session(PEOPLE.get(who) or by_role.get(who, who))
        assert isinstance(session, sessions.Session)
        test = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
        test.session_state[sign_in.TOKEN] = session.token
        test._page_hash = calc_hash(page)
        for key, value in address.items():
            test.query_params[key] = value
        return test.run()

    yield opened
    forget_engines()
