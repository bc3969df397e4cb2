"""How unevenly visits fall on members: the concentration curve and the share of visits of the top few."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd


def concentration_curve(visits_per_member: Iterable[float], members: Iterable[float]) -> pd.DataFrame:
    """Cumulative shares, from the members with most visits down.

    `members[i]` members made `visits_per_member[i]` visits each; members without visits belong to it (0
    visits). Returns member_share, visit_share (0..1, cumulative), visits_per_member, members, visits; the
    first row is the origin (shares 0, visits_per_member NaN). Empty if there are no members or no visits.
    """
    steps = pd.DataFrame(
        {"visits_per_member": list(visits_per_member), "members": list(members)}, dtype="float64"
    )
    steps = steps.groupby("visits_per_member", as_index=False)["members"].sum()
    steps = steps[steps["members"] > 0].sort_values("visits_per_member", ascending=False, ignore_index=True)
    steps["visits"] = steps["visits_per_member"] * steps["members"]
    columns = ["member_share", "visit_share", "visits_per_member", "members", "visits"]
    if steps.empty or steps["visits"].sum() == 0:
        return pd.DataFrame({column: pd.Series(dtype="float64") for column in columns})
    steps["member_share"] = steps["members"].cumsum() / steps["members"].sum()
    steps["visit_share"] = steps["visits"].cumsum() / steps["visits"].sum()
    origin = pd.DataFrame([{"member_share": 0.0, "visit_share": 0.0, "members": 0.0, "visits": 0.0}])
    return pd.concat([origin, steps], ignore_index=True)[columns]


def top_share(visits_per_member: Iterable[float], members: Iterable[float], share: float = 0.01) -> float:
    """Share of all visits (0..1) made by the top `share` of members; NaN if there are no visits.

    Members of equal visits are alike, so a cut inside a step takes its part of the step: linear between
    points.
    """
    curve = concentration_curve(visits_per_member, members)
    if curve.empty:
        return float("nan")
    return float(np.interp(share, curve["member_share"], curve["visit_share"]))
