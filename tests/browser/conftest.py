"""A real server, a real Chromium and signed-in sessions for the browser tests.

Each test process has one browser and one server of its own on a free port; a test that needs a cold server
starts another.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

# The tests of this folder share modules that are no part of the product.
sys.path.insert(0, str(Path(__file__).parent))
from chromium import FLAGS, chromium_path  # noqa: E402
from driving import Server, open_as, start_server  # noqa: E402


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=str(chromium_path()), args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def server(demo_warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The demo market, served."""
    running = start_server(demo_warehouse, tmp_path_factory.mktemp("server"))
    yield running
    running.stop()


@pytest.fixture(scope="session")
def tuva_server(tuva_warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The ten people of the Tuva files, served."""
    running = start_server(tuva_warehouse, tmp_path_factory.mktemp("tuva_server"))
    yield running
    running.stop()


@pytest.fixture
def cold_server(demo_warehouse: Path, tmp_path: Path) -> Iterator[Server]:
    """A server nobody has spoken to yet."""
    running = start_server(demo_warehouse, tmp_path / "cold")
    yield running
    running.stop()


@pytest.fixture
def own_warehouse(demo_warehouse: Path, tmp_path: Path) -> Path:
    """A copy of the demo warehouse that a test may publish to."""
    copy = tmp_path / "warehouse"
    shutil.copytree(demo_warehouse, copy)
    return copy


@pytest.fixture(scope="session")
def _kept_contexts(browser: Browser) -> Iterator[dict[tuple[str, str, str], BrowserContext]]:
    kept: dict[tuple[str, str, str], BrowserContext] = {}
    yield kept
    for context in kept.values():
        context.close()


@pytest.fixture
def page_as(
    browser: Browser, _kept_contexts: dict[tuple[str, str, str], BrowserContext]
) -> Iterator[Callable[..., Page]]:
    """`page_as(server, username, path)`: a tab of that person's browser, kept warm between tests.

    A new context would fetch and compile all of Streamlit's scripts again: seconds for every test.
    """
    opened: list[Page] = []

    def make(
        server: Server,
        username: str,
        path: str = "/",
        *,
        theme: str = "light",
        width: int = 1440,
        height: int = 900,
    ) -> Page:
        key = (server.address, username, theme)
        if key not in _kept_contexts:
            _kept_contexts[key] = context_of(browser, theme=theme)
        page = _kept_contexts[key].new_page()
        page.set_viewport_size({"width": width, "height": height})
        opened.append(page)
        return open_as(page, server, username, path)

    yield make
    for page in opened:
        page.close()


@pytest.fixture
def new_context(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Makes browser contexts (cookies of their own), closed after the test."""
    contexts: list[BrowserContext] = []

    def make(*, theme: str = "light", width: int = 1440, height: int = 900) -> BrowserContext:
        context = context_of(browser, theme=theme, width=width, height=height)
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()


def context_of(
    browser: Browser, *, theme: str = "light", width: int = 1440, height: int = 900
) -> BrowserContext:
    """A browser context with cookies of its own."""
    return browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if theme == "dark" else "light",
        reduced_motion="reduce",
        locale="en-US",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest test starts first: begun last, it would run alone while the other processes wait."""
    items.sort(key=lambda item: "test_many_sessions" not in item.nodeid)
