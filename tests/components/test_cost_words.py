"""Cost in words: what is compared with what, and that nothing is said beyond what the numbers allow."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from analytics import control_chart, decomposition, monthly
from analytics.decomposition import Side
from analytics.intervals import Interval
from components import (
    cost_categories,
    cost_changes,
    cost_comparison,
    cost_figures,
    cost_leakage,
    cost_people,
    cost_pharmacy,
    cost_waterfall,
)
from components.cost_basis import Basis
from components.cost_comparison import Comparison
from components.filter_bar import Chosen
from queries.filters import Filters

MONTHS = pd.DataFrame(
    {
        "month": [day.date() for day in pd.date_range("2024-01-01", "2026-10-01", freq="MS")],
        "is_mature": [True] * 32 + [False, False],
    }
)
CHOSEN = Chosen(
    Filters(period_start=date(2025, 9, 1), period_end=date(2026, 8, 1)),
    {}, "12 months", MONTHS, date(2026, 8, 1),
)  # fmt: skip
NO_TREND = control_chart.Finding("none", None, "Within usual variation")
STEADY = [900.0, 912, 905, 921, 898, 915, 907, 911, 903, 918, 909, 904]


def side(inpatient: float = 300.0, drugs: float = 100.0, unit_price: float = 10_000.0) -> Side:
    """One contract in one market, 12,000 months, PMPM as given."""
    groups = pd.DataFrame(
        {
            "contract_id": ["aco"],
            "contract_name": ["Larkspur ACO"],
            "market_id": ["harbor"],
            "market_name": ["Harbor"],
            "line_of_business": ["medicare"],
            "member_months": [12_000],
            "pharmacy_member_months": [12_000],
            "risk_months": [12_000.0],
        }
    )
    leaves = pd.DataFrame(
        {
            "contract_id": ["aco", "aco"],
            "market_id": ["harbor", "harbor"],
            "service_category_1": ["inpatient", "pharmacy"],
            "service_category_2": ["acute inpatient", "pharmacy"],
            "units": [inpatient * 12_000 / unit_price, 10_000.0],
            "amount": [inpatient * 12_000, drugs * 12_000],
            "over_amount": [0.0, 0.0],
        }
    )
    estimated = pd.DataFrame(
        {
            "contract_id": ["aco"],
            "market_id": ["harbor"],
            "service_category_1": ["inpatient"],
            "estimated": [12_000.0],
        }
    )
    return Side(groups, leaves, estimated)


def benchmark(kind: str, value: float, category: str | None = None, part: str | None = None, **more: object):
    row = {
        "benchmark_id": f"{kind}-{category}-{part}-{more.get('metric_id', 'pmpm')}",
        "metric_id": "pmpm",
        "kind": kind,
        "segment_type": "contract",
        "segment": "aco",
        "service_category_1": category,
        "service_category_2": part,
        "statistic": "target",
        "value": value,
        "unit": "dollars per member per month",
        "basis": "Set by the payer",
        "amount_basis": "allowed",
        "is_truncated": False,
        "includes_pharmacy": True if category is None else None,
        "annual_trend": None,
        "trend_from": None,
        "risk_score": None,
        "vintage": "2026",
        "source": "Contract",
    }
    return row | more


class Answers:
    """Stands for who is asking: a period and the year before it."""

    def __init__(self, now: Side, before: Side | None) -> None:
        self.sides = {2026: now, 2025: before}

    def ask(self, question: str, filters: Filters | None = None, **_: object) -> pd.DataFrame:
        if question == "cost/cohorts":
            return pd.DataFrame(columns=["contract_id", "contract_name", "control_for", "line_of_business"])
        assert filters is not None and filters.period_end is not None
        found = self.sides[filters.period_end.year]
        if found is None:
            empty = side()
            return {
                "cost/groups": empty.groups.assign(member_months=0),
                "cost/leaves": empty.leaves.iloc[0:0],
                "cost/estimated": empty.estimated.iloc[0:0],
            }[question]
        return {
            "cost/groups": found.groups, "cost/leaves": found.leaves, "cost/estimated": found.estimated,
        }[question]  # fmt: skip


def compared(compare: str, rows: list[dict[str, object]], now: Side | None = None, **basis: object):
    asking = Answers(now or side(), side())
    columns = list(benchmark("budget", 1.0))
    frame = pd.DataFrame(rows, columns=columns).astype({"service_category_1": object})
    chosen_basis = Basis(compare=compare, **basis)  # type: ignore[arg-type]
    return cost_comparison.compare(asking, CHOSEN, chosen_basis, frame, now or side())  # type: ignore[arg-type]


# ---- what is compared ------------------------------------------------------------------------------------


def test_the_prior_year_is_compared_by_default() -> None:
    found = compared("prior_year", [])
    assert found.pmpm == pytest.approx(401)
    assert not found.fixed and found.filters == CHOSEN.prior


def test_a_benchmark_on_another_basis_is_not_compared_and_offers_its_own() -> None:
    row = benchmark("contract_target", 380.0, amount_basis="paid", is_truncated=True, includes_pharmacy=False)
    found = compared("contract_target", [row])
    assert found.side is None
    assert found.reason.startswith("Not comparable: is paid, not allowed")
    assert found.takes == ("paid", True, False)
    on_its_basis = compared("contract_target", [row], basis="paid", truncated=True, pharmacy=False)
    assert on_its_basis.pmpm == pytest.approx(380)


def test_a_target_is_trended_to_the_middle_of_the_period() -> None:
    row = benchmark("contract_target", 380.0, annual_trend=0.05, trend_from=date(2025, 3, 1))
    assert compared("contract_target", [row]).pmpm == pytest.approx(380 * 1.05, rel=1e-3)


def test_a_target_says_nothing_of_categories() -> None:
    found = compared("contract_target", [benchmark("contract_target", 380.0)])
    shown = cost_categories.bars(categories(), by_month(), None, found, CHOSEN)
    assert shown["gap"].isna().all()
    assert cost_categories.bars_words(shown, found) == "Inpatient is 75% of cost"


def test_a_budget_by_parts_comes_to_its_sum_and_has_its_own_units() -> None:
    rows = [
        benchmark("budget", 290.0, "inpatient", "acute inpatient"),
        benchmark("budget", 350.0, "inpatient", "acute inpatient", metric_id="units_per_1000"),
        benchmark("budget", 95.0, "pharmacy", "pharmacy"),
        benchmark("budget", 5.0, "outpatient", "dialysis"),
    ]
    found = compared("budget", rows)
    assert found.pmpm == pytest.approx(390), "a part the pattern never used is in it too"
    parts = cost_comparison.by_category(found.side, 2).set_index("service_category_2")
    assert parts.loc["acute inpatient", "units_per_1000"] == pytest.approx(350)
    assert parts.loc["dialysis", "pmpm"] == pytest.approx(5)


def test_a_budget_with_other_parts_is_laid_out_by_category() -> None:
    rows = [benchmark("budget", 40.0, "inpatient", "psychiatry"), benchmark("budget", 290.0, "inpatient")]
    found = compared("budget", rows)
    assert cost_comparison.by_category(found.side).set_index("service_category_1").loc[
        "inpatient", "pmpm"
    ] == pytest.approx(290)
    assert any("parts of inpatient are not those shown" in note for note in found.notes)


def test_without_a_budget_or_a_cohort_the_reason_is_said() -> None:
    assert "No budget is set" in compared("budget", []).reason
    assert "control_for" in compared("cohort", []).reason
    assert "No other market" in compared("market", []).reason


def test_side_by_side_says_why_a_benchmark_is_not_compared() -> None:
    rows = pd.DataFrame(
        [benchmark("contract_target", 380.0, amount_basis="paid", is_truncated=True, includes_pharmacy=True)]
    )
    now = side()
    prior = cost_comparison.prior_year(Answers(now, side()), CHOSEN, Basis())  # type: ignore[arg-type]
    lines = cost_comparison.side_by_side(CHOSEN, Basis(), now, rows, prior, prior, pd.DataFrame())
    assert [line.gap_words for line in lines] == ["$0.00", "Not comparable: paid, truncated"]
    assert lines[1].basis == "Paid, truncated, pharmacy"


# ---- what is said ----------------------------------------------------------------------------------------


def gap(value: float | None, pmpm: float, low: float, high: float, months: list[float] = STEADY):
    target = Comparison("budget", "budget", side(value - 101) if value is not None else None, fixed=True)
    interval = Interval(pmpm, low, high)
    return target, cost_figures.gap_of(pmpm, target, interval, monthly.spread_of(months), None)


def test_a_gap_the_estimate_explains_is_no_gap() -> None:
    target, found = gap(905.0, 909.0, 903.0, 915.0)
    assert cost_figures.title(found, target, None, NO_TREND) == "Cost is level with budget"


def test_a_gap_the_months_explain_is_within_usual_variation() -> None:
    target, found = gap(
        902.0, 909.0, 908.0, 910.0, [value + (-1) ** at * 60 for at, value in enumerate(STEADY)]
    )
    assert found.signal == "none"
    assert cost_figures.title(found, target, None, NO_TREND) == (
        "Cost is $7.00 PMPM above budget, within usual variation"
    )


def test_months_beyond_chance_are_said_though_the_gap_is_within_it() -> None:
    target, found = gap(
        902.0, 909.0, 908.0, 910.0, [value + (-1) ** at * 60 for at, value in enumerate(STEADY)]
    )
    rising = control_chart.Finding("worsening", date(2026, 1, 1), "8 months above the mean", 8, "rose")
    assert cost_figures.title(found, target, None, rising) == (
        "Cost rose beyond chance, and is $7.00 PMPM above budget"
    )


def test_a_gap_beyond_both_names_what_explains_most_of_it() -> None:
    before, after = side(300.0), side(330.0, unit_price=11_000.0)
    taken = decomposition.decompose(before, after)
    target = Comparison("budget", "budget", before, fixed=True)
    found = cost_figures.gap_of(
        after.pmpm, target, Interval(after.pmpm, 430.0, 432.0), monthly.spread_of(STEADY), None
    )
    assert found.signal == "worsening"
    assert cost_figures.title(found, target, taken, NO_TREND) == (
        "Cost is $30 PMPM above budget, inpatient price explains most of it"
    )
    assert cost_waterfall.finding(taken, target) == "Inpatient price explains most of the $30 above budget"
    assert cost_waterfall.residual_words(taken, target) == "Unexplained residual: $0.00."


def test_without_a_comparison_the_title_is_the_control_charts() -> None:
    nothing = Comparison("budget", "budget", reason="No budget is set.")
    rising = control_chart.Finding("worsening", date(2026, 1, 1), "8 months above the mean", 8, "rose")
    assert (
        cost_figures.title(cost_figures.Gap(909.0, None), nothing, None, rising) == "Cost rose beyond chance"
    )
    assert cost_figures.title(cost_figures.Gap(909.0, None), nothing, None, NO_TREND) == (
        "Cost is within usual variation"
    )


def test_the_details_of_a_step_open_exactly_its_dollars() -> None:
    taken = decomposition.decompose(side(300.0), side(330.0, unit_price=11_000.0))
    shown = cost_waterfall.details_of(taken, "unit_price", cost_waterfall.names_of(side()))
    row = shown.iloc[0]
    assert row["group"] == "Larkspur ACO, Harbor"
    assert row["drill"] == {
        "contract_id": "aco", "market_id": "harbor", "service_category_1": "inpatient",
        "service_category_2": "acute inpatient", "part": "under",
    }  # fmt: skip
    assert row["amount"] == pytest.approx(330 * 12_000)
    assert shown["contribution"].sum() == pytest.approx(
        taken.steps.set_index("key").loc["unit_price", "pmpm"]
    )


def test_what_is_not_yet_paid_opens_nobody() -> None:
    taken = decomposition.decompose(side(300.0), side(330.0))
    for step in ("estimated", "risk_mix", "membership_mix"):
        shown = cost_waterfall.details_of(taken, step, {})
        unpaid = shown[shown["service_category_2"].isna()] if len(shown) else shown
        assert all(drill is None for drill in unpaid.get("drill", []))


# ---- categories ------------------------------------------------------------------------------------------


def categories() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "service_category_1": ["pharmacy", "inpatient"],
            "service_category_2": [None, None],
            "amount": [1_200_000.0, 3_600_000.0],
            "completed": [1_200_000.0, 3_612_000.0],
            "pmpm": [100.0, 301.0],
            "units": [10_000.0, 360.0],
            "unit": ["fills", "stays"],
            "units_per_1000": [10_000.0, 360.0],
            "unit_cost": [120.0, 10_000.0],
        }
    )


def by_month(level: float = 1.0) -> pd.DataFrame:
    months = pd.date_range("2024-09-01", periods=24, freq="MS")
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "service_category_1": name,
                    "service_category_2": f"{name} all",
                    "month": months,
                    "pmpm": [value * level * (1 + 0.02 * (-1) ** at) for at in range(24)],
                    "is_mature": True,
                }
            )
            for name, value in (("inpatient", 301.0), ("pharmacy", 100.0))
        ],
        ignore_index=True,
    )


def test_only_the_category_beyond_its_months_variation_is_said_to_exceed() -> None:
    budget = Comparison("budget", "budget", side(inpatient=250.0, drugs=99.5), fixed=True)
    shown = cost_categories.bars(categories(), by_month(), None, budget, CHOSEN)
    assert list(shown["category"]) == ["inpatient", "pharmacy"]
    assert list(shown["signal"]) == ["worsening", "none"]
    assert cost_categories.bars_words(shown, budget) == "Only inpatient exceeds budget beyond chance"
    assert "add up to $401" in cost_categories.bars_line(shown, budget)


def test_parts_stand_under_their_category_each_against_the_comparison() -> None:
    parts = categories().assign(service_category_2=["pharmacy", "acute inpatient"])
    before = Comparison("prior_year", "prior year", side(inpatient=250.0, unit_price=10_000.0))
    shown = cost_categories.table(parts, categories(), by_month(), before, "light")
    assert [name.strip() for name in shown["name"]] == [
        "Inpatient",
        "Acute inpatient",
        "Pharmacy",
        "Pharmacy",
    ]
    row = shown.iloc[1]
    assert (row["units_change"], row["cost_change"], row["pmpm_change"]) == ("+20%", "No change", "+$50")
    assert shown["trend"].str.startswith("data:image/svg").sum() == 2
    assert cost_categories.table_words(shown, before) == (
        "The largest gap above the prior year is acute inpatient, +$50 PMPM: more units"
    )


def test_a_group_that_grew_has_not_become_dearer() -> None:
    now = pd.DataFrame(
        {
            "group_id": ["harbor"],
            "group_name": ["Harbor"],
            "service_category_1": ["inpatient"],
            "amount": [1.0],
            "member_months": [20_000],
            "pmpm": [300.0],
            "contributive_pmpm": [200.0],
        }
    )
    before = now.assign(member_months=10_000, contributive_pmpm=100.0)
    nothing = Comparison("budget", "budget")
    cells = cost_categories.heat(now, before, nothing, "market", "prior", Basis())
    assert (cells["pmpm"] == cells["reference"]).all()
    assert list(cells["printed"]) == [200.0], "contributive is printed, the group's own months are compared"


# ---- the other sections ----------------------------------------------------------------------------------


def test_drugs_that_came_and_went_are_among_those_that_changed() -> None:
    now = pd.DataFrame(
        {
            "drug": ["a", "b"], "drug_name": ["alpha", "beta"], "is_generic": [True, None],
            "is_specialty": [False, True], "fills": [10, 20], "amount": [100.0, 900.0],
        }
    )  # fmt: skip
    before = now.assign(drug=["a", "c"], drug_name=["alpha", "gamma"], amount=[400.0, 250.0])
    shown = cost_pharmacy.by_change(now, before)
    assert dict(zip(shown["name"], shown["amount"], strict=True)) == {
        "Beta": 900.0, "Gamma": -250.0, "Alpha": -300.0,
    }  # fmt: skip
    assert cost_pharmacy.change_words(shown) == "Beta rose most, +$900 on the prior year"


def test_a_network_nobody_knows_is_said_so() -> None:
    total = pd.DataFrame(
        {
            "amount_in": [0.0], "amount_out": [0.0], "amount_unknown": [500.0], "leakage_rate": [None],
            "unit_cost_in": [None], "unit_cost_out": [None],
        }
    )  # fmt: skip
    assert cost_leakage.words(total)[0] == "The network is known of no provider"


def test_a_truncated_view_of_large_claimants_says_what_is_left_out() -> None:
    summary = pd.DataFrame(
        {
            "claimants": [1], "new_claimants": [1], "continuing_claimants": [0], "amount": [250_000.0],
            "over_amount": [0.0], "total_amount": [1e6], "spend_share": [0.25], "over_share": [0.0],
        }
    )  # fmt: skip
    headline, line = cost_people.claimant_words(summary, truncated=True)
    assert headline == "1 large claimant takes 25% of dollars"
    assert "truncation has taken out" in line


def changes() -> pd.DataFrame:
    totals = {
        "total_medical": 90_000.0, "total_pharmacy": 10_000.0,
        "total_member_months": 100, "total_pharmacy_member_months": 100,
    }  # fmt: skip
    rows = [("late_claims", 9_000.0, 0), ("reversals", -1_000.0, 0), ("retroactive_enrolment", 0.0, 5)]
    return pd.DataFrame(
        [
            {
                "month": date(2026, 8, 1), "cause": cause, "amount": amount, "medical_amount": amount,
                "pharmacy_amount": 0.0, "member_months": months, "pharmacy_member_months": months,
                "claims": 1, **totals,
            }
            for cause, amount, months in rows
        ]
    )  # fmt: skip


def test_the_causes_of_a_change_add_up_to_it() -> None:
    table = cost_changes.taken_apart(changes(), pharmacy=True)
    steps, before, after = cost_changes.steps_of(table, date(2026, 8, 1))
    assert after == pytest.approx(1000)
    assert before + steps["change"].sum() == pytest.approx(after, abs=1e-9)
    assert cost_changes.words(table, date(2026, 8, 1)).startswith(
        "Aug 2026 rose by $32 since the last snapshot"
    )
    assert cost_changes.months_of(table) == [date(2026, 8, 1)]


def test_a_first_build_says_there_is_nothing_to_compare_with() -> None:
    build = pd.DataFrame({"previous_snapshot_id": [None], "change_note": ["there is no earlier snapshot"]})
    assert cost_changes.nothing(build)[0] == "There is no earlier snapshot to compare with"
    again = pd.DataFrame({"previous_snapshot_id": ["2026-10"], "change_note": [None]})
    assert cost_changes.nothing(again)[0] == "No month of what is chosen has changed"


def test_the_interval_of_the_period_stands_around_its_estimate() -> None:
    draws = pd.DataFrame(
        {
            "month": [date(2026, 8, 1)] * 4,
            "draw": range(4),
            "medical": [1.00e6, 1.10e6, 0.90e6, 1.00e6],
            "pharmacy": [1e5] * 4,
            "process_variance": [1e8] * 4,
        }
    )
    now = pd.DataFrame(
        {
            "pmpm": [909.0],
            "pmpm_to_date": [890.0],
            "member_months": [12_000],
            "pharmacy_member_months": [12_000],
        }
    )
    span = cost_figures.period_interval(draws, CHOSEN, now, pharmacy=True)
    assert span.rate == 909 and 890 <= span.low < 909 < span.high
    done = cost_figures.period_interval(draws.iloc[0:0], CHOSEN, now, pharmacy=True)
    assert cost_figures.span_words(done) == "all paid"


def test_the_basis_is_said_in_words() -> None:
    assert Basis().words == "Allowed, not truncated, with pharmacy; contributive; completed"
    paid = Basis(basis="paid", truncated=True, pharmacy=False, relative=True)
    assert paid.words == "Paid, truncated at the contract's cap, without pharmacy; relative; completed"
    assert paid.parameters == {"basis": "paid", "truncated": True, "pharmacy": False}
