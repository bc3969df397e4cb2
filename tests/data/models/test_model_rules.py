"""Runs the SQLMesh unit tests of data/models/tests: a few input rows and the rows a rule makes of them."""

from __future__ import annotations

import io

import yaml

from data.project import MODELS, project


def test_every_rule_written_as_rows_holds() -> None:
    written = sum(len(yaml.safe_load(path.read_text())) for path in (MODELS / "tests").glob("test_*.yaml"))
    report = io.StringIO()
    with project() as context:
        result = context.test(stream=report)
    assert result.testsRun == written > 0
    broken = [f"{test}: {reason}" for test, reason in [*result.errors, *result.failures]]
    assert not broken, "\n".join(broken)
