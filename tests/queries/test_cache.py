"""The cache never mixes two people's answers or two snapshots, and nobody changes what another one sees."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from access.principal import Principal
from queries import Filters, ask, clear_cache
from queries.cache import Answer, AnswerCache

YEAR = Filters(period_start=date(2025, 7, 1), period_end=date(2026, 4, 1))


def test_scopes_classes_filters_and_parameters_do_not_share_answers(
    crowd: Path, serve: Callable[[Path], None], principal: Callable[..., Principal]
) -> None:
    serve(crowd)
    askers = [
        principal(), principal(markets={"north"}), principal(markets={"south"}), principal(contracts={"aco"}),
        principal(markets={"north"}, contracts={"aco"}), principal(markets=set()),
    ]  # fmt: skip
    cold = []
    for asker in askers:
        clear_cache()
        cold.append(ask("ed/summary", asker, YEAR)["total"].item())
    clear_cache()
    assert [ask("ed/summary", asker, YEAR)["total"].item() for asker in askers * 2] == cold * 2
    assert len(set(cold)) == len(cold)
    assert "name" in ask("members/list", principal()) and "name" not in ask(
        "members/list", principal(classes={"key"})
    )
    assert len(ask("ed/visits", principal(), YEAR)) > len(
        ask("ed/visits", principal(), YEAR, disposition="admitted")
    )


def test_two_warehouses_with_the_same_snapshot_id_do_not_share_answers(
    crowd: Path, crowd_north_only: Path, serve: Callable[[Path], None], principal: Callable[..., Principal]
) -> None:
    serve(crowd)
    everything = ask("ed/summary", principal(), YEAR)["total"].item()
    serve(crowd_north_only)
    assert 0 < ask("ed/summary", principal(), YEAR)["total"].item() < everything


def test_what_is_handed_out_is_a_copy(
    crowd: Path, serve: Callable[[Path], None], principal: Callable[..., Principal]
) -> None:
    serve(crowd)
    first = ask("members/list", principal())
    first.loc[:, "name"] = "changed"
    first["conditions"].iloc[0].append("changed")
    first.attrs["sql"] = "changed"
    again = ask("members/list", principal())
    assert "changed" not in again.to_csv() and again.attrs["sql"] != "changed"
    assert again["conditions"].iloc[0] == ["diabetes"]


def test_an_answer_says_what_ran_where_and_how_long(
    crowd: Path, serve: Callable[[Path], None], principal: Callable[..., Principal]
) -> None:
    serve(crowd)
    attrs = ask("ed/visits", principal(markets={"north"}), YEAR, disposition="admitted").attrs
    assert attrs["question"] == "ed/visits" and attrs["snapshot"] == (crowd / "CURRENT").read_text()
    assert attrs["params"]["disposition"] == "admitted" and attrs["rows"] > 0 and attrs["elapsed_ms"] > 0
    assert "/* 'north' */" in attrs["sql"] and "/* 'admitted' */" in attrs["sql"]


def test_a_value_cannot_end_the_comment_it_is_shown_in(
    crowd: Path, serve: Callable[[Path], None], principal: Callable[..., Principal]
) -> None:
    serve(crowd)
    assert "*/ drop" not in ask("members/list", principal(), search="*/ drop table x").attrs["sql"]


def frame(rows: int) -> Answer:
    return Answer(pd.DataFrame({"x": range(rows)}), {}, bytes=rows * 8)


def test_the_cache_keeps_to_its_bytes_and_entries_and_drops_the_least_recently_used() -> None:
    cache = AnswerCache(max_bytes=80, max_entries=3)
    made: list[str] = []

    def ask_for(key: str, rows: int = 1) -> None:
        cache.answer(key, lambda: (made.append(key), frame(rows))[1])

    for key in ("a", "b", "c", "a", "d"):
        ask_for(key)
    assert made == ["a", "b", "c", "d"] and len(cache) == 3
    ask_for("a")
    ask_for("b")
    assert made == ["a", "b", "c", "d", "b"]
    ask_for("large", 10)
    assert len(cache) == 1 and cache.bytes == 80
    ask_for("too large", 11)
    assert len(cache) == 1


def test_identical_questions_at_one_time_run_once_and_share_a_failure() -> None:
    cache = AnswerCache(max_bytes=10_000, max_entries=10)
    started, go = threading.Event(), threading.Event()
    runs: list[int] = []

    def slow() -> Answer:
        runs.append(1)
        started.set()
        go.wait(30)
        return frame(3)

    answers: list[pd.DataFrame] = []
    threads = [threading.Thread(target=lambda: answers.append(cache.answer("k", slow))) for _ in range(6)]
    threads[0].start()
    started.wait(30)
    for thread in threads[1:]:
        thread.start()
    go.set()
    for thread in threads:
        thread.join()
    assert runs == [1] and [len(answer) for answer in answers] == [3] * 6
    assert len({id(answer) for answer in answers}) == 6

    def fails() -> Answer:
        raise ValueError("no")

    for _ in range(2):
        with pytest.raises(ValueError):
            cache.answer("f", fails)
