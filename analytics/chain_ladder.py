"""Development of claims triangles by chain ladder: link ratios, their error, outliers, tail and bootstrap.

Link ratios and Mack's errors are those of the package `chainladder`, fitted for all triangles at once. The
bootstrap is that of its `BootstrapODPSample` (same residuals, same scale), resampled here for many triangles,
as the package takes them one by one, at a third of a second each; a test holds the two together.

A stack of triangles is an array [triangle, month of service, lag] of dollars paid in each month of payment.
All are aligned at their end: the last row is the month of the valuation, of which only lag 0 is known; row i
has lags 0 to n-1-i. What lies after the valuation, or before a triangle's first month, is NaN.

The package takes seconds to import: only `develop` and `tail_factors` do. A page imports none of this.
"""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

CENT = 0.01
# Outliers: see `outliers`.
OUTLIER_MONTHS = 8
OUTLIER_SPREADS = 6.0
# Tail: see `tail_factors`.
TAIL_LAGS = 3
TAIL_LINK = 1.001
TAIL_LIMIT = 1.25
# Payment speed: see `payment_speed`.
SPEED_VALUATIONS = 6
SPEED_LAGS = 12


@dataclass(frozen=True)
class Development:
    """What a stack's months have in common.

    link [triangle, lag]: ratio of cumulative dollars at lag + 1 to those at lag, weighted by volume (Mack
    1993); 1 where no month is known at both lags, inf where all dollars come later. standard_error: Mack's,
    of the link ratio; NaN where some month had nothing paid yet, or too few months are known. months
    [triangle, lag]: how many months a link rests on. mack [triangle, month]: Mack's standard error of the
    completed amount, dollars.
    """

    link: Array
    standard_error: Array
    months: npt.NDArray[np.int64]
    mack: Array


@dataclass(frozen=True)
class Bootstrap:
    """What might as well have been observed.

    link [triangle, draw, lag]: link ratios of resampled triangles. dispersion [triangle]: variance per dollar
    of what is paid in a month (φ of the over-dispersed Poisson model), in dollars; NaN without degrees of
    freedom.
    """

    link: Array
    dispersion: Array


def cumulative(paid: Array) -> Array:
    """Dollars paid up to each lag, NaN where `paid` is."""
    return np.where(np.isnan(paid), np.nan, np.cumsum(np.nan_to_num(paid), axis=2))


def outliers(paid: Array, dispersion: Array | None = None) -> Mask:
    """Links left out of the average, [triangle, month, lag]: those unlike every other month's.

    A month's link is tested by its Mack residual, (C[lag + 1] − f C[lag]) ÷ √C[lag], f the median of the
    lag's links. It is left out where that lies more than 6 spreads from the median. The spread is the robust
    one (1.4826 × median absolute residual), or what single claims make by chance, √(φ (f − 1)), where that is
    more: a dear stay that is paid late is no outlier. dispersion [triangle]: that φ (Σ dollars² ÷ Σ dollars),
    NaN if unknown. Lags with fewer than 8 months are not tested, nor those at which more than half of the
    months develop alike (nothing paid): what is rare there is ordinary. At most one month in eight of a lag
    is left out, the most unlike first.
    """
    total = cumulative(paid)
    before, after = total[:, :, :-1], total[:, :, 1:]
    known = (before > CENT) & ~np.isnan(after)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)
        ratio = np.where(known, after / before, np.nan)
        centre = np.nanmedian(ratio, axis=1, keepdims=True)
        residual = np.where(known, (after - centre * before) / np.sqrt(np.where(known, before, 1)), np.nan)
        residual = residual - np.nanmedian(residual, axis=1, keepdims=True)
        spread = 1.4826 * np.nanmedian(np.abs(residual), axis=1, keepdims=True)
        # Cents of rounding are no spread.
        large = np.sqrt(np.nanmedian(np.where(known, before, np.nan), axis=1, keepdims=True)) * 1e-6
        tested = (known.sum(axis=1, keepdims=True) >= OUTLIER_MONTHS) & (spread > large)
        if dispersion is not None:
            grown = np.where(known, after, 0).sum(axis=1) / np.where(known, before, 0).sum(axis=1)
            spread = np.fmax(spread, np.sqrt(dispersion[:, None] * np.clip(grown - 1, 0, None))[:, None, :])
        unlike = np.nan_to_num(np.where(tested, np.abs(residual) / spread, 0))
    rank = np.argsort(np.argsort(-unlike, axis=1, kind="stable"), axis=1, kind="stable")
    most = known.sum(axis=1, keepdims=True) // 8
    found: Mask = (unlike > OUTLIER_SPREADS) & (rank < most)
    return found


def develop(paid: Array, excluded: Mask | None = None) -> Development:
    """Link ratios and Mack's errors of a stack, without the links in `excluded` [triangle, month, lag].

    The package leaves a month out of the average while nothing has been paid for it, though it is part of
    both sums of a volume-weighted ratio: such a month counts as one cent. Mack's model has no place for it:
    errors of links at which a month has nothing paid, and of months that go through them, are NaN. The last
    link rests on one month; its error follows those before it (Mack 1993, section 4).
    """
    total = cumulative(paid)
    count, size, _ = total.shape
    total = np.where(total == 0, CENT, total)
    excluded = np.zeros((count, size, size - 1), bool) if excluded is None else excluded
    before, after = total[:, :, :-1], total[:, :, 1:]
    used = ~np.isnan(after) & ~excluded
    months = used.sum(axis=1)
    link, sigma = np.ones((count, size - 1)), np.full((count, size - 1), np.nan)
    history = (~np.isnan(total[:, :, 0])).sum(axis=1)
    for length in np.unique(history[history >= 2]):
        members, left = np.flatnonzero(history == length), size - int(length)
        part, out = total[members, left:, :length], excluded[members, left:, : length - 1]
        # Exclusions are a triangle's own: a link that has some is that of a copy without those months.
        copies = np.argwhere(out.any(axis=1))
        fresh = np.where(out[copies[:, 0], :, copies[:, 1], None], 0.0, part[copies[:, 0]])
        links, sigmas = _fit(np.concatenate([part, fresh]))
        link[members, : length - 1], sigma[members, : length - 1] = (
            links[: len(members)],
            sigmas[: len(members)],
        )
        for copy, (k, lag) in enumerate(copies, start=len(members)):
            link[members[k], lag], sigma[members[k], lag] = links[copy, lag], sigmas[copy, lag]
    volume = (used & (before > CENT)).any(axis=1)
    comes = (used & (after > CENT)).any(axis=1)
    link[months == 0] = 1
    # Nothing paid yet in any month: all of it comes later, or nothing ever does.
    link[(months > 0) & ~volume] = np.inf
    link[(months > 0) & ~volume & ~comes] = 1
    sigma[sigma < 1e-9] = 0
    # The last link has one month, whose spread is taken from those before; where those have none, nor has it.
    sigma[(months == 1) & np.isnan(sigma) & (np.abs(link - 1) < 1e-12)] = 0
    sigma[((before <= CENT) & used).any(axis=1) & (months > 0)] = np.nan
    weight = np.where(used, before, 0).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.where(months > 0, sigma / np.sqrt(weight), np.nan)
    return Development(link, error, months, _mack(total, link, np.where(months > 0, sigma, 0), weight))


def _mack(total: Array, link: Array, sigma: Array, weight: Array) -> Array:
    """Mack's standard error of each month's completed amount, [triangle, month].

    Mack T. Distribution-free calculation of the standard error of chain ladder reserve estimates. ASTIN
    Bulletin 1993;23:213-225: error² = C² Σ σ²/f² (1/C[lag] + 1/Σ C[lag of the other months]) over the links
    still to come.
    """
    count, size, _ = total.shape
    found = np.full((count, size), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        for month in range(1, size):
            amount = total[:, month, size - 1 - month].copy()
            part = np.zeros(count)
            for lag in range(size - 1 - month, size - 1):
                ahead = (sigma[:, lag] / link[:, lag]) ** 2 * (1 / amount + 1 / weight[:, lag])
                part += np.where(sigma[:, lag] == 0, 0, ahead)
                amount = amount * link[:, lag]
            found[:, month] = amount * np.sqrt(part)
    return np.where(np.isfinite(found), found, np.nan)


def _fit(total: Array) -> tuple[Array, Array]:
    """The package's link ratios and Mack's σ of them; zeros are left out, as it does."""
    # Compiling what the package sums takes longer than summing it: a warehouse has a few dozen triangles.
    os.environ.setdefault("NUMBA_DISABLE_JIT", "1")
    import chainladder

    size = total.shape[1]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        fitted = chainladder.Development(sigma_interpolation="mack").fit(_triangle(total))
        link = np.asarray(fitted.ldf_.values)[:, 0, 0, : size - 1]
        sigma = np.asarray(fitted.sigma_.values)[:, 0, 0, : size - 1]
    return link, sigma


def _triangle(total: Array) -> Any:
    """Cumulative dollars [triangle, month, lag] as the package's Triangle; months are made up, aligned at the
    end."""
    import chainladder
    import pandas as pd

    count, size, _ = total.shape
    months = pd.date_range("2000-01-01", periods=size, freq="MS")
    row, lag = np.nonzero(np.add.outer(np.arange(size), np.arange(size)) < size)
    frame = pd.DataFrame(
        {
            "origin": months[np.tile(row, count)],
            "valuation": months[np.tile(row + lag, count)],
            "triangle": np.repeat(np.arange(count), len(row)),
            "dollars": np.nan_to_num(total[:, row, lag]).ravel(),
        }
    )
    made = chainladder.Triangle(
        frame,
        index="triangle",
        origin="origin",
        development="valuation",
        columns="dollars",
        cumulative=True,
        array_backend="numpy",
    )
    return made


def completion(link: Array, tail: Array | None = None) -> Array:
    """The share of a month's final dollars that is paid at each lag: 1 ÷ (the product of links from it on ×
    tail).

    `link` [..., lag], `tail` [...] (1 where none). [..., lag + 1]. Above 1 where more is taken back than paid
    later; 0 where all is still to come.
    """
    shape = (*link.shape[:-1], 1)
    last = np.ones(shape) if tail is None else np.asarray(tail, float).reshape(shape)
    product = np.flip(np.cumprod(np.flip(np.concatenate([link, last], axis=-1), axis=-1), axis=-1), axis=-1)
    with np.errstate(divide="ignore"):
        return np.where(product > 0, 1 / product, 1.0)


def tail_factors(paid: Array, link: Array) -> Array:
    """What comes after the last lag that is known, as a factor per triangle; 1 where nothing says that more
    does.

    A tail is fitted (exponential decay of the link ratios' excess over 1, the package's TailCurve) only where
    development has not stopped: each of the last three links still adds 0.1% or more, they shrink, and there
    are six lags at least. It is not more than 1.25. Else the last lag known is taken as complete.
    """
    count, size, _ = paid.shape
    found = np.ones(count)
    history = (~np.isnan(paid[:, :, 0])).sum(axis=1)
    for k in range(count):
        length = int(history[k])
        links = link[k, : length - 1]
        if length < 6 or not np.isfinite(links).all():
            continue
        last = links[-TAIL_LAGS:]
        if (last < TAIL_LINK).any() or last[-1] >= links[-2 * TAIL_LAGS + 1 : -TAIL_LAGS + 1].max():
            continue
        found[k] = min(
            TAIL_LIMIT, max(1.0, _fitted_tail(cumulative(paid[k : k + 1, size - length :, :length])))
        )
    return found


def _fitted_tail(total: Array) -> float:
    import chainladder

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        fitted = chainladder.Development().fit_transform(_triangle(np.where(total == 0, CENT, total)))
        curve = chainladder.TailCurve(curve="exponential", extrap_periods=60).fit(fitted)
    tail = float(curve.tail_.to_numpy().ravel()[0])
    slope = float(curve.slope_.to_numpy().ravel()[0])
    return tail if slope < 0 and np.isfinite(tail) else 1.0


def bootstrap(
    paid: Array, link: Array, seeds: list[int], draws: int, excluded: Mask | None = None
) -> Bootstrap:
    """Resample each triangle `draws` times around its chain ladder, and say how much a dollar paid varies.

    Source: England PD, Verrall RJ. Stochastic claims reserving in general insurance. British Actuarial
    Journal 2002;8:443-518, with the hat matrix adjustment of Shapland (Using the ODP bootstrap model, CAS
    monograph 4, 2016): Pearson residuals (paid − fitted) ÷ √|fitted| of the incremental dollars, each scaled
    by 1 ÷ √(1 − its leverage), are drawn with replacement; φ = Σ residual² ÷ (cells − parameters). Cells
    whose fitted value is 0, and those after a link in `excluded`, give no residual.
    """
    count, size, _ = paid.shape
    resampled = np.ones((count, draws, size - 1))
    dispersion = np.full(count, np.nan)
    for k in range(count):
        known = ~np.isnan(paid[k])
        usable = np.isfinite(link[k])
        # Lags at which nothing is paid yet have no fitted value to vary around.
        first = 0 if usable.all() else int(np.flatnonzero(~usable)[-1]) + 1
        fitted = _fitted(paid[k], link[k], first)
        counted = known & (np.abs(np.nan_to_num(fitted)) > CENT)
        if excluded is not None:
            counted[:, 1:] &= ~excluded[k]
        residual, scale = _residuals(paid[k], fitted, counted)
        dispersion[k] = scale
        resampled[k] = np.where(usable, link[k], np.inf)[None, :]
        if not len(residual):
            continue
        chance = np.random.default_rng(seeds[k])
        drawn = chance.choice(residual, size=(draws, int(counted.sum())))
        fresh = np.zeros((draws, size, size))
        fresh[:, known] = np.nan_to_num(fitted)[known]
        fresh[:, counted] += drawn * np.sqrt(np.abs(fitted[counted]))
        np.cumsum(fresh, axis=2, out=fresh)
        both = known[:, 1:] if excluded is None else known[:, 1:] & ~excluded[k]
        before = np.einsum("dil,il->dl", fresh[:, :, :-1], both.astype(float))
        after = np.einsum("dil,il->dl", fresh[:, :, 1:], both.astype(float))
        fine = (before > CENT) & (after > CENT)
        links = np.where(fine, after / np.where(fine, before, 1), resampled[k])
        links[:, ~both.any(axis=0)] = 1
        links[:, :first] = np.where(usable[:first], links[:, :first], np.inf)
        resampled[k] = links
    return Bootstrap(resampled, dispersion)


def payment_speed(paid: Array, share: Array) -> Array:
    """How far from the pattern valuations have been before, [valuation, lag], as a part of what should be
    paid.

    `paid` [month, lag] of one triangle, `share` [lag] its completion. At each past valuation and lag: what
    was paid by then ÷ (share × what the month came to) − 1. A backlog, or a month of fewer working days,
    moves all lags of a valuation together, and all categories of a payer: no bootstrap of single cells knows
    that. Random sums of rows (standard normal weights) have the covariance of what has been seen. Only
    valuations whose months have since become 90% complete count, the others are rows of zeros; with fewer
    than six of them all rows are.
    """
    size = len(paid)
    scaled = np.zeros((size, size))
    total = np.cumsum(np.nan_to_num(paid), axis=1)
    late = np.flatnonzero(share[:size] >= 0.9)
    wait = int(late[0]) if len(late) else size
    lags = np.flatnonzero((share[:size] < 0.995) & (share[:size] > 0))
    lags = lags[lags <= SPEED_LAGS]
    first = int(np.argmax(~np.isnan(paid[:, 0])))
    valuations = np.arange(first + (int(lags[-1]) if len(lags) else 0), size - wait)
    if len(valuations) < SPEED_VALUATIONS:
        return scaled
    for lag in lags:
        month = valuations - lag
        now = size - 1 - month
        final = total[month, now] / share[now]
        seen = final > CENT
        away = np.where(seen, total[month, lag] / np.where(seen, final * share[lag], 1) - 1, 0)
        scaled[valuations, lag] = (away - away.mean()) / np.sqrt(len(valuations) - 1)
    return scaled


def _fitted(paid: Array, link: Array, first: int) -> Array:
    """Incremental dollars [month, lag] as the chain ladder has them: each month's latest total, taken
    back."""
    size = len(paid)
    total = np.cumsum(np.nan_to_num(paid), axis=1)
    known = ~np.isnan(paid)
    fitted = np.full((size, size), np.nan)
    # The share of the final dollars at each lag, from `first` on; before it nothing has been paid.
    share = completion(np.where(np.isfinite(link), link, 1.0))
    share[:first] = 0
    latest = np.where(known.any(axis=1), known.sum(axis=1) - 1, 0)
    for i in range(size):
        if not known[i].any() or share[latest[i]] == 0:
            continue
        final = total[i, latest[i]] / share[latest[i]]
        fitted[i] = np.diff(final * share, prepend=0.0)
    return np.where(known, fitted, np.nan)


def _residuals(paid: Array, fitted: Array, counted: Mask) -> tuple[Array, float]:
    """The adjusted residuals to draw from, centred, and φ; none and NaN where parameters use up the cells."""
    row, lag = np.nonzero(counted)
    rows, lags = np.unique(row), np.unique(lag)
    parameters = len(rows) + len(lags) - 1
    freedom = len(row) - parameters
    if freedom <= 0:
        return np.empty(0), np.nan
    weights = np.where(counted, np.abs(np.nan_to_num(fitted)), 0)[np.ix_(rows, lags)]
    weight = np.abs(fitted[row, lag])
    raw = (paid[row, lag] - fitted[row, lag]) / np.sqrt(weight)
    # The inverse of the information of months and lags (without the first lag), by blocks: the leverage of a
    # cell is its weight × (its month's variance + its lag's + twice their covariance).
    month_weight, lag_weight = weights.sum(axis=1), weights.sum(axis=0)
    later = weights[:, 1:]
    scaled = later / month_weight[:, None]
    variance = np.zeros((len(lags), len(lags)))
    variance[1:, 1:] = np.linalg.pinv(np.diag(lag_weight[1:]) - later.T @ scaled, hermitian=True)
    crossed = scaled @ variance[1:, :]
    of_month = 1 / month_weight + (crossed[:, 1:] * scaled).sum(axis=1)
    spread = of_month[:, None] + np.diag(variance)[None, :] - 2 * crossed
    leverage = (weights * spread)[np.searchsorted(rows, row), np.searchsorted(lags, lag)]
    free = leverage < 1 - 1e-9
    adjusted = raw[free] / np.sqrt(1 - leverage[free])
    adjusted = adjusted[np.abs(adjusted) > 1e-9]
    scale = float((raw**2).sum() / freedom)
    return (adjusted - adjusted.mean() if len(adjusted) else adjusted), scale
