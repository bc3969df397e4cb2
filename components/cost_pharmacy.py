"""What the cost page says of the pharmacy benefit: rates, and the drugs that cost or changed most."""

from __future__ import annotations

from typing import Any

import pandas as pd

from analytics import compare
from components import formats

TOP = 10


def words(now: pd.DataFrame) -> tuple[str, str]:
    """The section's finding and the line under it. now: cost/pharmacy."""
    row = now.iloc[0]
    if not _number(row["fills"]):
        return "No pharmacy claim in this selection", "The period or the filters leave no fill."
    line = (
        f"{formats.count_of(row['fills'], 'fill')}, {formats.money(row['amount'])} to date; "
        f"{formats.rate(row['fills_per_1000'])} fills per 1,000 members with a pharmacy benefit."
    )
    if formats.known(row["specialty_share"]):
        return f"Specialty drugs take {formats.percent(row['specialty_share'])} of pharmacy dollars", line
    return f"Members fill {formats.rate(row['fills_per_1000'])} prescriptions per 1,000 a year", line


def facts(
    now: pd.DataFrame, before: pd.DataFrame | None, benchmarks: pd.DataFrame
) -> list[tuple[str, str, str, str]]:
    """(measure, label, value, beside it) of the three shares; a change that chance explains is said so."""
    row = now.iloc[0]
    old = before.iloc[0] if before is not None and len(before) else None
    found = []
    for measure, counted, label, share in (
        ("generic_fills", "classified_fills", "Generic rate", "generic_rate"),
        ("fills_90", "fills_with_days", "Fills of 84 days or more", "share_90"),
    ):
        value = formats.percent(row[share]) if formats.known(row[share]) else "None"
        beside = f"of {formats.count_of(row[counted], 'fill')} that say so"
        if old is not None and formats.known(row[share]) and formats.known(old[share]):
            change = compare.proportion_change(
                _number(old[measure]), _number(old[counted]), _number(row[measure]), _number(row[counted])
            )
            moved = formats.points(change.delta)
            beyond = change.beyond_chance or moved.startswith("No change")
            beside = f"{moved if beyond else formats.within_chance(moved)}; {beside}"
        goal = benchmarks[(benchmarks["metric_id"] == share) & benchmarks["service_category_2"].isna()]
        if len(goal):
            beside += f"; {goal.iloc[-1]['kind'].replace('_', ' ')} {formats.percent(goal.iloc[-1]['value'])}"
        found.append((measure, label, value, beside))
    specialty = formats.percent(row["specialty_share"]) if formats.known(row["specialty_share"]) else "None"
    beside = (
        f"{formats.money(row['specialty_amount'])} of {formats.money(row['classified_amount'])} classified"
    )
    if old is not None and formats.known(old["specialty_share"]):
        beside += f"; {formats.percent(old['specialty_share'])} a year earlier"
    found.append(("specialty_amount", "Specialty share of dollars", specialty, beside))
    return found


def by_spend(drugs: pd.DataFrame) -> pd.DataFrame:
    """The dearest drugs in all, for charts.amount_bars. drugs: cost/drugs."""
    top = drugs.sort_values("amount", ascending=False).head(TOP)
    return _bars(top, top["amount"])


def by_change(drugs: pd.DataFrame, before: pd.DataFrame | None) -> pd.DataFrame:
    """The drugs whose dollars changed most against a year earlier, rises first."""
    if before is None:
        return _bars(drugs.iloc[0:0], pd.Series(dtype=float))
    keyed = ["drug", "drug_name", "is_generic", "is_specialty"]
    old = before[[*keyed, "amount", "fills"]]
    both = drugs[[*keyed, "amount", "fills"]].merge(old, on="drug", how="outer", suffixes=("", "_before"))
    for name in keyed[1:]:
        both[name] = both[name].where(both[name].notna(), both[f"{name}_before"])
    both[["amount", "amount_before", "fills", "fills_before"]] = (
        both[["amount", "amount_before", "fills", "fills_before"]].astype(float).fillna(0.0)
    )
    both["change"] = both["amount"] - both["amount_before"]
    top = both.loc[both["change"].abs().sort_values(ascending=False).index].head(TOP)
    top = top.sort_values("change", ascending=False)
    notes = [
        f"{formats.number(row.fills_before)} to {formats.number(row.fills)} fills" for row in top.itertuples()
    ]
    return _bars(top, top["change"], notes)


def change_words(shown: pd.DataFrame) -> str:
    """'Semaglutide rose most, +$182,000'."""
    if shown.empty:
        return "No full prior year to compare drugs with"
    at = shown["amount"].abs().idxmax()
    row = shown.loc[at]
    verb = "rose" if row["amount"] > 0 else "fell"
    return f"{row['name']} {verb} most, {formats.signed_money(row['amount'])} on the prior year"


def spend_words(shown: pd.DataFrame, total: Any) -> str:
    """'Ten drugs take 46% of pharmacy dollars'."""
    if shown.empty or not _number(total):
        return "No drug in this selection"
    share = formats.percent(float(shown["amount"].sum()) / float(total))
    count = formats.count_in_words(len(shown)).capitalize()
    return f"{count} drug{' takes' if len(shown) == 1 else 's take'} {share} of pharmacy dollars"


def _bars(drugs: pd.DataFrame, amounts: pd.Series, notes: list[str] | None = None) -> pd.DataFrame:
    made = notes or [formats.count_of(row.fills, "fill") for row in drugs.itertuples()]
    kinds = [_kind(row) for row in drugs.itertuples()]
    names = [formats.missing(name, "Not known") for name in drugs["drug_name"]]
    return pd.DataFrame(
        {
            "key": list(drugs["drug"]),
            "name": [name[:1].upper() + name[1:] for name in names],
            "amount": list(amounts),
            "note": made,
            "detail": [f"{kind}{note}" for kind, note in zip(kinds, made, strict=True)],
        }
    )


def _kind(row: Any) -> str:
    kinds = []
    if formats.known(row.is_generic):
        kinds.append("generic" if bool(row.is_generic) else "brand")
    if formats.known(row.is_specialty) and bool(row.is_specialty):
        kinds.append("specialty")
    return f"{', '.join(kinds)}, " if kinds else ""


def _number(value: Any) -> float:
    return float(value) if formats.known(value) else 0.0
