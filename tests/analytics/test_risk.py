"""The steps of a change of mean RAF add up to it, and coding is told from ageing and from who came and went."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.risk import STEPS, raf_change

COLUMNS = [
    "contract_id", "year", "continuing", "continuing_score", "continuing_previous", "demographic", "new_enrolee_rule",
    "hcc_new", "hcc_dropped", "hcc_combinations", "joiners", "joiners_score", "leavers", "leavers_score",
]  # fmt: skip


def year(
    members: int,
    previous: float,
    changes: tuple[float, ...],
    joined: tuple[int, float],
    left: tuple[int, float],
) -> tuple[object, ...]:
    """One contract-year: the continuing members' score before, and what changed it."""
    return ("a", 2026, members, previous + sum(changes), previous, *changes, *joined, *left)


def test_each_step_is_what_its_name_says_by_hand() -> None:
    # Two who stay: 1.0 each before; one ages (+0.05), gains diabetes (+0.166) and heart failure (+0.36, and 0.112
    # for both together), the other loses COPD (-0.319). One joins at 2.0, one leaves at 0.4.
    row = year(2, 2.0, (0.05, 0.0, 0.526, -0.319, 0.112), (1, 2.0), (1, 0.4))
    (found,) = raf_change(pd.DataFrame([row], columns=COLUMNS))
    assert (found.before, found.after) == pytest.approx((2.4 / 3, (2.369 + 2.0) / 3))
    change = dict(zip(found.steps["key"], found.steps["change"], strict=True))
    assert change["demographic"] == pytest.approx(0.025)
    assert change["hcc_new"] == pytest.approx(0.263)
    assert change["hcc_dropped"] == pytest.approx(-0.1595)
    assert change["hcc_combinations"] == pytest.approx(0.056)
    assert change["joiners"] == pytest.approx((2.369 + 2.0) / 3 - 2.369 / 2)
    assert change["leavers"] == pytest.approx(1.0 - 0.8)
    assert found.coding == pytest.approx(0.263 - 0.1595 + 0.056)
    assert found.coding_share == pytest.approx(found.coding / found.change)


amounts = st.floats(-50, 50)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(1, 500), st.floats(0, 900), st.tuples(*[amounts] * 5),
            st.tuples(st.integers(0, 90), st.floats(0, 90)), st.tuples(st.integers(0, 90), st.floats(0, 90)),
        ),
        min_size=1, max_size=3,
    )
)  # fmt: skip
def test_the_steps_add_up_to_the_change(rows: list[tuple]) -> None:
    # Nobody has a score where there is nobody.
    given_rows = [
        year(n, p, c, j if j[0] else (0, 0.0), left if left[0] else (0, 0.0)) for n, p, c, j, left in rows
    ]
    (found,) = raf_change(pd.DataFrame(given_rows, columns=COLUMNS))
    assert list(found.steps["key"]) == list(STEPS)
    assert found.steps["change"].sum() == pytest.approx(found.change, abs=1e-9)
    assert found.steps["to"].iloc[-1] == pytest.approx(found.after, abs=1e-9)
    assert found.coding_share is None or 0 <= found.coding_share <= 1


def test_no_share_where_other_steps_work_against_coding() -> None:
    # Coding adds 0.2, healthier joiners take more away: coding is no share of a fall.
    row = year(10, 10.0, (0.0, 0.0, 2.0, 0.0, 0.0), (10, 3.0), (0, 0.0))
    (found,) = raf_change(pd.DataFrame([row], columns=COLUMNS))
    assert found.change < 0 < found.coding
    assert found.coding_share is None


def test_a_year_without_one_to_compare_with_is_left_out() -> None:
    first = ("a", 2025, 0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 9, 9.0, 0, 0.0)
    row = year(2, 2.0, (0.1, 0.0, 0.0, 0.0, 0.0), (0, 0.0), (0, 0.0))
    assert [found.year for found in raf_change(pd.DataFrame([first, row], columns=COLUMNS))] == [2026]
