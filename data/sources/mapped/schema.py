"""The schema of a ``mapping.yaml``: which files a payer sends, and how raw tables are made of them.

Every key is explained in ``docs/feeds.md``. A mistake is an error with the file, the line, the key, and what
was probably meant. A mapping is data: it is read by ``reading``, never run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from data.feed_error import FeedError
from data.feeds import Code, OneOrMore, date_format, line_of, quoted, read_yaml
from data.sources import organization, tuva_input_layer
from data.sources.files import Written, did_you_mean
from data.sources.layout import Table

TARGETS: dict[str, Table] = {table.name: table for table in (*tuva_input_layer.TABLES, *organization.TABLES)}
"""The raw tables a mapping may fill."""

_SERIES = re.compile(r"^(\w+?)_(\d+)\.\.(\d+)$")
SOURCES = ("column", "combine", "first", "value", "split", "items", "number")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def _as_list(value: object) -> object:
    return value if isinstance(value, list) else [value]


def _texts(value: object) -> object:
    """Keys and values of a table of codes as written: YAML reads 01 as a number and yes as true."""
    if isinstance(value, dict):
        return {quoted(key): quoted(item) for key, item in value.items()}
    return value


class InputRule(_Strict):
    """One kind of file: how to know it, and how it is written."""

    files: OneOrMore
    delimiter: str = ","
    encoding: Literal["utf-8", "latin-1", "cp1252"] = "utf-8"
    header: bool = True
    columns: list[Code] | None = None
    sheet: Code | None = None
    skip_rows: int = Field(default=0, ge=0)
    ignore_lines: OneOrMore = Field(default_factory=list)
    required: bool = True

    @field_validator("delimiter")
    @classmethod
    def _one_character(cls, text: str) -> str:
        text = {"tab": "\t", "\\t": "\t"}.get(text, text)
        if len(text) != 1:
            raise ValueError(f"{text!r} is not one character; write '|', ';', ',' or tab")
        return text

    @model_validator(mode="after")
    def _named(self) -> InputRule:
        if not self.header and not self.columns:
            raise ValueError("header: false needs columns: the names of the columns from left to right")
        if self.header and self.columns:
            raise ValueError("columns: is for files without a header; write header: false, or remove it")
        if self.columns and len({name.lower() for name in self.columns}) < len(self.columns):
            raise ValueError("columns: names a column twice")
        return self

    @property
    def written(self) -> Written:
        columns = tuple(self.columns) if self.columns else None
        return Written(
            self.delimiter, self.encoding, columns, self.skip_rows, tuple(self.ignore_lines), self.sheet
        )


class ColumnRule(_Strict):
    """Where the value of a raw column comes from (one of ``SOURCES``), and what is done with it, in this
    order: ``remove``, ``decimal``, ``take``, ``pad``, ``codes``, ``default``; then ``date`` and ``divide``
    read it.
    """

    column: Code | None = None
    combine: list[Code] | None = None
    first: list[Code] | None = None
    value: Code | None = None
    split: Code | None = None
    items: Code | None = None
    number: OneOrMore | None = None

    glue: str = Field(default="", alias="with")
    # YAML reads an unquoted "on" as true: the key is looked for under both names (see _before).
    at: str = Field(default=",", alias="on", min_length=1)
    remove: str = ""
    decimal: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    take: tuple[int, int] | None = None
    pad: int | None = Field(default=None, ge=1, le=30)
    codes: Annotated[dict[str, str | None], BeforeValidator(_texts)] | None = None
    otherwise: Code | None = None
    default: Code | None = None
    date: Annotated[list[str], BeforeValidator(_as_list)] | None = None
    divide: Literal[10, 100, 1000, 10000] | None = None
    optional: bool = False

    @model_validator(mode="before")
    @classmethod
    def _before(cls, value: Any) -> Any:
        if value is None:
            return {"value": None}
        if isinstance(value, dict):
            return {("on" if key is True else key): item for key, item in value.items()}
        return {"column": value}

    @field_validator("date")
    @classmethod
    def _formats(cls, formats: list[str] | None) -> list[str] | None:
        return formats and [date_format(form) for form in formats]

    @model_validator(mode="after")
    def _one_source(self) -> ColumnRule:
        named = [name for name in SOURCES if name in self.model_fields_set]
        if len(named) != 1:
            said = " and ".join(named) or "none of them"
            raise ValueError(f"says {said}: a column comes from one of {', '.join(SOURCES)}")
        if "otherwise" in self.model_fields_set and self.codes is None:
            raise ValueError("otherwise: is for codes; add codes: or remove it")
        if self.take and (self.take[0] < 1 or self.take[1] < 1):
            raise ValueError("take: is [first position, number of characters], counted from 1")
        if self.date and self.default and not re.fullmatch(r"\d{4}-\d\d-\d\d", self.default):
            raise ValueError(f"default: {self.default!r} of a date is written as 2025-12-31")
        return self

    @property
    def references(self) -> list[str]:
        """The payer's columns the value is made of, as written in the mapping."""
        one = [name for name in (self.column, self.split, self.items) if name]
        return [*one, *(self.combine or []), *(self.first or []), *(self.number or [])]


class Condition(_Strict):
    """Values a column has to have, or must not have; ``*`` at the end stands for anything."""

    among: OneOrMore | None = None
    excluded: OneOrMore | None = Field(default=None, alias="not")

    @model_validator(mode="before")
    @classmethod
    def _before(cls, value: Any) -> Any:
        return value if isinstance(value, dict) else {"among": value}


class JoinRule(_Strict):
    """A second file that completes the rows: ``on`` pairs a column of ``from`` with one of the other file.

    ``many``: the other file has several rows for one (a diagnosis a row), used by ``items``, in the order of
    ``order_by``. ``required``: a row without a partner is an orphan and set aside; a partner that no row has
    is set aside too. Not required: a list to look things up in, of which the latest row counts.
    """

    pairs: dict[Code, Code] = Field(alias="on", min_length=1)
    many: bool = False
    order_by: Code | None = None
    required: bool | None = None

    @model_validator(mode="before")
    @classmethod
    def _before(cls, value: Any) -> Any:
        if isinstance(value, dict):
            return {("on" if key is True else key): item for key, item in value.items()}
        return value

    @property
    def must_match(self) -> bool:
        return not self.many if self.required is None else self.required


class TableRule(_Strict):
    """How rows of one kind of file become rows of a raw table."""

    source: Code = Field(alias="from")
    join: dict[str, JoinRule] = Field(default_factory=dict)
    where: dict[Code, Condition] = Field(default_factory=dict)
    void: dict[Code, Condition] = Field(default_factory=dict)
    columns: dict[Code, ColumnRule] = Field(min_length=1)


class Mapping(_Strict):
    """The whole of a ``mapping.yaml``."""

    inputs: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], InputRule] = Field(min_length=1)
    tables: dict[str, Annotated[list[TableRule], BeforeValidator(_as_list)]] = Field(min_length=1)


@dataclass(frozen=True)
class _Place:
    """A key of the mapping; its line is looked for when a message needs it."""

    path: Path
    steps: tuple[str | int, ...]

    def __str__(self) -> str:
        return line_of(self.path, *self.steps)


@dataclass(frozen=True)
class Target:
    """One file column of a raw table and the rule that fills it; ``place`` counts the columns of a series."""

    name: str
    rule: ColumnRule
    written: str
    place: int = 1


def targets(table: Table, rule: TableRule) -> Iterator[Target]:
    """The raw table's file columns that a rule fills; ``diagnosis_code_1..25`` stands for twenty-five."""
    for written, column in rule.columns.items():
        series = _SERIES.match(written)
        if series:
            first, last = int(series[2]), int(series[3])
            for place, number in enumerate(range(first, last + 1), start=1):
                yield Target(file_column(table, f"{series[1]}_{number}") or "", column, written, place)
        else:
            yield Target(file_column(table, written) or "", column, written)


def file_column(table: Table, name: str) -> str | None:
    """The file column meant by a raw column's or file column's name."""
    for column in table.columns:
        if name in column.file_columns:
            return name
    return table.names[name].file_columns[0] if name in table.names else None


def read_mapping(path: Path, feed: str) -> tuple[Mapping, bytes]:
    """Read and check a mapping. Raises :class:`FeedError` with all that is wrong."""
    mapping, text = read_yaml(path, Mapping, feed, "python -m data map FILE proposes one")
    problems = list(dict.fromkeys(_problems(mapping, path)))
    if problems:
        raise FeedError(feed, "\n".join(problems))
    return mapping, text


def _problems(mapping: Mapping, path: Path) -> Iterator[str]:
    used: set[str] = set()
    for name, rules in mapping.tables.items():
        table = TARGETS.get(name)
        if table is None:
            yield (
                f"{line_of(path, 'tables', name)}is no table{did_you_mean(name, TARGETS)}; "
                f"there is {', '.join(TARGETS)}"
            )
            continue
        read = [rule.source for rule in rules]
        for place, rule in enumerate(rules):
            where = ("tables", name, place)
            if read.count(rule.source) > 1:
                yield (
                    f"{line_of(path, *where, 'from')}{rule.source} is read twice for {name}: write one block "
                    "and tell its rows apart by codes:"
                )
            for kind, steps in (
                (rule.source, (*where, "from")),
                *((kind, (*where, "join", kind)) for kind in rule.join),
            ):
                used.add(kind)
                if kind not in mapping.inputs:
                    yield (
                        f"{line_of(path, *steps)}{kind!r} is no input{did_you_mean(kind, mapping.inputs)}; "
                        f"there is {', '.join(mapping.inputs)}"
                    )
            if rule.source in rule.join:
                yield f"{line_of(path, *where, 'join', rule.source)}a file cannot complete itself"
            yield from _column_problems(table, rule, path, where, list(mapping.inputs))
    for kind in mapping.inputs:
        if kind not in used:
            yield f"{line_of(path, 'inputs', kind)}is used by no table; use it or remove it"


def _column_problems(
    table: Table, rule: TableRule, path: Path, where: tuple[str | int, ...], inputs: list[str]
) -> Iterator[str]:
    known = sorted({name for column in table.columns for name in (column.name, *column.file_columns)})
    filled: set[str] = set()
    for target in targets(table, rule):
        at = _Place(path, (*where, "columns", target.written))
        if not target.name:
            stem = _SERIES.sub(r"\1_\2", target.written)
            yield f"{at}is no column of {table.name}{did_you_mean(stem, known)}"
            continue
        if target.name in filled:
            yield f"{at}is filled twice"
        filled.add(target.name)
        one = target.rule
        if one.items and not ("." in one.items and rule.join.get(one.items.split(".")[0], _NO).many):
            yield f"{at}items: {one.items!r} has to be <input>.<column> of a join with many: true"
        if (one.split or one.items) and not _SERIES.match(target.written):
            yield f"{at}split and items fill a series, such as diagnosis_code_1..25"
        kind = next((c.kind for c in table.columns if target.name in c.file_columns), "text")
        if one.date and kind not in ("date", "timestamp"):
            yield f"{at}date: is for dates, and {target.name} is none ({kind})"
        if one.divide and kind not in ("money", "number"):
            yield f"{at}divide: is for amounts, and {target.name} is none ({kind})"
    for reference, steps in _references(rule):
        kind, dot, _ = reference.partition(".")
        if dot and kind in inputs and kind not in rule.join and kind != rule.source:
            place = line_of(path, *where, *steps)
            yield f"{place}{reference!r}: {kind} is not joined here; add it under join:"
    missing = [name for name in table.required_in_file if name not in filled]
    if missing:
        yield (
            f"{line_of(path, *where, 'columns')}{', '.join(missing)} missing: a wrong number would follow "
            f"from their absence. Name the payer's column; where there is none, say so with {missing[0]}: "
            "{value: null}"
        )


_NO = JoinRule.model_validate({"on": {"-": "-"}})


def _references(rule: TableRule) -> Iterator[tuple[str, tuple[str, ...]]]:
    for written, column in rule.columns.items():
        for reference in column.references:
            yield reference, ("columns", written)
    for key in ("where", "void"):
        for reference in getattr(rule, key):
            yield reference, (key, reference)


@dataclass(frozen=True)
class Reference:
    """A payer's column: the kind of file it stands in, its name in lower case, and as it is written."""

    kind: str
    name: str
    written: str


def reference(rule: TableRule, text: str) -> Reference:
    """``claim_header.FROM_DT``, or ``FROM_DT`` for a column of ``from``."""
    kind, dot, name = text.partition(".")
    if dot and (kind in rule.join or kind == rule.source):
        return Reference(kind, name.strip().lower(), name if kind == rule.source else text)
    return Reference(rule.source, text.strip().lower(), text)
