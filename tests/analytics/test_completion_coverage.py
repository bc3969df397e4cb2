"""The interval covers the truth: 200 made-up markets whose future is known.

Each market is a contract of 1,500 to 20,000 members over three years, with its own growth, trend, season and
payment pattern, and months that are dearer or cheaper than others. Claims are single: their number is Poisson,
their size lognormal, and each waits for its payment; payment speeds up and slows down from month to month, by about
10%, for all claims alike, as working days and backlogs make it. Hospital stays are few and dear; office visits
many and cheap.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from analytics.completion import Array, Completed, Lines, complete, limits

MARKETS = 200
MONTHS = 36
WINDOW = 24
TAIL = 10
CATEGORIES = {
    # PMPM, dollars of a claim, its coefficient of variation, share paid by months after the service
    "inpatient": (250.0, 14_000.0, 1.2, [0.10, 0.35, 0.25, 0.12, 0.07, 0.04, 0.03, 0.02, 0.01, 0.01]),
    "office": (120.0, 150.0, 1.0, [0.30, 0.42, 0.14, 0.06, 0.03, 0.02, 0.01, 0.01, 0.005, 0.005]),
}


@dataclass(frozen=True)
class Markets:
    """Lines as the build sees them, and what [line, month] came to."""

    lines: Lines
    truth: Array


def claims_paid(
    chance: np.random.Generator, members: Array, category: str, speed: Array
) -> tuple[Array, float]:
    """Dollars [month, lag] of a category, all of them, and Σ dollars² ÷ Σ dollars of its claims."""
    pmpm, size, variation, shares = CATEGORIES[category]
    pattern = chance.dirichlet(np.array(shares) * 60)
    month = np.arange(MONTHS)
    season = 1 + 0.08 * np.cos(2 * np.pi * (month - chance.uniform(0, 12)) / 12)
    trend = np.exp(chance.normal(0.06, 0.04) * month / 12) * np.exp(chance.normal(0, 0.03, MONTHS))
    waiting = chance.poisson(members * pmpm / size * season * trend)
    hazard = np.append((pattern / np.cumsum(pattern[::-1])[::-1])[:-1], [0.8] * (TAIL + 1))
    spread = np.log(1 + variation**2)
    paid, squares = np.zeros((MONTHS, len(hazard))), 0.0
    for lag, usual in enumerate(hazard):
        rate = 1 - (1 - usual) ** speed[month + lag] if lag < len(hazard) - 1 else np.ones(MONTHS)
        count = chance.binomial(waiting, rate)
        waiting = waiting - count
        dollars = chance.lognormal(np.log(size) - spread / 2, np.sqrt(spread), count.sum())
        paid[:, lag] = np.bincount(np.repeat(month, count), dollars, MONTHS)
        squares += float((dollars**2).sum())
    return paid, squares / paid.sum()


def market(seed: int) -> tuple[Array, list[tuple[Array, float]]]:
    """Members by month, and the claims of each category."""
    chance = np.random.default_rng([seed, 2026])
    members = np.exp(chance.uniform(np.log(1_500), np.log(20_000)))
    members = np.round(members * np.exp(chance.normal(0, 0.05) * np.arange(MONTHS) / 12))
    speed = np.exp(chance.normal(0, 0.1, MONTHS + 30))
    return members, [claims_paid(chance, members, category, speed) for category in CATEGORIES]


@pytest.fixture(scope="module")
def markets() -> Markets:
    each = [market(seed) for seed in range(MARKETS)]
    paid = np.array([cells for _, categories in each for cells, _ in categories])
    count = len(paid)
    ages = np.arange(MONTHS - 1, -1, -1)
    triangles = np.full((count, WINDOW, WINDOW), np.nan)
    amount = np.zeros((count, MONTHS))
    for month, age in enumerate(ages):
        amount[:, month] = paid[:, month, : age + 1].sum(axis=1)
        if age < WINDOW:
            triangles[:, WINDOW - 1 - age, : age + 1] = 0
            known = min(age + 1, paid.shape[2])
            triangles[:, WINDOW - 1 - age, :known] = paid[:, month, :known]
    lines = Lines(
        triangles,
        ages,
        amount,
        np.repeat([members for members, _ in each], len(CATEGORIES), axis=0),
        np.full(count, 0.9),
        np.arange(count),
        list(range(count)),
        [k // len(CATEGORIES) for k in range(count)],
        np.array([scale for _, categories in each for _, scale in categories]),
    )
    return Markets(lines, paid.sum(axis=2))


@pytest.fixture(scope="module")
def completed(markets: Markets) -> Completed:
    return complete(markets.lines)


def of_year(markets: Markets, found: Completed, at: slice) -> tuple[float, float, float, float]:
    """Estimate, low, high and truth of the latest 12 months of some lines together, as a page adds them up."""
    year = slice(MONTHS - 12, MONTHS)
    amount, members = markets.lines.amount[at, None, year], markets.lines.exposure[at, None, year]
    point = found.estimate[at, year]
    drawn = found.multiplier_draw[at, :, year] * amount + found.per_member_month_draw[at, :, year] * members
    drawn = np.where(np.isnan(drawn), point[:, None], drawn).sum(axis=(0, 2))
    to_come = np.maximum(point - amount[:, 0], 0)
    chance = float((np.nan_to_num(found.dispersion[at, year]) * to_come).sum())
    low, high = limits(drawn, chance, float(amount.sum()))
    return float(point.sum()), low, high, float(markets.truth[at, year].sum())


def test_the_interval_covers_the_truth_in_nine_of_ten_markets(markets: Markets, completed: Completed) -> None:
    size = len(CATEGORIES)
    found = np.array([of_year(markets, completed, slice(m * size, (m + 1) * size)) for m in range(MARKETS)])
    estimate, low, high, truth = found.T
    covered = ((low <= truth) & (truth <= high)).mean()
    print(f"\nyear of a market: covered {covered:.3f}, error {np.mean(estimate / truth - 1):+.4f}")
    print(
        f"  mean width {np.mean((high - low) / truth):.3f}, root mean square error {np.std(estimate / truth):.4f}"
    )
    assert covered >= 0.9
    assert abs(np.mean(estimate / truth - 1)) < 0.01
    # An interval that holds everything says nothing.
    assert np.mean((high - low) / truth) < 8 * np.std(estimate / truth)


def test_the_interval_of_single_months_covers_the_truth(markets: Markets, completed: Completed) -> None:
    """By category and months of runout: each month of each market has an interval of its own."""
    total = []
    for n, category in enumerate(CATEGORIES):
        for runout in range(6):
            at = (slice(n, None, len(CATEGORIES)), MONTHS - 1 - runout)
            low, high, truth = completed.low[at], completed.high[at], markets.truth[at]
            covered = ((low <= truth) & (truth <= high)).mean()
            total.append(covered)
            print(f"\n{category}, {runout} months of runout: covered {covered:.3f}", end="")
            assert covered >= 0.85
    print(f"\nall: {np.mean(total):.3f}")
    assert np.mean(total) >= 0.9
