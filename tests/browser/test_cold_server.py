"""A server nobody has spoken to shows the sign-in form and nothing else, at every address."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from driving import Server, start_server
from playwright.sync_api import BrowserContext, expect

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("cold")]

PAGES = sorted(file.stem for file in (Path(__file__).parents[2] / "pages").glob("*.py"))


@pytest.mark.parametrize("address", ["", *PAGES])
def test_a_cold_server_without_a_cookie_shows_the_sign_in_form_and_nothing_else(
    demo_warehouse: Path, tmp_path: Path, new_context: Callable[..., BrowserContext], address: str
) -> None:
    # No health check beyond start_server's own HTTP one: the first Streamlit session is the one tested.
    server: Server = start_server(demo_warehouse, tmp_path / "cold", HUDDLEBOARD_DEMO="0")
    try:
        page = new_context().new_page()
        page.goto(f"{server.address}/{address}")
        expect(page.get_by_label("Username")).to_be_visible()
        expect(page.get_by_label("Password", exact=True)).to_be_visible()
        page.wait_for_selector("[data-testid='stApp'][data-test-script-state='notRunning']")
        assert page.get_by_test_id("stSidebarNavLink").count() == 0, "the navigation is shown before sign-in"
        shown = page.get_by_test_id("stApp").inner_text().lower()
        for leak in ("visits", "member-months", "snapshot", "quarantine", "harbor", "demo users"):
            assert leak not in shown, f"{leak!r} is on the page before sign-in:\n{shown}"
        for widget in ("stPlotlyChart", "stDataFrame", "stMetric", "stSelectbox"):
            assert page.get_by_test_id(widget).count() == 0, f"{widget} is on the page before sign-in"
    finally:
        server.stop()
