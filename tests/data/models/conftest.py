"""Small hand-written feeds as raw tables, transformed once per session."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
import yaml

from data.project import MODELS, SNAPSHOT, statements
from data.transform import _load_reference, transform

Rows = dict[str, list[dict[str, Any]]]


def write_raw(path: Path, rows: Rows) -> None:
    """A work database with every raw table of external_models.yaml; columns not given are null."""
    declared = yaml.safe_load((MODELS / "external_models.yaml").read_text())
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema raw")
        for table in declared:
            schema, name = table["name"].split(".")
            if schema != "raw":
                continue
            columns = table["columns"]
            connection.execute(
                f"create table raw.{name} (" + ", ".join(f'"{c}" {kind}' for c, kind in columns.items()) + ")"
            )
            for number, row in enumerate(rows.get(name, []), start=1):
                full = {"feed": "payer", "file_name": f"{name}.csv", "row_number": number, **row}
                full = {column: value for column, value in full.items() if column in columns}
                marks = ", ".join("?" for _ in full)
                names = ", ".join(f'"{column}"' for column in full)
                connection.execute(f"insert into raw.{name} ({names}) values ({marks})", list(full.values()))


def small_feed() -> Rows:
    """Three people, one contract each but one who changes payer; visits, stays, staff and touches by hand."""
    return {
        "run": [{"snapshot_id": "s", "built_at": dt.datetime(2026, 7, 1), "code_version": "test"}],
        "feed": [
            {"feed": "payer", "files": 3, "incurred_through": "2026-06-20", "paid_through": "2026-06-30"}
        ],
        "contract": [
            {
                "contract_id": "aco",
                "contract_name": "ACO",
                "line_of_business": "medicare",
                "completion_threshold": 0.9,
            },
            {
                "contract_id": "mco",
                "contract_name": "MCO",
                "line_of_business": "medicaid",
                "completion_threshold": 0.9,
            },
        ],
        "market": [{"market_id": "north", "market_name": "North", "state": "MA"}],
        "staff": [
            {
                "staff_id": "s1",
                "staff_name": "Ada",
                "role": "nurse",
                "market_id": "north",
                "care_team_id": "t1",
            }
        ],
        "panel": [
            {
                "person_id": "1",
                "staff_id": "s1",
                "role": "nurse",
                "contract_id": "aco",
                "start_date": "2026-01-01",
                "is_lead": True,
            }
        ],
        "attribution": [
            {
                "person_id": "1",
                "contract_id": "aco",
                "start_date": "2026-01-01",
                "pcp_npi": "p1",
                "care_team_id": "t1",
            }
        ],
        "touch": [
            {
                "touch_id": "x1",
                "person_id": "1",
                "staff_id": "s1",
                "touched_on": "2026-05-01",
                "channel": "phone",
                "outcome": "reached",
            }
        ],
        "provider": [
            {
                "npi": "p1",
                "provider_name": "Dr Lee",
                "practice_name": "North Practice",
                "provider_type": "practitioner",
                "market_id": "north",
            }
        ],
        "eligibility": [
            {
                "person_id": "1",
                "contract_id": "aco",
                "market_id": "north",
                "sex": "female",
                "birth_date": "1950-03-15",
                "enrollment_start_date": "2026-01-01",
                "enrollment_end_date": None,
            },
            {
                "person_id": "2",
                "contract_id": "aco",
                "market_id": "north",
                "sex": "male",
                "birth_date": "1980-01-01",
                "enrollment_start_date": "2026-01-01",
                "enrollment_end_date": "2026-03-15",
            },
            {
                "person_id": "2",
                "contract_id": "mco",
                "market_id": "north",
                "sex": "male",
                "birth_date": "1980-01-01",
                "enrollment_start_date": "2026-03-16",
                "enrollment_end_date": "2099-12-31",
            },
            {
                "person_id": "3",
                "contract_id": "aco",
                "market_id": "north",
                "sex": "male",
                "birth_date": "2015-01-01",
                "enrollment_start_date": "2026-01-01",
                "enrollment_end_date": "2026-12-31",
                "death_date": "2026-04-02",
            },
        ],
        "ed_weight": [
            {
                "icd10": "J069",
                "non_emergent": 0.6,
                "primary_care_treatable": 0.3,
                "emergent_avoidable": 0.0,
                "emergent_not_avoidable": 0.1,
                "injury": 0,
                "mental_health": 0,
                "alcohol": 0,
                "drug": 0,
            },
            {
                "icd10": "S0990XA",
                "non_emergent": 0,
                "primary_care_treatable": 0,
                "emergent_avoidable": 0,
                "emergent_not_avoidable": 0,
                "injury": 1,
                "mental_health": 0,
                "alcohol": 0,
                "drug": 0,
            },
        ],
        "medical_claim": [
            institutional(
                "e1",
                1,
                "1",
                "131",
                "2026-02-01",
                revenue="0450",
                paid=100,
                dx="J069",
                hour=14,
                paid_on="2026-02-20",
            ),
            institutional(
                "e1",
                2,
                "1",
                "131",
                "2026-02-01",
                revenue="0300",
                paid=20,
                dx="J069",
                hour=14,
                paid_on="2026-02-20",
            ),
            professional("d1", "1", "2026-02-02", "99284", "23", paid=30),
            professional("o1", "1", "2026-02-06", "99213", "11", paid=50),
            professional("d2", "1", "2026-03-20", "99283", "23", paid=10),
            institutional("e2", 1, "2", "131", "2026-02-10", revenue="0450", paid=80, dx="S0990XA"),
            institutional(
                "i1",
                1,
                "2",
                "111",
                "2026-02-11",
                end="2026-02-15",
                revenue="0120",
                paid=5000,
                dx="A419",
                drg="871",
            ),
            institutional(
                "i2",
                1,
                "2",
                "111",
                "2026-03-01",
                end="2026-03-04",
                revenue="0120",
                paid=4000,
                dx="A419",
                drg="871",
            ),
            institutional("e3", 1, "1", "131", "2026-05-02", revenue="0450", paid=70, dx="K0889"),
            institutional("e4", 1, "1", "131", "2026-06-18", revenue="0450", paid=70, dx="R079"),
            institutional("z1", 1, "3", "131", "2026-05-05", revenue="0300", paid=15, dx="Z000"),
            institutional(
                "n1", 1, "1", "110", "2026-04-01", end="2026-04-03", revenue="0120", paid=0, dx="I10"
            ),
            professional("end", "1", "2026-06-20", "99213", "32", paid=1, paid_on="2026-06-30"),
        ],
        "pharmacy_claim": [
            {
                "claim_id": "r1",
                "claim_line_number": 1,
                "contract_id": "aco",
                "person_id": "1",
                "dispensing_date": "2026-02-07",
                "ndc_code": "1",
                "quantity": 30,
                "paid_date": "2026-02-07",
                "paid_amount": 12.5,
                "allowed_amount": 12.5,
            }
        ],
    }


def institutional(
    claim: str,
    line: int,
    person: str,
    bill: str,
    start: str,
    *,
    revenue: str,
    paid: float,
    dx: str,
    end: str | None = None,
    drg: str | None = None,
    hour: int | None = None,
    paid_on: str | None = None,
    contract: str = "aco",
    facility: str = "f1",
    disposition: str = "01",
    hcpcs: str | None = None,
) -> dict[str, Any]:
    """A line of a facility's claim, paid on the day of service unless said otherwise."""
    inpatient = bill.startswith("11")
    return {
        "claim_id": claim,
        "claim_line_number": line,
        "claim_type": "institutional",
        "person_id": person,
        "contract_id": contract,
        "claim_start_date": start,
        "claim_end_date": end or start,
        "bill_type_code": bill,
        "admission_date": start if inpatient else None,
        "discharge_date": end if inpatient else None,
        "discharge_disposition_code": disposition,
        "drg_code": drg,
        "hcpcs_code": hcpcs,
        "revenue_center_code": revenue,
        "facility_npi": facility,
        "diagnosis_code_1": dx,
        "paid_amount": paid,
        "allowed_amount": paid,
        "admission_hour": hour,
        "paid_date": paid_on or start,
    }


def professional(
    claim: str,
    person: str,
    on: str,
    hcpcs: str,
    place: str,
    *,
    paid: float,
    paid_on: str | None = None,
    contract: str = "aco",
) -> dict[str, Any]:
    """A claim of one line by doctor p1, paid on the day of service unless said otherwise."""
    return {
        "claim_id": claim,
        "claim_line_number": 1,
        "claim_type": "professional",
        "person_id": person,
        "contract_id": contract,
        "claim_start_date": on,
        "claim_end_date": on,
        "hcpcs_code": hcpcs,
        "place_of_service_code": place,
        "rendering_npi": "p1",
        "billing_npi": "p1",
        "diagnosis_code_1": "J069",
        "paid_amount": paid,
        "allowed_amount": paid,
        "paid_date": paid_on or on,
    }


@contextmanager
def attached(database: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection of its own to a file, read-only."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{database}' as work (read_only)")
        connection.execute("use work")
        yield connection


@pytest.fixture(scope="session")
def small_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small feed transformed: a work database with raw, core and mart."""
    path = tmp_path_factory.mktemp("models") / "small.duckdb"
    write_raw(path, small_feed())
    transform(path, memory_limit="1GB", threads=1)
    return path


@pytest.fixture(scope="session")
def small(small_warehouse: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The small warehouse, to read."""
    with attached(small_warehouse) as connection:
        yield connection


@pytest.fixture(scope="session")
def tuva(tuva_warehouse: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published snapshot of the real Tuva files, to read."""
    snapshot = (tuva_warehouse / "CURRENT").read_text().strip()
    with attached(tuva_warehouse / f"{snapshot}.duckdb") as connection:
        yield connection


@pytest.fixture(scope="session")
def run_model() -> Callable[..., list[dict[str, Any]]]:
    """Run one model in memory, on rows given by table, and on the seeds: no other model, no audit.

    `types` gives a column's DuckDB type where the rows do not show it (all of its values are null).
    """
    found = statements()
    queries = {model.name: model.query.replace(f"{SNAPSHOT}.", "") for model in found.models}
    declared = {
        table["name"]: table["columns"]
        for table in yaml.safe_load((MODELS / "external_models.yaml").read_text())
    }

    def run(
        name: str,
        given: dict[str, list[dict[str, Any]]],
        types: dict[str, dict[str, str]] | None = None,
    ) -> list[dict[str, Any]]:
        with duckdb.connect(":memory:") as connection:
            for schema in ("raw", "staging", "core", "mart"):
                connection.execute(f"create schema {schema}")
            _load_reference(connection, found)
            for table, rows in given.items():
                kinds = (types or {}).get(table, {})
                if table in declared:
                    connection.execute(
                        f"create table {table} ("
                        + ", ".join(f'"{column}" {kind}' for column, kind in declared[table].items())
                        + ")"
                    )
                if rows:
                    table_given = pa.Table.from_pylist(rows)
                    connection.register("given", table_given)
                    # A column without a value is text, unless its type is given.
                    unseen = {
                        field.name: "varchar" for field in table_given.schema if pa.types.is_null(field.type)
                    }
                    columns = ", ".join(
                        f'cast("{column}" as {kind}) as "{column}"'
                        for column, kind in (unseen | kinds).items()
                    )
                    star = f"* replace ({columns})" if columns else "*"
                    verb = f"insert into {table} by name" if table in declared else f"create table {table} as"
                    connection.execute(f"{verb} select {star} from given")
                    connection.unregister("given")
            return connection.execute(queries[name]).fetch_arrow_table().to_pylist()

    return run
