"""A page's questions against the same SQL run bare on DuckDB, and the page's own time.

The questions are those the page really asks: its script is run, once for each interaction (a filter or
switch set another way), and its questions are recorded. Each is then timed two ways on the same snapshot,
warm, best of `repeats`:

- `asked`: `queries.ask` with nothing cached: scope, rewriting, SQLAlchemy, Arrow, pandas;
- `bare`: the same rewritten SQL on a plain DuckDB connection with as many threads, fetched as a pandas frame.

The page's time is that of its whole script (questions with nothing cached, statistics, charts), without a
browser.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

ROOT = Path(__file__).resolve().parent.parent
# What a reader does on a page, as the address it leads to.
INTERACTIONS: dict[str, dict[str, Mapping[str, str]]] = {
    "ed_utilization": {
        "opened": {},
        "one market": {"market": "Harbor"},
        "24 months": {"period": "24 months"},
    },
    "cost_pmpm": {
        "opened": {},
        "one market": {"market": "Harbor"},
        "24 months": {"period": "24 months"},
        "paid": {"dollars": "Paid"},
        "truncated": {"cap": "Truncated"},
        "without pharmacy": {"drugs": "Without"},
        "against the budget": {"compare": "Budget"},
    },
}
TITLES = {"ed_utilization": "ED utilization", "cost_pmpm": "Cost PMPM"}


@dataclass(frozen=True)
class Asked:
    """One question of the page with its filters and parameters."""

    question: str
    filters: Any
    params: tuple[tuple[str, Any], ...]

    def __str__(self) -> str:
        given = {name: value for name, value in self.params if value is not None}
        return f"{self.question} {given or ''}".strip()


@dataclass(frozen=True)
class Timing:
    """Milliseconds of an interaction's questions, asked and bare, in all and each; and its script's."""

    page: str
    interaction: str
    questions: int
    asked: float
    bare: float
    script: float
    each: dict[str, tuple[float, float]]

    @property
    def ratio(self) -> float:
        """Asked through the product ÷ bare DuckDB."""
        return self.asked / self.bare


def measure(warehouse: Path, repeats: int = 5) -> list[Timing]:
    """The timing of every interaction of every page on `warehouse`, for someone who sees all markets."""
    os.environ["HUDDLEBOARD_WAREHOUSE"] = str(warehouse)
    import queries
    from access.policy import principal_for
    from queries.settings import settings

    principal = principal_for("bench", "Benchmark", "medical_director", markets=None, contracts=None)
    snapshot = queries.current_snapshot()
    done: dict[Asked, tuple[float, float]] = {}
    found = []
    with duckdb.connect() as plain:
        plain.execute(f"attach '{warehouse / snapshot}.duckdb' as snapshot (read_only)")
        plain.execute("use snapshot")
        plain.execute(f"set threads = {settings().threads}")
        for page, interactions in INTERACTIONS.items():
            for interaction, address in interactions.items():
                recorded, script = run_page(page, address, principal)
                for asked in recorded:
                    if asked not in done:
                        done[asked] = _twice(asked, plain, principal, snapshot, repeats)
                each: dict[str, tuple[float, float]] = {}
                for asked in recorded:
                    name = str(asked)
                    each[name if name not in each else f"{name}, other filters"] = done[asked]
                found.append(
                    Timing(
                        page,
                        interaction,
                        len(recorded),
                        sum(done[asked][0] for asked in recorded),
                        sum(done[asked][1] for asked in recorded),
                        script,
                        each,
                    )
                )
    return found


def run_page(page: str, address: Mapping[str, str], principal: Any) -> tuple[list[Asked], float]:
    """(what the page asks in one run, without repeats; milliseconds of the fastest of three runs)."""
    from streamlit.testing.v1 import AppTest
    from streamlit.util import calc_hash

    import queries

    with _signed_in(principal) as recorded:
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=600)
        for name, value in address.items():
            app.query_params[name] = value
        # Pages are registered as functions, which AppTest cannot switch to by name.
        app._page_hash = calc_hash(page)
        app.run()
        recorded.clear()

        def run() -> None:
            queries.clear_cache()
            app.run()
            if app.exception:
                raise RuntimeError(f"{page} failed: {app.exception[0].value}")

        milliseconds = best(run, 3)
        return list(recorded.values()), milliseconds


@contextmanager
def _signed_in(principal: Any) -> Iterator[dict[tuple[Any, ...], Asked]]:
    """Every page takes `principal` for who is asking; what is asked is recorded."""
    import queries
    from components import sign_in

    recorded: dict[tuple[Any, ...], Asked] = {}
    real_ask, real_require = queries.ask, sign_in.require_principal

    def record(question: str, who: Any, filters: Any = queries.Filters(), **rest: Any) -> Any:  # noqa: B008
        params = tuple(sorted((name, value) for name, value in rest.items() if name != "snapshot"))
        recorded.setdefault((question, filters, params), Asked(question, filters, params))
        return real_ask(question, who, filters, **rest)

    queries.ask = record
    sign_in.require_principal = lambda *_, **__: principal
    try:
        yield recorded
    finally:
        queries.ask, sign_in.require_principal = real_ask, real_require


def _twice(
    asked: Asked, plain: duckdb.DuckDBPyConnection, principal: Any, snapshot: str, repeats: int
) -> tuple[float, float]:
    import queries

    params = dict(asked.params)
    sql, binds = queries.bare_sql(asked.question, principal, asked.filters, snapshot=snapshot, **params)

    def through() -> None:
        queries.clear_cache()
        queries.ask(asked.question, principal, asked.filters, snapshot=snapshot, **params)

    def bare() -> None:
        plain.execute(sql, binds).df()

    return best(through, repeats), best(bare, repeats)


def best(run: Callable[[], None], repeats: int) -> float:
    """Milliseconds of the fastest of `repeats` runs, after one to warm up."""
    run()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        run()
        times.append((time.perf_counter() - started) * 1000)
    return min(times)
