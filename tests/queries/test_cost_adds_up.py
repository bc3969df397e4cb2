"""The numbers of the cost page agree with each other, whatever is chosen and on whichever basis."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from access.principal import Principal
from queries import Filters, ask, drill, question

CENT = 0.005
BASES = [
    {"basis": basis, "truncated": truncated, "pharmacy": pharmacy}
    for basis, truncated, pharmacy in product(("allowed", "paid"), (False, True), (True, False))
]


def choices(count: int, seed: int) -> list[Filters]:
    """Filters drawn at random: a period, and often one or two of the other choices."""
    dice = random.Random(seed)
    months = [date(2024 + n // 12, n % 12 + 1, 1) for n in range(30)]
    found = []
    for _ in range(count):
        first, last = sorted(dice.sample(range(30), 2))
        kinds = dice.sample(
            ["market", "contract", "line_of_business", "care_team", "pcp"], dice.randint(0, 2)
        )
        ids = {
            "market": ["north", "south"], "contract": ["aco", "mco"], "line_of_business": ["medicaid"],
            "care_team": ["team-1", "team-2"], "pcp": ["pcp-1", "pcp-2", "pcp-3"],
        }  # fmt: skip
        picked = {kind: tuple(dice.sample(ids[kind], dice.randint(1, len(ids[kind])))) for kind in kinds}
        found.append(Filters(period_start=months[first], period_end=months[last], **picked))
    return found


@pytest.mark.parametrize("turn", range(8))
def test_categories_groups_months_and_leaves_add_up_to_the_total(
    turn: int, crowd: Path, serve: Callable[[Path], None], principal: Callable[..., Principal]
) -> None:
    serve(crowd)
    basis = BASES[turn]
    who = principal()
    for chosen in choices(1, seed=turn):
        whole = ask("cost/summary", who, chosen, **basis).iloc[0]

        categories = {level: ask("cost/by_category", who, chosen, level=level, **basis) for level in (1, 2)}
        for level, rows in categories.items():
            assert rows["amount"].sum() == pytest.approx(whole["amount"], abs=CENT), level
            assert rows["completed"].sum() == pytest.approx(whole["completed"], abs=CENT), level
            assert rows["pmpm"].sum() == pytest.approx(whole["pmpm"]), level
        parts = categories[2].groupby("service_category_1")["completed"].sum()
        assert parts.to_dict() == pytest.approx(
            categories[1].set_index("service_category_1")["completed"].to_dict()
        )

        for group_by in question("cost/heat").params["group_by"].choices:
            cells = ask("cost/heat", who, chosen, group_by=group_by, **basis)
            assert cells["completed"].sum() == pytest.approx(whole["completed"], abs=CENT), group_by
            assert cells["contributive_pmpm"].sum() == pytest.approx(whole["pmpm"]), group_by

        leaves = ask("cost/leaves", who, chosen, **basis)
        estimated = ask("cost/estimated", who, chosen, **basis)
        groups = ask("cost/groups", who, chosen)
        assert leaves["amount"].sum() == pytest.approx(whole["amount"], abs=CENT)
        assert leaves["over_amount"].sum() == pytest.approx(whole["over_amount"], abs=CENT)
        assert leaves["units"].sum() == categories[1]["units"].sum()
        assert estimated["estimated"].sum() == pytest.approx(whole["estimated"], abs=CENT)
        for months in ("member_months", "pharmacy_member_months", "risk_months"):
            assert groups[months].sum() == whole[months]

        by_month = ask("cost/by_month", who, chosen, months_back=30, **basis)
        inside = by_month[by_month["month"].between(str(chosen.period_start), str(chosen.period_end))]
        for column in ("member_months", "amount", "completed", "over_amount"):
            assert inside[column].sum() == pytest.approx(whole[column], abs=CENT), column
        by_category_month = ask("cost/by_category_month", who, chosen, months_back=30, level=2, **basis)
        per_month = by_category_month.groupby("month")["pmpm"].sum()
        shown = by_month.set_index("month")["pmpm"]
        assert per_month.to_dict() == pytest.approx(shown[shown.index.isin(per_month.index)].to_dict())

        providers = ask("cost/by_provider", who, chosen, **basis)
        assert providers["amount"].sum() == pytest.approx(whole["amount"], abs=CENT)
        curve = ask("cost/concentration", who, chosen, **basis)
        assert curve.iloc[-1]["amount"] == pytest.approx(whole["amount"], abs=CENT)
        assert curve.iloc[-1]["members"] == whole["members"]
        large = ask("cost/large_claimant_summary", who, chosen, **basis).iloc[0]
        assert large["claimants"] == whole["large_claimants"]
        assert large["new_claimants"] + large["continuing_claimants"] == large["claimants"]
        assert large["over_amount"] == pytest.approx(whole["over_amount"], abs=CENT)


def test_the_estimate_lies_between_its_draws_and_complete_months_have_none(
    crowd: Path, serve: Callable[[Path], None], principal: Callable[..., Principal]
) -> None:
    serve(crowd)
    chosen = Filters(period_start=date(2025, 7, 1), period_end=date(2026, 4, 1), market=("north",))
    for basis in BASES:
        draws = ask("cost/draws", principal(), chosen, **basis)
        months = ask("cost/by_month", principal(), chosen, **basis).set_index("month")["completed"]
        assert sorted(draws["month"].unique()) == list(pd.date_range("2026-01-01", "2026-06-01", freq="MS"))
        come_to = (draws["medical"] + draws["pharmacy"]).groupby([draws["month"], draws["draw"]]).sum()
        for month in draws["month"].unique():
            # the made-up draws are 12.5% below the estimate, at it and 12.5% above (of what is to come: 25%)
            assert come_to[month, 0] < months[month] < come_to[month, 2]
            assert come_to[month, 1] == pytest.approx(months[month], abs=CENT)
        assert (draws["process_variance"] > 0).all()
        assert (draws["pharmacy"] > 0).any() == basis["pharmacy"]


def test_a_category_s_draws_add_up_to_those_of_all(
    crowd: Path, serve: Callable[[Path], None], principal: Callable[..., Principal]
) -> None:
    serve(crowd)
    chosen = Filters(period_start=date(2026, 1, 1), period_end=date(2026, 4, 1))
    whole = ask("cost/draws", principal(), chosen, pharmacy=False)
    categories = ask("cost/by_category", principal(), chosen, pharmacy=False)["service_category_1"]
    parts = pd.concat(
        ask("cost/draws", principal(), chosen, pharmacy=False, service_category_1=name) for name in categories
    )
    summed = parts.groupby(["month", "draw"])[["medical", "process_variance"]].sum()
    expected = whole.set_index(["month", "draw"])[["medical", "process_variance"]]
    pd.testing.assert_frame_equal(summed, expected, check_like=True)


GROUPS = [(name, group_by) for name in ("cost/heat", "cost/leakage_by")
          for group_by in question(name).params["group_by"].choices]  # fmt: skip


@pytest.mark.parametrize("turn", range(3))
def test_the_drills_of_other_bases_levels_and_groups_equal_their_numbers(
    turn: int,
    crowd: Path,
    serve: Callable[[Path], None],
    principal: Callable[..., Principal],
    counted: Callable[[pd.DataFrame, str], float],
) -> None:
    serve(crowd)
    basis = [BASES[4], BASES[2], BASES[7]][turn]  # paid; truncated; paid, truncated, without pharmacy
    who, chosen = principal(), Filters(market=("south",))
    asked: list[tuple[str, dict[str, Any]]] = [
        ("cost/summary", {}), ("cost/by_category", {"level": 2}), ("cost/leaves", {}),
        ("cost/large_claimant_summary", {}),
    ]  # fmt: skip
    asked += [(name, {"group_by": group_by}) for name, group_by in GROUPS[turn::3]]
    opened = 0
    for name, params in asked:
        known = {key: value for key, value in (basis | params).items() if key in question(name).params}
        row = ask(name, who, chosen, **known).iloc[-1].to_dict()
        for measure, how in question(name).drill.items():
            rows = drill(name, who, chosen, measure=measure, row=row, **known)
            assert counted(rows, how.count) == pytest.approx(row[measure], abs=CENT), (name, measure)
            opened += row[measure] != 0
    assert opened > 10


def test_lines_add_up_to_their_members_and_pages_say_what_all_come_to(
    crowd: Path, serve: Callable[[Path], None], principal: Callable[..., Principal]
) -> None:
    serve(crowd)
    who = principal()
    for part in ("amount", "over", "under"):
        asked = {"service_category_1": "inpatient", "part": part}
        members = ask("cost/members", who, **asked)
        lines = ask("cost/claims", who, **asked)
        by_member = lines.groupby("person_id")["amount"].sum()
        assert by_member.to_dict() == pytest.approx(members.set_index("person_id")["amount"].to_dict())
        page = ask("cost/claims", who, limit=5, offset=5, **asked)
        assert page["claim_line_id"].tolist() == lines["claim_line_id"].tolist()[5:10]
        first = page.iloc[0]
        assert first["total_rows"] == len(lines)
        assert first["total_amount"] == pytest.approx(lines["amount"].sum(), abs=CENT)
        found = ask("cost/members", who, search="last1", order_by="name", limit=2, **asked)
        assert len(found) == 2 and found["last_name"].str.startswith("Last1").all()
        assert found["last_name"].is_monotonic_increasing and found.iloc[0]["total_rows"] >= 2
    over, under, whole = (
        ask("cost/members", who, part=part)["amount"].sum() for part in ("over", "under", "amount")
    )
    assert over > 0 and over + under == pytest.approx(whole)
