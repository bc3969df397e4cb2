"""The grids of the cost page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from components import formats, tables
from components.cost_comparison import Beside, Comparison
from components.theme import current_theme, tokens


def benchmarks(lines: Sequence[Beside]) -> None:
    """Benchmarks side by side, each with its basis, vintage and source; what cannot be compared says why."""
    shown = pd.DataFrame(
        [
            {
                "what": line.what,
                "value": _now_and_set(line),
                "gap": line.gap_words,
                "basis": line.basis,
                "vintage": line.vintage,
                "source": line.source,
            }
            for line in lines
        ]
    )
    if shown.empty:
        st.markdown(":gray[There is no benchmark for what is chosen.]")
        return
    muted = f"color: {tokens(current_theme()).muted}"
    compared = [line.gap is not None for line in lines]
    st.dataframe(
        shown.style.apply(lambda _: ["" if one else muted for one in compared], subset=["gap"], axis=0),
        column_config={
            "what": st.column_config.TextColumn("Compared with", width=216),
            "value": st.column_config.TextColumn("Now (as set)", width=104, alignment="right"),
            "gap": st.column_config.TextColumn("Ours less theirs", width=394),
            "basis": st.column_config.TextColumn("Basis", width=188),
            "vintage": st.column_config.TextColumn("Vintage", width=142),
            "source": st.column_config.TextColumn("Source", width=260),
        },
        hide_index=True,
        row_height=tables.ROW_HEIGHT,
        height=tables.height_of(len(shown), 9),
        key="benchmark_table",
        alt="Benchmarks side by side: value trended to the period, gap, basis, vintage and source",
    )


def _now_and_set(line: Beside) -> str:
    """'$853 ($800)': trended to the period, and as it was set where that differs."""
    now = formats.pmpm(line.trended)
    then = formats.pmpm(line.value) if line.value is not None else now
    return now if then == now else f"{now} ({then})"


def categories(shown: pd.DataFrame, compared: Comparison) -> Mapping[str, Any] | None:
    """The category table; the row that was clicked."""
    if shown.empty:
        st.markdown(":gray[No dollars in this selection.]")
        return None
    against = compared.label
    columns: dict[str, Any] = {
        "name": st.column_config.TextColumn("Category", width=228),
        "unit": st.column_config.TextColumn("Unit", width=84),
        "units_per_1000": st.column_config.TextColumn("Per 1,000", width=84, alignment="right"),
        "units_change": st.column_config.TextColumn(f"on {against}", width=104, alignment="right"),
        "unit_cost": st.column_config.TextColumn("Unit cost", width=88, alignment="right"),
        "cost_change": st.column_config.TextColumn(f"on {against} ", width=104, alignment="right"),
        "pmpm": st.column_config.TextColumn("PMPM", width=76, alignment="right"),
        "pmpm_change": st.column_config.TextColumn(f"on {against}  ", width=104, alignment="right"),
        "trend": st.column_config.ImageColumn("24 months", width=112),
    }
    if not compared.has_parts:
        columns = {name: one for name, one in columns.items() if not name.endswith("_change")}
    bold = ["font-weight: 600" if level == 1 else "" for level in shown["level"]]
    event = st.dataframe(
        shown.style.apply(lambda _: bold, subset=["name", "pmpm"], axis=0),
        column_order=list(columns),
        column_config=columns,
        hide_index=True,
        row_height=tables.ROW_HEIGHT,
        height=tables.height_of(len(shown), 16),
        on_select="rerun",
        selection_mode="single-cell",
        key="category_table",
        alt="Service categories: units per 1,000, unit cost and PMPM, each against the comparison",
    )
    return tables.clicked(event, shown)


def step_details(shown: pd.DataFrame, step: str, against: str) -> Mapping[str, Any] | None:
    """The parts of a step of the waterfall; the row that was clicked."""
    columns: dict[str, Any] = {
        "group": st.column_config.TextColumn("Group", width=240),
        "category": st.column_config.TextColumn("Category", width=230),
        "change": st.column_config.TextColumn("PMPM", width=80, alignment="right"),
    }
    if step in ("utilisation", "service_mix", "unit_price"):
        columns |= {
            "units_before": st.column_config.TextColumn(
                f"Per 1,000, {against}", width=130, alignment="right"
            ),
            "units_after": st.column_config.TextColumn("now", width=70, alignment="right"),
            "price_before": st.column_config.TextColumn(
                f"Unit price, {against}", width=130, alignment="right"
            ),
            "price_after": st.column_config.TextColumn("now ", width=80, alignment="right"),
        }
    else:
        columns |= {
            "dollars_before": st.column_config.TextColumn(
                f"Dollars, {against}", width=130, alignment="right"
            ),
            "dollars_after": st.column_config.TextColumn("now", width=100, alignment="right"),
        }
    event = st.dataframe(
        shown.drop(columns=["drill"]),
        column_order=list(columns),
        column_config=columns,
        hide_index=True,
        row_height=tables.ROW_HEIGHT,
        height=tables.height_of(len(shown), 8),
        on_select="rerun",
        selection_mode="single-cell",
        key=f"step_{step}",
        alt="Parts of the step, the largest first",
    )
    return tables.clicked(event, shown)


def providers(now: pd.DataFrame, before: pd.DataFrame | None, against: str) -> Mapping[str, Any] | None:
    """Providers of one category with units and price, now and then; the row that was clicked."""
    shown = now.sort_values("amount", ascending=False).head(40).reset_index(drop=True)
    old = None
    if before is not None:
        old = before.set_index(["provider_npi", "network"])
    prices, units = [], []
    for row in shown.itertuples():
        key = (row.provider_npi, row.network)
        known = old is not None and key in old.index
        prices.append(formats.pmpm(old.loc[key, "unit_cost"]) if known and old is not None else "")
        units.append(formats.number(old.loc[key, "units"]) if known and old is not None else "")
    shown = shown.assign(
        provider=[formats.missing(name, "Not known") for name in shown["provider_name"]],
        network_words=[formats.category(value) for value in shown["network"]],
        units_words=[formats.number(value) for value in shown["units"]],
        price=[formats.pmpm(value) for value in shown["unit_cost"]],
        price_before=prices,
        units_before=units,
        dollars=[formats.dollars(value) for value in shown["amount"]],
    )
    columns: dict[str, Any] = {
        "provider": st.column_config.TextColumn("Provider", width=240),
        "network_words": st.column_config.TextColumn("Network", width=84),
        "units_before": st.column_config.TextColumn(f"Units, {against}", width=120, alignment="right"),
        "units_words": st.column_config.TextColumn("now", width=70, alignment="right"),
        "price_before": st.column_config.TextColumn(f"Unit price, {against}", width=130, alignment="right"),
        "price": st.column_config.TextColumn("now ", width=80, alignment="right"),
        "dollars": st.column_config.TextColumn("Dollars to date", width=130, alignment="right"),
    }
    if before is None:
        columns = {name: one for name, one in columns.items() if not name.endswith("_before")}
    return tables.plain(shown, columns, key="price_providers", most=8, select=True)


def claimants(shown: pd.DataFrame) -> Mapping[str, Any] | None:
    """The dearest large claimants; the row that was clicked."""
    columns: dict[str, Any] = {
        "name": st.column_config.TextColumn("Member", width=136),
        "age_sex": st.column_config.TextColumn("Age, sex", width=64),
        "kind": st.column_config.TextColumn("Since", width=90),
        "year": st.column_config.NumberColumn("Year", format="%d", width=54),
        "amount": st.column_config.NumberColumn("Dollars", format="$%,.0f", width=88),
        "part": st.column_config.TextColumn("Of all", width=58, alignment="right"),
        "top": st.column_config.TextColumn("Mostly", width=104),
        "conditions_words": st.column_config.TextColumn("Conditions", width=190),
        "contract_name": st.column_config.TextColumn("Contract", width=150),
        "lead_staff_name": st.column_config.TextColumn("Lead", width=110),
    }
    return tables.plain(shown, columns, key="claimant_table", most=8, select=True)


def risk_years(shown: pd.DataFrame) -> None:
    """Mean risk by contract and year."""
    tables.plain(
        shown,
        {
            "contract_name": st.column_config.TextColumn("Contract", width=170),
            "year": st.column_config.NumberColumn("Year", format="%d", width=54),
            "model_words": st.column_config.TextColumn("Model", width=108),
            "members": st.column_config.NumberColumn("Members", format="localized", width=74),
            "raf": st.column_config.TextColumn("Mean", width=60, alignment="right"),
            "demographic_words": st.column_config.TextColumn("Age, sex", width=70, alignment="right"),
            "hcc_words": st.column_config.TextColumn("Conditions", width=82, alignment="right"),
        },
        key="risk_years",
        most=5,
    )


def links(ratios: pd.DataFrame) -> None:
    """The chain ladder's factors."""
    shown = ratios.assign(
        ratio=[formats.number(value, 4) for value in ratios["link_ratio"]],
        by_then=[formats.percent(value, 1) for value in ratios["completion"]],
        error=[
            formats.number(value, 4) if formats.known(value) else "" for value in ratios["standard_error"]
        ],
    )
    tables.plain(
        shown,
        {
            "lag": st.column_config.NumberColumn("Months since", width=90),
            "by_then": st.column_config.TextColumn("Complete", width=80, alignment="right"),
            "ratio": st.column_config.TextColumn("Link ratio", width=84, alignment="right"),
            "error": st.column_config.TextColumn("Std error", width=80, alignment="right"),
            "months_used": st.column_config.NumberColumn("Months used", width=90),
            "months_excluded": st.column_config.NumberColumn("Left out", width=70),
        },
        key="link_table",
        most=9,
    )
