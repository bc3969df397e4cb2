"""One population sent in four formats builds into the same marts, row for row, where the formats carry the same
facts.

The same people's rows go to four payers that differ in nothing but their files, under one contract each; one
build reads them all. What CCLF does not carry (what Part D plans paid, claims of suppliers with their diagnoses)
is not compared for it.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pytest
import yaml
from rich.console import Console

from data.build import build
from data.demo import network, people, population
from data.demo.formats import WRITERS, Payer, PayerWriter
from data.demo.formats.cclf import CclfWriter
from data.demo.formats.deliveries import Calendar, received_on
from data.demo.organisation import crosswalk_table
from data.demo.settings import ACO, load_settings

MEMBERS, SEED, THROUGH = 350, 5, date(2026, 10, 31)
FORMATS = ("cms_cclf", "header_detail", "flat", "tuva_parquet")
OTHERS = FORMATS[:-1]
HISTORY = "month >= date '2023-11-01'"

Rows = Callable[[str], dict[str, list[tuple[Any, ...]]]]


def write(folder: Path) -> None:
    """The ACO's people in every format, and the index that says whose each member number is."""
    settings = load_settings()
    months = people.Months.ending(np.datetime64(THROUGH), settings.history_months)
    places = network.build_network(settings, MEMBERS, population.generator(SEED, "network", 0))
    tables = population.chunk(settings, MEMBERS, SEED, months, places, 0).tables[ACO]
    calendar = Calendar.ending(THROUGH, settings.history_months)
    index = []
    for number, name in enumerate(FORMATS):
        payer = Payer(name, folder / name, calendar, received_on(calendar, number))
        writer = CclfWriter(payer, declines=0) if name == "cms_cclf" else WRITERS[name](payer)
        for table in ("eligibility", "medical_claim", "pharmacy_claim"):
            writer.write(table, of_one(tables[table], name) if name == "tuva_parquet" else tables[table])
        writer.close()
        describe(writer, name)
        index += [(name, of_one(pairs, name)) for pairs in writer.members]
    folder = folder / "organization"
    folder.mkdir()
    pacsv.write_csv(crosswalk_table(index), folder / "person_crosswalk.csv")
    (folder / "source.yaml").write_text("name: organization\nformat: organization\n")


def of_one(table: pa.Table, name: str) -> pa.Table:
    """The people of one payer: the same numbers, other persons."""
    ids = pa.array([f"{name}:{person}" for person in table["person_id"].to_pylist()], pa.string())
    return table.set_column(table.column_names.index("person_id"), "person_id", ids)


def describe(writer: PayerWriter, name: str) -> None:
    keys = writer.declare()
    expected = keys.pop("expected")
    content = {
        "name": name,
        "contracts": [{"contract_id": name, "contract_name": name, "line_of_business": "medicare"}],
        "markets": [{"market_id": "harbor", "market_name": "Harbor"}],
        "contract_rules": [{"when": {}, "contract_id": name}],
        "market_rules": [{"when": {}, "market_id": "harbor"}],
        "delivery": {"month": r"^(?P<year>\d{4})-(?P<month>\d{2})/", "expected": expected},
        **keys,
    }
    (writer.payer.folder / "source.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    mapping = writer.mapping()
    if mapping:
        (writer.payer.folder / "mapping.yaml").write_text(yaml.safe_dump(mapping, sort_keys=False))


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("equivalence")
    write(place / "feeds")
    build(place / "feeds", place / "warehouse", console=Console(file=io.StringIO()))
    return place / "warehouse"


@pytest.fixture(scope="module")
def rows(warehouse: Path) -> Iterator[Rows]:
    """Asks for rows of one mart by format; person ids are those of the population."""
    connection = duckdb.connect()
    snapshot = (warehouse / "CURRENT").read_text().strip()
    connection.execute(f"attach '{warehouse / snapshot}.duckdb' as snapshot (read_only)")
    connection.execute("use snapshot")

    def ask(sql: str) -> dict[str, list[tuple[Any, ...]]]:
        return {
            name: connection.execute(
                f"with answer as ({sql}) select * exclude (contract_id) replace "
                "(regexp_extract(person_id, 'P[0-9]+') as person_id) from answer where contract_id = ? order by all",
                [name],
            ).fetchall()
            for name in FORMATS
        }

    yield ask
    connection.close()


def assert_same(found: dict[str, list[tuple[Any, ...]]], formats: tuple[str, ...] = OTHERS) -> None:
    wanted = found["tuva_parquet"]
    assert wanted, "the Tuva feed has no such row"
    for name in formats:
        missing = sorted(set(wanted) - set(found[name]), key=str)
        extra = sorted(set(found[name]) - set(wanted), key=str)
        assert not missing and not extra, (
            f"{name}: {len(missing)} rows missing, {len(extra)} too many of {len(wanted)}; "
            f"missing {missing[:3]}, too many {extra[:3]}"
        )
        assert len(found[name]) == len(wanted)


def test_every_format_gives_the_same_member_months(rows: Rows) -> None:
    assert_same(rows(f"select contract_id, person_id, month from mart.member_month where {HISTORY}"))


def test_every_format_gives_the_same_ed_visits(rows: Rows) -> None:
    assert_same(
        rows(
            """
            select contract_id, person_id, visit_date, facility_npi, disposition, primary_diagnosis,
                   round(paid, 2) as paid, round(allowed, 2) as allowed, followed_up_7d
            from mart.ed_visit
            """
        )
    )


def test_every_format_gives_the_same_stays(rows: Rows) -> None:
    assert_same(
        rows(
            """
            select contract_id, person_id, admit_date, discharge_date, facility_npi, drg,
                   round(paid, 2) as paid, round(allowed, 2) as allowed
            from mart.inpatient_stay
            """
        )
    )


def test_every_format_gives_the_same_spend_by_person_month_and_category(rows: Rows) -> None:
    spend = """
        select {}, round(sum(paid), 2) as paid, round(sum(allowed), 2) as allowed
        from mart.spend_month where {} group by all
        having round(sum(paid), 2) <> 0 or round(sum(allowed), 2) <> 0
    """
    category = "contract_id, person_id, month, service_category_1, service_category_2"
    # Cancelled claims sum to nothing in one format, and are netted before loading in the other.
    others = tuple(name for name in OTHERS if name != "cms_cclf")
    assert_same(rows(spend.format(category, "service_category_1 <> 'pharmacy'")), others)
    assert_same(rows(spend.format(category, "service_category_1 = 'pharmacy'")), ("header_detail", "flat"))
    # CCLF tells what the member owes of a hospital's claim, not of which line: by category, paid alone is the same.
    paid = f"select {category}, round(sum(paid), 2) from mart.spend_month where {{}} group by all having {{}}"
    medical = "service_category_1 <> 'pharmacy'"
    assert_same(rows(paid.format(medical, "round(sum(paid), 2) <> 0")), ("cms_cclf",))
    assert_same(rows(spend.format("contract_id, person_id, month", medical)), ("cms_cclf",))


def test_every_format_gives_the_same_fills(rows: Rows) -> None:
    assert_same(
        rows(
            """
            select contract_id, person_id, dispensing_date, ndc_code, days_supply, quantity, refills
            from core.pharmacy_claim
            """
        )
    )
