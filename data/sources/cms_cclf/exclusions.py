"""Beneficiaries who declined to have their data shared: the exclusion file CMS sends beside the claims.

CMS writes XML (``P.A****.BNEX.Y**.D******.T*******.xml``): ``Beneficiary`` elements with ``MBI`` and one or
more ``BeneExcReason``, and a trailer with the number of records. A plain list of MBIs, one a line, is read
too. Only the newest file counts: each one lists everybody who is excluded at the time.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from typing import TYPE_CHECKING

from data.feed_error import FeedError
from data.sources.damaged import open_bytes

if TYPE_CHECKING:
    from data.feeds import Feed, FeedFile

DECLINED = "BD"
"""The reason code for a beneficiary who declined data sharing. The others (not eligible, participant list
changed …) say why claims stop; those received before were rightly received."""

_MBI = re.compile(r"[1-9A-Z][0-9A-Z]{10}")


@dataclass(frozen=True)
class Exclusion:
    """One record of an exclusion file: its number, the MBI, the reasons; ``mbi`` is None where there is
    none."""

    row_number: int
    mbi: str | None
    reasons: tuple[str, ...]
    text: str


def read_exclusions(feed: Feed, file: FeedFile) -> list[Exclusion]:
    """The records of an exclusion file. Raises :class:`FeedError` if it cannot be read or its count is
    wrong."""
    with open_bytes(file.path) as stream:
        content = stream.read()
    if not content.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
        return _listed(content)
    # An entity can be made to grow without end or to name other files; an exclusion file has none.
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise FeedError(feed.name, f"{file.path}: declares entities, which an exclusion file never does")
    try:
        root = ElementTree.fromstring(content)
    except ElementTree.ParseError as error:
        raise FeedError(
            feed.name, f"{file.path}: is not whole XML ({error}); ask for the file again"
        ) from error
    found = []
    for number, element in enumerate(root.iter("Beneficiary"), start=1):
        mbi = (element.findtext("MBI") or "").strip() or None
        reasons = tuple(
            reason.text.strip()
            for reason in element.iter("BeneExcReason")
            if reason.text and reason.text.strip()
        )
        found.append(
            Exclusion(number, mbi, reasons, ElementTree.tostring(element, encoding="unicode").strip())
        )
    declared = (root.findtext(".//Trailer/RecordCount") or "").strip()
    if declared.isdigit() and int(declared) != len(found) and not feed.source.options.accept_count_mismatch:
        raise FeedError(
            feed.name,
            f"{file.path}: holds {len(found):,} beneficiaries, but its trailer says {int(declared):,}; ask "
            "for the file again, or set options.accept_count_mismatch: true",
        )
    return found


def _listed(content: bytes) -> list[Exclusion]:
    found = []
    for number, line in enumerate(content.decode("utf-8-sig", "replace").splitlines(), start=1):
        text = line.strip()
        if text:
            first = re.split(r"[\s,|;]", text, maxsplit=1)[0].upper()
            found.append(Exclusion(number, first if _MBI.fullmatch(first) else None, (DECLINED,), text))
    return found
