"""Scope: rewrites a question so that it cannot read a row that its asker may not see.

Every reference to a mart table, wherever it stands in the syntax tree, is replaced by a subquery

    (select * replace (cast(null as varchar) as phone) from mart.member as scoped
     where scoped.market_id in ($scope_market_0) and scoped.contract_id in ($scope_contract_0, ...))

`mart.x` is limited to permitted scope ∩ the choices of the filter bar, `permitted.x` to permitted scope only
(for names of dimensions, and for offering the choices themselves). Values are always bound. A table that
carries neither market nor contract, and is not named below as open, is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlglot
import yaml
from sqlglot import exp

from queries.catalog import SCOPED_SCHEMAS, Question
from queries.errors import InvalidQuestion, QueryError
from queries.filters import Filters

if TYPE_CHECKING:
    from access.principal import Principal

COLUMN_CLASSES = Path(__file__).resolve().parents[1] / "access" / "column_classes.yaml"

# Facts about the build, published references, and averages of a whole line of business: no member, market or
# contract in them.
OPEN_TABLES = frozenset({"build", "feed_file", "measure", "reference_pack", "risk_reference", "service_unit"})
# `key` columns join and count inside a question; the other classes are null already there.
NULLED_CLASSES = frozenset({"identifier", "clinical", "sensitive"})

# table -> column -> type, as the snapshot's information_schema says.
Tables = Mapping[str, Mapping[str, str]]


@lru_cache(maxsize=1)
def column_classes() -> dict[tuple[str, str], str]:
    """(mart table, column) -> class. Refuses to go on without the file: no file would open every column."""
    try:
        listed = yaml.safe_load(COLUMN_CLASSES.read_text(encoding="utf-8"))
    except OSError as error:
        raise QueryError(f"{COLUMN_CLASSES.name} is missing, so nothing may be shown. Restore it.") from error
    return {
        (table.removeprefix("mart."), column): class_
        for table, columns in listed.items()
        for column, class_ in columns.items()
    }


@dataclass(frozen=True)
class Reach:
    """Which rows: None = no limit on that dimension, an empty tuple = none at all."""

    markets: tuple[str, ...] | None
    contracts: tuple[str, ...] | None
    care_teams: tuple[str, ...] | None = None
    pcps: tuple[str, ...] | None = None

    def binds(self, prefix: str) -> dict[str, str]:
        """The values by the names under which the rewritten SQL binds them."""
        return {
            f"{prefix}_{kind}_{index}": value
            for kind, values in self._kinds()
            for index, value in enumerate(values or ())
        }

    def is_unlimited(self) -> bool:
        """Whether every row is within reach."""
        return all(values is None for _, values in self._kinds())

    def shape(self) -> tuple[int | None, ...]:
        """All that the rewritten SQL depends on: how many values there are, not which."""
        return tuple(None if values is None else len(values) for _, values in self._kinds())

    def _kinds(self) -> tuple[tuple[str, tuple[str, ...] | None], ...]:
        return (
            ("market", self.markets),
            ("contract", self.contracts),
            ("care_team", self.care_teams),
            ("pcp", self.pcps),
        )


@dataclass(frozen=True)
class Scope:
    """What one request may read: `permitted` by the principal, `chosen` ⊆ permitted by the filters too."""

    permitted: Reach
    chosen: Reach
    hidden_classes: frozenset[str]


def scope_of(
    principal: Principal,
    filters: Filters,
    question: Question,
    lines_of_business: Mapping[str, str],
    control_cohorts: frozenset[str] = frozenset(),
) -> Scope:
    """The scope of a request. `lines_of_business`: contract id -> line of business, of the snapshot.

    The members of `control_cohorts` (contract ids) are somebody else's to care for: a question that follows
    the filter bar counts them only where such a contract is chosen by name.
    """
    respected = set(question.filters)
    chosen = {
        name: getattr(filters, name) if name in respected else ()
        for name in ("market", "contract", "line_of_business", "care_team", "pcp")
    }
    contracts = _narrow(principal.contracts, chosen["contract"])
    if chosen["line_of_business"]:
        in_lines = {
            contract for contract, line in lines_of_business.items() if line in chosen["line_of_business"]
        }
        contracts = in_lines if contracts is None else contracts & in_lines
    if control_cohorts and "contract" in respected and not chosen["contract"]:
        contracts = (set(lines_of_business) if contracts is None else contracts) - control_cohorts
    every_class = NULLED_CLASSES | {"key"} | set(column_classes().values())
    return Scope(
        permitted=Reach(_sorted(principal.markets), _sorted(principal.contracts)),
        chosen=Reach(
            _sorted(_narrow(principal.markets, chosen["market"])),
            _sorted(contracts),
            chosen["care_team"] or None,
            chosen["pcp"] or None,
        ),
        hidden_classes=frozenset(every_class - set(principal.column_classes)),
    )


def _narrow(permitted: Iterable[str] | None, chosen: tuple[str, ...]) -> set[str] | None:
    if permitted is None:
        return set(chosen) if chosen else None
    return set(permitted) & set(chosen) if chosen else set(permitted)


def _sorted(values: Iterable[str] | None) -> tuple[str, ...] | None:
    return None if values is None else tuple(sorted(values))


def rewrite(tree: exp.Query, scope: Scope, tables: Tables) -> exp.Query:
    """A copy of the tree in which every mart table is a scoped subquery. Raises InvalidQuestion."""
    tree = tree.copy()
    # Deepest first: a table may carry joins, whose tables are then scoped before it is moved.
    for table in reversed(list(tree.find_all(exp.Table))):
        schema = table.db.lower()
        if not schema:
            continue  # a CTE or a table function; the catalogue has checked that it is one
        if schema not in SCOPED_SCHEMAS:
            raise InvalidQuestion(f"{table.sql()} is outside mart.")
        name = table.name.lower()
        if name not in tables:
            raise QueryError(
                f"The published snapshot has no table mart.{name}. "
                "It was built by an older version: build again."
            )
        reach, prefix = (scope.chosen, "scope") if schema == "mart" else (scope.permitted, "seen")
        inner = sqlglot.parse_one(_scoped_select(name, reach, prefix, scope, tables), dialect="duckdb")
        alias = table.args.get("alias") or exp.TableAlias(this=exp.to_identifier(name))
        subquery = exp.Subquery(this=inner, alias=alias.copy())
        if table.args.get("joins"):
            subquery.set("joins", [join.copy() for join in table.args["joins"]])
        table.replace(subquery)
    return tree


def _scoped_select(name: str, reach: Reach, prefix: str, scope: Scope, tables: Tables) -> str:
    columns = tables[name]
    predicates = _row_predicates(name, "scoped", reach, prefix, tables)
    if prefix == "scope":
        predicates += _care_predicates(name, reach, tables)
    hidden = {
        column: type_
        for column, type_ in columns.items()
        if column_classes().get((name, column)) in scope.hidden_classes & NULLED_CLASSES
    }
    replaced = ", ".join(f'cast(null as {type_}) as "{column}"' for column, type_ in hidden.items())
    star = f"* replace ({replaced})" if replaced else "*"
    where = " and ".join(predicates)
    return f'select {star} from mart."{name}" as scoped' + (f" where {where}" if where else "")


def _row_predicates(name: str, alias: str, reach: Reach, prefix: str, tables: Tables) -> list[str]:
    columns = tables[name]
    if name == "benchmark":
        return _benchmark_predicates(reach, prefix)
    if name not in OPEN_TABLES and not {"market_id", "contract_id"} & set(columns):
        raise InvalidQuestion(
            f"mart.{name} carries neither market_id nor contract_id and is not open to all."
        )
    predicates = []
    if "market_id" in columns and reach.markets is not None:
        predicates.append(_is_among(f"{alias}.market_id", "market", reach.markets, prefix))
    if "contract_id" in columns and reach.contracts is not None:
        predicates.append(_is_among(f"{alias}.contract_id", "contract", reach.contracts, prefix))
    return predicates


def _benchmark_predicates(reach: Reach, prefix: str) -> list[str]:
    # A market's or a contract's own benchmark is for those who may see that market or contract.
    return [
        f"(scoped.segment_type <> '{kind}' or {_is_among('scoped.segment', kind, values, prefix)})"
        for kind, values in (("market", reach.markets), ("contract", reach.contracts))
        if values is not None
    ]


def _care_predicates(name: str, reach: Reach, tables: Tables) -> list[str]:
    """Care team and PCP: the table's own columns, else the member's of that month, else today's."""
    columns = tables[name]
    predicates, borrowed = [], []
    for kind, column, values in (
        ("care_team", "care_team_id", reach.care_teams),
        ("pcp", "pcp_npi", reach.pcps),
    ):
        if values is None:
            continue
        if column in columns:
            predicates.append(_is_among(f"scoped.{column}", kind, values, "scope"))
        elif "person_id" in columns:
            borrowed.append(_is_among(f"enrolled.{column}", kind, values, "scope"))
    if borrowed:
        by_month = {"contract_id", "month"} <= set(columns)
        source = "member_month" if by_month else "member"
        keys = ("person_id", "contract_id", "month") if by_month else ("person_id",)
        borrowed += [f"enrolled.{key} = scoped.{key}" for key in keys]
        borrowed += _row_predicates(source, "enrolled", reach, "scope", tables)
        predicates.append(f"exists (select 1 from mart.{source} as enrolled where {' and '.join(borrowed)})")
    return predicates


def _is_among(column: str, kind: str, values: tuple[str, ...], prefix: str) -> str:
    if not values:
        return "false"
    return f"{column} in ({', '.join(f':{prefix}_{kind}_{index}' for index in range(len(values)))})"


@dataclass(frozen=True)
class Template:
    """A rewritten question as text, written once; which optional conditions stay is decided per request."""

    sql: str
    names: frozenset[str]
    optional: tuple[tuple[str, str, str, frozenset[str]], ...]

    def fill(self, absent: frozenset[str]) -> tuple[str, frozenset[str]]:
        """(SQL, names it binds) without the conditions of the parameters not given."""
        sql, names = self.sql, self.names
        for mark, parameter, condition, bound in self.optional:
            if parameter in absent:
                sql = sql.replace(mark, "true")
            else:
                sql, names = sql.replace(mark, condition), names | bound
        return sql, names


def template(tree: exp.Query) -> Template:
    """The text of a rewritten question, its conditions `(:p is null or …)` set aside. Changes the tree.

    Writing SQL from a syntax tree takes tens of milliseconds, and a list with twenty optional parameters has
    a million combinations of them; so it is written once, with a mark for each condition.
    """
    optional = []
    # Deepest first: a condition inside another one is already a mark when the outer one is set aside.
    for test in reversed(list(tree.find_all(exp.Is))):
        if not (isinstance(test.this, exp.Placeholder) and isinstance(test.expression, exp.Null)):
            continue
        either = test.parent
        if not (isinstance(either, exp.Or) and isinstance(either.parent, exp.Paren) and either.this is test):
            continue
        mark = f"optional_condition_{len(optional)}_"
        condition = exp.Paren(this=either.expression.copy())
        optional.append(
            (mark, test.this.name, condition.sql(dialect="duckdb", pretty=True), bound_names(condition))
        )
        either.parent.replace(exp.column(mark))
    # Outer conditions first, so that the marks inside them are filled after.
    return Template(tree.sql(dialect="duckdb", pretty=True), bound_names(tree), tuple(reversed(optional)))


def bound_names(tree: exp.Expression) -> frozenset[str]:
    """The names that the SQL binds."""
    return frozenset(node.name for node in tree.find_all(exp.Placeholder))


def literal(value: Any) -> str:
    """A bound value as it is shown beside its name in the definition drawer."""
    text = "null" if value is None else repr(value) if isinstance(value, str) else str(value)
    return text.replace("*/", "* /").replace("/*", "/ *").replace("\n", " ")
