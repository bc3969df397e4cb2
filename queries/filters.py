"""What a reader has chosen to look at. It can only narrow what the reader may see, never widen it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

CHOICES = ("market", "contract", "line_of_business", "care_team", "pcp")


@dataclass(frozen=True)
class Filters:
    """The filter bar: ids chosen per dimension (none = no choice), and the period in months, inclusive.

    `period_start` and `period_end` are first days of months. Left out, the period is the twelve months that
    end with the latest month that is mature for every contract.
    """

    market: tuple[str, ...] = ()
    contract: tuple[str, ...] = ()
    line_of_business: tuple[str, ...] = ()
    care_team: tuple[str, ...] = ()
    pcp: tuple[str, ...] = ()
    period_start: date | None = None
    period_end: date | None = None

    def __post_init__(self) -> None:
        for name in CHOICES:
            chosen = getattr(self, name)
            if isinstance(chosen, str) or not isinstance(chosen, Iterable):
                raise TypeError(f"Filters.{name} takes a tuple of ids, not {chosen!r}.")
            object.__setattr__(self, name, tuple(sorted({str(value) for value in chosen})))
        for name in ("period_start", "period_end"):
            month = getattr(self, name)
            if month is not None:
                object.__setattr__(self, name, date(month.year, month.month, 1))


def months_before(month: date, count: int) -> date:
    """The first day of the month `count` months before `month` (after it, if negative)."""
    index = month.year * 12 + month.month - 1 - count
    return date(index // 12, index % 12 + 1, 1)
