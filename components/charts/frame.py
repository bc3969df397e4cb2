"""What every chart shares: the returned Chart, the canvas from the theme's template, hatches, whiskers and
labels that keep out of each other's way."""

from __future__ import annotations

import hashlib
import pickle
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from components.theme import ThemeType, Tokens, template, tokens

FULL_HEIGHT = 312
HALF_HEIGHT = 326
IMMATURE = "Immature, not counted"
LINE = 17  # px a line of 13 px text takes
CHARACTER = 6.7  # px a character of 13 px text takes, on the safe side
SHAPES = {"improving": "circle", "worsening": "triangle-up", "none": "circle", "not_tested": "diamond-open"}
SIZES = {"improving": 10, "worsening": 12, "none": 8, "not_tested": 9}


@dataclass(frozen=True)
class Chart:
    """A figure with what a person who cannot see it needs: `alt` (the finding and its numbers) and the
    `table`."""

    figure: go.Figure
    alt: str
    table: pd.DataFrame


@dataclass(frozen=True)
class Label:
    """A direct label: where it would like to be (y in data units), and what it says (HTML, one or two
    lines)."""

    y: float
    text: str
    colour: str
    bold: bool = False

    @property
    def lines(self) -> int:
        """Lines of text."""
        return self.text.count("<br>") + 1


_Asked = ParamSpec("_Asked")
_DRAWN: OrderedDict[str, Chart] = OrderedDict()
_DRAWING = threading.Lock()
MOST_DRAWN = 128
# What a question notes about its own answer, which no chart draws.
UNDRAWN = frozenset({"question", "sql", "snapshot", "params", "elapsed_ms"})


def drawn_once(draw: Callable[_Asked, Chart]) -> Callable[_Asked, Chart]:
    """Keeps the last charts by the content of what they were drawn from: Plotly takes a twentieth of a second
    to check one, and most reruns draw the same again. Charts hold counts, and the same counts give the same
    chart whoever asks. Nobody may change a chart they are handed."""

    @wraps(draw)
    def drawn(*args: _Asked.args, **kwargs: _Asked.kwargs) -> Chart:
        asked = [draw.__qualname__, *args, *sorted(kwargs.items())]
        key = hashlib.sha256(pickle.dumps([_content(part) for part in asked])).hexdigest()
        with _DRAWING:
            if key in _DRAWN:
                _DRAWN.move_to_end(key)
                return _DRAWN[key]
        chart = draw(*args, **kwargs)
        with _DRAWING:
            _DRAWN[key] = chart
            while len(_DRAWN) > MOST_DRAWN:
                _DRAWN.popitem(last=False)
        return chart

    return drawn


def _content(part: Any) -> Any:
    """An argument as bytes alike for alike content: frames by their cells and by what analytics noted."""
    if isinstance(part, tuple):
        return tuple(_content(one) for one in part)
    if not isinstance(part, pd.DataFrame):
        return part
    noted = {name: value for name, value in part.attrs.items() if name not in UNDRAWN}
    return list(part.columns), [part[name].tolist() for name in part.columns], repr(noted)


def canvas(theme: ThemeType, height: int, **layout: Any) -> tuple[go.Figure, Tokens]:
    """An empty figure in the theme's template, and its tokens. No mark dims when another is selected."""
    figure = go.Figure()
    figure.update_layout(template=template(theme), height=height, **layout)
    return figure, tokens(theme)


def finish(figure: go.Figure) -> go.Figure:
    """Keeps every mark at full strength when one is selected: the list that opens says what was picked."""
    for trace in figure.data:
        if trace.type in ("scatter", "bar"):
            trace.update(selected={"marker": {"opacity": 1}}, unselected={"marker": {"opacity": 1}})
    return figure


def empty(theme: ThemeType, height: int, words: str, columns: Sequence[str]) -> Chart:
    """What is drawn when there is nothing to draw: the reason, in words."""
    figure, look = canvas(theme, height)
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    figure.add_annotation(
        text=words, xref="paper", yref="paper", x=0.5, y=0.5, font={"color": look.muted, "size": 14}
    )
    figure.update_layout(margin={"l": 20, "r": 20})
    return Chart(figure, words, pd.DataFrame(columns=list(columns)))


def spread_out(wanted: Sequence[float], sizes: Sequence[float], low: float, high: float) -> list[float]:
    """Moves centres (px, any order) apart until intervals of the given sizes no longer overlap, staying in
    low..high where they fit. Each cluster settles around the mean of what its members wanted."""
    order = sorted(range(len(wanted)), key=lambda at: wanted[at])
    clusters: list[tuple[list[int], float]] = []

    def centre(members: list[int]) -> float:
        offset, offsets = 0.0, []
        for at in members:
            offsets.append(offset + sizes[at] / 2)
            offset += sizes[at]
        start = float(np.mean([wanted[at] - shift for at, shift in zip(members, offsets, strict=True)]))
        return min(max(start, low), max(low, high - offset))

    for at in order:
        members = [at]
        while True:
            start = centre(members)
            if clusters and clusters[-1][1] + sum(sizes[one] for one in clusters[-1][0]) > start:
                members = clusters.pop()[0] + members
            else:
                break
        clusters.append((members, start))
    placed = [0.0] * len(wanted)
    for members, start in clusters:
        for at in members:
            placed[at] = start + sizes[at] / 2
            start += sizes[at]
    return placed


def right_labels(
    figure: go.Figure, labels: Iterable[Label], y_range: tuple[float, float], plot_height: float
) -> None:
    """Direct labels right of the plot, at their lines or as near as their neighbours let them."""
    chosen = [label for label in labels if y_range[0] <= label.y <= y_range[1]]
    scale = plot_height / (y_range[1] - y_range[0])
    wanted = [(label.y - y_range[0]) * scale for label in chosen]
    placed = spread_out(wanted, [label.lines * LINE + 1 for label in chosen], -LINE, plot_height + LINE)
    for label, pixel in zip(chosen, placed, strict=True):
        figure.add_annotation(
            xref="paper",
            x=1.01,
            xanchor="left",
            y=y_range[0] + pixel / scale,
            yanchor="middle",
            align="left",
            text=label.text,
            font={"color": label.colour, "weight": 600 if label.bold else 400},
        )


def hatch(figure: go.Figure, look: Tokens, x: tuple[Any, Any], y: tuple[float, float]) -> None:
    """The hatched ground of immature months. Plotly shapes take no pattern; a filled outline does."""
    figure.add_trace(
        go.Scatter(
            x=[x[0], x[1], x[1], x[0], x[0]],
            y=[y[0], y[0], y[1], y[1], y[0]],
            mode="lines",
            line={"width": 0},
            fill="toself",
            fillpattern={"shape": "/", "size": 7, "solidity": 0.12, "fgcolor": look.gray},
            hoverinfo="skip",
        )
    )


def nice_ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """Round tick values within low..high."""
    if not high > low:
        return [low]
    raw = (high - low) / wanted
    size = 10.0 ** np.floor(np.log10(raw))
    step = next(size * factor for factor in (1, 2, 2.5, 5, 10) if size * factor >= raw * 0.999)
    first = np.ceil(low / step - 1e-9)
    return [float(tick * step) for tick in np.arange(first, np.floor(high / step + 1e-9) + 1)]


def strong(text: str, colour: str | None = None) -> str:
    """Text at weight 600, in a colour if given, for Plotly's HTML."""
    return f'<span style="font-weight:600{f";color:{colour}" if colour else ""}">{text}</span>'


def tinted(text: str, colour: str) -> str:
    """Text in a colour, for Plotly's HTML."""
    return f'<span style="color:{colour}">{text}</span>'


def escape(text: Any) -> str:
    """A name from the data, safe in Plotly's HTML."""
    return str(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def shorten(text: Any, most: int = 34) -> str:
    """A name that fits beside a bar; the table has it in full."""
    words = str(text)
    return words if len(words) <= most else words[: most - 1].rstrip(" ,") + "…"


def wrap(text: str, width: int) -> str:
    """Breaks a sentence into lines of at most `width` characters, at a comma where one is near the middle."""
    if len(text) <= width:
        return text
    lines, line = [], ""
    for word in text.split(" "):
        if line and len(line) + 1 + len(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
        if line.endswith(",") and len(line) >= width * 0.6:
            lines.append(line)
            line = ""
    return "<br>".join([*lines, line] if line else lines)


def label_lines(text: Any, width: int = 34) -> str:
    """A name on at most two lines (HTML), the second cut short where even they do not hold it."""
    lines = wrap(str(text), width).split("<br>")
    if len(lines) > 2:
        lines = [lines[0], shorten(" ".join(lines[1:]), width)]
    return "<br>".join(escape(line) for line in lines)


def readable_on(colour: str, look: Tokens) -> str:
    """Text or background colour, whichever contrasts more with a filled cell."""
    return max((look.text, look.background), key=lambda candidate: contrast(candidate, colour))


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two hex colours, 1 to 21 (WCAG 2.2, relative luminance)."""
    bright, dim = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def _luminance(hex_colour: str) -> float:
    parts = [int(hex_colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
