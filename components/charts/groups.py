"""Groups against chance: the funnel plot, and one row per group with its interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analytics.findings import groups_title
from analytics.funnel import funnel_limits, proportion_limits
from components import formats
from components.charts.frame import (
    CHARACTER,
    HALF_HEIGHT,
    LINE,
    SHAPES,
    SIZES,
    Chart,
    Label,
    canvas,
    drawn_once,
    empty,
    escape,
    finish,
    nice_ticks,
    right_labels,
    shorten,
    strong,
    tinted,
)
from components.theme import ThemeType, Tokens, rgba

TOP, BOTTOM, LEFT, RIGHT = 22, 54, 44, 104
MOST_NAMES = 6


@drawn_once
def funnel(
    points: pd.DataFrame,
    *,
    theme: ThemeType = "light",
    unit: str = "ED visits per 1,000",
    noun: str = "practice",
    plural: str | None = None,
    events_noun: str = "visits",
    scope_label: str = "Market",
    x_title: str = "Member-months in the period",
    height: int = HALF_HEIGHT,
    width: int = 545,
) -> Chart:
    """Each group's rate by its size, with 95% (dashed) and 99.8% (solid) limits. `points`: the output of
    analytics.funnel.funnel_points, or proportion_funnel (printed as percent). Only groups outside 99.8% are
    named.

    `width` is the px the chart will have, used only to keep names apart. customdata (group_id,). The pool of
    small groups is not drawn (its size is not one group's), nor a single group so small that its limits would
    flatten all others; the axis title counts them and the table has them.
    """
    share = bool(points.attrs.get("share", False))
    say = formats.percent if share else formats.rate
    drawn = _large_enough(points) if len(points) else points
    if drawn.empty:
        return empty(theme, height, f"Too few events to compare {plural or noun + 's'}", _columns(unit, noun))
    mean, per = float(points.attrs["mean_rate"]), float(points.attrs["per"])
    figure, look = canvas(theme, height, margin={"l": LEFT, "r": RIGHT, "t": TOP, "b": BOTTOM})
    small, large = float(drawn["exposure"].min()), float(drawn["exposure"].max())
    grid = np.geomspace(max(small * 0.7, 1.0), large * 1.07, 160)
    limits = proportion_limits(grid, mean) if share else funnel_limits(grid, mean, per)
    y_range = _range(drawn, mean, share)
    x_range = (0.0 if small < large * 0.5 else small * 0.6, large * 1.07)

    x = limits["exposure"]
    figure.add_trace(
        go.Scatter(
            x=[*x, *x[::-1]],
            y=[*limits["upper_998"], *limits["lower_998"][::-1]],
            mode="lines",
            line={"width": 0},
            fill="toself",
            fillcolor=rgba(look.band, 0.38),
            hoverinfo="skip",
        )
    )
    for column in ("lower_95", "upper_95", "lower_998", "upper_998"):
        line = {"color": look.gray, "width": 1.2}
        if column.endswith("95"):
            line |= {"dash": "4px,3px"}
        figure.add_trace(go.Scatter(x=x, y=limits[column], mode="lines", line=line, hoverinfo="skip"))
    figure.add_trace(
        go.Scatter(
            x=list(x_range),
            y=[mean, mean],
            mode="lines",
            line={"color": look.text, "width": 1.4},
            hoverinfo="skip",
        )
    )
    figure.add_trace(_marks(drawn, look, drawn["exposure"], drawn["rate"], say, unit, events_noun))
    _names(figure, look, drawn, say, events_noun, x_range, y_range, height, width)

    last = limits.iloc[-1]
    right_labels(
        figure,
        [
            Label(last["upper_998"], "99.8% limit", look.muted),
            Label(mean, f"{shorten(scope_label, 11)} {say(mean)}", look.text, bold=True),
            Label(last["lower_998"], "99.8% limit", look.muted),
        ],
        y_range,
        height - TOP - BOTTOM,
    )
    pooled = int(points.loc[~points.index.isin(drawn.index), "parts"].map(len).sum())
    title = x_title + (f"; {pooled} too small to test, not drawn" if pooled else "")
    ticks = nice_ticks(x_range[0], x_range[1], 5)
    figure.update_xaxes(
        range=list(x_range),
        tickvals=ticks,
        ticktext=[formats.number(tick) for tick in ticks],
        title={"text": title, "standoff": 10},
    )
    _value_axis(figure.update_yaxes, y_range, share)
    alt = (
        f"Funnel plot of {unit} by {noun}, {len(drawn)} drawn. "
        f"{groups_title(points, noun=noun, plural=plural)}. "
        f"{scope_label} {say(mean)}. " + _outliers(drawn, say, events_noun)
    ).strip()
    return Chart(finish(figure), alt, _table(points, say, unit, noun))


@drawn_once
def interval_plot(
    points: pd.DataFrame,
    *,
    theme: ThemeType = "light",
    unit: str = "Follow-up within 7 days",
    noun: str = "practice",
    target: float | None = None,
    target_label: str = "Target",
    scope_label: str = "Market",
    most: int = 12,
    height: int | None = None,
) -> Chart:
    """One row per group, largest first: value and 95% interval, the whole as a line and the target dashed.
    `points`: the output of analytics.funnel.funnel_points or proportion_funnel. customdata (group_id,); the
    pool's is None.
    """
    share = bool(points.attrs.get("share", False))
    say = formats.percent if share else formats.rate
    if points.empty:
        return empty(theme, height or HALF_HEIGHT, f"Nothing to compare by {noun}", _columns(unit, noun))
    drawn = points.head(most)
    tall = height or 62 + 30 * len(drawn)
    names = [shorten(name, 34) for name in drawn["group_name"]]
    left = int(min(max(len(name) for name in names) * CHARACTER + 16, 244))
    figure, look = canvas(theme, tall, margin={"l": left, "r": 64, "t": 30, "b": 30})
    rows = list(range(len(drawn)))[::-1]
    mean = float(points.attrs["mean_rate"])
    marks = _marks(drawn, look, drawn["rate"], rows, say, unit, "met" if share else "visits")
    # Whiskers in each point's colour: a trace has one error colour, so one trace per signal carries them.
    for signal in drawn["signal"].unique():
        chosen = (drawn["signal"] == signal).to_numpy()
        part = drawn[chosen]
        figure.add_trace(
            go.Scatter(
                x=part["rate"],
                y=np.array(rows)[chosen],
                mode="markers",
                marker={"size": 1, "color": look.signal(signal)},
                error_x={
                    "type": "data",
                    "symmetric": False,
                    "array": part["high"] - part["rate"],
                    "arrayminus": part["rate"] - part["low"],
                    "color": look.signal(signal),
                    "thickness": 1.6,
                    "width": 5,
                },
                hoverinfo="skip",
            )
        )
    low = min(float(drawn["low"].min()), mean, target if target is not None else mean)
    high = max(float(drawn["high"].max()), mean, target if target is not None else mean)
    span = (high - low) or 1.0
    x_range = (max(low - 0.08 * span, 0.0), high + 0.08 * span)
    span_y = [-0.6, len(drawn) - 0.4]
    references = [
        (mean, f"{shorten(scope_label, 14)} {say(mean)}", look.muted, {"color": look.gray, "width": 1.4})
    ]
    if target is not None:
        dashed = {"color": look.text, "width": 1.8, "dash": "7px,5px"}
        references.append((target, strong(f"{target_label} {say(target)}"), look.text, dashed))
    references.sort(key=lambda one: one[0])
    for at, (value, text, colour, line) in enumerate(references):
        figure.add_trace(go.Scatter(x=[value, value], y=span_y, mode="lines", line=line, hoverinfo="skip"))
        side = "center" if len(references) == 1 else ("right" if at == 0 else "left")
        figure.add_annotation(
            text=text,
            x=value,
            xanchor=side,
            yref="paper",
            y=1,
            yanchor="bottom",
            yshift=4,
            font={"color": colour},
        )
    figure.add_trace(marks)
    for row, value, signal in zip(rows, drawn["rate"], drawn["signal"], strict=True):
        figure.add_annotation(
            xref="paper",
            x=1.02,
            xanchor="left",
            y=row,
            text=strong(
                say(value), look.signal_text(signal) if signal in ("improving", "worsening") else look.text
            ),
        )
    figure.update_yaxes(
        range=span_y,
        tickvals=rows,
        ticktext=[escape(name) for name in names],
        showgrid=False,
        tickfont={"color": look.text},
    )
    _value_axis(figure.update_xaxes, x_range, share, wanted=4)
    figure.update_xaxes(showgrid=True)
    alt = (
        f"{unit} by {noun} with 95% intervals. {groups_title(points, noun=noun)}. {scope_label} {say(mean)}."
    )
    if target is not None:
        alt += f" {target_label} {say(target)}."
    alt += (
        " "
        + "; ".join(f"{row.group_name} {say(row.rate)} ({_interval(row, say)})" for row in drawn.itertuples())
        + "."
    )
    return Chart(finish(figure), alt, _table(points, say, unit, noun))


def _large_enough(points: pd.DataFrame) -> pd.DataFrame:
    """The groups a funnel draws: those tested, and an untested one of nearly their size."""
    tested = points[~points["is_pool"]]
    alone = points[points["is_pool"] & (points["parts"].map(len) == 1)]
    if len(tested):
        alone = alone[alone["exposure"] >= float(tested["exposure"].min()) / 2]
    return points.loc[points.index.isin([*tested.index, *alone.index])]


def _marks(
    drawn: pd.DataFrame, look: Tokens, x: Any, y: Any, say: Any, unit: str, events_noun: str
) -> go.Scatter:
    colours = [look.signal(signal) for signal in drawn["signal"]]
    return go.Scatter(
        x=list(x),
        y=list(y),
        mode="markers",
        marker={
            "opacity": 1,
            "color": colours,
            "symbol": [SHAPES[signal] for signal in drawn["signal"]],
            "size": [SIZES[signal] + 1 for signal in drawn["signal"]],
            "line": {
                "color": [
                    look.gray if signal == "not_tested" else look.background for signal in drawn["signal"]
                ],
                "width": 1.5,
            },
        },
        customdata=[[key] for key in drawn["group_id"]],
        hovertext=[_hover(row, say, unit, events_noun) for row in drawn.itertuples()],
        hovertemplate="%{hovertext}<extra></extra>",
        name="Groups",
    )


def _hover(row: Any, say: Any, unit: str, events_noun: str) -> str:
    over = "eligible" if say is formats.percent else "member-months"
    return "<br>".join(
        [
            strong(escape(row.group_name)),
            f"{say(row.rate)} {unit}",
            f"95% {_interval(row, say)}",
            f"{formats.number(row.events)} {events_noun}, {formats.number(row.exposure)} {over}",
            formats.position_text(row.signal, row.position),
        ]
    )


def _names(
    figure: go.Figure,
    look: Tokens,
    drawn: pd.DataFrame,
    say: Any,
    events_noun: str,
    x_range: tuple[float, float],
    y_range: tuple[float, float],
    height: int,
    width: int,
) -> None:
    """Names of the outliers, those farthest outside first, each where it covers least."""
    outside = drawn[drawn["signal"].isin(["improving", "worsening"])].copy()
    if outside.empty:
        return
    gap = np.where(
        outside["position"] == "above",
        outside["rate"] - outside["upper_998"],
        outside["lower_998"] - outside["rate"],
    )
    reach = outside["upper_998"] - outside["lower_998"]
    outside = outside.assign(how_far=gap / reach).nlargest(MOST_NAMES, "how_far")
    plot_width, plot_height = width - LEFT - RIGHT, height - TOP - BOTTOM
    across = plot_width / (x_range[1] - x_range[0])
    up = plot_height / (y_range[1] - y_range[0])
    marks = [
        _Box(x - 8, y - 8, x + 8, y + 8)
        for x, y in zip(
            (drawn["exposure"] - x_range[0]) * across, (drawn["rate"] - y_range[0]) * up, strict=True
        )
    ]
    # The limits between one group and the next, as the small boxes a name should not lie on.
    sizes = np.linspace(max(x_range[0], float(drawn["exposure"].min())), x_range[1], 40)
    for column in ("upper_998", "lower_998"):
        ordered = drawn.sort_values("exposure")
        heights = (np.interp(sizes, ordered["exposure"], ordered[column]) - y_range[0]) * up
        marks += [
            _Box(x - 5, y - 1, x + 5, y + 1)
            for x, y in zip((sizes - x_range[0]) * across, heights, strict=True)
        ]
    for row in outside.itertuples():
        name = f"{shorten(row.group_name, 30)} {say(row.rate)}"
        under = f"{formats.number(row.events)} {events_noun}"
        wide = max(len(name), len(under)) * CHARACTER
        x, y = (row.exposure - x_range[0]) * across, (row.rate - y_range[0]) * up
        outward = 1 if row.position == "above" else -1
        places = [(side, lift * outward) for lift in (7, 24, -10, 40) for side in ("left", "right")]
        places += [("center", 30 * outward)]

        def box(place: tuple[str, int], x: float = x, y: float = y, wide: float = wide) -> _Box:
            side, lift = place
            left = {"left": x + 12, "right": x - 12 - wide, "center": x - wide / 2}[side]
            return _Box(left, y + lift - LINE, left + wide, y + lift + LINE)

        frame_of_plot = _Box(0, -4, plot_width + 8, plot_height + TOP)
        side, lift = min(
            places,
            key=lambda place: (
                sum(box(place).shared(mark) for mark in marks) + 2 * box(place).outside(frame_of_plot)
            ),
        )
        marks.append(box((side, lift)))
        figure.add_annotation(
            x=row.exposure,
            xshift={"left": 12, "right": -12, "center": 0}[side],
            xanchor=side,
            y=row.rate,
            yshift=lift,
            yanchor="middle",
            align=side,
            text=f"{strong(escape(name), look.signal_text(row.signal))}<br>{tinted(under, look.muted)}",
        )


@dataclass(frozen=True)
class _Box:
    """A rectangle in px of the plot, y upwards."""

    left: float
    low: float
    right: float
    high: float

    def shared(self, other: _Box) -> float:
        """Square px both cover."""
        wide = min(self.right, other.right) - max(self.left, other.left)
        tall = min(self.high, other.high) - max(self.low, other.low)
        return wide * tall if wide > 0 and tall > 0 else 0.0

    def outside(self, frame: _Box) -> float:
        """Square px that lie outside a frame."""
        return (self.right - self.left) * (self.high - self.low) - self.shared(frame)


def _range(drawn: pd.DataFrame, mean: float, share: bool) -> tuple[float, float]:
    low = min(float(drawn["rate"].min()), float(drawn["lower_998"].min()), mean)
    high = max(float(drawn["rate"].max()), float(drawn["upper_998"].max()), mean)
    span = (high - low) or max(mean * 0.4, 0.1 if share else 1.0)
    top = high + 0.08 * span
    return max(low - 0.08 * span, 0.0), min(top, 1.02) if share else top


def _value_axis(update: Any, value_range: tuple[float, float], share: bool, wanted: int = 5) -> None:
    ticks = nice_ticks(*value_range, wanted)
    decimals = 1 if not share and ticks and max(ticks) < 20 else 0
    texts = [formats.percent(tick) if share else formats.number(tick, decimals) for tick in ticks]
    update(range=list(value_range), tickvals=ticks, ticktext=texts)


def _interval(row: Any, say: Any) -> str:
    wanted = formats.percent_range if say is formats.percent else formats.rate_range
    return wanted(row.low, row.high)


def _outliers(drawn: pd.DataFrame, say: Any, events_noun: str) -> str:
    outside = drawn[drawn["signal"].isin(["improving", "worsening"])]
    return " ".join(
        f"{row.group_name} {say(row.rate)}, {row.position} its limits, "
        f"{formats.number(row.events)} {events_noun}."
        for row in outside.itertuples()
    )


def _columns(unit: str, noun: str) -> list[str]:
    return [noun.capitalize(), "Events", "Of", unit, "95% interval", "Signal"]


def _table(points: pd.DataFrame, say: Any, unit: str, noun: str) -> pd.DataFrame:
    rows = [
        [
            row.group_name,
            formats.number(row.events),
            formats.number(row.exposure),
            say(row.rate),
            _interval(row, say),
            formats.position_text(row.signal, row.position),
        ]
        for row in points.itertuples()
    ]
    return pd.DataFrame(rows, columns=_columns(unit, noun))
