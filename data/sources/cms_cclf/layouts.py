"""The record layouts of CMS's Claim and Claim Line Feed, read from ``layouts/<version>.csv``.

A layout is a table of fields with their first and last position. Several versions stand side by side,
because an ACO that asks for its history gets files as they were written at the time. Within a file a newer
version has so far only added fields at the end, so that the length of the records tells the version.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

FOLDER = Path(__file__).parent / "layouts"

FILES = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "A", "B")
"""The files with a fixed layout, by the character after ``CCLF``; file 0 (the summary) is written with
bars."""

NAMES = {
    "1": "Part A Claims Header File",
    "2": "Part A Claims Revenue Center Detail File",
    "3": "Part A Procedure Code File",
    "4": "Part A Diagnosis Code File",
    "5": "Part B Physicians File",
    "6": "Part B DME File",
    "7": "Part D File",
    "8": "Beneficiary Demographics File",
    "9": "BENE XREF File",
    "A": "Part A BE and Demo Codes File",
    "B": "Part B BE and Demo Codes File",
}
"""What the summary file (CCLF0) calls each file."""

Kind = Literal["text", "date", "money", "number", "integer"]


@dataclass(frozen=True)
class Field:
    """One field: its CMS name, its first and last position (1 = first character), and what it holds."""

    name: str
    start: int
    end: int
    kind: Kind
    description: str

    @property
    def length(self) -> int:
        return self.end - self.start + 1


@cache
def versions() -> dict[str, str]:
    """The versions there are, newest first, and the CMS document each is taken from."""
    with (FOLDER / "versions.csv").open(newline="", encoding="utf-8") as stream:
        return {row["version"]: row["source"] for row in csv.DictReader(stream)}


@cache
def _layouts(version: str) -> dict[str, tuple[Field, ...]]:
    found: dict[str, list[Field]] = {}
    with (FOLDER / f"{version}.csv").open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            kind: Kind = row["kind"]  # type: ignore[assignment]
            found.setdefault(row["file"], []).append(
                Field(row["field"], int(row["start"]), int(row["end"]), kind, row["description"])
            )
    return {file: tuple(fields) for file, fields in found.items()}


def layout(version: str, file: str) -> tuple[Field, ...]:
    """The fields of a file (``"1"`` … ``"9"``, ``"A"``, ``"B"``) in a version, in order. Raises
    ``KeyError``."""
    if version not in versions():
        raise KeyError(f"there is no CCLF layout {version!r}; there is {', '.join(versions())}")
    return _layouts(version)[file]


def record_length(version: str, file: str) -> int:
    """How many characters a record of a file has, without its line end."""
    return layout(version, file)[-1].end


def lengths(file: str) -> dict[int, str]:
    """The record lengths a file may have, each with the newest version that has it."""
    found: dict[int, str] = {}
    for version in versions():
        found.setdefault(record_length(version, file), version)
    return found


def summary_line(file: str, rows: int, length: int) -> str:
    """A detail record of the summary file (CCLF0): X(7)|X(43)|9(11)|9(5), 69 characters.

    Source: CCLF Information Packet, table 'Summary Statistics Detail Records'.
    """
    return f"{'CCLF' + file:<7}|{NAMES[file]:<43}|{rows:>11}|{length:>5}"


SUMMARY_HEADER = (
    f"{'File Number':<13}|{'File Description':<20}|{'Total Records Count':<20}|{'Record Length':<13}"
)
"""The first record of the summary file (CCLF0)."""
