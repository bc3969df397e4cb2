"""Data operations: what the questions answer is what the page says, and what it affects is said on other pages."""

from __future__ import annotations

import io
import zipfile

import pytest
from streamlit.testing.v1 import AppTest

import queries
from access import sessions
from components import sign_in


def principal_of(test: AppTest):
    return sessions.resolve(test.session_state[sign_in.TOKEN])


def words(test: AppTest) -> str:
    kinds = (test.title, test.subheader, test.markdown, test.caption, test.info)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


def grid(test: AppTest, column: str):
    """The grid that has a column."""
    return next(frame.value for frame in test.dataframe if column in frame.value)


def test_the_title_is_the_worst_problem_and_every_feed_has_its_verdict(open_page) -> None:
    test = open_page("data_steward", "data_operations")
    assert not test.exception
    verdicts = queries.ask("data/verdicts", principal_of(test))
    assert verdicts.iloc[0]["severity"] == "act", "the demo plants faults"
    assert test.title[0].value.startswith(verdicts.iloc[0]["words"])
    said = words(test)
    for verdict in verdicts.itertuples():
        assert f"**{verdict.feed_name}**" in said
    assert "could not be shown" not in said


def test_a_feed_in_the_address_narrows_the_page_to_it(open_page) -> None:
    everything = open_page("data_steward", "data_operations")
    verdicts = queries.ask("data/verdicts", principal_of(everything))
    worst = verdicts.iloc[0]
    test = open_page("data_steward", "data_operations", feed=str(worst["feed_name"]))
    assert not test.exception
    assert test.selectbox(key="feed").value == worst["feed"]
    problems = queries.ask("data/issues", principal_of(test), feed=worst["feed"])
    assert len(grid(test, "consequence")) == len(problems) == worst[["act", "watch", "info"]].sum()
    others = set(verdicts["feed_name"]) - {worst["feed_name"]}
    assert not {name for name in others if f"**{name}**" in words(test)}


def test_the_pill_of_a_page_tells_what_touches_its_numbers_and_leads_to_the_feed(open_page) -> None:
    test = open_page("every_market", "ed_utilization", period="24 months")
    problems = queries.ask("shared/data_issues", principal_of(test))
    assert len(problems)
    touching = problems[problems["metrics"].str.contains("ed_visits_per_1000")]
    said = words(test)
    for problem in touching.head(3).itertuples():
        assert f"**{problem.words}**" in said


def test_rows_set_aside_leave_only_by_who_may_see_them_and_leave_a_trace(open_page) -> None:
    from ledger import audit

    lead = open_page("market_operations", "data_operations")
    assert not lead.get("download_button") or not any(
        button.proto.id.endswith("rows_set_aside_csv") for button in lead.get("download_button")
    )
    from components import export
    from components.asking import Asking

    steward = open_page("data_steward", "data_operations")
    asking = Asking(principal_of(steward), queries.current_snapshot())
    rows = asking.ask("data/quarantine")
    asked = export.Export(
        title="Rows set aside", stem="rows-set-aside", rows=len(rows), fetch=lambda: rows,
        columns={"file_name": "File", "row_json": "Row"}, filters=[], definitions=[], question="data/quarantine", as_sent=True,
    )  # fmt: skip
    made = export._file(asking, asked, "csv", {})()
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        assert len(archive.read(archive.namelist()[0]).decode().strip().split("\n")) >= len(rows) + 1 > 1
    assert audit.last_events(1)[0]["action"] == "export"
    asking = Asking(principal_of(lead), queries.current_snapshot())
    assert not asked.permitted(asking)
    with pytest.raises(queries.NotPermitted):
        export._file(asking, asked, "csv", {})()
