"""A market leader of one market gets no row of another: by filter, address, drill, forged selection or export."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from driving import Server, cookie_of
from playwright.sync_api import BrowserContext, Page, expect
from speaking import Session

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("server")]


@pytest.fixture
def elsewhere(demo_warehouse: Path, read_snapshot: Callable[..., Any]) -> dict[str, set[str]]:
    """Names, facilities' visits and practices that exist outside Priya Natarajan's market, Harbor."""
    rows = read_snapshot(demo_warehouse)
    names = {
        f"{last}, {first}"
        for last, first in rows.execute(
            """select last_name, first_name from mart.member where market_id <> 'harbor'
               except select last_name, first_name from mart.member where market_id = 'harbor'"""
        ).fetchall()
    }
    practices = {
        row[0]
        for row in rows.execute(
            """select distinct practice_name from mart.member_month where market_id <> 'harbor'
               except select distinct practice_name from mart.member_month where market_id = 'harbor'"""
        ).fetchall()
        if row[0]
    }
    return {"names": names, "practices": practices}


@pytest.fixture
def harbor_page(server: Server, page_as: Callable[..., Page]) -> Page:
    return page_as(server, "priya.natarajan", "/members")


@pytest.mark.parametrize(
    "address",
    [
        "/members?market=Millbrook",
        "/members?show=ed/visits&count=rows&market_id=millbrook&disposition=treated_and_released",
        "/members?show=ed/visit_members&count=persons&market_id=prairie",
        "/members?show=ed/visits&count=rows&practice_name={practice}",
        "/members?show=members/enrolled&count=persons&market_id=millbrook",
        "/members?show=ed/visits&count=rows&person_id=1",
        "/ed_utilization?market=Millbrook",
        "/ed_utilization?contract=nowhere&team=' or 1=1 --",
        "/member?m=1",
    ],
)
def test_no_address_brings_a_row_of_another_market(
    server: Server, new_context: Callable[..., BrowserContext], elsewhere: dict[str, set[str]], address: str
) -> None:
    practice = sorted(elsewhere["practices"])[0]
    page, _, query = address.replace("{practice}", practice).removeprefix("/").partition("?")
    cookie = cookie_of(new_context().new_page(), server, "priya.natarajan")
    with Session(server.address, cookie) as session:
        text = session.show(page, query)
        held = text + "\n".join(session.rows)
    for name in sorted(elsewhere["names"]):
        assert name not in held, f"{name} of another market was sent to the browser"
    for other in elsewhere["practices"] - {practice}:
        assert other not in held, f"{other} of another market was sent to the browser"
    assert practice not in "\n".join(session.rows)


def test_the_market_itself_is_sent(server: Server, new_context: Callable[..., BrowserContext]) -> None:
    cookie = cookie_of(new_context().new_page(), server, "priya.natarajan")
    with Session(server.address, cookie) as session:
        session.show("members", "")
        assert len(session.rows) > 20, "no member was sent, so the tests beside this one show nothing"


def test_the_options_of_every_filter_are_of_the_market_alone(
    harbor_page: Page, elsewhere: dict[str, set[str]]
) -> None:
    for label in ("Market", "PCP", "Care team"):
        box = harbor_page.get_by_role("combobox", name=label).first
        box.click()
        options = harbor_page.get_by_role("option")
        expect(options.first).to_be_visible()
        text = "\n".join(options.all_inner_texts())
        for other in ("Millbrook", "Prairie"):
            assert other not in text, f"{label} offers {other}"
        harbor_page.keyboard.press("Escape")


def test_an_export_holds_the_market_alone(
    harbor_page: Page, elsewhere: dict[str, set[str]], tmp_path: Path
) -> None:
    harbor_page.get_by_role("button", name="Export").first.click()
    with harbor_page.expect_download() as arriving:
        harbor_page.get_by_role("button", name="CSV").click()
    file = tmp_path / arriving.value.suggested_filename
    arriving.value.save_as(file)
    text = read_export(file)
    assert text.count("\n") > 100, "the export is empty, so it shows nothing"
    for name in sorted(elsewhere["names"]):
        assert name not in text, f"{name} of another market is in the export"


def read_export(file: Path) -> str:
    """The text of an export, whether it is a CSV or a zip of a CSV and its definitions."""
    import zipfile

    if file.suffix == ".zip":
        with zipfile.ZipFile(file) as archive:
            return "\n".join(archive.read(name).decode("utf-8-sig") for name in archive.namelist())
    return file.read_text("utf-8-sig")
