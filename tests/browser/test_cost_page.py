"""The cost page in a browser: from a benchmark through a step of the waterfall to members, their claims and one
member, with the same dollars all the way.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from driving import Server, settled
from playwright.sync_api import Locator, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("server")]

DOLLARS = r"−?\$[\d,]+(?:\.\d\d)?"
BARS = ".barlayer .trace .points path"
STEPS = (
    "membership_mix", "risk_mix", "utilisation", "service_mix", "unit_price", "large_claimants", "estimated",
)  # fmt: skip


@pytest.fixture
def cost_page(server: Server, page_as: Callable[..., Page]) -> Page:
    return page_as(server, "grace.okafor", "/cost_pmpm?compare=Budget", height=1400)


def cents(text: str) -> int:
    """'−$1,234.56' as −123456."""
    number = text.replace("$", "").replace(",", "").replace("−", "-")
    return round(float(number) * 100)


def sums_agree(page: Page, words: str = "in the chart") -> int:
    """The dollars of '$1,234.56 here, $1,234.56 in the chart', in cents; they must be the same."""
    line = page.get_by_text(re.compile(rf"{DOLLARS} here, {DOLLARS} {words}")).first
    expect(line).to_be_visible()
    found = re.search(rf"({DOLLARS}) here, ({DOLLARS}) {words}", line.inner_text())
    assert found is not None
    assert cents(found[1]) == cents(found[2]), line.inner_text()
    return cents(found[1])


def click_bar(page: Page, chart: Locator, bar: int) -> None:
    chart.scroll_into_view_if_needed()
    mark = chart.locator(BARS).nth(bar)
    expect(mark).to_be_attached()
    box = mark.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def click_cell(page: Page, grid: Locator, row: int, *, across: float = 0.1) -> None:
    """Select a cell of a grid: a header of 38 px, then rows of 38 px."""
    grid.scroll_into_view_if_needed()
    expect(grid.locator("canvas").first).to_be_visible()
    box = grid.locator("[data-testid=stDataFrame]").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] * across, box["y"] + 57 + 38 * row)


def test_its_title_is_a_finding_and_the_key_figures_stand_on_a_stated_basis(cost_page: Page) -> None:
    title = cost_page.get_by_role("heading", level=1).inner_text()
    assert re.search(r"^Cost .*(above|below|level|within)", title), f"the title is no finding: {title!r}"
    expect(cost_page.get_by_test_id("stMain").locator(".st-key-kpi_row").get_by_test_id("stMetric")).to_have_count(4)
    text = cost_page.get_by_test_id("stMain").inner_text()
    assert re.search(rf"95%\s+{DOLLARS} to {DOLLARS}", text), "completed PMPM has no interval"
    assert text.count("Allowed, not truncated, with pharmacy") >= 6, "a chart does not say its basis"
    assert "Unexplained residual: $0.00" in text
    assert "NaN" not in text and "None%" not in text and "nan" not in text.split()


def test_from_a_benchmark_through_a_step_to_members_claims_and_one_member(cost_page: Page) -> None:
    waterfall = cost_page.locator(".st-key-waterfall_chart")
    click_bar(cost_page, waterfall, STEPS.index("unit_price"))
    details = cost_page.locator(".st-key-step_unit_price")
    expect(details).to_be_visible()
    settled(cost_page)
    click_cell(cost_page, details, 0)
    cost_page.wait_for_url(re.compile(r"/members\?"))
    settled(cost_page)
    assert "person" not in cost_page.url, "an address names a person"
    of_members = sums_agree(cost_page)
    assert of_members != 0
    # The same dollars as claims.
    cost_page.get_by_test_id("stMain").get_by_role("radio", name="Claims").or_(
        cost_page.get_by_test_id("stMain").get_by_role("button", name="Claims", exact=True)
    ).first.click()
    settled(cost_page)
    assert sums_agree(cost_page) == of_members
    heading = cost_page.get_by_role("heading", level=1).inner_text()
    found = re.search(DOLLARS, heading)
    assert found is not None and cents(found[0]) == of_members, heading
    # One member of the list, her claims, and her page.
    cost_page.get_by_test_id("stMain").get_by_role("radio", name="Members").or_(
        cost_page.get_by_test_id("stMain").get_by_role("button", name="Members", exact=True)
    ).first.click()
    settled(cost_page)
    grid = cost_page.locator("[class*='st-key-cost_Members']").first
    grid.scroll_into_view_if_needed()
    box = grid.locator("[data-testid=stDataFrame]").bounding_box()
    assert box is not None
    cost_page.mouse.click(box["x"] + 16, box["y"] + 57)
    expect(cost_page.get_by_role("heading", name=re.compile("^Claims of "))).to_be_visible()
    settled(cost_page)
    of_one = sums_agree(cost_page, "in the row above")
    assert 0 < of_one <= of_members
    name = cost_page.get_by_role("heading", name=re.compile("^Claims of ")).inner_text().removeprefix("Claims of ")
    cost_page.get_by_role("button", name="Open member").click()
    cost_page.wait_for_url(re.compile(r"/member\b"))
    settled(cost_page)
    last_name = name.split(",")[0]
    assert last_name in cost_page.get_by_role("heading", level=1).inner_text()


@pytest.mark.parametrize(
    ("chart", "bar"), [("category_chart", 0), ("drug_chart", 0), ("leakage_specialty_chart", 0)]
)
def test_a_bar_opens_the_members_behind_its_dollars(cost_page: Page, chart: str, bar: int) -> None:
    click_bar(cost_page, cost_page.locator(f".st-key-{chart}"), bar)
    cost_page.wait_for_url(re.compile(r"/members\?"))
    settled(cost_page)
    assert sums_agree(cost_page) != 0


def test_the_basis_is_remembered_on_the_way_and_printed(cost_page: Page) -> None:
    main = cost_page.get_by_test_id("stMain")
    main.locator(".st-key-basis_bar").get_by_text("Paid", exact=True).click()
    settled(cost_page)
    expect(cost_page).to_have_url(re.compile("=Paid|=paid"))
    expect(main.get_by_text(re.compile(r"^Paid, not truncated, with pharmacy")).first).to_be_visible()
    cost_page.get_by_test_id("stSidebar").get_by_role("link", name="ED utilization").click()
    expect(cost_page.get_by_role("heading", level=1)).to_contain_text(re.compile("ED use|variation|Too few"))
    settled(cost_page)
    cost_page.get_by_test_id("stSidebar").get_by_role("link", name="Cost PMPM").click()
    expect(main.get_by_text(re.compile(r"^Paid, not truncated, with pharmacy")).first).to_be_visible()


def test_at_a_phones_width_nothing_is_cut_off_sideways(server: Server, page_as: Callable[..., Page]) -> None:
    page = page_as(server, "grace.okafor", "/cost_pmpm", width=420)
    expect(page.get_by_test_id("stMain").locator(".st-key-kpi_row").get_by_test_id("stMetric")).to_have_count(4)
    overflow = page.evaluate(
        """() => { const main = document.querySelector('[data-testid=stMain]');
                   return main.scrollWidth - main.clientWidth }"""
    )
    assert overflow <= 1, f"the page scrolls sideways by {overflow} px"
