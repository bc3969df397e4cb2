"""Checks that the product finds what was planted in the demo (`data/demo/truths.yaml`), by the questions its
pages ask.

A truth says what an analyst would see, where and since when, how large it truly is, and which question shows
it; its check says what the answer must hold. A truth whose page does not exist yet is `waiting`; then `files`
counts in the payer files that it is there.

The questions live in a room that this one may not use: they are reached inside `look`, and nowhere else.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import duckdb
import pandas as pd
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from analytics import control_chart, funnel

FILE = Path(__file__).parent / "demo" / "truths.yaml"
FOUND, NOT_FOUND, WAITING, TOO_FEW = "found", "not found", "waiting", "too few"
# What a waiting truth waits for.
PAGES = ("cost", "quality", "caseloads", "contracts")


class TruthError(Exception):
    """The truths, or the warehouse they are looked for in, cannot be read."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Expected(_Strict):
    """What a value must be: between two numbers, or exactly something."""

    at_least: float | None = None
    at_most: float | None = None
    equals: Any = None

    def holds(self, value: Any) -> bool:
        if value is None or (not isinstance(value, str) and pd.isna(value)):
            return False
        if self.equals is not None and value != self.equals:
            return False
        if self.at_least is not None and not value >= self.at_least:
            return False
        return self.at_most is None or bool(value <= self.at_most)


class Rows(_Strict):
    """Rows chosen by their values; a column must be as expected in each of them (`expect`) or in
    all together (`total`).

    `where` compares with text, numbers, or a month written `month-5` (five before the month the data end in);
    `{year}` is that month's year.
    """

    kind: Literal["rows"]
    where: dict[str, Any] = Field(default_factory=dict)
    rows: Expected = Expected(at_least=1)
    expect: dict[str, Expected] = Field(default_factory=dict)
    total: dict[str, Expected] = Field(default_factory=dict)
    # `difference: [a, b]` is the sum of a less the sum of b, as a share of a.
    difference: tuple[str, str] | None = None
    difference_is: Expected | None = None
    # `share: [a, b]` is the sum of a by the sum of b.
    share: tuple[str, str] | None = None
    share_is: Expected | None = None
    # By column, the sum over the rows below which chance may hide what was planted.
    enough: dict[str, float] = Field(default_factory=dict)


class Funnel(_Strict):
    """A group's place in the funnel around everybody's rate (or share, if `met` and `eligible` are named)."""

    kind: Literal["funnel"]
    group: str
    group_id: str = "group_id"
    name: str = "group_name"
    events: str = "visits"
    exposure: str = "member_months"
    met: str | None = None
    eligible: str | None = None
    position: Literal["above", "within", "below", "pooled_or_within"]
    # The group's own rate against everybody's, before chance is thought of.
    ratio: Expected | None = None
    # Events expected of the group at everybody's rate, below which chance may hide what was planted.
    enough: float = 0


class Chart(_Strict):
    """What the control chart of monthly visits says about now, and since when (months, give or take)."""

    kind: Literal["chart"]
    movement: Literal["rose", "fell"]
    since_months_ago: Expected


class Ratio(_Strict):
    """A row's value in one period against its value in another (`before`, of the same length)."""

    kind: Literal["ratio"]
    where: dict[str, Any]
    value: str
    before: dict[str, str]
    ratio: Expected
    events: str = "visits"
    # Events in each period, below which chance may hide what was planted.
    enough: float = 0


class Busiest(_Strict):
    """The person with most rows, and how many."""

    kind: Literal["busiest"]
    person: str = "person_id"
    rows: Expected


Check = Annotated[Rows | Funnel | Chart | Ratio | Busiest, Field(discriminator="kind")]


class FilesCheck(_Strict):
    """SQL over the payer files giving one number; `{feeds}` is the folder."""

    sql: str
    expect: Expected


class Truth(_Strict):
    """One thing a good analyst would find."""

    id: str
    title: str
    see: str
    where: str
    since: str
    months_ago: int | None = None
    size: str
    question: str | None = None
    params: dict[str, Any] = Field(default_factory=dict)
    filters: dict[str, Any] = Field(default_factory=dict)
    check: Check | None = None
    waiting: Literal["cost", "quality", "caseloads", "contracts"] | None = None
    files: FilesCheck | None = None

    @model_validator(mode="after")
    def _complete(self) -> Truth:
        if self.waiting is None and (self.question is None or self.check is None):
            raise ValueError(
                f"{self.id}: needs a question and a check, or waiting: with the page that is missing"
            )
        if self.waiting is not None and self.files is None:
            raise ValueError(f"{self.id}: waits for a page, and needs files: to count it in the payer files")
        return self


@dataclass(frozen=True)
class Outcome:
    """What became of one truth: found, not found, waiting, or too few to tell; and the words for it."""

    truth: Truth
    status: str
    words: str


def read_truths(path: Path = FILE) -> list[Truth]:
    """The truths, in the order of the file. Raises TruthError with every key that is wrong."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        truths = [Truth.model_validate(item) for item in content["truths"]]
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in error.errors()
        )
        raise TruthError(f"{path}: {wrong}") from error
    ids = [truth.id for truth in truths]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    if twice:
        raise TruthError(f"{path}: {', '.join(twice)} comes twice")
    return truths


def look(warehouse: Path) -> list[Outcome]:
    """Ask every truth's question of the warehouse's snapshot. Raises TruthError with what to do."""
    os.environ["HUDDLEBOARD_WAREHOUSE"] = str(warehouse)
    import queries
    from access.principal import Principal

    everybody = Principal(
        user_id="truths",
        name="Check of the planted truths",
        role="administrator",
        markets=None,
        contracts=None,
        pages=frozenset(),
        column_classes=frozenset({"key", "identifier", "clinical", "sensitive"}),
        actions=frozenset({"view_members", "export_members", "view_quarantine"}),
    )

    def ask(question: str, filters: dict[str, Any], params: dict[str, Any]) -> pd.DataFrame:
        chosen: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in filters.items()
        }
        return queries.ask(question, everybody, queries.Filters(**chosen), **params)

    try:
        through = ask("shared/build", {}, {})["paid_through"].max()
        if pd.isna(through):
            raise TruthError(f"{warehouse} holds no claims: build it from the feeds of `python -m data demo`")
        return check(read_truths(), ask, date(through.year, through.month, 1))
    except queries.QueryError as error:
        raise TruthError(str(error)) from error


def check(truths: list[Truth], ask: Callable[..., pd.DataFrame], last: date) -> list[Outcome]:
    """Ask each truth's question and hold the answer against its check.

    `ask(question, filters, params)` answers a question as somebody who sees everything; `last` is the first
    day of the month the data end in.
    """
    outcomes = []
    for truth in truths:
        if truth.waiting:
            outcomes.append(Outcome(truth, WAITING, f"for the page {truth.waiting}"))
            continue
        filters = _dated(truth.filters, last)
        answer = ask(str(truth.question), filters, _dated(truth.params, last))
        test, before = truth.check, None
        if isinstance(test, Ratio):
            before = ask(
                str(truth.question), {**filters, **_dated(test.before, last)}, _dated(truth.params, last)
            )
            good, words = _ratio(test, answer, before)
        elif isinstance(test, Rows):
            good, words = _rows(test, answer, last)
        elif isinstance(test, Funnel):
            good, words = _funnel(test, answer)
        elif isinstance(test, Chart):
            good, words = _chart(test, answer, last)
        else:
            assert isinstance(test, Busiest)
            good, words = _busiest(test, answer)
        missed = TOO_FEW if _too_few(test, answer, before, last) else NOT_FOUND
        outcomes.append(Outcome(truth, FOUND if good else missed, words))
    return outcomes


def check_files(truth: Truth, feeds: Path) -> tuple[bool, Any]:
    """Whether a truth is in the payer files by its own count, and the number found."""
    assert truth.files is not None
    row = duckdb.execute(truth.files.sql.replace("{feeds}", str(feeds))).fetchone()
    value = row[0] if row else None
    return truth.files.expect.holds(value), value


def months_before(last: date, months: int) -> date:
    """The first day of the month so many months before."""
    number = last.year * 12 + last.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)


def _dated(values: Mapping[str, Any], last: date) -> dict[str, Any]:
    return {name: _moment(value, last) for name, value in values.items()}


def _moment(value: Any, last: date) -> Any:
    if isinstance(value, str) and value.startswith("month-") and value[6:].isdigit():
        return months_before(last, int(value[6:]))
    if isinstance(value, list):
        return [_moment(item, last) for item in value]
    if isinstance(value, str) and "{year}" in value:
        return value.format(year=last.year)
    return value


def _chosen(frame: pd.DataFrame, where: Mapping[str, Any], last: date | None = None) -> pd.DataFrame:
    for name, value in where.items():
        wanted = _moment(value, last) if last else value
        if pd.api.types.is_integer_dtype(frame[name]):
            frame = frame[frame[name] == int(wanted)]
        elif isinstance(wanted, date):
            frame = frame[pd.to_datetime(frame[name]).dt.date == wanted]
        else:
            frame = frame[frame[name] == wanted]
    return frame


def _rows(test: Rows, answer: pd.DataFrame, last: date) -> tuple[bool, str]:
    rows = _chosen(answer, test.where, last)
    good = test.rows.holds(len(rows))
    words = [f"{len(rows)} row{'s' if len(rows) != 1 else ''}"]
    for name, expected in test.expect.items():
        good &= len(rows) > 0 and all(expected.holds(value) for value in rows[name])
        words.append(f"{name} {', '.join(_shown(value) for value in rows[name].head(3))}")
    for name, expected in test.total.items():
        total = float(rows[name].sum())
        good &= expected.holds(total)
        words.append(f"{name} {_shown(total)} in all")
    if test.difference and test.difference_is:
        total, part = (float(rows[name].sum()) for name in test.difference)
        share = (total - part) / total if total else 0.0
        good &= test.difference_is.holds(share)
        words.append(f"{share:.1%} less {test.difference[1]} than {test.difference[0]}")
    if test.share and test.share_is:
        part, total = (float(rows[name].sum()) for name in test.share)
        share = part / total if total else 0.0
        good &= test.share_is.holds(share)
        words.append(f"{test.share[0]} is {share:.1%} of {test.share[1]}")
    return good, "; ".join(words)


def _funnel(test: Funnel, answer: pd.DataFrame) -> tuple[bool, str]:
    if test.met and test.eligible:
        points = funnel.proportion_funnel(
            answer, group=test.group_id, name=test.name, met=test.met, eligible=test.eligible
        )
        events, exposure = test.met, test.eligible
    else:
        points = funnel.funnel_points(
            answer, group=test.group_id, name=test.name, events=test.events, exposure=test.exposure
        )
        events, exposure = test.events, test.exposure
    own = answer[answer[test.name] == test.group]
    if own.empty:
        return False, f"{test.group} is not in the answer"
    everybody = float(answer[events].sum()) / float(answer[exposure].sum())
    ratio = float(own[events].sum()) / float(own[exposure].sum()) / everybody
    point = points[points["group_name"] == test.group]
    place = "pooled" if point.empty else str(point["position"].iloc[0])
    allowed = ("pooled", "within") if test.position == "pooled_or_within" else (test.position,)
    good = place in allowed and (test.ratio is None or test.ratio.holds(ratio))
    return good, f"{test.group} is {place}, {ratio:.2f} × everybody's"


def _chart(test: Chart, answer: pd.DataFrame, last: date) -> tuple[bool, str]:
    chart = control_chart.control_chart(
        answer["month"], answer["visits"], answer["member_months"], mature=answer["is_mature"],
        completion=answer["completion"],
    )  # fmt: skip
    found = control_chart.finding(chart)
    if found.since is None:
        return False, found.sentence
    ago = (last.year - found.since.year) * 12 + last.month - found.since.month
    good = found.movement == test.movement and test.since_months_ago.holds(ago)
    return good, f"{found.sentence} ({ago} months ago)"


def _too_few(
    test: Check | None, answer: pd.DataFrame, before: pd.DataFrame | None, last: date | None = None
) -> bool:
    """Whether a small population is enough of a reason for not seeing what was planted."""
    if isinstance(test, Funnel) and test.enough:
        events, exposure = (test.met, test.eligible) if test.met else (test.events, test.exposure)
        own = answer[answer[test.name] == test.group]
        return float(own[exposure].sum()) * float(answer[events].sum() / answer[exposure].sum()) < test.enough
    if isinstance(test, Rows) and test.enough and last is not None:
        rows = _chosen(answer, test.where, last)
        return any(float(rows[name].sum()) < least for name, least in test.enough.items())
    if isinstance(test, Ratio) and test.enough and before is not None:
        return any(_chosen(frame, test.where)[test.events].sum() < test.enough for frame in (answer, before))
    return False


def _ratio(test: Ratio, answer: pd.DataFrame, before: pd.DataFrame) -> tuple[bool, str]:
    now, then = _chosen(answer, test.where), _chosen(before, test.where)
    if now.empty or then.empty:
        return False, "no such row"
    ratio = float(now[test.value].iloc[0]) / float(then[test.value].iloc[0])
    return test.ratio.holds(ratio), f"{test.value} × {ratio:.2f}"


def _busiest(test: Busiest, answer: pd.DataFrame) -> tuple[bool, str]:
    if answer.empty:
        return False, "no row"
    count = int(answer[test.person].value_counts().iloc[0])
    return test.rows.holds(count), f"{count} rows of one person"


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.2f}"
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    return str(value)
