"""Gaps of mean amounts: told apart from the months' usual spread, and not claimed where that is unknown."""

from __future__ import annotations

import math

import numpy as np
import pytest

from analytics.monthly import UNKNOWN, differs, gap_signal, mean_interval, spread_of

STEADY = [900.0, 912, 905, 921, 898, 915, 907, 911, 903, 918, 909, 904]


def test_the_spread_follows_the_moving_range() -> None:
    steps = np.abs(np.diff(STEADY)).mean() / 1.128
    assert spread_of(STEADY).error == pytest.approx(steps / math.sqrt(12))


def test_a_steady_rise_is_no_spread_of_its_own() -> None:
    rising = [value + 10 * at for at, value in enumerate(STEADY)]
    assert spread_of(rising).error < np.std(rising, ddof=1) / math.sqrt(12)


def test_too_few_months_claim_nothing() -> None:
    assert spread_of(STEADY[:7]) == UNKNOWN
    assert differs(100.0, UNKNOWN) is None
    assert gap_signal(100.0, UNKNOWN) == "not_tested"
    assert math.isnan(mean_interval(900, UNKNOWN).low)


def test_a_gap_is_a_signal_only_beyond_the_interval() -> None:
    spread = spread_of(STEADY)
    reach = mean_interval(909, spread).high - 909
    assert gap_signal(reach * 1.01, spread) == "worsening"
    assert gap_signal(-reach * 1.01, spread) == "improving"
    assert gap_signal(reach * 0.99, spread) == "none"
    assert differs(reach * 1.01, spread, spread) is False, "two means vary more than one"


def test_means_of_like_months_seldom_seem_to_differ() -> None:
    months = np.random.default_rng(3).normal(900, 30, size=(1000, 24))
    said = [
        differs(year[:12].mean() - year[12:].mean(), spread_of(year[:12]), spread_of(year[12:]))
        for year in months
    ]
    assert sum(map(bool, said)) < 70
