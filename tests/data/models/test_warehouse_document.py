"""docs/warehouse.md describes the warehouse as built, column by column."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb

DOCUMENT = Path(__file__).parents[3] / "docs" / "warehouse.md"


def _documented() -> dict[tuple[str, str], tuple[str, str]]:
    columns, table = {}, ""
    for line in DOCUMENT.read_text(encoding="utf-8").splitlines():
        if heading := re.match(r"## mart\.(\w+)$", line):
            table = heading[1]
        elif row := re.match(r"\| `(\w+)` \| (.+?) \| (.+) \|$", line):
            columns[table, row[1]] = (row[2], row[3])
    return columns


def test_every_mart_column_is_documented_with_type_and_meaning(small: duckdb.DuckDBPyConnection) -> None:
    built = small.execute(
        "select table_name, column_name, data_type from information_schema.columns "
        "where table_schema = 'mart' and table_catalog = 'work'"
    ).fetchall()
    documented = _documented()
    assert {(table, column): kind for table, column, kind in built} == {
        key: kind for key, (kind, _) in documented.items()
    }
    assert [key for key, (_, meaning) in documented.items() if len(meaning) < 4 or meaning == "?"] == []
