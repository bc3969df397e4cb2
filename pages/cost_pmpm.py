"""Cost PMPM: whether cost is off course, against what, why, and for whom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from components import (
    charts,
    cost_basis,
    cost_categories,
    cost_changes,
    cost_comparison,
    cost_figures,
    cost_leakage,
    cost_people,
    cost_pharmacy,
    cost_tables,
    cost_waterfall,
    filter_bar,
    formats,
    frame,
    kpi_tile,
    member_list,
    states,
    tables,
)
from components.asking import Asking
from components.cost_basis import Basis
from components.cost_comparison import Comparison, Side
from components.cost_figures import CATEGORY, PMPM, live_of
from components.cost_waterfall import STEPS, Decomposition
from components.definitions import Live, as_definitions
from components.drawing import draw_chart, switch
from components.drill import open_list, open_members
from components.export import Export, export_menu, receipt
from components.filter_bar import Chosen
from components.frame import Crumb, Head, section_head
from components.states import part, section
from components.theme import current_theme
from queries.filters import Filters


def page() -> None:
    asking = frame.start()
    head = Head()
    with frame.ruled():
        chosen = filter_bar.filter_bar(asking, cost_basis.second_row(asking))
    basis = cost_basis.chosen_basis(asking)
    receipt()
    live: Mapping[str, Live] = {}
    title = ("Cost PMPM", chosen.period_words)
    with section("The key figures", 320):
        now = asking.ask("cost/summary", chosen.filters, **basis.parameters)
        if not now.iloc[0]["member_months"]:
            head.title("No member-months match these filters", chosen.period_words)
            head.line(asking, _crumbs(chosen), chosen, {})
            states.empty("Nobody was enrolled", "Widen the filters, or reset them.", filter_bar.reset, "cost")
            return
        months = asking.ask("cost/by_month", chosen.filters, months_back=23, **basis.parameters)
        draws = asking.ask("cost/draws", chosen.filters, **basis.parameters)
        benchmarks = asking.ask("cost/benchmarks", chosen.filters)
        side = cost_comparison.side_of(asking, chosen.filters, basis)
        compared = cost_comparison.compare(asking, chosen, basis, benchmarks, side)
        prior = cost_comparison.prior_year(asking, chosen, basis)
        taken = cost_waterfall.taken_apart(compared, side)
        interval = cost_figures.period_interval(draws, chosen, now, basis.pharmacy)
        chart = cost_figures.trend_chart(months, cost_figures.month_intervals(draws, months))
        figures = cost_figures.key_figures(
            chosen, basis, now, months, interval, chart, prior, compared, taken, current_theme(),
            _months_of(asking, compared, basis),
        )  # fmt: skip
        live = figures.live
        title = (figures.title, figures.subtitle)
        kpi_tile.kpi_row(asking, figures.tiles)
        st.markdown(f":gray[:small[{_plain(figures.beside)}]]")
        _printed(basis.words)
    head.title(_plain(title[0]), _plain(title[1]))
    head.line(asking, _crumbs(chosen), chosen, live)
    if not live:
        return
    with section("Benchmarks side by side", 320):
        _benchmarks(asking, chosen, basis, side, benchmarks, compared, prior, live)
    with section("The monthly trend", 420):
        _trend(asking, chosen, basis, now, months, chart, compared, live)
    left, right = st.columns(2, gap="medium")
    with left, section("Cost by category", 420):
        _categories(asking, chosen, basis, compared)
    with right:
        _heat(chosen, basis, compared)
    _waterfall(chosen, basis, compared, taken, side, interval, live)
    with section("The category table", 560):
        _category_table(asking, chosen, basis, compared)
    left, right = st.columns([3, 2], gap="medium")
    with left, section("Large claimants", 420):
        _large_claimants(asking, chosen, basis)
    with right, section("The concentration of cost", 420):
        _concentration(asking, chosen, basis)
    _pharmacy(chosen, basis, benchmarks)
    _leakage(chosen, basis)
    with section("Risk", 420):
        _risk(asking, chosen)
    _changes(chosen, basis)
    _completion(chosen, basis)
    frame.footer(asking, basis=f"Claims basis: {basis.basis}")


def _months_of(asking: Asking, compared: Comparison, basis: Basis) -> pd.DataFrame | None:
    """The comparison's own mature months over its own period, where it has any."""
    if compared.filters is None:
        return None
    months = asking.ask("cost/by_month", compared.filters, months_back=11, **basis.parameters)
    return _inside(months, compared.filters)


def _inside(months: pd.DataFrame, filters: Filters) -> pd.DataFrame:
    when = pd.to_datetime(months["month"])
    kept = (when >= pd.Timestamp(filters.period_start)) & (when <= pd.Timestamp(filters.period_end))
    return months[kept & months["is_mature"].fillna(False).astype(bool)]


def _benchmarks(
    asking: Asking,
    chosen: Chosen,
    basis: Basis,
    side: Side,
    benchmarks: pd.DataFrame,
    compared: Comparison,
    prior: Comparison,
    live: Mapping[str, Live],
) -> None:
    markets = asking.ask(
        "cost/heat",
        Filters(
            line_of_business=chosen.filters.line_of_business,
            contract=chosen.filters.contract,
            period_start=chosen.filters.period_start,
            period_end=chosen.filters.period_end,
        ),
        group_by="market",
        **basis.parameters,
    )
    lines = cost_comparison.side_by_side(chosen, basis, side, benchmarks, compared, prior, markets)
    comparable = sum(1 for line in lines if line.gap is not None)
    section_head(
        f"{formats.count_of(comparable, 'benchmark')} of {len(lines)} can be compared on this basis",
        f"Completed PMPM is {_plain(formats.pmpm(side.pmpm))}. A benchmark on another basis is shown, "
        "and not compared.",
        asking=asking,
        metric_id=PMPM,
        live=live[PMPM],
        key="benchmarks",
    )
    if compared.side is None:
        with st.container(border=True, horizontal=True, vertical_alignment="center", key="not_compared"):
            st.markdown(f":material/compare_arrows: **{compared.title}**: {_plain(compared.reason)}")
            if compared.takes is not None:
                st.button(
                    f"Show {cost_basis.money_words(*compared.takes).lower()}",
                    on_click=cost_basis.take_basis,
                    args=compared.takes,
                    key="take_basis",
                )
    cost_tables.benchmarks(lines)
    _printed(basis.words)


def _trend(
    asking: Asking,
    chosen: Chosen,
    basis: Basis,
    now: pd.DataFrame,
    months: pd.DataFrame,
    chart: pd.DataFrame,
    compared: Comparison,
    live: Mapping[str, Live],
) -> None:
    finding, line = cost_figures.trend_words(chart, months)
    tools = section_head(finding, line, asking=asking, metric_id=PMPM, live=live[PMPM], key="cost_trend")
    with tools:
        if st.button("Members", icon=":material/list:", type="tertiary", key="cost_members"):
            open_members(
                chosen, "cost/summary", "amount", now.iloc[0], label="All cost", parameters=basis.parameters
            )
        _export(
            asking, chosen, basis, "Cost PMPM by month", "cost-by-month", "cost/by_month", (PMPM,),
            {"months_back": 23, **basis.parameters},
        )  # fmt: skip
    drawn = charts.control_chart(
        chart,
        theme=current_theme(),
        unit="PMPM",
        target=compared.pmpm,
        target_label=compared.title,
        to_date=cost_figures.to_date_of(chart, months),
    )
    picked = draw_chart(drawn, "cost_trend_chart", tools)
    _printed(basis.words)
    if picked:
        row = months[pd.to_datetime(months["month"]) == pd.Timestamp(picked[0])]
        if len(row):
            open_members(
                chosen, "cost/by_month", "amount", row.iloc[0], label=formats.month(picked[0]),
                parameters={"months_back": 23, **basis.parameters},
            )  # fmt: skip


def _categories(asking: Asking, chosen: Chosen, basis: Basis, compared: Comparison) -> None:
    categories = asking.ask("cost/by_category", chosen.filters, level=1, **basis.parameters)
    months = asking.ask("cost/by_category_month", chosen.filters, level=1, **basis.parameters)
    others = None
    if compared.filters is not None:
        others = _inside(
            asking.ask(
                "cost/by_category_month", compared.filters, level=1, months_back=11, **basis.parameters
            ),
            compared.filters,
        )
    shown = cost_categories.bars(categories, months, others, compared, chosen)
    tools = section_head(
        _plain(cost_categories.bars_words(shown, compared)),
        _plain(cost_categories.bars_line(shown, compared)),
        asking=asking,
        metric_id=CATEGORY,
        live=live_of(categories, basis=basis.words),
        key="categories",
    )
    drawn = charts.category_bars(shown, theme=current_theme(), comparison=compared.title)
    picked = draw_chart(drawn, "category_chart", tools)
    _printed(basis.words)
    if picked:
        _open_category(chosen, basis, categories, 1, picked[0], None)


@part("The heat map", 420)
def _heat(chosen: Chosen, basis: Basis, compared: Comparison) -> None:
    asking = frame.asking_now()
    top = st.container()
    with st.container(horizontal=True, key="heat_switches"):
        group_by = switch("Columns", cost_categories.GROUPINGS, "heat_by")
        against = "prior"
        if compared.has_parts and compared.kind != "prior_year":
            against = switch(
                "Against", {"benchmark": compared.title, "prior": "Own prior year"}, "heat_against"
            )
    now = asking.ask("cost/heat", chosen.filters, group_by=group_by, **basis.parameters)
    before = None
    if against == "prior" and cost_comparison.full_prior_year(chosen):
        before = asking.ask("cost/heat", chosen.prior, group_by=group_by, **basis.parameters)
    cells = cost_categories.heat(now, before, compared, group_by, against, basis)
    word = "own prior year" if against == "prior" else cost_figures.label_in_sentence(compared)
    with top:
        tools = section_head(
            _plain(cost_categories.heat_words(cells, word)),
            f"PMPM by category and {cost_categories.GROUPINGS[group_by].lower()}; colour: the group's own "
            f"months against {word}, full at 20%. No cell is tested against chance.",
            asking=asking,
            metric_id=CATEGORY,
            live=live_of(now, basis=basis.words),
            key="heat",
        )
    picked = draw_chart(
        charts.cost_heat(cells, theme=current_theme(), comparison=word), f"heat_chart_{group_by}", tools
    )
    _printed(basis.words)
    if picked and len(picked) > 1:
        row = now[(now["group_id"] == picked[0]) & (now["service_category_1"] == picked[1])]
        if len(row):
            open_members(
                chosen, "cost/heat", "amount", row.iloc[0],
                label=f"{row.iloc[0]['group_name']}, {formats.category(picked[1]).lower()}",
                parameters={"group_by": group_by, **basis.parameters},
            )  # fmt: skip


@part("The waterfall", 520)
def _waterfall(
    chosen: Chosen,
    basis: Basis,
    compared: Comparison,
    taken: Decomposition | None,
    side: Side,
    interval: Any,
    live: Mapping[str, Live],
) -> None:
    asking = frame.asking_now()
    if taken is None:
        section_head(
            "Nothing to take apart", _plain(compared.reason), asking=asking, metric_id=PMPM, live=live[PMPM],
            key="waterfall",
        )  # fmt: skip
        return
    tools = section_head(
        _plain(cost_waterfall.finding(taken, compared)),
        _plain(
            f"From {compared.label} to what came. {cost_waterfall.residual_words(taken, compared)} "
            "Select a step."
        ),
        asking=asking,
        metric_id=PMPM,
        live=live[PMPM],
        key="waterfall",
    )
    drawn = charts.waterfall(
        cost_waterfall.steps_of(taken),
        before=taken.before,
        after=taken.after,
        theme=current_theme(),
        before_label=compared.title,
        low=interval.low,
        high=interval.high,
    )
    picked = draw_chart(drawn, "waterfall_chart", tools)
    _printed(basis.words)
    step = picked[0] if picked else ""
    if step in STEPS:
        _step(asking, chosen, basis, compared, taken, side, str(step))


def _step(
    asking: Asking,
    chosen: Chosen,
    basis: Basis,
    compared: Comparison,
    taken: Decomposition,
    side: Side,
    step: str,
) -> None:
    """The parts of one step of the waterfall, each opening its members."""
    names = cost_waterfall.names_of(side, compared.side)
    shown = cost_waterfall.details_of(taken, step, names)
    st.markdown(f"**{_plain(cost_waterfall.details_words(taken, step, shown))}**")
    line = cost_waterfall.MEANING[step]
    if cost_waterfall.PART_OF[step]:
        line += " Select a row to list its members."
    st.markdown(f":gray[:small[{line}]]")
    if shown.empty:
        return
    picked = cost_tables.step_details(shown, step, compared.label)
    if picked is not None and picked["drill"]:
        open_list(
            chosen, "cost/members", {**basis.parameters, **picked["drill"]}, float(picked["amount"]),
            "sum:amount", f"{picked['category']}, {picked['group']}",
        )  # fmt: skip
    if step == "unit_price":
        _providers(asking, chosen, basis, compared, shown)


def _providers(
    asking: Asking, chosen: Chosen, basis: Basis, compared: Comparison, shown: pd.DataFrame
) -> None:
    """What each provider is paid a unit of one category, then and now: asked once a category is chosen."""
    options = {
        f"{row.service_category_1}|{row.service_category_2 or 'none'}": str(row.category)
        for row in shown.itertuples()
    }
    chosen_key = st.selectbox(
        "Providers of",
        list(options),
        index=None,
        placeholder="Choose a category to compare its providers' prices",
        format_func=options.__getitem__,
        key="price_category",
        width=420,
    )
    if chosen_key is None:
        return
    first, leaf = chosen_key.split("|")
    asked = {"service_category_1": first, "service_category_2": leaf, **basis.parameters}
    now = asking.ask("cost/by_provider", chosen.filters, **asked)
    before = (
        asking.ask("cost/by_provider", compared.filters, **asked) if compared.filters is not None else None
    )
    picked = cost_tables.providers(now, before, compared.label)
    if picked is not None:
        row = now[(now["provider_npi"] == picked["provider_npi"]) & (now["network"] == picked["network"])]
        if len(row):
            open_members(
                chosen, "cost/by_provider", "amount", row.iloc[0], label=str(picked["provider"]),
                parameters=asked,
            )  # fmt: skip


def _category_table(asking: Asking, chosen: Chosen, basis: Basis, compared: Comparison) -> None:
    wholes = asking.ask("cost/by_category", chosen.filters, level=1, **basis.parameters)
    parts = asking.ask("cost/by_category", chosen.filters, level=2, **basis.parameters)
    months = asking.ask("cost/by_category_month", chosen.filters, level=2, **basis.parameters)
    shown = cost_categories.table(parts, wholes, months, compared, current_theme())
    tools = section_head(
        _plain(cost_categories.table_words(shown, compared)),
        "Units and unit cost to date, PMPM completed. Select a row to list its members.",
        asking=asking,
        metric_id="unit_cost",
        live=live_of(parts, basis=basis.words),
        key="category_table",
    )
    with tools:
        _export(
            asking, chosen, basis, "Cost by category", "cost-by-category", "cost/by_category",
            (CATEGORY, "units_per_1000", "unit_cost"), {"level": 2, **basis.parameters},
        )  # fmt: skip
    picked = cost_tables.categories(shown, compared)
    _printed(basis.words)
    if picked is not None and float(picked["amount"]) != 0:
        level = int(picked["level"])
        answer = wholes if level == 1 else parts
        _open_category(
            chosen, basis, answer, level, picked["service_category_1"], picked["service_category_2"]
        )


def _large_claimants(asking: Asking, chosen: Chosen, basis: Basis) -> None:
    summary = asking.ask("cost/large_claimant_summary", chosen.filters, **basis.parameters)
    finding, line = cost_people.claimant_words(summary, basis.truncated)
    tools = section_head(
        _plain(finding), _plain(line), asking=asking, metric_id="large_claimant_share",
        live=live_of(summary, "large_claimant_share"), key="claimants",
    )  # fmt: skip
    row = summary.iloc[0]
    if not asking.may("view_members"):
        st.markdown(":gray[Your role sees counts here, not single members.]")
    elif row["claimants"]:
        with tools:
            if st.button("All members", icon=":material/list:", type="tertiary", key="claimants_all"):
                open_members(
                    chosen, "cost/large_claimant_summary", "claimants", row, label="Large claimants",
                    parameters=basis.parameters,
                )  # fmt: skip
        rows = asking.ask("cost/large_claimants", chosen.filters, **basis.parameters)
        shown = cost_people.claimants(rows).head(8)
        asking.record_view("cost/large_claimants", chosen.filters, shown, shown=len(shown))
        picked = cost_tables.claimants(shown)
        if picked is not None and "person_id" in picked:
            member_list.open_member(asking, str(picked["person_id"]))
    _printed(basis.to_date_words())


def _concentration(asking: Asking, chosen: Chosen, basis: Basis) -> None:
    curve = asking.ask("cost/concentration", chosen.filters, **basis.parameters)
    finding, line = cost_people.concentration_words(curve)
    tools = section_head(
        finding, line, asking=asking, metric_id="cost_concentration", live=live_of(curve), key="cost_spread"
    )
    picked = draw_chart(charts.cost_concentration(curve, theme=current_theme()), "cost_spread_chart", tools)
    _printed(basis.to_date_words())
    if picked:
        row = curve[curve["top_share"] == picked[0]]
        if len(row):
            open_members(
                chosen, "cost/concentration", "amount", row.iloc[0],
                label=f"The costliest {formats.percent(picked[0])}", parameters=basis.parameters,
            )  # fmt: skip


@part("Pharmacy", 560)
def _pharmacy(chosen: Chosen, basis: Basis, benchmarks: pd.DataFrame) -> None:
    asking = frame.asking_now()
    asked = basis.of_pharmacy
    now = asking.ask("cost/pharmacy", chosen.filters, **asked)
    drugs = asking.ask("cost/drugs", chosen.filters, **asked)
    before = drugs_before = None
    if cost_comparison.full_prior_year(chosen):
        before = asking.ask("cost/pharmacy", chosen.prior, **asked)
        drugs_before = asking.ask("cost/drugs", chosen.prior, **asked)
    finding, line = cost_pharmacy.words(now)
    tools = section_head(
        _plain(finding),
        _plain(line),
        asking=asking,
        metric_id="generic_rate",
        live=live_of(now, "generic_rate"),
        key="pharmacy",
    )
    with tools:
        _export(
            asking, chosen, basis, "Drugs by spend", "cost-drugs", "cost/drugs",
            ("generic_rate", "share_90", "specialty_share"), {"top": 200, **asked},
        )  # fmt: skip
    for cell, (measure, label, value, beside) in zip(
        st.columns(3, gap="small"), cost_pharmacy.facts(now, before, benchmarks), strict=True
    ):
        with cell, st.container(border=True, gap="xsmall", height="stretch", key=f"drugs_{measure}"):
            st.metric(label, value)
            st.caption(_plain(beside))
            if float(now.iloc[0][measure] or 0) and st.button(
                "Members", icon=":material/list:", type="tertiary", key=f"open_{measure}"
            ):
                open_members(chosen, "cost/pharmacy", measure, now.iloc[0], label=label, parameters=asked)
    left, right = st.columns(2, gap="medium")
    top, moved = cost_pharmacy.by_spend(drugs), cost_pharmacy.by_change(drugs, drugs_before)
    with left:
        tools = section_head(
            cost_pharmacy.spend_words(top, now.iloc[0]["amount"]), "Dollars by drug, most first.",
            asking=asking, key="drugs",
        )  # fmt: skip
        picked = draw_chart(charts.amount_bars(top, theme=current_theme()), "drug_chart", tools)
    with right:
        tools = section_head(
            _plain(cost_pharmacy.change_words(moved)), "Change of dollars on the prior year, by drug.",
            asking=asking, key="drug_change",
        )  # fmt: skip
        changed = draw_chart(
            charts.amount_bars(moved, theme=current_theme(), change=True), "drug_change_chart", tools
        )
    _printed(basis.to_date_words(pharmacy=False))
    for one in (picked, changed):
        row = drugs[drugs["drug"] == one[0]] if one else drugs.iloc[0:0]
        if len(row):
            name = formats.missing(row.iloc[0]["drug_name"], "Not known")
            open_members(chosen, "cost/drugs", "amount", row.iloc[0], label=name, parameters=asked)


@part("Leakage", 460)
def _leakage(chosen: Chosen, basis: Basis) -> None:
    asking = frame.asking_now()
    asked = basis.of_pharmacy
    total = asking.ask("cost/leakage", chosen.filters, **asked)
    finding, line = cost_leakage.words(total)
    section_head(
        _plain(finding),
        _plain(line),
        asking=asking,
        metric_id="leakage_rate",
        live=live_of(total, "leakage_rate"),
        key="leakage",
    )
    for place, group_by in zip(st.columns(2, gap="medium"), ("specialty", "provider_group"), strict=True):
        by = asking.ask("cost/leakage_by", chosen.filters, group_by=group_by, **asked)
        with place:
            noun = cost_leakage.NOUN[group_by]
            tools = section_head(
                cost_leakage.group_words(by, group_by), f"Referable dollars by {noun}, most outside first.",
                asking=asking, key=f"leakage_{group_by}",
            )  # fmt: skip
            drawn = charts.leakage_bars(cost_leakage.groups(by), theme=current_theme(), what=noun)
            picked = draw_chart(drawn, f"leakage_{group_by}_chart", tools)
        row = by[by["group_id"] == picked[0]] if picked else by.iloc[0:0]
        if picked and len(row):
            open_members(
                chosen, "cost/leakage_by", f"amount_{picked[1]}", row.iloc[0],
                label=formats.category(row.iloc[0]["group_name"]), parameters={"group_by": group_by, **asked},
            )  # fmt: skip
    _printed(basis.to_date_words(pharmacy=False))


def _risk(asking: Asking, chosen: Chosen) -> None:
    if not asking.sees("clinical"):
        st.subheader("Risk is not open to your role", anchor=False)
        st.markdown(":gray[:small[Risk scores are clinical; an administrator can grant them.]]")
        return
    years = asking.ask("cost/risk_by_year", chosen.filters)
    changes = cost_people.raf_changes(asking.ask("cost/raf_change", chosen.filters))
    finding, line = cost_people.risk_words(changes, years)
    tools = section_head(finding, line, asking=asking, metric_id="mean_raf", live=live_of(years), key="risk")
    if changes:
        last = changes[-1]
        drawn = charts.waterfall(
            last.steps[["key", "words", "change"]],
            before=last.before,
            after=last.after,
            theme=current_theme(),
            before_label=f"{last.year - 1}",
            after_label=f"{last.year}",
            unit="RAF",
            kind="score",
            unfinished=(),
            height=280,
        )
        draw_chart(drawn, "raf_chart", tools)
    if len(years):
        with st.expander("Mean risk by contract and year"):
            cost_tables.risk_years(cost_people.years_shown(years))


@part("What changed since the last snapshot", 420)
def _changes(chosen: Chosen, basis: Basis) -> None:
    asking = frame.asking_now()
    changes = asking.ask("cost/changes", chosen.filters, months_back=23, **basis.of_changes)
    table = cost_changes.taken_apart(changes, pharmacy=basis.pharmacy) if len(changes) else None
    months = cost_changes.months_of(table) if table is not None else []
    if table is None or not months:
        section_head(
            "Nothing has changed since the last snapshot",
            "Dollars and member-months of each month of service.",
            asking=asking, metric_id="change_since_snapshot", live=live_of(changes), key="changes",
        )  # fmt: skip
        states.empty(*cost_changes.nothing(asking.ask("shared/build")), None, "changes")
        return
    top = st.container()
    month = st.selectbox("Month of service", months, format_func=formats.month, key="change_month", width=176)
    steps, before, after = cost_changes.steps_of(table, month)
    with top:
        tools = section_head(
            _plain(cost_changes.words(table, month)),
            "PMPM of a month of service as it stood in the snapshot before, and now, by cause; to date.",
            asking=asking,
            metric_id="change_since_snapshot",
            live=live_of(changes),
            key="changes",
        )
    drawn = charts.waterfall(
        steps,
        before=before,
        after=after,
        theme=current_theme(),
        before_label="Last snapshot",
        after_label="Now",
        unfinished=(),
        height=280,
    )
    picked = draw_chart(drawn, "change_chart", tools)
    _printed(basis.to_date_words())
    if basis.truncated:
        st.caption("A cap of the year cannot be divided by cause: these dollars are not truncated.")
    if picked:
        row = changes[(changes["month"] == month) & (changes["cause"] == picked[0])]
        if len(row):
            measure = "amount" if float(row.iloc[0]["amount"] or 0) else "member_months"
            open_members(
                chosen, "cost/changes", measure, row.iloc[0],
                label=f"{formats.month(month)}, {cost_changes.cause_words(picked[0]).lower()}",
                parameters={"months_back": 23, **basis.of_changes},
            )  # fmt: skip


@part("The claims triangle and the test of completion", 120)
def _completion(chosen: Chosen, basis: Basis) -> None:
    """Asked only once it is opened."""
    opened = st.expander(
        "How complete is it? The claims triangle, and what completion said three and six months ago",
        key="completion_open",
        on_change="rerun",
    )
    if not opened.open:
        return
    asking = frame.asking_now()
    with opened:
        groups = asking.ask("cost/groups", chosen.filters)
        contracts = cost_comparison.names_of(groups, "contract")
        leaves = asking.ask("cost/leaves", chosen.filters, **basis.parameters)
        categories = sorted(set(leaves["service_category_1"]))
        with st.container(horizontal=True, key="completion_choice"):
            contract = st.selectbox(
                "Contract", list(contracts), format_func=contracts.__getitem__, key="triangle_contract",
                width=220,
            )  # fmt: skip
            category = st.selectbox(
                "Category", categories, format_func=formats.category, key="triangle_category", width=180
            )
        asked = {"basis": basis.basis, "contract_id": contract, "service_category_1": category}
        triangle = asking.ask("cost/triangle", chosen.filters, **asked)
        tools = section_head(
            f"{formats.category(category)} of {contracts[contract]}: paid to date by months since service",
            "Of the contract as a whole. Below each column, the share expected by then.",
            asking=asking,
            metric_id="estimated_share",
            live=live_of(triangle),
            key="cost_triangle",
        )
        drawn = charts.claims_triangle(
            triangle.rename(columns={"to_date": "paid_to_date"}), theme=current_theme()
        )
        draw_chart(drawn, "triangle_chart", tools)
        left, right = st.columns(2, gap="medium")
        with left:
            tested = asking.ask("cost/backtest", chosen.filters, **asked)
            as_of = int(switch("Said", {"3": "3 months ago", "6": "6 months ago"}, "backtest_as_of"))
            finding, line = cost_changes.backtest_words(tested[tested["as_of"] == as_of])
            tools = section_head(finding, line, asking=asking, key="backtest")
            drawn = charts.backtest(tested[tested["as_of"] == as_of], theme=current_theme())
            draw_chart(drawn, "backtest_chart", tools)
        with right:
            section_head(
                "Link ratios", "Volume-weighted, outliers left out; the factors that complete a month.",
                asking=asking, key="links",
            )  # fmt: skip
            cost_tables.links(asking.ask("cost/links", chosen.filters, **asked))
        _printed(f"{basis.basis.capitalize()}, not truncated; to date")


# ---- small parts -----------------------------------------------------------------------------------------


def _open_category(
    chosen: Chosen, basis: Basis, answer: pd.DataFrame, level: int, first: Any, leaf: Any
) -> None:
    row = answer[answer["service_category_1"] == first]
    if level == 2:
        row = row[row["service_category_2"] == leaf]
    if len(row):
        open_members(
            chosen, "cost/by_category", "amount", row.iloc[0],
            label=formats.category(leaf if level == 2 else first),
            parameters={"level": level, **basis.parameters},
        )  # fmt: skip


def _export(
    asking: Asking,
    chosen: Chosen,
    basis: Basis,
    title: str,
    stem: str,
    question: str,
    metrics: tuple[str, ...],
    parameters: Mapping[str, Any],
) -> None:
    export_menu(
        asking,
        Export(
            title=title,
            stem=stem,
            rows=len(asking.ask(question, chosen.filters, **parameters)),
            fetch=lambda: asking.ask(question, chosen.filters, **parameters),
            columns=tables.headings(question),
            filters=[
                *chosen.names.items(), ("period", chosen.period_words), ("basis", basis.words),
            ],
            definitions=as_definitions(metrics),
            question=question,
            filters_asked=chosen.filters,
            parameters=dict(parameters),
        ),
        key=stem,
    )  # fmt: skip


def _printed(words: str) -> None:
    """The basis, under every chart."""
    st.caption(words)


def _plain(text: str) -> str:
    """Dollar signs as they are: two in a line would be read as a formula."""
    return text.replace("$", "\\$")


def _crumbs(chosen: Chosen) -> list[Crumb]:
    return [Crumb(chosen.scope_name("market", "All markets")), Crumb("Cost PMPM")]


if __name__ == "__main__":
    import app

    app.main()
