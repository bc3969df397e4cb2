"""Every number can be opened: what a drill lists is what its number counted, in every scope."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from access.principal import Principal
from queries import Filters, all_questions, ask, drill, question
from queries.filters import CHOICES

DRILLED = [
    item.name for item in all_questions() if item.drill and not any(p.required for p in item.params.values())
]
GROUPINGS = question("ed/by_group").params["group_by"].choices


def scopes(
    principal: Callable[..., Principal], kinds_chosen: tuple[str, ...]
) -> list[tuple[Principal, Filters]]:
    """All; each market and contract as what may be seen; one of each of these kinds as what is chosen."""
    everyone = principal()
    options = ask("shared/filter_options", everyone)
    ids = {kind: list(options.loc[options["kind"] == kind, "id"]) for kind in options["kind"].unique()}
    found = [(everyone, Filters())]
    for kind in ("market", "contract"):
        found += [(principal(**{f"{kind}s": {permitted}}), Filters()) for permitted in ids[kind]]
    return found + [(everyone, Filters(**{kind: (ids[kind][0],)})) for kind in kinds_chosen]


def check(
    name: str,
    asked: list[tuple[Principal, Filters]],
    counted: Callable[[pd.DataFrame, str], float],
    turns: int = 1,
    **params: Any,
) -> int:
    """Opens the numbers of one row per scope, another row in each; how many of them were not zero.

    The first scope opens every number; in the others they take `turns` (1 = every number in every scope).
    """
    checked = 0
    numbers = list(question(name).drill.items())
    for turn, (asker, filters) in enumerate(asked):
        answer = ask(name, asker, filters, **params)
        if answer.empty:
            continue
        # first, last, second, last but one, …: large groups and small ones take turns
        row = answer.iloc[(turn // 2 if turn % 2 == 0 else -1 - turn // 2) % len(answer)].to_dict()
        for measure, how in numbers[turn % min(turns, len(numbers)) :: turns] if turn else numbers:
            if measure == "frequent_4" and pd.isna(row[measure]):
                continue  # unknown, not none: its twelve months begin before the data
            rows = drill(name, asker, filters, measure=measure, row=row, **params)
            expected = 0 if pd.isna(row[measure]) else float(row[measure])
            assert counted(rows, how.count) == pytest.approx(expected), (measure, row, asker, filters)
            checked += expected > 0
    return checked


@pytest.mark.parametrize("name", DRILLED)
def test_the_drill_of_every_number_equals_it_in_every_scope(
    name: str,
    crowd: Path,
    serve: Callable[[Path], None],
    principal: Callable[..., Principal],
    counted: Callable[[pd.DataFrame, str], float],
) -> None:
    serve(crowd)
    # Every amount of the cost page is listed by the same two questions: there the numbers take turns.
    assert check(name, scopes(principal, CHOICES), counted, turns=3 if name.startswith("cost/") else 1)


@pytest.mark.parametrize("group_by", GROUPINGS)
def test_the_drill_of_every_group_equals_its_number_in_every_scope(
    group_by: str,
    crowd: Path,
    serve: Callable[[Path], None],
    principal: Callable[..., Principal],
    counted: Callable[[pd.DataFrame, str], float],
) -> None:
    serve(crowd)
    assert check("ed/by_group", scopes(principal, CHOICES), counted, group_by=group_by)


# The demo is built once: nothing has changed since a snapshot before.
@pytest.mark.parametrize("name", [name for name in DRILLED if not name.startswith("cost/change")])
def test_the_drill_of_every_number_equals_it_in_the_demo(
    name: str,
    demo_warehouse: Path,
    serve: Callable[[Path], None],
    principal: Callable[..., Principal],
    counted: Callable[[pd.DataFrame, str], float],
) -> None:
    serve(demo_warehouse)
    turns = 6 if name.startswith("cost/") else 3
    assert check(name, scopes(principal, ("care_team", "pcp")), counted, turns)


@pytest.mark.parametrize("group_by", GROUPINGS)
def test_the_drill_of_every_group_equals_its_number_in_the_demo(
    group_by: str,
    demo_warehouse: Path,
    serve: Callable[[Path], None],
    principal: Callable[..., Principal],
    counted: Callable[[pd.DataFrame, str], float],
) -> None:
    serve(demo_warehouse)
    assert check("ed/by_group", scopes(principal, ("care_team", "pcp")), counted, turns=5, group_by=group_by)


def test_the_groups_add_up_to_the_whole(
    crowd: Path, serve: Callable[[Path], None], principal: Callable[..., Principal]
) -> None:
    serve(crowd)
    chosen = Filters(period_start=date(2025, 1, 1), period_end=date(2025, 12, 1))
    whole = ask("ed/summary", principal(), chosen).iloc[0]
    for group_by in GROUPINGS:
        parts = ask("ed/by_group", principal(), chosen, group_by=group_by)
        assert parts["visits"].sum() == whole["visits"] > 100
        assert parts["member_months"].sum() == whole["member_months"]
        assert parts["avoidable_equivalent"].sum() == pytest.approx(whole["avoidable_equivalent"])
    for name in ("ed/by_facility", "ed/by_diagnosis", "ed/by_weekday_hour", "ed/by_class"):
        assert ask(name, principal(), chosen)["visits"].sum() == pytest.approx(whole["visits"]), name


def test_the_months_of_the_trend_add_up_to_the_period(
    crowd: Path, serve: Callable[[Path], None], principal: Callable[..., Principal]
) -> None:
    serve(crowd)
    chosen = Filters(period_start=date(2025, 1, 1), period_end=date(2025, 12, 1))
    whole = ask("ed/summary", principal(), chosen).iloc[0]
    months = ask("ed/by_month", principal(), chosen)
    shown = months[months["month"].between("2025-01-01", "2025-12-01")]
    assert shown["visits"].sum() == whole["visits"]
    assert shown["member_months"].sum() == whole["member_months"]
    assert shown["frequent_4"].iloc[-1] == whole["frequent_4"] > 0
    assert months["is_mature"].tolist() == [True] * (len(months) - 2) + [False] * 2


def test_the_concentration_curve_counts_every_member_and_visit_once(
    crowd: Path, serve: Callable[[Path], None], principal: Callable[..., Principal]
) -> None:
    serve(crowd)
    curve = ask("ed/concentration", principal())
    whole = ask("ed/summary", principal()).iloc[0]
    assert curve["members"].sum() == whole["members_12m"]
    assert curve["visits"].sum() == whole["visits_12m"]
    assert (curve["visits_per_member"] * curve["members"] == curve["visits"]).all()
