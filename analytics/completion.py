"""What an immature month will come to: the paid-to-date count divided by its completion, with its
uncertainty."""

from __future__ import annotations

from analytics.intervals import NOT_OBSERVED, PER_1000_A_YEAR, Interval, poisson_rate

# Below this a month has told too little: the estimate would be mostly the factor.
MINIMUM_COMPLETION = 0.3


def completed_estimate(
    count: float, completion: float | None, exposure: float, per: float = PER_1000_A_YEAR
) -> Interval:
    """The rate a month is heading for: count ÷ completion ÷ exposure × per. It is an estimate; call it one.

    completion is 0..1, the share of the month's final count that is already paid (chain ladder: metrics.md,
    Cost). The interval is the exact Poisson interval of what has been counted, blown up by the same factor: a
    month 58% paid is less certain than one 82% paid. The uncertainty of the factor itself is not in it. No
    completion, or less than 30%: NaN.
    """
    if completion is None or not MINIMUM_COMPLETION <= completion <= 1:
        return NOT_OBSERVED
    return poisson_rate(count, exposure * completion, per)
