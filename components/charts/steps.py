"""From one number to another in steps: the waterfall."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from components import formats
from components.charts.frame import (
    CHARACTER,
    FULL_HEIGHT,
    Chart,
    canvas,
    drawn_once,
    empty,
    escape,
    finish,
    nice_ticks,
    strong,
    wrap,
)
from components.theme import ThemeType, Tokens, rgba

TOP, BOTTOM, LEFT, RIGHT = 30, 58, 60, 16
END = "end"


@drawn_once
def waterfall(
    frame: pd.DataFrame,
    *,
    before: float,
    after: float,
    theme: ThemeType = "light",
    before_label: str = "Prior year",
    after_label: str = "Actual",
    unit: str = "PMPM",
    kind: str = "money",
    low: float | None = None,
    high: float | None = None,
    unfinished: tuple[str, ...] = ("estimated",),
    height: int = FULL_HEIGHT,
    width: int = 1120,
) -> Chart:
    """Steps from `before` to `after`, drawn as differences from `before`: a bar may not be cut, and on an
    axis from zero the steps would be too small to see. `frame`: key, words, change, in order; their sum is
    after − before. low, high: the interval of `after`. Steps in `unfinished` are hatched. kind: money |
    score. The steps are grey: a part of a difference is no signal. customdata (key,); END for `after`."""
    columns = ["Step", f"Change, {unit}", f"So far, {unit}"]
    if frame.empty or not (formats.known(before) and formats.known(after)):
        return empty(theme, height, "Nothing to take apart", columns)
    say, signed = _sayers(kind)
    figure, look = canvas(theme, height, margin={"l": LEFT, "r": RIGHT, "t": TOP, "b": BOTTOM})
    changes = [float(value) for value in frame["change"]]
    keys, names = list(frame["key"]), list(frame["words"])
    floors = [sum(changes[:at]) for at in range(len(changes))]
    gap = after - before
    ends = [floor + change for floor, change in zip(floors, changes, strict=True)]
    reach = [0.0, gap, *floors, *ends]
    reach += [value - before for value in (low, high) if formats.known(value)]  # type: ignore[operator]
    span = (max(reach) - min(reach)) or max(abs(before) * 0.01, 1e-6)
    y_range = (min(reach) - 0.16 * span, max(reach) + 0.2 * span)
    last = len(keys) + 1

    for at, (floor, end) in enumerate(zip([0.0, *ends[:-1]], ends, strict=True), start=1):
        if at > 1:
            _link(figure, look, at - 1, at, floor)
        if at == len(ends):
            _link(figure, look, at, last, end)
    _link(figure, look, 0, 1, 0.0)
    figure.add_trace(
        go.Scatter(
            x=[-0.45, last + 0.45],
            y=[0, 0],
            mode="lines",
            line={"color": look.text, "width": 1.8, "dash": "7px,5px"},
            hoverinfo="skip",
        )
    )
    is_open = [key in unfinished for key in keys]
    figure.add_trace(
        go.Bar(
            x=list(range(1, last)),
            y=changes,
            base=floors,
            width=0.62,
            marker={
                "color": [look.background if hollow else look.categorical[5] for hollow in is_open],
                "line": {"color": look.categorical[5], "width": [1.2 if hollow else 0 for hollow in is_open]},
                "pattern": {
                    "shape": ["/" if hollow else "" for hollow in is_open],
                    "size": 7,
                    "solidity": 0.12,
                    "fgcolor": look.gray,
                    "bgcolor": "rgba(0,0,0,0)",
                    "fillmode": "overlay",
                },
            },
            customdata=[[key] for key in keys],
            hovertext=[
                f"{strong(escape(name))}<br>{signed(change)} {unit}<br>so far {say(before + end)}"
                for name, change, end in zip(names, changes, ends, strict=True)
            ],
            hovertemplate="%{hovertext}<extra></extra>",
            name="Steps",
        )
    )
    figure.add_trace(
        go.Bar(
            x=[last],
            y=[gap],
            width=0.62,
            marker={"color": look.categorical[0]},
            customdata=[[END]],
            hovertext=[f"{strong(escape(after_label))}<br>{say(after)} {unit}<br>{signed(gap)} altogether"],
            hovertemplate="%{hovertext}<extra></extra>",
            name="Altogether",
        )
    )
    if formats.known(low) and formats.known(high):
        _whisker(figure, look, last, float(low) - before, float(high) - before, gap)  # type: ignore[arg-type]
    for at, (end, change) in enumerate(zip(ends, changes, strict=True), start=1):
        _value(figure, look, at, end, change, strong(signed(change)))
    top = max(gap, float(high) - before) if formats.known(high) and gap >= 0 else gap  # type: ignore[arg-type]
    _value(figure, look, last, top, gap, strong(signed(gap)))
    figure.add_annotation(
        x=0, y=0, yshift=11, text=strong(say(before)), xanchor="center", font={"color": look.text}
    )
    room = max(8, int((width - LEFT - RIGHT) / (last + 1) / CHARACTER))
    texts = [before_label, *names, f"{after_label} {say(after)}"]
    figure.update_xaxes(
        range=[-0.5, last + 0.5],
        tickvals=list(range(last + 1)),
        ticktext=[wrap(escape(text), room) for text in texts],
        tickangle=0,
        tickfont={"color": look.text},
    )
    ticks = nice_ticks(*y_range, 4)
    figure.update_yaxes(
        range=list(y_range), tickvals=ticks, ticktext=["0" if tick == 0 else signed(tick) for tick in ticks]
    )
    table = pd.DataFrame(
        [
            [before_label, "", say(before)],
            *[
                [name, signed(change), say(before + end)]
                for name, change, end in zip(names, changes, ends, strict=True)
            ],
            [after_label, signed(gap), say(after)],
        ],
        columns=columns,
    )
    alt = (
        f"Waterfall from {before_label} {say(before)} to {after_label} {say(after)} {unit}, {signed(gap)}. "
        + "; ".join(f"{name} {signed(change)}" for name, change in zip(names, changes, strict=True))
    )
    if formats.known(low) and formats.known(high):
        alt += f". 95% interval of {after_label} {say(low)} to {say(high)}"
    return Chart(finish(figure), alt + ".", table)


def _sayers(kind: str) -> tuple[Callable[[Any], str], Callable[[Any], str]]:
    if kind == "score":
        return (lambda value: formats.number(value, 3)), (lambda value: _signed_score(value))
    return formats.money, formats.signed_money


def _signed_score(value: Any) -> str:
    text = formats.number(value, 3)
    return text if text.startswith(formats.MINUS) or float(value) == 0 else f"+{text}"


def _link(figure: go.Figure, look: Tokens, start: int, end: int, at: float) -> None:
    figure.add_trace(
        go.Scatter(
            x=[start + (0.31 if start else 0), end - 0.31],
            y=[at, at],
            mode="lines",
            line={"color": look.gray, "width": 1.2, "dash": "dot"},
            hoverinfo="skip",
        )
    )


def _value(figure: go.Figure, look: Tokens, at: int, end: float, change: float, text: str) -> None:
    up = change >= 0
    figure.add_annotation(
        x=at,
        y=end,
        text=text,
        yshift=11 if up else -11,
        yanchor="middle",
        xanchor="center",
        bgcolor=rgba(look.background, 0.85),
        borderpad=0,
    )


def _whisker(figure: go.Figure, look: Tokens, at: int, low: float, high: float, gap: float) -> None:
    """The interval of a bar from zero: in the background's colour inside the bar, in the text's outside."""
    inside = (max(low, min(0.0, gap)), min(high, max(0.0, gap)))
    parts = [((low, high), look.text)]
    if inside[0] < inside[1]:
        parts.append((inside, look.background))
    for (bottom, top), colour in parts:
        figure.add_trace(
            go.Scatter(
                x=[at, at],
                y=[bottom, top],
                mode="lines+markers",
                line={"color": colour, "width": 1.6},
                marker={"symbol": "line-ew", "size": 10, "line": {"width": 1.6, "color": colour}},
                hoverinfo="skip",
            )
        )
