"""Intervals agree with their published definitions and with each other, and say so when there is nothing to
rate."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.stats import binomtest

from analytics.compare import proportion_change, rate_change
from analytics.completion import completed_estimate
from analytics.intervals import Interval, poisson_rate, too_few, weighted_sum_interval, wilson


# Limits of a Poisson mean, 95%: Ulm K, Am J Epidemiol 1990;131:373-375 and standard tables after Garwood
# 1936.
@pytest.mark.parametrize(
    ("events", "low", "high"),
    [(0, 0.0, 3.689), (1, 0.0253, 5.572), (5, 1.623, 11.668), (10, 4.795, 18.390), (100, 81.364, 121.627)],
)
def test_poisson_limits_are_those_of_the_printed_table(events: int, low: float, high: float) -> None:
    interval = poisson_rate(events, 1, per=1)
    assert interval.low == pytest.approx(low, abs=1e-3)
    assert interval.high == pytest.approx(high, abs=1e-3)


@given(st.integers(1, 5000), st.floats(1, 1e6))
def test_poisson_limits_leave_exactly_the_tails_outside(events: int, exposure: float) -> None:
    interval = poisson_rate(events, exposure)
    low, high = (end * exposure / 12_000 for end in interval[1:])
    assert stats.poisson.sf(events - 1, low) == pytest.approx(0.025, rel=1e-6)
    assert stats.poisson.cdf(events, high) == pytest.approx(0.025, rel=1e-6)


def test_the_mockup_tile_reads_520_507_to_533() -> None:
    interval = poisson_rate(6340, 146_300)
    assert [round(value) for value in interval] == [520, 507, 533]
    assert [round(value) for value in poisson_rate(2066, 146_300)] == [169, 162, 177]


@given(st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_is_scipys_wilson(counts: tuple[int, int]) -> None:
    met, eligible = counts
    ours, theirs = wilson(met, eligible), binomtest(met, eligible).proportion_ci(method="wilson")
    assert ours.low == pytest.approx(theirs.low, abs=1e-9)
    assert ours.high == pytest.approx(theirs.high, abs=1e-9)
    assert 0 <= ours.low <= ours.rate <= ours.high <= 1


def test_nothing_observed_has_no_rate() -> None:
    for interval in (
        poisson_rate(0, 0),
        wilson(0, 0),
        weighted_sum_interval(0, 0, 0),
        completed_estimate(3, None, 9),
    ):
        assert not interval.known
        assert all(math.isnan(value) for value in interval)


def test_no_events_still_have_an_upper_limit() -> None:
    assert poisson_rate(0, 12_000) == Interval(0.0, 0.0, pytest.approx(3.689, abs=1e-3))
    assert wilson(0, 20).low == 0.0
    assert wilson(20, 20).high == 1.0


def test_impossible_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        poisson_rate(-1, 10)
    with pytest.raises(ValueError, match="not a share"):
        wilson(11, 10)
    with pytest.raises(ValueError, match="negative"):
        weighted_sum_interval(1, -1, 10)


def test_weighted_sum_interval_is_the_normal_one() -> None:
    interval = weighted_sum_interval(40, 25, 200)
    assert interval == Interval(0.2, pytest.approx((40 - 9.79982) / 200), pytest.approx((40 + 9.79982) / 200))


def test_fewer_than_20_events_are_too_few_to_rate() -> None:
    assert [too_few(events) for events in (None, math.nan, 0, 19, 20, 500)] == [
        True,
        True,
        True,
        True,
        False,
        False,
    ]


@given(st.integers(0, 500), st.floats(0.3, 1.0))
def test_a_less_complete_month_is_estimated_higher_and_less_surely(count: int, completion: float) -> None:
    whole, part = completed_estimate(count, 1.0, 5000), completed_estimate(count, completion, 5000)
    assert part.rate == pytest.approx(whole.rate / completion)
    assert part.high - part.low >= whole.high - whole.low - 1e-9


def test_a_month_barely_begun_is_not_estimated() -> None:
    assert not completed_estimate(10, 0.2, 5000).known
    assert completed_estimate(10, 0.3, 5000).known


def test_a_fall_of_520_from_552_is_beyond_chance_and_improving_where_lower_is_better() -> None:
    change = rate_change(6730, 146_300, 6340, 146_300)
    assert round(change.delta) == -32
    assert change.beyond_chance
    assert change.low < change.delta < change.high < 0
    assert change.signal(lower_is_better=True) == "improving"
    assert change.signal(lower_is_better=False) == "worsening"


@given(st.integers(20, 800), st.integers(20, 800), st.floats(100, 1e5), st.floats(100, 1e5))
def test_rate_change_is_the_exact_conditional_test(k0: int, k1: int, n0: float, n1: float) -> None:
    ours = rate_change(k0, n0, k1, n1).p
    share = n1 / (n0 + n1)
    one_sided = [binomtest(k1, k0 + k1, share, alternative=side).pvalue for side in ("less", "greater")]
    assert ours == pytest.approx(min(1.0, 2 * min(one_sided)), rel=1e-7, abs=1e-12)


def test_proportion_change_is_the_pooled_chi_square_test() -> None:
    change = proportion_change(180, 500, 230, 520)
    expected = stats.chi2_contingency([[180, 320], [230, 290]], correction=False).pvalue
    assert change.p == pytest.approx(float(expected))
    assert change.beyond_chance
    assert change.signal(lower_is_better=False) == "improving"


def test_newcombes_interval_is_that_of_his_paper() -> None:
    # Newcombe 1998, table II, case 56/70 against 48/80, method 10: 0.0524 to 0.3339.
    change = proportion_change(48, 80, 56, 70)
    assert (change.low, change.high) == (pytest.approx(0.0524, abs=1e-4), pytest.approx(0.3339, abs=1e-4))


def test_small_or_absent_periods_are_not_tested() -> None:
    assert rate_change(5, 1000, 40, 1000).signal(True) == "not_tested"
    assert rate_change(0, 0, 40, 1000).signal(True) == "not_tested"
    assert proportion_change(0, 0, 4, 40).signal(False) == "not_tested"
    assert proportion_change(5, 10, 4, 40).signal(False) == "not_tested"
    assert proportion_change(0, 50, 0, 50).signal(False) == "none"
