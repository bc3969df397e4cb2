"""Grids of counts: facilities, what stands behind a chart, and the plain tables of the data page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

import queries
from components import charts, formats
from components.ed_figures import Target
from components.theme import current_theme, tokens

ROW_HEIGHT = 38
HEADER_HEIGHT = 36


def height_of(rows: int, most: int = 14) -> int:
    """Pixels of a grid that shows all its rows, or `most` of them."""
    return HEADER_HEIGHT + ROW_HEIGHT * max(1, min(rows, most))


def headings(question: str) -> dict[str, str]:
    """Heading by column of a question, for an export: the column's name as words, with its unit."""
    plain = {"count", "text", "id", "name", "-", "code", "words"}
    found: dict[str, str] = {}
    for name, column in queries.question(question).columns.items():
        words = name.replace("_", " ").capitalize()
        found[name] = words if column.unit in plain or column.unit in words else f"{words} ({column.unit})"
    return found


def facilities(shown: pd.DataFrame, target: Target) -> Mapping[str, Any] | None:
    """The facilities grid of `ed_figures.facilities`; the row that was clicked."""
    look = tokens(current_theme())
    display = shown.assign(rate_words=[formats.rate(value) for value in shown["rate"]])
    signals = list(shown["signal_key"])
    styled = display.style.apply(
        lambda _: [f"color: {look.signal_text(key)}" for key in signals], subset=["signal"], axis=0
    )
    goal = f"Target {formats.percent(target.value)}" if target.value is not None else " "
    event = st.dataframe(
        styled,
        column_order=[
            "facility",
            "visits",
            "trend",
            "rate_words",
            "avoidable",
            "interval",
            "signal",
            "followup",
            "followup_bar",
            "cost",
        ],
        column_config={
            "facility": st.column_config.TextColumn("Facility", width=188),
            "visits": st.column_config.NumberColumn("Visits", format="localized", width=60),
            "trend": st.column_config.ImageColumn("Trend", width=80),
            "rate_words": st.column_config.TextColumn("Per 1,000", width=80, alignment="right"),
            "avoidable": st.column_config.NumberColumn(
                "Avoidable-equiv.", format="percent", width=124, step=0.01
            ),
            "interval": st.column_config.ImageColumn("95%, market dashed", width=138),
            "signal": st.column_config.TextColumn("Signal", width=140),
            "followup": st.column_config.TextColumn("7-day follow-up", width=114, alignment="right"),
            "followup_bar": st.column_config.ImageColumn(goal, width=90),
            "cost": st.column_config.NumberColumn("Cost per visit", format="$%,.0f", width=96),
        },
        hide_index=True,
        row_height=ROW_HEIGHT,
        height=height_of(len(shown)),
        on_select="rerun",
        selection_mode="single-cell",
        key="facilities_table",
        alt="Facilities: visits, trend, rate, avoidable-equivalent share, follow-up and cost per visit",
    )
    return clicked(event, shown)


def pooled_facilities(parts: pd.DataFrame) -> Mapping[str, Any] | None:
    """The facilities inside the pool, counts only: too small to compare."""
    shown = parts.sort_values("visits", ascending=False)
    event = st.dataframe(
        shown,
        column_order=["facility_name", "visits", "allowed_per_visit"],
        column_config={
            "facility_name": st.column_config.TextColumn("Facility", width=320),
            "visits": st.column_config.NumberColumn("Visits", format="localized", width=80),
            "allowed_per_visit": st.column_config.NumberColumn("Cost per visit", format="$%,.0f", width=120),
        },
        hide_index=True,
        row_height=ROW_HEIGHT,
        height=height_of(len(shown), 8),
        on_select="rerun",
        selection_mode="single-cell",
        key="pooled_facilities",
    )
    return clicked(event, shown)


def clicked(event: Any, shown: pd.DataFrame) -> Mapping[str, Any] | None:
    """The row of the cell (or row) that was selected in a grid; None if nothing is, or it is out of range."""
    selection = getattr(event, "selection", None) or {}
    cells, rows = selection.get("cells") or [], selection.get("rows") or []
    at = cells[0][0] if cells else rows[0] if rows else None
    if not isinstance(at, int) or not 0 <= at < len(shown):
        return None
    return dict(shown.iloc[at])


def behind_chart(chart: charts.Chart, key: str) -> None:
    """The same numbers as a table, for those who read rather than look."""
    if chart.table is None or chart.table.empty:
        return
    with st.popover("Table", icon=":material/table:", type="tertiary", key=f"{key}_behind"):
        st.dataframe(
            chart.table,
            hide_index=True,
            row_height=ROW_HEIGHT,
            height=height_of(len(chart.table), 8),
            key=f"{key}_table",
        )


def plain(
    frame: pd.DataFrame,
    columns: Mapping[str, Any],
    *,
    key: str,
    most: int = 12,
    select: bool = False,
) -> Mapping[str, Any] | None:
    """A grid of counts with the given column headings (or column configurations), in order."""
    options: dict[str, Any] = {"on_select": "rerun", "selection_mode": "single-cell"} if select else {}
    event = st.dataframe(
        frame,
        column_order=[name for name in columns if name in frame],
        column_config=dict(columns),
        hide_index=True,
        row_height=ROW_HEIGHT,
        height=height_of(len(frame), most),
        key=key,
        **options,
    )
    return clicked(event, frame) if select else None


def styled(
    frame: pd.DataFrame,
    style: Any,
    columns: Mapping[str, Any],
    *,
    key: str,
    alt: str,
    select: bool = False,
) -> Mapping[str, Any] | None:
    """A grid of words whose cells are coloured by `style` (frame in, CSS by cell out); the row selected."""
    options: dict[str, Any] = {"on_select": "rerun", "selection_mode": "single-cell"} if select else {}
    event = st.dataframe(
        frame.style.apply(style, axis=None),
        column_order=list(columns),
        column_config=dict(columns),
        hide_index=True,
        row_height=ROW_HEIGHT,
        height=height_of(len(frame)),
        key=key,
        alt=alt,
        **options,
    )
    return clicked(event, frame) if select else None


def dates_in_words(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """The frame with these dates written as people write them."""
    return frame.assign(
        **{name: [formats.day(value) for value in frame[name]] for name in columns if name in frame}
    )
