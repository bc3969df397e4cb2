"""95% intervals of rates, shares and weighted sums, and the rule for when there is too little to rate."""

from __future__ import annotations

import math
from typing import NamedTuple

from scipy import special

PER_1000_A_YEAR = 12_000.0
TOO_FEW_EVENTS = 20


class Interval(NamedTuple):
    """A value and its interval, in the value's unit. All three are NaN when nothing was observed."""

    rate: float
    low: float
    high: float

    @property
    def known(self) -> bool:
        """Whether there is a value at all."""
        return not math.isnan(self.rate)


NOT_OBSERVED = Interval(math.nan, math.nan, math.nan)


def poisson_rate(
    events: float, exposure: float, per: float = PER_1000_A_YEAR, confidence: float = 0.95
) -> Interval:
    """Exact Poisson interval of events ÷ exposure × per. `events` may be a weighted count
    (avoidable-equivalents).

    Source: Garwood F. Fiducial limits for the Poisson distribution. Biometrika 1936;28:437-442: the limits
    are χ²(α/2; 2k)/2 and χ²(1-α/2; 2k+2)/2. Without exposure there is no rate: NaN. ValueError on a negative
    count.
    """
    if events < 0:
        raise ValueError(f"A count cannot be negative: {events}")
    if not exposure > 0:
        return NOT_OBSERVED
    tail = (1 - confidence) / 2
    # χ²(p; 2k)/2 is the inverse incomplete gamma function of k.
    low = special.gammaincinv(events, tail) if events > 0 else 0.0
    high = special.gammainccinv(events + 1, tail)
    scale = per / exposure
    return Interval(events * scale, float(low) * scale, float(high) * scale)


def wilson(met: float, eligible: float, confidence: float = 0.95) -> Interval:
    """Score interval of the share met ÷ eligible (0..1); `met` may be weighted.

    Source: Wilson EB. Probable inference. JASA 1927;22:209-212. Without anyone eligible there is no share:
    NaN. ValueError if `met` is outside 0..eligible.
    """
    if not eligible > 0:
        return NOT_OBSERVED
    if not -1e-9 <= met <= eligible * (1 + 1e-9):
        raise ValueError(f"{met} of {eligible} is not a share")
    z = float(special.ndtri(1 - (1 - confidence) / 2))
    share = min(max(met / eligible, 0.0), 1.0)
    centre = (share + z * z / (2 * eligible)) / (1 + z * z / eligible)
    reach = z / (1 + z * z / eligible) * math.sqrt(share * (1 - share) / eligible + (z / (2 * eligible)) ** 2)
    # Rounding must not push the ends past the share itself at 0 and 1.
    return Interval(share, min(max(centre - reach, 0.0), share), max(min(centre + reach, 1.0), share))


def weighted_sum_interval(
    total: float, variance: float, exposure: float, per: float = 1.0, confidence: float = 0.95
) -> Interval:
    """Normal interval of a sum of probabilities ÷ exposure × per, e.g. avoidable-equivalent visits ÷ visits.

    `variance` is Σ p(1-p), the variance of the count those probabilities stand for, given the visits. It says
    how well the visits' classes are known, not how the visits came about: for a rate over member-months use
    `poisson_rate`.
    """
    if variance < 0:
        raise ValueError(f"A variance cannot be negative: {variance}")
    if not exposure > 0:
        return NOT_OBSERVED
    reach = float(special.ndtri(1 - (1 - confidence) / 2)) * math.sqrt(variance)
    scale = per / exposure
    return Interval(total * scale, max(total - reach, 0.0) * scale, (total + reach) * scale)


def too_few(events: float | None, threshold: int = TOO_FEW_EVENTS) -> bool:
    """Whether a rate on so few events is not shown (metrics.md: fewer than 20). Nothing known is too few."""
    return events is None or math.isnan(events) or events < threshold
