"""How far a period's mean lies from another beyond what its months usually vary: for amounts, which are no
counts and have no exact interval.

The months' own spread is taken from their moving range (Wheeler & Chambers, Understanding Statistical
Process Control, 1992): σ = mean moving range ÷ 1.128, which a trend or a step widens little. Its effective
degrees of freedom are 0.62 × (months − 1) (Wheeler, Advanced Topics in Statistical Process Control, 1995,
table A.1, moving ranges of two).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy import special

from analytics.intervals import Interval

MOVING_RANGE = 1.128
FEWEST_MONTHS = 8


@dataclass(frozen=True)
class Spread:
    """Of a mean of months: its standard error in the months' unit and the degrees of freedom behind it. NaN
    where there are too few months to tell."""

    error: float
    freedom: float

    @property
    def known(self) -> bool:
        """Whether the months say how much they vary."""
        return not math.isnan(self.error)


UNKNOWN = Spread(math.nan, math.nan)


def spread_of(months: Sequence[float | None]) -> Spread:
    """The spread of the mean of consecutive months; a missing month breaks the moving range. UNKNOWN below
    eight months, or where they do not vary at all."""
    values = [math.nan if value is None else float(value) for value in months]
    ranges = [
        abs(later - earlier)
        for earlier, later in zip(values, values[1:], strict=False)
        if not math.isnan(later - earlier)
    ]
    count = sum(1 for value in values if not math.isnan(value))
    if count < FEWEST_MONTHS or not ranges or sum(ranges) == 0:
        return UNKNOWN
    deviation = sum(ranges) / len(ranges) / MOVING_RANGE
    return Spread(deviation / math.sqrt(count), 0.62 * len(ranges))


def mean_interval(mean: float, spread: Spread, confidence: float = 0.95) -> Interval:
    """mean ± t × its standard error, not below 0: where the mean of such months usually lies."""
    if not spread.known or math.isnan(mean):
        return Interval(mean, math.nan, math.nan)
    reach = float(special.stdtrit(spread.freedom, 1 - (1 - confidence) / 2)) * spread.error
    return Interval(mean, max(mean - reach, 0.0), mean + reach)


def differs(gap: float, spread: Spread, other: Spread | None = None, confidence: float = 0.95) -> bool | None:
    """Whether a gap between two means is beyond what their months usually vary; None where that is not known.

    `other`: the spread of what is compared with, None where that is a fixed number. Welch's t-test on the two
    standard errors (Biometrika 1947;34:28-35).
    """
    if not spread.known or math.isnan(gap) or (other is not None and not other.known):
        return None
    first, second = spread.error**2, other.error**2 if other is not None else 0.0
    freedom = spread.freedom
    if other is not None:
        freedom = (first + second) ** 2 / (first**2 / spread.freedom + second**2 / other.freedom)
    return abs(gap) > float(special.stdtrit(freedom, 1 - (1 - confidence) / 2)) * math.sqrt(first + second)


def gap_signal(gap: float, spread: Spread, other: Spread | None = None, lower_is_better: bool = True) -> str:
    """improving | worsening | none | not_tested of a gap (ours − theirs), as `differs` judges it."""
    beyond = differs(gap, spread, other)
    if beyond is None:
        return "not_tested"
    if not beyond:
        return "none"
    return "improving" if (gap < 0) == lower_is_better else "worsening"
