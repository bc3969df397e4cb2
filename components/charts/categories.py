"""Cost by service category: bars against their comparison, and the heat map of categories by group."""

from __future__ import annotations

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from components import formats
from components.charts.frame import (
    CHARACTER,
    HALF_HEIGHT,
    SHAPES,
    SIZES,
    Chart,
    canvas,
    contrast,
    drawn_once,
    empty,
    escape,
    finish,
    nice_ticks,
    readable_on,
    shorten,
    strong,
    wrap,
)
from components.theme import ThemeType, Tokens

ROW = 42
# A cell of fewer member-months is printed and not coloured: its colour would be chance.
FEWEST_MONTHS = 1_000
FULL_COLOUR = 0.2
LEGIBLE = 4.5  # WCAG 2.2, 1.4.3


@drawn_once
def category_bars(
    frame: pd.DataFrame,
    *,
    theme: ThemeType = "light",
    comparison: str = "Benchmark",
    height: int = HALF_HEIGHT,
) -> Chart:
    """One bar per category with its 95% whisker, a tick at what it is compared with, and the gap with its
    signal. `frame`, in order: category, pmpm, low, high, reference, gap, signal (reference and gap may be
    missing). customdata (category,)."""
    columns = ["Category", "PMPM", "95% interval", comparison, "Gap", "Signal"]
    if frame.empty or not (frame["pmpm"].fillna(0) != 0).any():
        return empty(theme, height, "No dollars in this selection", columns)
    rows = list(range(len(frame)))[::-1]
    names = [formats.category(name) for name in frame["category"]]
    left = int(min(max(len(name) for name in names) * CHARACTER + 14, 150))
    compared = bool(frame["gap"].notna().any())
    figure, look = canvas(theme, height, margin={"l": left, "r": 96 if compared else 60, "t": 34, "b": 30})
    values = frame["pmpm"].astype(float)
    most = float(pd.concat([values, frame["reference"].astype(float), frame["high"].astype(float)]).max())
    figure.add_trace(
        go.Bar(
            orientation="h",
            x=values,
            y=rows,
            width=0.44,
            marker={"color": look.categorical[0]},
            customdata=[[name] for name in frame["category"]],
            hovertext=[_hover(row, comparison) for row in frame.itertuples()],
            hovertemplate="%{hovertext}<extra></extra>",
            name="Categories",
        )
    )
    _whiskers(figure, look, frame, rows)
    ticks: dict[str, list[Any]] = {"x": [], "y": []}
    for row, value in zip(rows, frame["reference"], strict=True):
        if formats.known(value):
            ticks["x"] += [value, value, None]
            ticks["y"] += [row - 0.34, row + 0.34, None]
    for colour, width in ((look.background, 5.6), (look.text, 2.6)):
        figure.add_trace(
            go.Scatter(mode="lines", line={"color": colour, "width": width}, hoverinfo="skip", **ticks)
        )
    if compared:
        _gaps(figure, look, frame, rows)
        figure.add_annotation(
            text=f"▏{escape(comparison)}",
            xref="paper",
            x=0,
            xanchor="left",
            yref="paper",
            y=1,
            yanchor="bottom",
            yshift=6,
            font={"color": look.muted},
        )
    else:
        for row, value in zip(rows, values, strict=True):
            figure.add_annotation(
                xref="paper", x=1.02, xanchor="left", y=row, text=strong(formats.money(value))
            )
    grid = nice_ticks(0, most * 1.04, 4)
    figure.update_xaxes(
        range=[0, most * 1.04],
        showgrid=True,
        tickvals=grid,
        ticktext=[f"${formats.number(tick)}" for tick in grid],
    )
    figure.update_yaxes(
        range=[-0.6, len(frame) - 0.4],
        showgrid=False,
        tickvals=rows,
        ticktext=[escape(name) for name in names],
        tickfont={"color": look.text},
        ticklabelstandoff=6,
    )
    table = pd.DataFrame(
        [
            [
                name,
                formats.money(row.pmpm),
                formats.money_range(row.low, row.high),
                formats.money(row.reference),
                formats.signed_money(row.gap),
                formats.signal_text(row.signal),
            ]
            for name, row in zip(names, frame.itertuples(), strict=True)
        ],
        columns=columns,
    )
    said = "; ".join(
        f"{name} {formats.money(row.pmpm)}"
        + (f", {formats.signed_money(row.gap)}" if formats.known(row.gap) else "")
        + (
            f" ({formats.signal_text(row.signal)[2:].lower()})"
            if row.signal in ("improving", "worsening")
            else ""
        )
        for name, row in zip(names, frame.itertuples(), strict=True)
    )
    against = f", gap to {comparison}" if compared else ""
    return Chart(finish(figure), f"Bars of PMPM by service category{against}. {said}.", table)


@drawn_once
def cost_heat(
    frame: pd.DataFrame,
    *,
    theme: ThemeType = "light",
    comparison: str = "prior year",
    height: int | None = None,
    width: int = 545,
    most: int = 8,
) -> Chart:
    """Categories (rows) by groups (columns): `printed` PMPM, coloured by how far `pmpm` lies from
    `reference`, at full colour 20% away. `frame`: group_id, group_name, category, printed, pmpm, reference,
    member_months; categories and groups in order of appearance. Cells of fewer than 1,000 member-months are
    not coloured. customdata (group_id, category)."""
    against = comparison[:1].upper() + comparison[1:]
    columns = ["Group", "Category", "Printed", "PMPM of the group", against, "Difference"]
    if frame.empty or not (frame["pmpm"].fillna(0) != 0).any():
        return empty(theme, height or HALF_HEIGHT, "No dollars in this selection", columns)
    groups = list(dict.fromkeys(frame["group_id"]))[:most]
    rows = list(dict.fromkeys(frame["category"]))
    shown = frame[frame["group_id"].isin(groups)].reset_index(drop=True)
    titles = dict(zip(frame["group_id"], frame["group_name"], strict=True))
    tall = height or ROW * len(rows) + 74
    names = [formats.category(row) for row in rows]
    left = int(min(max(len(name) for name in names) * CHARACTER + 14, 150))
    figure, look = canvas(theme, tall, margin={"l": left, "r": 8, "t": 46, "b": 8}, barmode="overlay")
    across = {key: at for at, key in enumerate(groups)}
    up = {key: len(rows) - at - 1 for at, key in enumerate(rows)}
    away = [_away(row) for row in shown.itertuples()]
    fills = [_fill(value, look) for value in away]
    room = (width - left - 8) / len(groups)
    figure.add_trace(
        go.Bar(
            x=[across[key] for key in shown["group_id"]],
            y=[0.94] * len(shown),
            base=[up[key] + 0.03 for key in shown["category"]],
            width=0.97,
            marker={"color": fills, "line": {"width": 0}},
            text=[
                _cell(row.printed, value, room) for row, value in zip(shown.itertuples(), away, strict=True)
            ],
            textposition="inside",
            insidetextanchor="middle",
            textangle=0,
            textfont={"color": [readable_on(fill, look) for fill in fills], "size": 12},
            constraintext="none",
            customdata=[[row.group_id, row.category] for row in shown.itertuples()],
            hovertext=[
                _heat_hover(row, value, comparison)
                for row, value in zip(shown.itertuples(), away, strict=True)
            ],
            hovertemplate="%{hovertext}<extra></extra>",
            name="Cells",
        )
    )
    characters = max(6, int(room / CHARACTER))
    figure.update_xaxes(
        range=[-0.5, len(groups) - 0.5],
        side="top",
        tickvals=list(across.values()),
        ticktext=[wrap(escape(shorten(titles[key], 2 * characters - 2)), characters) for key in groups],
        tickangle=0,
        tickfont={"color": look.text},
    )
    figure.update_yaxes(
        range=[0, len(rows)],
        showgrid=False,
        tickvals=[up[key] + 0.5 for key in rows],
        ticktext=[escape(name) for name in names],
        tickfont={"color": look.text},
        ticklabelstandoff=6,
    )
    table = pd.DataFrame(
        [
            [
                row.group_name,
                formats.category(row.category),
                formats.money(row.printed),
                formats.money(row.pmpm),
                formats.money(row.reference),
                formats.relative(_relative(row)) if formats.known(row.reference) else formats.NOT_KNOWN,
            ]
            for row in frame.itertuples()
        ],
        columns=columns,
    )
    far = sorted(
        ((value, row) for row, value in zip(shown.itertuples(), away, strict=True) if value is not None),
        key=lambda pair: -abs(pair[0]),
    )[:3]
    said = "; ".join(
        f"{formats.category(row.category)} in {row.group_name} {formats.money(row.pmpm)}, "
        f"{formats.relative(value)}"
        for value, row in far
    )
    alt = f"Heat map of PMPM by service category and group against {comparison}, {len(shown)} cells. "
    return Chart(finish(figure), alt + (f"Farthest: {said}." if said else "None can be compared."), table)


def _hover(row: Any, comparison: str) -> str:
    lines = [strong(escape(formats.category(row.category))), f"{formats.money(row.pmpm)} PMPM, completed"]
    if formats.known(row.low):
        lines.append(f"95% {formats.money_range(row.low, row.high)}, month to month")
    if formats.known(row.gap):
        lines.append(f"{escape(comparison)} {formats.money(row.reference)}, {formats.signed_money(row.gap)}")
    if row.signal in ("improving", "worsening"):
        lines.append(formats.signal_text(row.signal))
    return "<br>".join(lines)


def _whiskers(figure: go.Figure, look: Tokens, frame: pd.DataFrame, rows: list[int]) -> None:
    """Each interval in two colours: the background's where it lies on the bar, the text's beyond it."""
    for colour, side in ((look.background, "inside"), (look.text, "outside")):
        x: list[Any] = []
        y: list[Any] = []
        for row, one in zip(rows, frame.itertuples(), strict=True):
            if not formats.known(one.low):
                continue
            start, end = (one.low, min(one.pmpm, one.high)) if side == "inside" else (one.pmpm, one.high)
            cap = start if side == "inside" else end
            x += [start, end, None, cap, cap, None]
            y += [row, row, None, row - 0.09, row + 0.09, None]
        figure.add_trace(
            go.Scatter(x=x, y=y, mode="lines", line={"color": colour, "width": 1.6}, hoverinfo="skip")
        )


def _gaps(figure: go.Figure, look: Tokens, frame: pd.DataFrame, rows: list[int]) -> None:
    figure.add_annotation(
        text="Gap",
        xref="paper",
        x=1,
        xshift=90,
        xanchor="right",
        yref="paper",
        y=1,
        yanchor="bottom",
        yshift=6,
        font={"color": look.muted},
    )
    symbols = {"circle": "●", "triangle-up": "▲", "diamond-open": "◇"}
    for row, one in zip(rows, frame.itertuples(), strict=True):
        if not formats.known(one.gap):
            continue
        signal = one.signal if one.signal in SHAPES else "not_tested"
        beyond = signal in ("improving", "worsening")
        figure.add_annotation(
            text=symbols[SHAPES[signal]] if signal != "none" else "○",
            xref="paper",
            x=1,
            xshift=20,
            xanchor="center",
            y=row,
            font={"color": look.signal(signal), "size": SIZES[signal] + 5},
        )
        figure.add_annotation(
            text=strong(formats.signed_money(one.gap)),
            xref="paper",
            x=1,
            xshift=90,
            xanchor="right",
            y=row,
            font={"color": look.signal_text(signal) if beyond else look.text},
        )


def _relative(row: Any) -> float | None:
    if not (formats.known(row.reference) and formats.known(row.pmpm) and float(row.reference) > 0):
        return None
    return float(row.pmpm) / float(row.reference) - 1


def _away(row: Any) -> float | None:
    """How far a cell lies from its comparison; None where it is too small or cannot be compared."""
    months = row.member_months
    return _relative(row) if formats.known(months) and float(months) >= FEWEST_MONTHS else None


def _fill(value: float | None, look: Tokens) -> str:
    if value is None:
        return look.gray_background
    steps = len(look.diverging)
    place = (min(max(value / FULL_COLOUR, -1.0), 1.0) + 1) / 2
    at = min(int(place * steps), steps - 1)
    # A step on which no text reads well gives way to its neighbour nearer the middle.
    while contrast(readable_on(look.diverging[at], look), look.diverging[at]) < LEGIBLE:
        at += 1 if at < steps / 2 else -1
    return look.diverging[at]


def _cell(pmpm: Any, away: float | None, room: float) -> str:
    text = formats.money(pmpm)
    if away is None:
        return text
    separator = " " if room > 96 else "<br>"
    return f"{strong(text)}{separator}{formats.relative(away, decimals=0)}"


def _heat_hover(row: Any, away: float | None, comparison: str) -> str:
    lines = [
        strong(f"{escape(row.group_name)}, {escape(formats.category(row.category)).lower()}"),
        f"{formats.money(row.pmpm)} PMPM of the group's own months, completed",
        f"{formats.number(row.member_months)} member-months",
    ]
    if formats.known(row.reference):
        lines.append(f"{escape(comparison)} {formats.money(row.reference)}")
    lines.append("Too few to colour, or nothing to compare" if away is None else formats.relative(away))
    return "<br>".join(lines)
