"""Exports: nothing in them runs, their meaning comes with them, and they are recorded before they exist."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.principal import Principal
from components import export
from components.asking import Asking
from components.export import Export

LEAD = Principal(
    "u1", "Priya Natarajan", "market_operations", frozenset({"harbor"}), None, frozenset({"members"}),
    frozenset({"key", "identifier"}), frozenset({"view_members", "export_members"}), "s1",
)  # fmt: skip
SNAPSHOT = "2026-11-20T061000Z-ab12cd"
ROWS = pd.DataFrame(
    {
        "person_id": ["p1", "p2"],
        "name": ["=HYPERLINK(1)", "Müller, Ana"],
        "visits": [3, -2],
        "last": [pd.Timestamp(2026, 10, 3), pd.NaT],
    }
)


def an_export(fetch: Any = lambda: ROWS, member_level: bool = True) -> Export:
    return Export(
        title="Members of Eastgate",
        stem="eastgate-ed",
        rows=len(ROWS),
        fetch=fetch,
        columns={"name": "Member", "visits": "Visits", "last": "Last visit"},
        filters=[("Market", "Harbor")],
        definitions=[("ED visits per 1,000", "visits ÷ member-months × 12,000")],
        question="members/list",
        member_level=member_level,
    )


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the audit trail was told, in order."""
    events: list[dict[str, Any]] = []
    monkeypatch.setattr("ledger.audit.record", lambda **event: events.append(event))
    monkeypatch.setattr("access.still_signed_in", lambda principal: True)
    return events


@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", " =1+1", "＝1"])
def test_a_cell_that_a_spreadsheet_would_run_is_neutralised(start: str) -> None:
    assert export.neutralised(start) == f"'{start}"


@given(st.text())
def test_no_text_leaves_as_a_formula(text: str) -> None:
    assert not str(export.neutralised(text)).lstrip(" \xa0").startswith(("=", "+", "-", "@", "\t", "\r"))


def test_numbers_stay_numbers_even_below_zero() -> None:
    assert export.neutralised(-2) == -2


def test_the_workbook_has_its_filters_definitions_and_snapshot_on_a_second_sheet() -> None:
    about = export.about_rows(an_export(), Asking(LEAD, SNAPSHOT), 2)
    book = openpyxl.load_workbook(io.BytesIO(export.workbook(ROWS, an_export(), about)))
    rows, notes = book.worksheets
    assert [cell.value for cell in rows[1]] == ["Member", "Visits", "Last visit"]
    assert rows["A2"].value == "'=HYPERLINK(1)" and rows["A2"].data_type == "s"
    assert rows["B3"].value == -2
    told = {row[0].value: row[1].value for row in notes.iter_rows()}
    assert told["Filter: Market"] == "Harbor"
    assert told["Snapshot"] == SNAPSHOT
    assert "12,000" in told["Definition: ED visits per 1,000"]


def test_the_csv_comes_with_the_same_beside_it() -> None:
    about = export.about_rows(an_export(), Asking(LEAD, SNAPSHOT), 2)
    archive = zipfile.ZipFile(io.BytesIO(export.csv_zip(ROWS, an_export(), about, SNAPSHOT)))
    assert sorted(archive.namelist()) == ["about.txt", "eastgate-ed-2026-11-20.csv"]
    lines = archive.read("eastgate-ed-2026-11-20.csv").decode("utf-8-sig").splitlines()
    assert lines == ["Member,Visits,Last visit", "'=HYPERLINK(1),3,2026-10-03", '"Müller, Ana",-2,']
    assert f"Snapshot: {SNAPSHOT}" in archive.read("about.txt").decode()


def test_an_export_is_recorded_with_its_members_before_it_is_made(written: list[dict[str, Any]]) -> None:
    receipts: dict[str, str] = {}
    made = export._file(Asking(LEAD, SNAPSHOT), an_export(), "csv", receipts)
    assert not written
    assert made()
    assert [event["action"] for event in written] == ["export"]
    assert written[0]["member_ids"] == ["p1", "p2"] and written[0]["rows"] == 2
    assert "eastgate-ed-2026-11-20.zip" in receipts["last"] and "2 rows" in receipts["last"]


def test_an_export_that_cannot_be_recorded_is_not_made(
    written: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(**event: Any) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr("ledger.audit.record", full)
    receipts: dict[str, str] = {}
    with pytest.raises(OSError, match="disk"):
        export._file(Asking(LEAD, SNAPSHOT), an_export(), "xlsx", receipts)()
    assert not receipts


def test_a_role_without_the_action_gets_no_bytes(written: list[dict[str, Any]]) -> None:
    from queries import NotPermitted

    nobody = Principal("u2", "N", "data_steward", None, None, frozenset(), frozenset(), frozenset(), "s2")
    with pytest.raises(NotPermitted):
        export._file(Asking(nobody, SNAPSHOT), an_export(), "csv", {})()
    assert not written


def test_a_session_that_has_ended_gets_no_bytes(
    written: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from queries import NotPermitted

    monkeypatch.setattr("access.still_signed_in", lambda principal: False)
    with pytest.raises(NotPermitted, match="ended"):
        export._file(Asking(LEAD, SNAPSHOT), an_export(), "csv", {})()
    assert not written
