"""The waterfall's steps add up to the difference, to the cent, whatever the two sides hold; each step is what its
name says, checked by hand."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.decomposition import STEPS, Basis, Side, decompose, lay_out, not_comparable, trended

CATEGORIES = {
    "inpatient": ["acute inpatient", "skilled nursing"],
    "outpatient": ["emergency department", "outpatient surgery"],
    "pharmacy": ["pharmacy"],
}
GROUPS = [("a", "north"), ("a", "south"), ("b", "north")]


def side(
    groups: list[tuple[str, str, float, float, float]],
    leaves: list[tuple[str, str, str, str | None, float, float, float]],
    estimated: list[tuple[str, str, str, float]] = [],  # noqa: B006 (read only)
) -> Side:
    return Side(
        pd.DataFrame(
            groups,
            columns=["contract_id", "market_id", "member_months", "pharmacy_member_months", "risk_months"],
        ),
        pd.DataFrame(
            leaves,
            columns=[
                "contract_id",
                "market_id",
                "service_category_1",
                "service_category_2",
                "units",
                "amount",
                "over_amount",
            ],
        ),
        pd.DataFrame(estimated, columns=["contract_id", "market_id", "service_category_1", "estimated"]),
    )


def steps(before: Side, after: Side, by: tuple[str, ...] = ("contract_id", "market_id")) -> dict[str, float]:
    found = decompose(before, after, by=by).steps
    return dict(zip(found["key"], found["pmpm"].round(6), strict=True))


def one(
    units: dict[str, float],
    amounts: dict[str, float],
    months: float = 100.0,
    risk: float = 1.0,
    over: float = 0,
) -> Side:
    """One group whose inpatient leaves have these units and dollars."""
    leaves = [
        ("a", "north", "inpatient", leaf, units.get(leaf, 0.0), amount, over)
        for leaf, amount in amounts.items()
    ]
    return side([("a", "north", months, months, months * risk)], leaves)  # type: ignore[arg-type]


months_ = st.one_of(st.just(0), st.integers(1, 50_000))
money = st.one_of(st.just(0), st.integers(-500_000, 90_000_000)).map(lambda cents: cents / 100)


@st.composite
def sides(draw: st.DrawFn) -> Side:
    """Any side: groups missing or without months, leaves missing, without units, negative, over the threshold."""
    groups, leaves, estimated = [], [], []
    for contract, market in draw(st.lists(st.sampled_from(GROUPS), unique=True)):
        risk = draw(st.sampled_from([0.0, 0.4, 1.0, 1.31, 2.7]))
        months = draw(months_)
        groups.append((contract, market, months, draw(months_), months * risk))
        for first, names in CATEGORIES.items():
            for second in draw(st.lists(st.sampled_from([*names, None]), unique=True)):
                units = draw(st.one_of(st.just(0), st.integers(1, 9_000)))
                leaves.append((contract, market, first, second, units, draw(money), draw(money)))
            if draw(st.booleans()):
                estimated.append((contract, market, first, draw(money)))
    return side(groups, leaves, estimated)


@settings(max_examples=100, deadline=None)
@given(sides(), sides(), st.sampled_from([("contract_id", "market_id"), ("contract_id",), ("market_id",)]))
def test_the_residual_is_zero_to_the_cent_for_any_two_sides(
    before: Side, after: Side, by: tuple[str, ...]
) -> None:
    found = decompose(before, after, by=by)
    assert abs(found.residual) < 0.005
    assert found.steps["to"].iloc[-1] == pytest.approx(after.pmpm, abs=0.005)
    assert list(found.steps["key"]) == list(STEPS)
    assert found.steps["from"].iloc[1:].tolist() == found.steps["to"].iloc[:-1].tolist()
    contributions = found.details.groupby("step")["pmpm"].sum()
    for step in found.steps.itertuples():
        assert contributions.get(step.key, 0.0) == pytest.approx(step.pmpm, abs=1e-6)
    assert not found.details["pmpm"].isna().any()


@settings(max_examples=25, deadline=None)
@given(sides())
def test_a_side_against_itself_has_no_steps(same: Side) -> None:
    # Group and leaf shares are quotients of the same numbers, so only rounding is left.
    assert decompose(same, same).steps["pmpm"].abs().max() < 1e-6


@settings(max_examples=25, deadline=None)
@given(sides(), st.floats(0.2, 5.0))
def test_a_benchmark_total_is_the_pmpm_of_its_layout(pattern: Side, factor: float) -> None:
    if pattern.pmpm <= 0.01:
        return
    laid_out = lay_out(pattern, total=pattern.pmpm * factor)
    assert laid_out.pmpm == pytest.approx(pattern.pmpm * factor, rel=1e-9)
    assert decompose(laid_out, pattern).residual == pytest.approx(0, abs=0.005)


def test_utilisation_mix_and_price_are_those_of_the_formulas() -> None:
    before = one(
        {"acute inpatient": 6, "skilled nursing": 4}, {"acute inpatient": 600, "skilled nursing": 200}
    )
    after = one(
        {"acute inpatient": 6, "skilled nursing": 6}, {"acute inpatient": 720, "skilled nursing": 240}
    )
    # Per member-month: U 0.10 -> 0.12; mean price 80; shares .6/.4 -> .5/.5; prices 100/50 -> 120/40.
    found = steps(before, after)
    assert found["utilisation"] == pytest.approx(0.02 * 80)
    assert found["service_mix"] == pytest.approx(0.12 * (-0.1 * 100 + 0.1 * 50))
    assert found["unit_price"] == pytest.approx(0.12 * (0.5 * 20 + 0.5 * -10))
    assert sum(found.values()) == pytest.approx(9.60 - 8.00)
    assert found["membership_mix"] == found["risk_mix"] == found["large_claimants"] == found["estimated"] == 0


def test_a_leaf_that_grew_and_is_cheaper_than_the_rest_lowers_the_mix() -> None:
    before = one(
        {"acute inpatient": 6, "skilled nursing": 4}, {"acute inpatient": 600, "skilled nursing": 200}
    )
    after = one(
        {"acute inpatient": 5, "skilled nursing": 5}, {"acute inpatient": 500, "skilled nursing": 250}
    )
    details = decompose(before, after).details.query("step == 'service_mix'").set_index("service_category_2")
    assert details.loc["skilled nursing", "pmpm"] == pytest.approx(0.1 * 0.1 * (50 - 80))
    assert details.loc["acute inpatient", "pmpm"] == pytest.approx(0.1 * -0.1 * (100 - 80))
    assert details.loc["skilled nursing", "units_per_1000_before"] == pytest.approx(0.04 * 12_000)
    assert details.loc["skilled nursing", "unit_price_after"] == pytest.approx(50)


def test_a_leaf_new_on_the_after_side_is_mix_and_never_lost() -> None:
    before = one({"acute inpatient": 10}, {"acute inpatient": 1000})
    after = one(
        {"acute inpatient": 5, "skilled nursing": 5}, {"acute inpatient": 500, "skilled nursing": 100}
    )
    found = steps(before, after)
    assert found["service_mix"] == pytest.approx(0.1 * 0.5 * (20 - 100))
    assert found["utilisation"] == found["unit_price"] == 0


def test_a_new_category_is_utilisation_and_dollars_without_units_are_price() -> None:
    empty = one({}, {})
    assert steps(empty, one({"acute inpatient": 2}, {"acute inpatient": 500}))["utilisation"] == 5.0
    assert steps(empty, one({}, {"acute inpatient": 500}))["unit_price"] == 5.0
    assert steps(one({"acute inpatient": 2}, {"acute inpatient": 500}), empty)["utilisation"] == -5.0


def test_a_cheap_group_that_grows_lowers_pmpm_by_its_distance_from_the_whole() -> None:
    def two(north: float, south: float) -> Side:
        return side(
            [("a", "north", north, 0, north), ("a", "south", south, 0, south)],
            [
                ("a", "north", "inpatient", "acute inpatient", north, north * 10, 0),
                ("a", "south", "inpatient", "acute inpatient", south, south * 30, 0),
            ],
        )

    details = decompose(two(50, 50), two(75, 25)).details
    mix = details.query("step == 'membership_mix'").set_index("market_id")["pmpm"]
    assert mix["north"] == pytest.approx(0.25 * (10 - 20))
    assert mix["south"] == pytest.approx(-0.25 * (30 - 20))
    assert set(details.loc[details["pmpm"] != 0, "step"]) == {"membership_mix"}


def test_a_new_and_a_vanished_group_are_membership_mix_in_whole() -> None:
    old = side(
        [("a", "north", 50, 0, 50), ("gone", "north", 50, 0, 50)],
        [
            ("a", "north", "inpatient", "acute inpatient", 5, 500, 0),
            ("gone", "north", "inpatient", "acute inpatient", 9, 900, 90),
        ],
    )
    new = side(
        [("a", "north", 50, 0, 50), ("new", "north", 50, 0, 80)],
        [
            ("a", "north", "inpatient", "acute inpatient", 5, 500, 0),
            ("new", "north", "inpatient", "acute inpatient", 7, 2100, 0),
        ],
        [("new", "north", "inpatient", 50)],
    )
    found = steps(old, new)
    assert found["membership_mix"] == pytest.approx(new.pmpm - old.pmpm)
    assert sum(abs(value) for key, value in found.items() if key != "membership_mix") == 0


def test_risk_scales_the_before_side_so_that_sicker_members_are_not_more_use() -> None:
    before = one({"acute inpatient": 10}, {"acute inpatient": 1000}, risk=1.0)
    after = one({"acute inpatient": 12}, {"acute inpatient": 1200}, risk=1.2)
    assert steps(before, after) == {**dict.fromkeys(STEPS, 0.0), "risk_mix": 2.0}


def test_unknown_risk_is_no_risk_step() -> None:
    before = one({"acute inpatient": 10}, {"acute inpatient": 1000}, risk=0.0)
    after = one({"acute inpatient": 12}, {"acute inpatient": 1200}, risk=1.2)
    assert steps(before, after)["risk_mix"] == 0.0


def test_dollars_over_the_threshold_are_large_claimants_and_not_price() -> None:
    before = one({"acute inpatient": 10}, {"acute inpatient": 1000})
    after = one({"acute inpatient": 10}, {"acute inpatient": 1700}, over=700)
    assert steps(before, after) == {**dict.fromkeys(STEPS, 0.0), "large_claimants": 7.0}


def test_pharmacy_has_member_months_of_its_own() -> None:
    def both(months: float, pharmacy_months: float) -> Side:
        return side(
            [("a", "north", months, pharmacy_months, months)],
            [
                ("a", "north", "inpatient", "acute inpatient", months, months * 10, 0),
                ("a", "north", "pharmacy", "pharmacy", pharmacy_months, pharmacy_months * 4, 0),
            ],
            [("a", "north", "pharmacy", pharmacy_months * 1)],
        )

    assert both(100, 50).pmpm == 15.0
    assert decompose(both(100, 50), both(80, 80)).steps["pmpm"].abs().max() < 1e-9


def test_another_market_is_met_by_contract() -> None:
    def market(name: str, price: float) -> Side:
        return side(
            [("a", name, 100, 0, 100)], [("a", name, "inpatient", "acute inpatient", 10, 10 * price, 0)]
        )

    here, there = market("north", 100), market("south", 130)
    assert steps(there, here)["membership_mix"] == pytest.approx(-3.0)
    assert steps(there, here, ("contract_id",)) == {**dict.fromkeys(STEPS, 0.0), "unit_price": -3.0}


def test_a_group_column_that_leaves_lack_is_found_in_the_groups() -> None:
    before = one({"acute inpatient": 10}, {"acute inpatient": 1000})
    after = one({"acute inpatient": 12}, {"acute inpatient": 1200})
    for each in (before, after):
        each.groups["line_of_business"] = "medicare"
    assert steps(before, after, ("line_of_business",))["utilisation"] == 2.0


PATTERN = side(
    [("a", "north", 100, 100, 120), ("b", "north", 100, 0, 80)],
    [
        ("a", "north", "inpatient", "acute inpatient", 10, 1000, 100),
        ("b", "north", "inpatient", "acute inpatient", 10, 3000, 0),
        ("b", "north", "outpatient", "outpatient surgery", 20, 400, 0),
        ("a", "north", "pharmacy", "pharmacy", 50, 500, 0),
    ],
)


def test_targets_by_contract_scale_each_contract_to_its_own() -> None:
    laid_out = lay_out(PATTERN, total={"a": 30.0})
    dollars = laid_out.leaves.groupby("contract_id")["amount"].sum()
    assert dollars["a"] == pytest.approx(1500 * 2)
    assert dollars["b"] == 3400
    assert laid_out.leaves["units"].tolist() == PATTERN.leaves["units"].tolist()
    assert laid_out.notes == ("No benchmark for b: the pattern stands",)


def test_categories_are_scaled_to_what_the_benchmark_says_of_them() -> None:
    said = pd.DataFrame(
        [
            ("inpatient", None, "pmpm", 30.0),
            ("inpatient", None, "units_per_1000", 600.0),
            ("outpatient", "outpatient surgery", "units_per_1000", 2400.0),
            ("pharmacy", None, "unit_cost", 5.0),
        ],
        columns=["service_category_1", "service_category_2", "metric", "value"],
    )
    found = lay_out(PATTERN, categories=said, risk=1.5)
    by_category = found.leaves.groupby("service_category_1")[["units", "amount"]].sum()
    assert by_category.loc["inpatient"].tolist() == pytest.approx(
        [10, 6000]
    )  # 600 a year on 200 member-months
    assert by_category.loc["outpatient"].tolist() == pytest.approx([40, 800])
    assert by_category.loc["pharmacy"].tolist() == pytest.approx([50, 250])
    assert found.groups["risk_months"].tolist() == pytest.approx([180, 120])
    rest = lay_out(PATTERN, total=40.0, categories=said.head(1))
    assert rest.pmpm == pytest.approx(40.0)
    assert rest.leaves.loc[rest.leaves["service_category_1"] == "inpatient", "amount"].sum() == 6000


def test_a_benchmark_without_pharmacy_is_laid_out_without_it() -> None:
    found = lay_out(PATTERN, total=10.0, pharmacy=False)
    assert found.pmpm == pytest.approx(10.0)
    assert "pharmacy" not in set(found.leaves["service_category_1"])


@pytest.mark.parametrize(
    ("total", "said"),
    [(None, None), (5.0, pd.DataFrame([("inpatient", None, "pmpm", 30.0)], columns=["service_category_1", "service_category_2", "metric", "value"]))],
)  # fmt: skip
def test_what_cannot_be_laid_out_says_why(total: float | None, said: pd.DataFrame | None) -> None:
    with pytest.raises(ValueError, match="needs a total|more than its total"):
        lay_out(PATTERN, total=total, categories=said)


MSSP = {
    "amount_basis": "paid",
    "is_truncated": True,
    "includes_pharmacy": False,
    "segment_type": "line_of_business",
    "segment": "medicare",
}


def test_a_benchmark_on_the_chosen_basis_may_be_compared() -> None:
    chosen = Basis("paid", truncated=True, pharmacy=False)
    assert not_comparable(MSSP, chosen, lines=["medicare"]) is None
    assert not_comparable({**MSSP, "service_category_1": "inpatient"}, Basis("paid", True, True)) is None


@pytest.mark.parametrize(
    ("row", "chosen", "words"),
    [
        (MSSP, Basis(), "Not comparable: is paid, not allowed, is truncated and is without pharmacy"),
        (
            {**MSSP, "amount_basis": None},
            Basis("paid", True, False),
            "Not comparable: does not say whether paid or allowed",
        ),
        (
            {**MSSP, "includes_pharmacy": math.nan},
            Basis("paid", True, False),
            "Not comparable: does not say whether pharmacy is in",
        ),
    ],
)
def test_a_benchmark_on_another_basis_says_which(row: dict[str, object], chosen: Basis, words: str) -> None:
    assert not_comparable(row, chosen, lines=["medicare"]) == words


def test_a_benchmark_of_other_people_is_not_comparable() -> None:
    chosen = Basis("paid", True, False)
    mixed = not_comparable(MSSP, chosen, lines=["medicare", "commercial"])
    assert mixed == "Not comparable: is of the line of business medicare only"
    other = not_comparable(MSSP, chosen, lines=["commercial"])
    assert other == "Not comparable: is of another line of business, medicare"
    assert not_comparable(MSSP, Basis(), lines=["medicare"], metric="units_per_1000") is None


def test_a_benchmark_is_trended_from_its_middle_to_the_periods() -> None:
    year = (date(2026, 1, 1), date(2026, 12, 31))
    assert trended(911, 0.05, date(2021, 7, 2), *year) == pytest.approx(911 * 1.05**5, rel=1e-3)
    assert trended(911, None, date(2021, 7, 1), *year) == 911
    assert trended(911, np.nan, None, *year) == 911
