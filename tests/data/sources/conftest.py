"""What the tests of the payers' formats share: a writer of CCLF deliveries, field by field."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from data.sources.cms_cclf.layouts import FILES, SUMMARY_HEADER, layout, record_length, summary_line

Records = dict[str, list[dict[str, str]]]

DECLARATION: dict[str, Any] = {
    "name": "aco_cclf",
    "format": "cms_cclf",
    "person_ids": "shared",
    "contracts": [{"contract_id": "aco", "contract_name": "An ACO", "line_of_business": "medicare"}],
    "markets": [{"market_id": "harbor", "market_name": "Harbor", "state": "MA"}],
    "contract_rules": [{"when": {}, "contract_id": "aco"}],
    "market_rules": [{"when": {"zip_code": ["021*"]}, "market_id": "harbor"}],
}


def as_record(file: str, values: dict[str, str], version: str = "v36") -> str:
    """One fixed-width record: numbers to the right, everything else to the left."""
    fields = {field.name: field for field in layout(version, file)}
    assert set(values) <= set(fields), set(values) - set(fields)
    return "".join(
        f"{values.get(name, ''):>{field.length}}"
        if field.kind in ("money", "number", "integer")
        else f"{values.get(name, ''):<{field.length}}"
        for name, field in fields.items()
    )


class Cclf:
    """A CCLF feed being written: one call of ``deliver`` per delivery, then ``feeds`` is the folder."""

    def __init__(self, place: Path, **changes: Any) -> None:
        self.feeds = place / "feeds"
        self.folder = self.feeds / "aco_cclf"
        self.folder.mkdir(parents=True)
        text = yaml.safe_dump(DECLARATION | changes, sort_keys=False)
        (self.folder / "source.yaml").write_text(text)

    def path(self, file: str, date: str) -> Path:
        return self.folder / f"P.A9901.ACO.ZC{file}Y{date[:2]}.D{date}.T0700000"

    def deliver(
        self,
        date: str,
        records: Records,
        *,
        version: str = "v36",
        counts: dict[str, int] | None = None,
        summary: bool = True,
    ) -> None:
        """Write a delivery of a date (yymmdd): all files, and the summary with the counts (or other ones)."""
        lines = [SUMMARY_HEADER]
        for file in FILES:
            rows = [as_record(file, values, version) for values in records.get(file, [])]
            self.path(file, date).write_text("".join(f"{row}\n" for row in rows))
            declared = (counts or {}).get(file, len(rows))
            lines.append(summary_line(file, declared, record_length(version, file)))
        if summary:
            self.path("0", date).write_text("\n".join(lines) + "\n")


@pytest.fixture
def cclf(tmp_path: Path) -> Callable[..., Cclf]:
    """Begins a CCLF feed; keyword arguments are keys of its declaration."""
    return lambda **changes: Cclf(tmp_path, **changes)
