"""Sessions in a real browser: deep links, reloads, signing out, a stolen cookie, wrong passwords."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from driving import PASSWORD, Server, settled, sign_in
from playwright.sync_api import BrowserContext, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("server")]


def cookies_of(context: BrowserContext) -> list[dict[str, object]]:
    return [cookie for cookie in context.cookies() if "huddleboard" in str(cookie["name"]).lower()]


def test_signing_in_at_a_deep_link_lands_on_it(
    server: Server, new_context: Callable[..., BrowserContext]
) -> None:
    page = sign_in(new_context().new_page(), server, "grace.okafor", "/members?market=Harbor")
    expect(page).to_have_url(f"{server.address}/members?market=Harbor")
    expect(page.get_by_role("heading", level=1)).to_contain_text("members")


def test_a_reload_keeps_the_session_and_its_cookie_is_out_of_reach_of_scripts(
    server: Server, new_context: Callable[..., BrowserContext]
) -> None:
    context = new_context()
    page = sign_in(context.new_page(), server, "grace.okafor")
    cookie = cookies_of(context)
    assert len(cookie) == 1 and cookie[0]["httpOnly"] and cookie[0]["sameSite"] in ("Lax", "Strict")
    assert "huddleboard" not in page.evaluate("document.cookie").lower()
    page.reload()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def test_after_signing_out_a_copied_cookie_opens_nothing(
    server: Server, new_context: Callable[..., BrowserContext]
) -> None:
    context = new_context()
    page = sign_in(context.new_page(), server, "grace.okafor", "/members")
    copied = context.cookies()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Username")).to_be_visible()
    thief = new_context()
    thief.add_cookies(copied)
    stolen = thief.new_page()
    stolen.goto(f"{server.address}/members")
    expect(stolen.get_by_label("Username")).to_be_visible()
    assert stolen.get_by_test_id("stDataFrame").count() == 0
    page.reload()
    expect(page.get_by_label("Username")).to_be_visible()


def test_a_wrong_password_and_an_unknown_user_are_told_the_same(
    server: Server, new_context: Callable[..., BrowserContext]
) -> None:
    def answer(username: str) -> str:
        page: Page = new_context().new_page()
        page.goto(server.address)
        page.get_by_label("Username").fill(username)
        page.get_by_label("Password", exact=True).fill(f"not {PASSWORD}")
        page.get_by_role("button", name="Sign in", exact=True).click()
        alert = page.get_by_test_id("stAlert")
        expect(alert).to_be_visible()
        return alert.inner_text()

    assert answer("owen.brandt") == answer("nobody.here")


def test_signing_out_in_one_tab_ends_the_other(
    server: Server, new_context: Callable[..., BrowserContext]
) -> None:
    context = new_context()
    first = sign_in(context.new_page(), server, "grace.okafor")
    second = context.new_page()
    second.goto(f"{server.address}/ed_utilization")
    expect(second.get_by_role("button", name="Sign out")).to_be_visible()
    settled(second)
    first.get_by_role("button", name="Sign out").click()
    expect(first.get_by_label("Username")).to_be_visible()
    second.get_by_role("button", name="Reset").click()
    expect(second.get_by_label("Username")).to_be_visible()
    assert second.get_by_test_id("stPlotlyChart").count() == 0
