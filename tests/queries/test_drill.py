"""Every number can be opened: what a drill lists is what its number counted, in every scope."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from access.principal import Principal
from queries import Filters, all_questions, ask, drill, question

DRILLED = [
    item.name for item in all_questions() if item.drill and not any(p.required for p in item.params.values())
]
GROUPINGS = question("ed/by_group").params["group_by"].choices


def scopes(principal: Callable[..., Principal], everyone: Principal) -> Iterator[tuple[Principal, Filters]]:
    """All; each market and each contract as what may be seen; one of each kind as what is chosen."""
    options = ask("shared/filter_options", everyone)
    yield everyone, Filters()
    for kind in ("market", "contract"):
        for permitted in options.loc[options["kind"] == kind, "id"]:
            yield principal(**{f"{kind}s": {permitted}}), Filters()
    for kind in ("market", "contract", "line_of_business", "care_team", "pcp"):
        for chosen in options.loc[options["kind"] == kind, "id"].head(1):
            yield everyone, Filters(**{kind: (chosen,)})


def check(
    name: str,
    asker: Principal,
    filters: Filters,
    counted: Callable[[pd.DataFrame, str], float],
    **params: Any,
) -> int:
    answer = ask(name, asker, filters, **params)
    checked = 0
    ends = answer.iloc[sorted({0, len(answer) - 1})] if len(answer) else answer
    for row in ends.to_dict("records"):
        for measure, how in question(name).drill.items():
            number = row[measure]
            rows = drill(name, asker, filters, measure=measure, row=row, **params)
            expected = 0 if pd.isna(number) else float(number)
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
    checked = sum(check(name, *scope, counted) for scope in scopes(principal, principal()))
    assert checked or name == "data/feeds"


@pytest.mark.parametrize("group_by", GROUPINGS)
def test_the_drill_of_every_group_equals_its_number_in_every_scope(
    group_by: str,
    crowd: Path,
    serve: Callable[[Path], None],
    principal: Callable[..., Principal],
    counted: Callable[[pd.DataFrame, str], float],
) -> None:
    serve(crowd)
    assert sum(
        check("ed/by_group", *scope, counted, group_by=group_by) for scope in scopes(principal, principal())
    )


@pytest.mark.parametrize("name", [*DRILLED, "ed/by_group"])
def test_the_drill_of_every_number_equals_it_in_the_demo(
    name: str,
    demo_warehouse: Path,
    serve: Callable[[Path], None],
    principal: Callable[..., Principal],
    counted: Callable[[pd.DataFrame, str], float],
) -> None:
    serve(demo_warehouse)
    for asker, filters in scopes(principal, principal()):
        if name == "ed/by_group":
            for group_by in GROUPINGS:
                check(name, asker, filters, counted, group_by=group_by)
        else:
            check(name, asker, filters, counted)


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
