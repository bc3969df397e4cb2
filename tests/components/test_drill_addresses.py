"""From a number to its list: what an address may carry, and whether the list agrees with the number."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

import queries
from components import cost_lists, drill, member_list
from components.drill import Opened
from components.filter_bar import Chosen
from queries.filters import Filters

VISITS = pd.DataFrame({"person_id": ["a", "a", "b"], "class_weight": [0.5, 0.25, 0.75]})
PEOPLE = pd.DataFrame({"person_id": ["a", "b"], "visits": [2, 1]})


def opened(
    question: str = "ed/visits", counted: str = "rows", expected: float | None = None, **parameters: str
):
    return Opened(question, parameters, "Eastgate", counted, expected)


@pytest.mark.parametrize(
    ("question", "counted", "here"),
    [("ed/visits", "rows", 3), ("ed/visit_members", "rows", 2), ("ed/visits", "sum:class_weight", 1.5)],
)
def test_the_list_is_counted_as_the_number_was(question: str, counted: str, here: float) -> None:
    assert drill.agreement(opened(question, counted, here), VISITS, PEOPLE) == (here, True)


def test_a_list_that_differs_from_the_number_says_so() -> None:
    asked = opened(expected=5)
    here, agrees = drill.agreement(asked, VISITS, PEOPLE)
    assert agrees is False
    assert "3 visits here, 5 in the chart" in member_list.agreement_words(asked, here, agrees)


def test_dollars_agree_to_the_cent_or_not_at_all() -> None:
    rows = pd.DataFrame(
        {"person_id": ["a"], "amount": [1.0], "total_rows": [331], "total_amount": [1234567.89]}
    )
    asked = opened("cost/members", "sum:amount", 1234567.89, basis="allowed")
    whole = cost_lists.sums(rows, asked)
    assert (whole.rows, whole.value) == (331, 1234567.89), "of the whole list, whatever page of it is shown"
    assert "\\$1,234,567.89 here, \\$1,234,567.89 in the chart" in cost_lists.agreement_words(
        asked, whole.value, asked.expected
    )
    assert cost_lists.agrees(1234567.88, asked.expected, asked) is False


def test_the_basis_of_dollars_is_said_once_and_cannot_be_taken_off() -> None:
    asked = opened(
        "cost/members", "sum:amount", basis="paid", truncated="true", pharmacy="false", part="over"
    )
    assert drill.basis_words(asked) == "Paid, truncated at the contract's cap, without pharmacy"
    chosen = Chosen(Filters(), {}, "12 months", pd.DataFrame({"month": []}), date(2026, 8, 1))
    assert drill.chips(chosen, asked, {})[0] == ("part", "Dollars", "Over the large-claimant threshold")
    assert not {key for key, _, _ in drill.chips(chosen, asked, {})} & set(drill.BASIS)
    assert drill.typed(opened("cost/members", truncated="true"))["truncated"] is True
    with pytest.raises(queries.QueryError, match="perhaps"):
        drill.typed(opened("cost/members", truncated="perhaps"))


def test_without_a_chart_nothing_is_claimed_to_agree() -> None:
    assert drill.agreement(opened(), VISITS, PEOPLE) == (3, None)


def test_parameters_are_read_as_the_question_declares_them() -> None:
    assert drill.typed(opened(weekday="3", month="2026-08-01"))["weekday"] == 3
    with pytest.raises(queries.QueryError, match="someday"):
        drill.typed(opened(weekday="someday"))


def test_every_number_that_can_be_opened_leads_to_a_list_that_can() -> None:
    """Numbers of the ED and the cost page; a question of another page opens in its own place."""
    lists = {"cost/members", "cost/large_claimants", "cost/change_members"}
    for question in queries.all_questions():
        # From a list one goes on to one member's claims, which no address names.
        if question.name.startswith(("ed/", "cost/")) and question.name not in lists:
            for measure, how in question.drill.items():
                assert how.question in drill.OPENABLE, f"{question.name} {measure} opens {how.question}"


def test_no_parameter_that_names_a_member_is_taken_from_an_address() -> None:
    for question in drill.OPENABLE:
        for name, parameter in queries.question(question).params.items():
            if "one member" in parameter.meaning or name in ("person_id", "search"):
                assert name in drill.NEVER_IN_ADDRESS
