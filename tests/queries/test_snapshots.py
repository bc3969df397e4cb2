"""A new snapshot takes over without an error in any running session, and a pinned one goes on serving."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from access.principal import Principal
from queries import (
    Filters,
    NoWarehouse,
    QueryError,
    QueryTooSlow,
    UnknownQuestion,
    ask,
    clear_cache,
    current_snapshot,
)
from queries.catalog import Question
from queries.settings import settings
from queries.snapshots import lend

YEAR = Filters(period_start=date(2026, 1, 1), period_end=date(2026, 1, 1))


def rows(visits: int) -> dict[str, list[dict[str, Any]]]:
    return {
        "member_month": [{"person_id": "ann", "month": date(2026, 1, 1)}],
        "ed_visit": [
            {"visit_id": f"v{index}", "person_id": "ann", "visit_date": date(2026, 1, 2)}
            for index in range(visits)
        ],
    }


def test_nothing_published_says_how_to_publish(
    tmp_path: Path, serve: Callable[[Path], None], principal: Callable[..., Principal]
) -> None:
    serve(tmp_path)
    with pytest.raises(NoWarehouse, match="python -m data build"):
        ask("ed/summary", principal())


def test_the_next_question_uses_the_new_snapshot_and_a_pinned_one_the_old(
    publish: Callable[..., Path], principal: Callable[..., Principal]
) -> None:
    publish(rows(1), "s1")
    assert ask("ed/summary", principal(), YEAR).iloc[0]["visits"] == 1
    warehouse = publish(rows(2), "s2")
    assert current_snapshot() == "s2"
    assert ask("ed/summary", principal(), YEAR).iloc[0]["visits"] == 2
    (warehouse / "s1.duckdb").unlink()
    pinned = ask("ed/visits", principal(), YEAR, snapshot="s1")
    assert len(pinned) == 1 and pinned.attrs["snapshot"] == "s1"


def test_a_snapshot_no_longer_kept_says_so(
    publish: Callable[..., Path], principal: Callable[..., Principal]
) -> None:
    publish(rows(1), "s1")
    for gone in ("s0", "../s1", ""):
        with pytest.raises(QueryError, match="no longer kept"):
            ask("ed/summary", principal(), YEAR, snapshot=gone or "none")


def test_no_more_snapshots_stay_open_than_the_setting_says(
    publish: Callable[..., Path], principal: Callable[..., Principal]
) -> None:
    from queries import snapshots

    for index in range(settings().open_snapshots + 2):
        publish(rows(index), f"n{index}")
        ask("ed/summary", principal(), YEAR)
    assert len(snapshots._open) <= settings().open_snapshots


def test_a_snapshot_with_a_question_running_is_never_closed(
    publish: Callable[..., Path], principal: Callable[..., Principal]
) -> None:
    publish(rows(1), "r0")
    with lend("r0") as held:
        for index in range(1, settings().open_snapshots + 3):
            publish(rows(index), f"r{index}")
            ask("ed/summary", principal(), YEAR)
        assert held.root.cursor().execute("select count(*) from mart.ed_visit").fetchone() == (1,)


def test_sessions_that_ask_while_snapshots_are_published_never_fail_or_mix_numbers(
    publish: Callable[..., Path], principal: Callable[..., Principal]
) -> None:
    publish(rows(1), "h1")
    wrong: list[object] = []
    done = threading.Event()

    def session() -> None:
        while not done.is_set():
            try:
                snapshot = current_snapshot()
                summary = ask("ed/summary", principal(), YEAR, snapshot=snapshot)
                visits = ask("ed/visits", principal(), YEAR, snapshot=snapshot)
                number = int(snapshot.removeprefix("h"))
                if not number == summary.iloc[0]["visits"] == len(visits):
                    wrong.append((snapshot, summary.iloc[0]["visits"], len(visits)))
            except Exception as error:
                wrong.append(error)

    sessions = [threading.Thread(target=session) for _ in range(4)]
    for thread in sessions:
        thread.start()
    for number in range(2, 5):
        publish(rows(number), f"h{number}")
        clear_cache()
    done.set()
    for thread in sessions:
        thread.join()
    assert wrong == []


def test_a_question_over_the_time_limit_is_stopped_and_says_what_to_do(
    publish: Callable[..., Path], principal: Callable[..., Principal], monkeypatch: pytest.MonkeyPatch
) -> None:
    from queries import runner

    publish(rows(1), "slow")
    heavy = Question.model_validate(
        {
            "name": "test/heavy", "answers": "Counts very many pairs.", "grain": "one row",
            "columns": {"n": "pairs — number of pairs"},
            "sql": "select count(*) as n from range(1000000) as a(i), range(1000000) as b(j) "
            "where (a.i * b.j) % 7 = 1",
        }
    )  # fmt: skip
    monkeypatch.setattr(runner, "question", lambda name: heavy)
    limited = settings().__class__(**{**settings().__dict__, "query_seconds": 0.2})
    monkeypatch.setattr(runner, "settings", lambda: limited)
    with pytest.raises(QueryTooSlow, match="shorter period"):
        ask("test/heavy", principal())
    monkeypatch.undo()


def test_an_error_in_the_database_names_the_question_and_no_member(
    publish: Callable[..., Path], principal: Callable[..., Principal], monkeypatch: pytest.MonkeyPatch
) -> None:
    from queries import runner

    publish(rows(1), "broken")
    wrong = Question.model_validate(
        {
            "name": "test/wrong", "answers": "Reads a column that is not there.", "grain": "one row",
            "columns": {"nothing": "text — nothing"}, "sql": "select nothing from mart.ed_visit",
        }
    )  # fmt: skip
    monkeypatch.setattr(runner, "question", lambda name: wrong)
    with pytest.raises(QueryError, match="test/wrong could not be answered"):
        ask("test/wrong", principal())


def test_the_database_is_opened_so_that_sql_cannot_leave_it(publish: Callable[..., Path]) -> None:
    publish(rows(1), "hard")
    with lend(None) as opened:
        cursor = opened.root.cursor()
        for forbidden in (
            "select * from read_csv('/etc/hostname')",
            "copy (select 1) to '/tmp/out.csv'",
            "attach '/tmp/other.duckdb'",
            "set enable_external_access = true",
            "install httpfs",
            "delete from mart.ed_visit",
        ):
            with pytest.raises(Exception, match="(?i)disabled|locked|read-only|permission"):
                cursor.execute(forbidden)


def test_unknown_questions_parameters_and_values_are_named(
    publish: Callable[..., Path], principal: Callable[..., Principal]
) -> None:
    publish(rows(1), "p1")
    with pytest.raises(UnknownQuestion, match="ed/nothing"):
        ask("ed/nothing", principal())
    with pytest.raises(UnknownQuestion, match="colour"):
        ask("ed/visits", principal(), colour="red")
    with pytest.raises(QueryError, match="must be one of"):
        ask("members/list", principal(), order_by="phone; drop table x")
    with pytest.raises(QueryError, match="whole number"):
        ask("ed/visits", principal(), hour="noon")
    with pytest.raises(QueryError, match="needs person_id"):
        ask("members/header", principal())
