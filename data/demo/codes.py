"""Code columns as small integers: every code used is numbered once, and becomes an Arrow dictionary when
written.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa

ROOM = Path(__file__).parent
NULL = -1


class Vocabulary:
    """Strings numbered in the order of first use; NULL (-1) is a null."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def number(self, code: str | None) -> int:
        if code is None:
            return NULL
        return self._numbers.setdefault(code, len(self._numbers))

    def numbers(self, codes: Iterable[str | None]) -> np.ndarray:
        return np.array([self.number(code) for code in codes], dtype=np.int32)

    def strings(self) -> list[str]:
        return list(self._numbers)

    def column(self, numbers: np.ndarray) -> pa.DictionaryArray:
        """The Arrow column (dictionary of string) for an array of numbers."""
        return dictionary_column(numbers, pa.array(self.strings(), pa.string()))


def dictionary_column(numbers: np.ndarray, words: pa.Array) -> pa.DictionaryArray:
    """Arrow dictionary column from positions in `words`, which must be distinct; negative positions are
    null.
    """
    positions = numbers.astype(np.int32, copy=False)
    return pa.DictionaryArray.from_arrays(pa.array(positions, mask=positions < 0), words)


@dataclass(frozen=True)
class EdDiagnoses:
    """The diagnoses of the ED, one array element per row of ed_diagnoses.csv."""

    code: list[str]
    description: list[str]
    share: dict[str, np.ndarray]  # weight by population: medicare, medicaid, commercial, child
    admit: np.ndarray  # chance of admission before a contract's factor
    observe: np.ndarray
    level: np.ndarray  # typical level of visit, 1..5
    drg: list[str]
    avoidable: np.ndarray  # non-emergent + primary-care treatable, 0 where the pack has no weight


@cache
def ed_diagnoses() -> EdDiagnoses:
    rows = _rows("ed_diagnoses.csv")
    weights = {row["icd10"]: float(row["noner"]) + float(row["epct"]) for row in ed_weights()}
    populations = ("medicare", "medicaid", "commercial", "child")
    return EdDiagnoses(
        code=[row["code"] for row in rows],
        description=[row["description"] for row in rows],
        share={name: _shares([float(row[name]) for row in rows]) for name in populations},
        admit=np.array([float(row["admit"]) for row in rows]),
        observe=np.array([float(row["observe"]) for row in rows]),
        level=np.array([int(row["level"]) for row in rows]),
        drg=[row["drg"] for row in rows],
        avoidable=np.array([weights.get(row["code"], 0.0) for row in rows]),
    )


@cache
def ed_weights() -> list[dict[str, str]]:
    """The demo's own nyu-ed pack, row by row, with its citation."""
    return _rows("ed_weights.csv")


def _rows(name: str) -> list[dict[str, str]]:
    with (ROOM / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _shares(weights: list[float]) -> np.ndarray:
    array = np.array(weights)
    return array / array.sum()
