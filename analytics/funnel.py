"""Funnel plots: which groups differ from the whole by more than their size explains.

Source: Spiegelhalter DJ. Funnel plots for comparing institutional performance. Statistics in Medicine
2005;24:1185-1202: limits at 95% and 99.8% around the overall rate, from the exact Poisson (rates) or binomial
(shares) distribution, interpolated between counts as in its appendix. Only the 99.8% limits make a signal: of
a hundred groups that differ by chance alone, five lie outside the 95% limits. Groups are never ranked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from analytics.intervals import PER_1000_A_YEAR, TOO_FEW_EVENTS, poisson_rate, wilson

Floats = NDArray[np.float64]

INNER, OUTER = 0.95, 0.998
LIMITS = ["lower_95", "upper_95", "lower_998", "upper_998"]


def funnel_limits(exposures: Iterable[float], mean_rate: float, per: float = PER_1000_A_YEAR) -> pd.DataFrame:
    """Limits of a rate at each exposure: exposure, lower_95, upper_95, lower_998, upper_998, in the rate's
    unit."""
    size = np.asarray(list(exposures), dtype="float64")
    expected = mean_rate * size / per
    return _limits(size, lambda p: _poisson_quantile(p, expected) / size * per)


def proportion_limits(denominators: Iterable[float], mean_share: float) -> pd.DataFrame:
    """Limits of a share (0..1) at each denominator; columns as `funnel_limits`."""
    size = np.asarray(list(denominators), dtype="float64")
    whole = np.maximum(np.rint(size), 1)
    return _limits(size, lambda p: np.minimum(_binomial_quantile(p, whole, mean_share) / whole, 1.0))


def funnel_points(
    groups: pd.DataFrame,
    *,
    group: str = "group_id",
    name: str = "group_name",
    events: str = "visits",
    exposure: str = "member_months",
    per: float = PER_1000_A_YEAR,
    lower_is_better: bool = True,
    pool_below: float = TOO_FEW_EVENTS,
    mean_rate: float | None = None,
) -> pd.DataFrame:
    """Each group's rate against the funnel around the rate of them all (or `mean_rate`).

    Returns group_id, group_name, events, exposure, rate, low, high (exact Poisson 95%), the four limits,
    position (above | within | below the 99.8% limits), signal (improving | worsening | none | not_tested),
    is_pool, parts (the group_ids it stands for). Groups with fewer than `pool_below` events, seen and
    expected, are pooled into one last row ("23 others, under 100 visits each", group_id None, not tested).
    Sorted by exposure, largest first: never by rate. attrs: mean_rate, per, share, pool_below,
    lower_is_better. Groups without exposure are left out.
    """
    return _points(
        groups, (group, name, events, exposure), per, lower_is_better, pool_below, mean_rate, share=False
    )


def proportion_funnel(
    groups: pd.DataFrame,
    *,
    group: str = "group_id",
    name: str = "group_name",
    met: str = "followup_7d_met",
    eligible: str = "followup_7d_eligible",
    lower_is_better: bool = False,
    pool_below: float = TOO_FEW_EVENTS,
    mean_share: float | None = None,
) -> pd.DataFrame:
    """Each group's share against the binomial funnel; as `funnel_points`, with events = met, exposure =
    eligible, Wilson intervals, and pooling by `eligible`. `met` may be weighted (avoidable-equivalent of
    classified visits)."""
    return _points(
        groups, (group, name, met, eligible), 1.0, lower_is_better, pool_below, mean_share, share=True
    )


def _limits(size: Floats, quantile: Any) -> pd.DataFrame:
    frame = pd.DataFrame({"exposure": size})
    with np.errstate(invalid="ignore", divide="ignore"):
        for coverage, label in ((INNER, "95"), (OUTER, "998")):
            tail = (1 - coverage) / 2
            frame[f"lower_{label}"] = np.maximum(quantile(tail), 0.0)
            frame[f"upper_{label}"] = quantile(1 - tail)
    frame.loc[~(size > 0), LIMITS] = np.nan
    return frame


def _poisson_quantile(p: float, expected: Floats) -> Floats:
    with np.errstate(invalid="ignore"):
        return _interpolated(p, special.pdtrik(p, expected), lambda count: special.pdtr(count, expected))


def _binomial_quantile(p: float, size: Floats, share: float) -> Floats:
    if share in (0.0, 1.0):
        return size * share
    return _interpolated(p, special.bdtrik(p, size, share), lambda count: special.bdtr(count, size, share))


def _interpolated(p: float, near: Floats, distribution: Callable[[Floats], Floats]) -> Floats:
    """Spiegelhalter's appendix A.1.1: r_p is the smallest count with P(R ≤ r) ≥ p, moved down by the fraction
    by which the distribution oversteps p, so that limits do not jump from count to count. `near` is the
    continuous quantile."""

    def below(count: Floats) -> Floats:
        return np.where(count < 0, 0.0, distribution(np.maximum(count, 0.0)))

    count = np.maximum(np.ceil(np.nan_to_num(near, nan=0.0)), 0.0)
    count = np.where(below(count - 1) >= p, count - 1, count)  # rounding of the inverse
    count = np.where(below(count) < p, count + 1, count)
    at, before = below(count), below(count - 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(count - np.where(at > before, (at - p) / (at - before), 0.0), dtype="float64")


def _points(
    groups: pd.DataFrame,
    columns: tuple[str, str, str, str],
    per: float,
    lower_is_better: bool,
    pool_below: float,
    mean: float | None,
    *,
    share: bool,
) -> pd.DataFrame:
    taken = groups[list(columns)].copy()
    taken.columns = pd.Index(["group_id", "group_name", "events", "exposure"])
    for column in ("events", "exposure"):
        taken[column] = pd.to_numeric(taken[column]).astype("float64")
    taken = taken[taken["exposure"] > 0].sort_values(
        ["exposure", "group_name"], ascending=[False, True], ignore_index=True
    )
    total = float(taken["exposure"].sum())
    overall = (
        mean if mean is not None else (float(taken["events"].sum()) / total * per if total else float("nan"))
    )

    expected = taken["exposure"] * overall / per
    measured = taken["exposure"] if share else np.maximum(taken["events"], expected)
    small = (measured < pool_below).to_numpy(dtype=bool)
    rows = taken[~small].copy()
    rows["is_pool"] = False
    rows["parts"] = [(key,) for key in rows["group_id"]]
    rows["group_id"] = rows["group_id"].astype(object)
    if small.any():
        pooled = taken[small]
        what = "eligible" if share else "visits"
        label = f"{len(pooled)} others, under {pool_below:,.0f} {what} each"
        if len(pooled) == 1:
            label = str(pooled.iloc[0]["group_name"])
        # One small group alone is itself, so that it can still be opened; it is not tested all the same.
        pool = {
            "group_id": pooled.iloc[0]["group_id"] if len(pooled) == 1 else None,
            "group_name": label,
            "events": float(pooled["events"].sum()),
            "exposure": float(pooled["exposure"].sum()),
            "is_pool": True,
            "parts": tuple(pooled["group_id"]),
        }
        rows = pd.DataFrame([*rows.to_dict("records"), pool]) if len(rows) else pd.DataFrame([pool])
    rows = rows.reset_index(drop=True)

    if share:
        intervals = [wilson(k, n) for k, n in zip(rows["events"], rows["exposure"], strict=True)]
        limits = proportion_limits(rows["exposure"], overall)
    else:
        intervals = [poisson_rate(k, n, per) for k, n in zip(rows["events"], rows["exposure"], strict=True)]
        limits = funnel_limits(rows["exposure"], overall, per)
    rows[["rate", "low", "high"]] = np.array([tuple(one) for one in intervals], dtype="float64").reshape(
        -1, 3
    )
    rows[LIMITS] = limits[LIMITS].to_numpy()
    rows["position"] = np.select(
        [rows["rate"] > rows["upper_998"], rows["rate"] < rows["lower_998"]], ["above", "below"], "within"
    )
    bad, good = ("above", "below") if lower_is_better else ("below", "above")
    rows["signal"] = rows["position"].map({bad: "worsening", good: "improving", "within": "none"})
    untested = rows["is_pool"].to_numpy(dtype=bool)
    rows.loc[untested, "signal"], rows.loc[untested, "position"] = "not_tested", "within"
    order = [
        "group_id",
        "group_name",
        "events",
        "exposure",
        "rate",
        "low",
        "high",
        *LIMITS,
        "position",
        "signal",
    ]
    rows = rows[[*order, "is_pool", "parts"]]
    rows.attrs = {
        "mean_rate": overall,
        "per": per,
        "share": share,
        "pool_below": pool_below,
        "lower_is_better": lower_is_better,
    }
    return rows
