"""What is wrong with the payers' files, on purpose: rows nobody can use, a file that never came, one that
came late, one cut short, one sent twice.

The damaged rows come at the end of the last delivery, the way a payer sends a late correction; each is a good
row of the payer's with one thing broken, in the payer's own format.
"""

from __future__ import annotations

from pathlib import Path

from data.demo.formats import Payer, PayerWriter
from data.demo.formats.deliveries import Calendar, received_on
from data.demo.settings import Settings

# Contract key, months before the last delivery.
LOST_PHARMACY = ("medicaid", 5)
LATE = ("dual", 2)
LATE_BY = 19  # days
CUT_SHORT = ("commercial", 7)
CUT_SHARE = 0.12  # of the month's claim lines
SENT_TWICE = ("advantage", 4)  # the month's medical claims come again with the next delivery


def payer(settings: Settings, number: int, folder: Path, calendar: Calendar, seed: int) -> Payer:
    """The payer of a contract, with what goes wrong at it."""
    terms = settings.contracts[number]
    last = len(calendar) - 1

    def position(planned: tuple[str, int]) -> int | None:
        return last - planned[1] if planned[0] == terms.key and planned[1] < last else None

    lost, late, cut = position(LOST_PHARMACY), position(LATE), position(CUT_SHORT)
    return Payer(
        feed=terms.feed,
        folder=folder,
        calendar=calendar,
        received=received_on(calendar, seed * 31 + number, {} if late is None else {late: LATE_BY}),
        open_end=terms.open_end,
        lost=frozenset() if lost is None else frozenset({(lost, "pharmacy_claim")}),
        cut={} if cut is None else {(cut, "medical_claim"): CUT_SHARE},
    )


def spoil(settings: Settings, feed: PayerWriter) -> None:
    """Add the payer's damaged rows to the last delivery: a few of each kind, at most one in 2,000 rows."""
    rows = sum(int(total[0]) for (_, table), total in feed.totals.rows.items() if table == "medical_claim")
    wanted = min(settings.claims.dirty_rows * len(feed.damages), rows // 2_000)
    if wanted:
        feed.spoil(wanted)


def send_twice(settings: Settings, number: int, feed: PayerWriter) -> None:
    """One payer sends a month's claims again, a month later and under another name."""
    calendar = feed.payer.calendar
    month = len(calendar) - 1 - SENT_TWICE[1]
    if settings.contracts[number].key != SENT_TWICE[0] or month < 0:
        return
    for sent in sorted((feed.payer.folder / calendar.folder(month)).glob("medical_claim.*")):
        name = sent.name.replace("medical_claim", "medical_claim_resent", 1)
        (feed.payer.folder / calendar.folder(month + 1) / name).write_bytes(sent.read_bytes())
