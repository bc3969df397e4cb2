"""The metrics: what every number means, read from `metrics.yaml` and checked when first asked for."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from queries.errors import InvalidQuestion, UnknownQuestion

FILE = Path(__file__).resolve().parent / "metrics.yaml"


class Measure(BaseModel):
    """One column of one question."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    question: str = Field(pattern=r"^[a-z_]+/[a-z_]+$")
    measure: str = Field(pattern=r"^[a-z_0-9]+$")


class Metric(BaseModel):
    """One metric, as the definition drawer shows it. `formula` has {column} where a number's value goes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    name: str = Field(min_length=3)
    unit: str = Field(min_length=2)
    direction: Literal["lower_is_better", "higher_is_better", "neutral"]
    formula: str = Field(min_length=3)
    numerator: Measure
    denominator: Measure | None
    source: str = Field(min_length=10)
    maturity: str = Field(min_length=5)
    interval: Literal["exact_poisson", "wilson", "weighted_sum", "bootstrap", "completion", "none"]
    benchmark: str | None
    caution: str | None = None


@lru_cache(maxsize=1)
def _metrics() -> dict[str, Metric]:
    listed = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    found: dict[str, Metric] = {}
    for entry in listed:
        try:
            item = Metric.model_validate(entry)
        except ValidationError as error:
            raise InvalidQuestion(f"metrics.yaml, {entry.get('id', entry)}: {error}") from error
        if item.id in found:
            raise InvalidQuestion(f"metrics.yaml names {item.id} twice.")
        found[item.id] = item
    return found


def metric(metric_id: str) -> Metric:
    """The metric; raises UnknownQuestion."""
    try:
        return _metrics()[metric_id]
    except KeyError:
        raise UnknownQuestion(f"There is no metric called {metric_id}.") from None


def all_metrics() -> tuple[Metric, ...]:
    """Every metric, in the file's order."""
    return tuple(_metrics().values())
