"""What an immature month will come to, and how sure that is.

Two halves. Pages use the first: what has been counted ÷ completion (`completed_estimate`), and the interval
of any slice's completed PMPM from draws and process variance (`interval`). A build uses the second,
`complete`: chain ladder, Bornhuetter-Ferguson where a month has told too little, and draws of both. The
method, its choices and how it is tested: docs/completion.md.

Nothing here imports the `chainladder` package until `complete` runs: a page must not wait for it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy import special

from analytics.intervals import NOT_OBSERVED, PER_1000_A_YEAR, Interval, poisson_rate

if TYPE_CHECKING:
    import pandas as pd

Array = npt.NDArray[np.float64]

# Below this a month has told too little: the estimate would be mostly the factor.
MINIMUM_COMPLETION = 0.3
# Below this the expected PMPM carries a month, not what has been paid (metrics.md, Cost).
BORNHUETTER_FERGUSON = 0.7
# From here on a month is complete: what may still come is less than a rounding of the page.
COMPLETE = 0.9995
# From here on what may still come is certain enough not to be drawn.
CERTAIN = 0.995
# The expected PMPM: of how many mature months, and how few will do.
EXPECTED_MONTHS = 12
FEWEST_MONTHS = 3
# A trend beyond this a year is a change of the data, not of cost.
TREND_LIMIT = 0.2
DRAWS = 200
# Fewer payments than this (month of service × month of payment) tell no pattern.
SPARSE = 24

_QUANTILES = (np.arange(64) + 0.5) / 64


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


def limits(
    draws: npt.ArrayLike, process_variance: float, to_date: float = -math.inf, confidence: float = 0.95
) -> tuple[float, float]:
    """Low and high of what a slice's completed dollars will come to.

    draws: the slice's completed dollars in each draw (parameter uncertainty: `mart.completion_draw`, summed
    over contracts, categories and months draw by draw). process_variance: dollars², the chance of what is
    still to come, Σ dispersion × expected future payments. to_date: dollars paid so far. Where it is given,
    what is still to come leans to the right as claims do (a gamma variable); else it is normal. The limits
    are quantiles over all draws of both. No draws: (NaN, NaN).
    """
    values = np.asarray(draws, float)
    values = values[np.isfinite(values)]
    if not len(values):
        return math.nan, math.nan
    variance = max(process_variance, 0.0) if math.isfinite(process_variance) else 0.0
    if variance > 0:
        mean = float((values - to_date).mean())
        if math.isfinite(mean) and mean > 0:
            # A gamma with a shape below this puts nearly all on zero: one claim or none.
            spread = special.gammaincinv(max(mean**2 / variance, 0.05), _QUANTILES) * variance / mean
            spread -= spread.mean()
        else:
            spread = special.ndtri(_QUANTILES) * math.sqrt(variance)
        values = (values[:, None] + spread[None, :]).ravel()
    tail = (1 - confidence) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    return float(low), float(high)


def interval(
    draws: pd.DataFrame,
    *,
    member_months: float,
    pharmacy_member_months: float,
    completed_medical: float = 0.0,
    completed_pharmacy: float = 0.0,
    to_date: float | None = None,
) -> Interval:
    """The completed PMPM of some months together, with its 95% interval.

    draws: rows of cost/draws of those of the months that are not complete (month, draw, medical, pharmacy in
    dollars; process_variance in dollars², the same in all rows of a month). completed_*: dollars of the
    months that are. to_date: PMPM paid so far, all months; with it the interval leans to the right, as claims
    do. The rate is the mean of the draws, which are centred on the estimate. Without draws all is complete:
    no width. Without member-months there is no rate: NaN.
    """
    if not member_months > 0:
        return NOT_OBSERVED

    def pmpm(medical: Array, pharmacy: Array) -> Array:
        later = pharmacy / pharmacy_member_months if pharmacy_member_months > 0 else 0 * pharmacy
        return medical / member_months + later

    if not len(draws):
        rate = float(pmpm(np.array(completed_medical), np.array(completed_pharmacy)))
        return Interval(rate, rate, rate)
    summed = draws.groupby("draw")[["medical", "pharmacy"]].sum()
    values = pmpm(
        summed["medical"].to_numpy() + completed_medical, summed["pharmacy"].to_numpy() + completed_pharmacy
    )
    variance = float(draws.groupby("month")["process_variance"].first().sum()) / member_months**2
    low, high = limits(values, variance, -math.inf if to_date is None else to_date)
    return Interval(float(values.mean()), low, high)


@dataclass(frozen=True)
class Lines:
    """Contract × category × basis: K of them, their months by age at the valuation, oldest first.

    paid [K, n, n]: triangles (analytics/chain_ladder.py). amount, exposure [K, months]: dollars to date and
    member-months of the months `ages` (months from the month of service to that of the valuation; negative
    after it); NaN exposure before the line's first month. threshold [K]: completion from which months are
    mature. pool [K]: the line whose pattern is taken where this one's payments are too few to tell one. seeds
    [K]: where chance starts for a line; payer_seeds [K]: the same for all lines of a payer, which speeds up
    and slows down with all its claims. claim_dispersion [K]: what a dollar varies by if members' months are
    independent, Σ(dollars of a member and month)² ÷ Σ(dollars), in dollars; NaN where not known.
    """

    paid: Array
    ages: npt.NDArray[np.int64]
    amount: Array
    exposure: Array
    threshold: Array
    pool: npt.NDArray[np.int64]
    seeds: list[int]
    payer_seeds: list[int]
    claim_dispersion: Array


@dataclass(frozen=True)
class Completed:
    """What `complete` says; arrays are [K, months], or as noted. Dollars.

    method: complete | chain_ladder | bornhuetter_ferguson | not_tested. estimate = amount × multiplier +
    exposure × per_member_month. dispersion: variance per dollar still to come (chain ladder months: φ ÷
    completion, as what has been paid is itself chance; Bornhuetter-Ferguson: φ). draws are of the months
    `drawn` (indices), [K, draw, month]; NaN where a month is not drawn. link, link_completion, link_error,
    link_months, link_excluded are [K, lag]; tail, excluded_months, known (whether there is a pattern at all)
    are [K].
    """

    completion: Array
    method: npt.NDArray[np.str_]
    multiplier: Array
    per_member_month: Array
    estimate: Array
    low: Array
    high: Array
    dispersion: Array
    expected: Array
    mack: Array
    drawn: npt.NDArray[np.int64]
    multiplier_draw: Array
    per_member_month_draw: Array
    link: Array
    link_completion: Array
    link_error: Array
    link_months: npt.NDArray[np.int64]
    link_excluded: npt.NDArray[np.int64]
    tail: Array


@dataclass(frozen=True)
class _Expected:
    """The expected PMPM of a line by month, and its relative uncertainty."""

    pmpm: Array
    level_error: float
    trend_error: Array
    month_error: float


def complete(lines: Lines, draws: int = DRAWS) -> Completed:
    """Complete every month of every line, with intervals and draws. Deterministic: chance comes from the
    seeds."""
    from analytics import chain_ladder

    count, size, _ = lines.paid.shape
    excluded = chain_ladder.outliers(lines.paid, lines.claim_dispersion)
    development = chain_ladder.develop(lines.paid, excluded)
    tail = chain_ladder.tail_factors(lines.paid, development.link)
    resampled = chain_ladder.bootstrap(lines.paid, development.link, lines.seeds, draws, excluded)
    pool = np.where(_is_sparse(lines.paid), lines.pool, np.arange(count))
    link, tail = development.link[pool], tail[pool]
    share = chain_ladder.completion(link, tail)
    dispersion = np.where(np.isnan(resampled.dispersion), resampled.dispersion[pool], resampled.dispersion)
    # The triangle's φ holds all that moves whole months, too; of a slice's claims only their own chance is
    # apart.
    dispersion = np.fmin(dispersion, lines.claim_dispersion)
    months = len(lines.ages)
    shape = (count, months)
    completion, expected = np.ones(shape), np.full(shape, np.nan)
    method = np.full(shape, "complete", dtype="<U20")
    multiplier, per_member_month = np.ones(shape), np.zeros(shape)
    low, high, variance, mack = (np.full(shape, np.nan) for _ in range(4))
    multiplier_draw = np.full((count, draws, months), np.nan)
    per_member_month_draw = np.full((count, draws, months), np.nan)
    within = (lines.ages >= 0) & (lines.ages < size)
    for k in range(count):
        nothing = not np.nan_to_num(np.abs(lines.paid[k])).sum()
        completion[k, within] = share[k, lines.ages[within]]
        completion[k, lines.ages < 0] = 0
        if nothing:
            completion[k] = 1
        completion[k, np.abs(completion[k] - 1) < 1 - COMPLETE] = 1
        exposure = np.nan_to_num(lines.exposure[k])
        a_priori = _expected(lines, k, completion[k], dispersion[k])
        expected[k] = a_priori.pmpm
        unfinished = completion[k] != 1
        little = unfinished & (completion[k] < BORNHUETTER_FERGUSON)
        told = np.isfinite(a_priori.pmpm)
        method[k, unfinished] = "chain_ladder"
        method[k, little & told] = "bornhuetter_ferguson"
        method[k, little & ~told & (completion[k] < MINIMUM_COMPLETION)] = "not_tested"
        ladder = method[k] == "chain_ladder"
        prior = method[k] == "bornhuetter_ferguson"
        multiplier[k, ladder] = 1 / completion[k, ladder]
        per_member_month[k, prior] = (1 - completion[k, prior]) * a_priori.pmpm[prior]
        # What is still to come varies by φ; for a chain ladder so does what its estimate rests on.
        variance[k] = np.where(
            ladder, dispersion[k] / np.maximum(completion[k], MINIMUM_COMPLETION), dispersion[k]
        )
        mack[k, within] = np.where(ladder[within], development.mack[k][size - 1 - lines.ages[within]], np.nan)
        if math.isnan(dispersion[k]):
            continue
        chance = np.random.default_rng([lines.seeds[k], 1])
        drawn = (ladder & (np.abs(completion[k] - 1) > 1 - CERTAIN)) | prior
        share_draw = _share_draws(chain_ladder.completion, resampled.link[pool[k]], tail[k], chance)
        speed = chain_ladder.payment_speed(lines.paid[k], share[k])
        payer = np.random.default_rng([lines.payer_seeds[k], 2])
        weights = payer.standard_normal((draws, size))
        freedom = max(int(speed.any(axis=1).sum()) - 1, 5)
        # The spread itself is known from few valuations: Student's t rather than a normal.
        weights *= np.sqrt(freedom / payer.chisquare(freedom, (draws, 1)))
        pace = 1 + weights @ speed
        amounts = _a_priori_draws(a_priori, draws, chance)
        for m in np.flatnonzero(drawn):
            age = int(lines.ages[m])
            now = share_draw[:, age] * pace[:, age] if age >= 0 else np.zeros(draws)
            if ladder[m]:
                factor = 1 / np.clip(now, completion[k, m] / 2, None)
                multiplier_draw[k, :, m] = factor * multiplier[k, m] / factor.mean()
                per_member_month_draw[k, :, m] = 0
            else:
                multiplier_draw[k, :, m] = 1
                rest = (1 - np.clip(now, 0, 1)) * amounts[:, m]
                centre = per_member_month[k, m] / rest.mean() if rest.mean() > 0 else 1.0
                per_member_month_draw[k, :, m] = rest * centre
        for m in np.flatnonzero(unfinished & (method[k] != "not_tested")):
            paid = float(np.nan_to_num(lines.amount[k, m]))
            said = paid * multiplier[k, m] + exposure[m] * per_member_month[k, m]
            spread = paid * multiplier_draw[k, :, m] + exposure[m] * per_member_month_draw[k, :, m]
            spread = spread if drawn[m] else np.full(1, said)
            low[k, m], high[k, m] = limits(spread, variance[k, m] * max(said - paid, 0), paid)
    estimate = np.nan_to_num(lines.amount) * multiplier + np.nan_to_num(lines.exposure) * per_member_month
    settled = method == "complete"
    low, high = np.where(settled, estimate, low), np.where(settled, estimate, high)
    return Completed(
        completion, method, multiplier, per_member_month, estimate, low, high, variance, expected, mack,
        np.flatnonzero(np.isfinite(multiplier_draw).any(axis=(0, 1))), multiplier_draw, per_member_month_draw,
        link, share, development.standard_error[pool], development.months[pool],
        excluded.sum(axis=1)[pool], tail,
    )  # fmt: skip


def _is_sparse(paid: Array) -> npt.NDArray[np.bool_]:
    return (np.abs(np.nan_to_num(paid)) > 0).sum(axis=(1, 2)) < SPARSE


def _expected(lines: Lines, k: int, completion: Array, dispersion: float) -> _Expected:
    """The completed PMPM of the latest mature months, trended to each month; NaN with fewer than three of
    them.

    The trend is that of the latest 12 mature months against the 12 before, as a yearly rate, drawn to nothing
    as far as chance explains it (1 − (its standard error ÷ it)², not below 0) and held within ±20%. With
    fewer than 24 months there is none.
    """
    months = len(lines.ages)
    exposure, amount = lines.exposure[k], np.nan_to_num(lines.amount[k])
    mature = np.flatnonzero(
        (lines.ages >= 0) & (completion >= lines.threshold[k]) & (np.nan_to_num(exposure) > 0)
    )
    latest = mature[-EXPECTED_MONTHS:]
    unknown = _Expected(np.full(months, np.nan), 0, np.zeros(months), 0)
    if len(latest) < FEWEST_MONTHS:
        return unknown
    final = amount / completion.clip(MINIMUM_COMPLETION)
    level = final[latest].sum() / exposure[latest].sum()
    if level <= 0:
        return _Expected(np.where(np.isfinite(exposure), max(level, 0), np.nan), 0, np.zeros(months), 0)
    before = mature[-2 * EXPECTED_MONTHS : -EXPECTED_MONTHS]
    whole = mature[-2 * EXPECTED_MONTHS :]
    trend, trend_error = 0.0, 0.0
    rate = final[whole] / exposure[whole]
    if len(before) == EXPECTED_MONTHS and final[before].sum() > 0:
        ratio = math.log(level * exposure[before].sum() / final[before].sum())
        smooth = np.exp(ratio / 12 * (np.arange(len(whole)) - len(before) - (EXPECTED_MONTHS - 1) / 2))
        spread = float(np.mean((rate / (level * smooth) - 1) ** 2)) * len(whole) / (len(whole) - 2)
        error = math.sqrt(2 * spread / EXPECTED_MONTHS)
        kept = max(0.0, 1 - (error / ratio) ** 2) if ratio else 0.0
        trend = float(np.clip(ratio * kept, math.log(1 - TREND_LIMIT), math.log(1 + TREND_LIMIT)))
        trend_error = error * math.sqrt(kept)
    else:
        spread = float(np.var(rate[-len(latest) :] / level, ddof=1))
    # The months' own ups and downs beyond the chance of claims: seasons, working days, epidemics.
    chance = 0.0 if math.isnan(dispersion) else dispersion / (level * float(exposure[latest].mean()))
    centre = float(lines.ages[latest].mean())
    years = (centre - lines.ages) / 12
    pmpm = level * np.exp(trend * years)
    return _Expected(
        pmpm,
        math.sqrt(spread / len(latest)),
        np.abs(years) * trend_error,
        math.sqrt(max(spread - chance, 0.0)),
    )


def _a_priori_draws(a_priori: _Expected, draws: int, chance: np.random.Generator) -> Array:
    """Expected PMPM [draw, month]: its level and trend err together over months, each month's own part
    alone."""
    months = len(a_priori.pmpm)
    level = chance.standard_normal((draws, 1)) * a_priori.level_error
    trend = chance.standard_normal((draws, 1)) * a_priori.trend_error[None, :]
    own = chance.standard_normal((draws, months)) * a_priori.month_error
    drawn = np.exp(level + trend + own)
    return a_priori.pmpm[None, :] * drawn / drawn.mean(axis=0, keepdims=True)


def _share_draws(
    share: Callable[[Array, Array], Array], link: Array, tail: float, chance: np.random.Generator
) -> Array:
    """Completion [draw, lag]; a fitted tail is known to within a factor of about two of what it adds."""
    with np.errstate(invalid="ignore"):
        tails = 1 + (tail - 1) * np.exp(0.35 * chance.standard_normal(len(link)) - 0.35**2 / 2)
        found = share(link, tails)
    return np.where(np.isfinite(found), found, 0.0)
