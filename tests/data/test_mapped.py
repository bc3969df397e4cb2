"""A payer's own files become raw tables by a mapping, and everything in them is accounted for."""

from __future__ import annotations

import datetime
import io
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from openpyxl import Workbook

from data.feeds import find_feeds
from data.sources.mapped import schema

SOURCE: dict[str, Any] = {
    "name": "acme",
    "format": "mapped",
    "person_ids": "own",
    "contracts": [{"contract_id": "mcd", "contract_name": "Medicaid"}],
    "markets": [{"market_id": "harbor", "market_name": "Harbor"}],
    "contract_rules": [{"when": {"LOB": "MCD"}, "contract_id": "mcd"}],
    "market_rules": [{"when": {"zip_code": "021*"}, "market_id": "harbor"}],
}

MAPPING = """
inputs:
  claim_header: {files: "*hdr_*.txt", delimiter: "|"}
  claim_detail: {files: "*dtl_*.txt", delimiter: "|"}
  member: {files: "*mbr_*.txt", delimiter: "|"}
tables:
  eligibility:
    from: member
    void: {ACTION: [D]}
    columns:
      person_id: {combine: [MBR_ID, SUFFIX], with: "-"}
      gender: {column: SEX, codes: {"1": male, "2": female}}
      birth_date: {column: DOB, date: "%m/%d/%Y"}
      enrollment_start_date: {column: EFF, date: "%m/%d/%Y"}
      enrollment_end_date: {column: TERM, date: "%m/%d/%Y", default: "2099-12-31"}
      zip_code: {column: ZIP, pad: 5}
      plan: {value: Standard}
  medical_claim:
    from: claim_detail
    join: {claim_header: {on: {CLM_NO: CLM_NO}}}
    where: {STATUS: {not: [DENIED]}}
    columns:
      claim_id: CLM_NO
      claim_line_number: LINE
      claim_type: {column: claim_header.CLM_TYP, codes: {U: institutional, P: professional}}
      person_id: {combine: [claim_header.MBR_ID, claim_header.SUFFIX], with: "-"}
      claim_start_date: {column: claim_header.FROM_DT, date: "%m/%d/%Y"}
      claim_end_date: {first: [claim_header.THRU_DT, claim_header.FROM_DT], date: "%m/%d/%Y"}
      paid_amount: {column: PAID_CENTS, divide: 100}
      charge_amount: {column: BILLED, remove: "$."}
      diagnosis_code_1..25: {split: claim_header.DX_LIST, on: ","}
      place_of_service_code: {column: POS, default: "11"}
      bill_type_code: {column: TOB, take: [1, 3]}
      revenue_center_code: REV
      hcpcs_code: HCPCS
      facility_npi: claim_header.NPI
"""

MEMBER = "MBR_ID|SUFFIX|SEX|DOB|EFF|TERM|ZIP|LOB|ACTION\n"
HEADER = "CLM_NO|CLM_TYP|MBR_ID|SUFFIX|FROM_DT|THRU_DT|DX_LIST|NPI\n"
DETAIL = "CLM_NO|LINE|PAID_CENTS|BILLED|POS|TOB|REV|HCPCS|STATUS|LOB\n"

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes the feed `acme`: its mapping (changed by replacements), and files by name; returns the folder."""

    def run(files: dict[str, str | bytes], *changes: tuple[str, str], **source: Any) -> Path:
        folder = tmp_path / "feeds" / "acme"
        text = MAPPING
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "source.yaml").write_text(yaml.safe_dump(SOURCE | source, sort_keys=False))
        (folder / "mapping.yaml").write_text(text)
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return folder.parent

    return run


GOOD = {
    "mbr_1.txt": MEMBER + "7|01|1|02/03/1950|01/01/2025||2134|MCD|A\n",
    "hdr_1.txt": HEADER + "A|U|7|01|01/05/2025|01/06/2025|e11.9, I10|1999999984\nB|P|7|01|01/07/2025||Z00|\n",
    "dtl_1.txt": DETAIL
    + "A|1|12345|$200.50||0131|450|99283|PAID|MCD\nA|2|-5|||0131|450|99283|PAID|MCD\n"
    + "B|1|500||22|||99213|PAID|COM\nB|2|1||22|||99213|DENIED|COM\n",
}


def counts(loaded: Any) -> dict[tuple[str, str], tuple[int, int, int, int]]:
    rows = loaded.rows(
        "select file_name, input_table, rows_in, rows_loaded, rows_quarantined, rows_filtered from raw.feed_file"
    )
    for name, _, rows_in, loaded_rows, aside, filtered in rows:
        assert rows_in == loaded_rows + aside + filtered, name
    return {(name, table): tuple(numbers) for name, table, *numbers in rows}


def problems(load: Callable[..., Any], feeds: Path) -> str:
    with pytest.raises(ExceptionGroup) as caught:
        load(feeds)
    return "\n".join(str(error) for error in caught.value.exceptions)


def test_header_and_detail_files_become_claim_lines(write, load):
    loaded = load(write(GOOD))
    assert loaded.reasons() == []
    assert loaded.rows(
        "select claim_id, claim_line_number, claim_type, person_id, claim_start_date, claim_end_date, paid_amount, "
        "charge_amount, place_of_service_code, bill_type_code, revenue_center_code, diagnosis_code_1, "
        "diagnosis_code_2, diagnosis_code_3, contract_id from raw.medical_claim order by 1, 2"
    ) == [
        (
            *("A", 1, "institutional", "acme:7-01", datetime.date(2025, 1, 5), datetime.date(2025, 1, 6)),
            *(Decimal("123.45"), Decimal("20050.00"), "11", "013", "0450", "E119", "I10", None, "mcd"),
        ),
        (
            *("A", 2, "institutional", "acme:7-01", datetime.date(2025, 1, 5), datetime.date(2025, 1, 6)),
            *(Decimal("-0.05"), None, "11", "013", "0450", "E119", "I10", None, "mcd"),
        ),
        (
            *("B", 1, "professional", "acme:7-01", datetime.date(2025, 1, 7), datetime.date(2025, 1, 7)),
            *(Decimal("5.00"), None, "22", None, None, "Z00", None, None, "unassigned"),
        ),
    ]
    assert loaded.rows(
        "select person_id, sex, birth_date, enrollment_end_date, zip_code, plan, market_id, contract_id "
        "from raw.eligibility"
    ) == [
        (
            *("acme:7-01", "male", datetime.date(1950, 2, 3), datetime.date(2099, 12, 31)),
            *("02134", "Standard", "harbor", "mcd"),
        )
    ]
    assert counts(loaded) == {
        ("mbr_1.txt", "eligibility"): (1, 1, 0, 0),
        ("dtl_1.txt", "medical_claim"): (4, 3, 0, 1),
        ("hdr_1.txt", "claim_header"): (2, 2, 0, 0),
    }


def test_what_has_no_partner_is_set_aside_on_either_side(write, load):
    files = GOOD | {
        "hdr_2.txt": HEADER + "C|P|7|01|01/07/2025||Z00|\nB|P|7|01|02/07/2025||Z01|\n",
        "dtl_2.txt": DETAIL + "Z|1|100||||||PAID|MCD\nB|3|100||||||PAID|MCD\n",
    }
    loaded = load(write(files))
    assert loaded.rows(
        "select file_name, input_table, row_number, column_name, reason from raw.quarantine order by all"
    ) == [
        ("dtl_2.txt", "medical_claim", 1, "CLM_NO", "orphan line"),
        ("hdr_2.txt", "claim_header", 1, "CLM_NO", "header without lines"),
        ("hdr_2.txt", "claim_header", 2, "CLM_NO", "duplicate key"),
    ]
    # The first header of claim B is the one that counts, also for the line that came with the second.
    assert loaded.rows("select distinct claim_start_date from raw.medical_claim where claim_id = 'B'") == [
        (datetime.date(2025, 1, 7),)
    ]
    counts(loaded)


def test_a_row_set_aside_names_the_payers_column_and_shows_the_payers_row(write, load):
    files = GOOD | {
        "hdr_2.txt": HEADER + "C|X|7|01|01/07/2025||Z00|\nD|P|7|01|07.01.2025||Z00|\n",
        "dtl_2.txt": DETAIL + "C|1|100||||||PAID|MCD\nD|1|100||||||PAID|MCD\nA|9|12.O0||||||PAID|MCD\n",
    }
    loaded = load(write(files))
    assert loaded.reasons() == [
        (1, "claim_header.CLM_TYP", "unknown code"),
        (2, "claim_header.FROM_DT", "bad or missing date"),
        (3, "PAID_CENTS", "bad amount"),
    ]
    [(row,)] = loaded.rows("select row_json from raw.quarantine where row_number = 3")
    written = json.loads(row)
    assert written["PAID_CENTS"] == "12.O0"
    assert written["claim_header.DX_LIST"] == "e11.9, I10"
    counts(loaded)


def test_an_unknown_code_can_be_kept_or_replaced(write, load):
    def sex(rule: str) -> list[tuple[Any, ...]]:
        member = MEMBER + "7||3|02/03/1950|01/01/2025||2134|MCD|A\n"
        change = ('codes: {"1": male, "2": female}', f'codes: {{"1": male, "2": female}}, {rule}')
        loaded = load(write(GOOD | {"mbr_1.txt": member}, change))
        assert loaded.reasons() == []
        return loaded.rows("select sex, person_id from raw.eligibility")

    assert sex("otherwise: female") == [("female", "acme:7")]
    assert sex("otherwise: keep") == [("unknown", "acme:7")]
    assert sex("otherwise: null") == [("unknown", "acme:7")]


def workbook(*rows: list[Any], sheet: str = "Members") -> bytes:
    book = Workbook()
    book.active.title = "About this file"
    page = book.create_sheet(sheet)
    for row in rows:
        page.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


MEMBERS_AS_WORKBOOK = (
    'member: {files: "*mbr_*.txt", delimiter: "|"}',
    'member: {files: "*.xlsx", sheet: Members, skip_rows: 1}',
)
COLUMNS = ["MBR_ID", "SUFFIX", "SEX", "DOB", "EFF", "TERM", "ZIP", "LOB", "ACTION"]


def test_a_sheet_of_a_workbook_reads_like_a_text_file(write, load):
    book = workbook(
        ["Acme Health, roster of June"],
        COLUMNS,
        [7, None, 1, datetime.datetime(1950, 2, 3), "01/01/2025", datetime.date(2025, 12, 31), 2134, "MCD"],
        [],
        [8, None, 2, "31.12.1950", "01/01/2025", None, 2134, "MCD"],
        [9, None, 2, "12/31/1950", "01/01/2025", None, 2134, "MCD", "A", "one too many"],
    )
    loaded = load(write({**GOOD, "mbr_1.txt": "not read", "roster.xlsx": book}, MEMBERS_AS_WORKBOOK))
    assert loaded.rows(
        "select row_number, person_id, birth_date, enrollment_start_date, enrollment_end_date, zip_code "
        "from raw.eligibility"
    ) == [
        (
            *(1, "acme:7", datetime.date(1950, 2, 3), datetime.date(2025, 1, 1)),
            *(datetime.date(2025, 12, 31), "02134"),
        )
    ]
    assert loaded.rows(
        "select file_name, row_number, column_name, reason from raw.quarantine order by row_number"
    ) == [
        ("roster.xlsx[Members]", 3, "DOB", "bad or missing date"),
        ("roster.xlsx[Members]", 4, "ACTION", "wrong number of fields"),
    ]
    counts(loaded)


def test_a_sheet_that_is_not_there_is_named(write, load):
    book = workbook(["x"], COLUMNS, sheet="Member list")
    message = problems(load, write({**GOOD, "roster.xlsx": book}, MEMBERS_AS_WORKBOOK))
    assert "roster.xlsx: has no sheet 'Members'" in message
    assert "Member list" in message


def test_lists_of_rows_and_looked_up_values_complete_a_claim(write, load):
    claims = """
  diagnosis: {files: "dx.csv"}
  facility: {files: "facilities_*.csv"}
tables:
"""
    joins = """join:
      claim_header: {on: {CLM_NO: CLM_NO}}
      diagnosis: {on: {CLM_NO: CLM}, many: true, order_by: SEQ}
      facility: {on: {POS: CODE}, required: false}
    where"""
    files = GOOD | {
        "dx.csv": "CLM,SEQ,DX\nA,10,Z1\nA,2,Z2\nB,1,Z3\nnobody,1,Z4\n",
        "facilities_1.csv": "CODE,NPI\n22,old\n33,unused\n",
        "facilities_2.csv": "CODE,NPI\n22,new\n",
    }
    loaded = load(
        write(
            files,
            ("\ntables:\n", claims),
            ("join: {claim_header: {on: {CLM_NO: CLM_NO}}}\n    where", joins),
            ('{split: claim_header.DX_LIST, on: ","}', "{items: diagnosis.DX}"),
            ("facility_npi: claim_header.NPI", "facility_npi: facility.NPI"),
        )
    )
    assert loaded.rows(
        "select claim_id, diagnosis_code_1, diagnosis_code_2, facility_npi from raw.medical_claim "
        "where claim_line_number = 1 order by 1"
    ) == [("A", "Z2", "Z1", None), ("B", "Z3", None, "new")]
    assert loaded.rows(
        "select file_name, row_number, reason from raw.quarantine where input_table <> 'claim_header'"
    ) == [("dx.csv", 4, "header without lines")]
    assert counts(loaded)[("facilities_1.csv", "facility")] == (2, 2, 0, 0)


def test_several_kinds_of_file_may_fill_one_table_and_lines_be_numbered(write, load):
    second = """  pharmacy: {files: rx.csv}
  pharmacy_mail: {files: mail.csv, header: false, columns: [RX, WHO, DAY, DRUG, COST]}
tables:
  pharmacy_claim:
    - from: pharmacy
      columns:
        {claim_id: RX, claim_line_number: {number: RX}, person_id: WHO, dispensing_date: DAY, ndc_code: DRUG, paid_amount: COST}
    - from: pharmacy_mail
      columns:
        claim_id: {combine: [RX, DAY], with: "/"}
        claim_line_number: {value: "1"}
        person_id: WHO
        dispensing_date: {column: DAY, date: "%Y%m%d"}
        ndc_code: DRUG
        paid_amount: {column: COST, remove: ".", decimal: ","}
"""
    files = GOOD | {
        "rx.csv": "RX,WHO,DAY,DRUG,COST\n1,7,2025-02-01,11111-2222-33,5.50\n1,7,2025-02-01,22222-2222-33,7\n",
        "mail.csv": '1,7,20250203,11111222233,"1.234,50"\n',
    }
    loaded = load(write(files, ("tables:\n", second)))
    assert loaded.reasons() == []
    assert loaded.rows(
        "select claim_id, claim_line_number, dispensing_date, ndc_code, paid_amount from raw.pharmacy_claim "
        "order by 1, 2"
    ) == [
        ("1", 1, datetime.date(2025, 2, 1), "11111222233", Decimal("5.50")),
        ("1", 2, datetime.date(2025, 2, 1), "22222222233", Decimal("7.00")),
        ("1/20250203", 1, datetime.date(2025, 2, 3), "11111222233", Decimal("1234.50")),
    ]
    counts(loaded)


def test_a_payers_own_header_and_trailer_lines_are_no_data(write, load):
    member = "HDR|20250601\n" + MEMBER + "7||1|02/03/1950|01/01/2025||2134|MCD|A\nTRL|1\n"
    change = ('"*mbr_*.txt", delimiter: "|"', '"*mbr_*.txt", delimiter: "|", skip_rows: 1, ignore_lines: TRL')
    loaded = load(write(GOOD | {"mbr_1.txt": member}, change))
    assert loaded.reasons() == []
    assert counts(loaded)[("mbr_1.txt", "eligibility")] == (1, 1, 0, 0)


DELIVERY = {
    "month": r"(?P<year>\d{4})-(?P<month>\d{2})/",
    "expected": ["member", "claim_detail"],
    "due_day": 15,
}


@pytest.fixture
def months(write):
    """Three months of member files: a change of an end, a new span, and a row that takes one away."""
    rows = {
        "2025-01/mbr_a.txt": [
            "7||1|02/03/1950|01/01/2025||2134|MCD|A",
            "8||1|02/03/1950|01/01/2025||2134|MCD|A",
        ],
        "2025-02/mbr_a.txt": ["7||1|02/03/1950|01/01/2025|02/28/2025|2134|MCD|C"],
        "2025-03/mbr_a.txt": [
            "7||1|02/03/1950|05/01/2025||2134|MCD|A",
            "8||1|02/03/1950|01/01/2025||2134|MCD|D",
        ],
    }
    files = {name: MEMBER + "".join(f"{row}\n" for row in lines) for name, lines in rows.items()}
    claims = {f"2025-01/{name}": text for name, text in GOOD.items() if not name.startswith("mbr")}
    return lambda mode, **more: write(
        files | claims | more, options={"eligibility": mode}, delivery=DELIVERY | {"since": "2025-01-01"}
    )


CURRENT = (
    "select person_id, enrollment_start_date, enrollment_end_date from raw.eligibility "
    "where not is_superseded order by 1, 2"
)
OPEN = datetime.date(2099, 12, 31)


def test_a_later_row_of_a_change_file_takes_the_place_of_the_earlier(months, load):
    loaded = load(months("changes"))
    assert loaded.rows(CURRENT) == [
        ("acme:7", datetime.date(2025, 1, 1), datetime.date(2025, 2, 28)),
        ("acme:7", datetime.date(2025, 5, 1), OPEN),
    ]
    assert loaded.rows(
        "select file_name, rows_loaded, rows_superseded from raw.feed_file where input_table = 'eligibility' "
        "order by 1"
    ) == [("2025-01/mbr_a.txt", 2, 2), ("2025-02/mbr_a.txt", 1, 0), ("2025-03/mbr_a.txt", 2, 1)]


def test_of_whole_rosters_only_the_latest_counts(months, load):
    assert load(months("latest_file")).rows(CURRENT) == [("acme:7", datetime.date(2025, 5, 1), OPEN)]


def test_a_latest_roster_without_rows_ends_nobodys_enrolment(months, load):
    loaded = load(months("latest_file", **{"2025-04/mbr_a.txt": MEMBER}))
    assert loaded.rows(CURRENT) == [("acme:7", datetime.date(2025, 5, 1), OPEN)]


def test_files_know_their_month_and_the_payers_totals_when_they_came(months, load):
    totals = (
        "delivery_month,received_on,input_table,rows,members,claims,charge_amount,allowed_amount,paid_amount\n"
        "2025-01-01,2025-02-12,claim_detail,4,1,2,,,128.40\n2025-01-01,2025-02-10,eligibility,2,2,,,,\n"
    )
    loaded = load(months("all", **{"control_totals.csv": totals}))
    assert loaded.rows(
        "select kind, input_table, delivery_month, received_on from raw.feed_file "
        "where delivery_month <= date '2025-02-01' order by all"
    ) == [
        ("claim_detail", "medical_claim", datetime.date(2025, 1, 1), datetime.date(2025, 2, 12)),
        ("claim_header", "claim_header", datetime.date(2025, 1, 1), datetime.date(2025, 2, 12)),
        ("member", "eligibility", datetime.date(2025, 1, 1), datetime.date(2025, 2, 10)),
        ("member", "eligibility", datetime.date(2025, 2, 1), None),
    ]
    assert loaded.rows("select input_table, rows, members, paid_amount from raw.control_total") == [
        ("claim_detail", 4, 1, Decimal("128.40")),
        ("eligibility", 2, 2, None),
    ]
    assert loaded.rows("select due_day, expected_since, expected from raw.feed") == [
        (15, datetime.date(2025, 1, 1), "member|claim_detail")
    ]


def test_a_crosswalk_says_who_a_payers_members_are(write, load):
    member = MEMBER + "7|01|1|02/03/1950|01/01/2025||2134|MCD|A\n9||1|02/03/1950|01/01/2025||2134|MCD|A\n"
    feeds = write(GOOD | {"mbr_1.txt": member}, person_ids="crosswalk")
    (feeds / "org").mkdir()
    (feeds / "org" / "source.yaml").write_text("name: zz_org\nformat: organization\n")
    (feeds / "org" / "person_crosswalk.csv").write_text(
        "source_feed,member_id,person_id\nacme,7-01,P1\nother,9,P2\n"
    )
    loaded = load(feeds)
    assert loaded.rows("select person_id from raw.eligibility order by 1") == [("P1",), ("acme:9",)]
    assert loaded.rows("select distinct person_id from raw.medical_claim") == [("P1",)]
    assert loaded.rows("select unlinked_persons from raw.feed where feed = 'acme'") == [(1,)]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("hcpcs_code: HCPCS", "hcpcs_kode: HCPCS"), ["hcpcs_kode", "did you mean 'hcpcs_code'"]),
        (("      claim_id: CLM_NO\n", ""), ["medical_claim.columns", "claim_id missing", "{value: null}"]),
        (("claim_header: {on: {", "claim_heder: {on: {"), ["'claim_heder' is no input", "claim_header"]),
        (('{"1": male', "{1: male"), ["codes", "quotes"]),
        (("split: claim_header.DX_LIST", "splitt: claim_header.DX_LIST"), ["splitt", "not a known key"]),
        (('DOB, date: "%m/%d/%Y"', "DOB, date: MM/DD/YYYY"), ["birth_date", "%m/%d/%Y for 12/31/2025"]),
        (("divide: 100", "divide: 7"), ["paid_amount", "divide", "7"]),
        (("column: ZIP", "column: ZIP, value: x"), ["zip_code", "column and value"]),
        (("  eligibility:\n", "  eligibilty:\n"), ["eligibilty", "is no table"]),
        (('delimiter: "|"', "delimiter: pipe"), ["inputs.claim_header.delimiter", "one character"]),
    ],
)
def test_a_mistake_in_a_mapping_names_line_and_key_and_what_was_meant(write, change, words):
    feeds = write(GOOD, change)
    with pytest.raises(ExceptionGroup) as caught:
        find_feeds(feeds)
    message = str(caught.value.exceptions[0])
    for word in ["acme/mapping.yaml", "line ", *words]:
        assert word in message


def test_a_column_the_files_do_not_have_is_said_once_with_all_others(write, load):
    files = GOOD | {"dtl_2.txt": DETAIL + "B|9|1||22|||99213|PAID|COM\n"}
    changes = (
        ("column: PAID_CENTS", "column: PAID"),
        ("revenue_center_code: REV", "revenue_center_code: RVE"),
    )
    message = problems(load, write(files, *changes))
    assert "tables.medical_claim.columns.paid_amount: no column 'paid' in" in message
    assert "dtl_1.txt (and 1 other file); did you mean 'paid_cents'?" in message
    assert "tables.medical_claim.columns.revenue_center_code: no column 'rve'" in message
    assert "did you mean 'rev'?" in message
    assert message.count("no column 'paid'") == 1


def test_every_key_a_mapping_may_have_is_explained() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "feeds.md").read_text()
    for model in (schema.InputRule, schema.ColumnRule, schema.JoinRule, schema.TableRule):
        for name, field in model.model_fields.items():
            key = field.alias or name
            assert f"`{key}`" in text or f"`{key}:" in text, f"docs/feeds.md does not explain {key}"
