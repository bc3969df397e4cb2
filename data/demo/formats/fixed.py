"""Fixed-width records made a column at a time: a block of bytes, one row per record, filled field by field.

Text stands to the left, numbers to the right, blanks fill the rest; a null is blanks. No step goes row by
row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Protocol, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.demo.formats.deliveries import NO_DAY, day_position, day_words, whole

BLANK = ord(" ")
_ZERO, _POINT, _MINUS = ord("0"), ord("."), ord("-")


class Placed(Protocol):
    """A field of a layout: its name and its first and last position, from 1."""

    @property
    def name(self) -> str: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def kind(self) -> str: ...


Value: TypeAlias = str | pa.Array | pa.ChunkedArray | np.ndarray


def records(layout: Sequence[Placed], values: Mapping[str, Value], count: int) -> np.ndarray:
    """`count` records of a layout as rows of bytes, each with its line end. Fields without a value are blank.

    A value is text (the same for every record), an Arrow array of text, or numbers: cents where the layout
    says money, days since 1970 for dates (NO_DAY: none), quantities for numbers, whole numbers otherwise.
    ValueError names a field that the layout does not have.
    """
    width = layout[-1].end
    block = np.full((count, width + 1), BLANK, np.uint8)
    block[:, width] = ord("\n")
    fields = {item.name: item for item in layout}
    unknown = sorted(set(values) - set(fields))
    if unknown:
        raise ValueError(f"the layout has no field {', '.join(unknown)}")
    for name, value in values.items():
        item = fields[name]
        block[:, item.start - 1 : item.end] = _cells(value, item.kind, item.end - item.start + 1, count)
    return block


def _cells(value: Value, kind: str, width: int, count: int) -> np.ndarray:
    if isinstance(value, str):
        return _words(pa.array([value]), width)[0]
    if isinstance(value, np.ndarray):
        if kind == "date":
            return _dates(value, width)
        if kind == "money":
            return decimals(value, width, 2)
        if kind == "number":
            return decimals(value * 10_000, width, 4)
        return decimals(value, width, 0)
    return letters(value, width)


@cache
def _day_cells(width: int) -> np.ndarray:
    return _words(pa.concat_arrays([day_words("%Y-%m-%d"), pa.array([""])]), width)


def _dates(day: np.ndarray, width: int) -> np.ndarray:
    cells = _day_cells(width)
    return cells[np.where(day == NO_DAY, len(cells) - 1, day_position(day))]


def letters(value: pa.Array | pa.ChunkedArray, width: int) -> np.ndarray:
    """Text as rows of bytes, cut to the width. Each distinct word is made once."""
    array = whole(value)
    if not pa.types.is_dictionary(array.type):
        array = pc.cast(array, pa.string()).dictionary_encode()
    elif len(array.dictionary) > len(array):  # a slice of a chunk: only the words it uses
        used, position = np.unique(pc.fill_null(array.indices, 0), return_inverse=True)
        index = pa.array(position, mask=np.asarray(array.indices.is_null()))
        array = pa.DictionaryArray.from_arrays(index, array.dictionary.take(pa.array(used)))
    words = _words(pa.concat_arrays([pc.cast(array.dictionary, pa.string()), pa.array([""])]), width)
    numbers = pc.fill_null(array.indices, len(words) - 1).to_numpy(zero_copy_only=False)
    return words[numbers]


def _words(texts: pa.Array, width: int) -> np.ndarray:
    """Each text as a row of bytes. CMS's files are ASCII: another letter becomes a question mark."""
    if not pc.all(pc.string_is_ascii(texts), min_count=0).as_py():
        plain = [text.encode("ascii", "replace").decode() for text in texts.to_pylist()]
        texts = pa.array(plain, pa.string())
    texts = pc.utf8_slice_codeunits(texts, 0, width)
    offsets = np.frombuffer(texts.buffers()[1], np.int32)[texts.offset : texts.offset + len(texts) + 1]
    length = np.diff(offsets)
    total = int(offsets[-1] - offsets[0])
    letters_of = np.frombuffer(texts.buffers()[2] or b"", np.uint8)[offsets[0] : offsets[0] + total]
    cells = np.full(len(texts) * width, BLANK, np.uint8)
    begin = np.arange(len(texts)) * width - (offsets[:-1] - offsets[0])
    cells[np.repeat(begin, length) + np.arange(total)] = letters_of
    return cells.reshape(len(texts), width)


def decimals(value: np.ndarray, width: int, places: int) -> np.ndarray:
    """Whole numbers with a point before the last `places` digits, to the right of blanks."""
    value = value.astype(np.int64)
    cells = np.full((len(value), width), BLANK, np.uint8)
    if not len(value):
        return cells
    left = np.abs(value)
    column = width - 1
    digits = max(len(str(int(left.max()))), places + 1)
    if digits + (places > 0) + bool((value < 0).any()) > width:
        raise ValueError(f"{left.max()} does not fit a field of {width} characters")
    length = np.full(len(value), places + 1)
    for position in range(digits):
        if places and position == places:
            cells[:, column] = _POINT
            column -= 1
        present = (left > 0) | (position <= places)
        length[present] = position + 1
        cells[:, column] = np.where(present, _ZERO + left % 10, BLANK)
        left = left // 10
        column -= 1
    negative = np.flatnonzero(value < 0)
    at = width - length[negative] - (1 if places else 0) - 1
    cells[negative, at] = _MINUS
    return cells
