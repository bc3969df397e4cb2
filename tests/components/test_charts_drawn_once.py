"""Charts drawn again from the same content are the same chart; other content is drawn anew."""

from __future__ import annotations

import pandas as pd

from components import charts, formats


def test_the_same_counts_are_drawn_once_and_others_anew() -> None:
    counts = pd.DataFrame({"weekday": range(1, 8), "hour": [None] * 7, "visits": [10, 9, 8, 7, 6, 5, 4]})
    first = charts.weekday_bars(counts)
    noted = counts.copy()
    noted.attrs["elapsed_ms"] = 12.5
    assert charts.weekday_bars(noted) is first
    assert charts.weekday_bars(counts, theme="dark") is not first
    assert charts.weekday_bars(counts.assign(visits=counts["visits"] + 1)) is not first


def test_no_two_plain_reasons_are_alike() -> None:
    assert len(set(formats.PLAIN_REASONS.values())) == len(formats.PLAIN_REASONS)
