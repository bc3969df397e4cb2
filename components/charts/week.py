"""When visits happen: by weekday, and by hour where a source knows it."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from analytics.findings import WEEKDAYS, weekday_title
from components import formats
from components.charts.frame import HALF_HEIGHT, Chart, canvas, drawn_once, empty, finish, readable_on, strong
from components.theme import ThemeType


@drawn_once
def weekday_hour(frame: pd.DataFrame, *, theme: ThemeType = "light", height: int = HALF_HEIGHT) -> Chart:
    """Visits by weekday and hour: cells from pale to strong, counts printed where there is room. `frame`:
    ed/by_weekday_hour (weekday 1 = Monday, hour 0..23 or null, visits). Without any known hour it is
    `weekday_bars`; visits of unknown hour are counted below the axis. customdata (weekday, hour). Cells are
    bars, because a heatmap's cells cannot be selected."""
    known = frame[frame["hour"].notna()] if len(frame) else frame
    if known.empty:
        return weekday_bars(frame, theme=theme, height=height)
    counts = (
        known.assign(weekday=known["weekday"].astype(int), hour=known["hour"].astype(int))
        .groupby(["weekday", "hour"])["visits"]
        .sum()
        .reindex(
            pd.MultiIndex.from_product([range(1, 8), range(24)], names=["weekday", "hour"]), fill_value=0
        )
        .astype(float)
        .reset_index()
    )
    unknown = float(frame.loc[frame["hour"].isna(), "visits"].sum())
    figure, look = canvas(theme, height, margin={"l": 44, "r": 8, "t": 8, "b": 52 if unknown else 34})
    most = max(float(counts["visits"].max()), 1.0)
    steps = len(look.sequential) - 1
    fills = [look.sequential[round(value / most * steps)] for value in counts["visits"]]
    figure.add_trace(
        go.Bar(
            x=counts["hour"],
            y=[0.94] * len(counts),
            base=[7 - day + 0.03 for day in counts["weekday"]],
            width=0.94,
            marker={"color": fills, "line": {"width": 0}},
            text=[formats.number(value) for value in counts["visits"]],
            textposition="inside",
            insidetextanchor="middle",
            textangle=0,
            textfont={"color": [readable_on(fill, look) for fill in fills], "size": 11},
            customdata=[
                [int(day), int(hour)] for day, hour in zip(counts["weekday"], counts["hour"], strict=True)
            ],
            hovertext=[
                f"{strong(f'{WEEKDAYS[day - 1]}, {hour:02d}:00 to {hour:02d}:59')}<br>"
                f"{formats.count_of(value, 'visit')}"
                for day, hour, value in zip(counts["weekday"], counts["hour"], counts["visits"], strict=True)
            ],
            hovertemplate="%{hovertext}<extra></extra>",
            name="Visits",
        )
    )
    figure.update_layout(barmode="overlay", uniformtext={"minsize": 10, "mode": "hide"})
    hours = list(range(0, 24, 3))
    figure.update_xaxes(range=[-0.5, 23.5], tickvals=hours, ticktext=[f"{hour:02d}:00" for hour in hours])
    figure.update_yaxes(
        range=[0, 7],
        showgrid=False,
        tickvals=[6.5 - at for at in range(7)],
        ticktext=[day[:3] for day in WEEKDAYS],
        tickfont={"color": look.text},
    )
    note = f"Hour not known for {formats.count_of(unknown, 'visit')}" if unknown else ""
    if note:
        figure.add_annotation(
            text=note,
            xref="paper",
            x=0,
            xanchor="left",
            yref="paper",
            y=0,
            yanchor="top",
            yshift=-30,
            font={"color": look.muted},
        )
    busiest = counts.loc[counts["visits"].idxmax()]
    alt = (
        f"Visits by weekday and hour. Busiest: "
        f"{WEEKDAYS[int(busiest['weekday']) - 1]} {int(busiest['hour']):02d}:00 "
        f"with {formats.count_of(busiest['visits'], 'visit')}. {note + '.' if note else ''}"
    ).strip()
    wide = counts.pivot(index="weekday", columns="hour", values="visits")
    wide.columns = pd.Index([f"{hour:02d}:00" for hour in wide.columns])
    wide.insert(0, "Weekday", [WEEKDAYS[day - 1] for day in wide.index])
    return Chart(finish(figure), alt, wide.reset_index(drop=True))


@drawn_once
def weekday_bars(frame: pd.DataFrame, *, theme: ThemeType = "light", height: int = HALF_HEIGHT) -> Chart:
    """Visits by weekday against equal days (dashed). `frame`: ed/by_weekday_hour. customdata (weekday,)."""
    columns = ["Weekday", "Visits", "Share"]
    if frame.empty or frame["visits"].sum() == 0:
        return empty(theme, height, "No visits in this selection", columns)
    visits = (
        frame.groupby(frame["weekday"].astype(int))["visits"]
        .sum()
        .reindex(range(1, 8), fill_value=0)
        .astype(float)
    )
    total, equal = float(visits.sum()), float(visits.sum()) / 7
    figure, look = canvas(theme, height, margin={"l": 44, "r": 110, "t": 26, "b": 30}, bargap=0.35)
    figure.add_trace(
        go.Bar(
            x=[day[:3] for day in WEEKDAYS],
            y=list(visits),
            marker={"color": look.gray},
            # Printed at the foot of the bar, where the line of equal days never crosses them.
            text=[f"{strong(formats.number(value))}<br>{formats.percent(value / total)}" for value in visits],
            textposition="inside",
            insidetextanchor="start",
            textfont={"color": look.background},
            constraintext="none",
            textangle=0,
            customdata=[[day] for day in range(1, 8)],
            hovertext=[
                f"{strong(WEEKDAYS[day - 1])}<br>{formats.count_of(value, 'visit')}<br>"
                f"{formats.percent(value / total)}"
                for day, value in visits.items()
            ],
            hovertemplate="%{hovertext}<extra></extra>",
            name="Visits",
        )
    )
    figure.add_shape(
        type="line",
        xref="paper",
        x0=0,
        x1=1,
        y0=equal,
        y1=equal,
        line={"color": look.text, "width": 1.4, "dash": "7px,5px"},
    )
    figure.add_annotation(
        xref="paper",
        x=1.01,
        xanchor="left",
        y=equal,
        text=f"Equal days {formats.number(equal)}",
        font={"color": look.muted},
    )
    figure.update_yaxes(range=[0, float(visits.max()) * 1.12], nticks=5, tickformat=",d")
    figure.update_xaxes(tickfont={"color": look.text})
    table = pd.DataFrame(
        [
            [WEEKDAYS[day - 1], formats.number(value), formats.percent(value / total)]
            for day, value in visits.items()
        ],
        columns=columns,
    )
    alt = f"Visits by weekday. {weekday_title(list(visits))}. " + ", ".join(
        f"{WEEKDAYS[day - 1]} {formats.number(value)}" for day, value in visits.items()
    )
    return Chart(finish(figure), alt + ".", table)
