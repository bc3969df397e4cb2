"""The ledger is brought up to date by itself, and says what is wrong when it cannot be opened."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from ledger import LedgerError, handles
from ledger.database import HEAD_REVISION, MIGRATIONS, engine, ledger_url, upgrade
from ledger.tables import Base

ROOT = Path(__file__).resolve().parents[2]


def test_migrations_from_empty_make_the_tables_the_models_describe(ledger_of_each_kind: str) -> None:
    with engine().connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_the_newest_migration_is_the_one_the_code_asks_for() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD_REVISION]


def test_an_up_to_date_ledger_is_left_alone(ledger_of_each_kind: str) -> None:
    assert upgrade(engine()) is False


def test_sqlite_waits_for_others_and_survives_a_power_cut(sqlite_ledger: str) -> None:
    with engine().connect() as connection:
        assert connection.execute(text("pragma journal_mode")).scalar() == "wal"
        assert connection.execute(text("pragma synchronous")).scalar() == 2
        assert connection.execute(text("pragma busy_timeout")).scalar() == 30_000
        assert connection.execute(text("pragma foreign_keys")).scalar() == 1


def test_the_sqlite_file_is_its_owners_alone(sqlite_ledger: str) -> None:
    engine()
    assert Path(sqlite_ledger.removeprefix("sqlite:///")).stat().st_mode & 0o077 == 0


def test_without_a_url_the_ledger_lies_in_the_projects_var(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HUDDLEBOARD_LEDGER", raising=False)
    assert ledger_url().database == str(ROOT / "var" / "ledger.sqlite")


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("not a url", "not a database URL"),
        ("mysql://host/ledger", "use sqlite or postgresql"),
        ("sqlite://", "must name a file"),
        ("sqlite:///:memory:", "must name a file"),
    ],
)
def test_a_wrong_url_is_answered_with_what_to_write(
    monkeypatch: pytest.MonkeyPatch, url: str, says: str
) -> None:
    monkeypatch.setenv("HUDDLEBOARD_LEDGER", url)
    with pytest.raises(LedgerError, match=says):
        ledger_url()


def test_a_server_that_is_not_there_is_named_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUDDLEBOARD_LEDGER", "postgresql://u:secret-word@127.0.0.1:1/ledger")
    with pytest.raises(LedgerError, match="cannot be opened") as caught:
        engine()
    assert "secret-word" not in str(caught.value)


def test_a_handle_names_one_member_in_one_session_only(ledger_of_each_kind: str) -> None:
    handle = handles.handle_for("s-1", "person-1")
    assert handles.handle_for("s-1", "person-1") == handle
    assert handles.handle_for("s-2", "person-1") != handle
    assert handles.person_of("s-1", handle) == "person-1"
    assert handles.person_of("s-2", handle) is None
    assert handles.person_of("s-1", "no-such-handle") is None
    assert "person" not in handle


@pytest.mark.parametrize("room", ["ledger", "access"])
def test_the_room_imports_only_what_the_architecture_allows(room: str) -> None:
    allowed = {"ledger": {"ledger"}, "access": {"access", "ledger"}}[room]
    rooms = {"access", "analytics", "app", "components", "data", "ledger", "pages", "queries", "server"}
    for file in (ROOT / room).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                top = name.split(".")[0]
                assert top != "streamlit", f"{file} imports streamlit"
                assert top not in rooms - allowed, f"{file} imports {top}"
