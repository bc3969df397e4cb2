"""docs/ingestion.md names every format, every key of a source.yaml, every table, and every reason a row is set aside."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.feeds import ContractDeclaration, Delivery, MarketDeclaration, Options, Source
from data.sources.adapter import adapters
from data.sources.damaged import ENCODING, FIELDS, LENGTH, QUOTES
from data.sources.loading import SHIFTED
from data.sources.mapped.reading import ORPHAN, UNKNOWN_CODE, WITHOUT_LINES
from data.sources.tuva_input_layer import TABLES

DOCUMENT = (Path(__file__).resolve().parents[2] / "docs" / "ingestion.md").read_text()


def test_every_folder_of_sources_that_exports_an_adapter_is_a_format() -> None:
    folders = {
        path.parent.name
        for path in (Path(__file__).resolve().parents[2] / "data" / "sources").glob("*/__init__.py")
        if "ADAPTER = " in path.read_text() or "ADAPTER: " in path.read_text()
    }
    assert folders == set(adapters())


@pytest.mark.parametrize("name", sorted(adapters()))
def test_every_format_is_documented(name: str) -> None:
    assert f"`{name}`" in DOCUMENT


@pytest.mark.parametrize("model", [Source, Options, Delivery, ContractDeclaration, MarketDeclaration])
def test_every_key_of_a_source_yaml_is_documented(model: type[Source]) -> None:
    for name in model.model_fields:
        assert f"`{name}`" in DOCUMENT or f"{name}:" in DOCUMENT, f"docs/ingestion.md does not explain {name}"


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_table_and_its_required_columns_are_documented(table) -> None:
    row = next((line for line in DOCUMENT.splitlines() if line.startswith(f"| `{table.name}` |")), "")
    assert row, f"docs/ingestion.md has no row for {table.name}"
    for name in table.required_in_file:
        assert name in row, f"docs/ingestion.md does not say that {table.name} needs {name}"


def test_every_reason_a_row_is_set_aside_for_is_documented() -> None:
    reasons = {FIELDS, QUOTES, ENCODING, LENGTH, SHIFTED, ORPHAN, WITHOUT_LINES, UNKNOWN_CODE}
    reasons |= {column.among_reason for table in TABLES for column in table.columns if column.among}
    reasons |= {"missing key", "bad or missing date", "bad amount", "bad value", "end before start"}
    reasons |= {"future service date", "duplicate key", "member twice with different birth dates"}
    for reason in sorted(reasons):
        assert reason in DOCUMENT, f"docs/ingestion.md does not explain {reason!r}"
