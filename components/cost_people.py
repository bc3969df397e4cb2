"""What the cost page says of people: large claimants, how unevenly cost falls, and the risk they carry."""

from __future__ import annotations

from typing import Any

import pandas as pd

from analytics.risk import RafChange, raf_change
from components import formats


def claimant_words(summary: pd.DataFrame, truncated: bool) -> tuple[str, str]:
    """The finding on large claimants and the line under it. summary: cost/large_claimant_summary."""
    row = summary.iloc[0]
    count = int(row["claimants"] or 0)
    if not count:
        return "Nobody is above the large-claimant threshold", "Dollars of a calendar year, per contract."
    headline = f"{formats.count_of(count, 'large claimant')} {'takes' if count == 1 else 'take'} "
    headline += f"{formats.percent(row['spend_share'])} of dollars"
    line = (
        f"{formats.number(row['new_claimants'])} new, {formats.number(row['continuing_claimants'])} above "
        f"the threshold in the year before as well. {formats.money(row['amount'])} in all"
    )
    if truncated:
        return headline, f"{line}; truncation has taken out what is over the contract's cap."
    return headline, (
        f"{line}, {formats.money(row['over_amount'])} of it over the threshold, "
        f"{formats.percent(row['over_share'], 1)} of all dollars."
    )


def claimants(rows: pd.DataFrame) -> pd.DataFrame:
    """Large claimants as the grid shows them, dearest first. rows: cost/large_claimants."""
    letters = {"female": "F", "male": "M"}
    shown = rows.sort_values("amount", ascending=False)
    made: dict[str, Any] = {
        "kind": ["Continuing" if bool(value) else "New" for value in shown["is_continuing"].fillna(False)],
        "top": [formats.category(value) for value in shown["top_category"]],
        "part": [formats.percent(value, 1) for value in shown["share"]],
    }
    if "age" in shown:
        made["age_sex"] = [
            f"{int(age)} {letters.get(str(sex), '')}".strip() if formats.known(age) else ""
            for age, sex in zip(shown["age"], shown["sex"], strict=True)
        ]
    if "conditions" in shown:
        made["conditions_words"] = [_some(value) for value in shown["conditions"]]
    return shown.assign(**made).reset_index(drop=True)


def concentration_words(curve: pd.DataFrame) -> tuple[str, str]:
    """'The costliest 5% of members take 49% of dollars'. curve: cost/concentration."""
    known = curve[curve["share"].notna()].set_index("top_share") if len(curve) else curve
    if not len(known) or not float(known["amount"].max()) > 0:
        return "No dollars in this selection", "Members enrolled in the period."
    members = float(known["members"].max())
    line = f"{formats.count_of(members, 'member')} enrolled in the period, with or without claims."
    at = 0.05 if members >= 100 and 0.05 in known.index else known.index.max()
    if at == known.index.max():
        return "Too few members to speak of a costliest part", line
    return (
        f"The costliest {formats.percent(at)} of members take {formats.percent(known.loc[at, 'share'])} "
        "of dollars",
        line,
    )


def raf_changes(answer: pd.DataFrame) -> list[RafChange]:
    """Change of the mean score by year, oldest first. answer: cost/raf_change."""
    return raf_change(answer)


def risk_words(changes: list[RafChange], years: pd.DataFrame) -> tuple[str, str]:
    """'Mean RAF rose from 1.020 to 1.051; coding is 62% of the change'."""
    line = (
        "CMS-HCC V28 for Medicare and dual contracts, from the diagnoses of the year before; age and sex "
        "factors for the others."
    )
    if not changes:
        known = int(years["members"].sum()) if len(years) else 0
        return (
            "No two years of risk scores to compare" if known else "No risk score has been computed"
        ), line
    last = changes[-1]
    if abs(last.change) < 0.0005:
        return f"Mean RAF stayed at {formats.number(last.after, 3)} in {last.year}", line
    verb = "rose" if last.change > 0 else "fell"
    headline = (
        f"Mean RAF {verb} from {formats.number(last.before, 3)} to {formats.number(last.after, 3)} "
        f"in {last.year}"
    )
    if last.coding_share is not None:
        headline += f"; coding is {formats.percent(last.coding_share)} of the change"
    return headline, line


def years_shown(years: pd.DataFrame) -> pd.DataFrame:
    """Mean risk by contract and year, in words. years: cost/risk_by_year."""
    models = {"cms_hcc_v28": "CMS-HCC V28", "age_sex": "Age and sex"}
    shown = years.sort_values(["contract_name", "year"], ascending=[True, False])
    return shown.assign(
        model_words=[models.get(str(value), str(value)) for value in shown["model"]],
        raf=[formats.number(value, 3) for value in shown["mean_raf"]],
        demographic_words=[formats.number(value, 3) for value in shown["demographic"]],
        hcc_words=[formats.number(value, 3) if formats.known(value) else "None" for value in shown["hcc"]],
    )


def _some(value: Any) -> str:
    if not isinstance(value, (list, tuple)) or not len(value):
        return "None found"
    listed = ", ".join(str(one) for one in value[:3])
    return f"{listed} and {len(value) - 3} more" if len(value) > 3 else listed
