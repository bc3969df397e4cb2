"""No question can read a mart row that its asker may not see, whatever the SQL looks like."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
import sqlglot
from sqlglot import exp

from access.principal import Principal
from queries import Filters, NotPermitted, all_questions, ask, bare_sql
from queries.catalog import parse
from queries.errors import InvalidQuestion
from queries.scope import OPEN_TABLES, Reach, Scope, rewrite, scope_of, template

REQUIRED = {"group_by": "market", "metric_id": "ed_visits_per_1000", "person_id": "m17"}
NAMES = [item.name for item in all_questions()]
TABLES = {
    "ed_visit": {"person_id": "VARCHAR", "market_id": "VARCHAR", "contract_id": "VARCHAR", "month": "DATE",
                 "pcp_npi": "VARCHAR", "care_team_id": "VARCHAR"},
    "member": {"person_id": "VARCHAR", "market_id": "VARCHAR", "contract_id": "VARCHAR", "phone": "VARCHAR",
               "pcp_npi": "VARCHAR", "care_team_id": "VARCHAR"},
    "member_month": {"person_id": "VARCHAR", "market_id": "VARCHAR", "contract_id": "VARCHAR",
                     "month": "DATE", "pcp_npi": "VARCHAR", "care_team_id": "VARCHAR"},
    "inpatient_stay": {"person_id": "VARCHAR", "market_id": "VARCHAR", "contract_id": "VARCHAR",
                       "month": "DATE"},
    "build": {"feed": "VARCHAR"},
    "mystery": {"anything": "VARCHAR"},
}  # fmt: skip
NORTH = Scope(
    permitted=Reach(("north",), ("aco",)), chosen=Reach(("north",), ("aco",)), hidden_classes=frozenset()
)


def required(name: str) -> dict[str, str]:
    item = next(item for item in all_questions() if item.name == name)
    return {
        param: spec.choices[0] if spec.choices else REQUIRED[param]
        for param, spec in item.params.items()
        if spec.required
    }


def everything(name: str) -> dict[str, Any]:
    """A value for every parameter of a question."""
    item = next(item for item in all_questions() if item.name == name)
    some = {"str": "x", "int": 1, "float": 1.0, "date": date(2026, 1, 1), "bool": True}
    return {
        param: spec.choices[0] if spec.choices else REQUIRED.get(param) or some[spec.type]
        for param, spec in item.params.items()
    }


def unscoped_tables(sql: str) -> list[str]:
    """The mart tables in the SQL that do not stand in a subquery limited by market or contract."""
    found = []
    for table in sqlglot.parse_one(sql, dialect="duckdb").find_all(exp.Table):
        if not table.db:
            continue
        select = table.find_ancestor(exp.Select)
        where = select.args.get("where") if select else None
        limits = {column.name for column in where.find_all(exp.Column)} if where else set()
        if table.alias not in {"scoped", "enrolled"} or not limits & {"market_id", "contract_id", "segment"}:
            found.append(table.name)
    return found


@pytest.mark.parametrize(
    "sql",
    [
        "select person_id from mart.ed_visit",
        'select person_id from MART."Ed_Visit"',
        "select person_id from snapshot.mart.ed_visit",
        "select v.person_id from mart.ed_visit v",
        "with x as (select person_id from mart.ed_visit) select person_id from x",
        "with ed_visit as (select person_id from mart.ed_visit) select person_id from ed_visit",
        "select person_id from (select person_id from (select * from mart.ed_visit) a) b",
        "select person_id from mart.ed_visit union all select person_id from mart.member",
        "select m.person_id from mart.member m join mart.ed_visit v on v.person_id = m.person_id",
        "select person_id from (mart.member m join mart.ed_visit v using (person_id))",
        "select person_id from mart.member, mart.ed_visit as v",
        "select person_id, (select count(*) from mart.ed_visit) as n from permitted.member",
        "select person_id from mart.member where person_id in (select person_id from mart.ed_visit)",
        "select person_id from mart.member m where exists (select 1 from mart.ed_visit v)",
        "select m.person_id from mart.member m, lateral (select * from mart.ed_visit) as v",
        "from mart.ed_visit",
    ],
)
def test_every_reference_to_a_mart_table_is_limited(sql: str) -> None:
    written = rewrite(parse(sql, "a/b"), NORTH, TABLES).sql(dialect="duckdb")
    assert "mart." in written
    assert unscoped_tables(written) == []
    assert "permitted." not in written and "snapshot." not in written


@pytest.mark.parametrize(
    "sql",
    [
        "select * from core.eligibility",
        "select * from raw.eligibility",
        "select * from other.core.eligibility",
        "select * from information_schema.columns",
        "select * from eligibility",
        "select * from 'members.csv'",
        "select * from read_csv('members.csv')",
        "select * from read_parquet('members.parquet')",
        "select * from read_text('/etc/hostname')",
        "select * from glob('*')",
        "select * from duckdb_settings()",
        "select * from query_table('mart.member')",
        "select * from query('select 1')",
        "select getenv('HOME') as home",
        "select current_setting('memory_limit') as x",
        "pragma database_list",
        "attach 'x.duckdb'",
        "copy (select 1) to 'x.csv'",
        "insert into mart.member select * from mart.member",
        "create table x as select 1",
        "select 1; select 2",
        "set memory_limit = '1GB'",
        "describe mart.member",
        "summarize mart.member",
        "select mart.member.phone from mart.member",
        "with a as (select 1 as x) select * from (with b as (select 2 as x) select * from b) c, b",
        "pivot mart.member on market_id using count(*)",
    ],
)
def test_a_question_that_reaches_outside_mart_is_refused(sql: str) -> None:
    with pytest.raises(InvalidQuestion):
        parse(sql, "a/b")


def test_a_table_that_cannot_be_scoped_is_refused_unless_it_is_named_as_open() -> None:
    with pytest.raises(InvalidQuestion, match="mystery"):
        rewrite(parse("select anything from mart.mystery", "a/b"), NORTH, TABLES)
    assert "build" in OPEN_TABLES
    rewrite(parse("select feed from mart.build", "a/b"), NORTH, TABLES)


def test_care_team_and_pcp_reach_tables_that_do_not_carry_them() -> None:
    chosen = Scope(
        permitted=Reach(None, None),
        chosen=Reach(("north",), None, care_teams=("team-1",), pcps=("pcp-1",)),
        hidden_classes=frozenset(),
    )
    written = rewrite(parse("select person_id from mart.inpatient_stay", "a/b"), chosen, TABLES).sql("duckdb")
    assert (
        "enrolled.month = scoped.month" in written and "enrolled.contract_id = scoped.contract_id" in written
    )
    assert "enrolled.care_team_id IN" in written and "enrolled.pcp_npi IN" in written
    assert "enrolled.market_id IN" in written


def test_a_parameter_not_given_leaves_no_condition_and_one_given_does() -> None:
    tree = parse(
        "select person_id from mart.ed_visit where (:month is null or month = :month) "
        "and (:least is null or person_id in (select m.person_id from mart.member m where m.n >= :least))",
        "a/b",
    )
    written = template(rewrite(tree, NORTH, TABLES))
    neither, names = written.fill(frozenset({"month", "least"}))
    assert "$month" not in neither and "$least" not in neither and not {"month", "least"} & names
    one, names = written.fill(frozenset({"month"}))
    assert "$month" not in one and "$least" in one and "least" in names
    both, names = written.fill(frozenset())
    assert "$month" in both and unscoped_tables(both) == [] and {"month", "least"} <= names
    for sql in (neither, one, both):
        sqlglot.parse_one(sql, dialect="duckdb")
        assert "optional_condition" not in sql and "scope_market_0" in sql


@pytest.mark.parametrize("name", NAMES)
def test_no_mart_table_stands_unscoped_in_any_question(
    name: str, crowd: Path, serve: Callable[[Path], None], principal: Callable[..., Principal]
) -> None:
    serve(crowd)
    asker = principal(markets={"north"}, contracts={"aco"})
    # with every parameter given, so that each optional condition is there with the tables it reads
    sql, values = bare_sql(name, asker, Filters(), **everything(name))
    assert "optional_condition" not in sql
    assert set(unscoped_tables(sql)) <= OPEN_TABLES
    scopes = {value for bound, value in values.items() if bound.startswith(("scope_", "seen_"))}
    assert scopes <= {"north", "aco"}


def scans(node: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(table, everything said about the scan and its filters) of each table scan in a physical plan."""
    extra = node.get("extra_info", {})
    if "Table" in extra:
        yield str(extra["Table"]).split(".")[-1].strip('"'), json.dumps(extra)
    for child in node.get("children", []):
        yield from scans(child)


@pytest.mark.parametrize("name", NAMES)
def test_no_physical_plan_scans_a_mart_table_unfiltered(
    name: str,
    crowd: Path,
    serve: Callable[[Path], None],
    principal: Callable[..., Principal],
    read_snapshot: Callable[[Path], duckdb.DuckDBPyConnection],
) -> None:
    serve(crowd)
    connection = read_snapshot(crowd)
    asker = principal(markets={"north"}, contracts={"aco"})
    sql, values = bare_sql(name, asker, Filters(), **required(name))
    plan = json.loads(connection.execute("explain (format json) " + sql, values).fetchall()[0][1])
    for table, said in [found for root in plan for found in scans(root)]:
        if table in OPEN_TABLES or table == "benchmark":
            continue  # benchmark: a disjunction above the scan; its rows are asserted below
        assert "market_id='north'" in said or "contract_id='aco'" in said, (table, said)


@pytest.mark.parametrize("name", NAMES)
def test_an_answer_never_changes_with_what_lies_outside_the_scope(
    name: str,
    publish: Callable[..., Path],
    serve: Callable[[Path], None],
    principal: Callable[..., Principal],
    crowd: Path,
    crowd_north_only: Path,
) -> None:
    asker = principal(markets={"north"}, contracts={"aco"})
    chosen = Filters(period_start=date(2025, 7, 1), period_end=date(2026, 4, 1))
    serve(crowd)
    among_all = ask(name, asker, chosen, **required(name))
    serve(crowd_north_only)
    alone = ask(name, asker, chosen, **required(name))
    # Sums of doubles may differ in the last digit: the order in which they are added follows the table's size.
    pd.testing.assert_frame_equal(among_all, alone, check_exact=False, rtol=1e-12, atol=1e-9)


def test_a_choice_outside_the_scope_gives_an_empty_answer(
    crowd: Path, serve: Callable[[Path], None], principal: Callable[..., Principal]
) -> None:
    serve(crowd)
    asker = principal(markets={"north"})
    assert ask("ed/visits", asker, Filters(market=("south",))).empty
    assert ask("ed/summary", asker, Filters(market=("south",))).iloc[0]["total"] == 0
    assert len(ask("ed/visits", asker, Filters(market=("south", "north")))) == len(ask("ed/visits", asker))
    assert ask("ed/visits", asker, market_id="south").empty
    assert ask("ed/visits", principal(markets=set())).empty
    assert ask("members/header", asker, person_id="m1").empty
    assert len(ask("members/header", principal(), person_id="m1")) == 1


@pytest.mark.parametrize(
    "text", ["south') or ('1'='1", "'; drop table mart.member; --", "$scope_market_0", ":x"]
)
def test_a_filter_value_is_never_read_as_sql(
    text: str, crowd: Path, serve: Callable[[Path], None], principal: Callable[..., Principal]
) -> None:
    serve(crowd)
    for filters in (
        Filters(market=(text,)),
        Filters(contract=(text,)),
        Filters(pcp=(text,)),
        Filters(care_team=(text,)),
    ):
        assert ask("ed/visits", principal(), filters).empty
    assert ask("members/list", principal(), search=text).empty
    assert ask("ed/visits", principal(), facility_npi=text).empty


def test_benchmarks_of_other_markets_and_contracts_stay_hidden(
    crowd: Path, serve: Callable[[Path], None], principal: Callable[..., Principal]
) -> None:
    serve(crowd)
    asked = {"metric_id": "ed_visits_per_1000"}
    assert ask("shared/benchmark", principal(markets={"north"}, contracts={"aco"}), **asked)[
        "value"
    ].tolist() == [480, 593]
    assert ask("shared/benchmark", principal(), **asked)["value"].tolist() == [593]
    assert ask("shared/benchmark", principal(), Filters(market=("south",)), **asked)["value"].tolist() == [
        510,
        593,
    ]


def test_nobody_is_refused_and_so_is_a_missing_action(
    crowd: Path, serve: Callable[[Path], None], principal: Callable[..., Principal]
) -> None:
    serve(crowd)
    for item in all_questions():
        with pytest.raises(NotPermitted):
            ask(item.name, None, **required(item.name))
        if item.needs:
            with pytest.raises(NotPermitted):
                ask(item.name, principal(actions=set()), **required(item.name))
    member_level = {
        item.name for item in all_questions() if "person_id" in item.columns or "row_json" in item.columns
    }
    assert member_level <= {item.name for item in all_questions() if item.needs}


def test_a_role_without_identifiers_gets_none_and_cannot_search_by_them(
    crowd: Path, serve: Callable[[Path], None], principal: Callable[..., Principal]
) -> None:
    serve(crowd)
    full, bare = principal(), principal(classes={"key"})
    assert len(ask("members/list", full, search="Last12")) > 0
    assert ask("members/list", bare, search="Last12").empty
    assert ask("members/list", bare, search="555-01").empty
    for item in all_questions():
        values = ask(item.name, bare, **required(item.name)).to_csv()
        for leak in ("Last", "First1", "555-01", "diabetes"):
            assert leak not in values, (item.name, leak)
    shown = set(ask("members/list", bare).columns)
    assert "person_id" in shown and not shown & {"name", "phone", "birth_date", "conditions", "risk_score"}


def test_a_role_without_keys_gets_counts_but_no_ids(
    crowd: Path, serve: Callable[[Path], None], principal: Callable[..., Principal]
) -> None:
    serve(crowd)
    none = principal(classes=set())
    assert ask("ed/by_diagnosis", none)["members"].sum() > 0
    assert not {"person_id", "visit_id"} & set(ask("ed/visits", none).columns)


def control_scope(chosen: tuple[str, ...] = (), contracts: frozenset[str] | None = None) -> Reach:
    who = Principal(
        user_id="x", name="X", role="market_operations", markets=None, contracts=contracts,
        pages=frozenset(), column_classes=frozenset(), actions=frozenset(),
    )  # fmt: skip
    asked = next(item for item in all_questions() if item.name == "ed/summary")
    lines = {
        "aco": "medicare",
        "plan": "commercial",
        "plan-control": "commercial",
        "unassigned": "unassigned",
    }
    return scope_of(who, Filters(contract=chosen), asked, lines, frozenset({"plan-control"})).chosen


def test_a_control_cohort_is_counted_only_where_it_is_chosen_by_name() -> None:
    assert control_scope().contracts == ("aco", "plan", "unassigned")
    assert control_scope(("plan-control",)).contracts == ("plan-control",)
    assert control_scope(contracts=frozenset({"plan", "plan-control"})).contracts == ("plan",)


def test_choosing_a_control_cohort_opens_it_to_nobody_who_may_not_see_it() -> None:
    assert control_scope(("plan-control",), frozenset({"aco"})).contracts == ()
