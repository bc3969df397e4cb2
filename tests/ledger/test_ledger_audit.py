"""The audit trail says who saw whom, cannot be changed, and shows it when somebody changed it anyway."""

from __future__ import annotations

import json
import subprocess
import sys
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, insert, text
from sqlalchemy.exc import DBAPIError

from ledger import audit
from ledger.__main__ import main
from ledger.database import engine, writing
from ledger.tables import AuditEvent

ROOT = Path(__file__).resolve().parents[2]
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def record(**given: Any) -> audit.Recorded:
    view = {
        "user_id": "u-1",
        "session_id": "s-1",
        "action": "view",
        "question": "members/list",
        "filters": {"market": ("harbor",), "period_start": date(2025, 11, 1)},
        "rows": 2,
        "member_ids": ["b", "a", "b"],
        "snapshot": "2026-11-20T061000Z-ab12cd",
        "now": NOON,
    }
    return audit.record(**{**view, **given})


def tamper(statement: str, **values: Any) -> None:
    """Change the trail as somebody with the database's password could: with the triggers out of the way."""
    with engine().execution_options(ledger_writes=True).begin() as connection:
        if connection.dialect.name == "sqlite":
            for trigger in ("no_update", "no_delete", "next_only"):
                connection.execute(text(f"drop trigger if exists audit_event_{trigger}"))
        else:
            connection.execute(text("alter table audit_event disable trigger user"))
        connection.execute(text(statement), values)


def test_an_event_says_who_did_what_to_whom(ledger_of_each_kind: str) -> None:
    record()
    (found,) = audit.last_events(10)
    assert (found["user_id"], found["session_id"], found["action"]) == ("u-1", "s-1", "view")
    assert found["question"] == "members/list"
    assert json.loads(found["filters"]) == {"market": ["harbor"], "period_start": "2025-11-01"}
    assert (found["row_total"], found["member_total"], found["members"]) == (2, 2, ["a", "b"])
    assert found["snapshot"] == "2026-11-20T061000Z-ab12cd"
    assert found["recorded_at"] == NOON


def test_a_principal_can_be_handed_in_whole(sqlite_ledger: str) -> None:
    @dataclass(frozen=True)
    class Anyone:
        user_id: str = "u-9"
        session_id: str = "s-9"

    audit.record(Anyone(), action="export", rows=0)
    assert audit.last_events(1)[0]["user_id"] == "u-9"
    assert audit.last_events(1)[0]["session_id"] == "s-9"


def test_an_untouched_chain_verifies(ledger_of_each_kind: str) -> None:
    for number in range(5):
        record(question=f"q{number}")
    found = audit.verify()
    assert found.is_intact
    assert found.events == 5


CHANGES = {
    "recorded_at": "2026-11-20 13:00:00",
    "user_id": "u-2",
    "session_id": "s-2",
    "action": "export",
    "question": "ed/visits",
    "filters": "{}",
    "row_total": 3,
    "member_total": 1,
    "member_ids": zlib.compress(b'["a"]'),
    "members_sha256": "0" * 64,
    "snapshot": "another",
    "detail": '{"a":1}',
    "repeat_key": "0" * 64,
    "prev_hash": "1" * 64,
    "hash": "2" * 64,
}


def test_every_column_of_an_event_is_tried() -> None:
    assert {*CHANGES, "sequence"} == set(AuditEvent.__table__.columns.keys())


@pytest.mark.parametrize("column", CHANGES)
def test_a_change_to_any_field_is_found_at_its_event(sqlite_ledger: str, column: str) -> None:
    for number in range(3):
        record(question=f"q{number}")
    tamper(f"update audit_event set {column} = :value where sequence = 2", value=CHANGES[column])
    found = audit.verify()
    assert not found.is_intact
    assert found.broken_at == 2


def test_a_renumbered_event_is_found(sqlite_ledger: str) -> None:
    for number in range(3):
        record(question=f"q{number}")
    tamper("update audit_event set sequence = 9 where sequence = 2")
    assert audit.verify().broken_at == 3


def test_a_deleted_event_is_found(ledger_of_each_kind: str) -> None:
    for number in range(3):
        record(question=f"q{number}")
    tamper("delete from audit_event where sequence = 2")
    assert audit.verify().broken_at == 3


def test_a_cut_off_tail_is_found(ledger_of_each_kind: str) -> None:
    for number in range(3):
        record(question=f"q{number}")
    tamper("delete from audit_event where sequence = 3")
    found = audit.verify()
    assert found.broken_at == 3
    assert "missing" in (found.fault or "")


def test_a_chain_rebuilt_as_a_whole_is_found_by_a_link_noted_elsewhere(sqlite_ledger: str) -> None:
    record(question="seen")
    noted = (1, audit.verify().last_hash)
    tamper("delete from audit_event")
    tamper("update audit_head set sequence = 0, hash = :first", first=audit.FIRST_HASH)
    record(question="harmless")
    assert audit.verify().is_intact
    assert audit.verify(expected=noted).broken_at == 1


@pytest.mark.parametrize(
    "statement",
    [
        "update audit_event set user_id = 'u-2'",
        "delete from audit_event",
        "delete from audit_event where sequence = 1",
    ],
)
def test_the_database_refuses_to_change_or_delete_events(ledger_of_each_kind: str, statement: str) -> None:
    record()
    with pytest.raises(DBAPIError, match="append-only"), writing() as session:
        session.execute(text(statement))
    assert audit.verify().events == 1


def test_sqlite_refuses_to_replace_an_event(sqlite_ledger: str) -> None:
    record()
    (event_row,) = audit.last_events(1)
    values = {**event_row, "user_id": "u-2", "member_ids": zlib.compress(b"[]")}
    values.pop("members")
    with pytest.raises(DBAPIError, match="append-only"), writing() as session:
        session.execute(insert(AuditEvent).prefix_with("or replace").values(**values))
    assert audit.last_events(1)[0]["user_id"] == "u-1"


def test_postgresql_refuses_to_truncate(postgres_ledger: str) -> None:
    record()
    with pytest.raises(DBAPIError, match="append-only"), writing() as session:
        session.execute(text("truncate audit_event"))


def test_a_view_drawn_again_is_recorded_once_for_five_minutes(sqlite_ledger: str) -> None:
    first = record()
    again = record(member_ids=["a", "b"], now=NOON + timedelta(minutes=4, seconds=59))
    assert (again.sequence, again.is_repeat) == (first.sequence, True)
    assert not record(now=NOON + timedelta(minutes=5, seconds=1)).is_repeat


@pytest.mark.parametrize(
    "other",
    [
        {"session_id": "s-2"},
        {"user_id": "u-2"},
        {"question": "ed/visits"},
        {"filters": {"market": ["millbrook"]}},
        {"rows": 3},
        {"member_ids": ["a", "c"]},
        {"snapshot": "2026-11-21T061000Z-ab12cd"},
        {"detail": {"search": "diaz"}},
        {"action": "export"},
    ],
    ids=lambda other: next(iter(other)),
)
def test_a_view_that_differs_in_anything_is_recorded(sqlite_ledger: str, other: dict[str, Any]) -> None:
    record()
    assert not record(**other).is_repeat


def test_every_export_is_recorded(sqlite_ledger: str) -> None:
    assert not record(action="export").is_repeat
    assert not record(action="export").is_repeat


def test_ten_thousand_members_are_one_row(sqlite_ledger: str) -> None:
    members = [f"person-{number}" for number in range(10_000)]
    statements: list[str] = []
    event.listen(engine(), "before_cursor_execute", lambda *given: statements.append(given[2]))
    record(member_ids=members, rows=10_000)
    assert len([statement for statement in statements if statement.lower().startswith("insert")]) == 1
    (found,) = audit.last_events(1)
    assert found["members"] == sorted(members)
    assert audit.verify().is_intact


def test_who_saw_a_member_can_be_asked(sqlite_ledger: str) -> None:
    record(member_ids=["a"])
    record(member_ids=["b"])
    assert [found["members"] for found in audit.last_events(10, member_id="b")] == [["b"]]


def test_twenty_sessions_append_without_losing_or_breaking_a_link(ledger_of_each_kind: str) -> None:
    def append(session: int) -> list[int]:
        return [record(session_id=f"s-{session}", question=f"q{n}").sequence for n in range(5)]

    with ThreadPoolExecutor(20) as pool:
        sequences = [sequence for result in pool.map(append, range(20)) for sequence in result]
    assert sorted(sequences) == list(range(1, 101))
    assert audit.verify().events == 100
    assert audit.verify().is_intact


def test_processes_open_and_fill_a_new_ledger_at_once(ledger_of_each_kind: str) -> None:
    """None of them finds the tables half made: the first to come makes them, the others wait."""
    file = Path(ledger_of_each_kind.removeprefix("sqlite:///"))
    if ledger_of_each_kind.startswith("sqlite"):
        file.unlink()
    script = (
        "import sys; from ledger import audit\n"
        "for n in range(5): audit.record(user_id=sys.argv[1], action='export', question=str(n))"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", script, f"u-{n}"], cwd=ROOT, stderr=subprocess.PIPE)
        for n in range(4)
    ]
    for process in processes:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors.decode()
    assert audit.verify().events == 20
    assert audit.verify().is_intact


def test_the_command_line_verifies_and_says_where_it_broke(
    sqlite_ledger: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(3):
        record(question=f"q{number}")
    assert main(["verify"]) == 0
    assert "Intact: 3 events" in capsys.readouterr().out
    tamper("update audit_event set user_id = 'u-2' where sequence = 2")
    assert main(["verify"]) == 1
    assert "BROKEN at event 2: its content was changed" in capsys.readouterr().out


def test_the_command_line_shows_the_last_events(
    sqlite_ledger: str, capsys: pytest.CaptureFixture[str]
) -> None:
    record(question="first")
    record(question="second")
    assert main(["show", "--last", "1", "--json"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["question"] == "second"
    assert json.loads(line)["members"] == ["a", "b"]
