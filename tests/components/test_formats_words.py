"""Numbers, dates and signals are written as look.md says, and a missing value is never a number."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date, datetime

import pandas as pd
import pytest

from components import formats


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (formats.pmpm(912.4), "$912"),
        (formats.pmpm(9.5), "$9.50"),
        (formats.pmpm(9.996), "$10"),
        (formats.rate(519.9), "520"),
        (formats.rate(4.25), "4.2"),
        (formats.rate(19.96), "20"),
        (formats.percent(0.384), "38%"),
        (formats.percent(0.0312, 1), "3.1%"),
        (formats.money(1_200_000), "$1.2M"),
        (formats.money(113_000), "$113,000"),
        (formats.money(-210), "−$210"),
        (formats.millions(980_000), "$0.98M"),
        (formats.rate_range(507.2, 533.1), "507 to 533"),
        (formats.percent_range(0.37, 0.4), "37 to 40%"),
        (formats.delta(-32.1), "−32 on prior year"),
        (formats.delta(14.2, ""), "+14"),
        (formats.delta(0.02), "No change on prior year"),
        (formats.points(0.012, ""), "+1 point"),
        (formats.points(-0.02), "−2 points on prior year"),
        (formats.within_chance("+1 point"), "+1 point, within chance"),
        (formats.number(-0.2), "0"),
        (formats.day(date(2026, 8, 31)), "31 Aug 2026"),
        (formats.month("2026-08"), "Aug 2026"),
        (formats.short_day(pd.Timestamp("2026-11-09")), "9 Nov"),
        (formats.long_month("2026-01-01"), "January 2026"),
        (formats.clock(datetime(2026, 11, 20, 6, 10)), "2026-11-20 06:10"),
        (formats.rate_or_count(7, 510.0), "7 visits, too few to rate"),
        (formats.rate_or_count(20, 510.0), "510"),
        (formats.count_of(1, "visit"), "1 visit"),
        (formats.missing(None, "No lead"), "No lead"),
        (formats.suppressed(10), "1 to 10"),
        (formats.suppressed(0), "0"),
        (formats.suppressed(11), "11"),
        (formats.signal_text("worsening"), "▲ Worsening"),
        (formats.signal_text(None), "– Not tested"),
        (formats.position_text("improving", "below"), "● Below lower limit"),
        (formats.signal_icon("improving", falling=False), ":material/arrow_circle_up:"),
        (formats.signal_colour("none"), "gray"),
    ],
)
def test_is_written_as_look_md_says(written: str, expected: str) -> None:
    assert written == expected


@pytest.mark.parametrize("missing", [None, math.nan, pd.NA, pd.NaT], ids=["None", "NaN", "NA", "NaT"])
@pytest.mark.parametrize(
    "write",
    [
        formats.number,
        formats.rate,
        formats.percent,
        formats.money,
        formats.pmpm,
        formats.day,
        formats.month,
        formats.clock,
    ],
)
def test_a_missing_value_is_not_known(write: Callable[[object], str], missing: object) -> None:
    assert write(missing) == "Not known"
