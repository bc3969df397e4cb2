"""Titles say what the signals say, in the words the product keeps to."""

from __future__ import annotations

import inspect
import math
from datetime import date

import pandas as pd
import pytest

from analytics import control_chart, findings
from analytics.control_chart import Finding
from analytics.words import count_in_words, listing, share_in_words

FELL = Finding("improving", date(2026, 1, 1), "8 months below the mean since Jan 2026", 8, "fell")
ROSE = Finding("worsening", date(2026, 3, 1), "7 months above the mean since Mar 2026", 7, "rose")
USUAL = Finding("none", None, "Within usual variation")
FEW = Finding("too_few", None, "Too few to test against chance")


def points(*rows: tuple[str, str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["group_name", "position", "signal"])


@pytest.mark.parametrize(
    ("finding", "rate", "target", "title"),
    [
        (FELL, 520, 480, "ED use fell beyond chance, and is still above target"),
        (FELL, 470, 480, "ED use fell beyond chance, and meets its target"),
        (ROSE, 520, 480, "ED use rose beyond chance, and is above target"),
        (ROSE, 470, 480, "ED use rose beyond chance, but still meets its target"),
        (USUAL, 520, None, "Within usual variation"),
        (USUAL, 520, 480, "Within usual variation, and above target"),
        (FEW, math.nan, 480, "ED use: too few events to test"),
    ],
)
def test_the_page_title_is_the_finding(
    finding: Finding, rate: float, target: float | None, title: str
) -> None:
    assert findings.page_title(finding, rate=rate, target=target) == title


def test_the_trend_title_says_when_and_which_way() -> None:
    assert findings.trend_title(FELL) == "The monthly rate dropped in January 2026 and has stayed down"
    assert findings.trend_title(ROSE) == "The monthly rate rose in March 2026 and has stayed up"
    assert findings.trend_title(USUAL) == "The monthly rate is within usual variation"
    single = Finding("worsening", date(2026, 8, 1), "Aug 2026 is above the upper limit", 1, "rose")
    assert findings.trend_title(single) == "The monthly rate was above its limits in August 2026"
    trend = Finding("worsening", date(2026, 2, 1), "Risen 6 months in a row to Aug 2026", 6, "rose")
    assert findings.trend_title(trend) == "The monthly rate has risen six months in a row"


def test_groups_are_named_only_outside_their_limits() -> None:
    both = points(
        ("Eastgate", "above", "worsening"), ("Millbrook", "below", "improving"), ("Hill", "within", "none")
    )
    assert findings.groups_title(both) == "Eastgate is above what chance allows, Millbrook below"
    assert findings.groups_title(both.iloc[[0, 2]]) == ("Eastgate is above what chance allows")
    assert findings.groups_title(both.iloc[[2, 2]]) == "No practice is outside what chance allows"
    untested = points(("Hill", "within", "not_tested"))
    assert findings.groups_title(untested, plural="practices") == "Too few events to compare practices"
    assert findings.groups_sentence(both) == "Eastgate is the one practice above its limits."
    assert findings.high_low_title(both) == "Eastgate is high on avoidable-equivalent share, Millbrook low"


def test_the_mockup_subtitle_is_computed() -> None:
    sentence = findings.target_sentence(520.0, 480.0, 146_300)
    assert sentence == (
        "520 treated-and-released visits per 1,000 against a target of 480: "
        "about 490 visits above it in 12 months."
    )


def test_shares_are_said_in_words_only_where_the_words_are_true() -> None:
    assert findings.classes_title(2066 / 6340) == "A third of visits are avoidable-equivalent"
    assert findings.classes_title(0.29) == "29% of visits are avoidable-equivalent"
    assert findings.classes_title(None) == "Visits are not classified"
    assert share_in_words(0.5) == "Half"
    assert share_in_words(0.45) is None


def test_one_busy_weekday_is_named_and_chance_is_not() -> None:
    assert (
        findings.weekday_title([400, 300, 300, 300, 300, 300, 300]) == "Monday is busier than chance allows"
    )
    assert (
        findings.weekday_title([31, 28, 30, 29, 33, 27, 30])
        == "Visits are spread over the week as chance allows"
    )
    assert findings.weekday_title([1, 0, 0, 0, 0, 0, 0]) == "Too few visits to compare weekdays"


def test_empty_questions_still_have_titles() -> None:
    assert findings.concentration_title(None) == "No visits in these 12 months"
    assert findings.followup_title(math.nan, 0.45) == "No visit's 7-day follow-up window is complete"
    assert findings.followup_title(0.38, 0.45, eligible=900) == (
        "38% were followed up within 7 days, below the target of 45%"
    )
    assert findings.diagnosis_title([], [], 0) == "No visits with a known reason"
    assert findings.frequent_title(0, 0, 0) == "No members with 4 or more visits"


def test_names_are_listed_and_counted_in_words() -> None:
    assert listing(["A", "B", "C", "D"]) == "A, B and 2 others"
    assert listing(["A", "B"]) == "A and B"
    assert [count_in_words(count) for count in (1, 12, 13)] == ["one", "twelve", "13"]


@pytest.mark.parametrize(
    "word", ["frequent flyer", "abuser", "non-compliant", "noncompliant", "inappropriate"]
)
def test_words_the_product_does_not_use_are_not_in_its_sentences(word: str) -> None:
    assert word not in (inspect.getsource(findings) + inspect.getsource(control_chart)).lower()
