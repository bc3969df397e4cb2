"""Pictures of every page, light, dark and narrow, from the run itself.

Written to `var/test/screenshots`; with HUDDLEBOARD_SCREENSHOTS=1 to `docs/screenshots` (`make screenshots`), so
that an ordinary test run leaves the working tree as it was.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from driving import ROOT, Server, settled
from playwright.sync_api import BrowserContext, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("server")]

FOLDER = ROOT / ("docs/screenshots" if os.environ.get("HUDDLEBOARD_SCREENSHOTS") else "var/test/screenshots")
# An ordinary run takes the light ones; axe looks at both (test_accessibility.py).
THEMES = ["light", "dark"] if os.environ.get("HUDDLEBOARD_SCREENSHOTS") else ["light"]


def picture(page: Page, name: str, *, whole: bool = True) -> Path:
    """A screenshot of the page, as tall as its content."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    if whole:
        size = page.viewport_size or {"width": 1440, "height": 900}
        tall = int(page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight"))
        page.set_viewport_size({"width": size["width"], "height": min(max(tall, 600), 6000)})
        settled(page)
    page.evaluate("document.fonts.ready.then(() => true)")
    file = FOLDER / f"{name}.png"
    page.screenshot(path=file, animations="disabled")
    assert file.stat().st_size > 20_000, f"{name} is blank"
    return file


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(
    ("name", "user", "address"),
    [
        ("ed_utilization", "priya.natarajan", "/ed_utilization"),
        ("cost_pmpm", "priya.natarajan", "/cost_pmpm"),
        ("members", "priya.natarajan", "/members"),
        ("data_operations", "ken.watanabe", "/data_operations"),
    ],
)
def test_each_page_in_each_theme(
    server: Server, page_as: Callable[..., Page], name: str, user: str, address: str, theme: str
) -> None:
    page = page_as(server, user, address, theme=theme)
    picture(page, f"{name}_{theme}")


@pytest.mark.parametrize("theme", THEMES)
def test_the_list_behind_a_number_one_member_and_a_definition(
    server: Server, page_as: Callable[..., Page], theme: str
) -> None:
    page = page_as(server, "priya.natarajan", "/ed_utilization", theme=theme)
    page.get_by_role("button", name="Definitions").click()
    expect(page.get_by_role("dialog").get_by_text("Divided by").first).to_be_visible()
    picture(page, f"definition_drawer_{theme}", whole=False)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Members", exact=True).first.click()
    page.wait_for_url(re.compile(r"/members\?"))
    settled(page)
    picture(page, f"members_drill_{theme}")
    page.set_viewport_size({"width": 1440, "height": 900})
    grid = page.get_by_test_id("stDataFrame").first
    grid.scroll_into_view_if_needed()
    box = grid.bounding_box()
    assert box is not None
    # The first row's box: a header of 38 px, then rows of 38 px.
    page.mouse.click(box["x"] + 16, box["y"] + 57)
    page.get_by_role("button", name="Open member").click()
    page.wait_for_url(re.compile(r"/member\?"))
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    settled(page)
    assert re.search(r"[?&]m=[\w-]{16,}", page.url), "a member's address is an opaque handle"
    picture(page, f"member_{theme}")


def test_the_sign_in_page_and_a_narrow_screen(
    server: Server, new_context: Callable[..., BrowserContext], page_as: Callable[..., Page]
) -> None:
    page = new_context().new_page()
    page.goto(server.address)
    expect(page.get_by_label("Username")).to_be_visible()
    settled(page)
    picture(page, "sign_in_light", whole=False)
    narrow = page_as(server, "priya.natarajan", "/ed_utilization", width=420)
    expect(narrow.get_by_test_id("stMetric")).to_have_count(4)
    settled(narrow)
    picture(narrow, "ed_utilization_narrow")


@pytest.mark.parametrize(
    ("name", "user", "address", "first", "last"),
    [
        # Each from the top of the section where an analyst sees it to the top of the next.
        ("truth_clinic_closed", "grace.okafor", "/ed_utilization?market=Harbor", "trend", "facilities"),
        ("truth_many_visits", "grace.okafor", "/ed_utilization", "frequent", "diagnoses"),
        ("truth_missing_file", "ken.watanabe", "/data_operations", "deliveries", "verdicts"),
    ],
)
def test_three_planted_truths_as_the_pages_show_them(
    server: Server, page_as: Callable[..., Page], name: str, user: str, address: str, first: str, last: str
) -> None:
    page = page_as(server, user, address)
    tall = int(page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight"))
    page.set_viewport_size({"width": 1440, "height": min(max(tall, 600), 7000)})
    settled(page)
    top = page.locator(f".st-key-head_{first}").bounding_box()
    bottom = page.locator(f".st-key-head_{last}").bounding_box()
    main = page.get_by_test_id("stMainBlockContainer").bounding_box()
    assert top is not None and bottom is not None and main is not None
    FOLDER.mkdir(parents=True, exist_ok=True)
    clip = {"x": main["x"], "y": top["y"] - 12, "width": main["width"], "height": bottom["y"] - top["y"] - 4}
    assert clip["height"] > 200, f"{last} is not below {first}"
    page.screenshot(path=FOLDER / f"{name}.png", animations="disabled", clip=clip)  # type: ignore[arg-type]
