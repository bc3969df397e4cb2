"""A chart as a page draws it, and the small switch beside it."""

from __future__ import annotations

from typing import Any

import streamlit as st

from components import charts, tables


def draw_chart(chart: charts.Chart, key: str, tools: Any) -> tuple[Any, ...] | None:
    """Draw a chart with its words and its table; the mark that was selected, if any."""
    event = st.plotly_chart(
        chart.figure,
        theme=None,
        key=key,
        on_select="rerun",
        selection_mode="points",
        config=charts.PLOTLY_CONFIG,
        alt=chart.alt,
    )
    with tools:
        tables.behind_chart(chart, key)
    return charts.picked(event)


def switch(label: str, options: dict[str, str], key: str) -> str:
    """One of a few views of the same section, remembered for the session."""
    chosen = st.segmented_control(
        label,
        list(options),
        format_func=options.__getitem__,
        default=next(iter(options)),
        required=True,
        key=key,
        label_visibility="collapsed",
        persist_state="session",
    )
    return chosen or next(iter(options))
