"""Trends: a control chart of months, with the target, the limits, and the months that are not finished."""

from __future__ import annotations

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from analytics.control_chart import Finding, finding
from analytics.words import short_month
from components import formats
from components.charts.frame import (
    CHARACTER,
    FULL_HEIGHT,
    IMMATURE,
    LINE,
    SHAPES,
    SIZES,
    Chart,
    Label,
    canvas,
    drawn_once,
    empty,
    finish,
    hatch,
    nice_ticks,
    right_labels,
    strong,
    wrap,
)
from components.theme import ThemeType, Tokens, rgba

HALF_MONTH = pd.Timedelta(days=15)
TOP, BOTTOM, LEFT, RIGHT = 30, 44, 44, 150
NARROW = 700  # px: below it labels and annotations are shortened; the alt and the table still say all


@drawn_once
def control_chart(
    frame: pd.DataFrame,
    *,
    theme: ThemeType = "light",
    unit: str = "ED visits per 1,000",
    target: float | None = None,
    target_label: str = "Target",
    to_date: tuple[float | None, ...] = (),
    height: int = FULL_HEIGHT,
    width: int = 1120,
) -> Chart:
    """Months against their control limits. `frame`: the output of analytics.control_chart.control_chart
    (rates), proportion_chart (shares 0..1, printed as percent; `target` is a share then) or
    individuals_chart (dollars: the estimates of immature months are drawn as a fan). `to_date`: what has been
    paid of each month of `frame`, a thin line under the completed ones.

    `width` is the px the chart will have, used only to wrap the annotation. customdata of each month's point:
    (month 'YYYY-MM-01',).
    """
    columns = ["Month", unit, "95% interval", "Signal", "Paid"]
    if frame.empty or frame["rate"].isna().all():
        return empty(theme, height, "No member-months in this selection", columns)
    share = bool(frame.attrs.get("share", False))
    money = bool(frame.attrs.get("money", False))
    say = formats.pmpm if money else formats.percent if share else formats.rate
    narrow = width < NARROW
    right = 104 if narrow else RIGHT
    figure, look = canvas(theme, height, margin={"l": LEFT, "r": right, "t": TOP, "b": BOTTOM})
    mature = frame[frame["mature"] & frame["rate"].notna()]
    unfinished = frame[~frame["mature"] & frame["rate"].notna()].copy()
    _complete(unfinished)
    what = finding(frame)
    y_range = _range(frame, mature, unfinished, target, share)
    paid = [float(value) for value in to_date if value is not None and formats.known(value)]
    if paid:
        # A month barely begun would flatten all others: its line may leave the plot.
        span = y_range[1] - y_range[0]
        floor = max(min(paid) - 0.05 * span, y_range[0] - 0.5 * span, 0.0)
        y_range = (min(y_range[0], floor), y_range[1])
    edges = (frame["month"].iloc[0] - HALF_MONTH, frame["month"].iloc[-1] + HALF_MONTH)

    tested = bool((frame["lower"].notna() & frame["mature"]).any())
    if tested:
        _limits(figure, look, frame, edges)
    mean = frame.attrs.get("mean")
    if tested and mean is not None:
        _level(figure, edges, mean, {"color": look.gray, "width": 1.4})
    if target is not None:
        _level(figure, edges, target, {"color": look.text, "width": 1.8, "dash": "7px,5px"})
    if not unfinished.empty:
        start = unfinished["month"].iloc[0] - HALF_MONTH
        hatch(figure, look, (start, edges[1]), y_range)
        figure.add_annotation(
            text=IMMATURE,
            x=edges[1],
            xanchor="right",
            yref="paper",
            y=1,
            yanchor="bottom",
            yshift=2,
            bgcolor=None,
        )
    if paid:
        _paid(figure, look, frame, to_date, say)
    if money:
        _fan(figure, look, mature, unfinished)
    _points(figure, look, frame, mature, say, unit)
    _diamonds(figure, look, unfinished, say, unit)
    if len(mature):
        _value(figure, mature, what, say)
    _callouts(figure, look, frame, mature, what, y_range, edges, height, width - LEFT - right, narrow)

    labels = []
    if tested:
        reference = (mature if len(mature) else frame).iloc[-1]
        period = (
            f"<br>{short_month(frame.attrs['baseline_start'])} to {short_month(frame.attrs['baseline_end'])}"
        )
        labels += [
            Label(reference["upper"], f"Upper limit {say(reference['upper'])}", look.muted),
            Label(mean, f"Mean {say(mean)}{'' if narrow else period}", look.muted),
            Label(reference["lower"], f"Lower limit {say(reference['lower'])}", look.muted),
        ]
    if target is not None:
        labels.append(Label(target, f"{target_label} {say(target)}", look.text, bold=True))
    if paid:
        labels.append(Label(max(paid[-1], y_range[0]), "Paid to date", look.muted))
    right_labels(figure, labels, y_range, height - TOP - BOTTOM)
    _axes(figure, look, frame, y_range, edges, share, width - LEFT - right)
    return Chart(
        finish(figure),
        _alt(frame, mature, what, say, unit, target, target_label),
        _table(frame, say, columns, to_date if paid else ()),
    )


def _paid(
    figure: go.Figure, look: Tokens, frame: pd.DataFrame, to_date: tuple[float | None, ...], say: Any
) -> None:
    figure.add_trace(
        go.Scatter(
            x=frame["month"],
            y=list(to_date),
            mode="lines",
            line={"color": look.gray, "width": 1.2},
            hovertext=[
                f"{strong(short_month(month))}<br>{say(value)} paid to date"
                for month, value in zip(frame["month"], to_date, strict=True)
            ],
            hovertemplate="%{hovertext}<extra></extra>",
            name="Paid to date",
        )
    )


def _fan(figure: go.Figure, look: Tokens, mature: pd.DataFrame, unfinished: pd.DataFrame) -> None:
    """The interval of the unfinished months, opening from the last one that counts."""
    shown = unfinished[unfinished["estimate_low"].notna() & unfinished["estimate_high"].notna()]
    if shown.empty:
        return
    start = mature.tail(1)
    x = [*start["month"], *shown["month"]]
    low = [*start["low"].fillna(start["rate"]), *shown["estimate_low"]]
    high = [*start["high"].fillna(start["rate"]), *shown["estimate_high"]]
    figure.add_trace(
        go.Scatter(
            x=[*x, *reversed(x)],
            y=[*high, *reversed(low)],
            mode="lines",
            line={"width": 0},
            fill="toself",
            fillcolor=rgba(look.gray, 0.18),
            hoverinfo="skip",
        )
    )
    figure.add_trace(
        go.Scatter(
            x=x,
            y=[*start["rate"], *shown["estimate"]],
            mode="lines",
            line={"color": look.gray, "width": 1.4, "dash": "dot"},
            hoverinfo="skip",
        )
    )


def _complete(unfinished: pd.DataFrame) -> None:
    """Months of unknown completion are shown as they are; those known to be barely begun are not shown at
    all."""
    as_is = unfinished["completion"].isna() & unfinished["estimate"].isna()
    for shown, raw in (("estimate", "rate"), ("estimate_low", "low"), ("estimate_high", "high")):
        unfinished[shown] = unfinished[shown].where(~as_is, unfinished[raw])


def _range(
    frame: pd.DataFrame, mature: pd.DataFrame, unfinished: pd.DataFrame, target: float | None, share: bool
) -> tuple[float, float]:
    values = [*mature["rate"], *mature["lower"], *mature["upper"], *unfinished["estimate"]]
    if target is not None:
        values.append(target)
    known = [value for value in values if pd.notna(value)] or [*frame["rate"].dropna()]
    low, high = min(known), max(known)
    span = (high - low) or max(abs(high) * 0.2, 0.02 if share else 1.0)
    # A long whisker may widen the axis, but not so far that the months flatten.
    whiskers_low = [value for value in unfinished["estimate_low"] if pd.notna(value)]
    whiskers_high = [value for value in unfinished["estimate_high"] if pd.notna(value)]
    low = max(min([low, *whiskers_low]), low - 0.35 * span)
    high = min(max([high, *whiskers_high]), high + 0.35 * span)
    bottom, top = low - 0.09 * span, high + 0.16 * span
    return max(bottom, 0.0), min(top, 1.0) if share and high <= 1 and top > 1 else top


def _level(figure: go.Figure, edges: tuple[Any, Any], value: float, line: dict[str, Any]) -> None:
    figure.add_trace(go.Scatter(x=list(edges), y=[value, value], mode="lines", line=line, hoverinfo="skip"))


def _limits(figure: go.Figure, look: Tokens, frame: pd.DataFrame, edges: tuple[Any, Any]) -> None:
    # Limits of immature months would follow their unfinished numbers; those of the last counted month run on.
    drawn = frame[frame["lower"].notna() & frame["mature"]]
    x = [edges[0], *drawn["month"], edges[1]]
    low = [drawn["lower"].iloc[0], *drawn["lower"], drawn["lower"].iloc[-1]]
    high = [drawn["upper"].iloc[0], *drawn["upper"], drawn["upper"].iloc[-1]]
    figure.add_trace(
        go.Scatter(
            x=[*x, *reversed(x)],
            y=[*high, *reversed(low)],
            mode="lines",
            line={"width": 0},
            fill="toself",
            fillcolor=rgba(look.band, 0.38),
            hoverinfo="skip",
        )
    )
    for values in (high, low):
        figure.add_trace(
            go.Scatter(
                x=x,
                y=values,
                mode="lines",
                line={"color": look.gray, "width": 1.2, "dash": "dot"},
                hoverinfo="skip",
            )
        )


def _points(
    figure: go.Figure, look: Tokens, frame: pd.DataFrame, mature: pd.DataFrame, say: Any, unit: str
) -> None:
    # The line runs over all calendar months so that a missing one is a gap; only months with a rate get a
    # mark.
    line = frame["rate"].where(frame["mature"])
    figure.add_trace(
        go.Scatter(
            x=frame["month"], y=line, mode="lines", line={"color": look.gray, "width": 2}, hoverinfo="skip"
        )
    )
    figure.add_trace(
        go.Scatter(
            x=mature["month"],
            y=mature["rate"],
            mode="markers",
            marker={
                "opacity": 1,
                "color": [look.signal(signal) for signal in mature["signal"]],
                "symbol": ["circle" if s == "not_tested" else SHAPES[s] for s in mature["signal"]],
                "size": [SIZES[signal] for signal in mature["signal"]],
                "line": {"color": look.background, "width": 1.5},
            },
            customdata=[[f"{month:%Y-%m-01}"] for month in mature["month"]],
            hovertext=[_hover(row, say, unit) for row in mature.itertuples()],
            hovertemplate="%{hovertext}<extra></extra>",
            name="Months",
        )
    )


def _diamonds(figure: go.Figure, look: Tokens, unfinished: pd.DataFrame, say: Any, unit: str) -> None:
    shown = unfinished[unfinished["estimate"].notna()]
    if shown.empty:
        return
    figure.add_trace(
        go.Scatter(
            x=shown["month"],
            y=shown["estimate"],
            mode="markers",
            marker={
                "opacity": 1,
                "symbol": "diamond",
                "size": 10,
                "color": look.background,
                "line": {"color": look.text, "width": 1.5},
            },
            error_y={
                "type": "data",
                "symmetric": False,
                "array": shown["estimate_high"] - shown["estimate"],
                "arrayminus": shown["estimate"] - shown["estimate_low"],
                "color": look.text,
                "thickness": 1.6,
                "width": 5,
            },
            customdata=[[f"{month:%Y-%m-01}"] for month in shown["month"]],
            hovertext=[_hover_unfinished(row, say, unit) for row in shown.itertuples()],
            hovertemplate="%{hovertext}<extra></extra>",
            name="Immature months",
        )
    )


def _hover(row: Any, say: Any, unit: str) -> str:
    lines = [
        strong(short_month(row.month)),
        f"{say(row.rate)} {unit}",
        *([f"95% {_interval(row.low, row.high, say)}"] if pd.notna(row.low) else []),
        _counted(row, say),
    ]
    if pd.notna(row.completion):
        lines.append(f"{formats.percent(row.completion)} paid")
    if row.signal in ("improving", "worsening"):
        lines.append(formats.signal_text(row.signal))
    return "<br>".join(lines)


def _hover_unfinished(row: Any, say: Any, unit: str) -> str:
    paid = "Completion not known" if pd.isna(row.completion) else f"{formats.percent(row.completion)} paid"
    return "<br>".join(
        [
            strong(f"{short_month(row.month)}, immature"),
            f"About {say(row.estimate)} {unit}, an estimate",
            f"95% {_interval(row.estimate_low, row.estimate_high, say)}",
            f"So far {_counted(row, say)}",
            paid,
        ]
    )


def _interval(low: float, high: float, say: Any) -> str:
    if say is formats.pmpm:
        return formats.money_range(low, high)
    return formats.percent_range(low, high) if say is formats.percent else formats.rate_range(low, high)


def _counted(row: Any, say: Any) -> str:
    if say is formats.percent:
        return f"{formats.number(row.events)} of {formats.number(row.exposure)}"
    if say is formats.pmpm:
        return f"{formats.money(row.events)} over {formats.number(row.exposure)} member-months"
    return f"{formats.number(row.events)} in {formats.number(row.exposure)} member-months"


def _callouts(
    figure: go.Figure,
    look: Tokens,
    frame: pd.DataFrame,
    mature: pd.DataFrame,
    what: Finding,
    y_range: tuple[float, float],
    edges: tuple[Any, Any],
    height: int,
    plot: int,
    narrow: bool,
) -> None:
    """The finding, and at most one earlier signal, each at an elbow from where it begins."""
    wanted = []
    if what.kind in ("improving", "worsening") and what.since is not None:
        start = mature[mature["month"] >= pd.Timestamp(what.since)].iloc[0]
        wanted.append((start, what.sentence, what.kind, "the mean since" in what.sentence))
    earlier = mature[mature["signal"].isin(["improving", "worsening"])]
    if what.since is not None:
        earlier = earlier[earlier["month"] < pd.Timestamp(what.since)]
    beyond = earlier[[("beyond_limit" in rules) for rules in earlier["rules"]]] if len(earlier) else earlier
    if len(beyond):
        point = beyond.iloc[-1]
        edge = "above the upper" if point["side"] == "above" else "below the lower"
        wanted.append((point, f"{short_month(point['month'])} {edge} limit", point["signal"], False))
    scale = (height - TOP - BOTTOM) / (y_range[1] - y_range[0])
    for point, sentence, kind, is_run in wanted:
        fraction = (point["month"] - edges[0]) / (edges[1] - edges[0])
        words = sentence.split(", ")[0] if narrow else sentence
        room_right, room_left = plot * (1 - fraction) - 30, plot * fraction - 30
        # Between the mean and a limit there are no right-hand labels: a run's words may reach into their
        # margin.
        spare = 70 if narrow and is_run else 0
        wide = 24 if narrow else 42
        needed = min(len(words), wide) * CHARACTER
        rightward = room_right + spare >= min(needed, room_left)
        text = wrap(
            words, max(24, min(wide, int((room_right + spare if rightward else room_left) / CHARACTER)))
        )
        lines = text.count("<br>") + 1
        upward = (point["side"] == "below") if is_run else (point["side"] == "above")
        if is_run:
            # The run keeps to one side of the mean; beside its start the other side is free.
            foot = frame.attrs["mean"]
            free = ((point["upper"] - foot) if upward else (foot - point["lower"])) * scale
            lift = max(min(free / 2, 40), lines * LINE / 2 + 5)
        else:
            foot, lift = point["rate"] + (7 if upward else -7) / scale, 15 + (lines - 1) * LINE / 2
        top = foot + (lift if upward else -lift) / scale
        top = min(max(top, y_range[0] + lines * LINE / 2 / scale), y_range[1] - lines * LINE / 2 / scale)
        colour = look.signal(kind)
        reach = 22 if rightward else -22
        figure.add_shape(
            type="line",
            x0=point["month"],
            x1=point["month"],
            y0=foot,
            y1=top,
            line={"color": colour, "width": 1.4},
        )
        figure.add_shape(
            type="line",
            xsizemode="pixel",
            xanchor=point["month"],
            x0=0,
            x1=reach,
            y0=top,
            y1=top,
            line={"color": colour, "width": 1.4},
        )
        figure.add_annotation(
            text=text,
            x=point["month"],
            y=top,
            xanchor="left" if rightward else "right",
            yanchor="middle",
            xshift=reach + (4 if rightward else -4),
            align="left" if rightward else "right",
            font={"color": look.signal_text(kind), "weight": 600},
            bgcolor=rgba(look.background, 0.8) if narrow and is_run and rightward else None,
            borderpad=0,
        )


def _value(figure: go.Figure, mature: pd.DataFrame, what: Finding, say: Any) -> None:
    """The latest counted value, on the side where neither its callout nor the line into it is."""
    last = mature.iloc[-1]
    called_out = what.since is not None and pd.Timestamp(what.since) == last["month"]
    if called_out:
        figure.add_annotation(
            text=strong(say(last["rate"])),
            x=last["month"],
            y=last["rate"],
            xshift=9,
            xanchor="left",
            yshift=-2,
        )
        return
    falling_in = len(mature) > 1 and mature["rate"].iloc[-2] > last["rate"] * 1.02
    figure.add_annotation(
        text=strong(say(last["rate"])), x=last["month"], y=last["rate"], yshift=-15 if falling_in else 15
    )


def _axes(
    figure: go.Figure,
    look: Tokens,
    frame: pd.DataFrame,
    y_range: tuple[float, float],
    edges: tuple[Any, Any],
    share: bool,
    plot: int,
) -> None:
    months = list(frame["month"])
    most = min(14, plot / 36)  # a month's name, or the year under it, takes 36 px with its gap
    step = next(step for step in (1, 2, 3, 6, 12) if len(months) / step <= most or step == 12)
    unfinished = set(frame.loc[~frame["mature"], "month"]) if plot / len(months) >= 28 else set()
    chosen = [month for month in months if (month.month - 1) % step == 0 or month in unfinished]
    texts = [
        f"{month:%b}<br>{strong(f'{month:%Y}', look.text)}" if month.month == 1 or at == 0 else f"{month:%b}"
        for at, month in enumerate(chosen)
    ]
    figure.update_xaxes(range=list(edges), tickvals=chosen, ticktext=texts, tickangle=0)
    ticks = nice_ticks(*y_range)
    decimals = 1 if not share and ticks and max(ticks) < 20 else 0
    texts = [formats.percent(tick) if share else formats.number(tick, decimals) for tick in ticks]
    if frame.attrs.get("money"):
        texts = ["$0" if tick == 0 else formats.pmpm(tick) for tick in ticks]
    figure.update_yaxes(range=list(y_range), tickvals=ticks, ticktext=texts)


def _alt(
    frame: pd.DataFrame,
    mature: pd.DataFrame,
    what: Finding,
    say: Any,
    unit: str,
    target: float | None,
    target_label: str,
) -> str:
    parts = [f"Control chart of {unit} by month"]
    if len(mature):
        first, last = mature.iloc[0], mature.iloc[-1]
        parts[0] += f", {short_month(first['month'])} to {short_month(last['month'])}"
        parts.append(what.sentence)
        parts.append(f"Latest counted month {short_month(last['month'])}: {say(last['rate'])}")
        if pd.notna(last["lower"]):
            limits = f"limits {say(last['lower'])} to {say(last['upper'])}"
            parts.append(f"Mean {say(frame.attrs['mean'])}, {limits}")
    if target is not None:
        parts.append(f"{target_label} {say(target)}")
    immature = int((~frame["mature"] & frame["rate"].notna()).sum())
    if immature:
        parts.append(f"{immature} immature month{'' if immature == 1 else 's'} not counted")
    return ". ".join(parts) + "."


def _table(
    frame: pd.DataFrame, say: Any, columns: list[str], to_date: tuple[float | None, ...] = ()
) -> pd.DataFrame:
    rows = []
    if to_date:
        columns = [*columns, "Paid to date"]
    for at, row in enumerate(frame.itertuples()):
        signal = formats.signal_text(row.signal) if row.mature else IMMATURE
        shown = row.estimate if to_date and not row.mature else row.rate
        value = formats.NOT_KNOWN if pd.isna(shown) else say(shown)
        rows.append(
            [
                short_month(row.month),
                value,
                _interval(row.low, row.high, say),
                signal,
                formats.percent(row.completion),
                *([say(to_date[at])] if to_date else []),
            ]
        )
    return pd.DataFrame(rows, columns=columns)
