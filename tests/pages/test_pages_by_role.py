"""Every page, for every role: what may be seen is shown without a failure, and the rest
says who can grant it.
"""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from access.policy import policy

ROLES = sorted(policy().roles)
PAGES = ("ed_utilization", "cost_pmpm", "members", "data_operations")


def words(test: AppTest) -> str:
    """Everything the page says, as one text."""
    kinds = (test.title, test.subheader, test.markdown, test.caption, test.info, test.warning, test.error)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_whole_for_who_may_open_it_and_closed_to_others(open_page, role: str, page: str) -> None:
    test = open_page(role, page)
    said = words(test)
    assert not test.exception
    assert "could not be shown" not in said
    assert "took too long" not in said
    if page in policy().roles[role].pages:
        assert "You do not have access" not in said
        assert len(test.title) == 1
        assert "Snapshot" in said
    else:
        assert "You do not have access to this page" in said
        assert "can grant it" in said
        assert not test.dataframe and not test.metric


def test_the_ed_page_shows_its_four_figures_and_every_section(open_page) -> None:
    test = open_page("every_market", "ed_utilization")
    assert [metric.label for metric in test.metric] == [
        "ED visits per 1,000",
        "Avoidable-equiv. per 1,000",
        "Follow-up within 7 days",
        "Members, 4 or more visits",
    ]
    assert len(test.subheader) >= 8
    assert "demo's own small pack" in words(test)


def test_the_cost_page_shows_its_figures_every_section_and_the_basis_under_each_chart(open_page) -> None:
    test = open_page("every_market", "cost_pmpm")
    assert [metric.label for metric in test.metric][:4] == [
        "Cost PMPM, completed",
        "Against prior year",
        "Risk-adjusted PMPM",
        "Estimated, not yet paid",
    ]
    assert len(test.subheader) >= 14
    said = words(test)
    assert "Unexplained residual: \\$0.00" in said
    captions = [caption.value for caption in test.caption]
    assert captions.count("Allowed, not truncated, with pharmacy; contributive; completed") >= 6


def test_the_basis_of_the_address_is_that_of_every_number(open_page) -> None:
    test = open_page("every_market", "cost_pmpm", dollars="Paid", drugs="Without", parts="Relative")
    words_of_basis = "Paid, not truncated, without pharmacy; relative; completed"
    assert words_of_basis in [caption.value for caption in test.caption]
    assert not [caption.value for caption in test.caption if caption.value.startswith("Allowed,")]


def test_a_benchmark_on_another_basis_is_shown_and_not_compared(open_page) -> None:
    test = open_page("every_market", "cost_pmpm", compare="National median")
    said = words(test)
    assert "Not comparable: is paid, not allowed" in said
    assert "Nothing to take apart" in said
    assert (
        test.button(key="take_basis").label == "Show paid, truncated at the contract's cap, without pharmacy"
    )


def test_a_role_without_identifiers_reads_no_name_and_no_phone(open_page) -> None:
    test = open_page("account_manager", "members")
    grid = next(frame.value for frame in test.dataframe if "ed_visits_12m" in frame.value)
    assert not {"member", "name", "phone_words", "birth_date"} & set(grid.columns)


def test_a_role_without_identifiers_reads_no_large_claimants_name(open_page) -> None:
    test = open_page("account_manager", "cost_pmpm")
    grids = [frame.value for frame in test.dataframe if "is_continuing" in frame.value]
    assert all(not {"name", "conditions", "conditions_words"} & set(grid.columns) for grid in grids)


def test_looking_at_members_is_written_down_with_the_members_shown(open_page) -> None:
    from ledger import audit

    open_page("market_operations", "members")
    views = [event for event in audit.last_events(20) if event["action"] == "view"]
    assert views and views[0]["question"] == "members/list"
    assert len(views[0]["members"]) == views[0]["row_total"] > 0


def test_a_member_is_opened_by_a_handle_of_this_session_only(open_page) -> None:
    import queries
    from access import sessions
    from components import sign_in
    from ledger import handles

    test = open_page("market_operations", "members")
    principal = sessions.resolve(test.session_state[sign_in.TOKEN])
    person = queries.ask("members/list", principal, limit=1).iloc[0]
    from streamlit.util import calc_hash

    test._page_hash = calc_hash("member")
    test.query_params["m"] = handles.handle_for(principal.session_id, person["person_id"])
    test.run()
    assert test.title[0].value == person["name"]

    elsewhere = open_page("another_market", "member", m=test.query_params["m"])
    assert elsewhere.title[0].value == "Choose a member"
    assert person["name"] not in words(elsewhere)


def test_a_market_lead_cannot_open_a_member_of_another_market_by_any_handle(open_page) -> None:
    from streamlit.util import calc_hash

    import queries
    from access import sessions
    from components import sign_in
    from ledger import handles

    theirs = open_page("another_market", "members")
    other = sessions.resolve(theirs.session_state[sign_in.TOKEN])
    stranger = queries.ask("members/list", other, limit=1).iloc[0]
    test = open_page("market_operations", "members")
    mine = sessions.resolve(test.session_state[sign_in.TOKEN])
    test._page_hash = calc_hash("member")
    test.query_params["m"] = handles.handle_for(mine.session_id, stranger["person_id"])
    test.run()
    assert test.title[0].value == "Choose a member"
    assert stranger["name"] not in words(test)
