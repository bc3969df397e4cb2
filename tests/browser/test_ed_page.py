"""The ED page in a browser: what it says, that every mark opens what it counted, and how it is reached by keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from driving import Server, settled
from playwright.sync_api import Locator, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("server")]


@pytest.fixture
def ed_page(server: Server, page_as: Callable[..., Page]) -> Page:
    return page_as(server, "grace.okafor", "/ed_utilization", height=1400)


def whole_number(text: str) -> int:
    return int(text.replace(",", ""))


def agreement(page: Page) -> tuple[int, int]:
    """'508 visits here, 508 in the chart' as (508, 508)."""
    line = page.get_by_text(re.compile(r"[\d,]+ [a-z ]+ here, [\d,]+ in the chart"))
    expect(line.first).to_be_visible()
    found = re.search(r"([\d,]+) [a-z ]+ here, ([\d,]+) in the chart", line.first.inner_text())
    assert found is not None
    return whole_number(found[1]), whole_number(found[2])


def click_mark(page: Page, chart: Locator, marks: str) -> None:
    """Click the first drawn mark of a chart that answers a click."""
    chart.scroll_into_view_if_needed()
    mark = chart.locator(marks).first
    expect(mark).to_be_attached()
    box = mark.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def test_its_title_is_a_finding_and_every_tile_has_a_number_an_interval_and_a_target(ed_page: Page) -> None:
    title = ed_page.get_by_role("heading", level=1).inner_text()
    assert re.search(r"ED use|usual variation|Too few", title), f"the title is no finding: {title!r}"
    metrics = ed_page.get_by_test_id("stMetric")
    expect(metrics).to_have_count(4)
    text = ed_page.get_by_test_id("stMain").inner_text()
    assert re.search(r"treated and released, [\d,]+ visits over [\d,]+ member-months", text)
    assert len(re.findall(r"95%\s+[\d.]+%? to [\d.,]+%?", text)) >= 3, "a tile lacks its interval"
    assert "target" in text
    assert "NaN" not in text and "None%" not in text


@pytest.mark.parametrize(
    ("chart", "marks"),
    [
        ("funnel_chart", ".scatterlayer .trace .points path"),
        ("class_chart", ".barlayer .trace .points path"),
        ("diagnosis_chart", ".barlayer .trace .points path"),
        ("trend_chart", ".scatterlayer .trace .points path"),
    ],
)
def test_a_mark_opens_exactly_what_it_counted(ed_page: Page, chart: str, marks: str) -> None:
    click_mark(ed_page, ed_page.locator(f".st-key-{chart}"), marks)
    ed_page.wait_for_url(re.compile(r"/members\?"))
    settled(ed_page)
    here, there = agreement(ed_page)
    assert here == there > 0
    assert "person" not in ed_page.url, "an address names a person"


def select_row(page: Page, grid: Locator, row: int) -> None:
    """Tick a row's box: a header of 38 px, then rows of 38 px."""
    grid.scroll_into_view_if_needed()
    box = grid.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 16, box["y"] + 57 + 38 * row)


def test_back_restores_the_page_a_list_was_opened_from(ed_page: Page) -> None:
    ed_page.get_by_role("button", name="Members", exact=True).first.click()
    ed_page.wait_for_url(re.compile(r"/members\?"))
    settled(ed_page)
    here, there = agreement(ed_page)
    assert here == there > 0
    ed_page.go_back()
    expect(ed_page.get_by_test_id("stMetric")).to_have_count(4)


def test_a_hospital_of_the_pool_opens_its_visits_and_without_its_chip_there_are_more(ed_page: Page) -> None:
    ed_page.get_by_text(re.compile(r"Open the pool")).click()
    settled(ed_page)
    select_row(ed_page, ed_page.locator(".st-key-pooled_facilities"), 0)
    ed_page.wait_for_url(re.compile(r"/members\?.*facility"))
    settled(ed_page)
    here, there = agreement(ed_page)
    assert here == there > 0
    ed_page.locator(".st-key-chips").get_by_role("button", name=re.compile("^Facility")).click()
    expect(ed_page).not_to_have_url(re.compile("facility"))
    settled(ed_page)
    assert listed(ed_page) > here, "without the hospital's chip there are no more visits"


def listed(page: Page) -> int:
    """How many visits a list says it shows."""
    line = page.get_by_text(re.compile(r"[\d,]+ visits here")).first
    expect(line).to_be_visible()
    found = re.search(r"([\d,]+) visits here", line.inner_text())
    assert found is not None
    return whole_number(found[1])


def test_the_definition_drawer_says_how_the_number_is_made(ed_page: Page) -> None:
    ed_page.get_by_role("button", name="Definitions").click()
    drawer = ed_page.get_by_role("dialog")
    expect(drawer).to_be_visible()
    for part in ("Counted", "Divided by", "Interval", "Maturity", "Source", "Snapshot"):
        expect(drawer.get_by_text(part, exact=True).first).to_be_visible()
    expect(drawer.get_by_text(re.compile(r"12,000")).first).to_be_visible()
    ed_page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()


def test_the_filters_are_in_the_address_and_follow_to_the_next_page(ed_page: Page) -> None:
    ed_page.get_by_role("combobox", name=re.compile("Market")).click()
    ed_page.get_by_role("option", name="Harbor").click()
    settled(ed_page)
    expect(ed_page).to_have_url(re.compile(r"market=Harbor"))
    ed_page.get_by_test_id("stSidebar").get_by_role("link", name="Members").click()
    expect(ed_page.get_by_role("heading", level=1)).to_contain_text("members")
    settled(ed_page)
    expect(ed_page.get_by_role("combobox", name=re.compile("Market"))).to_have_value(re.compile("Harbor|^$"))
    assert "Harbor" in ed_page.get_by_test_id("stMain").inner_text()


def test_the_keyboard_reaches_every_control_in_the_order_of_the_screen(ed_page: Page) -> None:
    reached: list[str] = []
    for _ in range(60):
        ed_page.keyboard.press("Tab")
        reached.append(
            ed_page.evaluate(
                "() => (document.activeElement.getAttribute('aria-label') || document.activeElement.innerText || '').trim()"
            )
        )
    for control in ("Market", "Contract", "12 months", "Reset"):
        assert any(control in name for name in reached), f"Tab does not reach {control}: {reached}"


def test_at_a_phones_width_nothing_is_cut_off_sideways(server: Server, page_as: Callable[..., Page]) -> None:
    page = page_as(server, "grace.okafor", "/ed_utilization", width=420)
    expect(page.get_by_test_id("stMetric")).to_have_count(4)
    overflow = page.evaluate(
        """() => { const main = document.querySelector('[data-testid=stMain]');
                   return main.scrollWidth - main.clientWidth }"""
    )
    assert overflow <= 1, f"the page scrolls sideways by {overflow} px"
