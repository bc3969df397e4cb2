"""Opening a number: the list agrees with it, and an address that asks for another
market's rows finds none.
"""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

import queries
from access import sessions
from components import sign_in


def principal_of(test: AppTest):
    return sessions.resolve(test.session_state[sign_in.TOKEN])


def test_a_drill_lists_exactly_the_visits_that_were_counted(open_page) -> None:
    test = open_page("market_operations", "members", show="ed/visits", disposition="treated_and_released")
    summary = queries.ask("ed/summary", principal_of(test)).iloc[0]
    assert f"{int(summary['visits']):,} visits here" in "\n".join(
        str(element.value) for element in test.markdown
    )
    assert f"made {int(summary['visits']):,} ED visits" in test.title[0].value


@pytest.mark.parametrize(
    "key", ["facility_npi", "practice_name", "care_team_id", "pcp_npi", "market_id", "contract_id"]
)
def test_a_forged_drill_shows_only_rows_of_ones_own_market(open_page, key: str) -> None:
    """Whatever id of another market an address carries, what is listed belongs to the reader's own scope."""
    theirs = open_page("another_market", "members")
    other, kind = principal_of(theirs), {
        "practice_name": "practice", "care_team_id": "care_team", "pcp_npi": "pcp", "market_id": "market",
        "contract_id": "contract",
    }  # fmt: skip
    if key == "facility_npi":
        value = queries.ask("ed/by_facility", other).iloc[0]["facility_npi"]
    else:
        value = queries.ask("ed/by_group", other, group_by=kind[key]).iloc[0]["group_id"]
    test = open_page("market_operations", "members", show="ed/visits", **{key: str(value)})
    mine = principal_of(test)
    allowed = set(queries.ask("ed/visits", mine)["person_id"])
    listed = queries.ask("ed/visits", mine, **{key: str(value)})
    assert set(listed["person_id"]) <= allowed
    assert not set(listed["market_name"]) & set(queries.ask("ed/visits", other)["market_name"])
    if listed.empty:
        assert test.title[0].value == "Nobody is behind this number"
    assert not test.exception


def test_a_person_in_an_address_is_not_looked_up(open_page) -> None:
    test = open_page("market_operations", "members")
    everybody = queries.ask("ed/visits", principal_of(test))
    person = str(everybody.iloc[0]["person_id"])
    test = open_page("market_operations", "members", show="ed/visits", person_id=person)
    assert f"made {len(everybody):,} ED visits" in test.title[0].value
    assert person not in str(test.query_params.get("label", ""))


def test_a_value_of_the_wrong_kind_is_answered_in_words(open_page) -> None:
    test = open_page("market_operations", "members", show="ed/visits", weekday="someday")
    said = "\n".join(str(element.value) for element in test.markdown)
    assert "could not be shown" in said and "someday" in said
    assert not test.exception


def test_another_markets_name_in_the_address_is_left_out_and_said_so(open_page) -> None:
    theirs = open_page("another_market", "ed_utilization")
    options = queries.ask("shared/filter_options", principal_of(theirs))
    name = options.loc[options["kind"] == "market", "name"].iloc[0]
    test = open_page("market_operations", "ed_utilization", market=name)
    assert any("Left out" in info.value and name in info.value for info in test.info)
    assert test.selectbox(key="market").value == "all"


def test_the_members_and_the_claims_behind_dollars_come_to_them(open_page) -> None:
    """From a category of the cost page to its members, and from one member to the claims, to the cent."""
    address = {"show": "cost/members", "count": "sum:amount", "service_category_1": "inpatient"}
    test = open_page("market_operations", "members", **address)
    mine = principal_of(test)
    categories = queries.ask("cost/by_category", mine).set_index("service_category_1")
    dollars = f"\\${categories.loc['inpatient', 'amount']:,.2f}"
    said = "\n".join(str(element.value) for element in test.markdown)
    assert f"{dollars} here" in said
    assert dollars in test.title[0].value

    person = queries.ask("cost/members", mine, service_category_1="inpatient", limit=1).iloc[0]
    claims = queries.ask(
        "cost/claims", mine, service_category_1="inpatient", person_id=str(person["person_id"])
    )
    assert claims["amount"].sum() == pytest.approx(person["amount"], abs=0.005)


def test_a_member_in_the_address_of_a_cost_list_is_not_looked_up(open_page) -> None:
    test = open_page("market_operations", "members", show="cost/members", count="sum:amount")
    mine = principal_of(test)
    everybody = queries.ask("cost/members", mine, limit=1).iloc[0]
    again = open_page(
        "market_operations", "members", show="cost/members", count="sum:amount",
        person_id=str(everybody["person_id"]),
    )  # fmt: skip
    assert again.title[0].value == test.title[0].value
