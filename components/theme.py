"""The look in one place: colours read from `.streamlit/config.toml` (their only home), the Plotly template of
each theme, and the one stylesheet of the product. What each token is for: docs/look.md."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import plotly.graph_objects as go

ThemeType = Literal["light", "dark"]
CONFIG = Path(__file__).resolve().parent.parent / ".streamlit" / "config.toml"
# Plotly draws text as SVG in the page, so the bundled Source Sans is at hand.
FONT = "'Source Sans','Segoe UI','Helvetica Neue',Arial,sans-serif"

# What no Streamlit key can hold: grid lines, the control band and the empty part of a bullet.
CHART_ONLY: dict[ThemeType, dict[str, str]] = {
    "light": {"grid": "#E6EAEE", "band": "#DCE3E9", "track": "#DCE3E9"},
    "dark": {"grid": "#26323C", "band": "#2B3944", "track": "#2B3944"},
}

# What no Streamlit key can say: the width of a page, captions at their measured contrast, the sidebar's foot
# at its foot, breadcrumb links as links, one height for the filters. A grid's own tools would cover the
# actions above it: they are there for the keyboard, and a grid's search opens with Ctrl+F. The page starts
# beside Streamlit's header where that is empty: not on a phone, where the menu's button stands in it.
STYLE = """<style>
.stMainBlockContainer{max-width:1280px;padding-inline:2.5rem}
@media (min-width:1100px){.stMainBlockContainer{padding-top:1.75rem}
[data-testid=stHeader]{background:none}
[data-testid=stHeader],[data-testid=stHeader] :not(button,button *){pointer-events:none}}
@media (max-width:640px){.stMainBlockContainer{padding-inline:1rem}
:is(.st-key-trend_chart,.st-key-class_chart,.st-key-triangle_chart,
.st-key-cost_trend_chart,.st-key-waterfall_chart,.st-key-change_chart,.st-key-raf_chart,.st-key-category_chart,
[class*=st-key-heat_chart]){overflow-x:auto}
:is(.st-key-trend_chart,.st-key-triangle_chart,.st-key-cost_trend_chart)>div{min-width:680px}
:is(.st-key-waterfall_chart,.st-key-change_chart,.st-key-raf_chart)>div{min-width:900px}
:is(.st-key-class_chart,.st-key-category_chart,[class*=st-key-heat_chart])>div{min-width:520px}}
[data-testid=stCaptionContainer]{opacity:.75}
[data-testid=stMetric],[data-testid=stMarkdownContainer]{font-variant-numeric:tabular-nums}
[data-testid=stHeadingWithActionElements] h1{padding-top:0}
[data-testid=stMarkdownContainer] hr{margin:1rem 0}
[class*=st-key-info_] button{min-height:1.5rem}
[data-testid=stSidebarContent]{display:flex;flex-direction:column}
[data-testid=stSidebarUserContent]{margin-top:auto;padding-bottom:1rem}
[data-testid=stSidebarNavSeparator]{display:none}
.st-key-sidebar_foot{border-top:1px solid color-mix(in srgb,currentColor 18%,transparent);padding-top:.75rem}
.st-key-crumbs a>span:has([data-testid=stIconMaterial]){display:none}
.st-key-crumbs a{padding:0}.st-key-crumbs a p{text-decoration:underline}.st-key-crumbs p{text-align:center}
:is(.st-key-filter_bar,.st-key-basis_bar,.st-key-list_controls)
[data-testid=stButtonGroup] button{min-height:2.5rem}
.st-key-kpi_row{align-items:stretch}
.st-key-kpi_row [data-testid=stGridCellContent]>[data-testid=stLayoutWrapper]{flex-grow:1}
.st-key-basis_bar{margin-top:.5rem}
[class*=st-key-fact_]{border-top:1px solid color-mix(in srgb,currentColor 18%,transparent);padding-top:.5rem}
[class*=st-key-fact_] p{font-size:.875rem}
[data-testid=stElementToolbar]:not(:focus-within){opacity:0!important;pointer-events:none!important}
</style>"""
# White on the dark primary button is 3.1:1.
STYLE_DARK = "<style>[data-testid=stBaseButton-primary]{color:#0A1418}</style>"


@dataclass(frozen=True)
class Tokens:
    """The colours of one theme, as hex strings; `categorical`, `sequential` and `diverging` are ordered
    scales."""

    background: str
    secondary_background: str
    text: str
    muted: str
    gray: str
    primary: str
    link: str
    improving: str
    worsening: str
    improving_text: str
    worsening_text: str
    error: str
    saved: str
    border: str
    grid: str
    band: str
    track: str
    improving_background: str
    worsening_background: str
    gray_background: str
    categorical: tuple[str, ...]
    sequential: tuple[str, ...]
    diverging: tuple[str, ...]

    def signal(self, signal: str) -> str:
        """Colour of a mark: blue improving, orange worsening, gray for everything chance explains."""
        return {"improving": self.improving, "worsening": self.worsening}.get(signal, self.gray)

    def signal_text(self, signal: str) -> str:
        """Colour of words about a signal."""
        return {"improving": self.improving_text, "worsening": self.worsening_text}.get(signal, self.muted)


@cache
def tokens(theme: ThemeType = "light") -> Tokens:
    """The tokens of a theme, read once from `.streamlit/config.toml`. KeyError names a token missing
    there."""
    with CONFIG.open("rb") as file:
        read = tomllib.load(file)["theme"][theme]
    return Tokens(
        background=read["backgroundColor"],
        secondary_background=read["secondaryBackgroundColor"],
        text=read["textColor"],
        muted=read["grayTextColor"],
        gray=read["grayColor"],
        primary=read["primaryColor"],
        link=read["linkColor"],
        improving=read["blueColor"],
        worsening=read["orangeColor"],
        improving_text=read["blueTextColor"],
        worsening_text=read["orangeTextColor"],
        error=read["redColor"],
        saved=read["greenColor"],
        border=read["borderColor"],
        improving_background=read["blueBackgroundColor"],
        worsening_background=read["orangeBackgroundColor"],
        gray_background=read["grayBackgroundColor"],
        categorical=tuple(read["chartCategoricalColors"]),
        sequential=tuple(read["chartSequentialColors"]),
        diverging=tuple(read["chartDivergingColors"]),
        **CHART_ONLY[theme],
    )


def rgba(colour: str, opacity: float) -> str:
    """A hex colour with an opacity between 0 and 1, as Plotly wants it for fills."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"


@cache
def template(theme: ThemeType = "light") -> go.layout.Template:
    """The Plotly template of a theme: transparent, 13 px, horizontal grid only, room at the right for direct
    labels."""
    look = tokens(theme)
    axis = {
        "showline": False,
        "zeroline": False,
        "ticks": "",
        "tickfont": {"color": look.muted, "size": 13},
        "title": {"font": {"color": look.muted, "size": 13}},
        "gridcolor": look.grid,
        "gridwidth": 1,
        "automargin": False,
        "ticklabelstandoff": 5,
        "fixedrange": True,
    }
    return go.layout.Template(
        layout={
            "font": {"family": FONT, "size": 13, "color": look.text},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "colorway": list(look.categorical),
            "margin": {"l": 44, "r": 150, "t": 22, "b": 34, "pad": 0},
            "showlegend": False,
            "hovermode": "closest",
            "hoverlabel": {
                "bgcolor": look.secondary_background,
                "bordercolor": look.border,
                "align": "left",
                "font": {"family": FONT, "size": 13, "color": look.text},
            },
            "xaxis": {**axis, "showgrid": False},
            "yaxis": {**axis, "showgrid": True},
            "dragmode": False,
            "clickmode": "event+select",
            "annotationdefaults": {
                "font": {"family": FONT, "size": 13, "color": look.text},
                "showarrow": False,
            },
        }
    )


def current_theme() -> ThemeType:
    """The theme the person reads in now; light until the browser has told."""
    import streamlit as st

    return "dark" if st.context.theme.type == "dark" else "light"


def apply_theme() -> ThemeType:
    """Writes the product's only stylesheet into the page; returns the current theme. Call once per run, in
    app.py."""
    import streamlit as st

    theme = current_theme()
    links = f"<style>.st-key-crumbs a p{{color:{tokens(theme).link}}}</style>"
    st.html(STYLE + links + (STYLE_DARK if theme == "dark" else ""))
    return theme
