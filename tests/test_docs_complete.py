"""The documentation is complete: every dependency, document and command a newcomer meets is explained."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_every_dependency_says_why_it_is_here() -> None:
    explained = re.findall(r"^\| ([\w-]+) \|", (ROOT / "docs" / "dependencies.md").read_text(), re.MULTILINE)
    for file in ("requirements.txt", "requirements-dev.txt"):
        for name in re.findall(r"^([\w-]+)(?:\[\w+\])?==", (ROOT / file).read_text(), re.MULTILINE):
            assert name in explained, f"docs/dependencies.md does not say why {name} ({file}) is here"


def test_every_requirement_is_pinned_exactly() -> None:
    for file in ("requirements.txt", "requirements-dev.txt", "constraints.txt"):
        for line in (ROOT / file).read_text().splitlines():
            if line and not line.startswith(("#", "-")):
                assert re.fullmatch(r"[\w.-]+(\[\w+\])?==[\w.+]+", line), (
                    f"{file}: {line!r} is not an exact pin"
                )


def test_every_document_is_reachable_from_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    for document in sorted((ROOT / "docs").glob("*.md")):
        assert f"docs/{document.name}" in readme, f"README.md does not lead to docs/{document.name}"


def test_every_link_between_documents_leads_somewhere() -> None:
    for document in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", document.read_text()):
            assert (document.parent / target).exists(), (
                f"{document.name} links to {target}, which is not there"
            )


def test_every_make_command_is_explained() -> None:
    makefile = (ROOT / "Makefile").read_text()
    readme = (ROOT / "README.md").read_text()
    for command in ("run", "test", "setup", "bench", "lint"):
        assert re.search(rf"^{command}:.*## ", makefile, re.MULTILINE), f"make {command} has no description"
        assert f"make {command}" in readme, f"README.md does not mention make {command}"


def test_nothing_of_one_machine_is_written_down() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in listed.splitlines():
        file = ROOT / name
        if file.is_file() and file.suffix not in {".png", ".svg"}:
            text = file.read_text(errors="ignore")
            for place in ("/work" + "/main", "/ro" + "ot/", "." + "library"):
                assert place not in text, f"{name} names {place}"
