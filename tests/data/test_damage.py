"""Twenty kinds of damage to a payer's files: each is refused or set aside with a message that names file, row and
column, the good rows around it are loaded, the other feeds are untouched, and the counts add up.

Every kind is tried on two formats: the Tuva input layer, and a payer's own pipe-delimited files with a mapping.
The trailer that counts one line too many belongs to CCLF (tests/data/sources/test_cclf.py).
"""

from __future__ import annotations

import datetime
import gzip
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from data.build import load_raw
from data.check import Findings, check
from data.feed_error import FeedError

Row = dict[str, str]

# The payer's name of each column, in its own file; the Tuva file has the names on the left.
COLUMNS = {
    "claim_id": "CLM",
    "claim_line_number": "LINE",
    "claim_type": "TYPE",
    "person_id": "MBR",
    "claim_start_date": "FROM_DT",
    "claim_end_date": "THRU_DT",
    "paid_date": "PAID_DT",
    "paid_amount": "PAID",
    "allowed_amount": "ALLOWED",
    "place_of_service_code": "POS",
    "bill_type_code": "TOB",
    "revenue_center_code": "REV",
    "hcpcs_code": "HCPCS",
    "facility_npi": "NPI",
    "diagnosis_code_1": "DX",
}
CLAIM = dict(
    zip(
        COLUMNS,
        (
            *("c1", "1", "institutional", "10", "2025-03-01", "2025-03-01", "2025-04-01", "100.00", "120.00"),
            *("23", "131", "0450", "99283", "1999999984", "R079"),
        ),
        strict=True,
    )
)
MEMBER = {
    "person_id": "10",
    "gender": "female",
    "birth_date": "1950-02-03",
    "enrollment_start_date": "2025-01-01",
    "enrollment_end_date": "2025-12-31",
}
MEMBER_COLUMNS = dict(zip(MEMBER, ("MBR", "SEX", "DOB", "EFF", "TERM"), strict=True))
TYPES = {"institutional": "U", "professional": "P"}


@dataclass(frozen=True)
class Format:
    """How one of the two formats writes its files."""

    name: str
    claims: str
    members: str
    delimiter: str
    own_names: bool

    def column(self, name: str) -> str:
        return (COLUMNS | MEMBER_COLUMNS).get(name, name) if self.own_names else name

    def line(self, row: Row) -> str:
        values = [TYPES.get(v, v) if self.own_names and k == "claim_type" else v for k, v in row.items()]
        return self.delimiter.join(values) + "\n"

    def header(self, row: Row) -> str:
        return self.delimiter.join(map(self.column, row)) + "\n"

    def file(self, *rows: Row) -> str:
        return self.header(rows[0]) + "".join(map(self.line, rows))


TUVA = Format("tuva_input_layer", "medical_claim_{}.csv", "eligibility_{}.csv", ",", False)
MAPPED = Format("mapped", "claims_{}.txt", "members_{}.txt", "|", True)

MAPPING = {
    "inputs": {
        "claims": {"files": ["claims_*.txt", "claims_*.txt.gz"], "delimiter": "|"},
        "members": {"files": "members_*.txt", "delimiter": "|"},
        "header": {"files": "header*.txt", "delimiter": "|", "required": False},
        "lines": {"files": "lines*.txt", "delimiter": "|", "required": False},
    },
    "tables": {
        "eligibility": {"from": "members", "columns": dict(MEMBER_COLUMNS)},
        "medical_claim": {
            "from": "claims",
            "columns": COLUMNS
            | {"claim_type": {"column": "TYPE", "codes": {name: code for code, name in TYPES.items()}}},
        },
        "pharmacy_claim": {
            "from": "lines",
            "join": {"header": {"on": {"RX": "RX"}}},
            "columns": {
                "claim_id": "RX",
                "claim_line_number": "LINE",
                "person_id": "header.MBR",
                "dispensing_date": "header.DAY",
                "ndc_code": "NDC",
                "paid_amount": "PAID",
            },
        },
    },
}


def claim(name: str, **changes: str) -> Row:
    return CLAIM | {"claim_id": name} | changes


def shifted(row: Row) -> Row:
    """A row whose values have moved one column to the right from the third on."""
    values = list(row.values())
    return dict(zip(row, [*values[:2], "", *values[2:-1]], strict=True))


Damage = Callable[[Format], str | bytes]


def among_good(name: str, *bad: Row) -> Damage:
    """A claims file with a good row before and a good row after the bad ones."""
    return lambda form: form.file(claim(f"{name}-first"), *bad, claim(f"{name}-last"))


def broken(name: str, line: Callable[[str], str]) -> Damage:
    """The same, with the line between them broken as text."""

    def write(form: Format) -> str:
        good = form.file(claim(f"{name}-first"))
        return good + line(form.line(claim(f"{name}-bad"))) + form.line(claim(f"{name}-last"))

    return write


SET_ASIDE: dict[str, tuple[Damage, str, str, int]] = {
    "truncated": (
        lambda form: form.file(claim("truncated-first"), claim("truncated-last"), claim("cut"))[:-70],
        *("wrong number of fields", "paid_date", 3),
    ),
    "too_wide": (
        broken("too_wide", lambda line: line.rstrip("\n") + line[2:]),
        *("wrong number of fields", "diagnosis_code_1", 2),
    ),
    "encoding": (
        lambda form: broken("encoding", lambda line: line.replace("R079", "R07é"))(form).encode("latin-1"),  # type: ignore[union-attr]
        *("wrong encoding", "diagnosis_code_1", 2),
    ),
    "shifted": (among_good("shifted", shifted(claim("x"))), "shifted columns", "claim_start_date", 2),
    "european": (
        among_good("european", claim("x", claim_start_date="31/03/2025", claim_end_date="31/03/2025")),
        *("bad or missing date", "claim_start_date", 2),
    ),
    "letters": (among_good("letters", claim("x", paid_amount="1OO.00")), "bad amount", "paid_amount", 2),
    "duplicate": (among_good("duplicate", claim("duplicate-first")), "duplicate key", "claim_line_number", 2),
    "future": (
        among_good("future", claim("x", claim_start_date="2026-07-01", claim_end_date="")),
        *("future service date", "claim_start_date", 2),
    ),
    "huge": (among_good("huge", claim("x", hcpcs_code="9" * 3_000_000)), "line too long", "hcpcs_code", 2),
    "quote": (
        broken("quote", lambda line: line.replace("2025-04-01", '"2025-04-01')),
        *("broken quotes", "paid_date", 2),
    ),
    "no_key": (among_good("no_key", claim("x", person_id="")), "missing key", "person_id", 2),
}
"""Damage that costs its own row: the file, the reason, the column and the row."""

LOADED: dict[str, Damage] = {
    "bom": lambda form: b"\xef\xbb\xbf" + form.file(claim("bom-first"), claim("bom-last")).encode(),
    "line_ends": lambda form: (
        form.file(claim("line_ends-first"))[:-1] + "\r\n" + form.line(claim("line_ends-last"))
    ),
    "quote_inside": lambda form: form.file(
        claim("quote_inside-first"), claim("quote_inside-last", hcpcs_code='5" tube')
    ),
    "negative": lambda form: form.file(
        claim("negative-first", paid_amount="-7.00"), claim("negative-last", paid_amount="9.00")
    ),
    "reversal": lambda form: form.file(
        claim("reversal-first", paid_amount="55.00"), claim("reversal-last", paid_amount="-55.00")
    ),
    "header_only": lambda form: form.header(CLAIM),
}
"""What looks like damage and is none: it loads, and is pointed out where it may be a mistake."""

UNKNOWN = {
    TUVA.name: ("unknown claim type", "veterinary"),
    MAPPED.name: ("unknown code", "VET"),
}

GOOD_FEED = {"eligibility.csv": TUVA.file(MEMBER), "medical_claim.csv": TUVA.file(claim("untouched"))}
TODAY = datetime.date(2026, 6, 1)


def write_feed(place: Path, form: Format, files: dict[str, str | bytes], name: str = "damaged") -> Path:
    folder = place / name
    folder.mkdir(parents=True, exist_ok=True)
    source = {"name": name, "format": form.name, "person_ids": "shared"}
    (folder / "source.yaml").write_text(yaml.safe_dump(source))
    if form is MAPPED:
        (folder / "mapping.yaml").write_text(yaml.safe_dump(MAPPING, sort_keys=False))
    for file, content in files.items():
        (folder / file).write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


@dataclass
class Outcome:
    """A damaged feed loaded beside a good one: SQL on the raw tables, and what a dry run said of it."""

    form: Format
    connection: duckdb.DuckDBPyConnection
    findings: Findings

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql).fetchall()


@pytest.fixture(scope="module", params=[TUVA, MAPPED], ids=lambda form: form.name)
def outcome(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcome]:
    form: Format = request.param
    place = tmp_path_factory.mktemp("damage")
    files: dict[str, str | bytes] = {
        form.claims.format(name): damage(form)
        for name, damage in ({n: d for n, (d, *_) in SET_ASIDE.items()} | LOADED).items()
    }
    bad_code = claim("x", claim_type=UNKNOWN[form.name][1])
    files[form.claims.format("unknown")] = among_good("unknown", bad_code)(form)
    twin = MEMBER | {"birth_date": "1951-03-04", "enrollment_start_date": "2025-06-01"}
    files[form.members.format("twice")] = form.file(MEMBER, twin, MEMBER | {"person_id": "11"})
    if form is MAPPED:
        files["header.txt"] = "RX|MBR|DAY\nr1|10|2025-02-01\nr2|10|2025-02-01\n"
        files["lines.txt"] = "RX|LINE|NDC|PAID\nr1|1|00000000001|5.00\nr9|1|00000000001|5.00\n"
    write_feed(place / "feeds", form, files)
    write_feed(place / "feeds", TUVA, GOOD_FEED, "good")
    load_raw(place / "feeds", place / "work.duckdb", today=TODAY, threads=1)
    findings = check(place / "feeds" / "damaged", today=TODAY, threads=1)
    with duckdb.connect() as connection:
        connection.execute(f"attach '{place / 'work.duckdb'}' as work (read_only)")
        connection.execute("use work")
        yield Outcome(form, connection, findings)


@pytest.mark.parametrize("kind", [*SET_ASIDE, "unknown"])
def test_damage_to_a_row_costs_that_row_and_says_where(outcome, kind):
    form = outcome.form
    if kind == "unknown":
        reason, column, row = UNKNOWN[form.name][0], "claim_type", 2
    else:
        _, reason, column, row = SET_ASIDE[kind]
    name = form.claims.format(kind)
    assert outcome.rows(
        f"select row_number, column_name, reason from raw.quarantine where file_name = '{name}'"
    ) == [(row, form.column(column), reason)]
    assert outcome.rows(
        f"select claim_id from raw.medical_claim where file_name = '{name}' order by row_number"
    ) == [(f"{kind}-first",), (f"{kind}-last",)]
    # A dry run says the same.
    said = [one for one in outcome.findings.set_aside if one.reason == reason and one.file == name]
    assert [(one.row, one.column, one.rows) for one in said] == [(row, form.column(column), 1)]


@pytest.mark.parametrize("kind", ["bom", "line_ends", "quote_inside", "negative", "reversal"])
def test_what_is_no_damage_is_loaded(outcome, kind):
    name = outcome.form.claims.format(kind)
    assert outcome.rows(
        f"select claim_id from raw.medical_claim where file_name = '{name}' order by row_number"
    ) == [(f"{kind}-first",), (f"{kind}-last",)]
    assert outcome.rows(f"select 1 from raw.quarantine where file_name = '{name}'") == []


def test_a_quote_inside_a_value_is_part_of_it(outcome):
    assert outcome.rows("select hcpcs_code from raw.medical_claim where claim_id = 'quote_inside-last'") == [
        ('5" TUBE',)
    ]


def test_an_amount_below_zero_is_loaded_and_pointed_out(outcome):
    assert outcome.rows(
        "select cast(paid_amount as varchar) from raw.medical_claim where claim_id = 'negative-first'"
    ) == [("-7.00",)]
    said = [line for line in outcome.findings.odd if "below zero" in line]
    assert len(said) == 1
    assert "medical_claim: 1 claims are paid below zero and reverse no other" in said[0]
    assert outcome.form.claims.format("negative") + " row 1" in said[0]


def test_a_file_with_a_header_only_is_loaded_as_empty_and_pointed_out(outcome):
    name = outcome.form.claims.format("header_only")
    assert outcome.rows(f"select rows_in, status from raw.feed_file where file_name = '{name}'") == [
        (0, "loaded")
    ]
    assert any(f"{name}: no rows" in line for line in outcome.findings.odd)


def test_european_dates_are_recognised_for_what_they_are(outcome):
    assert any("'31/03/2025' reads like %d/%m/%Y" in line for line in outcome.findings.odd)


def test_a_wrong_encoding_is_recognised_for_what_it_is(outcome):
    name = outcome.form.claims.format("encoding")
    assert any(name in line and "latin-1" in line for line in outcome.findings.odd)


def test_of_a_member_with_two_birth_dates_in_one_file_the_first_row_counts(outcome):
    form = outcome.form
    name = form.members.format("twice")
    assert outcome.rows(
        f"select row_number, column_name, reason from raw.quarantine where file_name = '{name}'"
    ) == [(2, form.column("birth_date"), "member twice with different birth dates")]
    assert outcome.rows(
        f"select row_number, person_id from raw.eligibility where file_name = '{name}' order by 1"
    ) == [(1, "10"), (3, "11")]


def test_a_line_without_a_header_is_an_orphan(outcome):
    if outcome.form is MAPPED:
        assert outcome.rows(
            "select file_name, row_number, column_name, reason from raw.quarantine "
            "where file_name in ('lines.txt', 'header.txt') order by 1"
        ) == [("header.txt", 2, "RX", "header without lines"), ("lines.txt", 2, "RX", "orphan line")]
        assert outcome.rows("select claim_id from raw.pharmacy_claim") == [("r1",)]
    else:
        # A flat file has no header to miss; a claim of nobody is loaded and pointed out.
        assert outcome.rows("select count(*) from raw.pharmacy_claim") == [(0,)]


def test_every_row_of_every_damaged_file_is_accounted_for(outcome):
    counted = outcome.rows(
        "select file_name, rows_in, rows_loaded, rows_quarantined, rows_filtered from raw.feed_file"
    )
    assert len(counted) > len(SET_ASIDE) + len(LOADED)
    for name, rows_in, loaded, aside, filtered in counted:
        assert rows_in == loaded + aside + filtered, name
    for name, rows in outcome.rows("select file_name, count(*) from raw.quarantine group by all"):
        assert {n: aside for n, _, _, aside, _ in counted}[name] == rows


def test_the_feed_beside_a_damaged_one_is_untouched(outcome):
    assert outcome.rows("select claim_id from raw.medical_claim where feed = 'good'") == [("untouched",)]
    assert outcome.rows(
        "select rows_in, rows_loaded, rows_quarantined from raw.feed where feed = 'good'"
    ) == [(2, 2, 0)]


REFUSED: dict[str, tuple[str, Callable[[bytes], bytes], str]] = {
    "empty": ("", lambda whole: b"", "is empty (0 bytes)"),
    "empty_gzip": (".gz", lambda whole: b"", "is empty (0 bytes)"),
    "nothing_in_gzip": (".gz", lambda whole: gzip.compress(b""), "has no header line"),
    "cut_gzip": (".gz", lambda whole: gzip.compress(whole * 50)[:-9], "is cut short"),
    "no_gzip": (".gz", lambda whole: whole, "is not a gzip file"),
    "utf16": ("", lambda whole: whole.decode().encode("utf-16"), "the header is not utf-8"),
    "no_header": ("", lambda whole: whole.split(b"\n", 1)[1], "looks like data, not like column names"),
    "other_delimiter": ("", lambda whole: whole.replace(b"|", b"~").replace(b",", b"~"), "claim_id"),
}
"""Damage to a whole file: nothing is published, and the file is named."""


@pytest.mark.parametrize("form", [TUVA, MAPPED], ids=lambda form: form.name)
def test_damage_to_a_whole_file_stops_the_build_and_names_the_file(tmp_path, form):
    whole = form.file(claim("a")).encode()
    files: dict[str, str | bytes] = {form.members.format("all"): form.file(MEMBER)}
    for name, (suffix, damage, _) in REFUSED.items():
        files[form.claims.format(name) + suffix] = damage(whole)
    folder = write_feed(tmp_path / "feeds", form, files)
    write_feed(tmp_path / "feeds", TUVA, GOOD_FEED, "good")
    # Damaged gzip files are found as they are hashed, before anything is loaded; so they are told first.
    stages = [
        {name for name in REFUSED if name in ("empty_gzip", "cut_gzip", "no_gzip")},
        {name for name in REFUSED if name not in ("empty_gzip", "cut_gzip", "no_gzip")},
    ]
    for stage in stages:
        with pytest.raises(ExceptionGroup) as caught:
            load_raw(tmp_path / "feeds", tmp_path / "work.duckdb", today=TODAY, threads=1)
        (tmp_path / "work.duckdb").unlink(missing_ok=True)
        assert caught.group_contains(FeedError)
        said = "\n".join(str(error) for error in caught.value.exceptions).splitlines()
        for name in stage:
            suffix, _, words = REFUSED[name]
            file = form.claims.format(name) + suffix
            words = form.column(words) if words in COLUMNS else words
            assert any(file in line and words.lower() in line.lower() for line in said), (name, said)
            (folder / file).unlink()
    (folder / form.claims.format("good")).write_bytes(whole)
    [damaged, good] = load_raw(tmp_path / "feeds", tmp_path / "work.duckdb", today=TODAY, threads=1)
    assert (damaged.rows_loaded, good.rows_loaded) == (2, 2)
