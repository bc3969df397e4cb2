"""The catalogue of questions: reads each `.sql` file once, checks its header and its SQL, and keeps both.

What a question may contain is a closed list, checked on the syntax tree when it is loaded: one select, over
tables of `mart` (scoped and filtered), `permitted` (the same tables, scoped but not filtered by the filter
bar) and its own CTEs, and functions that compute. Anything that could read a file, another schema or the
settings is refused.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Literal

import sqlglot
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from sqlglot import exp

from queries.errors import InvalidQuestion, UnknownQuestion
from queries.filters import CHOICES

FOLDER = Path(__file__).resolve().parent
SCOPED_SCHEMAS = ("mart", "permitted")
# Bound by the runner from the filters and the scope; a header does not declare them. `all_in_scope`: nothing
# is narrowed, so that a count of whole files may stand beside the rows in scope.
REQUEST_BINDS = ("period_start", "period_end", "rolling_start", "claims_begin", "all_in_scope")

_TABLE_FUNCTIONS = (exp.GenerateSeries, exp.Unnest)
_REFUSED_NODES = (
    exp.Into, exp.Command, exp.Create, exp.Insert, exp.Update, exp.Delete, exp.Set, exp.Pragma, exp.Copy,
    exp.Attach, exp.Detach, exp.ReadCSV, exp.ReadParquet, exp.SessionParameter, exp.Parameter, exp.Pivot,
    exp.CurrentDatabase, exp.CurrentSchema, exp.CurrentUser, exp.CurrentVersion,
)  # fmt: skip
# Functions that sqlglot does not know by type pass only if they are named here.
_KNOWN_FUNCTIONS = frozenset({"to_months", "to_days"})


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Column(_Model):
    """One column of an answer: its unit and what it means."""

    unit: str = Field(min_length=1)
    meaning: str = Field(min_length=3)

    @model_validator(mode="before")
    @classmethod
    def _from_header(cls, value: Any) -> Any:
        if isinstance(value, str):
            unit, dash, meaning = value.partition(" — ")
            if not dash:
                raise ValueError(f"write a column as 'unit — meaning', not {value!r}")
            return {"unit": unit.strip(), "meaning": meaning.strip()}
        return value


class Parameter(_Model):
    """A parameter of a question. `choices` is the closed list, where there is one."""

    type: Literal["str", "int", "float", "date", "bool"]
    default: str | int | float | bool | None = None
    required: bool = False
    choices: tuple[str, ...] = ()
    meaning: str = Field(min_length=3)


class DrillValue(_Model):
    """Takes a drill parameter from a column of the row; `if_null` stands for a null there."""

    column: str
    if_null: str | int


class DrillGroup(_Model):
    """For a question grouped by a parameter: which drill parameter the group's id belongs to."""

    by: str
    value: str
    map: dict[str, str]


class Drill(_Model):
    """How a number is opened: the question that lists what was counted, and how its rows add up to it.

    `params` values are literals, `$column` (of the row clicked) or `:parameter` (of the question asked).
    """

    question: str
    params: dict[str, str | int | float | bool | DrillValue | None] = {}
    group: DrillGroup | None = None
    count: str = Field(pattern=r"^(rows|persons|sum:[a-z_0-9]+)$")


class Header(_Model):
    answers: str = Field(min_length=10)
    grain: str = Field(min_length=3)
    columns: dict[str, Column] = Field(min_length=1)
    metric: tuple[str, ...] = ()
    params: dict[str, Parameter] = {}
    drill: dict[str, Drill] = {}
    # All of these actions; an inner list means any one of it.
    needs: tuple[str | tuple[str, ...], ...] = ()
    # The choices of the filter bar that narrow this question's `mart` tables.
    filters: tuple[Literal["market", "contract", "line_of_business", "care_team", "pcp"], ...] = CHOICES

    @model_validator(mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        if isinstance(value, dict) and isinstance(value.get("metric"), str):
            value = {**value, "metric": (value["metric"],)}
        return value


class Question(Header):
    """A question: its header, its name `view/question`, its SQL as written."""

    name: str
    sql: str

    @property
    def tree(self) -> exp.Query:
        """The parsed SQL; copy before changing it."""
        return _parsed(self.sql, self.name)


@cache
def _parsed(sql: str, name: str) -> exp.Query:
    return parse(sql, name)


def parse(sql: str, name: str) -> exp.Query:
    """The syntax tree of a question; raises InvalidQuestion with what is not allowed in it."""
    try:
        statements = [tree for tree in sqlglot.parse(sql, dialect="duckdb") if tree is not None]
    except sqlglot.errors.ParseError as error:
        raise InvalidQuestion(f"{name}: the SQL cannot be parsed: {error}") from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Select | exp.SetOperation):
        raise InvalidQuestion(f"{name}: a question is exactly one select.")
    tree = statements[0]
    for node in tree.walk():
        if isinstance(node, _REFUSED_NODES):
            raise InvalidQuestion(f"{name}: {type(node).__name__} is not allowed in a question.")
        if isinstance(node, exp.Anonymous) and node.name.lower() not in _KNOWN_FUNCTIONS:
            raise InvalidQuestion(
                f"{name}: the function {node.name} is not on the list of functions allowed."
            )
        if isinstance(node, exp.Column) and node.args.get("db"):
            raise InvalidQuestion(f"{name}: write {node.sql()} with the table's alias only.")
        if isinstance(node, exp.Table):
            _check_table(node, name)
    return tree


def _check_table(table: exp.Table, name: str) -> None:
    if not isinstance(table.this, exp.Identifier):
        if isinstance(table.this, _TABLE_FUNCTIONS):
            return
        raise InvalidQuestion(f"{name}: the table function {table.this.sql()} is not allowed.")
    if not table.db:
        if table.name.lower() not in _visible_ctes(table):
            raise InvalidQuestion(f"{name}: {table.name} is neither a mart table nor a CTE in sight.")
        return
    if table.db.lower() not in SCOPED_SCHEMAS:
        raise InvalidQuestion(f"{name}: {table.sql()} is outside mart; a question may read mart only.")
    odd = {key for key, value in table.args.items() if value} - {"this", "db", "catalog", "alias", "joins"}
    if odd:
        raise InvalidQuestion(f"{name}: {sorted(odd)} on a mart table is not supported.")


def _visible_ctes(table: exp.Table) -> set[str]:
    names: set[str] = set()
    node: exp.Expression | None = table
    while node is not None:
        with_ = node.args.get("with_") or node.args.get("with")
        if isinstance(with_, exp.With):
            names |= {cte.alias.lower() for cte in with_.expressions}
        node = node.parent
    return names


def read(path: Path) -> Question:
    """One question from its file; raises InvalidQuestion naming the file and what is wrong."""
    name = f"{path.parent.name}/{path.stem}"
    comment: list[str] = []
    lines = path.read_text(encoding="utf-8").splitlines()
    body = 0
    for body, line in enumerate(lines):  # noqa: B007 - the first line that is not a comment starts the SQL
        if not line.startswith("--"):
            break
        comment.append(line[3:] if line.startswith("-- ") else line[2:])
    try:
        header = yaml.safe_load("\n".join(comment)) or {}
    except yaml.YAMLError as error:
        raise InvalidQuestion(f"{name}: the header is not YAML: {error}") from error
    sql = "\n".join(lines[body:]).strip().rstrip(";")
    try:
        found = Question.model_validate({**header, "name": name, "sql": sql})
    except ValidationError as error:
        raise InvalidQuestion(f"{name}: {error}") from error
    binds = {node.name for node in found.tree.find_all(exp.Placeholder)}
    declared = set(found.params)
    if unknown := binds - declared - set(REQUEST_BINDS):
        raise InvalidQuestion(f"{name}: {sorted(unknown)} are bound but not declared under params.")
    if unused := declared - binds:
        raise InvalidQuestion(f"{name}: {sorted(unused)} are declared under params but not bound.")
    if any(re.match(r"scope_|seen_", bind) for bind in binds):
        raise InvalidQuestion(f"{name}: names that begin with scope_ or seen_ belong to the runner.")
    outputs = [column for column in found.tree.named_selects]
    if outputs != list(found.columns):
        raise InvalidQuestion(
            f"{name}: the header lists {list(found.columns)} and the select returns {outputs}; "
            "they must agree, in order."
        )
    return found


@lru_cache(maxsize=1)
def _catalogue() -> dict[str, Question]:
    found = [read(path) for path in sorted(FOLDER.glob("*/*.sql"))]
    return {item.name: item for item in found}


def question(name: str) -> Question:
    """The question called `view/question`; raises UnknownQuestion."""
    try:
        return _catalogue()[name]
    except KeyError:
        raise UnknownQuestion(f"There is no question called {name}.") from None


def all_questions() -> tuple[Question, ...]:
    """Every question, by name."""
    return tuple(_catalogue().values())
