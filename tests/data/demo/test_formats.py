"""What the payers of the demo send: months, totals, widths, workbooks, and the damage that is planted in them."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import openpyxl
import pyarrow as pa
import pytest
import yaml

from data.demo import network, people, population, write_demo
from data.demo.formats import FORMATS, WRITERS, Payer
from data.demo.formats.cclf import CclfWriter, mbi
from data.demo.formats.deliveries import Calendar, Growing, day_column, days, received_on
from data.demo.formats.fixed import decimals, letters, records
from data.demo.formats.rosters import Spans
from data.demo.formats.workbook import workbook
from data.demo.settings import CONTRACT_KEYS, load_settings
from data.sources.cms_cclf.layouts import Field, layout, record_length

MEMBERS, SEED, THROUGH = 700, 3, date(2026, 10, 31)


@pytest.fixture(scope="module")
def feeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("formats") / "feeds"
    write_demo(MEMBERS, SEED, folder, through=THROUGH)
    return folder


@pytest.fixture(scope="module")
def tables() -> list[dict[str, pa.Table]]:
    """A few people's rows by contract, as the writers are given them."""
    settings = load_settings()
    months = people.Months.ending(np.datetime64(THROUGH), settings.history_months)
    places = network.build_network(settings, 300, population.generator(SEED, "network", 0))
    return population.chunk(settings, 300, SEED, months, places, 0).tables


def one(sql: str) -> object:
    row = duckdb.sql(sql).fetchone()
    assert row is not None
    return row[0]


def lines_of(path: Path) -> list[bytes]:
    return gzip.decompress(path.read_bytes()).splitlines()


# ---- every feed ------------------------------------------------------------------------------------------


def test_every_payer_sends_thirty_six_months_in_a_format_of_its_own(feeds: Path) -> None:
    formats = {}
    for terms in load_settings().contracts:
        folder = feeds / terms.feed
        source = yaml.safe_load((folder / "source.yaml").read_text())
        formats[terms.key] = (source["format"], source["options"].get("eligibility"))
        months = sorted(path.name for path in folder.iterdir() if path.is_dir())
        assert len(months) == 36 and months[0] == "2023-11" and months[-1] == "2026-10", terms.feed
        assert source["delivery"]["since"] == date(2023, 11, 1)
        assert [contract["model"] for contract in source["contracts"]][0] == terms.model
    assert formats == {
        "aco": ("cms_cclf", "all"),
        "medicaid": ("mapped", "changes"),
        "advantage": ("tuva_input_layer", "changes"),
        "commercial": ("mapped", "latest_file"),
        "dual": ("tuva_input_layer", "latest_file"),
    }


def test_claims_lie_in_the_month_they_were_paid(feeds: Path) -> None:
    wrong = f"""
        select count(*) from read_parquet('{feeds}/summit_advantage/*/medical_claim.parquet', filename = true)
        where strftime(paid_date, '%Y-%m') <> split_part(filename, '/', -2)
    """
    assert one(wrong) == 0


def test_the_last_delivery_is_the_month_of_through_whatever_the_day(tmp_path: Path) -> None:
    write_demo(40, 1, tmp_path / "feeds", through=date(2026, 3, 17))
    months = sorted(path.name for path in (tmp_path / "feeds" / "unity_dual").iterdir() if path.is_dir())
    assert (months[0], months[-1]) >= ("2023-04", "2026-03") and months[-1] == "2026-03"


def test_a_population_can_be_sent_in_other_formats(tmp_path: Path) -> None:
    write_demo(60, 1, tmp_path / "feeds", through=THROUGH, formats={"aco": "tuva_csv", "dual": "header_detail"})
    sources = {
        path.parent.name: yaml.safe_load(path.read_text())["format"]
        for path in (tmp_path / "feeds").glob("*/source.yaml")
    }
    assert sources["lakeland_aco"] == "tuva_input_layer" and sources["unity_dual"] == "mapped"
    with pytest.raises(ValueError, match="aco: parchment is not possible"):
        write_demo(60, 1, tmp_path / "more", through=THROUGH, formats={"aco": "parchment"})


@pytest.mark.parametrize("key", CONTRACT_KEYS)
def test_a_writer_gives_the_same_bytes_for_the_same_rows(
    key: str, tables: list[dict[str, pa.Table]], tmp_path: Path
) -> None:
    found = []
    for turn in ("one", "two"):
        calendar = Calendar.ending(THROUGH, 36)
        writer = WRITERS[FORMATS[key]](Payer("x", tmp_path / turn, calendar, received_on(calendar, 1)))
        for name in ("eligibility", "medical_claim", "pharmacy_claim"):
            writer.write(name, tables[CONTRACT_KEYS.index(key)][name])
        writer.close()
        found.append(
            {
                str(path.relative_to(tmp_path / turn)): hashlib.sha256(path.read_bytes()).hexdigest()
                for path in sorted((tmp_path / turn).rglob("*"))
                if path.is_file()
            }
        )
    assert found[0] and found[0] == found[1]


# ---- what is wrong on purpose ----------------------------------------------------------------------------


def totals_of(feeds: Path, feed: str, month: str, table: str) -> dict[str, str]:
    with (feeds / feed / "control_totals.csv").open(newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["delivery_month"] == f"{month}-01"]
    (row,) = [row for row in rows if row["input_table"] == table]
    return row


def test_the_payers_own_totals_tell_what_it_sent(feeds: Path) -> None:
    files = f"'{feeds}/summit_advantage/2026-03/medical_claim.parquet'"
    sent = duckdb.sql(
        f"select count(*), count(distinct person_id), count(distinct claim_id), sum(paid_amount) from {files}"
    ).fetchone()
    row = totals_of(feeds, "summit_advantage", "2026-03", "medical_claim")
    assert sent is not None
    assert [row[name] for name in ("rows", "members", "claims", "paid_amount")] == [str(value) for value in sent]


def test_one_pharmacy_file_never_came_though_the_payer_counts_it(feeds: Path) -> None:
    folder = feeds / "lakeland_medicaid"
    missing = [
        path.name for path in sorted(folder.glob("20*")) if not list(path.glob("rx_*")) and path.is_dir()
    ]
    assert missing == ["2026-05"]
    assert int(totals_of(feeds, "lakeland_medicaid", "2026-05", "pharmacy_claim")["rows"]) > 0


def test_one_delivery_is_late_and_the_others_come_by_the_fifteenth(feeds: Path) -> None:
    late = []
    for terms in load_settings().contracts:
        with (feeds / terms.feed / "control_totals.csv").open(newline="") as stream:
            for row in csv.DictReader(stream):
                month = date.fromisoformat(row["delivery_month"])
                due = date(month.year + month.month // 12, month.month % 12 + 1, 15)
                if date.fromisoformat(row["received_on"]) > due:
                    late.append((terms.feed, row["delivery_month"]))
    assert set(late) == {("unity_dual", "2026-08-01")}


def test_one_file_is_sent_twice_byte_for_byte(feeds: Path) -> None:
    folder = feeds / "summit_advantage"
    (again,) = folder.glob("*/medical_claim_resent.parquet")
    assert again.parent.name == "2026-07"
    assert again.read_bytes() == (folder / "2026-06" / "medical_claim.parquet").read_bytes()


def test_one_file_is_shorter_than_the_payer_counted(feeds: Path) -> None:
    sent = one(f"select count(*) from read_csv('{feeds}/northline_commercial/2026-03/claims_*.csv.gz', delim = ';')")
    counted = int(totals_of(feeds, "northline_commercial", "2026-03", "medical_claim")["rows"])
    assert isinstance(sent, int)
    assert counted - sent == int(counted * 0.12)


def test_each_format_has_its_damaged_rows_beside_good_ones(feeds: Path) -> None:
    header = f"read_csv('{feeds}/lakeland_medicaid/2026-10/hdr_*.txt.gz', delim = '|', all_varchar = true)"
    flat = f"read_csv('{feeds}/northline_commercial/2026-10/claims_*.csv.gz', delim = ';', all_varchar = true)"
    tuva = f"'{feeds}/summit_advantage/2026-10/medical_claim_correction.parquet'"
    for table, bad in (
        (header, "FROM_DT = '02/30/2026'"),
        (flat, "FIRST_DATE = '20260230'"),
        (tuva, "claim_start_date = '2026-02-30'"),
    ):
        damaged = one(f"select count(*) filter (where {bad}) from {table}")
        assert isinstance(damaged, int) and 0 < damaged < 5, table
    physicians = next((feeds / "lakeland_aco" / "2026-10").glob("*ZC5*"))
    place = next(item for item in layout("v36", "5") if item.name == "CLM_FROM_DT")
    dates = [line[place.start - 1 : place.end] for line in lines_of(physicians)]
    assert 0 < dates.count(b"2026-02-30") < 5


# ---- CCLF ------------------------------------------------------------------------------------------------


def test_cclf_records_have_the_width_of_the_layout_and_the_summary_counts_them(feeds: Path) -> None:
    folder = feeds / "lakeland_aco" / "2026-10"
    summary = lines_of(next(folder.glob("*ZC0*")))
    assert summary[0].startswith(b"File Number  |File Description")
    counted = {line[:7].decode().strip(): int(line[52:63]) for line in summary[1:]}
    seen = set()
    for path in folder.glob("*.ZC*.gz"):
        file = path.name.split(".ZC")[1][0]
        if file == "0":
            continue
        lines = lines_of(path)
        assert {len(line) for line in lines} == {record_length("v36", file)}, path.name
        assert counted[f"CCLF{file}"] == len(lines), path.name
        seen.add(file)
    assert {"1", "2", "4", "5", "6", "7", "8", "9", "A", "B"} <= seen
    assert all(count == 0 for file, count in counted.items() if file[4:] not in seen)


def test_medicare_numbers_are_unique_well_formed_and_never_assigned(feeds: Path) -> None:
    numbers = mbi(np.arange(1, 200_000, 7)).to_pylist()
    assert len(set(numbers)) == len(numbers)
    # CMS: position 2 is a letter, never S, L, O, I, B or Z.
    pattern = r"[1-9]S[0-9AC-HJKMNP-RT-Y]\d[AC-HJKMNP-RT-Y][0-9AC-HJKMNP-RT-Y]\d[AC-HJKMNP-RT-Y]{2}\d\d"
    assert one(f"select bool_and(regexp_full_match(unnest, '{pattern}')) from unnest({numbers[:500]})") is True
    assert not set(mbi(np.arange(1, 50), former=True).to_pylist()) & set(mbi(np.arange(1, 50)).to_pylist())


def test_a_new_medicare_number_appears_in_the_crosswalk_and_not_before(
    tables: list[dict[str, pa.Table]], tmp_path: Path
) -> None:
    calendar = Calendar.ending(THROUGH, 36)
    writer = CclfWriter(Payer("aco", tmp_path, calendar, received_on(calendar, 1)), declines=0)
    writer.write("eligibility", tables[0]["eligibility"])
    writer.close()
    place = next(item for item in layout("v36", "8") if item.name == "BENE_MBI_ID")
    first_crosswalk = min(path.parent.name for path in tmp_path.glob("*/*ZC9*"))
    last = next((tmp_path / "2026-10").glob("*ZC9*"))
    for line in lines_of(last):
        current, former = line[1:12], line[12:23]
        obsolete = date.fromisoformat(line[33:43].decode())
        for path in sorted(tmp_path.glob("*/*ZC8*")):
            sent = {row[place.start - 1 : place.end] for row in lines_of(path)}
            month = date.fromisoformat(f"{path.parent.name}-01")
            assert former not in sent or month <= obsolete
            assert current not in sent or month > obsolete
    assert first_crosswalk > "2023-11" and len(lines_of(last)) > 0


def test_those_who_decline_are_listed_and_sent_no_more(tables: list[dict[str, pa.Table]], tmp_path: Path) -> None:
    calendar = Calendar.ending(THROUGH, 36)
    writer = CclfWriter(Payer("aco", tmp_path, calendar, received_on(calendar, 1)), declines=20)
    for name in ("eligibility", "medical_claim", "pharmacy_claim"):
        writer.write(name, tables[0][name])
    writer.close()
    exclusions = next((tmp_path / "2026-10").glob("*BNEX*")).read_text()
    listed = [part.split("<")[0] for part in exclusions.split("<MBI>")[1:]]
    assert listed and f"<RecordCount>{len(listed)}</RecordCount>" in exclusions
    for path in (tmp_path / "2026-10").glob("*ZC[1-8]*"):
        content = gzip.decompress(path.read_bytes())
        assert not [number for number in listed if number.encode() in content], path.name
    first = next((tmp_path / "2023-11").glob("*ZC8*"))
    assert any(number.encode() in gzip.decompress(first.read_bytes()) for number in listed)


def test_cancellations_in_cclf_are_positive_and_say_that_they_cancel(feeds: Path) -> None:
    fields = {item.name: item for item in layout("v36", "1")}
    payment, kind = fields["CLM_PMT_AMT"], fields["CLM_ADJSMT_TYPE_CD"]
    kinds: dict[bytes, list[float]] = {}
    for path in (feeds / "lakeland_aco").glob("*/*ZC1*"):
        for line in lines_of(path):
            amounts = kinds.setdefault(line[kind.start - 1 : kind.end].strip(), [])
            amounts.append(float(line[payment.start - 1 : payment.end]))
    assert set(kinds) == {b"0", b"1", b"2"}
    assert all(amount >= 0 for amounts in kinds.values() for amount in amounts)


# ---- the pieces ------------------------------------------------------------------------------------------


def test_numbers_stand_to_the_right_with_their_point_and_sign() -> None:
    shown = decimals(np.array([0, 5, -5, 123456, -987654321]), 13, 2)
    assert [row.tobytes().decode() for row in shown] == [
        "         0.00",
        "         0.05",
        "        -0.05",
        "      1234.56",
        "  -9876543.21",
    ]
    assert [row.tobytes() for row in decimals(np.array([0, 42]), 4, 0)] == [b"   0", b"  42"]
    with pytest.raises(ValueError, match="does not fit"):
        decimals(np.array([123456]), 5, 2)


def test_text_is_cut_padded_and_made_plain() -> None:
    words = pa.array(["abc", None, "abcdef", "Zoë"])
    assert [row.tobytes() for row in letters(words, 4)] == [b"abc ", b"    ", b"abcd", b"Zo? "]
    sliced = words.dictionary_encode().slice(2, 1)
    assert [row.tobytes() for row in letters(sliced, 4)] == [b"abcd"]


def test_a_record_refuses_a_field_its_layout_does_not_have() -> None:
    fields = [Field("A", 1, 3, "text", ""), Field("B", 5, 14, "date", "")]
    made = records(fields, {"A": pa.array(["x", "y"]), "B": np.array([0, 20_000])}, 2)
    assert made.tobytes() == b"x   1970-01-01\ny   2024-10-04\n"
    with pytest.raises(ValueError, match="no field C"):
        records(fields, {"C": "x"}, 1)


def test_dates_before_1970_and_no_date_survive() -> None:
    column = pa.array(["1931-05-09", None, "2026-02-28"])
    assert day_column(days(column), "%m/%d/%Y").to_pylist() == ["05/09/1931", None, "02/28/2026"]
    assert day_column(days(column), "%Y-%m-%d").to_pylist() == column.to_pylist()


def test_growing_files_do_not_depend_on_the_pieces_they_come_in(tmp_path: Path) -> None:
    content = b"some lines of a file\n" * 5_000
    for name, size in (("one.gz", len(content)), ("many.gz", 777)):
        growing = Growing()
        for start in range(0, len(content), size):
            growing.append(tmp_path / name, content[start : start + size])
        growing.close()
    assert gzip.decompress((tmp_path / "many.gz").read_bytes()) == content
    assert (tmp_path / "one.gz").read_bytes() == (tmp_path / "many.gz").read_bytes()


def test_a_workbook_opens_and_holds_what_was_given() -> None:
    table = pa.table({"Name": ["A & B <Ltd>", None], "ZIP": ["00501", "60601"]})
    book = openpyxl.load_workbook(io.BytesIO(workbook(table, "Roster of May", "Roster")))
    rows = list(book["Roster"].iter_rows(values_only=True))
    assert rows[0][0] == "Roster of May"
    assert rows[2:] == [("Name", "ZIP"), ("A & B <Ltd>", "00501"), (None, "60601")]


@pytest.fixture
def spans() -> Callable[..., Spans]:
    def make(*rows: tuple[str, str, str | None, str | None]) -> Spans:
        names = ("person_id", "enrollment_start_date", "enrollment_end_date", "end_reported_on")
        table = pa.table({name: pa.array([row[at] for row in rows], pa.string()) for at, name in enumerate(names)})
        return Spans.of(table.append_column("death_date", pa.nulls(len(rows), pa.string())))

    return make


def test_an_end_is_sent_when_the_payer_has_learnt_of_it(spans: Callable[..., Spans]) -> None:
    calendar = Calendar.ending(date(2026, 6, 30), 6)
    known = spans(("P1", "2025-01-01", "2026-02-28", "2026-05-10"), ("P2", "2026-03-01", None, None))

    def ends(table: pa.Table) -> list[tuple[str, str]]:
        return list(zip(table["person_id"].to_pylist(), table["enrollment_end_date"].to_pylist(), strict=True))

    assert ends(known.full(calendar, 0, "9999-12-31")) == [("P1", "9999-12-31")]
    assert ends(known.full(calendar, 3, "")) == [("P1", None), ("P2", None)]
    assert ends(known.full(calendar, 4, "")) == [("P1", "2026-02-28"), ("P2", None)]
    assert [ends(known.changed(calendar, month, "")) for month in range(6)] == [
        [("P1", None)], [], [("P2", None)], [], [("P1", "2026-02-28")], [],
    ]  # fmt: skip
    # Covered in April as far as the payer knew then, not covered in May.
    assert [known.covered(calendar, month)["person_id"].to_pylist() for month in (1, 3, 4)] == [
        ["P1"], ["P1", "P2"], ["P2"],
    ]  # fmt: skip


def test_a_person_with_two_spans_in_a_month_is_covered_once(spans: Callable[..., Spans]) -> None:
    calendar = Calendar.ending(date(2026, 6, 30), 6)
    two = spans(("P1", "2025-01-01", "2026-02-10", "2026-02-10"), ("P1", "2026-02-20", None, None))
    assert two.covered(calendar, 1).select(["person_id", "enrollment_start_date"]).to_pylist() == [
        {"person_id": "P1", "enrollment_start_date": "2026-02-20"}
    ]
