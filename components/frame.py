"""What stands around every page: the line above the title, the title itself, the foot of page and sidebar."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import streamlit as st

from access.principal import Principal
from components import definitions, navigation, sign_in
from components.asking import SNAPSHOT, Asking, pin
from components.data_status import data_status, last_day, latest_day, unfinished_words
from components.definitions import Live
from components.filter_bar import Chosen
from components.theme import current_theme

__all__ = [
    "Crumb", "Head", "asking_now", "data_end", "data_status", "footer", "last_day", "ruled", "section_head",
    "sidebar_foot", "snapshot_words", "start", "unfinished_words",
]  # fmt: skip
LOGOS = {theme: Path(__file__).with_name(f"logo_{theme}.svg") for theme in ("light", "dark")}


@dataclass(frozen=True)
class Crumb:
    """One step of the breadcrumb; a step without a page is plain words."""

    label: str
    page: str = ""
    parameters: Mapping[str, str] | None = None


class Head:
    """The top of a page, kept free while the filter bar is read and filled once the finding is known."""

    def __init__(self) -> None:
        demo_banner()
        self._line = st.container(
            horizontal=True,
            vertical_alignment="center",
            horizontal_alignment="distribute",
            gap="xsmall",
            key="page_line",
        )
        self._title = st.container(gap="xxsmall", key="page_title")

    def title(self, title: str, subtitle: str) -> None:
        """The finding, and one sentence under it."""
        with self._title:
            st.title(title, anchor=False)
            st.markdown(f":gray[:small[{subtitle}]]")

    def line(
        self, asking: Asking, crumbs: list[Crumb], chosen: Chosen | None, metrics: Mapping[str, Live]
    ) -> None:
        """Breadcrumb at the left; data status and Definitions at the right. `metrics`: those the page shows;
        the pill tells what affects them.
        """
        with self._line:
            _breadcrumb(crumbs)
            with st.container(horizontal=True, width="content", gap="xsmall", key="page_tools"):
                data_status(asking, chosen, metrics)
                if metrics:
                    definitions.definitions_button(asking, metrics)


def demo_banner() -> None:
    """Says, above all else, that the people are not real: where the demo's users may sign in."""
    if sign_in.demo_mode():
        with st.container(key="demo_banner"):
            st.markdown(
                ":gray-badge[:material/science: Demo] :gray[:small[A made-up market. "
                "No person, provider or payer on these pages exists.]]"
            )


@contextmanager
def ruled() -> Iterator[None]:
    """What is drawn inside stands above a thin line: the filter bar, the chips."""
    with st.container(gap=None):
        yield
        st.divider()


def start() -> Asking:
    """Every page's first line: who is asking, of the newest snapshot, pinned for this run.
    Raises NoWarehouse.
    """
    return pin(sign_in.require_principal())


def asking_now() -> Asking:
    """Who is asking, of the snapshot this run is pinned to; asked anew, so that an ended
    session ends here.
    """
    return Asking(sign_in.require_principal(), st.session_state[SNAPSHOT])


def footer(asking: Asking, basis: str = "Claims basis: allowed") -> None:
    """Snapshot, basis, the member-month rule; and that the people are not real, where they are not."""
    feeds = asking.ask("shared/build")
    st.divider()
    with st.container(horizontal=True, horizontal_alignment="distribute", key="page_foot"):
        st.caption(
            f"Snapshot {snapshot_words(asking.snapshot)}&emsp;{basis}&emsp;"
            "A month counts if enrolled on any day of it",
            width="content",
        )
        if feeds["feed"].astype(str).str.contains("demo|synthetic", case=False).any() or sign_in.demo_mode():
            st.caption("Synthetic demo data", width="content")


def snapshot_words(snapshot: str) -> str:
    """'2026-11-20 06:10' of a snapshot's name; the name itself where it is another kind."""
    if len(snapshot) >= 17 and snapshot[10] == "T" and snapshot[11:15].isdigit():
        return f"{snapshot[:10]} {snapshot[11:13]}:{snapshot[13:15]}"
    return snapshot


def sidebar_foot(principal: Principal) -> None:
    """At the sidebar's foot: who is signed in, as what, and the way out."""
    st.logo(LOGOS[current_theme()].read_text(), size="large")
    with st.sidebar, st.container(key="sidebar_foot", gap="xxsmall"):
        st.markdown(f":small[{principal.name}]")
        st.caption(sign_in.role_words(principal))
        sign_in.sign_out_button()


def section_head(
    finding: str,
    population: str,
    *,
    asking: Asking,
    metric_id: str = "",
    live: Live | None = None,
    key: str,
) -> Any:
    """A section's finding and its muted line; returns the container at its right for the
    section's actions.
    """
    # The actions stand in the upper line: a grid's own tools appear just above it, over the lower one.
    with st.container(
        horizontal=True, vertical_alignment="top", horizontal_alignment="distribute", key=f"head_{key}"
    ):
        with st.container(gap="xxsmall", width="stretch", key=f"words_{key}"):
            st.subheader(finding, anchor=False)
            st.markdown(f":gray[:small[{population}]]")
        tools = st.container(horizontal=True, width="content", gap="xsmall", vertical_alignment="center")
    if metric_id:
        with tools:
            definitions.info_button(asking, metric_id, live or Live(), key=key, what=finding)
    return tools


def data_end(asking: Asking) -> date:
    """The data's last day: what "now" means for a list of members."""
    return latest_day(asking.ask("shared/build"), "incurred_through") or date.today()


def _breadcrumb(crumbs: list[Crumb]) -> None:
    with st.container(
        horizontal=True, width="content", vertical_alignment="center", gap="xsmall", key="crumbs"
    ):
        for at, crumb in enumerate(crumbs):
            if at:
                st.markdown(":gray[/]", width="content")
            if crumb.page:
                navigation.link(crumb.page, crumb.label, crumb.parameters)
            elif at == len(crumbs) - 1:
                st.markdown(f"**{crumb.label}**", width="content")
            else:
                st.markdown(f":gray[{crumb.label}]", width="content")
