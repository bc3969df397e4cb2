"""Figures in words: too few events are counted, not rated; nothing is said beyond what
the interval allows.
"""

from __future__ import annotations

import pandas as pd

from analytics.intervals import poisson_rate
from components import data_words, ed_figures, member_list
from components.ed_figures import Target


def test_fewer_than_twenty_events_show_the_count_and_say_so() -> None:
    value, note = ed_figures._rated(19, 228.0, poisson_rate(19, 1000), Target(480.0))
    assert value == "19"
    assert note == "Visits; too few to rate"


def test_twenty_events_are_rated_with_their_interval_and_target() -> None:
    value, note = ed_figures._rated(20, 240.0, poisson_rate(20, 1000), Target(480.0))
    assert value == "240"
    assert note == "95% **147 to 371** · target **480**"


def test_small_facilities_are_pooled_last_and_not_tested() -> None:
    table = pd.DataFrame(
        {
            "facility_npi": ["1", "2", "3"],
            "facility_name": ["Harbor General", "Small A", "Small B"],
            "visits": [400, 40, 30],
            "visits_per_1000": [40.0, 4.0, 3.0],
            "classified_visits": [380, 38, 29],
            "avoidable_equivalent": [120.0, 12.0, 9.0],
            "avoidable_variance": [40.0, 4.0, 3.0],
            "followup_7d_eligible": [390, 10, 5],
            "followup_7d_met": [150, 4, 2],
            "allowed": [240_000.0, 24_000.0, 18_000.0],
        }
    )
    months = pd.DataFrame({"facility_npi": ["1"], "month": [pd.Timestamp(2026, 8, 1)], "visits": [33]})
    shown = ed_figures.facilities(table, months, "light", Target(0.45))
    assert list(shown["facility"]) == ["Harbor General", "2 others, under 100 visits each"]
    pool = shown.iloc[-1]
    assert pool["visits"] == 70 and pool["parts"] == ("2", "3")
    assert pool["signal_key"] == "not_tested" and pool["followup"] == "Too few"


def test_follow_up_words_carry_a_shape_beside_their_colour() -> None:
    day = pd.Timestamp(2026, 11, 24)
    assert member_list.followup_words("due", day) == "▲ Due 24 Nov"
    assert member_list.followup_words("done", None, day) == "✓ Done 24 Nov"
    assert member_list.followup_words("missed", None) == "– Not seen"
    assert member_list.followup_words("none", None) == "None"


def test_an_export_without_names_carries_no_member_id() -> None:
    hidden = pd.DataFrame({"person_id": ["p1"], "age": [70], "ed_visits_12m": [4]})
    assert "person_id" not in member_list.exported_columns(hidden)
    assert "person_id" in member_list.exported_columns(hidden.assign(name="A"))


def test_money_is_written_to_the_cent_where_it_must_tie() -> None:
    money = pd.DataFrame(
        {
            "feed": ["tuva"],
            "paid_loaded": [163818.97],
            "paid_enrolled": [150329.10],
            "paid_outside": [13489.87],
            "difference": [2e-11],
        }
    )
    assert data_words.reconciliation(money) == (
        "$163,818.97 loaded, to the cent: $150,329.10 in enrolled months, $13,489.87 outside"
    )
    assert not data_words.ties_to_the_cent(money.assign(difference=0.01))
