"""What the cost page says of service categories: the bars against the comparison, the heat map, the table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from analytics import monthly, words
from components import formats, strips
from components.charts.categories import FEWEST_MONTHS
from components.cost_basis import Basis
from components.cost_comparison import Comparison, by_category
from components.cost_figures import label_in_sentence
from components.filter_bar import Chosen
from components.theme import ThemeType

LEAF = ["service_category_1", "service_category_2"]
GROUPINGS = {
    "market": "Market",
    "contract": "Contract",
    "practice": "Practice",
    "care_team": "Care team",
    "line_of_business": "Line",
}
# The whole a comparison stands for: each group can be held against its own part of these.
OWN_PARTS = ("prior_year", "budget", "contract_target")


def bars(
    categories: pd.DataFrame,
    months: pd.DataFrame,
    other_months: pd.DataFrame | None,
    compared: Comparison,
    chosen: Chosen,
) -> pd.DataFrame:
    """Categories against the comparison, largest first, `other` last: for charts.category_bars.

    categories: cost/by_category. months, other_months: cost/by_category_month of ours and, where the
    comparison has months of its own, of the comparison over its own period. Columns: category, pmpm, low,
    high (month to month), reference, gap, signal, amount.
    """
    if categories.empty:
        return pd.DataFrame(
            columns=["category", "pmpm", "low", "high", "reference", "gap", "signal", "amount"]
        )
    references = _references(compared, 1)
    start = pd.Timestamp(chosen.filters.period_start)
    mature = months[months["is_mature"].fillna(False).astype(bool)]
    mature = mature.assign(month=pd.to_datetime(mature["month"]))
    rows = []
    for row in categories.itertuples():
        name = row.service_category_1
        mine = mature[mature[LEAF[0]] == name].sort_values("month")
        inside = mine[mine["month"] >= start]
        spread = monthly.spread_of(_values(inside if len(inside) >= 12 else mine.tail(12)))
        span = monthly.mean_interval(float(row.pmpm), spread)
        reference = references.get((name,))
        if compared.has_parts and reference is None:
            reference = 0.0
        other = None
        if not compared.fixed:
            theirs = None if other_months is None else other_months[other_months[LEAF[0]] == name]
            other = monthly.UNKNOWN if theirs is None else monthly.spread_of(_values(theirs))
        gap = None if reference is None else float(row.pmpm) - reference
        signal = "not_tested" if gap is None else monthly.gap_signal(gap, spread, other)
        rows.append((name, float(row.pmpm), span.low, span.high, reference, gap, signal, float(row.amount)))
    shown = pd.DataFrame(
        rows, columns=["category", "pmpm", "low", "high", "reference", "gap", "signal", "amount"]
    ).astype({"reference": float, "gap": float})
    last = shown["category"].eq("other")
    return shown.assign(last=last).sort_values(["last", "pmpm"], ascending=[True, False]).drop(columns="last")


def bars_words(shown: pd.DataFrame, compared: Comparison) -> str:
    """'Only outpatient exceeds budget beyond chance'."""
    if shown.empty:
        return "No dollars in this selection"
    if not compared.has_parts:
        largest = shown.iloc[0]
        share = largest["pmpm"] / shown["pmpm"].sum() if shown["pmpm"].sum() else None
        return f"{formats.category(largest['category'])} is {formats.percent(share)} of cost"
    against = label_in_sentence(compared)
    high = _names(shown, "worsening")
    low = _names(shown, "improving")
    if high and low:
        return (
            f"{_listed(high)} {_exceeds(high)} {against} beyond chance, "
            f"{words.listing([words.lowered(name) for name in low], 2)} {_falls(low)} below it"
        )
    if high:
        only = "Only " if len(high) == 1 and (shown["signal"] == "none").any() else ""
        names = words.lowered(_listed(high)) if only else _listed(high)
        return f"{only}{names} {_exceeds(high)} {against} beyond chance"
    if low:
        return f"{_listed(low)} {_falls(low)} below {against} beyond chance"
    if (shown["signal"] == "none").any():
        return f"Every category is within usual variation of {against}"
    return f"Cost by category against {against}, not tested"


def bars_line(shown: pd.DataFrame, compared: Comparison) -> str:
    """What is drawn: the sum the bars add up to."""
    total = f"Categories add up to {formats.pmpm(shown['pmpm'].sum())}"
    if compared.pmpm is not None:
        total += f" against {formats.pmpm(compared.pmpm)}"
    if compared.side is not None and not compared.has_parts:
        total += f"; {label_in_sentence(compared)} is of the whole"
    return f"PMPM by service category. {total}. Whiskers: 95% of the months' usual variation."


def heat(
    now: pd.DataFrame,
    before: pd.DataFrame | None,
    compared: Comparison,
    group_by: str,
    against: str,
    basis: Basis,
) -> pd.DataFrame:
    """Cells of the heat map: group_id, group_name, category, printed, pmpm, reference, member_months; the
    groups with most member-months first. now, before: cost/heat of the period and of the year before.
    against: benchmark | prior. printed: relative PMPM (÷ the group's own months) or contributive (÷
    everybody's), as chosen. pmpm and reference are relative either way: a group that grew has not become
    dearer."""
    shown = now.rename(columns={LEAF[0]: "category"}).assign(pmpm=now["pmpm"].astype(float))
    shown["printed"] = now["pmpm" if basis.relative else "contributive_pmpm"].astype(float)
    reference: Mapping[tuple[Any, ...], float] = {}
    if against == "prior" and before is not None:
        keys = zip(before["group_id"], before[LEAF[0]], strict=True)
        reference = dict(zip(keys, before["pmpm"].astype(float), strict=True))
    elif against == "benchmark" and compared.has_parts:
        reference = _group_references(compared, shown, group_by)
    pairs = zip(shown["group_id"], shown["category"], strict=True)
    shown["reference"] = [reference.get(pair, np.nan) for pair in pairs]
    size = shown.groupby("group_id")["member_months"].transform("max")
    total = shown.groupby("category")["pmpm"].transform("sum")
    ordered = shown.assign(size=size, total=total, last=shown["category"].eq("other"))
    # Members without a group (no practice, no team) stand last.
    ordered["nobody"] = ordered["group_id"].isin(["none", "unassigned"])
    ordered = ordered.sort_values(
        ["nobody", "size", "group_id", "last", "total"], ascending=[True, False, True, True, False]
    )
    return ordered[
        ["group_id", "group_name", "category", "printed", "pmpm", "reference", "member_months", "amount"]
    ].reset_index(drop=True)


def _group_references(
    compared: Comparison, shown: pd.DataFrame, group_by: str
) -> dict[tuple[Any, ...], float]:
    assert compared.side is not None
    if group_by in ("market", "contract") and compared.kind in OWN_PARTS:
        column = f"{group_by}_id"
        parts = by_category(compared.side, 1, (column,))
        return {(row[column], row[LEAF[0]]): float(row["pmpm"]) for _, row in parts.iterrows()}
    whole = _references(compared, 1)
    return {
        (group, category): whole[(category,)]
        for group, category in zip(shown["group_id"], shown["category"], strict=True)
        if (category,) in whole
    }


def heat_words(cells: pd.DataFrame, against: str) -> str:
    """'Largest gap: outpatient in Harbor, $14 above budget'. No signal: a cell is not tested by month."""
    known = cells[cells["reference"].fillna(0) > 0]
    known = known[known["member_months"].astype(float) >= FEWEST_MONTHS]
    if known.empty:
        return "Cost by category and group"
    away = known["pmpm"] / known["reference"] - 1
    # Shares of small categories swing widely; what matters is dollars.
    gap = known["pmpm"] - known["reference"]
    at = gap.abs().idxmax()
    row = known.loc[at]
    side = "above" if gap[at] > 0 else "below"
    return (
        f"Largest gap: {str(row['category']).replace('_', ' ')} in {row['group_name']}, "
        f"{formats.money(abs(gap[at]))} {side} {against} ({formats.relative(away[at], decimals=0)})"
    )


def table(
    parts: pd.DataFrame, wholes: pd.DataFrame, months: pd.DataFrame, compared: Comparison, theme: ThemeType
) -> pd.DataFrame:
    """The category table: parts of categories under their category, each number against the comparison.

    parts, wholes: cost/by_category at level 2 and 1. months: cost/by_category_month at level 2. Columns:
    service_category_1, service_category_2 (None for a category), name, unit, units_per_1000, units_change,
    unit_cost, cost_change, pmpm, pmpm_change, trend, amount.
    """
    references: dict[tuple[Any, ...], Any] = {}
    if compared.side is not None and compared.has_parts:
        for level in (1, 2):
            found = by_category(compared.side, level)
            for row in found.to_dict("records"):
                leaf = row[LEAF[1]] if level == 2 else None
                references[(level, row[LEAF[0]], leaf if formats.known(leaf) else None)] = row
    trends = _trends(months, theme)
    wholes = wholes.assign(last=wholes[LEAF[0]].eq("other")).sort_values(
        ["last", "pmpm"], ascending=[True, False]
    )
    rows = []
    for whole in wholes.itertuples():
        first = whole.service_category_1
        rows.append(_table_row(whole, 1, (first, None), references, trends))
        mine = parts[parts[LEAF[0]] == first].sort_values("pmpm", ascending=False)
        rows += [
            _table_row(part, 2, (first, part.service_category_2), references, trends)
            for part in mine.itertuples()
        ]
    return pd.DataFrame(rows)


def table_words(shown: pd.DataFrame, compared: Comparison) -> str:
    """'The largest part above budget is outpatient surgery, +$9 PMPM: dearer per service'."""
    if shown.empty or not compared.has_parts:
        return "Use and price by service category"
    parts = shown[shown["service_category_2"].notna() & shown["pmpm_gap"].notna()]
    if parts.empty or parts["pmpm_gap"].max() < 0.5:
        return f"No part of a category is above {label_in_sentence(compared)} by a dollar"
    row = parts.loc[parts["pmpm_gap"].idxmax()]
    name = str(row["service_category_2"]).replace("_", " ")
    why = ""
    use, price = row["units_gap"], row["cost_gap"]
    if formats.known(use) and formats.known(price):
        if price > 0.01 and price > 2 * max(use, 0):
            why = ": dearer per unit"
        elif use > 0.01 and use > 2 * max(price, 0):
            why = ": more units"
        elif use > 0.01 and price > 0.01:
            why = ": more units, and dearer"
    return (
        f"The largest gap above {label_in_sentence(compared)} is {name}, "
        f"{formats.signed_money(row['pmpm_gap'])} PMPM{why}"
    )


def _table_row(
    row: Any,
    level: int,
    key: tuple[str, Any],
    references: Mapping[tuple[Any, ...], Any],
    trends: Mapping[tuple[str, Any], str],
) -> dict[str, Any]:
    then = references.get((level, key[0], key[1] if formats.known(key[1]) else None))
    name = formats.category(key[0]) if level == 1 else f"\u2003{formats.category(key[1])}"
    single = level == 2 or formats.known(row.unit)
    units = row.units_per_1000 if single else None
    price = row.unit_cost if single else None
    units_gap = _relative(units, None if then is None else then["units_per_1000"])
    cost_gap = _relative(price, None if then is None else then["unit_cost"])
    gap = None if then is None else float(row.pmpm) - float(then["pmpm"])
    return {
        LEAF[0]: key[0],
        LEAF[1]: key[1],
        "name": name,
        "unit": row.unit if formats.known(row.unit) else "",
        "units_per_1000": formats.rate(units) if formats.known(units) else "",
        "units_gap": units_gap,
        "units_change": formats.relative(units_gap, decimals=0) if units_gap is not None else "",
        "unit_cost": formats.pmpm(price) if formats.known(price) else "",
        "cost_gap": cost_gap,
        "cost_change": formats.relative(cost_gap, decimals=0) if cost_gap is not None else "",
        "pmpm": formats.pmpm(row.pmpm),
        "pmpm_gap": gap,
        "pmpm_change": formats.signed_money(gap) if gap is not None else "",
        "trend": trends.get(key, trends.get((key[0], None)) if level == 1 else None),
        "amount": float(row.amount),
        "level": level,
    }


def _trends(months: pd.DataFrame, theme: ThemeType) -> dict[tuple[str, Any], str]:
    """The mature months of each part, and of each category, as a strip."""
    mature = months[months["is_mature"].fillna(False).astype(bool)]
    made = {}
    for level in (2, 1):
        grid = mature.pivot_table(
            index=LEAF[:level], columns="month", values="pmpm", aggfunc="sum", dropna=True
        )
        for key, values in grid.iterrows():
            name = (key, None) if level == 1 else tuple(key)
            series = [None if pd.isna(value) else float(value) for value in values]
            made[name] = strips.trend_strip(series, theme=theme, width=96)
    return made


def _references(compared: Comparison, level: int) -> dict[tuple[Any, ...], float]:
    if compared.side is None or not compared.has_parts:
        return {}
    found = by_category(compared.side, level)
    return {tuple(row[LEAF[:level]]): float(row["pmpm"]) for _, row in found.iterrows()}


def _relative(value: Any, then: Any) -> float | None:
    if not (formats.known(value) and formats.known(then)) or not float(then) > 0:
        return None
    return float(value) / float(then) - 1


def _values(months: pd.DataFrame) -> list[float]:
    return [float(value) for value in months.sort_values("month")["pmpm"].astype(float)]


def _names(shown: pd.DataFrame, signal: str) -> list[str]:
    return [formats.category(name) for name in shown.loc[shown["signal"] == signal, "category"]]


def _listed(names: list[str]) -> str:
    return words.listing([names[0], *(words.lowered(name) for name in names[1:])], 3)


def _exceeds(names: list[str]) -> str:
    return "exceeds" if len(names) == 1 else "exceed"


def _falls(names: list[str]) -> str:
    return "lies" if len(names) == 1 else "lie"
