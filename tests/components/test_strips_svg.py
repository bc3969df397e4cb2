"""Strips are well-formed, carry no text, and draw what they are given."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from components import strips
from components.theme import ThemeType, tokens

SVG = "{http://www.w3.org/2000/svg}"


def drawn(uri: str) -> ElementTree.Element:
    assert uri.startswith("data:image/svg+xml;base64,")
    return ElementTree.fromstring(strips.svg_of(uri))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_strip_has_words(theme: ThemeType) -> None:
    for uri in (
        strips.kpi_strip([1, 2, 3], benchmark=2, immature=2, theme=theme),
        strips.trend_strip([1, 2, 3], theme=theme),
        strips.interval_strip(1, 2, 3, reference=2, domain=(0, 4), theme=theme),
        strips.bullet_strip(0.4, target=0.5, theme=theme),
    ):
        assert not [one for one in drawn(uri).iter() if one.tag == f"{SVG}text" or (one.text or "").strip()]


def test_the_last_point_has_its_signals_shape_and_colour() -> None:
    improving = drawn(strips.kpi_strip([3, 2, 1], signal="improving"))
    worsening = drawn(strips.kpi_strip([1, 2, 3], signal="worsening"))
    assert [one.get("fill") for one in improving.iter(f"{SVG}circle")] == [tokens("light").improving]
    assert [one.get("fill") for one in worsening.iter(f"{SVG}polygon")] == [tokens("light").worsening]


def test_immature_months_are_a_hatched_tail_and_absent_without_them() -> None:
    assert list(drawn(strips.kpi_strip([1, 2, 3], immature=1)).iter(f"{SVG}pattern"))
    assert not list(drawn(strips.kpi_strip([1, 2, 3])).iter(f"{SVG}pattern"))


def test_a_missing_month_is_a_gap_in_the_line() -> None:
    path = next(drawn(strips.kpi_strip([1, None, 3, 4])).iter(f"{SVG}path")).get("d") or ""
    assert path.count("M") == 2


def test_only_the_last_twelve_months_are_drawn() -> None:
    path = next(drawn(strips.kpi_strip(list(range(30)))).iter(f"{SVG}path")).get("d") or ""
    assert path.count("L") == 11


def test_nothing_to_draw_is_a_blank_strip() -> None:
    for uri in (
        strips.kpi_strip([]),
        strips.trend_strip([None, float("nan")]),
        strips.interval_strip(None, None, None, reference=None, domain=(0, 1)),
    ):
        assert not list(drawn(uri).iter(f"{SVG}circle")) + list(drawn(uri).iter(f"{SVG}path"))


def test_a_bullet_starts_at_zero_and_keeps_to_its_track() -> None:
    bars = [
        float(one.get("width") or 0) for one in drawn(strips.bullet_strip(1.7, target=0.5)).iter(f"{SVG}rect")
    ]
    half = [
        float(one.get("width") or 0)
        for one in drawn(strips.bullet_strip(0.5, target=None)).iter(f"{SVG}rect")
    ]
    assert bars[1] == bars[0]
    assert half[1] == pytest.approx(half[0] / 2)
