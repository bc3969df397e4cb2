"""Completed months: what they come to, what carries them, and that slices add up to the whole."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.completion import Array, Completed, Lines, complete, interval, limits

PATTERN = np.array([0.2, 0.55, 0.15, 0.1])


def lines_of(final: Array, members: Array, pattern: Array = PATTERN, ahead: int = 0) -> Lines:
    """One line whose months come to `final`, paid as `pattern` says, valued at the end; `ahead`: months after it."""
    months = len(final)
    size = min(24, months - ahead)
    ages = np.arange(months - 1 - ahead, -1 - ahead, -1)
    paid = np.full((1, size, size), np.nan)
    amount = np.zeros((1, months))
    for month, age in enumerate(ages):
        amount[0, month] = final[month] * pattern[: age + 1].sum() if age >= 0 else 0
        if 0 <= age < size:
            share = np.zeros(size)
            share[: len(pattern)] = pattern[:size]
            paid[0, size - 1 - age, : age + 1] = final[month] * share[: age + 1]
    return Lines(
        paid, ages, amount, members[None].astype(float), np.array([0.9]), np.array([0]), [1], [1], np.array([np.nan])
    )  # fmt: skip


def steady(months: int = 30, ahead: int = 0) -> Completed:
    return complete(lines_of(np.full(months, 1e5), np.full(months, 1000), ahead=ahead))


def test_months_of_one_pattern_and_level_come_to_what_they_come_to() -> None:
    found = steady()
    assert found.estimate[0] == pytest.approx(1e5)
    assert found.completion[0, -4:] == pytest.approx([1, 0.9, 0.75, 0.2])
    assert found.method[0, -5:].tolist() == [
        "complete", "complete", "chain_ladder", "chain_ladder", "bornhuetter_ferguson",
    ]  # fmt: skip


def test_a_complete_month_is_left_as_it_is_and_has_no_width() -> None:
    found = steady()
    complete_months = found.method[0] == "complete"
    assert complete_months.sum() == 27
    assert (found.multiplier[0, complete_months] == 1).all()
    assert (found.low == found.estimate)[0, complete_months].all()
    assert (found.high == found.estimate)[0, complete_months].all()


def test_below_seven_tenths_the_expected_pmpm_carries_the_month() -> None:
    """Bornhuetter-Ferguson by hand: to date + (1 − completion) × expected PMPM × member-months, expected = the 12
    latest mature months."""
    final = np.full(30, 1e5)
    final[-14:-2] = 1.2e5  # the 12 latest mature months: completion of the last of them is 0.9
    lines = lines_of(final, np.full(30, 1000))
    lines.amount[0, -1] = 7_777
    found = complete(lines)
    # 12 months before: two thirds of 24 at 100,000; the step of 20% in a year is taken for a trend.
    expected = found.expected[0, -1]
    assert found.expected[0, -8] == pytest.approx(120, rel=0.02)
    assert expected >= 120
    assert found.estimate[0, -1] == pytest.approx(7_777 + 0.8 * expected * 1000, rel=1e-3)


def test_members_who_come_raise_what_is_expected() -> None:
    members = np.full(30, 1000)
    members[-1] = 2000
    lines = lines_of(np.full(30, 1e5), members)
    assert complete(lines).estimate[0, -1] == pytest.approx(0.2 * 1e5 + 0.8 * 100 * 2000, rel=1e-3)


def test_a_month_after_the_last_payment_is_all_expected() -> None:
    found = steady(ahead=1)
    assert found.completion[0, -1] == 0
    assert found.method[0, -1] == "bornhuetter_ferguson"
    assert found.estimate[0, -1] == pytest.approx(1e5)


def test_with_too_few_mature_months_the_chain_ladder_carries_a_month_or_it_is_not_tested() -> None:
    found = complete(lines_of(np.full(4, 1e5), np.full(4, 1000)))
    assert found.method[0].tolist() == ["complete", "chain_ladder", "chain_ladder", "not_tested"]
    assert (found.multiplier[0, -1], found.per_member_month[0, -1]) == (1, 0)
    assert np.isnan(found.low[0, -1])


def test_a_sparse_line_takes_the_pattern_of_its_pool() -> None:
    pool = lines_of(np.full(30, 1e5), np.full(30, 1000))
    one = lines_of(np.full(30, 0.0), np.full(30, 1000))
    one.paid[0, 3, 0] = 5e4  # one stay in three years
    one.amount[0, 9] = 5e4
    both = Lines(
        np.concatenate([one.paid, pool.paid]), pool.ages, np.concatenate([one.amount, pool.amount]),
        np.concatenate([one.exposure, pool.exposure]), np.array([0.9, 0.9]), np.array([1, 1]), [1, 2], [1, 1],
        np.array([np.nan, np.nan]),
    )  # fmt: skip
    found = complete(both)
    assert found.completion[0, -4:] == pytest.approx([1, 0.9, 0.75, 0.2])


def noisy(seed: int = 1) -> Lines:
    chance = np.random.default_rng(seed)
    lines = lines_of(chance.uniform(0.9, 1.1, 30) * 1e5, np.full(30, 1000))
    noise = chance.gamma(50, 1 / 50, lines.paid.shape)
    paid = lines.paid * noise
    amount = lines.amount.copy()
    amount[0, -24:] = np.nansum(paid[0], axis=1)
    return replace(lines, paid=paid, amount=amount)


def test_the_same_data_gives_the_same_numbers() -> None:
    first, second = complete(noisy()), complete(noisy())
    for name in ("estimate", "low", "high", "multiplier_draw", "per_member_month_draw"):
        assert np.array_equal(getattr(first, name), getattr(second, name), equal_nan=True), name


def test_draws_are_centred_on_the_estimate_and_the_interval_holds_it() -> None:
    lines = noisy()
    found = complete(lines)
    drawn = (
        found.multiplier_draw * lines.amount[:, None] + found.per_member_month_draw * lines.exposure[:, None]
    )
    at = found.drawn
    assert drawn[0, :, at].mean(axis=1) == pytest.approx(found.estimate[0, at])
    assert (found.low[0, at] < found.estimate[0, at]).all() and (
        found.estimate[0, at] < found.high[0, at]
    ).all()


def test_a_less_complete_month_is_less_sure() -> None:
    found = complete(noisy())
    width = (found.high - found.low)[0] / found.estimate[0]
    assert width[-1] > width[-3] > width[-5]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=6))
def test_slices_of_a_contract_add_up_to_it(shares: list[tuple[float, float]]) -> None:
    """A month's slice completes by the contract's own factors: dollars × multiplier + members × per member-month."""
    found, lines = NOISY
    dollars = np.array([share for share, _ in shares])
    members = np.array([share for _, share in shares])
    dollars, members = np.append(dollars, 1 - dollars.sum()), np.append(members, 1 - members.sum())
    slices = (
        lines.amount[0][:, None] * dollars * found.multiplier[0][:, None]
        + lines.exposure[0][:, None] * members * found.per_member_month[0][:, None]
    )
    assert slices.sum(axis=1) == pytest.approx(found.estimate[0])


NOISY_LINES = noisy()
NOISY = (complete(NOISY_LINES), NOISY_LINES)


def test_money_taken_back_later_is_taken_off_now() -> None:
    """Every month has 5% reversed in the month after: the last one will have it too."""
    found = complete(lines_of(np.full(30, 1e5), np.full(30, 1000), np.array([1.05, -0.05])))
    assert found.estimate[0, -1] == pytest.approx(1e5)
    assert found.multiplier[0, -1] < 1


def test_without_any_dollars_all_is_complete() -> None:
    found = complete(lines_of(np.zeros(30), np.full(30, 1000)))
    assert set(found.method[0]) == {"complete"}
    assert not found.estimate.any()


def test_limits_are_the_normal_ones_where_only_chance_is_left() -> None:
    low, high = limits(np.full(200, 1000.0), 100.0)
    assert (low, high) == (pytest.approx(1000 - 1.96 * 10, abs=0.6), pytest.approx(1000 + 1.96 * 10, abs=0.6))


def test_what_is_still_to_come_leans_to_the_right() -> None:
    low, high = limits(np.full(200, 1000.0), 2500.0, to_date=950)
    assert low > 949 and high - 1000 > 1000 - low


def draws(months: int, spread: float, variance: float) -> pd.DataFrame:
    chance = np.random.default_rng(1)
    index = pd.MultiIndex.from_product([pd.date_range("2026-01-01", periods=months, freq="MS"), range(200)])
    return pd.DataFrame(
        {
            "month": index.get_level_values(0),
            "draw": index.get_level_values(1),
            "medical": 8e5 + np.tile(chance.standard_normal(200), months) * spread,
            "pharmacy": 1e5,
            "process_variance": variance,
        }
    )


def test_the_interval_of_a_period_adds_months_draw_by_draw_and_chance_month_by_month() -> None:
    found = interval(draws(4, 1e4, 9e8), member_months=4000, pharmacy_member_months=2000)
    assert found.rate == pytest.approx(4 * 8e5 / 4000 + 4 * 1e5 / 2000, rel=0.005)
    # 4 × 10,000 of the draws together; √4 × 30,000 of chance, month by month.
    assert found.high - found.low == pytest.approx(2 * 1.96 * np.hypot(4 * 1e4, 2 * 3e4) / 4000, rel=0.08)


def test_finished_months_have_no_width() -> None:
    none = draws(1, 0, 0).iloc[:0]
    found = interval(
        none, member_months=1000, pharmacy_member_months=500, completed_medical=5e5, completed_pharmacy=1e5
    )
    assert found == (700, 700, 700)


def test_without_member_months_there_is_no_rate() -> None:
    assert not interval(draws(1, 1, 1), member_months=0, pharmacy_member_months=0).known


def test_a_page_does_not_wait_for_the_package() -> None:
    code = (
        "import sys, analytics.completion; sys.exit('chainladder' in sys.modules or 'sklearn' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
