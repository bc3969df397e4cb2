"""What visits were for: commonest reasons, and AHRQ's ED prevention conditions."""

from __future__ import annotations

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from analytics.findings import ahrq_title, diagnosis_title
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
    label_lines,
    strong,
    tinted,
)
from components.theme import ThemeType


@drawn_once
def diagnosis_bars(
    frame: pd.DataFrame,
    *,
    theme: ThemeType = "light",
    top: int = 10,
    by: str = "diagnosis_category",
    height: int = HALF_HEIGHT,
) -> Chart:
    """Commonest reasons, the avoidable-equivalent part of each in the dark colour; long names take two lines
    and the chart grows with them. `frame`: ed/by_diagnosis;
    `by` diagnosis_category or primary_diagnosis (labelled by its description). customdata (key,)."""
    columns = ["Reason", "Visits", "Share", "Avoidable-equivalent"]
    if frame.empty or frame["visits"].sum() == 0:
        return empty(theme, height, "No visits in this selection", columns)
    label = "diagnosis_description" if by == "primary_diagnosis" else by
    whole = frame.assign(
        key=frame[by],
        label=frame[label].where(frame[label].notna(), frame[by]).fillna(formats.NOT_KNOWN),
        visits=frame["visits"].astype(float),
        avoidable=pd.to_numeric(frame["avoidable_equivalent"]).astype(float),
    )
    reasons = whole.groupby(["key", "label"], dropna=False, as_index=False)[["visits", "avoidable"]].sum(
        min_count=1
    )
    reasons = reasons.sort_values(["visits", "label"], ascending=[False, True], ignore_index=True)
    total = float(reasons["visits"].sum())
    shown = reasons.head(top)
    title = diagnosis_title(
        [formats.reason(name) for name in reasons["label"]], list(reasons["visits"]), total
    )
    names = [label_lines(formats.reason(name)) for name in shown["label"]]
    if any("<br>" in name for name in names):
        height = max(height, 36 * len(names) + 32)
    figure, look = _rows(theme, height, names)
    classified = shown["avoidable"].notna().any()
    part = shown["avoidable"].fillna(0.0)
    rows = list(range(len(shown)))[::-1]
    hover = [
        f"{strong(escape(row.label))}<br>{formats.count_of(row.visits, 'visit')}, "
        f"{formats.percent(row.visits / total)}"
        + (f"<br>{formats.number(row.avoidable, 1)} avoidable-equivalent" if pd.notna(row.avoidable) else "")
        for row in shown.itertuples()
    ]
    shared: dict[str, Any] = {
        "orientation": "h",
        "y": rows,
        "width": _thickness(rows),
        "customdata": [[key] for key in shown["key"]],
        "hovertext": hover,
        "hovertemplate": "%{hovertext}<extra></extra>",
    }
    if classified:
        edge = {"color": look.background, "width": 1}
        dark = {"color": look.categorical[0], "line": edge}
        figure.add_trace(go.Bar(x=part, marker=dark, name="Avoidable-equivalent", **shared))
        figure.add_annotation(
            text=f"{tinted('■', look.categorical[0])} avoidable-equivalent "
            f"{tinted('■', look.categorical[5])} the rest",
            xref="paper",
            x=0,
            xanchor="left",
            yref="paper",
            y=1,
            yanchor="bottom",
            yshift=2,
            font={"color": look.muted},
        )
    figure.add_trace(
        go.Bar(x=shown["visits"] - part, marker={"color": look.categorical[5]}, name="Visits", **shared)
    )
    _values(figure, look, rows, shown["visits"], total)
    rest = len(reasons) - len(shown)
    table = pd.DataFrame(
        [
            [
                row.label,
                formats.number(row.visits),
                formats.percent(row.visits / total),
                formats.number(row.avoidable),
            ]
            for row in reasons.itertuples()
        ],
        columns=columns,
    )
    alt = f"Bars of the commonest reasons. {title}. " + ", ".join(
        f"{formats.reason(row.label)} {formats.number(row.visits)}" for row in shown.itertuples()
    )
    return Chart(finish(figure), alt + (f"; {rest} other reasons in the table." if rest else "."), table)


@drawn_once
def ahrq_bars(frame: pd.DataFrame, *, theme: ThemeType = "light", height: int = HALF_HEIGHT) -> Chart:
    """Visits for AHRQ's ED prevention conditions (dental, chronic and acute ambulatory-care-sensitive,
    asthma, back pain). `frame`: ed/by_ahrq (ahrq_pqe, label, visits, share); rows without a condition are the
    rest and are not drawn. customdata (ahrq_pqe,)."""
    columns = ["Condition", "Visits", "Share"]
    known = frame[frame["ahrq_pqe"].notna()] if len(frame) else frame
    if known.empty:
        return empty(theme, height, "No visits for AHRQ prevention conditions", columns)
    shown = known.sort_values(["visits", "label"], ascending=[False, True], ignore_index=True)
    figure, look = _rows(theme, height, [label_lines(name) for name in shown["label"]])
    rows = list(range(len(shown)))[::-1]
    figure.add_trace(
        go.Bar(
            orientation="h",
            x=shown["visits"].astype(float),
            y=rows,
            width=_thickness(rows),
            marker={"color": look.categorical[0]},
            customdata=[[key] for key in shown["ahrq_pqe"]],
            hovertext=[
                f"{strong(escape(row.label))}<br>{formats.count_of(row.visits, 'visit')}, "
                f"{formats.percent(row.share)}"
                for row in shown.itertuples()
            ],
            hovertemplate="%{hovertext}<extra></extra>",
            name="Visits",
        )
    )
    _values(figure, look, rows, shown["visits"].astype(float), None, shown["share"])
    table = pd.DataFrame(
        [[row.label, formats.number(row.visits), formats.percent(row.share)] for row in shown.itertuples()],
        columns=columns,
    )
    alt = f"Bars of AHRQ prevention conditions. {ahrq_title(float(shown['share'].sum()))}. " + ", ".join(
        f"{row.label} {formats.number(row.visits)} ({formats.percent(row.share)})"
        for row in shown.itertuples()
    )
    return Chart(finish(figure), alt + ".", table)


def _rows(theme: ThemeType, height: int, names: list[str]) -> tuple[go.Figure, Any]:
    longest = max(len(line) for name in names for line in name.split("<br>"))
    left = int(min(longest * CHARACTER + 18, 236))
    figure, look = canvas(
        theme, height, margin={"l": left, "r": 16, "t": 24, "b": 8}, barmode="stack", bargap=0
    )
    figure.update_yaxes(
        range=[-0.6, len(names) - 0.4],
        showgrid=False,
        tickvals=list(range(len(names)))[::-1],
        ticktext=names,
        tickfont={"color": look.text},
        ticklabelstandoff=6,
    )
    return figure, look


def _values(
    figure: go.Figure,
    look: Any,
    rows: list[int],
    visits: pd.Series,
    total: float | None,
    shares: pd.Series | None = None,
) -> None:
    parts = shares if shares is not None else visits / total
    for row, value, share in zip(rows, visits, parts, strict=True):
        figure.add_annotation(
            x=value,
            y=row,
            xanchor="left",
            xshift=6,
            text=f"{strong(formats.number(value))}  {tinted(formats.percent(share), look.muted)}",
        )
    figure.update_xaxes(range=[0, max(float(visits.max()), 1.0) * 1.34], visible=False)


def _thickness(rows: list[int]) -> float:
    # Few rows in the same height would make slabs of the bars.
    return 0.62 * min(1.0, max(len(rows), 4) / 9)
