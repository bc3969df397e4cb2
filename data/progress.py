"""Tells the person at the terminal how far a build is: bars on a terminal, plain lines in a log."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn


class Narrator:
    """Shows one bar per phase on a terminal; elsewhere a line when a phase begins and one when it ends."""

    def __init__(self, console: Console) -> None:
        self.console = console

    @contextmanager
    def phase(self, title: str, total: int | None = None) -> Iterator[Phase]:
        """A phase of the work with ``total`` steps (unknown if None)."""
        begun = time.monotonic()
        if self.console.is_terminal:
            columns = (
                TextColumn("[bold]{task.description:<12}"),
                BarColumn(bar_width=24),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TextColumn("{task.fields[step]}", style="dim"),
            )
            with Progress(*columns, console=self.console) as progress:
                task = progress.add_task(title, total=total, step="")
                phase = Phase(progress, task)
                yield phase
                phase.finish()
        else:
            self.console.print(f"{title} ...", highlight=False)
            yield Phase(None, None)
            self.console.print(f"{title} done in {time.monotonic() - begun:.1f} s", highlight=False)


class Phase:
    """A phase under way; ``step`` names the thing being worked on now and counts the one before as done."""

    def __init__(self, progress: Progress | None, task: TaskID | None) -> None:
        self._progress = progress
        self._task = task
        self._steps = 0

    def step(self, name: str) -> None:
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, completed=self._steps, step=name)
        self._steps += 1

    def at(self, name: str, done: int, total: int) -> None:
        """Like :meth:`step`, where the worker itself knows how much is done of how much."""
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, completed=done, total=total, step=name)
        self._steps = done

    def finish(self) -> None:
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, completed=self._steps, total=self._steps, step="")
