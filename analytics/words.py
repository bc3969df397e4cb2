"""Small numbers and plain fractions in words, for the sentences of findings and titles."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pandas as pd

FRACTIONS = [
    (1 / 10, "One in ten"),
    (1 / 5, "A fifth"),
    (1 / 4, "A quarter"),
    (1 / 3, "A third"),
    (2 / 5, "Two in five"),
    (1 / 2, "Half"),
    (3 / 5, "Three in five"),
    (2 / 3, "Two thirds"),
    (3 / 4, "Three quarters"),
    (4 / 5, "Four in five"),
    (9 / 10, "Nine in ten"),
]
# Within 1.5 points of a fraction the words say no more than the whole percent does.
NEAR = 0.015


def share_in_words(share: float | None) -> str | None:
    """A share 0..1 near a plain fraction ('A third'); None where only the figure is honest, or it is
    missing."""
    if share is None or pd.isna(share):
        return None
    value, words = min(FRACTIONS, key=lambda pair: abs(pair[0] - share))
    return words if abs(value - share) <= NEAR else None


def lowered(name: str) -> str:
    """A name as it stands inside a sentence: 'chest pain', but 'COVID-19' as it is."""
    return name[:1].lower() + name[1:] if name[1:2].islower() else name


def count_in_words(count: int) -> str:
    """'no', 'one' … 'twelve', then figures."""
    words = (
        "no",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
    )
    return words[count] if 0 <= count < len(words) else f"{count:,}"


def listing(names: Sequence[str], most: int = 3) -> str:
    """'A', 'A and B', 'A, B and C'; beyond `most`, 'A, B and 4 others'."""
    if len(names) > most:
        shown = names[: most - 1]
        rest = len(names) - len(shown)
        return f"{', '.join(shown)} and {rest} others"
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def short_month(month: date | pd.Timestamp) -> str:
    """Aug 2026."""
    return f"{pd.Timestamp(month):%b %Y}"


def full_month(month: date | pd.Timestamp) -> str:
    """August 2026."""
    return f"{pd.Timestamp(month):%B %Y}"


def months_in_words(count: int) -> str:
    """'1 month', '8 months'."""
    return f"{count} month{'' if count == 1 else 's'}"
