"""Does the demo look like the populations it stands for? Targets with their sources, and what its files say.

The actual values are measured by plain SQL (calibration.sql) over the rows the payers send, by the
definitions of docs/demo.md, and never from what the generator knows about itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import yaml

from data.demo.population import Chunk
from data.demo.settings import CONTRACT_KEYS, ROOM

EVERYONE = "all"


@dataclass(frozen=True)
class Target:
    """A published or derived value the demo must come near. `tolerance` is relative."""

    measure: str
    contract: str  # a contract's key, or EVERYONE
    target: float
    basis: str  # published | derived
    source: str
    tolerance: float = 0.10


@dataclass(frozen=True)
class Result:
    target: Target
    actual: float

    @property
    def off(self) -> float:
        """Relative distance from the target."""
        return self.actual / self.target.target - 1

    @property
    def holds(self) -> bool:
        return abs(self.off) <= self.target.tolerance


def targets(path: Path = ROOM / "calibration.yaml") -> list[Target]:
    """Every target of calibration.yaml, in its order."""
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    return [
        Target(measure["measure"], contract, float(entry["target"]), entry["basis"], entry["source"].strip())
        for measure in content["measures"]
        for contract, entry in measure["targets"].items()
    ]


_COLUMNS = {
    "eligibility": ("person_id", "gender", "birth_date", "death_date", "plan", "enrollment_start_date",
                    "enrollment_end_date"),
    "medical_claim": ("claim_id", "claim_line_number", "claim_type", "person_id", "claim_start_date",
                      "claim_end_date", "admission_date", "discharge_date", "discharge_disposition_code",
                      "place_of_service_code", "bill_type_code", "drg_code", "revenue_center_code",
                      "hcpcs_code", "facility_npi", "paid_date", "paid_amount", "allowed_amount",
                      "diagnosis_code_1",
                      "diagnosis_code_2", "diagnosis_code_3", "diagnosis_code_4", "in_network_flag"),
    "pharmacy_claim": ("claim_id", "person_id", "dispensing_date", "paid_date", "ndc_code", "days_supply",
                       "paid_amount", "allowed_amount"),
}  # fmt: skip


def load(connection: duckdb.DuckDBPyConnection, chunks: Iterable[Chunk]) -> None:
    """The payers' rows as tables eligibility, medical_claim and pharmacy_claim, with a column `contract`."""
    made: set[str] = set()
    for chunk in chunks:
        for key, tables in zip(CONTRACT_KEYS, chunk.tables, strict=True):
            for name, columns in _COLUMNS.items():
                rows: pa.Table = tables[name].select(list(columns))
                connection.register("rows_of_chunk", rows)
                chosen = ", ".join(
                    f"{column}::varchar as {column}"
                    if pa.types.is_dictionary(rows.schema.field(column).type)
                    else column
                    for column in columns
                )
                select = f"select '{key}' as contract, {chosen} from rows_of_chunk"
                into = f"insert into {name}" if name in made else f"create table {name} as"
                connection.execute(f"{into} {select}")
                connection.unregister("rows_of_chunk")
                made.add(name)


def measure(
    connection: duckdb.DuckDBPyConnection, through: date, mature: int
) -> dict[tuple[str, str], float]:
    """Actual values by (measure, contract), of the 24 months that end `mature` months before `through`'s."""
    connection.execute(
        f"""
        create or replace macro month_of(d) as date_trunc('month', d::date)::date;
        create or replace temp table span as
        select
            (month_of(date '{through}') - to_months({mature + 23}))::date as first_month,
            (month_of(date '{through}') - to_months({mature}))::date as last_month;
        create or replace temp table calendar as
        select unnest(generate_series(first_month, last_month, interval 1 month))::date as month from span;
        create or replace temp table member_month as
        select distinct e.contract, e.person_id, c.month
        from eligibility as e
        inner join calendar as c
            on month_of(e.enrollment_start_date) <= c.month
            and coalesce(nullif(e.enrollment_end_date, ''), '2999-12-31') >= c.month::varchar;
        create or replace temp table months_of as
        select contract, count(*)::double as member_months from member_month group by contract;
        """
    )
    for sql in _statements("prepare"):
        connection.execute(sql)
    actual: dict[tuple[str, str], float] = {}
    for sql in _statements("measure"):
        for name, contract, value in connection.execute(sql).fetchall():
            if value is not None:
                actual[name, contract] = float(value)
    return actual


def _statements(kind: str) -> list[str]:
    """The statements of calibration.sql headed `-- prepare:` or `-- measure:`."""
    text = (ROOM / "calibration.sql").read_text(encoding="utf-8")
    parts = re.split(r"^-- (prepare|measure): .*$", text, flags=re.MULTILINE)[1:]
    return [body for head, body in zip(parts[::2], parts[1::2], strict=True) if head == kind]


def table(results: Iterable[Result]) -> str:
    """Target beside actual, as a Markdown table."""
    lines = ["| measure | contract | target | actual | off | basis |", "|---|---|---:|---:|---:|---|"]
    for item in results:
        digits = 3 if item.target.target < 1.5 else 0
        lines.append(
            f"| {item.target.measure} | {item.target.contract} | {item.target.target:,.{digits}f} "
            f"| {item.actual:,.{digits}f} | {item.off:+.1%}{'' if item.holds else ' **out**'} "
            f"| {item.target.basis} |"
        )
    return "\n".join(lines)
