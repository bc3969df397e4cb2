"""How unevenly visits fall on members: the concentration curve."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analytics.concentration import concentration_curve, top_share
from analytics.findings import concentration_title
from components import formats
from components.charts.frame import (
    HALF_HEIGHT,
    LINE,
    Chart,
    canvas,
    drawn_once,
    empty,
    finish,
    spread_out,
    strong,
    tinted,
)
from components.theme import ThemeType, rgba

MARKED = (0.01, 0.05)


@drawn_once
def concentration(frame: pd.DataFrame, *, theme: ThemeType = "light", height: int = HALF_HEIGHT) -> Chart:
    """Share of visits made by the members with most visits, from the left; the top 1% and 5% are marked.
    `frame`: ed/concentration (visits_per_member from 0, members, visits). customdata (visits_per_member,):
    the point stands for members with that many visits or more."""
    columns = ["Visits or more", "Members", "Share of members", "Share of visits"]
    curve = (
        concentration_curve(frame["visits_per_member"], frame["members"]) if len(frame) else pd.DataFrame()
    )
    if curve.empty:
        return empty(theme, height, "No visits in these 12 months", columns)
    figure, look = canvas(theme, height, margin={"l": 44, "r": 24, "t": 14, "b": 54})
    # Members without visits add nothing but a flat line: the axis ends a little after the last who has one.
    visited = float(curve.loc[curve["visits_per_member"] > 0, "member_share"].max())
    end = min(1.0, max(visited * 1.15, 0.1))
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
        go.Scatter(
            x=curve["member_share"],
            y=curve["visit_share"],
            mode="lines",
            line={"color": look.gray, "width": 2},
            hoverinfo="skip",
        )
    )
    steps = curve[curve["visits_per_member"] > 0].copy()
    steps["so_far"] = steps["members"].cumsum()
    figure.add_trace(
        go.Scatter(
            x=steps["member_share"],
            y=steps["visit_share"],
            mode="markers",
            marker={
                "opacity": 1,
                "size": 8,
                "color": look.gray,
                "line": {"color": look.background, "width": 1.5},
            },
            customdata=[[int(visits)] for visits in steps["visits_per_member"]],
            hovertext=[
                f"{strong(f'{formats.number(row.visits_per_member)} or more visits')}"
                f"<br>{formats.number(row.so_far)} members, {formats.percent(row.member_share, 1)} of all"
                f"<br>{formats.percent(row.visit_share)} of visits"
                for row in steps.itertuples()
            ],
            hovertemplate="%{hovertext}<extra></extra>",
            name="Members",
        )
    )
    shares = {part: top_share(frame["visits_per_member"], frame["members"], part) for part in MARKED}
    plot_height = height - 68
    placed = spread_out([value * plot_height for value in shares.values()], [LINE + 4] * 2, 10, plot_height)
    for (part, value), pixel in zip(shares.items(), placed, strict=True):
        figure.add_trace(
            go.Scatter(
                x=[part],
                y=[value],
                mode="markers",
                hoverinfo="skip",
                marker={
                    "opacity": 1,
                    "symbol": "diamond",
                    "size": 10,
                    "color": look.text,
                    "line": {"color": look.background, "width": 1.5},
                },
            )
        )
        figure.add_annotation(
            x=part,
            xanchor="left",
            xshift=14,
            y=pixel / plot_height,
            yshift=-6,
            bgcolor=rgba(look.background, 0.85),
            borderpad=1,
            text=f"Top {part:.0%} made {strong(f'{value:.0%}')} of visits",
        )
    along = end * 0.8
    figure.add_annotation(
        x=along,
        y=along,
        yshift=-6,
        yanchor="top",
        xanchor="center",
        text=tinted("If all had visited alike", look.muted),
    )
    ticks = [tick for tick in (0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0) if tick <= end]
    if end > 0.35:
        ticks = [tick for tick in ticks if tick != 0.05]
    figure.update_xaxes(
        range=[-0.005 * end, end],
        tickvals=ticks,
        ticktext=[formats.percent(tick) for tick in ticks],
        title={"text": "Members, those with most visits first", "standoff": 10},
    )
    figure.update_yaxes(
        range=[0, 1.03], tickvals=list(np.linspace(0, 1, 5)), ticktext=["0%", "25%", "50%", "75%", "100%"]
    )
    table = pd.DataFrame(
        [
            [
                formats.number(row.visits_per_member),
                formats.number(row.so_far),
                formats.percent(row.member_share, 1),
                formats.percent(row.visit_share),
            ]
            for row in steps.itertuples()
        ],
        columns=columns,
    )
    title = concentration_title(shares[0.05])
    alt = f"Concentration of ED visits on members. {title}; the top 1% made {shares[0.01]:.0%}."
    return Chart(finish(figure), alt, table)
