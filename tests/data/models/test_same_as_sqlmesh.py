"""The statements that a build runs make what SQLMesh itself makes of the models, and can be kept between builds."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from data import project as room
from data.project import LAYERS, project, statements

from .conftest import attached


def tables_of(database: Path) -> dict[str, list[str]]:
    """Every row of every table and view of the models' layers, as text, in order."""
    with attached(database) as connection:
        names = connection.execute(
            "select table_schema || '.' || table_name from information_schema.tables "
            "where table_catalog = 'work' and list_contains(?, table_schema)",
            [list(LAYERS)],
        ).fetchall()
        return {
            name: sorted(str(row) for row in connection.execute(f"from {name}").fetchall())
            for (name,) in names
        }


@pytest.fixture(scope="module")
def planned(small_warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small feed's raw and reference tables, and what a SQLMesh plan makes of them."""
    path = Path(shutil.copy(small_warehouse, tmp_path_factory.mktemp("planned") / "work.duckdb"))
    with duckdb.connect(str(path)) as connection:
        for layer in LAYERS:
            connection.execute(f"drop schema {layer} cascade")
    with project(path) as context:
        context.plan("prod", no_prompts=True, auto_apply=True, skip_tests=True, skip_linter=True)
    return path


def test_a_build_makes_what_a_sqlmesh_plan_makes(small_warehouse: Path, planned: Path) -> None:
    ours, theirs = tables_of(small_warehouse), tables_of(planned)
    assert set(ours) == set(theirs) == {model.name for model in statements().models}
    assert [name for name in ours if ours[name] != theirs[name]] == []


def test_statements_are_kept_and_read_back_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = statements()
    monkeypatch.setenv("HUDDLEBOARD_CACHE", str(tmp_path / "kept"))
    monkeypatch.setattr(room, "_read_project", lambda: first)
    assert statements() == first
    monkeypatch.setattr(room, "_read_project", lambda: pytest.fail("the models were read again"))
    assert statements() == first


def test_models_are_read_where_nothing_can_be_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = statements()
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("HUDDLEBOARD_CACHE", str(tmp_path / "file"))
    monkeypatch.setattr(room, "_read_project", lambda: first)
    assert statements() == first


def test_what_is_kept_and_cannot_be_read_is_read_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = statements()
    monkeypatch.setenv("HUDDLEBOARD_CACHE", str(tmp_path))
    monkeypatch.setattr(room, "_read_project", lambda: first)
    (tmp_path / f"models-{room._fingerprint()}.json").write_text('{"models": [{')
    assert statements() == first
