"""axe finds no serious or critical violation on any page, in either theme."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from driving import Server, settled
from playwright.sync_api import BrowserContext, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("server")]

# Inside Streamlit's own widgets, which we neither write nor can change; each with what is meant to fix it.
OF_STREAMLIT: dict[str, str] = {
    "list": "the sidebar's sections: st.navigation puts a div for each between its ul and their li",
    "listitem": "the same divs, seen from the li",
}


def violations(page: object) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [
        f"{rule['id']} ({rule['impact']}): {rule['help']}\n    "
        + "\n    ".join(str(node["html"])[:200] for node in rule["nodes"][:4])
        for rule in found
        if rule["impact"] in ("serious", "critical") and rule["id"] not in OF_STREAMLIT
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("address", ["ed_utilization", "cost_pmpm", "members", "member", "data_operations"])
def test_no_serious_or_critical_violation(
    server: Server, page_as: Callable[..., Page], address: str, theme: str
) -> None:
    page = page_as(server, "grace.okafor", f"/{address}", theme=theme)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    settled(page)
    found = violations(page)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_sign_in_page_has_none(
    server: Server, new_context: Callable[..., BrowserContext], theme: str
) -> None:
    page = new_context(theme=theme).new_page()
    page.goto(server.address)
    expect(page.get_by_label("Username")).to_be_visible()
    settled(page)
    found = violations(page)
    assert not found, "\n".join(found)
