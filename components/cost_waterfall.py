"""The waterfall from the comparison to what came, and the details behind each of its steps."""

from __future__ import annotations

from typing import Any

import pandas as pd

from analytics.decomposition import STEPS, Decomposition, Side, decompose
from components import cost_comparison, formats
from components.cost_comparison import Comparison
from components.cost_figures import STEP_WORDS, explanation, label_in_sentence

__all__ = [
    "MEANING", "PART_OF", "STEPS", "Decomposition", "details_of", "details_words", "finding", "names_of",
    "residual_words", "steps_of", "taken_apart",
]  # fmt: skip
# Which dollars a step is about, as cost/members calls its parts; none: nothing has been paid of it yet.
PART_OF = {
    "membership_mix": "amount",
    "risk_mix": "amount",
    "utilisation": "under",
    "service_mix": "under",
    "unit_price": "under",
    "large_claimants": "over",
    "estimated": "",
}
MEANING = {
    "membership_mix": "Contracts and markets weigh otherwise among the members; new and gone ones are here.",
    "risk_mix": "The members of a group are of another risk.",
    "utilisation": "More or fewer services per member, below the large-claimant threshold.",
    "service_mix": "Services within a category that are dearer or cheaper than its others.",
    "unit_price": "Dollars per unit of the same service.",
    "large_claimants": "Dollars over the large-claimant threshold.",
    "estimated": "What completion adds: claims that are expected and not paid yet.",
}
MOST = 40


def taken_apart(compared: Comparison, now: Side) -> Decomposition | None:
    """The steps from the comparison to what came; None where there is nothing to compare with."""
    if compared.side is None:
        return None
    return decompose(compared.side, now, by=compared.by)


def steps_of(taken: Decomposition) -> pd.DataFrame:
    """The steps for charts.waterfall: key, words, change."""
    return taken.steps.rename(columns={"pmpm": "change"})[["key", "words", "change"]]


def finding(taken: Decomposition, compared: Comparison) -> str:
    """'Outpatient price explains most of the $23 above budget'."""
    change = taken.after - taken.before
    against = label_in_sentence(compared)
    side = "above" if change > 0 else "below"
    if abs(change) < 0.5:
        return f"Cost and {against} are level; the parts cancel out"
    cause = explanation(taken, change)
    if cause and compared.has_parts:
        start = cause[:1].upper() + cause[1:].removesuffix("of it")
        return f"{start}of the {formats.money(abs(change))} {side} {against}"
    largest = taken.steps.loc[(taken.steps["pmpm"] / change).idxmax()]
    if not compared.has_parts:
        step = STEPS[str(largest["key"])]
        return (
            f"{step} is the largest step to the {formats.money(abs(change))} {side} {against}, "
            f"{formats.signed_money(largest['pmpm'])}"
        )
    return (
        f"No one step explains most of the {formats.money(abs(change))} {side} {against}; "
        f"{STEP_WORDS[largest['key']]} is the largest, {formats.signed_money(largest['pmpm'])}"
    )


def residual_words(taken: Decomposition, compared: Comparison) -> str:
    """'Unexplained residual: $0.00.', and what the comparison lacks."""
    said = list(dict.fromkeys([*compared.notes, *taken.notes]))
    notes = f" {'. '.join(said)}." if said else ""
    # A residual of less than half a cent is rounding of the sums.
    residual = 0.0 if abs(taken.residual) < 0.005 else taken.residual
    return f"Unexplained residual: {formats.dollars(residual)}.{notes}"


def names_of(*sides: Side | None) -> dict[str, str]:
    """Names of contracts, markets and lines by their ids."""
    found: dict[str, str] = {}
    for side in sides:
        if side is not None:
            found |= cost_comparison.names_of(side.groups, "contract")
            found |= cost_comparison.names_of(side.groups, "market")
            found |= {str(line): formats.category(line) for line in side.groups["line_of_business"].dropna()}
    return found


def details_of(taken: Decomposition, step: str, names: dict[str, str]) -> pd.DataFrame:
    """The rows behind a step, largest contribution first: group, category, units and price then and now.

    Columns: group, category, contribution, change (dollars PMPM), units_before, units_after, price_before,
    price_after, amount, drill (the keys of the row as cost/members takes them, None where it opens nothing),
    share (of the step's absolute contributions). names: contract, market or line by id.
    """
    rows = taken.details[taken.details["step"] == step]
    keys = [name for name in ("contract_id", "market_id", "line_of_business") if name in rows]
    made = []
    part = PART_OF[step]
    for row in rows.itertuples():
        group = ", ".join(
            names.get(str(getattr(row, key)), str(getattr(row, key)))
            for key in keys
            if formats.known(getattr(row, key))
        )
        leaf = row.service_category_2 if formats.known(row.service_category_2) else None
        category = formats.category(row.service_category_1)
        drill: dict[str, Any] | None = None
        # Of a category as a whole, mix and risk hold what is estimated: nobody's claims.
        is_estimate = leaf is None and part == "amount"
        if part and not is_estimate and float(row.amount_after) != 0:
            drill = {key: getattr(row, key) for key in keys if formats.known(getattr(row, key))}
            drill |= {"service_category_1": row.service_category_1, "part": part}
            drill["service_category_2"] = "none" if leaf is None else leaf
        made.append(
            {
                "group": group,
                "category": f"{category}, {leaf}" if leaf and leaf != row.service_category_1 else category,
                "contribution": float(row.pmpm),
                "change": formats.signed_money(row.pmpm),
                "units_before": _rate(row.units_per_1000_before),
                "units_after": _rate(row.units_per_1000_after),
                "price_before": _money(row.unit_price_before),
                "price_after": _money(row.unit_price_after),
                "dollars_before": formats.money(row.amount_before),
                "dollars_after": formats.money(row.amount_after),
                "amount": float(row.amount_after),
                "service_category_1": row.service_category_1,
                "service_category_2": leaf,
                "drill": drill,
            }
        )
    found = pd.DataFrame(made)
    if found.empty:
        return found
    order = found["contribution"].abs().sort_values(ascending=False).index
    return found.loc[order].head(MOST).reset_index(drop=True)


def details_words(taken: Decomposition, step: str, shown: pd.DataFrame) -> str:
    """'Unit price: +$18 PMPM in 34 parts; the first 10 make +$16'."""
    total = float(taken.steps.set_index("key")["pmpm"][step])
    rows = taken.details[taken.details["step"] == step]
    if rows.empty:
        return f"{STEPS[step]}: nothing"
    top = shown.head(5)["contribution"].sum()
    return (
        f"{STEPS[step]}: {formats.signed_money(total)} PMPM in {formats.count_of(len(rows), 'part')}, "
        f"the five largest together {formats.signed_money(top)}"
    )


def _rate(value: Any) -> str:
    return formats.rate(value) if formats.known(value) else ""


def _money(value: Any) -> str:
    return formats.pmpm(value) if formats.known(value) else ""
