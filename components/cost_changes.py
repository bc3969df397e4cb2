"""What changed since the last snapshot, and what completion said before: words and frames."""

from __future__ import annotations

from datetime import date

import pandas as pd

from analytics import change
from components import formats

COLUMNS = ["medical_amount", "pharmacy_amount", "member_months", "pharmacy_member_months"]
TOTALS = ["total_medical", "total_pharmacy", "total_member_months", "total_pharmacy_member_months"]


def taken_apart(changes: pd.DataFrame, *, pharmacy: bool) -> pd.DataFrame:
    """Change of each month's PMPM by cause. changes: cost/changes."""
    totals = changes.drop_duplicates("month")[["month", *TOTALS]]
    totals = totals.rename(columns=dict(zip(TOTALS, COLUMNS, strict=True)))
    numbers = [*COLUMNS]
    told = changes.assign(**{name: changes[name].astype(float).fillna(0.0) for name in numbers})
    totals = totals.assign(**{name: totals[name].astype(float).fillna(0.0) for name in numbers})
    return change.pmpm_change(told[["month", "cause", *numbers]], totals, pharmacy=pharmacy)


def steps_of(table: pd.DataFrame, month: object) -> tuple[pd.DataFrame, float, float]:
    """(key, words, change of a month's causes; PMPM before; PMPM after): for charts.waterfall."""
    rows = table[table["month"] == month]
    steps = pd.DataFrame(
        {
            "key": list(rows["cause"]),
            "words": [change.CAUSES[cause] for cause in rows["cause"]],
            "change": rows["pmpm"].astype(float).to_list(),
        }
    )
    return steps, float(table.attrs["before"][month]), float(table.attrs["after"][month])


def words(table: pd.DataFrame, month: object) -> str:
    """'Aug 2026 rose by $41 since the last snapshot, mostly late claims'."""
    steps, before, after = steps_of(table, month)
    moved = after - before
    if abs(moved) < 0.005:
        return f"{formats.month(month)} is what it was in the last snapshot"
    verb = "rose" if moved > 0 else "fell"
    found = f"{formats.month(month)} {verb} by {formats.money(abs(moved))} since the last snapshot"
    largest = steps.loc[(steps["change"] / moved).idxmax()]
    if largest["change"] / moved >= 0.5:
        found += f", mostly {largest['words'].lower()}"
    return found


def months_of(table: pd.DataFrame) -> list[date]:
    """The months that changed, latest first."""
    moved = table.groupby("month")["pmpm"].apply(lambda values: values.abs().max() > 0)
    return sorted((month for month, changed in moved.items() if changed), reverse=True)


def cause_words(cause: str) -> str:
    """A cause as it is said."""
    return change.CAUSES.get(cause, formats.category(cause))


def nothing(build: pd.DataFrame) -> tuple[str, str]:
    """What is said where there is nothing to compare with. build: shared/build."""
    previous = (
        build["previous_snapshot_id"].dropna() if "previous_snapshot_id" in build else pd.Series(dtype=str)
    )
    note = build["change_note"].dropna() if "change_note" in build else pd.Series(dtype=str)
    if len(previous):
        return (
            "No month of what is chosen has changed",
            f"Every month of service stands as in the snapshot {previous.iloc[0]}.",
        )
    why = f" ({note.iloc[0]})" if len(note) else ""
    return (
        "There is no earlier snapshot to compare with",
        f"The next build is compared with this one{why}: late claims, reversals, retroactive enrolment, "
        "re-attribution, definition changes and new activity are then told apart, month by month.",
    )


def backtest_words(tested: pd.DataFrame) -> tuple[str, str]:
    """'19 of 20 months came inside what was said'. tested: cost/backtest."""
    known = tested[tested["said"].notna()]
    if known.empty:
        return "The payments do not reach back far enough for a test", "Months told three and six months ago."
    inside = int(known["covered"].fillna(False).astype(bool).sum())
    line = "What the same method said of each month three and six months ago, against what has come."
    came = float(known["came_completed"].sum())
    if came:
        error = float(known["said"].sum()) / came - 1
        side = "more" if error > 0 else "less"
        line += f" Altogether it said {formats.percent(abs(error), 1)} {side} than came."
    return f"{inside} of {len(known)} estimates held what came in their interval", line
