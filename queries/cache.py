"""Keeps answers for a while: least recently used out first, bounded by bytes and entries.

Identical requests in flight share one execution. What is handed out is a copy, so no page can change what
another one sees.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import pandas as pd


@dataclass(frozen=True)
class Answer:
    """An answer as it is kept. The attributes stay beside the frame: pandas copies them at every touch."""

    frame: pd.DataFrame
    attrs: dict[str, Any]
    bytes: int
    list_columns: tuple[str, ...] = field(default=())

    def copy(self) -> pd.DataFrame:
        """A frame that shares nothing that can be changed with what is kept."""
        copied = self.frame.copy()
        for name in self.list_columns:
            # pandas copies the column but would share the lists in it
            copied[name] = pd.Series(
                [None if value is None else list(value) for value in self.frame[name]],
                index=copied.index,
                dtype=object,
            )
        copied.attrs = dict(self.attrs)
        return copied


class AnswerCache:
    """A thread-safe cache of answers with single flight."""

    def __init__(self, max_bytes: int, max_entries: int) -> None:
        self._max_bytes = max_bytes
        self._max_entries = max_entries
        self._lock = threading.Lock()
        self._answers: OrderedDict[Hashable, Answer] = OrderedDict()
        self._flying: dict[Hashable, Future[Answer]] = {}
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._answers)

    def answer(self, key: Hashable, compute: Callable[[], Answer]) -> pd.DataFrame:
        """A copy of the answer, computed at most once among those who ask at the same time."""
        with self._lock:
            kept = self._answers.get(key)
            if kept is not None:
                self._answers.move_to_end(key)
            flight = self._flying.get(key)
            leads = kept is None and flight is None
            if leads:
                flight = self._flying[key] = Future()
        if kept is not None:
            return kept.copy()
        assert flight is not None
        if not leads:
            return flight.result().copy()
        try:
            made = compute()
        except BaseException as error:
            with self._lock:
                del self._flying[key]
            flight.set_exception(error)
            raise
        with self._lock:
            self._keep(key, made)
            del self._flying[key]
        flight.set_result(made)
        return made.copy()

    def clear(self) -> None:
        """Forgets everything kept."""
        with self._lock:
            self._answers.clear()
            self.bytes = 0

    def _keep(self, key: Hashable, made: Answer) -> None:
        if made.bytes > self._max_bytes:
            return
        self._answers[key] = made
        self.bytes += made.bytes
        while self.bytes > self._max_bytes or len(self._answers) > self._max_entries:
            _, dropped = self._answers.popitem(last=False)
            self.bytes -= dropped.bytes
