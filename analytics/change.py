"""Why a month's PMPM is not what it was in the last snapshot: the parts of its change, by cause.

The warehouse says of every changed dollar and member-month which cause it has (`mart.spend_change`). A PMPM
is a sum of two ratios, medical dollars by medical member-months and pharmacy dollars by pharmacy
member-months, so a cause moves it in two ways: by the dollars it brings, and by the member-months it brings,
over which the old dollars are spread. With N and D the dollars and member-months now, and n and d what causes
brought of them,

    N/D - N0/D0 = sum over causes of (n - d * N0/D0) / D,   where N0 = N - sum n and D0 = D - sum d,

which is exact: a cause's member-months are worth what a member-month cost before.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

CAUSES: dict[str, str] = {
    "new_activity": "New activity",
    "late_claims": "Late claims",
    "reversals": "Reversals",
    "retroactive_enrolment": "Retroactive enrolment",
    "re_attribution": "Re-attribution",
    "definition_change": "Definition change",
}
"""Every cause in the order in which it is shown, with its words."""

_PARTS = (("medical_amount", "member_months"), ("pharmacy_amount", "pharmacy_member_months"))


def pmpm_change(changes: pd.DataFrame, totals: pd.DataFrame, *, pharmacy: bool = True) -> pd.DataFrame:
    """Each month's change by cause: month, cause, pmpm, from_amounts, from_member_months, amount.

    `changes` has month, cause, medical_amount, pharmacy_amount (dollars), member_months and
    pharmacy_member_months, all signed, rows of one month and cause being summed; `totals` has the same
    columns without cause: what the month holds now. Every month of `totals` has a row for each cause of
    CAUSES, and `attrs["before"]` and `attrs["after"]` are its PMPM then and now (dollars, by month). The
    causes' `pmpm` of a month sum to after less before exactly; pmpm is from_amounts + from_member_months,
    amount the dollars the cause brought. A month that was not there before had a PMPM of 0, one that nobody
    is enrolled in now has one of 0. Without `pharmacy`, the medical PMPM alone. Raises ValueError for an
    unknown cause.
    """
    unknown = set(changes["cause"]) - set(CAUSES)
    if unknown:
        raise ValueError(f"unknown cause: {', '.join(sorted(unknown))}")
    parts = _PARTS if pharmacy else _PARTS[:1]
    columns = [column for part in parts for column in part]
    now = totals.groupby("month")[columns].sum()
    brought = changes.groupby(["month", "cause"])[columns].sum()
    every = pd.MultiIndex.from_product([now.index, list(CAUSES)], names=["month", "cause"])
    brought = brought.reindex(every, fill_value=0.0).astype(float)
    month = brought.index.get_level_values("month")
    before = now.astype(float) - brought.groupby(level="month").sum()

    result = pd.DataFrame(0.0, index=every, columns=["from_amounts", "from_member_months"])
    then, after = pd.Series(0.0, index=now.index), pd.Series(0.0, index=now.index)
    for amount, months in parts:
        old = _ratio(before[amount], before[months])
        new = _ratio(now[amount].astype(float), now[months].astype(float))
        then, after = then + old, after + new
        there = now[months].astype(float).reindex(month).to_numpy()
        was_there = before[months].reindex(month).to_numpy()
        worth = brought[months].to_numpy() * old.reindex(month).to_numpy()
        result["from_amounts"] += _over(brought[amount].to_numpy(), there)
        # Where nobody is left, all that a member-month cost went with the member-months.
        result["from_member_months"] += np.where(there != 0, -_over(worth, there), _over(worth, was_there))
    result["pmpm"] = result["from_amounts"] + result["from_member_months"]
    result["amount"] = sum(brought[amount] for amount, _ in parts)
    table = result.reset_index()[["month", "cause", "pmpm", "from_amounts", "from_member_months", "amount"]]
    table.attrs = {"before": then.to_dict(), "after": after.to_dict()}
    return table


def _ratio(amount: pd.Series, months: pd.Series) -> pd.Series:
    """Dollars by member-months, 0 where there is nobody."""
    return pd.Series(_over(amount.to_numpy(), months.to_numpy()), index=amount.index)


def _over(amount: np.ndarray, months: np.ndarray) -> np.ndarray:
    return np.divide(amount, months, out=np.zeros(len(amount)), where=months != 0)
