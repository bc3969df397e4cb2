"""A build of what had come by a delivery month, and what a build notes of the snapshot before it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb

from data.build import _delivered, load_raw
from data.feeds import find_feeds

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "cedar_ridge"


def test_files_of_later_deliveries_are_left_aside() -> None:
    feeds = find_feeds(EXAMPLE)
    (early,) = _delivered(feeds, date(2025, 8, 1))
    assert {file.delivery_month for file in early.files} == {date(2025, 8, 1)}
    assert _delivered(feeds, date(2025, 9, 1)) == feeds
    assert _delivered(feeds, date(2025, 7, 1)) == []


def test_a_build_notes_what_it_is_made_from_and_which_snapshot_it_follows(tmp_path: Path) -> None:
    (tmp_path / "s1.duckdb").write_bytes(b"")
    for previous, expected in (
        ("s1", ("s1", str(tmp_path / "s1.duckdb"), None)),
        ("s0", ("s0", None, "there is no earlier snapshot")),
        (None, (None, None, "there is no earlier snapshot")),
    ):
        work = tmp_path / f"{previous}.work"
        load_raw(EXAMPLE, work, warehouse=tmp_path, previous=previous, inputs={"code": "abc"}, threads=1)
        with duckdb.connect(str(work), read_only=True) as connection:
            assert connection.execute("from raw.previous_snapshot").fetchall() == [expected]
            assert connection.execute("from raw.build_input").fetchall() == [("code", "abc")]
