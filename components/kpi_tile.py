"""The tile of one key figure: its value, how it moved, its twelve months, and its
interval against the target.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import streamlit as st

from components import definitions, formats
from components.asking import Asking
from components.definitions import Live

Signal = Literal["improving", "worsening", "none", "not_tested"]


@dataclass(frozen=True)
class Tile:
    """What a tile shows, all in words already.

    delta: "−32 on prior year", empty where there is nothing to compare. falling: which way the value went.
    strip: an SVG data URI; strip_alt: the same in words. note: markdown under the strip. key: where two
    tiles show the same metric.
    """

    label: str
    metric_id: str
    value: str
    delta: str
    signal: Signal
    falling: bool
    strip: str
    strip_alt: str
    note: str
    live: Live
    key: str = ""


def kpi_row(asking: Asking, tiles: list[Tile]) -> None:
    """Four bordered tiles side by side; they wrap on a narrow screen."""
    grid = st.grid(4, gap="small", min_column_width=220, key="kpi_row")
    for tile in tiles:
        with (
            grid.cell(),
            st.container(
                border=True, gap="xsmall", height="stretch", key=f"tile_{tile.key or tile.metric_id}"
            ),
        ):
            _draw(asking, tile)


def _draw(asking: Asking, tile: Tile) -> None:
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", wrap=False
    ):
        st.markdown(f"**{tile.label}**", width="stretch")
        definitions.info_button(
            asking, tile.metric_id, tile.live, key=f"tile_{tile.key or tile.metric_id}", what=tile.label
        )
    options: dict[str, Any] = {}
    if tile.delta:
        icon = formats.signal_icon(tile.signal, falling=tile.falling)
        options = {"delta": f"{icon} {tile.delta}", "delta_color": formats.signal_colour(tile.signal)}
    st.metric(tile.label, tile.value, label_visibility="collapsed", delta_arrow="off", **options)
    if tile.strip:
        st.image(tile.strip, alt=tile.strip_alt, width="stretch")
    # Two dollar signs in a line would be read as a formula.
    st.caption(tile.note.replace("$", "\\$"))
