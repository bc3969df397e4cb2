"""The ED page's questions against the same SQL run bare on DuckDB.

The questions are those the page really asks: the page's script is run once and its questions are recorded.
Each is then timed two ways on the same snapshot, warm, best of `repeats`:

- `asked`: `queries.ask` with nothing cached: scope, rewriting, SQLAlchemy, Arrow, pandas;
- `bare`: the same rewritten SQL on a plain DuckDB connection with as many threads, fetched as a pandas frame.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Asked:
    """One question of the page with its filters and parameters."""

    question: str
    filters: Any
    params: tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class Timing:
    """Milliseconds of a page's questions, together and each."""

    asked: float
    bare: float
    each: dict[str, tuple[float, float]]

    @property
    def ratio(self) -> float:
        """Asked through the product ÷ bare DuckDB."""
        return self.asked / self.bare


def page_questions(principal: Any) -> list[Asked]:
    """What the ED page asks in one run, in order, without repeats."""
    from streamlit.testing.v1 import AppTest

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
        page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=300)
        page.run()
        if not recorded:
            page.switch_page("pages/ed_utilization.py").run()
        if page.exception:
            raise RuntimeError(f"the ED page failed: {page.exception[0].value}")
    finally:
        queries.ask, sign_in.require_principal = real_ask, real_require
    return [asked for asked in recorded.values() if asked.question.startswith(("ed/", "shared/"))]


def measure(warehouse: Path, repeats: int = 5) -> tuple[int, Timing]:
    """(number of questions, their timing) of the ED page on `warehouse`, for someone who sees all markets."""
    os.environ["HUDDLEBOARD_WAREHOUSE"] = str(warehouse)
    import queries
    from access.policy import principal_for
    from queries.settings import settings

    principal = principal_for("bench", "Benchmark", "medical_director", markets=None, contracts=None)
    page = page_questions(principal)
    snapshot = queries.current_snapshot()
    with duckdb.connect() as plain:
        plain.execute(f"attach '{warehouse / snapshot}.duckdb' as snapshot (read_only)")
        plain.execute("use snapshot")
        plain.execute(f"set threads = {settings().threads}")
        each: dict[str, tuple[float, float]] = {}
        for asked in page:
            params = dict(asked.params)
            sql, binds = queries.bare_sql(
                asked.question, principal, asked.filters, snapshot=snapshot, **params
            )

            def through(asked: Asked = asked, params: dict[str, Any] = params) -> None:
                queries.clear_cache()
                queries.ask(asked.question, principal, asked.filters, snapshot=snapshot, **params)

            def bare(sql: str = sql, binds: dict[str, Any] = binds) -> None:
                plain.execute(sql, binds).df()

            name = f"{asked.question} {dict(asked.params) or ''}".strip()
            if name in each:
                name += ", other period"
            each[name] = (best(through, repeats), best(bare, repeats))
    total_asked = sum(pair[0] for pair in each.values())
    total_bare = sum(pair[1] for pair in each.values())
    return len(page), Timing(total_asked, total_bare, each)


def best(run: Callable[[], None], repeats: int) -> float:
    """Milliseconds of the fastest of `repeats` runs, after one to warm up."""
    run()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        run()
        times.append((time.perf_counter() - started) * 1000)
    return min(times)
