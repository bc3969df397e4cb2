"""A dry run tells everything at once and writes nothing; a proposed mapping says what it is sure of."""

from __future__ import annotations

import io

import pytest
import yaml
from openpyxl import Workbook
from rich.console import Console

from data import check as check_module
from data.__main__ import main
from data.check import check, likely_date_format
from data.sources.mapped.propose import is_npi, look_at, propose, words_of


def test_a_dry_run_reports_every_problem_and_writes_nothing(write_feed, claim, member, tmp_path, capfd):
    lacking = claim()
    del lacking["revenue_center_code"]
    write_feed({"medical_claim.csv": [lacking], "eligibility.csv": b""}, name="one")
    bad = [claim(claim_start_date="31.03.2025"), claim(claim_id="c2", person_id="99"), claim(claim_id="c3")]
    feeds = write_feed({"medical_claim.csv": bad, "lab_result.csv": b"lab_result_id,person_id\n"}, name="two")
    before = sorted(path for path in tmp_path.rglob("*"))
    assert main(["build", "--check", "--from", str(feeds), "--to", str(tmp_path / "warehouse")]) == 1
    assert sorted(path for path in tmp_path.rglob("*")) == before
    said = capfd.readouterr().err
    for words in (
        "one: ",
        "revenue_center_code missing",
        "eligibility.csv: is empty (0 bytes)",
        "bad or missing date, column claim_start_date, first in medical_claim.csv row 1: '31.03.2025'",
        "'31.03.2025' reads like %d.%m.%Y",
        "1 of 2 rows are of no enrolled member",
        "lab_result.csv: no rows",
        "2 things to put right",
    ):
        assert words in said, words


def test_a_feed_that_would_build_ends_with_0(write_feed, capfd):
    assert main(["check", str(write_feed() / "payer")]) == 0
    assert "would build" in capfd.readouterr().err


def test_a_feed_alone_may_speak_of_contracts_that_another_declares(write_feed):
    feeds = write_feed(contract_rules=[{"when": {}, "contract_id": "elsewhere"}])
    assert check(feeds / "payer").would_build


def test_a_mistake_in_source_yaml_is_among_the_problems(write_feed):
    feeds = write_feed(options={"delimiters": "|"})
    findings = check(feeds)
    assert not findings.would_build
    assert any("options.delimiters" in line and "line" in line for line in findings.problems)
    out = io.StringIO()
    check_module.report(Console(file=out, width=200), feeds, findings)
    assert "1 thing to put right" in out.getvalue()


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("2025-03-31", "%Y-%m-%d"),
        ("20250331", "%Y%m%d"),
        ("03/31/2025", "%m/%d/%Y"),
        ("31/03/2025", "%d/%m/%Y"),
        ("31.03.2025", "%d.%m.%Y"),
        ("31-MAR-2025", "%d-%b-%Y"),
        ("99/99/2025", None),
        ("soon", None),
    ],
)
def test_a_date_is_recognised_by_its_shape(text, form):
    assert likely_date_format(text) == form


def test_an_npi_has_its_check_digit():
    # 45 CFR 162.406: 1234567893 is the example of the NPI standard.
    assert is_npi("1234567893")
    assert not is_npi("1234567890")
    assert not is_npi("3234567893")


def test_column_names_are_read_as_words():
    assert words_of("CLM_FROM_DT") == {"claim", "start", "date"}
    assert words_of("MemberBirthDate") == {"member", "birth", "date"}
    assert words_of("Type of Bill") == {"type", "bill"}


@pytest.mark.parametrize(
    ("content", "delimiter", "skip", "named"),
    [
        (b"A;B;C\n1;2,5;x\n2;3,5;y\n", ";", 0, ("A", "B", "C")),
        (b"Claims of June 2025\n\nA\tB\n1\t2\n3\t4\n", "\t", 1, ("A", "B")),
        (b"1|2025-01-01|5.00\n2|2025-01-02|6.00\n", "|", 0, ("COLUMN_1", "COLUMN_2", "COLUMN_3")),
        ("A,Größe\n1,ä\n".encode("latin-1"), ",", 0, ("A", "Größe")),
    ],
)
def test_how_a_file_is_written_is_found_out(tmp_path, content, delimiter, skip, named):
    path = tmp_path / "file.txt"
    path.write_bytes(content)
    sheet = look_at(path)
    assert (sheet.written.delimiter, sheet.names) == (delimiter, named)
    assert bool(sheet.written.skip_rows) == bool(skip)


def test_what_could_not_be_placed_is_shown_and_what_is_missing_marked(tmp_path):
    book = Workbook()
    book.active.append(["Subscriber", "DOB", "Sex", "Eff Date", "Shoe size"])
    book.active.append(["A1", "1950-02-03", "F", "2025-01-01", 43])
    book.active.append(["A2", "1951-02-03", "M", "2025-01-01", 39])
    book.save(tmp_path / "roster_2025.xlsx")
    proposal = propose([tmp_path / "roster_2025.xlsx"])
    [draft] = proposal.drafts
    assert (draft.table, draft.unplaced, draft.missing) == (
        "eligibility",
        ["Shoe size"],
        ["enrollment_end_date"],
    )
    assert "not placed: Shoe size (2 different values; such as 43, 39)" in proposal.yaml
    mapping = yaml.safe_load(proposal.yaml)
    assert mapping["inputs"] == {"members": {"files": "*roster_*.xlsx"}}
    [block] = mapping["tables"]["eligibility"]
    assert block["columns"] == {
        "person_id": "Subscriber",
        "gender": "Sex",
        "birth_date": "DOB",
        "enrollment_start_date": "Eff Date",
        "enrollment_end_date": {"value": None},
    }


def test_a_proposal_does_not_write_over_a_mapping(tmp_path, capfd):
    (tmp_path / "claims.csv").write_text("CLAIM,PAID\n1,2.00\n2,3.00\n")
    (tmp_path / "mapping.yaml").write_text("mine")
    arguments = ["map", str(tmp_path / "claims.csv"), "--to", str(tmp_path / "mapping.yaml")]
    assert main(arguments) == 1
    assert "already there" in capfd.readouterr().err
    assert (tmp_path / "mapping.yaml").read_text() == "mine"


@pytest.mark.parametrize("content", [b"", b"one column\nof text\n", b"PK\x03\x04\0\0\0"])
def test_a_file_that_is_no_table_is_refused_by_name(tmp_path, content, capfd):
    path = tmp_path / "claims.csv"
    path.write_bytes(content)
    assert main(["map", str(path)]) == 1
    assert "claims.csv" in capfd.readouterr().err
