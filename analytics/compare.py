"""Whether two numbers differ beyond chance: one period against another, a rate or a share."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import special

from analytics.intervals import PER_1000_A_YEAR, too_few, wilson

ALPHA = 0.05


@dataclass(frozen=True)
class Change:
    """before → after in the metric's unit; `delta` with its 95% interval; `p` two-sided. NaN where not
    observed."""

    before: float
    after: float
    delta: float
    low: float
    high: float
    p: float
    beyond_chance: bool
    too_few: bool = False

    def signal(self, lower_is_better: bool) -> str:
        """improving | worsening | none | not_tested, by the metric's direction."""
        if self.too_few or math.isnan(self.p):
            return "not_tested"
        if not self.beyond_chance or self.delta == 0:
            return "none"
        return "improving" if (self.delta < 0) == lower_is_better else "worsening"


def rate_change(k0: float, n0: float, k1: float, n1: float, per: float = PER_1000_A_YEAR) -> Change:
    """Change of an event rate from k0 ÷ n0 to k1 ÷ n1 (events ÷ exposure × per).

    Exact conditional test: given k0 + k1, k1 is binomial with n1 ÷ (n0 + n1). Source: Przyborowski &
    Wilenski, Biometrika 1940;31:313-323. Two-sided p is twice the smaller tail. Weighted counts are rounded
    for the test. Fewer than 20 events in either period are not tested.
    """
    if not (n0 > 0 and n1 > 0):
        return Change(math.nan, math.nan, math.nan, math.nan, math.nan, math.nan, False, True)
    before, after = k0 / n0 * per, k1 / n1 * per
    low_count, high_count = round(k0), round(k1)
    total, expected_share = low_count + high_count, n1 / (n0 + n1)
    lower_tail = float(special.bdtr(high_count, total, expected_share))
    upper_tail = float(special.bdtrc(high_count - 1, total, expected_share)) if high_count else 1.0
    p = min(1.0, 2 * min(lower_tail, upper_tail))
    reach = float(special.ndtri(1 - ALPHA / 2)) * math.sqrt(k0 / n0**2 + k1 / n1**2) * per
    delta = after - before
    few = too_few(k0) or too_few(k1)
    return Change(before, after, delta, delta - reach, delta + reach, p, p < ALPHA and not few, few)


def proportion_change(k0: float, n0: float, k1: float, n1: float) -> Change:
    """Change of a share from k0 ÷ n0 to k1 ÷ n1, in shares (0.01 = one point).

    Pooled two-sample z-test; interval by Newcombe (Statistics in Medicine 1998;17:873-890, method 10), which
    joins two Wilson intervals. Fewer than 20 eligible in either period are not tested.
    """
    if not (n0 > 0 and n1 > 0):
        return Change(math.nan, math.nan, math.nan, math.nan, math.nan, math.nan, False, True)
    before, after = wilson(k0, n0), wilson(k1, n1)
    delta = after.rate - before.rate
    low = delta - math.hypot(after.rate - after.low, before.high - before.rate)
    high = delta + math.hypot(after.high - after.rate, before.rate - before.low)
    pooled = (k0 + k1) / (n0 + n1)
    spread = math.sqrt(pooled * (1 - pooled) * (1 / n0 + 1 / n1))
    p = float(2 * special.ndtr(-abs(delta) / spread)) if spread > 0 else 1.0
    few = too_few(n0) or too_few(n1)
    return Change(before.rate, after.rate, delta, low, high, p, p < ALPHA and not few, few)
