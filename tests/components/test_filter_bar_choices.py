"""The filter bar: options come from the scope, periods end with the last month that counts."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from components.filter_bar import CHOICES, Chosen, _chosen, months_before, options_of
from queries.filters import Filters

MONTHS = pd.DataFrame(
    {
        "month": pd.date_range("2024-01-01", "2026-10-01", freq="MS"),
        "member_months": 100,
        "completion": [1.0] * 32 + [0.82, 0.58],
        "is_mature": [True] * 32 + [False, False],
    }
)


class Answers:
    """Stands for who is asking: two markets, of which the scope's answer holds what it holds."""

    def __init__(self, months: pd.DataFrame = MONTHS) -> None:
        self.months = months
        self.asked: list[Filters] = []

    def ask(self, question: str, filters: Filters | None = None) -> pd.DataFrame:
        self.asked.append(filters or Filters())
        if question == "shared/months":
            return self.months
        rows = [("market", "harbor", "Harbor"), ("care_team", "n1", "North"), ("care_team", "n2", "North")]
        return pd.DataFrame(rows, columns=["kind", "id", "name"])


@pytest.mark.parametrize(
    ("period", "start"),
    [("12 months", date(2025, 9, 1)), ("Year to date", date(2026, 1, 1)), ("24 months", date(2024, 9, 1))],
)
def test_a_period_ends_with_the_last_month_that_counts(period: str, start: date) -> None:
    chosen = _chosen(Answers(), {}, {}, period, ())
    assert (chosen.filters.period_start, chosen.filters.period_end) == (start, date(2026, 8, 1))
    assert list(chosen.unfinished["month"]) == [date(2026, 9, 1), date(2026, 10, 1)]


def test_the_prior_year_is_the_same_months_a_year_earlier() -> None:
    chosen: Chosen = _chosen(Answers(), {}, {}, "12 months", ())
    assert (chosen.prior.period_start, chosen.prior.period_end) == (date(2024, 9, 1), date(2025, 8, 1))


def test_two_teams_of_one_name_can_be_told_apart() -> None:
    team = next(choice for choice in CHOICES if choice.field == "care_team")
    assert options_of(Answers(), team, {}) == {"n1": "North (n1)", "n2": "North (n2)"}


def test_teams_follow_the_market_that_is_chosen() -> None:
    answers = Answers()
    team = next(choice for choice in CHOICES if choice.field == "care_team")
    options_of(answers, team, {"market": ("harbor",)})
    assert answers.asked[-1].market == ("harbor",)


def test_an_address_names_what_was_chosen_and_nobody() -> None:
    chosen = _chosen(Answers(), {"market": ("harbor",)}, {"market": "Harbor"}, "24 months", ())
    assert chosen.address() == {"market": "Harbor", "period": "24 months"}


def test_a_drills_address_leaves_the_filter_bars_own_parameters_alone() -> None:
    """Streamlit raises when anything but the bound widget writes a bound parameter."""
    from components import drill
    from components.filter_bar import KEYS

    chosen = _chosen(Answers(), {"market": ("harbor",)}, {"market": "Harbor"}, "24 months", ())
    beside = drill._filters_beside(chosen, {})
    assert beside == {"in_market": "Harbor", "in_period": "24 months"}
    assert not set(beside) & set(KEYS)
    assert drill._filters_beside(chosen, {"market_id": "harbor"}) == {"in_period": "24 months"}


def test_months_are_counted_across_the_year() -> None:
    assert months_before(date(2026, 2, 1), 3) == date(2025, 11, 1)


def test_the_only_market_is_called_by_its_name_and_filters_nothing() -> None:
    chosen = _chosen(Answers(), {}, {}, "12 months", (), {"market": "Harbor"})
    assert chosen.scope_name("market", "All markets") == "Harbor"
    assert chosen.scope_name("contract", "All contracts") == "All contracts"
    assert chosen.filters.market == ()
