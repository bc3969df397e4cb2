"""What the demo's contracts were expected to cost: targets, and a budget by category, as set a year before.

`budget.csv` holds what a large population of the demo costs (PMPM, and units per 1,000 a year), measured from
a warehouse by `python -m data.demo.calibrate --budgets WAREHOUSE`. A budget is that, less or more by the
factors below: near the truth, as a good plan is, most categories above it and a few below. Nothing depends on
the members at hand, so that a demo of any size is held against the same plan.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa

from data.demo.settings import Contract, Settings, load_settings

FILE = Path(__file__).parent / "budget.csv"
MONEY = ("allowed", "paid", "allowed_truncated", "paid_truncated")
COLUMNS = (
    "segment_type", "segment", "service_category_1", "service_category_2", "units_per_1000", *MONEY,
)  # fmt: skip
PHARMACY = "pharmacy"

# The plan's share of what came: units, and dollars per unit. Hospital outpatient care and drugs grew beyond
# the plan, as they do; stays and skilled nursing were planned for and did not come.
_UNITS = {
    "acute inpatient": 1.04, "skilled nursing facility": 1.06, "emergency department": 0.95,
    "outpatient surgery": 0.98, "outpatient drugs": 0.95, "outpatient hospital or clinic": 1.02,
    "office-based visit": 1.02, "office-based drugs": 0.96, "office-based therapy": 1.03,
    "office-based mental health": 0.93, "telehealth visit": 0.90, "lab": 1.01,
    "durable medical equipment": 0.99, "pharmacy": 1.01,
}  # fmt: skip
_PRICE = {
    "acute inpatient": 1.01, "emergency department": 0.98, "outpatient surgery": 0.97,
    "outpatient drugs": 0.97, "outpatient radiology": 0.99, "office-based visit": 1.01,
    "office-based surgery": 0.98, "office-based drugs": 0.97, "dialysis": 1.02, "pharmacy": 0.94,
}  # fmt: skip
# A market's budget, besides: Prairie's was generous.
_SEGMENT = {"harbor": 0.97, "millbrook": 0.98, "prairie": 1.03}


@dataclass(frozen=True)
class Target:
    """A contract's target: the amounts it is settled on, its share of what they came to, and its trend.

    `reference_risk` is the mean risk score of the members it was set for.
    """

    amount_basis: str
    is_truncated: bool
    includes_pharmacy: bool
    share: float
    annual_trend: float
    words: str
    reference_risk: float | None = None


TARGETS = {
    # Between what is paid to date and what will have been paid: the savings are gone once runout is counted.
    "aco": Target(
        "paid", True, False, 0.985, 0.041, "benchmark: paid, capped by member, without Part D", 1.06
    ),
    "medicaid": Target(
        "paid", True, True, 1.02, 0.032, "medical budget of the capitation: paid, capped", None
    ),
    "advantage": Target("paid", False, True, 1.03, 0.038, "share of the premium for care: paid", 1.05),
    "commercial": Target(
        "allowed", False, True, 0.97, 0.06, "trended cost of the year before: allowed", None
    ),
    "dual": Target("paid", True, True, 1.01, 0.04, "benchmark: paid, capped by member", 1.42),
}
BASE_YEARS_AGO = 2
# From the middle of the base year to that of the months measured for budget.csv, July to June.
YEARS_BETWEEN = 1.5
_NEW = (
    "kind", "service_category_1", "service_category_2", "amount_basis", "is_truncated", "includes_pharmacy",
    "annual_trend", "trend_from", "risk_score",
)  # fmt: skip


def benchmark_rows(settings: Settings, year: int) -> pa.Table:
    """The targets and budgets of a year, as rows of the organisation's benchmark.csv."""
    rows: list[dict[str, object]] = []
    contracts = {terms.key: terms for terms in settings.contracts}
    markets = {market.market_id: market.market_name for market in settings.markets}
    for (kind, segment), cost in _costs().items():
        if kind == "contract":
            terms = contracts[segment]
            rows.append(_target(terms, cost, year))
            rows += _budget(kind, terms.contract_id.format(year=year), terms.contract_name, cost, year)
        else:
            name = markets.get(segment, "All contracts" if kind == "all" else f"All {segment}")
            rows += _budget(kind, segment, name, cost, year)
    schema = pa.schema(
        [
            *((name, pa.string()) for name in ("benchmark_id", "metric_id", "segment_type", "segment")),
            ("statistic", pa.string()),
            ("value", pa.float64()),
            *((name, pa.string()) for name in ("unit", "basis", "vintage", "source", "kind")),
            ("service_category_1", pa.string()),
            ("service_category_2", pa.string()),
            ("amount_basis", pa.string()),
            ("is_truncated", pa.bool_()),
            ("includes_pharmacy", pa.bool_()),
            ("annual_trend", pa.float64()),
            ("trend_from", pa.date32()),
            ("risk_score", pa.float64()),
        ]
    )
    return pa.Table.from_pylist(rows, schema=schema)


def _target(terms: Contract, cost: list[dict[str, str]], year: int) -> dict[str, object]:
    target = TARGETS[terms.key]
    column = target.amount_basis + ("_truncated" if target.is_truncated else "")
    counted = [row for row in cost if target.includes_pharmacy or row["service_category_1"] != PHARMACY]
    total = sum(float(row[column]) for row in counted) * target.share
    contract_id = terms.contract_id.format(year=year)
    return {
        "benchmark_id": f"target-{contract_id}",
        "metric_id": "pmpm",
        "segment_type": "contract",
        "segment": contract_id,
        "statistic": "target",
        "value": round(total / (1 + target.annual_trend) ** YEARS_BETWEEN, 2),
        "unit": "dollars per member per month",
        "basis": f"{terms.contract_name}: {target.words}; base year {year - BASE_YEARS_AGO}",
        "vintage": str(year),
        "source": f"{terms.payer} {year} contract (invented for the demo)",
        "kind": "contract_target",
        "amount_basis": target.amount_basis,
        "is_truncated": target.is_truncated,
        "includes_pharmacy": target.includes_pharmacy,
        "annual_trend": target.annual_trend,
        "trend_from": date(year - BASE_YEARS_AGO, 7, 1),
        "risk_score": target.reference_risk,
    }


def _budget(
    kind: str, segment: str, name: str, cost: list[dict[str, str]], year: int
) -> list[dict[str, object]]:
    """Rows for each category 2 and category 1, and for the whole; allowed, without a cap."""
    rows: list[dict[str, object]] = []
    by_first: dict[str, float] = {}
    for item in cost:
        first, second = item["service_category_1"], item["service_category_2"]
        units = float(item["units_per_1000"]) * _UNITS.get(second, 1.0)
        money = float(item["allowed"]) * _UNITS.get(second, 1.0) * _PRICE.get(second, 1.0)
        money *= _SEGMENT.get(segment, 1.0)
        by_first[first] = by_first.get(first, 0.0) + money
        values = {"pmpm": money, "units_per_1000": units}
        if units and money:
            values["unit_cost"] = money * 12_000 / units
        rows += [
            _row(kind, segment, name, year, metric, value, first, second) for metric, value in values.items()
        ]
    rows += [_row(kind, segment, name, year, "pmpm", money, first, None) for first, money in by_first.items()]
    rows.append(_row(kind, segment, name, year, "pmpm", sum(by_first.values()), None, None))
    return rows


_UNIT = {
    "pmpm": "dollars per member per month",
    "units_per_1000": "per 1,000 member-years",
    "unit_cost": "dollars per unit",
}


def _row(
    segment_type: str, segment: str, name: str, year: int, metric: str, value: float,
    first: str | None, second: str | None,
) -> dict[str, object]:  # fmt: skip
    parts = [part.replace(" ", "_") for part in (segment, first, second, metric) if part]
    return {
        "benchmark_id": "-".join(["budget", *parts]),
        "metric_id": metric,
        "segment_type": segment_type,
        "segment": segment,
        "statistic": "target",
        "value": round(value, 2),
        "unit": _UNIT[metric],
        "basis": f"{name}: budget, allowed, no cap",
        "vintage": str(year),
        "source": f"{name} {year} budget (invented for the demo)",
        "kind": "budget",
        "service_category_1": first,
        "service_category_2": second,
        "amount_basis": "allowed",
        "is_truncated": False,
        # A category's dollars are the same whether the pharmacy is counted beside it or not.
        "includes_pharmacy": True if first is None else None,
    }


def _costs() -> dict[tuple[str, str], list[dict[str, str]]]:
    """The rows of budget.csv by segment type and segment."""
    found: dict[tuple[str, str], list[dict[str, str]]] = {}
    with FILE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault((row["segment_type"], row["segment"]), []).append(row)
    return found


def measure(snapshot: Path, settings: Settings) -> list[dict[str, object]]:
    """What the demo costs, by contract, line of business, market and in all: the rows of budget.csv.

    Over the twelve service months that end four before the last one paid; without the control cohort.
    """
    keys = {terms.contract_id.split("{")[0]: terms.key for terms in settings.contracts}
    case = " ".join(f"when starts_with(m.contract_id, '{start}') then '{key}'" for start, key in keys.items())
    sums = ", ".join(f"sum(s.{name}) as {name}" for name in MONEY)
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"attach '{snapshot}' as s (read_only)")
        found = connection.execute(
            f"""
            with last as (
                select date_trunc('month', max(paid_through)) - interval 4 month as month from s.mart.build
            ),
            enrolled as (
                select m.*, case {case} end as contract
                from s.mart.member_month as m
                inner join s.mart.contract as c on c.contract_id = m.contract_id
                cross join last
                where m.month between last.month - interval 11 month and last.month and c.control_for is null
                    and m.contract_id <> 'unassigned'
            ),
            placed as (
                select 'contract' as segment_type, contract as segment, * from enrolled
                union all
                select 'line_of_business', line_of_business, * from enrolled
                union all
                select 'market', market_id, * from enrolled where market_id <> 'unassigned'
                union all
                select 'all', 'all', * from enrolled
            ),
            months as (
                select segment_type, segment, sum(medical_member_months) as medical,
                    sum(pharmacy_member_months) as pharmacy
                from placed
                group by all
            ),
            spent as (
                select p.segment_type, p.segment, s.service_category_1, s.service_category_2,
                    sum(s.units) as units, {sums}
                from placed as p
                inner join s.mart.spend_month as s
                    on s.person_id = p.person_id and s.contract_id = p.contract_id and s.month = p.month
                where s.in_enrolment
                group by all
            ),
            divided as (
                select s.*,
                    case s.service_category_1 when '{PHARMACY}' then m.pharmacy else m.medical end as months
                from spent as s
                inner join months as m on m.segment_type = s.segment_type and m.segment = s.segment
            )
            select segment_type, segment, service_category_1, service_category_2,
                round(units / months * 12000, 1) as units_per_1000,
                {", ".join(f"round({name} / months, 2) as {name}" for name in MONEY)}
            from divided
            where months > 0
            order by all
            """
        )
        names = [column[0] for column in found.description or []]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def write(warehouse: Path) -> None:
    """Write budget.csv from a warehouse's snapshot, built from a demo of 10,000 members or more."""
    snapshot = warehouse / f"{(warehouse / 'CURRENT').read_text().strip()}.duckdb"
    rows = measure(snapshot, load_settings())
    with FILE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
