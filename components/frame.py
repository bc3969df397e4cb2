"""What stands around every page: the line above the title, the title itself, the foot of page and sidebar."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from access.principal import Principal
from components import definitions, formats, navigation, sign_in
from components.asking import SNAPSHOT, Asking, pin
from components.definitions import Live
from components.filter_bar import Chosen
from components.theme import current_theme

LOGOS = {theme: Path(__file__).with_name(f"logo_{theme}.svg") for theme in ("light", "dark")}
# Payments known less recently than this, when the snapshot was built, are late.
LATE_AFTER = timedelta(days=62)


@dataclass(frozen=True)
class Crumb:
    """One step of the breadcrumb; a step without a page is plain words."""

    label: str
    page: str = ""
    parameters: Mapping[str, str] | None = None


class Head:
    """The top of a page, kept free while the filter bar is read and filled once the finding is known."""

    def __init__(self) -> None:
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
        """Breadcrumb at the left; data status and Definitions at the right."""
        with self._line:
            _breadcrumb(crumbs)
            with st.container(horizontal=True, width="content", gap="xsmall", key="page_tools"):
                data_status(asking, chosen)
                if metrics:
                    definitions.definitions_button(asking, metrics)


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


def data_status(asking: Asking, chosen: Chosen | None) -> None:
    """How far the data reaches: incurred to, paid through, in orange when late; opens to every feed."""
    feeds = asking.ask("shared/build")
    built = pd.to_datetime(feeds["built_at"]).max()
    counted = last_day(chosen.latest) if chosen else _latest(feeds, "incurred_through")
    paid = _latest(chosen.months if chosen else feeds, "paid_through")
    late = paid is not None and formats.known(built) and built.date() - paid > LATE_AFTER
    words = f"Incurred to {formats.day(counted)}"
    if paid is not None:
        same_year = counted is not None and counted.year == paid.year
        words += f", paid through {formats.short_day(paid) if same_year else formats.day(paid)}"
    icon = ":orange[:material/warning:]" if late else ":blue[:material/check_circle:]"
    with st.popover(f"{icon} {words}", key="data_status"):
        if late:
            st.markdown(
                f":orange[:material/warning: **Late.**] Payments are known through {formats.day(paid)} only; "
                f"the snapshot was built on {formats.day(built)}."
            )
        if chosen is not None and len(chosen.unfinished):
            st.markdown(unfinished_words(chosen))
        st.dataframe(
            feeds.assign(
                incurred_through=[formats.day(value) for value in feeds["incurred_through"]],
                paid_through=[formats.day(value) for value in feeds["paid_through"]],
            ),
            column_order=["feed", "incurred_through", "paid_through", "rows_quarantined"],
            column_config={
                "feed": "Feed",
                "incurred_through": "Incurred to",
                "paid_through": "Paid through",
                "rows_quarantined": st.column_config.NumberColumn("Rows set aside", format="localized"),
            },
            hide_index=True,
            key="data_status_feeds",
        )
        st.caption(f"Snapshot {asking.snapshot}, built {formats.clock(built)}")


def unfinished_words(chosen: Chosen) -> str:
    """'Months under 90% paid are not counted: Sep 82%, Oct 58%'."""
    parts = []
    for row in chosen.unfinished.itertuples():
        share = f" {formats.percent(row.completion)}" if formats.known(row.completion) else ""
        parts.append(f"{row.month:%b}{share}")
    if not parts:
        return "Every month shown is complete enough to count."
    return f"Months that are not paid to the contract's threshold are not counted: {', '.join(parts)}."


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
    return _latest(asking.ask("shared/build"), "incurred_through") or date.today()


def last_day(month: date) -> date:
    """The last day of a month."""
    following = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    return following - timedelta(days=1)


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


def _latest(frame: pd.DataFrame, column: str) -> date | None:
    known = pd.to_datetime(frame[column]).dropna()
    return known.max().date() if len(known) else None
