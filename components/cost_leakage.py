"""What the cost page says of referred care that leaves the network."""

from __future__ import annotations

import pandas as pd

from components import formats

TOP = 8
NOUN = {"specialty": "specialty", "provider_group": "provider group"}


def words(total: pd.DataFrame) -> tuple[str, str]:
    """The section's finding and the line under it. total: cost/leakage."""
    row = total.iloc[0]
    amounts = [
        float(row[name]) if formats.known(row[name]) else 0.0
        for name in ("amount_in", "amount_out", "amount_unknown")
    ]
    all_of_it = sum(amounts)
    line = "Services that are referred; emergencies, ambulance and stays admitted from the ED are left out."
    if not all_of_it:
        return "No referable services in this selection", line
    if not formats.known(row["leakage_rate"]):
        return "The network is known of no provider", line
    headline = f"{formats.percent(row['leakage_rate'])} of referable dollars leave the network"
    told = f"{formats.money(amounts[1])} of {formats.money(all_of_it)}."
    if amounts[2]:
        told += f" No network list names the providers of {formats.percent(amounts[2] / all_of_it)}."
    return headline, f"{told} {line}"


def groups(by: pd.DataFrame) -> pd.DataFrame:
    """The groups with most dollars outside the network, for charts.leakage_bars. by: cost/leakage_by."""
    shown = by.sort_values(["amount_out", "amount_unknown"], ascending=False).head(TOP)
    names = shown["group_name"].where(~shown["group_id"].isin(["none"]), "Not known")
    return shown.assign(group_name=[formats.category(name) for name in names]).reset_index(drop=True)


def group_words(by: pd.DataFrame, group_by: str) -> str:
    """'Orthopedics takes 38% of what leaves'."""
    out = by["amount_out"].astype(float).fillna(0.0)
    known = ~by["group_id"].isin(["none"])
    if not out.sum() or not known.any():
        return f"No {NOUN[group_by]} takes referred care outside"
    at = out[known].idxmax()
    share = formats.percent(out[at] / out.sum())
    return f"{formats.category(by.loc[at, 'group_name'])} takes {share} of what leaves"
