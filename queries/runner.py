"""Answers questions: permission, parameters, scope, cache, execution, in the package docstring's order."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import duckdb
import pandas as pd
import pyarrow as pa
import sqlalchemy.exc

from queries.cache import Answer, AnswerCache
from queries.catalog import DrillValue, Parameter, Question, question
from queries.errors import NotPermitted, QueryError, QueryTooSlow, UnknownQuestion
from queries.filters import Filters
from queries.lineage import carried_classes
from queries.scope import Scope, Template, column_classes, literal, rewrite, scope_of, template
from queries.settings import settings
from queries.snapshots import RUNNING_CURSOR, OpenSnapshot, lend, period

if TYPE_CHECKING:
    from access.principal import Principal

NO_FILTERS = Filters()


@lru_cache(maxsize=1)
def _cache() -> AnswerCache:
    return AnswerCache(settings().cache_bytes, settings().cache_entries)


def clear_cache() -> None:
    """Forgets every kept answer (for tests and benchmarks; a new snapshot needs no clearing)."""
    _cache().clear()


def ask(
    question_name: str,
    principal: Principal | None,
    filters: Filters = NO_FILTERS,
    *,
    snapshot: str | None = None,
    **params: Any,
) -> pd.DataFrame:
    """The answer to a question as a DataFrame, with the header's columns (less those of hidden classes).

    Dates are datetime64[ns], money float64, lists Python lists. `attrs`: question, sql (what ran, with its
    values as comments), snapshot, params, elapsed_ms (of the execution, also when cached), rows.
    Raises NotPermitted, UnknownQuestion, NoWarehouse, QueryTooSlow or QueryError; their messages may be
    shown.
    """
    asked = question(question_name)
    who = _permitted(principal, asked)
    values = _parameters(asked, params)
    with lend(snapshot) as opened:
        scope = scope_of(who, filters, asked, opened.lines_of_business, opened.control_cohorts)
        request = _request_binds(opened, filters, scope)
        key = (
            asked.name, tuple(sorted(values.items())), tuple(request.values()), scope,
            opened.snapshot_id, opened.folder,
        )  # fmt: skip
        return _cache().answer(key, lambda: _run(asked, values | request, scope, opened))


def drill(
    question_name: str,
    principal: Principal | None,
    filters: Filters = NO_FILTERS,
    *,
    measure: str,
    row: Mapping[str, Any] | None = None,
    snapshot: str | None = None,
    **params: Any,
) -> pd.DataFrame:
    """What a number counted: the rows behind column `measure` of a question, in the row clicked.

    `params` are those the question was asked with. Same errors as `ask`.
    """
    target, values = drill_parameters(question_name, measure, row, **params)
    return ask(target, principal, filters, snapshot=snapshot, **values)


def drill_parameters(
    question_name: str, measure: str, row: Mapping[str, Any] | None = None, **params: Any
) -> tuple[str, dict[str, Any]]:
    """(question, parameters) of a number's drill, for a link that asks it later."""
    asked = question(question_name)
    try:
        how = asked.drill[measure]
    except KeyError:
        raise UnknownQuestion(f"{measure} of {question_name} has no list behind it.") from None
    given = _parameters(asked, params)
    clicked = dict(row or {})
    values: dict[str, Any] = {}
    for name, value in how.params.items():
        if isinstance(value, DrillValue):
            found = _from_row(clicked, value.column, asked)
            values[name] = value.if_null if found is None else found
        elif isinstance(value, str) and value.startswith("$"):
            values[name] = _from_row(clicked, value[1:], asked)
        elif isinstance(value, str) and value.startswith(":"):
            values[name] = given[value[1:]]
        else:
            values[name] = value
    if how.group is not None:
        values[how.group.map[given[how.group.by]]] = _from_row(clicked, how.group.value.lstrip("$"), asked)
    return how.question, values


def bare_sql(
    question_name: str,
    principal: Principal | None,
    filters: Filters = NO_FILTERS,
    *,
    snapshot: str | None = None,
    **params: Any,
) -> tuple[str, dict[str, Any]]:
    """(SQL with $names, values): exactly what `ask` would send to DuckDB, for measuring it there alone."""
    asked = question(question_name)
    who = _permitted(principal, asked)
    values = _parameters(asked, params)
    with lend(snapshot) as opened:
        scope = scope_of(who, filters, asked, opened.lines_of_business, opened.control_cohorts)
        values |= _request_binds(opened, filters, scope)
        statement = _statement(asked, scope, opened, values)
        return statement.sql, _binds(statement, scope, values)


def _request_binds(opened: OpenSnapshot, filters: Filters, scope: Scope) -> dict[str, Any]:
    months = period(opened, filters.period_start, filters.period_end)
    return {**months, "all_in_scope": scope.chosen.is_unlimited()}


def _permitted(principal: Principal | None, asked: Question) -> Principal:
    if principal is None:
        raise NotPermitted("Sign in to see this.")
    for need in asked.needs:
        any_of = {need} if isinstance(need, str) else set(need)
        if not any_of & set(principal.actions):
            raise NotPermitted("Your role may not see this. An administrator can give you a role that may.")
    return principal


def _parameters(asked: Question, params: Mapping[str, Any]) -> dict[str, Any]:
    if unknown := set(params) - set(asked.params):
        raise UnknownQuestion(f"{asked.name} has no parameter {', '.join(sorted(unknown))}.")
    return {name: _typed(asked, name, spec, params.get(name)) for name, spec in asked.params.items()}


def _typed(asked: Question, name: str, spec: Parameter, value: Any) -> Any:
    if value is None or (isinstance(value, float) and value != value) or value is pd.NaT:
        value = spec.default
    if value is None:
        if spec.required:
            raise QueryError(f"{asked.name} needs {name}: {spec.meaning}.")
        return None
    try:
        typed = _CONVERSIONS[spec.type](value)
    except (TypeError, ValueError) as error:
        raise QueryError(f"{name} must be {_TYPE_WORDS[spec.type]}: {spec.meaning}.") from error
    if spec.choices and typed not in spec.choices:
        raise QueryError(f"{name} must be one of {', '.join(spec.choices)}.")
    return typed


def _as_date(value: Any) -> date:
    if isinstance(value, datetime | pd.Timestamp):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, str):
        return date.fromisoformat(value[:10])
    return pd.Timestamp(value).date()


def _as_int(value: Any) -> int:
    number = int(value)
    if isinstance(value, float) and value != number:
        raise ValueError(value)
    return number


def _as_bool(value: Any) -> bool:
    if isinstance(value, str):
        return {"true": True, "1": True, "false": False, "0": False}[value.lower()]
    return bool(value)


_CONVERSIONS: dict[str, Any] = {
    "str": str, "int": _as_int, "float": float, "date": _as_date, "bool": _as_bool,
}  # fmt: skip
_TYPE_WORDS = {
    "str": "text", "int": "a whole number", "float": "a number", "date": "a date", "bool": "yes or no",
}  # fmt: skip


def _from_row(row: Mapping[str, Any], column: str, asked: Question) -> Any:
    if column not in row:
        raise QueryError(f"Opening this number of {asked.name} needs the row's {column}.")
    value = row[column]
    return None if value is None or value is pd.NaT or value != value else value


@dataclass(frozen=True)
class _Statement:
    """A rewritten question: SQL with $names, the names it binds, the columns its asker may not have."""

    sql: str
    names: frozenset[str]
    dropped: frozenset[str]


class _Statements:
    """Remembers rewritten questions: they depend on the shape of the scope, not on its values."""

    def __init__(self, limit: int = 2000) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._kept: dict[Any, Any] = {}

    def get(self, key: Any, make: Any) -> Any:
        found = self._kept.get(key)
        if found is None:
            found = make()
            with self._lock:
                while len(self._kept) >= self._limit:
                    self._kept.pop(next(iter(self._kept)), None)
                self._kept[key] = found
        return found


_statements = _Statements()


def _statement(asked: Question, scope: Scope, opened: OpenSnapshot, values: Mapping[str, Any]) -> _Statement:
    absent = frozenset(name for name, value in values.items() if value is None)
    shape = (scope.permitted.shape(), scope.chosen.shape(), scope.hidden_classes)
    layout = opened.layout

    def write() -> tuple[Template, frozenset[str]]:
        # Nothing hidden, nothing to trace.
        carried = scope.hidden_classes and _statements.get(
            (asked.name, layout), lambda: carried_classes(asked.tree, opened.tables, column_classes())
        )
        dropped = frozenset(
            column for column, classes in (carried or {}).items() if classes & scope.hidden_classes
        )
        return template(rewrite(asked.tree, scope, opened.tables)), dropped

    def fill() -> _Statement:
        written, dropped = _statements.get((asked.name, layout, shape), write)
        sql, names = written.fill(absent)
        return _Statement(sql, names, dropped)

    found: _Statement = _statements.get((asked.name, layout, shape, absent), fill)
    return found


def _binds(statement: _Statement, scope: Scope, values: Mapping[str, Any]) -> dict[str, Any]:
    every = {**values, **scope.chosen.binds("scope"), **scope.permitted.binds("seen")}
    return {name: every[name] for name in statement.names}


def _run(asked: Question, values: Mapping[str, Any], scope: Scope, opened: OpenSnapshot) -> Answer:
    statement = _statement(asked, scope, opened, values)
    binds = _binds(statement, scope, values)
    started = time.perf_counter()
    table = _execute(asked, opened, statement.sql, binds)
    table = table.drop_columns([name for name in table.column_names if name in statement.dropped])
    frame = _to_frame(table)
    attrs = {
        "question": asked.name,
        "sql": _with_values(statement.sql, binds),
        "snapshot": opened.snapshot_id,
        "params": _Fixed({name: values[name] for name in asked.params}),
        "elapsed_ms": round((time.perf_counter() - started) * 1000, 2),
        "rows": len(frame),
    }
    return Answer(
        frame=frame,
        attrs=attrs,
        # Arrow holds text compactly; a DataFrame of Python strings takes a few times as much.
        bytes=4 * table.nbytes + 4_000,
        list_columns=tuple(column.name for column in table.schema if pa.types.is_list(column.type)),
    )


class _Fixed(dict[str, Any]):
    """The parameters on `attrs`. pandas deep-copies attrs at every column access; this needs no copying."""

    def __deepcopy__(self, memory: dict[int, Any]) -> _Fixed:
        return self


def _execute(asked: Question, opened: OpenSnapshot, sql: str, binds: dict[str, Any]) -> pa.Table:
    limit = settings().query_seconds
    expired, done = threading.Event(), threading.Event()
    try:
        with opened.engine.connect() as connection:
            about: dict[Any, Any] = connection.info

            def watch() -> None:
                # Again and again: DuckDB forgets an interruption that comes before it has begun to execute.
                if not done.wait(limit):
                    expired.set()
                    while not done.wait(0.05):
                        if running := about.get(RUNNING_CURSOR):
                            running.interrupt()

            threading.Thread(target=watch, daemon=True).start()
            try:
                # The driver's own $names: SQLAlchemy's text() would take a colon inside a literal for a bind.
                result: Any = connection.execution_options(duckdb_arrow=True).exec_driver_sql(sql, binds)
                return result.arrow
            finally:
                done.set()
    except (duckdb.Error, sqlalchemy.exc.SQLAlchemyError, RuntimeError) as error:
        if expired.is_set():
            raise QueryTooSlow(
                f"This took longer than {limit:g} seconds and was stopped. Choose a shorter period, "
                "or one market or contract; if it stays slow, tell whoever runs Huddleboard."
            ) from error
        raise QueryError(
            f"{asked.name} could not be answered from the snapshot {opened.snapshot_id}. The rest of the "
            "page is not affected; tell whoever runs Huddleboard the name of the question and the snapshot."
        ) from error


def _to_frame(table: pa.Table) -> pd.DataFrame:
    for index, column in enumerate(table.schema):
        if pa.types.is_decimal(column.type):
            # DuckDB sums integers into HUGEINT, which Arrow calls a decimal
            whole = column.type.scale == 0
            wanted = pa.int64() if whole else pa.float64()
            table = table.set_column(index, column.name, table.column(index).cast(wanted))
    frame: pd.DataFrame = table.to_pandas(date_as_object=False, coerce_temporal_nanoseconds=True)
    for column in table.schema:
        if pa.types.is_list(column.type):
            frame[column.name] = pd.Series(table.column(column.name).to_pylist(), dtype=object)
    return frame


def _with_values(sql: str, binds: Mapping[str, Any]) -> str:
    def shown(match: re.Match[str]) -> str:
        name = match.group(1)
        return f"${name} /* {literal(binds[name])} */" if name in binds else match.group(0)

    return re.sub(r"\$([a-z_][a-z_0-9]*)", shown, sql)
