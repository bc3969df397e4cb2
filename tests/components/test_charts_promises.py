"""Every chart: opens what was clicked, says itself in words, has its table, and survives having nothing to
draw."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analytics.control_chart import control_chart, proportion_chart
from analytics.funnel import funnel_points, proportion_funnel
from components import charts
from components.charts.frame import spread_out, wrap
from components.theme import ThemeType, tokens

RATES = [561, 538, 549, 579, 590, 556, 531, 547, 562, 533, 549, 529, 533, 558, 546, 559]
RATES += [525, 515, 508, 511, 478, 503, 480, 479, 410, 285]
MONTHS = pd.date_range("2024-09-01", periods=26, freq="MS")
MATURE = [True] * 24 + [False] * 2
TREND = control_chart(
    MONTHS,
    [rate * 1.016 for rate in RATES],
    [12_190] * 26,
    mature=MATURE,
    completion=[1.0] * 24 + [0.82, 0.58],
)
SHARES = proportion_chart(MONTHS, [190] * 26, [500] * 26, mature=MATURE)
GROUPS = pd.DataFrame(
    {
        "group_id": ["e", "m", "h", "t1", "t2"],
        "group_name": ["Eastgate", "Millbrook", "Hill & <Dale>", "T1", "T2"],
        "visits": [620, 400, 1600, 4, 3],
        "member_months": [9830, 11_000, 37_000, 90, 60],
        "followup_7d_met": [120, 170, 600, 1, 1],
        "followup_7d_eligible": [600, 400, 1580, 4, 3],
    }
)
POINTS, FOLLOWUP = funnel_points(GROUPS), proportion_funnel(GROUPS)
CLASSES = pd.DataFrame(
    {
        "class": [
            "non_emergent",
            "primary_care_treatable",
            "emergent_avoidable",
            "emergent_not_avoidable",
            "injury",
            "mental_health",
            "alcohol",
            "drug",
            "unclassified",
        ],
        "visits": [748.0, 1318, 393, 1008, 1287, 260, 134, 100, 1092],
    }
)
CLASSES["share"] = CLASSES["visits"] / CLASSES["visits"].sum()
CLASS_MONTHS = pd.concat([CLASSES.assign(month=month) for month in MONTHS])
WEEK = pd.DataFrame(
    [(day, hour, day + (hour or 0)) for day in range(1, 8) for hour in [*range(24), None]],
    columns=["weekday", "hour", "visits"],
)
SPREAD = pd.DataFrame({"visits_per_member": [0, 1, 4, 11], "members": [900, 80, 15, 5]})
REASONS = pd.DataFrame(
    {
        "diagnosis_category": ["Chest pain", "Back pain"],
        "primary_diagnosis": ["R079", "M545"],
        "diagnosis_description": ["Chest pain", "Low back pain"],
        "visits": [50, 30],
        "avoidable_equivalent": [4.5, np.nan],
    }
)
AHRQ = pd.DataFrame(
    {
        "ahrq_pqe": ["dental", "asthma", None],
        "label": ["Dental", "Asthma", "Other"],
        "visits": [10, 5, 85],
        "share": [0.1, 0.05, 0.85],
    }
)
DRAWN: dict[str, tuple[Callable[..., charts.Chart], pd.DataFrame, set[object]]] = {
    "control_chart": (charts.control_chart, TREND, {f"{month:%Y-%m-%d}" for month in MONTHS}),
    "funnel": (charts.funnel, POINTS, {"e", "m", "h"}),
    "interval_plot": (charts.interval_plot, FOLLOWUP, {"e", "m", "h", None}),
    "class_bars": (charts.class_bars, CLASSES, set(CLASSES["class"])),
    "class_months": (
        charts.class_months,
        CLASS_MONTHS,
        {"avoidable_equivalent", "emergent_avoidable", "other", "unclassified"},
    ),
    "weekday_hour": (charts.weekday_hour, WEEK, set(range(1, 8))),
    "weekday_bars": (charts.weekday_bars, WEEK, set(range(1, 8))),
    "concentration": (charts.concentration, SPREAD, {1, 4, 11}),
    "diagnosis_bars": (charts.diagnosis_bars, REASONS, {"Chest pain", "Back pain"}),
    "ahrq_bars": (charts.ahrq_bars, AHRQ, {"dental", "asthma"}),
}
EVERY = pytest.mark.parametrize("name", sorted(DRAWN))


def keyed(chart: charts.Chart) -> list[object]:
    return [trace for trace in chart.figure.data if trace.customdata is not None]


@EVERY
def test_each_mark_carries_the_key_that_opens_it(name: str) -> None:
    draw, frame, keys = DRAWN[name]
    chart = draw(frame)
    assert {key[0] for trace in keyed(chart) for key in trace.customdata} == keys
    for trace in keyed(chart):
        assert len(trace.customdata) == len(trace.x) == len(trace.hovertext)
        assert trace.type in ("scatter", "bar"), "Plotly cannot select points of other kinds"


@EVERY
def test_picking_a_mark_does_not_dim_the_others(name: str) -> None:
    for trace in keyed(DRAWN[name][0](DRAWN[name][1])):
        assert trace.unselected.marker.opacity == trace.selected.marker.opacity == 1


@EVERY
def test_each_chart_says_itself_in_words_and_has_its_table(name: str) -> None:
    chart = DRAWN[name][0](DRAWN[name][1])
    assert chart.alt.endswith(".")
    assert any(figure.isdigit() for figure in chart.alt)
    assert len(chart.table) > 0
    assert "nan" not in (chart.alt + chart.table.to_csv()).lower()


@EVERY
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_each_chart_uses_only_its_themes_colours(name: str, theme: ThemeType) -> None:
    chart = DRAWN[name][0](DRAWN[name][1], theme=theme)
    other = tokens("dark" if theme == "light" else "light")
    written = chart.figure.to_json().upper()
    assert not [colour for colour in (other.text, other.gray, *other.categorical) if colour in written]


@EVERY
def test_nothing_to_draw_is_said(name: str) -> None:
    draw, frame, _ = DRAWN[name]
    nothing = frame.iloc[0:0].copy()
    nothing.attrs = frame.attrs
    chart = draw(nothing)
    assert chart.table.empty
    assert chart.figure.layout.annotations[0].text == chart.alt


def test_the_trend_says_its_finding_and_hatches_what_is_unfinished() -> None:
    chart = charts.control_chart(TREND, target=480)
    words = " ".join(note.text for note in chart.figure.layout.annotations)
    for expected in (
        "Immature, not counted",
        "Target 480",
        "Mean 551",
        "Sep 2024 to Dec 2025",
        "Upper limit",
        "8 months below the mean since Jan 2026",
    ):
        assert expected in words
    assert any(trace.fillpattern.shape == "/" for trace in chart.figure.data if trace.type == "scatter")
    assert "Control chart of ED visits per 1,000" in chart.alt


def test_a_trend_too_short_to_test_has_no_limits() -> None:
    short = control_chart(MONTHS[:6], [500] * 6, [12_000] * 6)
    words = " ".join(note.text for note in charts.control_chart(short).figure.layout.annotations)
    assert "limit" not in words
    assert "Mean" not in words


def test_shares_are_printed_as_percent() -> None:
    assert "38%" in charts.control_chart(SHARES, unit="Follow-up within 7 days", target=0.45).alt


def test_the_funnel_names_only_its_outliers_and_escapes_names() -> None:
    notes = " ".join(note.text for note in charts.funnel(POINTS).figure.layout.annotations)
    assert "Eastgate" in notes
    assert "Hill" not in notes
    figure = charts.funnel(POINTS).figure
    assert any(
        "Hill &amp; &lt;Dale&gt;" in text
        for trace in figure.data
        if trace.hovertext
        for text in trace.hovertext
    )


def test_grey_until_chance_is_ruled_out() -> None:
    marks = next(trace for trace in charts.funnel(POINTS).figure.data if trace.customdata is not None)
    look = tokens("light")
    by_name = {
        key[0]: (colour, symbol)
        for key, colour, symbol in zip(marks.customdata, marks.marker.color, marks.marker.symbol, strict=True)
    }
    assert by_name["e"] == (look.worsening, "triangle-up")
    assert by_name["m"] == (look.improving, "circle")
    assert by_name["h"] == (look.gray, "circle")


def test_bars_start_at_zero() -> None:
    for draw, frame in (
        (charts.class_bars, CLASSES),
        (charts.diagnosis_bars, REASONS),
        (charts.ahrq_bars, AHRQ),
    ):
        assert draw(frame).figure.layout.xaxis.range[0] == 0
    assert charts.weekday_bars(WEEK).figure.layout.yaxis.range[0] == 0


def test_the_bracket_sums_the_avoidable_equivalent_classes() -> None:
    notes = " ".join(note.text for note in charts.class_bars(CLASSES).figure.layout.annotations)
    assert "2,066" in notes
    assert "33%" in notes


def test_hours_unknown_are_said_and_without_any_hour_weekdays_remain() -> None:
    assert "Hour not known for 28 visits" in charts.weekday_hour(WEEK).alt
    assert charts.weekday_hour(WEEK[WEEK["hour"].isna()]).alt.startswith("Visits by weekday.")


def test_immature_months_of_the_classes_are_hatched() -> None:
    chart = charts.class_months(CLASS_MONTHS, months=pd.DataFrame({"month": MONTHS, "is_mature": MATURE}))
    for trace in chart.figure.data:
        assert list(trace.marker.pattern.shape) == [""] * 24 + ["/"] * 2


def test_picked_reads_the_first_key_of_an_event() -> None:
    assert charts.picked({"selection": {"points": [{"customdata": ["2026-01-01"]}]}}) == ("2026-01-01",)
    assert charts.picked({"selection": {"points": [{"customdata": {"0": 3, "1": 14}}]}}) == (3, 14)
    assert charts.picked({"selection": {"points": [{"x": 1}]}}) is None
    assert charts.picked({"selection": {"points": []}}) is None
    assert charts.picked(None) is None


def test_labels_are_moved_apart_and_no_farther() -> None:
    assert spread_out([10, 100], [18, 18], 0, 200) == [10, 100]
    placed = spread_out([50, 52, 54], [18, 18, 18], 0, 200)
    assert [later - earlier for earlier, later in zip(placed, placed[1:], strict=False)] == [18, 18]
    assert placed[1] == pytest.approx(52)


def test_sentences_break_at_their_comma() -> None:
    sentence = "8 months below the mean since Jan 2026, 3 of them below the lower limit"
    assert wrap(sentence, 42) == "8 months below the mean since Jan 2026,<br>3 of them below the lower limit"


def test_charts_know_neither_streamlit_nor_a_database() -> None:
    root = Path(__file__).resolve().parents[2]
    code = "import sys, components.charts, components.strips, analytics.findings; "
    code += "print([name for name in ('streamlit', 'duckdb', 'sqlalchemy') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
