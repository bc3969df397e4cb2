"""Why the mean risk score (RAF) of a population changed from one year to the next, and how much of it is
coding.

A mean score rises because members age, because conditions are recorded that were not (or no longer are),
and because other members came and went. Only the second is coding: sicker people and more complete records
look the same in it, so it is called coding, not illness. The steps add up to the change exactly:

- continuing members, each change of theirs ÷ the continuing members: age and demographics (with what the
  change of model segment does to conditions they keep), the new-enrolee rule (a score without conditions in
  one year and with them in the other), conditions new, conditions dropped, and combinations (interactions
  and counts)
- joiners: what the new members' mean does to the mean; leavers: what taking away those who left does to it
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

STEPS = {
    "demographic": "Age and demographics",
    "new_enrolee_rule": "New-enrolee rule",
    "hcc_new": "Conditions newly coded",
    "hcc_dropped": "Conditions no longer coded",
    "hcc_combinations": "Combinations of conditions",
    "joiners": "Members who joined",
    "leavers": "Members who left",
}
CODING = ("hcc_new", "hcc_dropped", "hcc_combinations")
CONTINUING = [step for step in STEPS if step not in ("joiners", "leavers")]
# Scores are published with three decimals; a smaller change has no shares worth printing.
SMALLEST = 0.0005


@dataclass(frozen=True)
class RafChange:
    """From the mean score of `year` - 1 to that of `year`.

    steps: key, words, change, from, to, is_coding (in order; they start at `before` and end at `after`).
    `coding`: the sum of the coding steps. `coding_share`: coding ÷ change, where coding moved the mean the
    same way and not further than it went (0..1); None where other steps worked against it or the change is
    below 0.0005, so that a share would mislead.
    """

    year: int
    before: float
    after: float
    members_before: int
    members_after: int
    steps: pd.DataFrame

    @property
    def change(self) -> float:
        return self.after - self.before

    @property
    def coding(self) -> float:
        return float(self.steps.loc[self.steps["is_coding"], "change"].sum())

    @property
    def coding_share(self) -> float | None:
        if abs(self.change) < SMALLEST:
            return None
        share = self.coding / self.change
        return share if 0 <= share <= 1 else None


def raf_change(sums: pd.DataFrame) -> list[RafChange]:
    """The change of each year that can be compared with the one before, oldest first.

    sums: one row per contract and year (more are added up): contract_id, year; continuing,
    continuing_score, continuing_previous (members, and sums of their scores now and before); demographic,
    new_enrolee_rule, hcc_new, hcc_dropped, hcc_combinations (sums over continuing members); joiners,
    joiners_score; leavers, leavers_score (of the year before). A contract and year without continuing
    members has nothing to compare with and is left out.
    """
    compared = sums[sums["continuing"] > 0]
    numbers = [column for column in compared if column not in ("contract_id", "year")]
    years = compared.groupby("year", sort=True)[numbers].sum()
    return [_year(int(year), row) for year, row in years.iterrows()]  # type: ignore[call-overload]


def _year(year: int, row: pd.Series) -> RafChange:
    stayed, joined, left = float(row["continuing"]), float(row["joiners"]), float(row["leavers"])
    before = (row["continuing_previous"] + row["leavers_score"]) / (stayed + left)
    after = (row["continuing_score"] + row["joiners_score"]) / (stayed + joined)
    changes = {step: float(row[step]) / stayed for step in CONTINUING}
    changes["joiners"] = float(after - row["continuing_score"] / stayed)
    changes["leavers"] = float(row["continuing_previous"] / stayed - before)
    rows, at = [], float(before)
    for key, words in STEPS.items():
        change = changes[key]
        rows.append((key, words, change, at, at + change, key in CODING))
        at += change
    steps = pd.DataFrame(rows, columns=["key", "words", "change", "from", "to", "is_coding"])
    return RafChange(year, float(before), float(after), int(stayed + left), int(stayed + joined), steps)
