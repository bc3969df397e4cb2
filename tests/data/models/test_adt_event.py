"""Admission messages find their member, are taken back and brought up to date."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from data.sources.tables import ADT_EVENT

MODEL = Path(__file__).parents[3] / "data" / "models" / "mart" / "adt_event.sql"

MEMBERS = [
    # person, member number, last name, first name, birth date, sex
    ("ann", "m1", "Ode", "Ann", "1950-01-01", "female"),
    ("bea", "m2", "Poe", "Bea", "1960-01-01", "female"),
    ("cal", "m3", "Roe", "Cal", "1970-01-01", "male"),
    ("dan", "m4", "Twin", "Dan", "1980-01-01", "male"),
    ("dun", "m5", "Twin", "Dan", "1980-01-01", "male"),
    ("eve", "shared", "Low", "Eve", "1990-01-01", "female"),
    ("fay", "shared", "Low", "Fay", "1991-01-01", "female"),
]

MESSAGES = [
    # event, type, received, member number, last, first, birth date, sex, visit, class, complaint
    ("by_number", "A01", "2026-03-01 10:00", "m1", "Other", "Name", "1900-01-01", "male", "v1", "I", "Fall"),
    ("by_name", "A04", "2026-03-01 10:00", None, " poe", "BEA ", "1960-01-01", "female", "v2", "E", "Cough"),
    ("wrong_day", "A04", "2026-03-01 10:00", None, "Poe", "Bea", "1960-01-02", "female", "v3", "E", None),
    ("two_fit", "A04", "2026-03-01 10:00", None, "Twin", "Dan", "1980-01-01", "male", "v4", "O", None),
    (
        "two_numbers",
        "A04",
        "2026-03-01 10:00",
        "shared",
        "Low",
        "Eve",
        "1990-01-01",
        "female",
        "v5",
        "O",
        None,
    ),
    ("arrival", "A04", "2026-03-02 10:00", "m3", None, None, None, None, "v6", "E", "Pain"),
    ("admitted", "A01", "2026-03-02 12:00", "m3", None, None, None, None, "v6", "I", "Pain"),
    ("update", "A08", "2026-03-02 12:30", "m3", None, None, None, None, "v6", None, "Chest pain"),
    ("cancel", "A11", "2026-03-02 13:00", "m3", None, None, None, None, "v6", "I", None),
    ("again", "A01", "2026-03-02 14:00", "m3", None, None, None, None, "v6", "I", "Pain"),
    ("left", "A03", "2026-03-05 09:00", "m3", None, None, None, None, "v6", "I", None),
]


@pytest.fixture(scope="module")
def events() -> dict[str, dict[str, object]]:
    """The mart's rows of the messages above, by event."""
    connection = duckdb.connect()
    for schema in ("raw", "core", "staging", "mart"):
        connection.execute(f"create schema {schema}")
    connection.execute(ADT_EVENT.ddl)
    connection.execute(
        "create table core.patient (person_id varchar, last_name varchar, first_name varchar, birth_date date, "
        "sex varchar)"
    )
    connection.execute("create table core.eligibility (person_id varchar, member_id varchar)")
    connection.execute(
        "create table core.member_month (person_id varchar, contract_id varchar, month date, market_id varchar)"
    )
    connection.execute(
        "create table staging.person_place (person_id varchar, contract_id varchar, market_id varchar)"
    )
    for person, member, *facts in MEMBERS:
        connection.execute("insert into core.patient values (?, ?, ?, ?, ?)", [person, *facts])
        connection.execute("insert into core.eligibility values (?, ?), (?, ?)", [person, member] * 2)
        connection.execute("insert into staging.person_place values (?, 'latest', 'north')", [person])
    connection.execute("insert into core.member_month values ('ann', 'aco', '2026-03-01', 'south')")
    names = ("event_id", "message_type", "received_time", "member_id", "last_name", "first_name")
    names += ("birth_date", "sex", "visit_number", "patient_class", "complaint")
    for message in MESSAGES:
        connection.execute(
            f"insert into raw.adt_event (feed, facility_id, event_time, {', '.join(names)}) "
            f"values ('adt', 'f1', $3, {', '.join(f'${n}' for n in range(1, len(names) + 1))})",
            list(message),
        )
    select = MODEL.read_text().split("\n);\n", 1)[1]
    found = connection.execute(select)
    columns = [column[0] for column in found.description]
    rows = [dict(zip(columns, row, strict=True)) for row in found.fetchall()]
    assert len(rows) == len(MESSAGES)
    return {str(row["event_id"]).removeprefix("adt:"): row for row in rows}


@pytest.mark.parametrize(
    ("event", "person", "method"),
    [
        ("by_number", "ann", "member_id"),
        ("by_name", "bea", "demographics"),
        ("wrong_day", None, "unmatched"),
        ("two_fit", None, "unmatched"),
        ("two_numbers", "eve", "demographics"),
    ],
)
def test_a_message_goes_to_the_one_member_it_fits(events, event, person, method):
    assert (events[event]["person_id"], events[event]["match_method"]) == (person, method)


def test_a_message_belongs_where_its_member_was_enrolled(events):
    places = {name: (events[name]["contract_id"], events[name]["market_id"]) for name in events}
    assert places["by_number"] == ("aco", "south")
    assert places["by_name"] == ("latest", "north")
    assert places["two_fit"] == ("unassigned", "unassigned")


def test_a_cancellation_takes_back_the_admission_before_it_and_no_other(events):
    assert [name for name, row in events.items() if row["is_cancelled"]] == ["admitted"]


def test_an_update_has_the_last_word_on_its_visit_only(events):
    complaints = {name: row["complaint"] for name, row in events.items()}
    assert complaints["arrival"] == complaints["again"] == "Chest pain"
    assert complaints["by_name"] == "Cough"


def test_an_arrival_at_the_emergency_department_is_told_from_an_admission(events):
    kinds = {name: row["kind"] for name, row in events.items()}
    assert kinds["arrival"] == kinds["by_name"] == "ed_arrival"
    assert kinds["by_number"] == kinds["again"] == "admission"
    assert (kinds["two_fit"], kinds["left"], kinds["update"], kinds["cancel"]) == (
        "registration",
        "discharge",
        "update",
        "cancellation",
    )
