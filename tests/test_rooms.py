"""Who may import whom: the rooms of the house, as `docs/architecture.md` draws them, held over every import."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

MAY_IMPORT: dict[str, set[str]] = {
    "analytics": set(),
    "ledger": set(),
    "access": {"ledger"},
    "queries": {"access"},
    "data": {"analytics"},
    # `ledger` for the audit of what was shown and exported; `access` for the sign-in form and the principal.
    "components": {"analytics", "queries", "access", "ledger"},
    "pages": {"components", "queries", "ledger", "access"},
    "app": {"pages", "components", "queries", "access", "ledger"},
    "server": {"app", "components", "queries", "access", "ledger"},
}
NO_STREAMLIT = {"queries", "analytics", "data", "ledger", "access"}
# The check of the planted truths asks the product's own questions, as its command line's last step.
EXCEPTIONS = {("data/truths.py", "queries"), ("data/truths.py", "access"), ("pages", "app")}


def modules(room: str) -> Iterator[Path]:
    single = ROOT / f"{room}.py"
    if single.exists():
        yield single
    yield from sorted(path for path in (ROOT / room).rglob("*.py") if "__pycache__" not in path.parts)


def imported(path: Path) -> set[str]:
    """The first part of every module a file imports, wherever in the file."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_a_room_imports_only_what_the_house_allows(room: str) -> None:
    files = list(modules(room))
    assert files, f"there is no room {room}"
    wrong = []
    for path in files:
        name = path.relative_to(ROOT).as_posix()
        ours = imported(path) & (set(MAY_IMPORT) | {"benchmarks", "tests"})
        for other in sorted(ours - MAY_IMPORT[room] - {room}):
            if not {(name, other), (room, other)} & EXCEPTIONS:
                wrong.append(f"{name} imports {other}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("room", sorted(NO_STREAMLIT))
def test_rooms_below_the_pages_know_nothing_of_streamlit(room: str) -> None:
    assert not [path.name for path in modules(room) if "streamlit" in imported(path)]


def test_nothing_above_the_queries_opens_a_database() -> None:
    doors = {"duckdb", "sqlalchemy", "sqlite3"}
    wrong = [
        path.relative_to(ROOT).as_posix()
        for room in ("app", "pages", "components")
        for path in modules(room)
        if imported(path) & doors
    ]
    assert not wrong
