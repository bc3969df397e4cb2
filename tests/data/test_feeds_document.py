"""docs/feeds.md can be followed step by step: every command in it is run here, on the files it speaks of."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import duckdb
import pytest
import yaml

from data.__main__ import main

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs" / "feeds.md").read_text()
STEPS = re.findall(r"^    ((?:python -m data|cp|mkdir) .*)$", DOCUMENT, re.MULTILINE)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the documentation in it, to type the commands in."""
    shutil.copytree(ROOT / "docs" / "examples", tmp_path / "docs" / "examples")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def follow(step: str) -> int:
    words = shlex.split(step)
    if words[0] == "mkdir":
        Path(words[-1]).mkdir(parents=True, exist_ok=True)
        return 0
    if words[0] == "cp":
        copy = shutil.copytree if words[1] == "-r" else shutil.copyfile
        copy(words[-2], words[-1])
        return 0
    return main(words[3:])


def test_the_steps_lead_from_a_folder_of_files_to_a_snapshot(project, stand_in_models, capfd):
    said: list[str] = []
    for step in STEPS:
        assert follow(step) == 0, step
        written = capfd.readouterr()
        said.append(written.out + written.err)
    mapped, first, second, built = (
        text for step, text in zip(STEPS, said, strict=True) if step.startswith("python")
    )
    assert "not placed: REL, STATUS" in mapped
    # What the document shows of the first check is what the check says.
    for line in re.findall(r"^    (\w+: \d row.*)$", DOCUMENT, re.MULTILINE):
        assert line in first
    assert "medical_claim: 1 row: bad amount, column PAID_CENTS" in second
    assert "'4880O'" in second
    assert "orphan line, column CLAIM_NUM, first in 2025-08/claim_lines_202508.txt row 7: '88005'" in second
    assert second.count(" row: ") == 2
    assert "Published" in built
    [snapshot] = (project / "warehouse").glob("*.duckdb")
    with duckdb.connect() as connection:
        connection.execute(f"attach '{snapshot}' as served (read_only)")
        claims = connection.execute(
            "select count(*), count(distinct claim_id), cast(sum(paid_amount) as varchar) "
            "from served.core.medical_claim"
        ).fetchall()
    # 672.00 + 32.80 + 111.50 + 6150.00 + 310.00 in August, 72.00 + 52.00 + 23.20 in September.
    assert claims == [(8, 6, "7423.50")]


def test_the_proposal_builds_as_it_is(project, capfd):
    for step in STEPS[: next(n for n, step in enumerate(STEPS) if " check " in step) + 1]:
        assert follow(step) == 0, step
    proposed = yaml.safe_load((project / "feeds" / "cedar_ridge" / "mapping.yaml").read_text())
    decided = yaml.safe_load((ROOT / "docs" / "examples" / "cedar_ridge" / "mapping.yaml").read_text())
    assert proposed["inputs"] == decided["inputs"]
    for table in decided["tables"]:
        [ours], [theirs] = decided["tables"][table], proposed["tables"][table]
        missed = {name for name, rule in ours["columns"].items() if theirs["columns"].get(name) != rule}
        # What is left is what the document lets a person decide.
        assert missed <= {"person_id", "member_id", "gender", "payer", "claim_type"}, table
