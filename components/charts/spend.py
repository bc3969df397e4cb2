"""Dollars in bars and curves: drugs, leakage, the concentration of cost, and what completion said before."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from components import formats
from components.charts.frame import (
    CHARACTER,
    HALF_HEIGHT,
    Chart,
    canvas,
    drawn_once,
    empty,
    escape,
    finish,
    nice_ticks,
    shorten,
    strong,
    tinted,
)
from components.theme import ThemeType, rgba

ROW = 30


@drawn_once
def amount_bars(
    frame: pd.DataFrame,
    *,
    theme: ThemeType = "light",
    what: str = "drug",
    unit: str = "dollars",
    change: bool = False,
    height: int | None = None,
) -> Chart:
    """One bar per thing, from zero: its dollars, or (`change`) by how much they changed. `frame`, in order:
    key, name, amount, note (in few words, beside the bar), detail (in more, on hover). customdata (key,)."""
    columns = [what.capitalize(), "Change" if change else "Dollars", "Beside it"]
    if frame.empty or not (frame["amount"].fillna(0) != 0).any():
        return empty(theme, height or 220, f"No {what} to show", columns)
    tall = height or ROW * len(frame) + 40
    names = [shorten(name, 34) for name in frame["name"]]
    left = int(min(max(len(name) for name in names) * CHARACTER + 10, 228))
    figure, look = canvas(theme, tall, margin={"l": left, "r": 8, "t": 8, "b": 30})
    rows = list(range(len(frame)))[::-1]
    values = frame["amount"].astype(float)
    say = formats.signed_money if change else formats.money
    texts = [
        f"{strong(say(value))} {tinted(escape(note), look.muted)}".strip()
        for value, note in zip(values, frame["note"], strict=True)
    ]
    figure.add_trace(
        go.Bar(
            orientation="h",
            x=values,
            y=rows,
            width=0.56,
            marker={"color": look.categorical[0]},
            customdata=[[key] for key in frame["key"]],
            hovertext=[
                f"{strong(escape(row.name))}<br>{say(row.amount)} {unit}<br>{escape(row.detail)}"
                for row in frame.rename(columns={"key": "key_"}).itertuples(index=False)
            ],
            hovertemplate="%{hovertext}<extra></extra>",
            name=what,
        )
    )
    low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
    span = (high - low) or 1.0
    room = 0.9 if change else 0.8
    for row, value, text in zip(rows, values, texts, strict=True):
        figure.add_annotation(
            x=max(value, 0.0),
            y=row,
            xanchor="left",
            xshift=6,
            text=text,
        )
    x_range = [low - 0.03 * span if low < 0 else 0, high + room * span]
    ticks = [tick for tick in nice_ticks(low, high, 3)]
    figure.update_xaxes(
        range=x_range,
        showgrid=True,
        zeroline=True,
        zerolinecolor=look.muted,
        zerolinewidth=1,
        tickvals=ticks,
        ticktext=["$0" if tick == 0 else say(tick) for tick in ticks],
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
        {
            columns[0]: list(frame["name"]),
            columns[1]: [say(value) for value in values],
            columns[2]: list(frame["detail"]),
        }
    )
    said = "; ".join(f"{row.name} {say(row.amount)}" for row in frame.head(5).itertuples(index=False))
    kind = "Change of dollars" if change else "Dollars"
    return Chart(finish(figure), f"{kind} by {what}, {len(frame)} shown. {said}.", table)


@drawn_once
def leakage_bars(
    frame: pd.DataFrame, *, theme: ThemeType = "light", what: str = "specialty", height: int | None = None
) -> Chart:
    """Referable dollars by group: outside the network (dark), inside (grey), not known (hatched). `frame`, in
    order: group_id, group_name, amount_out, amount_in, amount_unknown, leakage_rate. customdata (group_id,
    network)."""
    columns = [what.capitalize(), "Outside", "Inside", "Not known", "Leakage"]
    if frame.empty or not (frame[["amount_out", "amount_in", "amount_unknown"]].fillna(0) != 0).any(
        axis=None
    ):
        return empty(theme, height or 220, "No referable services in this selection", columns)
    tall = height or ROW * len(frame) + 58
    names = [shorten(name, 28) for name in frame["group_name"]]
    left = int(min(max(len(name) for name in names) * CHARACTER + 14, 206))
    figure, look = canvas(theme, tall, margin={"l": left, "r": 84, "t": 26, "b": 30}, barmode="relative")
    rows = list(range(len(frame)))[::-1]
    parts = (
        ("out", "amount_out", "outside the network", look.categorical[0]),
        ("in", "amount_in", "inside", look.categorical[5]),
        ("unknown", "amount_unknown", "not known", look.background),
    )
    for network, column, words, colour in parts:
        hollow = network == "unknown"
        figure.add_trace(
            go.Bar(
                orientation="h",
                x=frame[column].astype(float).fillna(0.0),
                y=rows,
                width=0.56,
                marker={
                    "color": colour,
                    "line": {"color": look.gray if hollow else look.background, "width": 1},
                    "pattern": {
                        "shape": "/" if hollow else "",
                        "size": 7,
                        "solidity": 0.12,
                        "fgcolor": look.gray,
                        "bgcolor": "rgba(0,0,0,0)",
                        "fillmode": "overlay",
                    },
                },
                customdata=[[key, network] for key in frame["group_id"]],
                hovertext=[
                    f"{strong(escape(row.group_name))}<br>{formats.money(getattr(row, column))} {words}"
                    f"<br>Leakage {formats.percent(row.leakage_rate)}"
                    for row in frame.itertuples()
                ],
                hovertemplate="%{hovertext}<extra></extra>",
                name=words,
            )
        )
    for row, rate in zip(rows, frame["leakage_rate"], strict=True):
        figure.add_annotation(xref="paper", x=1.02, xanchor="left", y=row, text=strong(formats.percent(rate)))
    figure.add_annotation(
        text=f"{tinted('■', look.categorical[0])} outside {tinted('■', look.categorical[5])} inside "
        "▨ not known",
        xref="paper",
        x=0,
        xanchor="left",
        yref="paper",
        y=1,
        yanchor="bottom",
        yshift=2,
        font={"color": look.muted},
    )
    totals = frame[["amount_out", "amount_in", "amount_unknown"]].astype(float).fillna(0.0).sum(axis=1)
    _dollar_axis(figure, float(totals.max()))
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
                row.group_name,
                formats.money(row.amount_out),
                formats.money(row.amount_in),
                formats.money(row.amount_unknown),
                formats.percent(row.leakage_rate),
            ]
            for row in frame.itertuples()
        ],
        columns=columns,
    )
    said = "; ".join(
        f"{row.group_name} {formats.money(row.amount_out)} outside, {formats.percent(row.leakage_rate)}"
        for row in frame.head(4).itertuples()
    )
    return Chart(
        finish(figure), f"Referable dollars inside and outside the network by {what}. {said}.", table
    )


@drawn_once
def cost_concentration(
    frame: pd.DataFrame, *, theme: ThemeType = "light", height: int = HALF_HEIGHT
) -> Chart:
    """Share of dollars that the costliest members take. `frame`: cost/concentration (top_share, members,
    amount, share, from_amount). customdata (top_share,)."""
    columns = ["Costliest", "Members", "Dollars", "Share of dollars", "From"]
    known = frame[frame["share"].notna()].sort_values("top_share") if len(frame) else frame
    if known.empty or known["amount"].sum() <= 0:
        return empty(theme, height, "No dollars in this selection", columns)
    figure, look = canvas(theme, height, margin={"l": 44, "r": 24, "t": 14, "b": 54})
    x, y = [0.0, *known["top_share"]], [0.0, *known["share"]]
    figure.add_trace(
        go.Scatter(
            x=[0, 1],
            y=[0, 1],
            mode="lines",
            line={"color": look.gray, "width": 1.4, "dash": "7px,5px"},
            hoverinfo="skip",
        )
    )
    figure.add_trace(
        go.Scatter(x=x, y=y, mode="lines", line={"color": look.gray, "width": 2}, hoverinfo="skip")
    )
    figure.add_trace(
        go.Scatter(
            x=known["top_share"],
            y=known["share"],
            mode="markers",
            marker={
                "opacity": 1,
                "size": 9,
                "color": look.gray,
                "line": {"color": look.background, "width": 1.5},
            },
            customdata=[[float(share)] for share in known["top_share"]],
            hovertext=[
                f"{strong(f'The costliest {formats.percent(row.top_share)}')}"
                f"<br>{formats.count_of(row.members, 'member')}, from {formats.money(row.from_amount)}"
                f"<br>{formats.money(row.amount)}, {formats.percent(row.share)} of dollars"
                for row in known.itertuples()
            ],
            hovertemplate="%{hovertext}<extra></extra>",
            name="Members",
        )
    )
    for row in known.itertuples():
        if row.top_share < 0.5:
            figure.add_annotation(
                x=row.top_share,
                y=row.share,
                xanchor="left",
                xshift=10,
                yshift=-9,
                text=f"Top {row.top_share:.0%}: {strong(formats.percent(row.share))}",
            )
    figure.add_annotation(
        x=0.72,
        y=0.72,
        yshift=-6,
        yanchor="top",
        xanchor="center",
        text=tinted("If all had cost alike", look.muted),
        bgcolor=rgba(look.background, 0.85),
    )
    ticks = [0, 0.2, 0.4, 0.6, 0.8, 1.0]
    figure.update_xaxes(
        range=[-0.005, 1.02],
        tickvals=ticks,
        ticktext=[formats.percent(tick) for tick in ticks],
        title={"text": "Members, the costliest first", "standoff": 10},
    )
    figure.update_yaxes(
        range=[0, 1.03], tickvals=[0, 0.25, 0.5, 0.75, 1], ticktext=["0%", "25%", "50%", "75%", "100%"]
    )
    table = pd.DataFrame(
        [
            [
                formats.percent(row.top_share),
                formats.number(row.members),
                formats.money(row.amount),
                formats.percent(row.share),
                formats.money(row.from_amount),
            ]
            for row in known.itertuples()
        ],
        columns=columns,
    )
    said = "; ".join(
        f"the costliest {formats.percent(row.top_share)} {formats.percent(row.share)}"
        for row in known.itertuples()
    )
    return Chart(finish(figure), f"Concentration of dollars on members: {said}.", table)


@drawn_once
def backtest(frame: pd.DataFrame, *, theme: ThemeType = "light", height: int = HALF_HEIGHT) -> Chart:
    """What was said of each month with its 95% interval (grey), and what has come since (diamond; orange
    triangle outside the interval). `frame`: cost/backtest of one contract, category and as_of (month, said,
    low, high, came_completed, covered). customdata (month 'YYYY-MM-01',)."""
    columns = ["Month", "Said", "95% interval", "Came", "In the interval"]
    known = frame[frame["said"].notna()].sort_values("month") if len(frame) else frame
    if known.empty:
        return empty(theme, height, "The payments do not reach back far enough to test", columns)
    figure, look = canvas(theme, height, margin={"l": 60, "r": 24, "t": 26, "b": 40})
    months = pd.to_datetime(known["month"])
    figure.add_trace(
        go.Scatter(
            x=months,
            y=known["said"],
            mode="markers",
            marker={"opacity": 1, "size": 8, "color": look.gray},
            error_y={
                "type": "data",
                "symmetric": False,
                "array": known["high"] - known["said"],
                "arrayminus": known["said"] - known["low"],
                "color": look.gray,
                "thickness": 1.6,
                "width": 5,
            },
            customdata=[[f"{month:%Y-%m-01}"] for month in months],
            hovertext=[
                f"{strong(formats.month(row.month))}<br>Said {formats.money(row.said)}"
                f"<br>95% {formats.money_range(row.low, row.high)}"
                f"<br>Came {formats.money(row.came_completed)}"
                for row in known.itertuples()
            ],
            hovertemplate="%{hovertext}<extra></extra>",
            name="Said",
        )
    )
    covered = known["covered"].fillna(False).astype(bool)
    figure.add_trace(
        go.Scatter(
            x=months,
            y=known["came_completed"],
            mode="markers",
            marker={
                "opacity": 1,
                "size": 11,
                "symbol": ["diamond" if inside else "triangle-up" for inside in covered],
                "color": [look.background if inside else look.worsening for inside in covered],
                "line": {
                    "color": [look.text if inside else look.worsening for inside in covered],
                    "width": 1.5,
                },
            },
            hoverinfo="skip",
            name="Came",
        )
    )
    figure.add_annotation(
        text="● said then, with 95% interval  ◇ came since  ▲ came outside it",
        xref="paper",
        x=0,
        xanchor="left",
        yref="paper",
        y=1,
        yanchor="bottom",
        yshift=2,
        font={"color": look.muted},
    )
    values = pd.concat([known["low"], known["high"], known["came_completed"]]).dropna().astype(float)
    low, high = float(values.min()), float(values.max())
    span = (high - low) or 1.0
    floor, ceiling = max(0.0, low - 0.1 * span), high + 0.1 * span
    ticks = nice_ticks(floor, ceiling, 4)
    figure.update_yaxes(
        range=[floor, ceiling], tickvals=ticks, ticktext=[formats.money(tick) for tick in ticks]
    )
    step = max(1, -(-len(known) // 8))
    figure.update_xaxes(
        tickvals=list(months)[::step], ticktext=[f"{month:%b<br>%Y}" for month in list(months)[::step]]
    )
    table = pd.DataFrame(
        [
            [
                formats.month(row.month),
                formats.money(row.said),
                formats.money_range(row.low, row.high),
                formats.money(row.came_completed),
                "Yes" if inside else "No",
            ]
            for row, inside in zip(known.itertuples(), covered, strict=True)
        ],
        columns=columns,
    )
    alt = (
        f"What completion said of {len(known)} months, with 95% intervals, and what came: "
        f"{int(covered.sum())} of {len(known)} inside their interval."
    )
    return Chart(finish(figure), alt, table)


def _dollar_axis(figure: go.Figure, most: float) -> None:
    ticks = nice_ticks(0, most, 4)
    figure.update_xaxes(
        range=[0, most * 1.02],
        showgrid=True,
        tickvals=ticks,
        ticktext=["$0" if tick == 0 else formats.money(tick) for tick in ticks],
    )
