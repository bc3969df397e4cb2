"""Every setting is documented: docs/settings.md has each HUDDLEBOARD_ variable, and no other."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "settings.md"
NAME = re.compile(r"HUDDLEBOARD_[A-Z][A-Z0-9_]*[A-Z0-9]")
NOT_SOURCE = {".git", ".venv", "var", "__pycache__", "docs"}


def used() -> dict[str, str]:
    """Each variable named in the source, and one file that names it."""
    found: dict[str, str] = {}
    for file in sorted(ROOT.rglob("*")):
        parts = set(file.relative_to(ROOT).parts)
        is_source = file.suffix in {".py", ".toml", ".yaml", ".sh"} or file.name in {"Makefile", "run"}
        if file.is_file() and is_source and not NOT_SOURCE & parts:
            for name in NAME.findall(file.read_text(errors="ignore")):
                found.setdefault(name, str(file.relative_to(ROOT)))
    return found


def documented() -> set[str]:
    return set(re.findall(r"^\| `(HUDDLEBOARD_\w+)` \|", DOCUMENT.read_text(), re.MULTILINE))


def test_every_setting_is_documented() -> None:
    for name, file in used().items():
        assert name in documented(), f"docs/settings.md does not explain {name} ({file})"


def test_no_setting_is_documented_that_nothing_reads() -> None:
    unread = documented() - set(used())
    assert not unread, f"docs/settings.md explains {', '.join(sorted(unread))}, which nothing reads"


def test_every_setting_says_its_default_and_what_it_does() -> None:
    rows = re.findall(r"^\| `HUDDLEBOARD_\w+` \|.*$", DOCUMENT.read_text(), re.MULTILINE)
    for row in rows:
        _, _, default, meaning, _ = row.split("|")
        assert default.strip() and len(meaning.strip()) > 20, row
