"""Funnel limits are the exact distributions', and small groups are pooled rather than judged."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analytics.funnel import funnel_limits, funnel_points, proportion_funnel, proportion_limits


def groups(*rows: tuple[str, float, float]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["group_name", "visits", "member_months"])
    return frame.assign(group_id=[name.lower() for name in frame["group_name"]])


@settings(max_examples=50, deadline=None)
@given(st.floats(50, 50_000), st.floats(50, 900))
def test_poisson_limits_lie_within_one_count_of_scipys_quantiles(exposure: float, mean: float) -> None:
    limits = funnel_limits([exposure], mean).iloc[0] * exposure / 12_000
    expected = mean * exposure / 12_000
    for name, p in (("lower_95", 0.025), ("upper_95", 0.975), ("lower_998", 0.001), ("upper_998", 0.999)):
        quantile = stats.poisson.ppf(p, expected)
        assert max(quantile - 1, 0) - 1e-6 <= limits[name] <= quantile + 1e-6


@settings(max_examples=50, deadline=None)
@given(st.integers(5, 3000), st.floats(0.02, 0.98))
def test_binomial_limits_lie_within_one_count_of_scipys_quantiles(size: int, share: float) -> None:
    limits = proportion_limits([size], share).iloc[0] * size
    for name, p in (("lower_95", 0.025), ("upper_95", 0.975), ("lower_998", 0.001), ("upper_998", 0.999)):
        quantile = stats.binom.ppf(p, size, share)
        assert max(quantile - 1, 0) - 1e-6 <= limits[name] <= quantile + 1e-6


def test_interpolated_limit_by_hand() -> None:
    # Expected 10: P(R ≤ 4) = 0.02925, P(R ≤ 3) = 0.01034; α = (0.02925 - 0.025) / 0.01892; limit 4 - α.
    lower = funnel_limits([12_000], 10.0)["lower_95"].iloc[0]
    assert lower == pytest.approx(4 - (0.029253 - 0.025) / 0.018917, abs=1e-3)


def test_limits_narrow_with_size_and_998_is_outside_95() -> None:
    limits = funnel_limits(np.arange(500, 30_000, 500), 520.0)
    assert (limits["upper_998"] > limits["upper_95"]).all()
    assert (limits["lower_998"] < limits["lower_95"]).all()
    assert limits["upper_998"].is_monotonic_decreasing


def test_a_practice_above_its_limits_is_worsening_where_lower_is_better() -> None:
    points = funnel_points(groups(("Eastgate", 620, 9830), ("Hill", 5000, 115_000), ("Lake", 480, 11_000)))
    by_name = points.set_index("group_name")
    assert by_name.loc["Eastgate", ["position", "signal"]].tolist() == ["above", "worsening"]
    assert by_name.loc["Hill", "signal"] == "none"
    assert points["group_name"].tolist() == ["Hill", "Lake", "Eastgate"]


def test_low_follow_up_is_worsening_where_higher_is_better() -> None:
    frame = pd.DataFrame(
        {
            "group_id": ["a", "b"],
            "group_name": ["A", "B"],
            "followup_7d_met": [60, 900],
            "followup_7d_eligible": [300, 2200],
        }
    )
    assert proportion_funnel(frame).set_index("group_id")["signal"].to_dict() == {
        "a": "worsening",
        "b": "none",
    }


def test_small_groups_become_one_pool_that_opens_to_its_parts() -> None:
    points = funnel_points(groups(("Big", 500, 11_000), ("P", 9, 200), ("Q", 3, 150)), pool_below=100)
    pool = points.iloc[-1]
    assert pool["group_name"] == "2 others, under 100 visits each"
    assert pool["parts"] == ("p", "q")
    assert (pool["events"], pool["signal"], pool["group_id"]) == (12, "not_tested", None)
    assert points["events"].sum() == 512


def test_one_small_group_keeps_its_name_and_is_not_tested() -> None:
    points = funnel_points(groups(("Big", 500, 11_000), ("P", 9, 200)))
    assert points.iloc[-1][["group_name", "group_id", "signal"]].tolist() == ["P", "p", "not_tested"]


def test_no_groups_or_no_members_give_an_empty_frame_with_its_columns() -> None:
    for frame in (groups(), groups(("Empty", 0, 0))):
        points = funnel_points(frame)
        assert points.empty
        assert {"group_id", "rate", "upper_998", "signal", "parts"} <= set(points.columns)


def test_no_events_anywhere_is_not_a_signal() -> None:
    points = funnel_points(groups(("A", 0, 9000), ("B", 0, 9000)))
    assert set(points["signal"]) == {"not_tested"}


def test_chance_alone_seldom_signals() -> None:
    random = np.random.default_rng(3)
    exposure = random.uniform(2000, 30_000, 2000)
    frame = pd.DataFrame(
        {
            "group_id": range(2000),
            "group_name": "x",
            "visits": random.poisson(exposure * 520 / 12_000),
            "member_months": exposure,
        }
    )
    assert (funnel_points(frame)["signal"] != "none").mean() < 0.006
