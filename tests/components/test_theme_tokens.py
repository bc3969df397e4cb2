"""The palette has one home, its keys are Streamlit's, and text on it can be read."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator

import pytest
from streamlit import config

from components.theme import CONFIG, STYLE, ThemeType, rgba, template, tokens

THEMES: list[ThemeType] = ["light", "dark"]


def settings(section: dict[str, object], prefix: str = "") -> Iterator[str]:
    for key, value in section.items():
        if isinstance(value, dict):
            yield from settings(value, f"{prefix}{key}.")
        else:
            yield prefix + key


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def test_every_setting_exists_in_this_streamlit() -> None:
    known = set(config.get_config_options(force_reparse=False))
    with CONFIG.open("rb") as file:
        assert set(settings(tomllib.load(file))) - known == set()


def test_the_server_gives_nothing_away() -> None:
    with CONFIG.open("rb") as file:
        read = tomllib.load(file)
    assert read["client"]["showErrorDetails"] == "none"
    assert read["client"]["toolbarMode"] == "viewer"
    assert read["client"]["disableDataExport"] is True
    assert read["browser"]["gatherUsageStats"] is False
    assert read["server"]["enableXsrfProtection"] is True


@pytest.mark.parametrize("theme", THEMES)
def test_text_and_signal_colours_reach_aa_on_both_backgrounds(theme: ThemeType) -> None:
    look = tokens(theme)
    for colour in (look.text, look.muted, look.improving_text, look.worsening_text, look.link):
        assert contrast(colour, look.background) >= 4.5
        assert contrast(colour, look.secondary_background) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
def test_marks_reach_three_to_one_on_the_background(theme: ThemeType) -> None:
    look = tokens(theme)
    for colour in (*look.categorical, look.gray, look.improving, look.worsening):
        assert contrast(colour, look.background) >= 3


@pytest.mark.parametrize("theme", THEMES)
def test_sequential_lightness_only_goes_one_way(theme: ThemeType) -> None:
    scale = [luminance(colour) for colour in tokens(theme).sequential]
    assert scale in (sorted(scale), sorted(scale, reverse=True))


def test_the_template_is_transparent_and_has_no_legend() -> None:
    layout = template("dark").layout
    assert layout.paper_bgcolor == layout.plot_bgcolor == "rgba(0,0,0,0)"
    assert layout.showlegend is False
    assert layout.hovermode == "closest"


def test_a_colour_with_opacity_is_written_for_plotly() -> None:
    assert rgba("#DCE3E9", 0.38) == "rgba(220,227,233,0.38)"


def test_the_stylesheet_is_the_one_of_look_md() -> None:
    assert ".stMainBlockContainer{max-width:1280px;padding-inline:2.5rem}" in STYLE
    assert "tabular-nums" in STYLE
