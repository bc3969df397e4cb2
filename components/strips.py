"""Text-free SVG strips: the trend of a KPI tile (st.image), and the trend, interval and bullet of grid
ImageColumns.

Each function returns a data URI. They carry no words, so a tile gives its `alt` and a grid its numbers in
columns beside them. Missing values are gaps; with nothing to draw the strip is blank.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence

from components.formats import known
from components.theme import ThemeType, Tokens, tokens

MATURE_MONTHS = 12


def kpi_strip(
    values: Sequence[float | None],
    *,
    benchmark: float | None = None,
    signal: str = "none",
    immature: int = 0,
    theme: ThemeType = "light",
) -> str:
    """The last 12 mature months as a line, the benchmark dashed, the last point in its signal's colour and
    shape, and a hatched tail of `immature` months (their values are not in `values`)."""
    look, width, height = tokens(theme), 248.0, 48.0
    shown = [float(value) if known(value) else None for value in list(values)[-MATURE_MONTHS:]]  # type: ignore[arg-type]
    months = len(shown) + immature
    edge = 6.0
    step = (width - 2 * edge) / max(months - 1, 1)
    y = _Scale([*shown, benchmark], 9.0, height - 9.0)
    parts = []
    if immature and months > 1:
        start = edge + (len(shown) - 0.5) * step if shown else 0.0
        parts.append(_hatch(start, 0.0, width - start, height, look))
    if known(benchmark):
        at = y(float(benchmark))  # type: ignore[arg-type]
        parts.append(_line(0, at, width, at, look.text, 1.6, dash="5 4"))
    parts.append(_path([(edge + at * step, value) for at, value in enumerate(shown)], y, look.gray, 1.8))
    parts.append(_last(shown, edge, step, y, signal, look, 4.2))
    return _uri(width, height, parts)


def trend_strip(
    values: Sequence[float | None], *, signal: str = "none", theme: ThemeType = "light", width: float = 120.0
) -> str:
    """A plain line with its last point marked, for an ImageColumn."""
    look, height, edge = tokens(theme), 30.0, 6.0
    shown = [float(value) if known(value) else None for value in values]  # type: ignore[arg-type]
    step = (width - 2 * edge) / max(len(shown) - 1, 1)
    y = _Scale(shown, 6.0, height - 6.0)
    parts = [
        _path([(edge + at * step, value) for at, value in enumerate(shown)], y, look.gray, 1.5),
        _last(shown, edge, step, y, signal, look, 2.8),
    ]
    return _uri(width, height, parts)


def interval_strip(
    low: float | None,
    value: float | None,
    high: float | None,
    *,
    reference: float | None,
    domain: tuple[float, float],
    signal: str = "none",
    theme: ThemeType = "light",
    width: float = 150.0,
) -> str:
    """Point and 95% interval, the market dashed, for an ImageColumn. `domain` (low, high) is common to the
    column, so that rows can be compared by eye; an interval is cut at its edges."""
    look, height, edge = tokens(theme), 30.0, 8.0
    span = (domain[1] - domain[0]) or 1.0

    def x(at: float) -> float:
        return edge + min(max((at - domain[0]) / span, 0.0), 1.0) * (width - 2 * edge)

    parts, middle = [], height / 2
    if known(reference):
        parts.append(
            _line(x(float(reference)), 3, x(float(reference)), height - 3, look.text, 1.6, dash="3 3")
        )  # type: ignore[arg-type]
    if known(low) and known(value) and known(high):
        colour = look.signal(signal)
        parts.append(_line(x(float(low)), middle, x(float(high)), middle, colour, 2.0))  # type: ignore[arg-type]
        parts.append(_mark(x(float(value)), middle, signal, look, 4.6))  # type: ignore[arg-type]
    return _uri(width, height, parts)


def bullet_strip(
    value: float | None,
    *,
    target: float | None,
    maximum: float = 1.0,
    theme: ThemeType = "light",
    width: float = 120.0,
) -> str:
    """A bar from zero to `value` on a track to `maximum`, with a tick at the target, for an ImageColumn."""
    look, height, thick = tokens(theme), 30.0, 8.0
    top = (height - thick) / 2

    def x(at: float) -> float:
        return 2 + min(max(at / maximum, 0.0), 1.0) * (width - 4) if maximum > 0 else 2.0

    parts = [f'<rect x="2" y="{top:g}" width="{width - 4:g}" height="{thick:g}" rx="2" fill="{look.track}"/>']
    if known(value):
        length = x(float(value)) - 2  # type: ignore[arg-type]
        parts.append(
            f'<rect x="2" y="{top:g}" width="{length:.1f}" height="{thick:g}" rx="2" '
            f'fill="{look.categorical[0]}"/>'
        )
    if known(target):
        at = x(float(target))  # type: ignore[arg-type]
        # The tick is seen on the bar as well as on the track: outlined in the background colour.
        parts.append(_line(at, top - 5, at, top + thick + 5, look.background, 5.0))
        parts.append(_line(at, top - 5, at, top + thick + 5, look.text, 2.6))
    return _uri(width, height, parts)


def svg_of(uri: str) -> str:
    """The SVG text inside a data URI made here."""
    return base64.b64decode(uri.partition(",")[2]).decode()


class _Scale:
    """Values to y, the largest at the top; a flat or empty series runs through the middle."""

    def __init__(self, values: Sequence[float | None], top: float, bottom: float) -> None:
        seen = [float(value) for value in values if known(value)]  # type: ignore[arg-type]
        self.low, self.high = (min(seen), max(seen)) if seen else (0.0, 0.0)
        self.top, self.bottom = top, bottom

    def __call__(self, value: float) -> float:
        if self.high == self.low:
            return (self.top + self.bottom) / 2
        return self.bottom - (value - self.low) / (self.high - self.low) * (self.bottom - self.top)


def _path(points: Sequence[tuple[float, float | None]], y: _Scale, colour: str, width: float) -> str:
    steps, pen = [], "M"
    for x, value in points:
        if value is None:
            pen = "M"
            continue
        steps.append(f"{pen}{x:.1f} {y(value):.1f}")
        pen = "L"
    if not steps:
        return ""
    return (
        f'<path d="{"".join(steps)}" fill="none" stroke="{colour}" stroke-width="{width:g}" '
        'stroke-linejoin="round" '
        'stroke-linecap="round"/>'
    )


def _last(
    shown: Sequence[float | None], edge: float, step: float, y: _Scale, signal: str, look: Tokens, size: float
) -> str:
    for at in range(len(shown) - 1, -1, -1):
        value = shown[at]
        if value is not None:
            return _mark(edge + at * step, y(value), signal, look, size)
    return ""


def _mark(x: float, y: float, signal: str, look: Tokens, size: float) -> str:
    colour, outline = look.signal(signal), f'stroke="{look.background}" stroke-width="1.5"'
    if signal == "worsening":
        wide = size * 1.25
        corners = (
            f"{x:.1f},{y - wide:.1f} {x + wide:.1f},{y + wide * 0.8:.1f} {x - wide:.1f},{y + wide * 0.8:.1f}"
        )
        return f'<polygon points="{corners}" fill="{colour}" {outline}/>'
    if signal == "not_tested":
        corners = (
            f"{x:.1f},{y - size:.1f} {x + size:.1f},{y:.1f} {x:.1f},{y + size:.1f} {x - size:.1f},{y:.1f}"
        )
        return f'<polygon points="{corners}" fill="{look.background}" stroke="{colour}" stroke-width="1.5"/>'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size:g}" fill="{colour}" {outline}/>'


def _line(x0: float, y0: float, x1: float, y1: float, colour: str, width: float, dash: str = "") -> str:
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    ends = f'x1="{x0:.1f}" y1="{y0:.1f}" x2="{x1:.1f}" y2="{y1:.1f}"'
    return f'<line {ends} stroke="{colour}" stroke-width="{width:g}"{dashed}/>'


def _hatch(x: float, y: float, width: float, height: float, look: Tokens) -> str:
    return (
        '<defs><pattern id="h" width="7" height="7" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)">'
        f'<line x1="0" y1="0" x2="0" y2="7" stroke="{look.gray}" stroke-width="1.1" '
        'stroke-opacity="0.6"/></pattern></defs>'
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="url(#h)"/>'
    )


def _uri(width: float, height: float, parts: Sequence[str]) -> str:
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
        f'viewBox="0 0 {width:g} {height:g}">{"".join(parts)}</svg>'
    )
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
