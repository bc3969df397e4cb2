"""The summary file (CCLF0): how many records of what length CMS says each file of a delivery has."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from data.feed_error import FeedError
from data.sources.cms_cclf.layouts import FILES
from data.sources.damaged import FIELDS, open_bytes

if TYPE_CHECKING:
    from data.feeds import Feed, FeedFile

COUNT_DIFFERS = "record count differs"
COUNT_COLUMN = "Total Records Count"


@dataclass
class Summary:
    """One summary file: for each file of the delivery its declared records and its own line number.

    ``rows`` are its detail records; ``set_aside`` those that could not be read or did not agree with the
    files.
    """

    file: FeedFile
    rows: int = 0
    declared: dict[str, tuple[int, int, str]] = field(default_factory=dict)
    set_aside: list[tuple[str, int, str | None, str, dict[str, object]]] = field(default_factory=list)

    def compare(self, file: FeedFile, letter: str, found: int) -> str | None:
        """What to say if a file has not as many records as declared; the record is set aside then."""
        if letter not in self.declared:
            return None
        declared, number, line = self.declared[letter]
        if found == declared:
            return None
        self._differs(letter, number, line, declared, found)
        return (
            f"{file.path}: holds {found:,} records, but line {number} of {self.file.path} says {declared:,} "
            f"for CCLF{letter}. Records were lost or added on the way: ask CMS for the delivery again, or set"
            " options.accept_count_mismatch: true to load what there is and have the difference shown on the "
            "data page"
        )

    def missing(self, there: set[str]) -> list[str]:
        """What to say of files that have records by the summary and are not in the delivery."""
        problems = []
        for letter, (declared, number, line) in self.declared.items():
            if declared and letter not in there:
                self._differs(letter, number, line, declared, 0)
                problems.append(
                    f"{self.file.path}: line {number} says that CCLF{letter} has {declared:,} records, but "
                    f"the delivery has no such file beside it: add it, correct files: cclf{letter.lower()}, "
                    "or set options.accept_count_mismatch: true"
                )
        return problems

    def _differs(self, letter: str, number: int, line: str, declared: int, found: int) -> None:
        row: dict[str, object] = {"line": line, "file": f"CCLF{letter}", "declared": declared, "found": found}
        self.set_aside.append((self.file.name, number, COUNT_COLUMN, COUNT_DIFFERS, row))


def read_summary(feed: Feed, file: FeedFile) -> Summary:
    """Read a summary file: a header record, then ``CCLF1  |description|records|record length`` for each
    file."""
    summary = Summary(file)
    with open_bytes(file.path) as stream:
        lines = stream.read().decode("utf-8-sig", "replace").splitlines()
    for number, line in enumerate(lines, start=1):
        values = [value.strip() for value in line.split("|")]
        if not line.strip() or values[0].lower() == "file number":
            continue
        summary.rows += 1
        letter = values[0].upper().removeprefix("CCLF")
        if len(values) < 4 or letter not in FILES or not values[2].isdigit():
            summary.set_aside.append((file.name, number, None, FIELDS, {"line": line}))
        elif letter in summary.declared:
            raise FeedError(feed.name, f"{file.path}: line {number}: names CCLF{letter} a second time")
        else:
            summary.declared[letter] = (int(values[2]), number, line)
    return summary
