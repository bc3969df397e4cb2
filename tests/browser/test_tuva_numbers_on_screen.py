"""The known facts of the Tuva files stand on the screen of the person who checks every payer file."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from driving import Server, settled, sign_in
from playwright.sync_api import BrowserContext, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("tuva")]


def cells(page: Page, key: str) -> list[list[str]]:
    """The rows of a grid, as its accessible copy has them."""
    grid = page.locator(f".st-key-{key}")
    grid.scroll_into_view_if_needed()
    expect(grid.get_by_role("gridcell").first).to_be_attached()
    return grid.evaluate(
        """element => [...element.querySelectorAll('tbody tr')]
               .map(row => [...row.querySelectorAll('[role=gridcell]')].map(cell => cell.innerText.trim()))"""
    )


def test_the_data_page_shows_the_known_facts(
    tuva_server: Server, new_context: Callable[..., BrowserContext]
) -> None:
    page = sign_in(
        new_context(height=4000).new_page(), tuva_server, "ken.watanabe", "/data_operations"
    )
    settled(page)
    volumes = "\n".join(" ".join(row) for row in cells(page, "volumes_table"))
    for year, months in (("2016", "115"), ("2017", "111"), ("2018", "83")):
        assert re.search(rf"{year}\D+{months}\b", volumes), volumes
    money = "\n".join(" ".join(row) for row in cells(page, "reconciliation_table"))
    for amount in ("163,818.97", "150,329.10", "13,489.87"):
        assert amount in money, f"${amount} is not in the reconciliation:\n{money}"
    text = page.get_by_test_id("stMain").inner_text()
    assert "6,649" in text or "6,649" in "\n".join(" ".join(row) for row in cells(page, "feeds_table"))
    apart = "\n".join(" ".join(row) for row in cells(page, "apart_table"))
    assert "110" in apart and "no" in apart.lower() and "payment" in apart.lower(), apart


def test_the_ed_page_shows_ten_visits_and_says_what_is_not_installed(
    tuva_server: Server, new_context: Callable[..., BrowserContext]
) -> None:
    page = sign_in(new_context(height=2000).new_page(), tuva_server, "grace.okafor", "/ed_utilization?period=24+months")
    settled(page)
    text = page.get_by_test_id("stMain").inner_text()
    assert "not installed" in text and "python -m data reference add nyu-ed" in text
    assert "AHRQ" in text
