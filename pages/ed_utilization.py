"""ED utilization: how often members go, why, where, who most, and whether somebody followed up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from components import charts, ed_figures, filter_bar, formats, frame, member_list, states, tables
from components.asking import Asking
from components.definitions import as_definitions
from components.drawing import draw_chart, switch
from components.drill import WEEKDAYS, open_list, open_members
from components.ed_figures import AVOIDABLE, FOLLOWUP, FREQUENT, METRICS, TOTAL, VISITS
from components.export import Export, export_menu, receipt
from components.filter_bar import Chosen
from components.frame import Crumb, Head, section_head
from components.states import part, section
from components.theme import current_theme

GROUPINGS = {
    "practice": "Practice",
    "pcp": "PCP",
    "care_team": "Care team",
    "line_of_business": "Line",
    "market": "Market",
}
RELEASED = {"disposition": "treated_and_released"}


def page() -> None:
    asking = frame.start()
    head = Head()
    with frame.ruled():
        chosen = filter_bar.filter_bar(asking)
    receipt()
    live: dict[str, Any] = {}
    title = ("ED utilization", chosen.period_words)
    with section("The key figures", 300):
        now = asking.ask("ed/summary", chosen.filters)
        if not now.iloc[0]["member_months"]:
            head.title("No member-months match these filters", chosen.period_words)
            head.line(asking, _crumbs(chosen), chosen, {})
            states.empty("Nobody was enrolled", "Widen the filters, or reset them.", filter_bar.reset, "ed")
            return
        months = asking.ask("ed/by_month", chosen.filters, months_back=23)
        benchmarks = {m: asking.ask("shared/benchmark", chosen.filters, metric_id=m) for m in METRICS}
        # The peers are Medicare's; beside other lines of business they are a reference, and called one.
        of_medicare = replace(chosen.filters, line_of_business=("medicare",))
        benchmarks[TOTAL] = asking.ask("shared/benchmark", of_medicare, metric_id=TOTAL)
        practices = asking.ask("ed/by_group", chosen.filters, group_by="practice")
        before = asking.ask("ed/summary", chosen.prior)
        figures = ed_figures.key_figures(chosen, now, before, months, benchmarks, practices, current_theme())
        live = dict(figures.live)
        title = (figures.title, figures.subtitle)
        ed_figures_row(asking, figures)
    head.title(*title)
    head.line(asking, _crumbs(chosen), chosen, live)
    if not live:
        return

    with section("The monthly trend", 400):
        _trend(asking, chosen, months, live, ed_figures.target_of(benchmarks[VISITS]))
    left, right = st.columns(2, gap="medium")
    with left:
        _funnel(chosen, live)
    with right:
        _avoidable(chosen, live)
    with section("Facilities", 420):
        _facilities(asking, chosen, live, ed_figures.target_of(benchmarks[FOLLOWUP]))
    left, right = st.columns([3, 2], gap="medium")
    with left, section("Members with most visits", 420):
        _frequent(asking, chosen, now, live)
    with right, section("The concentration of visits", 420):
        _concentration(asking, chosen, live)
    left, right = st.columns(2, gap="medium")
    with left:
        _diagnoses(chosen, live)
    with right:
        _timing(chosen, live)
    _followup(chosen, live, ed_figures.target_of(benchmarks[FOLLOWUP]))
    frame.footer(asking)


def ed_figures_row(asking: Asking, figures: ed_figures.KeyFigures) -> None:
    from components.kpi_tile import kpi_row

    kpi_row(asking, figures.tiles)
    lines = [figures.beside, figures.peers] if figures.peers else [figures.beside]
    st.markdown("  \n".join(f":gray[:small[{line}]]" for line in lines))


def _trend(
    asking: Asking, chosen: Chosen, months: pd.DataFrame, live: Any, target: ed_figures.Target
) -> None:
    chart = ed_figures.visits_chart(months)
    finding, line = ed_figures.trend_words(chart, chosen)
    tools = section_head(finding, line, asking=asking, metric_id=VISITS, live=live[VISITS], key="trend")
    with tools:
        if st.button("Members", icon=":material/list:", type="tertiary", key="trend_members"):
            now = asking.ask("ed/summary", chosen.filters).iloc[0]
            open_members(chosen, "ed/summary", "visits", now, label="Treated and released")
        _export(asking, chosen, "ED visits by month", "ed-by-month", "ed/by_month", chosen.filters, (VISITS,))
    drawn = charts.control_chart(chart, theme=current_theme(), target=target.value)
    picked = draw_chart(drawn, "trend_chart", tools)
    if picked:
        row = months[pd.to_datetime(months["month"]) == pd.Timestamp(picked[0])]
        if len(row):
            open_members(chosen, "ed/by_month", "visits", row.iloc[0], label=formats.month(picked[0]))


@part("The comparison of groups", 420)
def _funnel(chosen: Chosen, live: Any) -> None:
    asking = frame.asking_now()
    top = st.container()
    group_by = switch("Compare by", GROUPINGS, "funnel_by")
    groups = asking.ask("ed/by_group", chosen.filters, group_by=group_by)
    points = ed_figures.funnel_of(groups)
    words = ed_figures.GROUP_WORDS[group_by][2]
    with top:
        tools = section_head(
            ed_figures.funnel_words(points, group_by),
            f"Visits per 1,000 by {words}. Select a point to list its members.",
            asking=asking,
            metric_id=VISITS,
            live=live[VISITS],
            key="funnel",
        )
    picked = draw_chart(
        charts.funnel(points, theme=current_theme(), scope_label=_scope_word(chosen)), "funnel_chart", tools
    )
    if picked and picked[0] is not None:
        _open_group(chosen, groups, "ed/by_group", "visits", group_by, picked[0])


@part("The avoidable classes", 420)
def _avoidable(chosen: Chosen, live: Any) -> None:
    asking = frame.asking_now()
    now = asking.ask("ed/summary", chosen.filters)
    installed = bool(now.iloc[0]["classified_visits"])
    top = st.container()
    views = (
        {"classes": "Classes", "months": "By month", "ahrq": "AHRQ conditions"}
        if installed
        else {"ahrq": "AHRQ"}
    )
    view = switch("View", views, "avoidable_view") if installed else "ahrq"
    conditions = asking.ask("ed/by_ahrq", chosen.filters)
    finding, line = (
        ed_figures.avoidable_words(now) if view != "ahrq" else ed_figures.ahrq_words(conditions, now)
    )
    with top:
        tools = section_head(
            finding, line, asking=asking, metric_id=AVOIDABLE, live=live[AVOIDABLE], key="avoidable"
        )
    if not installed:
        _how_to_classify()
    if view == "ahrq":
        picked = draw_chart(charts.ahrq_bars(conditions, theme=current_theme()), "ahrq_chart", tools)
        if picked:
            _open_where(chosen, conditions, "ed/by_ahrq", "ahrq_pqe", picked[0], "label")
        if len(conditions):
            st.caption(f"Source: {conditions.iloc[0]['source']}")
    elif view == "classes":
        classes = asking.ask("ed/by_class", chosen.filters)
        picked = draw_chart(charts.class_bars(classes, theme=current_theme()), "class_chart", tools)
        if picked:
            _open_where(chosen, classes, "ed/by_class", "class", picked[0], "label")
        _classification_source(asking)
    else:
        by_month = asking.ask("ed/by_class_month", chosen.history)
        drawn = charts.class_months(by_month, months=chosen.months, theme=current_theme(), height=326)
        draw_chart(drawn, "class_months_chart", tools)
        _classification_source(asking)


def _facilities(asking: Asking, chosen: Chosen, live: Any, target: ed_figures.Target) -> None:
    table = asking.ask("ed/by_facility", chosen.filters)
    by_month = asking.ask("ed/by_facility_month", chosen.filters)
    shown = ed_figures.facilities(table, by_month, current_theme(), target)
    tools = section_head(
        ed_figures.facilities_words(shown),
        f"Treated-and-released visits, {chosen.period_words}. Select a row to open its visits.",
        asking=asking,
        metric_id=AVOIDABLE,
        live=live[AVOIDABLE],
        key="facilities",
    )
    with tools:
        _export(
            asking,
            chosen,
            "ED visits by facility",
            "ed-facilities",
            "ed/by_facility",
            chosen.filters,
            METRICS[:3],
        )
    if shown.empty:
        states.empty(
            "No facility was visited", "The period or the filters leave no visit.", filter_bar.reset, "fac"
        )
        return
    picked = tables.facilities(shown, target)
    if picked is not None and picked["facility_npi"] is not None:
        _open_where(chosen, table, "ed/by_facility", "facility_npi", picked["facility_npi"], "facility_name")
    pool = shown[shown["facility_npi"].isna()]
    if len(pool):
        with st.expander(f"Open the pool: {pool.iloc[0]['facility']}"):
            parts = table[table["facility_npi"].isin(pool.iloc[0]["parts"])]
            row = tables.pooled_facilities(parts)
            if row is not None:
                _open_where(
                    chosen, table, "ed/by_facility", "facility_npi", row["facility_npi"], "facility_name"
                )


def _frequent(asking: Asking, chosen: Chosen, now: pd.DataFrame, live: Any) -> None:
    users = (
        asking.ask("ed/frequent_users", chosen.filters, min_visits=4) if asking.may("view_members") else None
    )
    tools = section_head(
        ed_figures.frequent_words(now),
        "Visits of any disposition in 12 months, most first. Select a row to open the member.",
        asking=asking,
        metric_id=FREQUENT,
        live=live[FREQUENT],
        key="frequent",
    )
    with tools:
        if st.button("All members", icon=":material/list:", type="tertiary", key="frequent_all"):
            open_members(chosen, "ed/summary", "frequent_4", now.iloc[0], label="4 or more visits")
    if users is None:
        st.markdown(":gray[Your role sees counts here, not single members.]")
    elif users.empty:
        states.empty(
            "No member had 4 or more visits", "A longer period or wider filters may show some.", None, "freq"
        )
    else:
        member_list.frequent_users(asking, users.head(8), chosen)


def _concentration(asking: Asking, chosen: Chosen, live: Any) -> None:
    curve = asking.ask("ed/concentration", chosen.filters)
    finding, line = ed_figures.concentration_words(curve)
    tools = section_head(
        finding, line, asking=asking, metric_id=FREQUENT, live=live[FREQUENT], key="concentration"
    )
    picked = draw_chart(charts.concentration(curve, theme=current_theme()), "concentration_chart", tools)
    if picked and picked[0]:
        _open_where(chosen, curve, "ed/concentration", "visits_per_member", picked[0], None)


@part("Reasons for visits", 420)
def _diagnoses(chosen: Chosen, live: Any) -> None:
    asking = frame.asking_now()
    top = st.container()
    by = switch(
        "Group by", {"diagnosis_category": "Category", "primary_diagnosis": "Diagnosis"}, "diagnosis_by"
    )
    diagnoses = asking.ask("ed/by_diagnosis", chosen.filters)
    with top:
        tools = section_head(
            ed_figures.diagnosis_words(diagnoses, by),
            "Primary diagnosis of treated-and-released visits.",
            asking=asking,
            metric_id=VISITS,
            live=live[VISITS],
            key="diagnoses",
        )
    picked = draw_chart(
        charts.diagnosis_bars(diagnoses, by=by, theme=current_theme()), "diagnosis_chart", tools
    )
    if picked and picked[0]:
        parameter = "diagnosis" if by == "primary_diagnosis" else by
        visits = float(diagnoses.loc[diagnoses[by] == picked[0], "visits"].sum())
        open_list(
            chosen, "ed/visits", {**RELEASED, parameter: picked[0]}, visits, label=formats.reason(picked[0])
        )


@part("Days and hours", 420)
def _timing(chosen: Chosen, live: Any) -> None:
    asking = frame.asking_now()
    counts = asking.ask("ed/by_weekday_hour", chosen.filters)
    finding, line = ed_figures.weekday_words(counts)
    top = st.container()
    view = "days"
    if counts["hour"].notna().any():
        view = switch("Show", {"hours": "Day and hour", "days": "Day"}, "timing_view")
    with top:
        tools = section_head(finding, line, asking=asking, metric_id=VISITS, live=live[VISITS], key="timing")
    draw = charts.weekday_hour if view == "hours" else charts.weekday_bars
    picked = draw_chart(draw(counts, theme=current_theme()), f"timing_{view}", tools)
    if picked:
        _open_time(chosen, counts, picked)


@part("Follow-up", 420)
def _followup(chosen: Chosen, live: Any, target: ed_figures.Target) -> None:
    asking = frame.asking_now()
    now = asking.ask("ed/summary", chosen.filters)
    top = st.container()
    with st.container(horizontal=True, key="followup_switches"):
        group_by = switch("Compare by", GROUPINGS, "followup_by")
        windows = {"7d": "7 days", "30d": "30 days"}
        window = switch("Within", windows, "followup_window")
    groups = asking.ask("ed/by_group", chosen.filters, group_by=group_by)
    points = ed_figures.followup_of(groups, window)
    finding, line = ed_figures.followup_words(points, now, group_by, window)
    with top:
        tools = section_head(
            finding, line, asking=asking, metric_id=FOLLOWUP, live=live[FOLLOWUP], key="followup"
        )
    days = "7" if window == "7d" else "30"
    drawn = charts.interval_plot(
        points,
        theme=current_theme(),
        target=target.value if window == "7d" else None,
        unit=f"Follow-up within {days} days",
        scope_label=_scope_word(chosen),
    )
    picked = draw_chart(drawn, f"followup_chart_{window}", tools)
    if picked and picked[0] is not None:
        _open_group(chosen, groups, "ed/by_group", f"followup_{window}_met", group_by, picked[0])


def _open_group(
    chosen: Chosen, groups: pd.DataFrame, question: str, measure: str, group_by: str, group_id: Any
) -> None:
    row = groups[groups["group_id"] == group_id]
    if len(row):
        open_members(
            chosen,
            question,
            measure,
            row.iloc[0],
            label=str(row.iloc[0]["group_name"]),
            parameters={"group_by": group_by},
        )


def _open_where(
    chosen: Chosen, answer: pd.DataFrame, question: str, column: str, value: Any, label: str | None
) -> None:
    row = answer[answer[column] == value]
    if len(row):
        open_members(
            chosen,
            question,
            "visits",
            row.iloc[0],
            label=str(row.iloc[0][label]) if label else f"{value} visits each",
        )


def _open_time(chosen: Chosen, counts: pd.DataFrame, picked: tuple[Any, ...]) -> None:
    """The visits of a weekday, or of one hour of it."""
    day = int(picked[0])
    rows, asked, label = counts[counts["weekday"] == day], {**RELEASED, "weekday": day}, WEEKDAYS[day - 1]
    if len(picked) > 1 and picked[1] is not None:
        hour = int(picked[1])
        rows = rows[rows["hour"] == hour]
        asked, label = {**asked, "hour": hour}, f"{label} {hour:02d}:00"
    open_list(chosen, "ed/visits", asked, float(rows["visits"].sum()), label=label)


def _export(
    asking: Asking,
    chosen: Chosen,
    title: str,
    stem: str,
    question: str,
    filters: Any,
    metrics: tuple[str, ...],
) -> None:
    export_menu(
        asking,
        Export(
            title=title,
            stem=stem,
            rows=len(asking.ask(question, filters)),
            fetch=lambda: asking.ask(question, filters),
            columns=tables.headings(question),
            filters=[*chosen.names.items(), ("period", chosen.period_words)],
            definitions=as_definitions(metrics),
            question=question,
            filters_asked=filters,
        ),
        key=stem,
    )


def _how_to_classify() -> None:
    with st.container(border=True):
        st.markdown(":material/category: **The NYU/Johnston classification is not installed**")
        st.markdown(
            ":gray[Visits are counted; their avoidable share is not known. Install the table once, "
            "then build again:]"
        )
        st.code("python -m data reference add nyu-ed FILE", language="bash")


def _classification_source(asking: Asking) -> None:
    packs = asking.ask("shared/reference_pack")
    pack = packs[packs["pack"] == "nyu-ed"]
    if pack.empty:
        return
    row = pack.iloc[0]
    whose = f"{row['source']}, version {row['version']}."
    if row["origin"] == "feed":
        st.caption(
            "Classification from the demo's own small pack, for the diagnoses it uses; "
            f"it is not the official table. {whose}"
        )
    else:
        st.caption(f"Classification: {whose}")


def _scope_word(chosen: Chosen) -> str:
    return chosen.scope_name("market", "All markets")


def _crumbs(chosen: Chosen) -> list[Crumb]:
    return [Crumb(chosen.scope_name("market", "All markets")), Crumb("ED utilization")]


if __name__ == "__main__":
    import app

    app.main()
