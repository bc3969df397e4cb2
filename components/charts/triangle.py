"""The claims triangle: what each month of service has come to by months since, and how complete that is."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from components import formats
from components.charts.frame import Chart, canvas, drawn_once, empty, finish, readable_on, strong
from components.theme import ThemeType

ROW = 24
MONTHS = 15


@drawn_once
def claims_triangle(frame: pd.DataFrame, *, theme: ThemeType = "light", months: int = MONTHS) -> Chart:
    """Paid to date by month of service (rows, latest at the foot) and months since (columns): the darker, the
    more complete; under them the completion factor of each column. `frame`: data/triangle of one contract
    (service_month, lag, paid_to_date, completion, share). customdata (service month 'YYYY-MM-01', lag)."""
    columns = ["Month of service", "Months since", "Paid to date", "Complete"]
    if frame.empty:
        return empty(theme, 220, "No paid dates: the feed does not say when claims were paid", columns)
    known = frame.assign(service_month=pd.to_datetime(frame["service_month"]))
    shown = sorted(known["service_month"].unique())[-months:]
    known = known[known["service_month"].isin(shown)].reset_index(drop=True)
    lags = sorted(known["lag"].unique())
    place = {month: len(shown) - at for at, month in enumerate(shown)}
    factors = frame.drop_duplicates("lag").set_index("lag")["completion"]
    figure, look = canvas(
        theme, ROW * (len(shown) + 3) + 44, margin={"l": 92, "r": 8, "t": 8, "b": 48}, barmode="overlay"
    )
    steps = len(look.sequential) - 1
    fills = [
        look.sequential[round(min(max(float(value), 0.0), 1.0) * steps)]
        if formats.known(value)
        else look.track
        for value in known["share"]
    ]
    figure.add_trace(
        go.Bar(
            x=known["lag"],
            y=[0.92] * len(known),
            base=[place[month] + 0.04 for month in known["service_month"]],
            width=0.96,
            marker={"color": fills, "line": {"width": 0}},
            text=[short_dollars(value) for value in known["paid_to_date"]],
            textposition="inside",
            insidetextanchor="middle",
            textangle=0,
            textfont={"color": [readable_on(fill, look) for fill in fills], "size": 12},
            constraintext="none",
            customdata=[
                [f"{month:%Y-%m-01}", int(lag)]
                for month, lag in zip(known["service_month"], known["lag"], strict=True)
            ],
            hovertext=[
                f"{strong(formats.month(row.service_month))}, {formats.count_of(row.lag, 'month')} on<br>"
                f"{formats.money(row.paid_to_date)} paid to date<br>"
                f"{formats.percent(row.share)} of what it should come to"
                for row in known.itertuples()
            ],
            hovertemplate="%{hovertext}<extra></extra>",
            name="Paid to date",
        )
    )
    for lag in lags:
        figure.add_annotation(
            x=lag,
            y=0.1,
            text=strong(formats.percent(factors[lag])),
            showarrow=False,
            font={"color": look.text},
        )
    figure.update_xaxes(
        range=[-0.5, max(lags) + 0.5],
        tickvals=lags,
        title={"text": "Months from service to payment", "font": {"color": look.muted, "size": 13}},
    )
    figure.update_yaxes(
        range=[-0.4, len(shown) + 1],
        showgrid=False,
        tickvals=[0.1, *(place[month] + 0.5 for month in shown)],
        ticktext=["Completion", *(formats.month(month) for month in shown)],
        tickfont={"color": look.text},
    )
    table = pd.DataFrame(
        {
            columns[0]: [formats.month(month) for month in known["service_month"]],
            columns[1]: known["lag"],
            columns[2]: [formats.money(value) for value in known["paid_to_date"]],
            columns[3]: [formats.percent(value) for value in known["share"]],
        }
    )
    said = ", ".join(f"{lag} {formats.percent(factors[lag])}" for lag in lags)
    return Chart(
        finish(figure),
        f"Claims triangle of {len(shown)} months of service. Completion by months since: {said}.",
        table,
    )


def short_dollars(value: float) -> str:
    """A sum that fits a cell: 1,234,567 → '1.2M', 84,210 → '84k', 912 → '912'."""
    if not formats.known(value):
        return ""
    size = abs(float(value))
    sign = formats.MINUS if value < 0 else ""
    if size >= 999_500:
        return f"{sign}{size / 1e6:.1f}M"
    return f"{sign}{size / 1e3:.0f}k" if size >= 1_000 else f"{sign}{size:.0f}"
