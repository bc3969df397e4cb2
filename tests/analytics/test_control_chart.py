"""Control charts break exactly the rules of Making Data Count, on hand-made months, and never count what is
unfinished."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.control_chart import COLUMNS, control_chart, finding, individuals_chart, proportion_chart

# The months of the mockup: sixteen around 551, then eight below it.
MOCKUP = [561, 538, 549, 579, 590, 556, 531, 547, 562, 533, 549, 529, 533, 558, 546, 559]
AFTER = [525, 515, 508, 511, 478, 503, 480, 479]


def months(count: int, start: str = "2024-09-01") -> list[date]:
    return [month.date() for month in pd.date_range(start, periods=count, freq="MS")]


def of_rates(rates: list[float], exposure: float = 12_190.0, **options: object) -> pd.DataFrame:
    events = [rate * exposure / 12_000 for rate in rates]
    return control_chart(months(len(rates)), events, [exposure] * len(rates), **options)  # type: ignore[arg-type]


def test_the_mockup_is_read_as_its_picture_says() -> None:
    chart = of_rates(MOCKUP + AFTER)
    found = finding(chart)
    assert found.sentence == "8 months below the mean since Jan 2026, 3 of them below the lower limit"
    assert (found.kind, found.since, found.months, found.movement) == (
        "improving",
        date(2026, 1, 1),
        8,
        "fell",
    )
    assert round(chart.attrs["mean"]) == 551
    assert (chart.attrs["baseline_start"], chart.attrs["baseline_end"]) == (
        date(2024, 9, 1),
        date(2025, 12, 1),
    )
    assert list(chart["signal"]) == ["none"] * 16 + ["improving"] * 8


def test_u_chart_limits_are_three_sigma_by_hand() -> None:
    # 12 months of 40 and 50 in turn on 1,000 member-months: mean 45, u = 0.045, sigma = sqrt(0.045 / 1000).
    chart = control_chart(months(12), [40, 50] * 6, [1000] * 12)
    sigma = (0.045 / 1000) ** 0.5 * 12_000
    assert chart.attrs["dispersion"] == pytest.approx(10 / 45**0.5 / 1.128)
    widened = sigma * chart.attrs["dispersion"]
    assert chart["mean"].iloc[0] == pytest.approx(540)
    assert chart["upper"].iloc[0] == pytest.approx(540 + 3 * widened)
    assert chart["lower"].iloc[0] == pytest.approx(540 - 3 * widened)
    calm = control_chart(months(12), [44, 46] * 6, [1000] * 12)
    assert calm.attrs["dispersion"] == 1.0
    assert calm["upper"].iloc[0] == pytest.approx(540 + 3 * sigma)


def test_p_chart_limits_are_three_sigma_and_stay_within_a_share() -> None:
    chart = proportion_chart(months(12), [98, 99] * 6, [100] * 12)
    sigma = (0.985 * 0.015 / 100) ** 0.5
    assert chart["lower"].iloc[0] == pytest.approx(0.985 - 3 * sigma)
    assert chart["upper"].iloc[0] == 1.0


def test_limits_are_wider_for_a_smaller_month() -> None:
    chart = control_chart(months(12), [45.0] * 11 + [9.0], [1000] * 11 + [200])
    assert chart["upper"].iloc[-1] > chart["upper"].iloc[0]


def test_a_month_beyond_the_limit_is_a_signal_and_is_left_out_of_the_mean() -> None:
    chart = of_rates([*MOCKUP, 900.0])
    assert chart["rules"].iloc[-1] == ("beyond_limit",)
    assert chart["signal"].iloc[-1] == "worsening"
    assert chart.attrs["left_out"] == [date(2026, 1, 1)]
    assert chart.attrs["mean"] == pytest.approx(np.mean(MOCKUP))
    assert finding(chart).sentence == "Jan 2026 is above the upper limit"


def test_direction_decides_whether_the_same_months_are_good_or_bad() -> None:
    assert set(of_rates(MOCKUP + AFTER, lower_is_better=False)["signal"]) == {"none", "worsening"}


def test_six_on_one_side_are_not_a_run_and_seven_are() -> None:
    six, seven = of_rates(MOCKUP + [540.0] * 6), of_rates(MOCKUP + [540.0] * 7)
    assert all("run" not in rules for rules in six["rules"])
    assert [("run" in rules) for rules in seven["rules"]][-8:] == [False] + [True] * 7


def test_seven_rising_are_a_trend_and_six_are_not() -> None:
    level = [551.0, 549.0] * 8
    rising = [545, 547, 549, 551.5, 553, 555, 557]
    assert any("trend" in rules for rules in of_rates(level + rising)["rules"])
    assert not any("trend" in rules for rules in of_rates(level + rising[:5])["rules"])
    found = finding(of_rates(level + rising))
    assert (found.kind, found.sentence) == ("worsening", "Risen 6 months in a row to Jul 2026")


def test_two_of_three_in_the_outer_third_on_one_side_are_a_signal() -> None:
    sigma = (550 * 12_000 / 12_190) ** 0.5
    far, near = 550 + 2.5 * sigma, 550 - 0.5 * sigma
    steady = [555.0, 545.0] * 10
    assert of_rates([*steady, far, near, far])["rules"].iloc[-1] == ("two_of_three",)
    assert of_rates([*steady, far, near, near])["rules"].iloc[-3] == ()
    opposite = of_rates([*steady, far, near, 550 - 2.5 * sigma])
    assert not any("two_of_three" in rules for rules in opposite["rules"])


def test_unfinished_months_are_neither_in_the_mean_nor_tested() -> None:
    rates = [*MOCKUP, 400.0, 100.0]
    chart = of_rates(rates, mature=[True] * 16 + [False] * 2, completion=[1.0] * 16 + [0.8, 0.2])
    assert chart.attrs["mean"] == pytest.approx(np.mean(MOCKUP))
    assert list(chart["signal"].iloc[-2:]) == ["not_tested"] * 2
    assert list(chart["phase"].iloc[-2:]) == ["immature"] * 2
    assert chart["estimate"].iloc[-2] == pytest.approx(500.0)
    assert np.isnan(chart["estimate"].iloc[-1])
    assert finding(chart).kind == "none"


def test_a_missing_month_is_a_gap_and_breaks_the_run() -> None:
    rates = MOCKUP + [530.0] * 8
    days = months(24)
    keep = [at for at in range(24) if at != 19]
    chart = control_chart(
        [days[at] for at in keep], [rates[at] * 12.19 / 12 for at in keep], [12_190] * 23, per=12e6
    )
    assert len(chart) == 24
    assert chart["phase"].iloc[19] == "missing"
    assert all("run" not in rules for rules in chart["rules"])


def test_too_little_is_said_to_be_too_little() -> None:
    short, rare = of_rates(MOCKUP[:11]), control_chart(months(12), [1, 0] * 6, [300] * 12)
    for chart in (short, rare, control_chart([], [], [])):
        assert chart.attrs["too_few"]
        assert chart["lower"].isna().all()
        assert not chart["signal"].isin(["improving", "worsening"]).any()
        assert finding(chart).kind == "too_few"


def test_months_without_members_or_events_do_no_harm() -> None:
    chart = control_chart(months(14), [0] * 14, [0] * 7 + [100] * 7)
    assert chart["rate"].isna().sum() == 7
    assert finding(chart).kind == "too_few"


def test_an_old_signal_is_not_news() -> None:
    rates = [*MOCKUP, 900.0, *MOCKUP[:4]]
    chart = of_rates(rates)
    assert "worsening" in set(chart["signal"])
    assert finding(chart).sentence == "Within usual variation"


def test_wrong_input_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="values of exposure"):
        control_chart(months(3), [1, 2, 3], [1, 2])
    with pytest.raises(ValueError, match="Sep 2024 is given twice"):
        control_chart([date(2024, 9, 1)] * 2, [1, 2], [1, 2])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 90), st.integers(0, 3000)), min_size=1, max_size=40))
def test_any_months_give_a_whole_chart(counts: list[tuple[int, int]]) -> None:
    chart = control_chart(months(len(counts)), [k for k, _ in counts], [n for _, n in counts])
    assert len(chart) == len(counts)
    assert (chart["lower"].dropna() >= 0).all()
    with_limits = chart.dropna(subset=["lower", "upper", "mean"])
    assert (
        (with_limits["lower"] <= with_limits["mean"]) & (with_limits["mean"] <= with_limits["upper"])
    ).all()
    signalled = chart["signal"].isin(["improving", "worsening"])
    assert (signalled == (chart["rules"].map(len) > 0)).all()
    assert finding(chart).sentence


def test_usual_months_seldom_signal() -> None:
    # 100 charts of 24 in-control months: the four rules together fire somewhere in fewer than three of ten.
    random = np.random.default_rng(7)
    fired = sum(
        control_chart(months(24), random.poisson(500, 24), [12_000] * 24)["rules"].map(len).gt(0).any()
        for _ in range(100)
    )
    assert fired / 100 < 0.3


# Twelve months whose moving ranges are all 10: mean 905, limits 905 ± 26.6.
STEADY = [900.0, 910.0] * 6


def test_individuals_limits_are_the_mean_and_266_moving_ranges() -> None:
    chart = individuals_chart(months(12), STEADY, exposure=[1000] * 12)
    assert chart.attrs["mean"] == pytest.approx(905)
    assert chart["upper"].iloc[0] == pytest.approx(905 + 2.66 * 10, abs=0.01)
    assert chart["lower"].iloc[0] == pytest.approx(905 - 2.66 * 10, abs=0.01)
    assert chart["events"].iloc[0] == 900_000
    assert list(chart.columns) == COLUMNS
    assert set(chart["signal"]) == {"none"}
    assert control_chart(months(12), STEADY, [1000] * 12).attrs.keys() | {"money"} == chart.attrs.keys()


def test_an_amount_beyond_its_limits_is_a_signal_and_left_out_of_the_mean() -> None:
    chart = individuals_chart(months(13), [*STEADY, 960.0])
    assert chart["signal"].iloc[-1] == "worsening"
    assert chart.attrs["left_out"] == [date(2025, 9, 1)]
    assert chart.attrs["mean"] == pytest.approx(905)
    assert finding(chart).sentence == "Sep 2025 is above the upper limit"


def test_a_lasting_change_of_an_amount_is_held_against_the_months_before_it() -> None:
    chart = individuals_chart(months(19), [*STEADY, *[895.0, 890.0, 893.0, 896.0, 891.0, 889.0, 894.0]])
    found = finding(chart)
    assert (found.kind, found.since, found.months) == ("improving", date(2025, 9, 1), 7)
    assert list(chart["phase"]) == ["baseline"] * 12 + ["after"] * 7


def test_a_missing_month_makes_no_moving_range() -> None:
    without = [month for month in months(13) if month.month != 3]
    chart = individuals_chart(without, STEADY)
    assert chart["phase"].tolist().count("missing") == 1
    assert chart["upper"].iloc[0] == pytest.approx(905 + 2.66 * 10, abs=0.01)


def test_an_immature_amount_is_an_estimate_and_not_tested() -> None:
    chart = individuals_chart(
        months(14),
        [*STEADY, 920.0, 5000.0],
        to_date=[*STEADY, 800.0, 300.0],
        low=[None] * 12 + [890, 2000],
        high=[None] * 12 + [950, 8000],
        mature=[True] * 12 + [False] * 2,
        completion=[1.0] * 12 + [0.87, 0.2],
    )
    last = chart.iloc[-2]
    assert (last["rate"], last["estimate"], last["estimate_low"], last["estimate_high"]) == (
        800,
        920,
        890,
        950,
    )
    assert (last["signal"], last["phase"], last["completion"]) == ("not_tested", "immature", 0.87)
    assert chart.attrs["mean"] == pytest.approx(905)
    assert chart["estimate"].iloc[:12].isna().all()


def test_fewer_than_twelve_amounts_are_too_few_to_test() -> None:
    chart = individuals_chart(months(11), STEADY[:11])
    assert chart.attrs["too_few"]
    assert chart["upper"].isna().all()
    with pytest.raises(ValueError, match="12 months but 11 values of low"):
        individuals_chart(months(12), STEADY, low=[1.0] * 11)
