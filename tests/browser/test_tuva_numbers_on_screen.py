"""The known facts of the Tuva files stand on the screen of the person who checks every payer file."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from driving import Server, cookie_of, settled
from playwright.sync_api import BrowserContext, Page
from speaking import Session

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("tuva")]


def test_the_data_page_shows_the_known_facts(
    tuva_server: Server, new_context: Callable[..., BrowserContext]
) -> None:
    cookie = cookie_of(new_context().new_page(), tuva_server, "ken.watanabe")
    with Session(tuva_server.address, cookie) as session:
        text = session.show("data_operations", "")
        held = "\n".join(session.rows)
    for words in (
        "309 member-months",
        "10 ED visits",
        "4 admitted",
        "6 treated and released",
        "5 inpatient stays",
    ):
        assert words in text, f"{words!r} is not said on the page:\n{text}"
    assert "182 medical lines, \\$13,489.87" in text or "182 medical lines, $13,489.87" in text
    assert "No row was set aside" in text
    for year, months in (("2016", 115), ("2017", 111), ("2018", 83)):
        assert re.search(rf"(^|\| ){year} \| {months}\b", held, re.MULTILINE), held
    amounts = {round(float(number), 2) for number in re.findall(r"\b\d+\.\d+", held)}
    for amount in (163818.97, 150329.10, 13489.87):
        assert amount in amounts, f"${amount} is not in the reconciliation:\n{held}"
    assert re.search(r"\b110\b.*non-payment", held) or re.search(r"non-payment.*\b110\b", held), held


def test_the_ed_page_shows_ten_visits_and_says_what_is_not_installed(
    tuva_server: Server, page_as: Callable[..., Page]
) -> None:
    page = page_as(tuva_server, "grace.okafor", "/ed_utilization?period=24+months", height=2000)
    settled(page)
    text = page.get_by_test_id("stMain").inner_text()
    assert "not installed" in text and "python -m data reference add nyu-ed" in text
    assert "AHRQ" in text
