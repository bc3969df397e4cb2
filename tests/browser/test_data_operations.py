"""A data steward's month, in the browser: from the pill of another page to the feed, its files and its rows."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from driving import Server, settled
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("server")]


def test_the_pill_leads_from_a_number_to_the_feed_behind_it(
    server: Server, page_as: Callable[..., Page]
) -> None:
    page = page_as(server, "helena.ruiz", "/ed_utilization?period=24+months")
    pill = page.get_by_test_id("stPopover").first
    pill.click()
    link = page.get_by_test_id("stPopoverBody").get_by_role("link", name="Open the feed").first
    expect(link).to_be_visible()
    link.click()
    page.wait_for_url(re.compile(r"/data_operations\?feed="))
    settled(page)
    expect(page.get_by_label("Feed", exact=True)).not_to_have_value("All feeds")
    expect(page.get_by_text("By month of delivery and kind of file.")).to_be_visible()


def test_a_feed_is_opened_by_the_keyboard_and_reset_closes_it(
    server: Server, page_as: Callable[..., Page]
) -> None:
    page = page_as(server, "ken.watanabe", "/data_operations")
    opener = page.locator(".st-key-verdict_open_0 button").first
    opener.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"[?&]feed="))
    settled(page)
    expect(page.get_by_text("By month of delivery and kind of file.")).to_be_visible()
    page.get_by_role("button", name="Reset").click()
    settled(page)
    expect(page.get_by_text("Select a feed to open it.")).to_be_visible()


def test_the_page_holds_on_a_phone(server: Server, page_as: Callable[..., Page]) -> None:
    page = page_as(server, "ken.watanabe", "/data_operations", width=420)
    settled(page)
    wide = page.evaluate(
        "document.querySelector('[data-testid=stMain]').scrollWidth - "
        "document.querySelector('[data-testid=stMain]').clientWidth"
    )
    assert wide <= 1, "nothing but grids and charts scrolls sideways"
    expect(page.get_by_role("heading", level=1)).to_be_visible()
