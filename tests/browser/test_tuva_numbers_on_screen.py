"""The known facts of the Tuva files stand on the screen of the person who checks every payer file."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from driving import Server, open_as, settled
from playwright.sync_api import BrowserContext, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("tuva")]


def grids(page: Page) -> str:
    """What all grids of the page hold, a line a row, as their accessible copies have it."""
    expect(page.get_by_role("gridcell").first).to_be_attached()
    rows: list[str] = page.evaluate(
        """() => [...document.querySelectorAll('[data-testid=stDataFrame] tbody tr')]
               .map(row => [...row.querySelectorAll('[role=gridcell]')].map(cell => cell.innerText.trim()).join(' | '))"""
    )
    return "\n".join(rows)


def test_the_data_page_shows_the_known_facts(
    tuva_server: Server, new_context: Callable[..., BrowserContext]
) -> None:
    page = open_as(new_context(height=4000).new_page(), tuva_server, "ken.watanabe", "/data_operations")
    settled(page)
    held = grids(page)
    assert re.search(r"2016 \| 115 \| .* \| 4 \| 4 \| 0 \| 0 \| 0", held), held
    assert re.search(r"2017 \| 111 \| .* \| 1 \| 0 \| 0 \| 1 \| 1", held), held
    assert re.search(r"2018 \| 83 \| .* \| 5 \| 2 \| 0 \| 3 \| 4", held), held
    assert re.search(r"Medical \| 2,?075 \| \$163,818.97 \| \$150,329.10 \| \$13,489.87 \| \$0.00", held), (
        held
    )
    assert re.search(r"tuva\w* \| 7 \| 0 \| 6,649 \| 6,649 \| 0", held), held
    assert re.search(r"\| 110 \| non-payment claim", held), held
    text = page.get_by_test_id("stMain").inner_text()
    for words in (
        "309 member-months",
        "10 ED visits",
        "4 admitted",
        "6 treated and released",
        "5 inpatient stays",
    ):
        assert words in text, f"{words!r} is not said on the page"
    assert "182 medical lines, $13,489.87" in text
    assert "No row was set aside" in text


def test_the_ed_page_shows_ten_visits_and_says_what_is_not_installed(
    tuva_server: Server, new_context: Callable[..., BrowserContext]
) -> None:
    page = open_as(
        new_context(height=2000).new_page(), tuva_server, "grace.okafor", "/ed_utilization?period=24+months"
    )
    settled(page)
    text = page.get_by_test_id("stMain").inner_text()
    assert "not installed" in text and "python -m data reference add nyu-ed" in text
    assert "AHRQ" in text
