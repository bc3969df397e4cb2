"""A row that cannot be used is set aside with one reason, and no row is ever lost."""

from __future__ import annotations

import csv
import datetime
import gzip
import io
import tempfile
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.build import load_raw

BAD_ROWS: list[tuple[dict[str, str], str, str]] = [
    ({"claim_id": " "}, "claim_id", "missing key"),
    ({"claim_line_number": "one"}, "claim_line_number", "missing key"),
    ({"person_id": ""}, "person_id", "missing key"),
    ({"claim_start_date": ""}, "claim_start_date", "bad or missing date"),
    ({"claim_start_date": "2025-02-30"}, "claim_start_date", "bad or missing date"),
    ({"claim_start_date": "03/01/2025"}, "claim_start_date", "bad or missing date"),
    ({"claim_start_date": "2025-03-01x"}, "claim_start_date", "bad or missing date"),
    ({"claim_end_date": "0001-01-01"}, "claim_end_date", "bad or missing date"),
    ({"paid_date": "infinity"}, "paid_date", "bad or missing date"),
    ({"paid_amount": "12,5"}, "paid_amount", "bad amount"),
    ({"paid_amount": "NaN"}, "paid_amount", "bad amount"),
    ({"allowed_amount": "9" * 20}, "allowed_amount", "bad amount"),
    ({"service_unit_quantity": "inf"}, "service_unit_quantity", "bad amount"),
    ({"claim_end_date": "2025-02-28"}, "claim_end_date", "end before start"),
    ({"claim_line_end_date": "2025-02-28"}, "claim_line_end_date", "end before start"),
    (
        {"admission_date": "2025-03-01", "discharge_date": "2025-02-01"},
        "discharge_date",
        "end before start",
    ),
    ({"claim_start_date": "2026-06-02", "claim_end_date": ""}, "claim_start_date", "future service date"),
    ({"claim_type": "veterinary"}, "claim_type", "unknown claim type"),
    ({"claim_type": ""}, "claim_type", "unknown claim type"),
    # Two faults: the first reason of the list is the one given.
    ({"person_id": "", "claim_start_date": "never", "paid_amount": "x"}, "person_id", "missing key"),
    ({"claim_start_date": "never", "paid_amount": "x"}, "claim_start_date", "bad or missing date"),
    ({"paid_amount": "x", "claim_end_date": "2020-01-01"}, "paid_amount", "bad amount"),
]
"""What is changed in a good claim line, and the column and reason it is set aside with."""


@pytest.fixture(scope="module")
def bad_rows(load_once, claim) -> dict[int, tuple[str, str]]:
    """The (column, reason) of each row set aside, by row number; good rows stand between them."""
    rows = [claim(claim_id="good0")]
    for number, (changes, _, _) in enumerate(BAD_ROWS, start=1):
        rows += [claim(claim_id=f"bad{number}") | changes, claim(claim_id=f"good{number}")]
    loaded = load_once({"medical_claim.csv": rows})
    assert loaded.rows("select row_number, claim_id from raw.medical_claim order by 1") == [
        (2 * number + 1, f"good{number}") for number in range(len(BAD_ROWS) + 1)
    ]
    aside = loaded.reasons()
    assert [number for number, _, _ in aside] == [2 * number + 2 for number in range(len(BAD_ROWS))]
    return {number: (column, reason) for number, column, reason in aside}


@pytest.mark.parametrize("number", range(len(BAD_ROWS)), ids=lambda n: f"{BAD_ROWS[n][2]}-{n}")
def test_a_bad_row_is_set_aside_with_its_reason(bad_rows, number):
    _, column, reason = BAD_ROWS[number]
    assert bad_rows[2 * number + 2] == (column, reason)


def test_a_row_set_aside_is_kept_as_it_was_read(write_feed, load, claim):
    rows = [claim(paid_amount="1O.00", extra="not ours", diagnosis_code_1='say "ah"')]
    loaded = load(write_feed({"medical_claim.csv": rows}))
    [(row,)] = loaded.rows("select row_json from raw.quarantine")
    assert duckdb.execute(f"select '{row}'->>'paid_amount', '{row}'->>'diagnosis_code_1'").fetchone() == (
        "1O.00",
        'say "ah"',
    )
    assert "extra" not in row


def test_of_a_repeated_key_the_first_row_is_kept(write_feed, load, claim):
    january = [claim(), claim(paid_amount="7.00"), claim(claim_line_number="2")]
    february = [claim(claim_line_number="2", paid_amount="8.00"), claim(claim_id="c9")]
    loaded = load(write_feed({"medical_claim.csv": january, "medical_claim_2025_02.csv": february}))
    aside = loaded.rows("select file_name, row_number, column_name, reason from raw.quarantine order by 1, 2")
    assert aside == [
        ("medical_claim.csv", 2, "claim_line_number", "duplicate key"),
        ("medical_claim_2025_02.csv", 1, "claim_line_number", "duplicate key"),
    ]
    assert loaded.rows("select sum(paid_amount) from raw.medical_claim") == [(Decimal("300.00"),)]


def test_a_bad_row_does_not_use_up_its_key(write_feed, load, claim):
    loaded = load(write_feed({"medical_claim.csv": [claim(paid_amount="x"), claim()]}))
    assert loaded.reasons() == [(1, "paid_amount", "bad amount")]
    assert loaded.rows("select row_number from raw.medical_claim") == [(2,)]


def test_repeated_enrolment_spans_are_loaded_to_be_merged_later(write_feed, load, member):
    loaded = load(write_feed({"eligibility.csv": [member, member | {"enrollment_end_date": ""}, member]}))
    assert loaded.rows("select count(*) from raw.eligibility") == [(3,)]
    assert loaded.reasons() == []


HEADER = b"immunization_id,person_id,occurrence_date,source_code\n"


@pytest.mark.parametrize(
    ("line", "column", "reason"),
    [
        (b"i2,10", "occurrence_date", "wrong number of fields"),
        (b"i2,10,2025-01-01,x,y", "source_code", "wrong number of fields"),
        (b'i2,10,"2025-01-01"x,90', "occurrence_date", "broken quotes"),
        (b'i2,"10,2025-01-01,90', "person_id", "broken quotes"),
        (b"i2,10,2025-01-01,caf\xe9", "source_code", "wrong encoding"),
        (b"i2,10,2025-01-01,9\x000", "source_code", "wrong encoding"),
    ],
)
def test_a_broken_line_costs_itself_and_nothing_else(write_feed, load, line, column, reason):
    content = HEADER + b'i1,10,2025-01-01,"two\nlines"\n' + line + b'\ni3,10,2025-01-02,"a ""b"""\n'
    loaded = load(write_feed({"immunization.csv": content}))
    assert loaded.reasons() == [(2, column, reason)]
    assert loaded.rows("select row_number, immunization_id, code from raw.immunization order by 1") == [
        (1, "i1", "two\nlines"),
        (3, "i3", 'a "b"'),
    ]


@pytest.mark.parametrize(
    "content",
    [
        HEADER + b"i1,10,2025-01-01,90\ni2,10,2025-01-02,91",
        b"\xef\xbb\xbf" + HEADER + b"i1,10,2025-01-01,90\ni2,10,2025-01-02,91\n",
        (HEADER + b"i1,10,2025-01-01,90\ni2,10,2025-01-02,91\n").replace(b"\n", b"\r\n"),
        HEADER.replace(b"\n", b"\r\n") + b"i1,10,2025-01-01,90\ni2,10,2025-01-02,91\r\n",
        HEADER + b"\ni1,10,2025-01-01,90\n\n\ni2,10,2025-01-02,91\n\n",
        HEADER + b'"i1","10","2025-01-01","90"\n"i2","10","2025-01-02","91"\n',
        HEADER + b"i1,10,2025-01-01,90,\ni2,10,2025-01-02,91,\n",
        b"Immunization_ID , PERSON_ID,occurrence_date,Source_Code\ni1,10,2025-01-01,90\n i2 ,10, 2025-01-02 ,91\n",  # noqa: E501
    ],
    ids=[
        "no last newline",
        "byte order mark",
        "crlf",
        "mixed",
        "blank lines",
        "quoted",
        "trailing",
        "blanks",
    ],
)
def test_the_ways_csv_files_differ_do_not_matter(write_feed, load, content):
    loaded = load(write_feed({"immunization.csv": content}))
    assert loaded.rows(
        "select row_number, immunization_id, occurrence_date, code from raw.immunization order by 1"
    ) == [
        (1, "i1", datetime.date(2025, 1, 1), "90"),
        (2, "i2", datetime.date(2025, 1, 2), "91"),
    ]


def test_a_file_with_a_header_only_is_an_empty_file(write_feed, load):
    loaded = load(write_feed({"immunization.csv": HEADER}))
    assert loaded.rows("select rows_in, status from raw.feed_file where input_table = 'immunization'") == [
        (0, "loaded")
    ]


def test_another_encoding_and_delimiter_can_be_declared(write_feed, load, member, claim):
    def as_latin(row):
        return ("|".join(row) + "\n" + "|".join(row.values()) + "\n").encode("latin-1")

    files = {
        "eligibility.csv": as_latin(member | {"last_name": "Muñoz, José"}),
        "medical_claim.csv": as_latin(claim()),
    }
    loaded = load(write_feed(files, options={"delimiter": "|", "encoding": "latin-1"}))
    assert loaded.rows("select last_name from raw.eligibility") == [("Muñoz, José",)]


def test_other_date_formats_can_be_declared(write_feed, load, member, claim):
    options = {"date_formats": ["%m/%d/%Y", "%Y%m%d"]}
    rows = [
        claim(
            claim_start_date="03/01/2025",
            claim_end_date="20250302",
            claim_line_start_date="",
            claim_line_end_date="",
            paid_date="",
        )
    ]
    eligibility = [
        member
        | {
            "birth_date": "19500203",
            "enrollment_start_date": "01/01/2025",
            "enrollment_end_date": "12/31/2025",
        }
    ]
    loaded = load(write_feed({"eligibility.csv": eligibility, "medical_claim.csv": rows}, options=options))
    assert loaded.rows("select claim_start_date, claim_end_date from raw.medical_claim") == [
        (datetime.date(2025, 3, 1), datetime.date(2025, 3, 2))
    ]


def test_parquet_with_native_types_reads_like_csv(write_feed, load, tmp_path):
    path = tmp_path / "claims.parquet"
    duckdb.execute(
        f"""
        copy (
            select 'c' || i as claim_id, cast(1.0 as double) as claim_line_number,
                'professional' as claim_type,
                cast(10 as double) as person_id, date '2025-03-01' as claim_start_date,
                timestamp '2025-03-02 00:00:00' as claim_end_date, 23 as place_of_service_code,
                cast(null as varchar) as bill_type_code, cast(450 as integer) as revenue_center_code,
                '99283' as hcpcs_code, cast(null as varchar) as facility_npi,
                case i when 1 then 12.5 when 2 then 'nan'::double else 0.1 end::double as paid_amount,
                'R07.9' as diagnosis_code_1
            from range(3) as t(i)
        ) to '{path}' (format parquet)
        """
    )
    loaded = load(write_feed({"medical_claim.csv": None, "medical_claim.parquet": path.read_bytes()}))
    assert loaded.reasons() == []
    assert loaded.rows(
        "select row_number, claim_id, claim_line_number, person_id, claim_end_date, place_of_service_code, "
        "revenue_center_code, paid_amount, diagnosis_code_1 from raw.medical_claim order by 1"
    ) == [
        (i + 1, f"c{i}", 1, "10", datetime.date(2025, 3, 2), "23", "0450", paid, "R079")
        for i, paid in enumerate([Decimal("0.10"), Decimal("12.50"), None])
    ]


def test_a_value_out_of_range_is_set_aside_also_where_parquet_has_types(write_feed, load, tmp_path):
    path = tmp_path / "claims.parquet"
    duckdb.execute(
        f"""
        copy (
            select 'c' || i as claim_id, 1 as claim_line_number, 'professional' as claim_type,
                '10' as person_id,
                case i when 1 then date '0001-01-01' else date '2025-03-01' end as claim_start_date,
                date '2025-03-02' as claim_end_date, '23' as place_of_service_code,
                '' as bill_type_code, '' as revenue_center_code, '99283' as hcpcs_code, '' as facility_npi,
                case i when 2 then 99999999999999999.5 else 12.5 end::decimal(20, 1) as paid_amount,
                'R07.9' as diagnosis_code_1
            from range(4) as t(i)
        ) to '{path}' (format parquet)
        """
    )
    loaded = load(write_feed({"medical_claim.csv": None, "medical_claim.parquet": path.read_bytes()}))
    assert loaded.reasons() == [
        (2, "claim_start_date", "bad or missing date"),
        (3, "paid_amount", "bad amount"),
    ]
    assert loaded.rows("select row_number, paid_amount from raw.medical_claim order by 1") == [
        (1, Decimal("12.50")),
        (4, Decimal("12.50")),
    ]
    [(written,)] = loaded.rows("select row_json->>'paid_amount' from raw.quarantine where row_number = 3")
    assert written == "99999999999999999.5"


def test_gzip_files_are_read(write_feed, load, claim):
    rows = ",".join(claim()) + "\n" + ",".join(claim().values()) + "\n"
    loaded = load(
        write_feed({"medical_claim.csv": None, "medical_claim.csv.gz": gzip.compress(rows.encode())})
    )
    assert loaded.rows("select claim_id from raw.medical_claim") == [("c1",)]


def test_row_numbers_are_those_of_the_file_also_in_a_large_one(write_feed, load):
    text = {0: '"two\nlines"'}
    lines = [f"i{n},10,2025-01-01,{text.get(n % 1000, 'one')}\n" for n in range(1, 300_001)]
    loaded = load(write_feed({"immunization.csv": HEADER + "".join(lines).encode()}))
    assert loaded.rows(
        "select count(*), count(*) filter (immunization_id <> 'i' || row_number) from raw.immunization"
    ) == [(300_000, 0)]


def test_codes_are_brought_to_one_form(write_feed, load, claim, member):
    row = claim(
        bill_type_code="0131",
        revenue_center_code="450",
        place_of_service_code="2",
        diagnosis_code_1="e11.9",
        discharge_disposition_code="1",
    )
    loaded = load(
        write_feed(
            {
                "medical_claim.csv": [row],
                "eligibility.csv": [member | {"gender": "F", "dual_status_code": "2.0"}],
            }
        )
    )
    assert loaded.rows(
        "select bill_type_code, revenue_center_code, place_of_service_code, diagnosis_code_1, "
        "discharge_disposition_code from raw.medical_claim"
    ) == [("131", "0450", "02", "E119", "01")]
    assert loaded.rows("select sex, dual_status_code from raw.eligibility") == [("female", "02")]


cell = st.text(alphabet='ab,"\n\r 1-0é\0', max_size=5) | st.sampled_from(["i1", "i2", "10", "2025-01-01"])
line = st.lists(cell, min_size=3, max_size=5)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(line | st.binary(max_size=12), max_size=8))
def test_loaded_and_quarantined_add_up_to_the_rows_of_any_file(lines):
    """Any bytes at all: nothing is lost, nothing counted twice, and row numbers are 1 to n."""
    content = io.BytesIO(HEADER)
    content.seek(0, io.SEEK_END)
    for row in lines:
        if isinstance(row, bytes):
            content.write(row + b"\n")
        else:
            text = io.StringIO()
            csv.writer(text, lineterminator="\n").writerow(row)
            content.write(text.getvalue().encode())
    with tempfile.TemporaryDirectory() as folder:
        feed = Path(folder) / "feeds" / "payer"
        feed.mkdir(parents=True)
        declaration = {"name": "payer", "format": "tuva_input_layer", "person_ids": "shared"}
        (feed / "source.yaml").write_text(yaml.safe_dump(declaration | {"options": {"required_files": []}}))
        (feed / "immunization.csv").write_bytes(content.getvalue())
        work = Path(folder) / "work.duckdb"
        [count] = load_raw(feed.parent, work, threads=1)
        with duckdb.connect() as connection:
            connection.execute(f"attach '{work}' as work (read_only)")
            numbers = connection.execute(
                "select row_number from work.raw.immunization union all select row_number from work.raw.quarantine"  # noqa: E501
            ).fetchall()
    assert count.rows_loaded + count.rows_quarantined == count.rows_in == len(numbers)
    assert sorted(number for (number,) in numbers) == list(range(1, count.rows_in + 1))


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.lists(st.text(alphabet='ab,"\n 1é', max_size=6), min_size=4, max_size=4), max_size=8))
def test_the_rows_of_a_well_formed_file_are_the_rows_python_reads(rows):
    rows = [row for row in rows if any(row)]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(rows)
    with tempfile.TemporaryDirectory() as folder:
        feed = Path(folder) / "feeds" / "payer"
        feed.mkdir(parents=True)
        declaration = {"name": "payer", "format": "tuva_input_layer", "person_ids": "shared"}
        (feed / "source.yaml").write_text(yaml.safe_dump(declaration | {"options": {"required_files": []}}))
        (feed / "immunization.csv").write_bytes(HEADER + text.getvalue().encode())
        [count] = load_raw(feed.parent, Path(folder) / "work.duckdb", threads=1)
    assert count.rows_in == len(rows)
