"""The definition drawer: what a number means, with the number itself, where it comes
from and the SQL that ran.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

import queries
import queries.metrics
from components import formats
from components.asking import Asking

WIDTH = 420
INTERVALS = {
    "exact_poisson": "Exact Poisson, 95%",
    "wilson": "Wilson, 95%",
    "weighted_sum": "Of a weighted sum, 95%",
    "bootstrap": "Bootstrap, 95%",
    "completion": "Spread of completion, 95%",
    "none": "",
}


@dataclass(frozen=True)
class Live:
    """A metric as it stands on the page now; empty parts are left out of the drawer.

    formula: with the numbers in it. counted, divided: those numbers in words. sql: as it ran, binds included.
    """

    formula: str = ""
    counted: str = ""
    divided: str = ""
    interval: str = ""
    signal: str = ""
    maturity: str = ""
    benchmark: str = ""
    through: str = ""
    sql: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)


def info_button(asking: Asking, metric_id: str, live: Live, *, key: str, what: str) -> None:
    """The small button beside a number or a section that opens its definition."""
    if st.button(
        " ",
        icon=":material/info:",
        type="tertiary",
        key=f"info_{key}",
        help=f"Definition of {what[:1].lower() + what[1:] if not what[:2].isupper() else what}",
    ):
        open_drawer(asking, {metric_id: live}, metric_id)


def definitions_button(asking: Asking, metrics: Mapping[str, Live]) -> None:
    """The page's Definitions button: every metric on it, one at a time."""
    if st.button("Definitions", icon=":material/menu_book:", key="definitions"):
        open_drawer(asking, metrics, next(iter(metrics)))


def open_drawer(asking: Asking, metrics: Mapping[str, Live], first: str) -> None:
    """Open the drawer on one metric; with several, they can be switched inside it."""
    names = {metric_id: queries.metric(metric_id).name for metric_id in metrics}

    @st.dialog(names[first] if len(metrics) == 1 else "Definitions", width=WIDTH, position="right")
    def drawer() -> None:
        shown = first
        if len(metrics) > 1:
            shown = st.selectbox(
                "Number", list(metrics), format_func=names.__getitem__, key="definition_shown"
            )
        _contents(asking, shown, metrics[shown])

    drawer()


def facts_of(metric_id: str, live: Live, snapshot: str) -> list[tuple[str, str]]:
    """(name, words) of everything the drawer tells, in its order; also an export's definitions."""
    meaning = queries.metric(metric_id)
    facts = [
        ("Counted", _with_number(_words(meaning.numerator), live.counted)),
        ("Divided by", _with_number(_words(meaning.denominator), live.divided)),
        ("Interval", live.interval or INTERVALS[meaning.interval]),
        ("Signal", live.signal),
        ("Maturity", live.maturity or meaning.maturity),
        ("Source", meaning.source),
        ("Benchmark", live.benchmark),
        ("Data", live.through),
        ("Snapshot", snapshot),
    ]
    return [(name, words) for name, words in facts if words]


def as_definitions(metric_ids: Sequence[str]) -> list[tuple[str, str]]:
    """(name, formula and source) for the second sheet of an export."""
    return [
        (metric.name, f"{metric.formula} ({metric.unit}). {metric.caution or ''} Source: {metric.source}")
        for metric in (queries.metric(metric_id) for metric_id in metric_ids)
    ]


def _contents(asking: Asking, metric_id: str, live: Live) -> None:
    meaning = queries.metric(metric_id)
    better = {"lower_is_better": "Lower is better.", "higher_is_better": "Higher is better."}
    unit = meaning.unit[:1].upper() + meaning.unit[1:]
    st.markdown(
        " ".join(part for part in (f"{unit}.", better.get(meaning.direction), meaning.caution) if part)
    )
    st.code(live.formula or meaning.formula, language=None, wrap_lines=True)
    for name, words in facts_of(metric_id, live, asking.snapshot):
        with st.container(horizontal=True, wrap=False, gap="small", key=f"fact_{name}"):
            st.markdown(f":gray[{name}]", width=104)
            st.markdown(words, width="stretch")
    if live.sql:
        with st.expander("Show SQL", icon=":material/code:"):
            st.code(live.sql, language="sql", wrap_lines=True)
            bound = {key: value for key, value in live.parameters.items() if formats.known(value)}
            if bound:
                st.caption("With " + ", ".join(f"{key} = {value}" for key, value in bound.items()))
    st.caption(f"Metric `{metric_id}` of queries/metrics.yaml")


def _words(measure: queries.metrics.Measure | None) -> str:
    """What a measure counts, as its question's header says."""
    if measure is None:
        return ""
    meaning = queries.question(measure.question).columns[measure.measure].meaning
    return meaning[:1].upper() + meaning[1:]


def _with_number(words: str, number: str) -> str:
    return f"{words}  \n**{number}**" if number and words else words
