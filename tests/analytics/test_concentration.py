"""The concentration curve adds up, and the top share is that of the members with most visits."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.concentration import concentration_curve, top_share


def test_top_tenth_by_hand() -> None:
    # 10 members: one made 6 visits, two made 2 each, seven none. The top tenth made 6 of 10.
    assert top_share([0, 2, 6], [7, 2, 1], 0.1) == pytest.approx(0.6)
    assert top_share([0, 2, 6], [7, 2, 1], 0.2) == pytest.approx(0.8)


def test_no_visits_have_no_share() -> None:
    assert math.isnan(top_share([0], [50]))
    assert concentration_curve([], []).empty


@given(st.dictionaries(st.integers(0, 40), st.integers(1, 500), min_size=1))
def test_the_curve_rises_to_one_and_lies_above_equality(visits: dict[int, int]) -> None:
    curve = concentration_curve(visits.keys(), visits.values())
    if not any(visits):
        assert curve.empty
        return
    assert curve["member_share"].iloc[-1] == pytest.approx(1.0)
    assert curve["visit_share"].iloc[-1] == pytest.approx(1.0)
    assert curve["visit_share"].is_monotonic_increasing
    assert (curve["visit_share"] >= curve["member_share"] - 1e-9).all()
