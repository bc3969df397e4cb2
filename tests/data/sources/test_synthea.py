"""A Synthea export builds, and what the snapshot counts is what the files hold."""

from __future__ import annotations

import csv
import datetime
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
import yaml

from data.build import load_raw
from data.sources.synthea_csv import SNOMED_ICD10
from data.transform import transform

SOURCE = {
    "name": "synthea",
    "format": "synthea_csv",
    "person_ids": "own",
    "contracts": [{"contract_id": "everyone", "contract_name": "Everyone"}],
    "contract_rules": [{"when": {}, "contract_id": "everyone"}],
}


def write_source(folder: Path, files: Path) -> Path:
    (folder / "synthea").mkdir(parents=True)
    (folder / "synthea" / "source.yaml").write_text(yaml.safe_dump(SOURCE | {"files_from": str(files)}))
    return folder


@pytest.fixture(scope="module")
def export(shared) -> Path:
    return shared / "data" / "synthea_csv"


@pytest.fixture(scope="module")
def built(export, tmp_path_factory) -> Iterator[duckdb.DuckDBPyConnection]:
    """The export loaded and transformed, once."""
    place = tmp_path_factory.mktemp("synthea")
    work = place / "work" / "work.duckdb"
    load_raw(write_source(place / "feeds", export), work, today=datetime.date(2026, 6, 1), threads=2)
    transform(work, threads=2)
    with duckdb.connect() as connection:
        connection.execute(f"attach '{work}' as work (read_only)")
        connection.execute("use work")
        yield connection


def of_file(export: Path, name: str) -> list[dict[str, str]]:
    with (export / f"{name}.csv").open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_members_encounters_visits_and_stays_are_those_of_the_files(built, export):
    encounters = of_file(export, "encounters")
    classes = [row["ENCOUNTERCLASS"] for row in encounters]
    assert (len(of_file(export, "patients")), len(encounters)) == (27, 604)
    assert (classes.count("emergency"), classes.count("inpatient")) == (17, 11)
    counts = built.execute(
        """
        select
            (select count(*) from mart.member),
            (select count(distinct claim_id) from core.medical_claim),
            (select count(*) from mart.ed_visit),
            (select count(*) from mart.inpatient_stay)
        """
    ).fetchone()
    assert counts == (27, 604, 17, 11)


def test_the_one_emergency_visit_that_led_to_a_stay_is_admitted(built, export):
    # No two emergency encounters of a person touch, so that none merge; one is followed by a stay the same day.
    visits = [row for row in of_file(export, "encounters") if row["ENCOUNTERCLASS"] == "emergency"]
    stays = {
        (row["PATIENT"], row["START"][:10])
        for row in of_file(export, "encounters")
        if row["ENCOUNTERCLASS"] == "inpatient"
    }
    followed = [row for row in visits if (row["PATIENT"], row["START"][:10]) in stays]
    assert len(followed) == 1
    found = built.execute(
        "select person_id, visit_date::varchar from mart.ed_visit where disposition = 'admitted'"
    ).fetchall()
    assert found == [(f"synthea:{followed[0]['PATIENT']}", followed[0]["START"][:10])]


def test_the_money_is_that_of_the_encounters(built, export):
    encounters = of_file(export, "encounters")
    [(paid, allowed)] = built.execute(
        "select sum(paid_amount), sum(allowed_amount) from core.medical_claim"
    ).fetchall()
    assert paid == sum(Decimal(row["PAYER_COVERAGE"]) for row in encounters)
    assert allowed == sum(Decimal(row["TOTAL_CLAIM_COST"]) for row in encounters)


def test_enrolment_is_the_time_with_insurance(built, export):
    [none] = [row["Id"] for row in of_file(export, "payers") if row["NAME"] == "NO_INSURANCE"]
    insured = [row for row in of_file(export, "payer_transitions") if row["PAYER"] != none]
    assert built.execute("select count(*) from raw.eligibility").fetchone() == (len(insured),)
    assert built.execute("select count(*) from raw.eligibility where payer is null").fetchone() == (0,)


def test_every_row_of_every_file_is_accounted_for(built, export):
    rows = built.execute(
        """
        select distinct on (file_name) file_name, rows_in from raw.feed_file
        where input_table <> 'unmapped_code' order by file_name
        """
    ).fetchall()
    assert dict(rows) == {path.name: len(of_file(export, path.stem)) for path in export.glob("*.csv")}
    assert built.execute("select count(*) from raw.quarantine").fetchone() == (0,)


def test_conditions_keep_their_snomed_code_and_the_unmapped_are_counted(built, export):
    with SNOMED_ICD10.open(newline="") as stream:
        mapping = {row["snomed_code"]: row["icd10_code"].replace(".", "") for row in csv.DictReader(stream)}
    conditions = of_file(export, "conditions")
    expected = sorted((row["CODE"], mapping.get(row["CODE"])) for row in conditions)
    found = built.execute(
        "select code, icd10_code from raw.condition where code_type = 'snomed-ct'"
    ).fetchall()
    assert sorted(found, key=lambda row: (row[0], row[1] or "")) == sorted(
        expected, key=lambda row: (row[0], row[1] or "")
    )
    unmapped = [row["CODE"] for row in conditions if row["CODE"] not in mapping]
    assert built.execute(
        "select count(*), sum(rows) from raw.unmapped_code where use = 'condition'"
    ).fetchone() == (
        len(set(unmapped)),
        len(unmapped),
    )
    # Without a mapping are findings about a life (work, schooling, contacts), not diseases.
    words = {row["DESCRIPTION"] for row in conditions if row["CODE"] in unmapped}
    assert all("finding" in text for text in words), words


def test_an_encounter_without_bills_still_counts(tmp_path, load):
    """Claims and their transactions can be left out of an export; the encounter alone says what it was."""
    files = {
        "patients": "Id,BIRTHDATE,DEATHDATE,GENDER,RACE,ETHNICITY,FIRST,LAST,ADDRESS,CITY,STATE,ZIP\n"
        "p,1950-01-01,,F,white,nonhispanic,A,B,1 St,Boston,MA,02134\n",
        "payers": "Id,NAME\ny,Medicare\n",
        "payer_transitions": "PATIENT,MEMBERID,START_YEAR,END_YEAR,PAYER\np,m,2020,2024,y\n",
        "conditions": "START,STOP,PATIENT,ENCOUNTER,CODE,DESCRIPTION\n2023-01-01,,p,e,22298006,Infarction\n",
        "encounters": "Id,START,STOP,PATIENT,ORGANIZATION,PROVIDER,PAYER,ENCOUNTERCLASS,CODE,DESCRIPTION,"
        "TOTAL_CLAIM_COST,PAYER_COVERAGE,REASONCODE,REASONDESCRIPTION\n"
        "e,2023-01-01T22:30:00Z,2023-01-02T01:00:00Z,p,o,d,y,emergency,50849002,ED,129.16,65.70,22298006,MI\n"
        "f,2023-02-01T10:30:00Z,2023-02-01T11:00:00Z,p,o,d,y,barbershop,1,Cut,10,0,,\n",
    }
    (tmp_path / "export").mkdir()
    for name, text in files.items():
        (tmp_path / "export" / f"{name}.csv").write_text(text)
    loaded = load(write_source(tmp_path / "feeds", tmp_path / "export"))
    assert loaded.rows(
        "select claim_id, claim_type, bill_type_code, revenue_center_code, admission_hour, diagnosis_code_1, "
        "paid_amount, claim_end_date::varchar from raw.medical_claim order by 1"
    ) == [
        ("e", "institutional", "131", "0450", 22, "I219", Decimal("65.70"), "2023-01-02"),
        ("f", "undetermined", None, None, None, None, Decimal("0.00"), "2023-02-01"),
    ]
    # Older exports give years, of which the last is enrolled to its end.
    assert loaded.rows(
        "select enrollment_start_date::varchar, enrollment_end_date::varchar from raw.eligibility"
    ) == [("2020-01-01", "2024-12-31")]
