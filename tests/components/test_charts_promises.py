"""Every chart: opens what was clicked, says itself in words, has its table, and survives having nothing to
draw."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analytics.control_chart import control_chart, individuals_chart, proportion_chart
from analytics.funnel import funnel_points, proportion_funnel
from components import charts
from components.charts.frame import contrast, spread_out, wrap
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
COST = individuals_chart(
    MONTHS,
    [900 + rate / 10 for rate in RATES[:24]] + [940, 955],
    to_date=[900.0 + rate / 10 for rate in RATES[:24]] + [780, 540],
    low=[None] * 24 + [925, 910],
    high=[None] * 24 + [955, 1002],
    mature=MATURE,
    completion=[1.0] * 24 + [0.82, 0.58],
    exposure=[12_190] * 26,
)
STEPS = pd.DataFrame(
    {
        "key": ["membership_mix", "utilisation", "unit_price", "estimated"],
        "words": ["Membership mix", "Utilisation", "Unit price", "Estimated, not yet paid"],
        "change": [-2.0, 6.5, 18.0, 0.5],
    }
)
CATEGORIES = pd.DataFrame(
    {
        "category": ["inpatient", "outpatient", "other"],
        "pmpm": [318.0, 196.0, 26.0],
        "low": [300.0, 186.0, np.nan],
        "high": [336.0, 206.0, np.nan],
        "reference": [334.0, 184.0, np.nan],
        "gap": [-16.0, 12.0, np.nan],
        "signal": ["none", "worsening", "not_tested"],
    }
)
HEAT = pd.DataFrame(
    [
        (group, name, category, value, value, reference, months)
        for group, name, months in (("harbor", "Harbor & <Co>", 60_000), ("lark", "Larkspur", 800))
        for category, value, reference in (("inpatient", 318.0, 334.0), ("other", 26.0, np.nan))
    ],
    columns=["group_id", "group_name", "category", "printed", "pmpm", "reference", "member_months"],
)
AMOUNTS = pd.DataFrame(
    {
        "key": ["semaglutide brand", "metformin generic"],
        "name": ["Semaglutide", "Metformin"],
        "amount": [182_000.0, -4_100.0],
        "note": ["210 fills", "2,040 fills"],
        "detail": ["brand, 210 fills", "generic, 2,040 fills"],
    }
)
LEAKING = pd.DataFrame(
    {
        "group_id": ["Orthopedics", "none"],
        "group_name": ["Orthopedics", "Not known"],
        "amount_out": [90_000.0, 0.0],
        "amount_in": [120_000.0, 40_000.0],
        "amount_unknown": [0.0, 9_000.0],
        "leakage_rate": [0.43, np.nan],
    }
)
SHARES_OF_COST = pd.DataFrame(
    {
        "top_share": [0.01, 0.05, 0.1, 0.5, 1.0],
        "members": [10, 50, 100, 500, 1000],
        "amount": [2.1e6, 4.9e6, 6.6e6, 9.6e6, 1e7],
        "share": [0.21, 0.49, 0.66, 0.96, 1.0],
        "from_amount": [90_000.0, 30_000.0, 12_000.0, 800.0, 0.0],
    }
)
SAID = pd.DataFrame(
    {
        "month": MONTHS[:3],
        "said": [1.0e6, 1.1e6, 1.2e6],
        "low": [0.9e6, 1.0e6, 1.1e6],
        "high": [1.1e6, 1.2e6, 1.3e6],
        "came_completed": [1.05e6, 1.3e6, 1.2e6],
        "covered": [True, False, True],
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
    "cost_trend": (charts.control_chart, COST, {f"{month:%Y-%m-%d}" for month in MONTHS}),
    "waterfall": (partial(charts.waterfall, before=889.0, after=912.0), STEPS, {*STEPS["key"], "end"}),
    "category_bars": (charts.category_bars, CATEGORIES, set(CATEGORIES["category"])),
    "cost_heat": (charts.cost_heat, HEAT, {"harbor", "lark"}),
    "amount_bars": (charts.amount_bars, AMOUNTS, set(AMOUNTS["key"])),
    "leakage_bars": (charts.leakage_bars, LEAKING, set(LEAKING["group_id"])),
    "cost_concentration": (charts.cost_concentration, SHARES_OF_COST, {0.01, 0.05, 0.1, 0.5, 1.0}),
    "backtest": (charts.backtest, SAID, {f"{month:%Y-%m-%d}" for month in MONTHS[:3]}),
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
        (charts.category_bars, CATEGORIES),
        (charts.leakage_bars, LEAKING),
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


def test_a_waterfall_adds_up_and_says_where_it_arrives() -> None:
    chart = charts.waterfall(STEPS, before=889.0, after=912.0, before_label="Budget", low=905.0, high=919.0)
    assert "Waterfall from Budget $889 to Actual $912 PMPM, +$23" in chart.alt
    bars = [trace for trace in chart.figure.data if trace.type == "bar"]
    assert bars[0].base[-1] + bars[0].y[-1] == pytest.approx(bars[1].y[0]) == pytest.approx(23)
    assert list(bars[0].marker.pattern.shape) == ["", "", "", "/"], "what is not yet paid is hatched"
    assert list(chart.table.iloc[:, 0]) == ["Budget", *STEPS["words"], "Actual"]


def test_the_cost_trend_fans_out_and_shows_what_is_paid() -> None:
    paid = tuple(COST["rate"])
    chart = charts.control_chart(COST, unit="PMPM", target=900, target_label="Budget", to_date=paid)
    notes = " ".join(note.text for note in chart.figure.layout.annotations)
    assert "Budget $900" in notes and "Paid to date" in notes and "Immature, not counted" in notes
    fans = [trace for trace in chart.figure.data if trace.fill == "toself" and max(trace.y) == 1002]
    assert len(fans) == 1
    assert list(chart.table["Paid to date"])[-1] == "$540"
    assert list(chart.table["PMPM"])[-1] == "$955"


def test_only_signals_are_coloured_among_categories() -> None:
    look = tokens("light")
    marks = {
        note.text: note.font.color
        for note in charts.category_bars(CATEGORIES).figure.layout.annotations
        if note.text in ("▲", "○", "●")
    }
    assert marks == {"▲": look.worsening, "○": look.gray}


def test_a_small_groups_cell_is_printed_and_not_coloured() -> None:
    cells = keyed(charts.cost_heat(HEAT))[0]
    fills = {tuple(key): fill for key, fill in zip(cells.customdata, cells.marker.color, strict=True)}
    look = tokens("light")
    assert fills[("harbor", "inpatient")] in look.diverging
    assert fills[("lark", "inpatient")] == fills[("harbor", "other")] == look.gray_background
    assert "$318" in cells.text[2]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_value_of_the_heat_map_can_be_read(theme: ThemeType) -> None:
    away = [-0.3, -0.18, -0.15, -0.11, -0.06, -0.02, 0.02, 0.06, 0.11, 0.15, 0.18, 0.3]
    cells = pd.concat([HEAT.iloc[:1].assign(category=str(at), reference=318 / (1 + at)) for at in away])
    drawn = keyed(charts.cost_heat(cells, theme=theme))[0]
    pairs = list(zip(drawn.textfont.color, drawn.marker.color, strict=True))
    assert all(contrast(text, fill) >= 4.5 for text, fill in pairs)
    assert len(set(drawn.marker.color)) >= 9


def test_a_month_outside_what_was_said_is_marked() -> None:
    came = charts.backtest(SAID).figure.data[1]
    assert list(came.marker.symbol) == ["diamond", "triangle-up", "diamond"]
    assert "2 of 3 inside" in charts.backtest(SAID).alt


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
