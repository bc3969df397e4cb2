"""Avoidable classes: what visits were for, in the NYU/Billings classes, for the period and by month."""

from __future__ import annotations

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from analytics.findings import classes_title
from analytics.words import short_month
from components import formats
from components.charts.frame import (
    FULL_HEIGHT,
    HALF_HEIGHT,
    IMMATURE,
    Chart,
    Label,
    canvas,
    drawn_once,
    empty,
    escape,
    finish,
    right_labels,
    strong,
    tinted,
)
from components.theme import ThemeType, Tokens

AVOIDABLE = ("non_emergent", "primary_care_treatable")
LABELS = {
    "non_emergent": "Non-emergent",
    "primary_care_treatable": "Emergent, primary-care treatable",
    "emergent_avoidable": "Emergent, ED needed, avoidable",
    "emergent_not_avoidable": "Emergent, not avoidable",
    "injury": "Injury",
    "mental_health": "Mental health",
    "alcohol": "Alcohol",
    "drug": "Drug",
    "unclassified": "Unclassified",
}
GROUPS = {
    "avoidable_equivalent": "Avoidable-equivalent",
    "emergent_avoidable": "ED needed, avoidable",
    "other": "Other classes",
    "unclassified": "Unclassified",
}
# The classes that belong together stand together: a gap before these.
GAP_BEFORE = ("emergent_avoidable", "emergent_not_avoidable", "unclassified")


@drawn_once
def class_bars(frame: pd.DataFrame, *, theme: ThemeType = "light", height: int = HALF_HEIGHT) -> Chart:
    """Visits by class, the two avoidable-equivalent classes bracketed with their sum; unclassified is
    hatched. `frame`: ed/by_class (class, visits, share). customdata (class,)."""
    columns = ["Class", "Visits (equivalent)", "Share"]
    known = frame[frame["class"].isin(LABELS)] if len(frame) else frame
    if known.empty or known["visits"].sum() == 0:
        return empty(theme, height, "No classified visits in this selection", columns)
    found = known.set_index("class")
    rows = [name for name in LABELS if name in found.index]
    place, at = {}, 0.0
    for name in rows:
        at -= 1.0 + (0.35 if name in GAP_BEFORE and place else 0.0)
        place[name] = at
    figure, look = canvas(theme, height, margin={"l": 212, "r": 88, "t": 8, "b": 8})
    visits, shares = found["visits"].astype(float), found["share"].astype(float)
    most = float(visits.max())
    figure.add_trace(
        go.Bar(
            orientation="h",
            x=[visits[name] for name in rows],
            y=[place[name] for name in rows],
            width=0.64,
            marker={
                "color": [
                    look.background if name == "unclassified" else _colour(name, look) for name in rows
                ],
                "line": {
                    "color": [look.gray if name == "unclassified" else _colour(name, look) for name in rows],
                    "width": [1.2 if name == "unclassified" else 0 for name in rows],
                },
                "pattern": {
                    "shape": ["/" if name == "unclassified" else "" for name in rows],
                    "size": 7,
                    "solidity": 0.12,
                    "fgcolor": look.gray,
                    "bgcolor": "rgba(0,0,0,0)",
                    "fillmode": "overlay",
                },
            },
            text=[
                f"&nbsp;{strong(formats.number(visits[name]), look.text)}  "
                f"{tinted(formats.percent(shares[name]), look.muted)}"
                for name in rows
            ],
            textposition="outside",
            textangle=0,
            cliponaxis=False,
            customdata=[[name] for name in rows],
            hovertext=[
                f"{strong(LABELS[name])}<br>{formats.number(visits[name], 1)} visits (equivalent)"
                f"<br>{formats.percent(shares[name])} of visits"
                for name in rows
            ],
            hovertemplate="%{hovertext}<extra></extra>",
            name="Classes",
        )
    )
    avoidable = [name for name in rows if name in AVOIDABLE]
    total, share = float(visits[avoidable].sum()), float(shares[avoidable].sum())
    if len(avoidable) == 2:
        _bracket(figure, look, place[avoidable[0]] + 0.36, place[avoidable[1]] - 0.36, total, share)
    figure.update_xaxes(range=[0, most * 1.42], visible=False)
    figure.update_yaxes(
        range=[at - 0.6, -0.4],
        showgrid=False,
        tickvals=[place[name] for name in rows],
        ticktext=[LABELS[name] for name in rows],
        tickfont={"color": look.text},
        ticklabelstandoff=6,
    )
    figure.update_layout(bargap=0)
    table = pd.DataFrame(
        [[LABELS[name], formats.number(visits[name]), formats.percent(shares[name])] for name in rows],
        columns=columns,
    )
    alt = f"Bars of visits by avoidable class. {classes_title(share)}: {formats.number(total)}. " + "; ".join(
        f"{LABELS[name]} {formats.number(visits[name])} ({formats.percent(shares[name])})" for name in rows
    )
    return Chart(finish(figure), alt + ". A population estimate, not a judgement of any visit.", table)


@drawn_once
def class_months(
    frame: pd.DataFrame,
    *,
    months: pd.DataFrame | None = None,
    theme: ThemeType = "light",
    height: int = FULL_HEIGHT,
    width: int = 1120,
) -> Chart:
    """Share of visits by class and month, stacked to 100%, the unclassified share always on top. `frame`:
    ed/by_class_month (month, class, visits); `months`: any frame with month and is_mature, to hatch immature
    months. customdata (class group, month 'YYYY-MM-01'); class group is avoidable_equivalent |
    emergent_avoidable | other | unclassified."""
    columns = ["Month", *GROUPS.values()]
    if frame.empty or frame["visits"].sum() == 0:
        return empty(theme, height, "No classified visits in this selection", columns)
    shares = _group_shares(frame)
    immature = _immature(months)
    figure, look = canvas(
        theme, height, margin={"l": 44, "r": 172, "t": 30, "b": 44}, barmode="stack", bargap=0.22
    )
    floor, labels = 0.0, []
    ready = [month for month in shares.index if month not in immature]
    last = shares.loc[ready[-1]] if ready else shares.iloc[-1]
    for name, words in GROUPS.items():
        colour = {"unclassified": look.track}.get(name, _colour(name, look))
        figure.add_trace(
            go.Bar(
                x=shares.index,
                y=shares[name],
                marker={
                    "color": colour,
                    "line": {"color": look.background, "width": 1},
                    "pattern": {
                        "shape": ["/" if month in immature else "" for month in shares.index],
                        "size": 7,
                        "solidity": 0.35,
                        "fgcolor": look.background,
                        "bgcolor": colour,
                        "fillmode": "overlay",
                    },
                },
                customdata=[[name, f"{month:%Y-%m-01}"] for month in shares.index],
                hovertext=[
                    f"{strong(words)}<br>{short_month(month)}{', immature' if month in immature else ''}"
                    f"<br>{formats.percent(value)} of visits"
                    for month, value in shares[name].items()
                ],
                hovertemplate="%{hovertext}<extra></extra>",
                name=words,
            )
        )
        text = f"{words} {strong(formats.percent(last[name]))}"
        labels.append(
            Label(
                floor + float(last[name]) / 2,
                text,
                look.text if name == "avoidable_equivalent" else look.muted,
            )
        )
        floor += float(last[name])
    right_labels(figure, labels, (0.0, 1.0), height - 74)
    if immature & set(shares.index):
        figure.add_annotation(
            text=IMMATURE, xref="paper", x=1, xanchor="right", yref="paper", y=1, yanchor="bottom", yshift=4
        )
    _month_axis(figure, look, list(shares.index), width)
    figure.update_yaxes(
        range=[0, 1], tickvals=[0, 0.25, 0.5, 0.75, 1], ticktext=["0%", "25%", "50%", "75%", "100%"]
    )
    table = pd.DataFrame(
        [
            [short_month(month), *[formats.percent(row[name]) for name in GROUPS]]
            for month, row in shares.iterrows()
        ],
        columns=columns,
    )
    when = short_month(last.name)
    alt = f"Stacked bars of visits by avoidable class and month. In {when}: " + ", ".join(
        f"{words.lower() if words[1].islower() else words} {formats.percent(last[name])}"
        for name, words in GROUPS.items()
    )
    return Chart(finish(figure), alt + ".", table)


def _colour(name: str, look: Tokens) -> str:
    if name in AVOIDABLE or name == "avoidable_equivalent":
        return look.categorical[0]
    return look.categorical[4] if name == "emergent_avoidable" else look.categorical[5]


def _bracket(figure: go.Figure, look: Tokens, top: float, bottom: float, total: float, share: float) -> None:
    path = [(1.03, top, 1.045, top), (1.045, top, 1.045, bottom), (1.03, bottom, 1.045, bottom)]
    for x0, y0, x1, y1 in path:
        figure.add_shape(
            type="line",
            xref="paper",
            yref="y",
            x0=x0,
            x1=x1,
            y0=y0,
            y1=y1,
            line={"color": look.text, "width": 1.4},
        )
    figure.add_annotation(
        xref="paper",
        x=1.06,
        xanchor="left",
        align="left",
        y=(top + bottom) / 2,
        text=f"{strong(escape(formats.number(total)))}<br>{tinted(formats.percent(share), look.muted)}",
    )


def _group_shares(frame: pd.DataFrame) -> pd.DataFrame:
    group = frame["class"].map(
        lambda name: "avoidable_equivalent" if name in AVOIDABLE else name if name in GROUPS else "other"
    )
    visits = frame.assign(
        group=group, month=pd.to_datetime(frame["month"]), visits=frame["visits"].astype(float)
    )
    wide = visits.pivot_table(index="month", columns="group", values="visits", aggfunc="sum", fill_value=0.0)
    wide = wide.reindex(columns=list(GROUPS), fill_value=0.0).sort_index()
    wide = wide[wide.sum(axis=1) > 0]
    return wide.div(wide.sum(axis=1), axis=0)


def _immature(months: pd.DataFrame | None) -> set[Any]:
    if months is None or months.empty:
        return set()
    return set(pd.to_datetime(months.loc[~months["is_mature"].astype(bool), "month"]))


def _month_axis(figure: go.Figure, look: Tokens, months: list[pd.Timestamp], width: int) -> None:
    most = min(14, (width - 216) / 36)
    step = next(step for step in (1, 2, 3, 6, 12) if len(months) / step <= most or step == 12)
    chosen = [month for month in months if (month.month - 1) % step == 0]
    texts = [
        f"{month:%b}<br>{strong(f'{month:%Y}', look.text)}" if month.month == 1 or at == 0 else f"{month:%b}"
        for at, month in enumerate(chosen)
    ]
    figure.update_xaxes(tickvals=chosen, ticktext=texts, tickangle=0)
