"""CMS's claim feed: its layouts, its netting rules, its numbers for people, and what happens when it is damaged."""

from __future__ import annotations

import csv
import datetime
import re
from decimal import Decimal

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.build import load_raw
from data.sources.cms_cclf.layouts import FILES, layout, lengths, record_length, versions
from data.sources.cms_cclf.netting import superseded_claims

from .conftest import Cclf

ANNA, BORIS, CLARA = "1A00A00AA01", "1A00A00AA02", "1A00A00AA03"
BORIS_BEFORE, BORIS_FIRST = "1A00A00AA12", "1A00A00AA22"


def person(mbi: str, **changes: str) -> dict[str, str]:
    return {
        "BENE_MBI_ID": mbi,
        "BENE_DOB": "1940-01-02",
        "BENE_SEX_CD": "2",
        "BENE_RACE_CD": "1",
        "BENE_ZIP_CD": "02134",
        "BENE_DUAL_STUS_CD": "NA",
        "BENE_DEATH_DT": "1000-01-01",
    } | changes


def header(claim: str, payment: str, mbi: str = ANNA, **changes: str) -> dict[str, str]:
    """An outpatient bill of one day at one hospital."""
    return {
        "CUR_CLM_UNIQ_ID": claim,
        "BENE_MBI_ID": mbi,
        "CLM_TYPE_CD": "40",
        "CLM_FROM_DT": "2026-01-03",
        "CLM_THRU_DT": "2026-01-03",
        "CLM_BILL_FAC_TYPE_CD": "1",
        "CLM_BILL_CLSFCTN_CD": "3",
        "CLM_BILL_FREQ_CD": "1",
        "PRNCPL_DGNS_CD": "R079",
        "CLM_PMT_AMT": payment,
        "BENE_PTNT_STUS_CD": "01",
        "FAC_PRVDR_NPI_NUM": "1999999984",
        "CLM_BLG_PRVDR_OSCAR_NUM": "220999",
        "CLM_ADJSMT_TYPE_CD": "0",
        "CLM_EFCTV_DT": "2026-02-01",
        "DGNS_PRCDR_ICD_IND": "0",
    } | changes


def line(claim: str, number: str = "1", payment: str = "0.00", **changes: str) -> dict[str, str]:
    return {
        "CUR_CLM_UNIQ_ID": claim,
        "CLM_LINE_NUM": number,
        "BENE_MBI_ID": ANNA,
        "CLM_TYPE_CD": "40",
        "CLM_LINE_FROM_DT": "2026-01-03",
        "CLM_LINE_THRU_DT": "2026-01-03",
        "CLM_LINE_PROD_REV_CTR_CD": "0450",
        "CLM_LINE_CVRD_PD_AMT": payment,
    } | changes


def service(claim: str, number: str, payment: str, control: str, **changes: str) -> dict[str, str]:
    """A line of a physician's claim."""
    return {
        "CUR_CLM_UNIQ_ID": claim,
        "CLM_LINE_NUM": number,
        "BENE_MBI_ID": ANNA,
        "CLM_TYPE_CD": "71",
        "CLM_FROM_DT": "2026-01-03",
        "CLM_THRU_DT": "2026-01-03",
        "CLM_POS_CD": "11",
        "CLM_LINE_FROM_DT": "2026-01-03",
        "CLM_LINE_THRU_DT": "2026-01-03",
        "CLM_LINE_HCPCS_CD": "99213",
        "CLM_LINE_CVRD_PD_AMT": payment,
        "CLM_LINE_ALOWD_CHRG_AMT": payment,
        "CLM_CARR_PMT_DNL_CD": "1",
        "CLM_PRCSG_IND_CD": "A",
        "CLM_ADJSMT_TYPE_CD": "0",
        "CLM_EFCTV_DT": "2026-02-01",
        "CLM_CNTL_NUM": control,
        "CLM_DGNS_1_CD": "I10",
    } | changes


def fill(claim: str, **changes: str) -> dict[str, str]:
    return {
        "CUR_CLM_UNIQ_ID": claim,
        "BENE_MBI_ID": ANNA,
        "CLM_LINE_NDC_CD": "00071015523",
        "CLM_TYPE_CD": "01",
        "CLM_LINE_FROM_DT": "2026-01-09",
        "PRVDR_SRVC_ID_QLFYR_CD": "01",
        "CLM_SRVC_PRVDR_GNRC_ID_NUM": "1999999976",
        "CLM_LINE_SRVC_UNIT_QTY": "30.0000",
        "CLM_LINE_DAYS_SUPLY_QTY": "30",
        "PRVDR_PRSBNG_ID_QLFYR_CD": "06",
        "CLM_PRSBNG_PRVDR_GNRC_ID_NUM": "AB1234563",
        "CLM_LINE_BENE_PMT_AMT": "10.00",
        "CLM_ADJSMT_TYPE_CD": "0",
        "CLM_EFCTV_DT": "1000-01-01",
        "CLM_LINE_RX_SRVC_RFRNC_NUM": "000000000042",
        "CLM_LINE_RX_FILL_NUM": "1",
    } | changes


FINAL = (
    "select claim_id, sum(paid_amount) from raw.medical_claim where not is_superseded group by 1 order by 1"
)


def test_a_layout_covers_every_position_of_its_record_once():
    for version in versions():
        for file in FILES:
            fields = layout(version, file)
            assert [field.start for field in fields] == [1, *(field.end + 1 for field in fields[:-1])]
            assert len({field.name for field in fields}) == len(fields)


def test_the_newest_layout_is_cms_version_36(shared):
    for file in FILES:
        with (shared / "reference" / "cclf_layouts" / f"cclf_{file.lower()}.csv").open() as stream:
            published = [
                (
                    re.sub(r"[\s…]", "", row["field_label"]),
                    int(row["Start Position"]),
                    int(row["End Position"]),
                )
                for row in csv.DictReader(stream)
            ]
        assert [(field.name, field.start, field.end) for field in layout("v36", file)] == published


def test_the_length_of_a_record_tells_the_version():
    assert lengths("1") == {437: "v36", 292: "2021"}
    assert lengths("A") == {324: "v36", 101: "2021", 100: "2019"}
    assert lengths("8") == {549: "v36"}


def test_cms_worked_example_of_part_a_comes_to_260_dollars(cclf, load):
    """Information Packet 5.3.2, table 4: claims 4, 7 and one of 2 and 5 are final."""
    feed = cclf()
    types = {"2": "2026-09-20", "3": "2026-08-07", "4": "2026-09-20", "5": "2026-08-07", "6": "2026-10-07"}
    claims = [("1", "200.00", "0"), ("2", "0.00", "2"), ("3", "200.00", "1"), ("4", "210.00", "2")]
    claims += [("5", "0.00", "2"), ("6", "0.00", "1")]
    headers = [
        header(f"100{n}", amount, CLM_ADJSMT_TYPE_CD=kind, CLM_EFCTV_DT=types.get(n, "2026-07-20"))
        for n, amount, kind in claims
    ]
    headers.append(header("1007", "50.00", CLM_FROM_DT="2026-01-05", CLM_THRU_DT="2026-01-05"))
    # The cancellation of the first claim comes in a later delivery than the claim.
    feed.deliver("260715", {"8": [person(ANNA)], "1": headers[:1], "2": [line("1001")], "5": []})
    feed.deliver(
        "261115", {"1": headers[1:], "2": [line(one["CUR_CLM_UNIQ_ID"]) for one in headers[1:]], "5": []}
    )
    loaded = load(feed.feeds)
    final = dict(loaded.rows(FINAL))
    assert set(final) - {"1002", "1005"} == {"1004", "1007"} and len(final) == 3
    assert sum(final.values()) == Decimal("260.00")
    # Nothing is lost: the debits and credits of all seven claims come to the same.
    assert loaded.rows("select sum(paid_amount), count(*) from raw.medical_claim") == [(Decimal("260.00"), 7)]


@pytest.fixture(scope="module")
def netted(tmp_path_factory):
    """Deliveries of three months with adjustments of every part, loaded once."""
    feed = Cclf(tmp_path_factory.mktemp("netted"))
    headers = [header("1101", "150.00"), header("1102", "95.00")]
    headers.append(header("1103", "150.00", CLM_ADJSMT_TYPE_CD="1", CLM_EFCTV_DT="2026-03-01"))
    headers.append(header("1104", "70.00", CLM_BLG_PRVDR_OSCAR_NUM="220998"))
    headers.append(header("1105", "30.00", CLM_BLG_PRVDR_OSCAR_NUM="220998"))
    headers.append(header("1106", "9.00", CLM_MDCR_NPMT_RSN_CD="N"))
    lines = [line(one["CUR_CLM_UNIQ_ID"]) for one in headers]
    headers.append(header("1201", "80.00", CLM_FROM_DT="2026-01-02"))
    headers.append(header("1301", "100.00", CLM_FROM_DT="2025-12-31"))
    headers.append(header("1302", "100.00", CLM_FROM_DT="2025-12-30"))
    headers.append(header("1303", "33.00", CLM_FROM_DT="2025-12-29"))
    lines += [line("1201"), line("1301", "1", "60.00"), line("1301", "2", "40.00")]
    lines += [line("1302", "2", "60.00"), line("1302", "3", "60.00")]
    rows = [
        service("2101", n, amount, "K1") for n, amount in (("1", "380.00"), ("2", "227.00"), ("3", "100.00"))
    ]
    rows += [service("2102", n, amount, "K1") for n, amount in (("1", "380.00"), ("2", "120.00"))]
    rows += [
        service("2103", n, amount, "K1", CLM_ADJSMT_TYPE_CD="1")
        for n, amount in (("1", "380.00"), ("2", "120.00"))
    ]
    rows += [service("2104", "1", "10.00", "K2", CLM_PRCSG_IND_CD="N")]
    rows += [service("2105", "1", "10.00", "K3", CLM_CARR_PMT_DNL_CD="0")]
    other = {"CLM_LINE_RX_SRVC_RFRNC_NUM": "43"}
    feed.deliver(
        "260215",
        {
            "8": [person(ANNA)],
            "1": headers,
            "2": lines,
            "5": rows,
            "7": [fill("3001"), fill("3002", **other)],
        },
    )
    feed.deliver(
        "260315",
        {
            "8": [person(ANNA)],
            "1": [header("1201", "80.00", CLM_FROM_DT="2026-01-02", CLM_IDR_LD_DT="2026-03-09")],
            "2": [line("1201", CLM_LINE_THRU_DT="2026-01-04")],
            "5": [service("2201", "1", "5.00", "K5")],
            "7": [fill("3003", CLM_ADJSMT_TYPE_CD="2"), fill("3004", CLM_ADJSMT_TYPE_CD="1", **other)],
        },
    )
    feed.deliver("260415", {"5": [service("2201", "1", "5.00", "K5", CLM_IDR_LD_DT="2026-03-09")]})
    work = feed.feeds.parent / "work" / "work.duckdb"
    load_raw(feed.feeds, work, today=datetime.date(2026, 6, 1), threads=1)
    with duckdb.connect(str(work), read_only=True) as connection:
        assert connection.execute("select count(*) from raw.quarantine").fetchone() == (0,)
        yield lambda sql: connection.execute(sql).fetchall()


def final_of(netted, claims: str) -> dict[str, Decimal]:
    """What is paid for the claims that are final, of those whose number begins so."""
    return dict(
        netted(
            "select claim_id, sum(paid_amount) from raw.medical_claim "
            f"where not is_superseded and claim_id like '{claims}%' group by 1"
        )
    )


def test_two_bills_of_one_natural_key_are_both_final_unless_cancelled(netted):
    assert final_of(netted, "11") == {"1102": Decimal("95"), "1104": Decimal("70"), "1105": Decimal("30")}


def test_a_cancellation_of_part_b_takes_back_one_claim_with_all_its_lines(netted):
    """Information Packet 5.3.2, table 6: of two originals with one control number, one is cancelled."""
    assert final_of(netted, "21") == {"2101": Decimal("707.00")}
    assert netted("select sum(paid_amount) from raw.medical_claim where claim_id = '2103'") == [
        (Decimal("-500"),)
    ]


def test_a_claim_sent_again_counts_once_as_last_sent(netted):
    sent = "select claim_id, file_name[-15:-10], is_superseded from raw.medical_claim"
    assert netted(f"{sent} where claim_id in ('1201', '2201') order by 1, 2") == [
        ("1201", "260215", True),
        ("1201", "260315", False),
        ("2201", "260315", True),
        ("2201", "260415", False),
    ]


def test_the_latest_of_a_part_d_fill_counts_and_a_reversed_fill_does_not(netted):
    assert netted(
        """
        select claim_id, quantity, days_supply, paid_amount, paid_date, dispensing_provider_npi,
            prescribing_provider_npi
        from raw.pharmacy_claim where not is_superseded
        """
    ) == [("3003", 30.0, 30, None, None, "1999999976", None)]


def test_line_payments_are_used_only_where_they_add_up_to_the_claim(netted):
    assert netted(
        "select claim_id, claim_line_number, paid_amount, allowed_amount from raw.medical_claim "
        "where claim_id like '13%' order by 1, 2"
    ) == [
        ("1301", 1, Decimal("60.00"), Decimal("60.00")),
        ("1301", 2, Decimal("40.00"), Decimal("40.00")),
        ("1302", 2, Decimal("100.00"), Decimal("100.00")),
        ("1302", 3, Decimal("0.00"), Decimal("0.00")),
        # A header without lines keeps its payment as a line of its own.
        ("1303", 1, Decimal("33.00"), Decimal("33.00")),
    ]
    assert netted(
        "select input_table, rows_in, rows_loaded from raw.feed_file "
        "where kind = 'cclf1' and file_name like '%D260215%' order by 1"
    ) == [("cclf1", 9, 9), ("medical_claim", 1, 1)]


def test_claims_of_a_former_number_belong_to_the_present_one(cclf, load):
    feed = cclf()
    links = [
        {"HICN_MBI_XREF_IND": "M", "CRNT_NUM": new, "PRVS_NUM": old, "PRVS_ID_EFCTV_DT": "2020-01-01"}
        for old, new in ((BORIS_FIRST, BORIS_BEFORE), (BORIS_BEFORE, BORIS))
    ]
    headers = [
        header("1001", "100.00", BORIS_FIRST),
        header("1002", "100.00", BORIS, CLM_ADJSMT_TYPE_CD="1"),
        header("1003", "70.00", BORIS_BEFORE, CLM_ADJSMT_TYPE_CD="2"),
    ]
    feed.deliver(
        "260215",
        {
            "8": [person(BORIS_BEFORE)],
            "9": links,
            "1": headers,
            "2": [line(one["CUR_CLM_UNIQ_ID"]) for one in headers],
            "5": [service("2001", "1", "5.00", "K1", BENE_MBI_ID=BORIS_FIRST)],
        },
    )
    loaded = load(feed.feeds)
    assert loaded.rows("select person_id, member_id from raw.eligibility") == [(BORIS, BORIS)]
    assert loaded.rows("select distinct person_id from raw.medical_claim") == [(BORIS,)]
    # The cancellation is found although it was written with another number than the claim.
    assert loaded.rows(FINAL) == [("1003", Decimal("70.00")), ("2001", Decimal("5.00"))]


def test_who_declined_to_share_data_is_left_out_and_not_kept(cclf, load):
    feed = cclf()
    feed.deliver(
        "260215",
        {
            "8": [person(ANNA), person(BORIS_BEFORE), person(CLARA)],
            "9": [{"HICN_MBI_XREF_IND": "M", "CRNT_NUM": BORIS, "PRVS_NUM": BORIS_BEFORE}],
            "1": [header("1001", "100.00", BORIS)],
            "2": [line("1001", BENE_MBI_ID=BORIS)],
            "5": [service("2001", "1", "5.00", "K1", BENE_MBI_ID=BORIS, CLM_LINE_CVRD_PD_AMT="x")],
        },
    )

    def exclusions(date: str, *people: tuple[str, str]) -> None:
        rows = "".join(
            f"<Beneficiary><MBI>{mbi}</MBI><BeneExcReasons><BeneExcReason>{why}</BeneExcReason></BeneExcReasons>"
            "</Beneficiary>"
            for mbi, why in people
        )
        (feed.folder / f"P.A9901.BNEX.Y26.D{date}.T0700000.xml").write_text(
            f"<PFDCACOBeneData><Beneficiarys>{rows}</Beneficiarys>"
            f"<Trailer><RecordCount>{len(people)}</RecordCount></Trailer></PFDCACOBeneData>"
        )

    exclusions("260115", (ANNA, "BD"))
    exclusions("260215", (BORIS_BEFORE, "BD"), (CLARA, "PL"))
    loaded = load(feed.feeds)
    assert loaded.rows("select person_id from raw.eligibility order by 1") == [(ANNA,), (CLARA,)]
    assert loaded.rows("select count(*) from raw.medical_claim") == [(0,)]
    assert loaded.rows("select count(*) from raw.quarantine") == [(0,)]
    assert loaded.rows("select sum(rows_filtered) from raw.feed_file where kind in ('cclf2', 'cclf5')") == [
        (2,)
    ]


def test_a_stay_reads_like_any_other_payers(cclf, load):
    feed = cclf()
    stay = header(
        "1001",
        "1000.00",
        CLM_TYPE_CD="60",
        CLM_THRU_DT="2026-01-06",
        CLM_BILL_CLSFCTN_CD="1",
        DGNS_DRG_CD="0291",
        PRNCPL_DGNS_CD="I509",
        CLM_MDCR_INSTNL_TOT_CHRG_AMT="4000.00",
        CLM_ADMSN_SRC_CD="1",
    )
    feed.deliver(
        "260215",
        {
            "8": [person(ANNA, BENE_DEATH_DT="2026-02-03", BENE_DUAL_STUS_CD="02")],
            "1": [stay],
            "2": [line("1001", "01", "0.00"), line("1001", "02", "0.00", CLM_LINE_PROD_REV_CTR_CD="0120")],
            "3": [{"CUR_CLM_UNIQ_ID": "1001", "CLM_VAL_SQNC_NUM": "1", "CLM_PRCDR_CD": "5A1D70Z"}],
            "4": [
                {"CUR_CLM_UNIQ_ID": "1001", "CLM_PROD_TYPE_CD": t, "CLM_VAL_SQNC_NUM": n, "CLM_DGNS_CD": code}
                for t, n, code in (("E", "1", "W19XXXA"), ("D", "2", "E119"), ("D", "1", "I509"))
            ],
            "A": [
                {
                    "CUR_CLM_UNIQ_ID": "1001",
                    "CLM_ACTV_CARE_FROM_DT": "2026-01-02",
                    "CLM_MDCR_IP_BENE_DDCTBL_AMT": "1600.00",
                    "CLM_MDCR_DDCTBL_AMT": "1600.00",
                    "CLM_MDCR_COINSRNC_AMT": "50.00",
                    "CLM_RLT_COND_CD": condition,
                }
                for condition in ("62", "17")
            ],
        },
    )
    loaded = load(feed.feeds)
    assert loaded.rows(
        """
        select claim_line_number, claim_type, bill_type_code, revenue_center_code, admission_date::varchar,
            discharge_date::varchar, drg_code, paid_amount, allowed_amount, charge_amount, diagnosis_code_1,
            diagnosis_code_2, diagnosis_code_3, diagnosis_code_4, procedure_code_1, paid_date::varchar
        from raw.medical_claim order by 1
        """
    ) == [
        (1, "institutional", "111", "0450", "2026-01-02", "2026-01-06", "291", Decimal("1000.00"),
         Decimal("2650.00"), Decimal("4000.00"), "I509", "E119", "W19XXXA", None, "5A1D70Z", "2026-02-01"),
        (2, "institutional", "111", "0120", "2026-01-02", "2026-01-06", "291", Decimal("0.00"),
         Decimal("0.00"), None, "I509", "E119", "W19XXXA", None, "5A1D70Z", "2026-02-01"),
    ]  # fmt: skip
    assert loaded.rows(
        "select sex, race, dual_status_code, death_date::varchar, enrollment_start_date::varchar, "
        "enrollment_end_date::varchar, contract_id, market_id from raw.eligibility"
    ) == [("female", "white", "02", "2026-02-03", "2026-02-01", "2026-02-28", "aco", "harbor")]


def test_older_layouts_load_beside_newer_ones(cclf, load):
    feed = cclf()
    for version, date, claim in (("2019", "190215", "1001"), ("2021", "210215", "1002")):
        older = header(claim, "80.00", PRVDR_OSCAR_NUM="220999")
        del older["CLM_BLG_PRVDR_OSCAR_NUM"]
        feed.deliver(
            date,
            {
                "8": [person(ANNA)],
                "1": [older],
                "2": [line(claim)],
                "5": [service(f"2{claim}", "1", "5.00", claim)],
                "A": [{"CUR_CLM_UNIQ_ID": claim, "CLM_PBP_RDCTN_AMT": "1.00"}],
            },
            version=version,
        )
    cancelled = header("1003", "80.00", CLM_ADJSMT_TYPE_CD="1")
    feed.deliver("260215", {"8": [person(ANNA)], "1": [cancelled], "2": [line("1003")]})
    loaded = load(feed.feeds)
    # The newer cancellation takes back the older of the two claims that are alike.
    assert loaded.rows(FINAL) == [
        ("1002", Decimal("80.00")),
        ("21001", Decimal("5.00")),
        ("21002", Decimal("5.00")),
    ]
    assert loaded.reasons() == []


# -- damage --------------------------------------------------------------------------------------------------


def messages(load, feeds) -> str:
    with pytest.raises(ExceptionGroup) as caught:
        load(feeds)
    return "\n".join(str(error) for error in caught.value.exceptions)


def spoil(path, change) -> None:
    path.write_bytes(change(path.read_bytes()))


GOOD = {
    "8": [person(ANNA), person(CLARA)],
    "1": [header("1001", "80.00"), header("1002", "20.00", CLM_FROM_DT="2026-01-02")],
    "2": [line("1001"), line("1002")],
    "5": [service("2001", "1", "5.00", "K1"), service("2002", "1", "6.00", "K2")],
}


def test_a_file_cut_short_is_refused_by_the_summarys_count(cclf, load):
    feed = cclf()
    feed.deliver("260215", GOOD)
    path = feed.path("5", "260215")
    spoil(path, lambda content: content[: record_length("v36", "5") + 1])
    message = messages(load, feed.feeds)
    assert str(path) in message and "holds 1 records" in message and "says 2" in message


def test_every_count_that_is_off_by_one_is_refused_with_both_counts(cclf, load):
    feed = cclf()
    feed.deliver("260215", GOOD, counts={"8": 1, "2": 3, "1": 3})
    message = messages(load, feed.feeds)
    for file, declared in (("8", 1), ("2", 3), ("1", 3)):
        said = rf"ZC{file}.*holds 2 records, but line \d+ of .*ZC0.* says {declared} for CCLF{file}"
        assert re.search(said, message), message


def test_a_count_that_is_off_can_be_accepted_and_is_marked(cclf, load):
    feed = cclf(options={"accept_count_mismatch": True})
    feed.deliver("260215", GOOD, counts={"8": 3})
    loaded = load(feed.feeds)
    assert loaded.rows("select count(*) from raw.eligibility") == [(2,)]
    assert loaded.rows(
        "select row_number, column_name, reason, row_json->>'declared', row_json->>'found' from raw.quarantine"
    ) == [(9, "Total Records Count", "record count differs", "3", "2")]
    assert loaded.rows(
        "select rows_in, rows_loaded, rows_quarantined from raw.feed_file where kind = 'cclf0'"
    ) == [(11, 10, 1)]


def test_a_file_the_summary_counts_has_to_be_there(cclf, load):
    feed = cclf()
    feed.deliver("260215", GOOD, counts={"4": 2})
    feed.path("4", "260215").unlink()
    assert "CCLF4 has 2 records, but the delivery has no such file" in messages(load, feed.feeds)


def test_the_run_out_of_a_year_is_a_delivery_of_its_own(cclf, load):
    """Both series may come on one day, each with a summary."""
    feed = cclf()
    feed.deliver("260215", {"8": [person(ANNA)], "5": [service("2001", "1", "5.00", "K1")]})
    for path in list(feed.folder.glob("P.*")):
        path.rename(path.with_name(path.name.replace("Y26", "R25")))
    feed.deliver("260215", GOOD)
    assert load(feed.feeds).reasons() == []


def test_lines_without_their_headers_file_are_refused(cclf, load):
    feed = cclf()
    feed.deliver("260215", GOOD, summary=False)
    feed.deliver("260315", {"2": [line("1009")]}, summary=False)
    feed.path("1", "260315").unlink()
    message = messages(load, feed.feeds)
    assert str(feed.path("2", "260315")) in message and "CCLF1" in message


def test_a_record_of_the_wrong_width_is_set_aside_with_its_line(cclf, load):
    feed = cclf()
    records = GOOD | {
        "4": [{"CUR_CLM_UNIQ_ID": "1001", "CLM_DGNS_CD": "I10"}] * 2,
        "9": [{"HICN_MBI_XREF_IND": "M", "CRNT_NUM": BORIS, "PRVS_NUM": BORIS_BEFORE}] * 2,
    }
    feed.deliver("260215", records)
    for file in ("2", "4", "5", "8", "9"):
        spoil(feed.path(file, "260215"), lambda content: content[:-4] + b"\n")
    loaded = load(feed.feeds)
    assert loaded.rows("select file_name, row_number, reason from raw.quarantine order by 1") == [
        (feed.path(file, "260215").name, 2, "wrong record width") for file in ("2", "4", "5", "8", "9")
    ]


def test_a_length_no_layout_has_is_refused_with_the_lengths_there_are(cclf, load):
    feed = cclf()
    feed.deliver("260215", GOOD, summary=False)
    spoil(feed.path("1", "260215"), lambda content: content.replace(b"\n", b" \n"))
    message = messages(load, feed.feeds)
    assert "438 characters" in message and "437 (v36), 292 (2021)" in message


def test_a_line_that_is_no_text_is_set_aside_and_the_others_load(cclf, load):
    feed = cclf()
    feed.deliver("260215", GOOD)
    feed.deliver("260315", {"5": [service("2003", "1", "7.00", "K3"), service("2004", "1", "8.00", "K4")]})
    spoil(feed.path("5", "260215"), lambda content: content.replace(b"K2", b"K\0"))
    spoil(feed.path("5", "260315"), lambda content: content.replace(b"K3", b"K\xe9"))
    loaded = load(feed.feeds)
    assert loaded.reasons() == [(2, None, "wrong encoding"), (1, None, "wrong encoding")]
    assert loaded.rows(
        "select claim_id, row_number from raw.medical_claim where claim_type = 'professional' order by 1"
    ) == [("2001", 1), ("2004", 2)]


def test_line_ends_and_blank_lines_change_nothing(cclf, load):
    feed = cclf()
    feed.deliver("260215", GOOD)
    feed.deliver("260315", {"5": [service("2003", "1", "7.00", "K3"), service("2004", "1", "8.00", "K4")]})
    spoil(feed.path("1", "260215"), lambda content: content.replace(b"\n", b"\r\n"))
    spoil(feed.path("2", "260215"), lambda content: content.replace(b"\n", b"\r\n", 1))
    spoil(feed.path("5", "260215"), lambda content: b"\xef\xbb\xbf" + content)
    spoil(feed.path("5", "260315"), lambda content: content[:-1])
    spoil(feed.path("8", "260215"), lambda content: content + b"\n\n")
    loaded = load(feed.feeds)
    assert loaded.reasons() == []
    assert loaded.rows("select claim_id, row_number from raw.medical_claim order by 1") == [
        ("1001", 1),
        ("1002", 2),
        ("2001", 1),
        ("2002", 2),
        ("2003", 1),
        ("2004", 2),
    ]
    assert loaded.rows("select count(*) from raw.eligibility") == [(2,)]


def test_a_fault_in_a_field_is_named_as_cms_names_it(cclf, load):
    feed = cclf()
    feed.deliver(
        "260215",
        {
            "8": [person(ANNA, BENE_DOB="1940-13-01"), person(CLARA)],
            "1": [
                header("1001", "80.00"),
                header("1002", "8O.00", CLM_FROM_DT="2026-01-02"),
                header("1001", "80.00"),
            ],
            "2": [line("1001", "2"), line("1002"), line("1009")],
            "4": [{"CUR_CLM_UNIQ_ID": "1008", "CLM_DGNS_CD": "I10"}],
            "5": [service("2001", "1", "5.00", "K1"), service("2002", "1", "6.OO", "K2")],
        },
    )
    loaded = load(feed.feeds)
    assert loaded.rows(
        "select file_name[13:15], row_number, column_name, reason from raw.quarantine order by 1, 2"
    ) == [
        ("ZC1", 3, "CUR_CLM_UNIQ_ID", "duplicate key"),
        ("ZC2", 2, "CLM_PMT_AMT", "bad amount"),
        ("ZC2", 3, "CUR_CLM_UNIQ_ID", "line without claim header"),
        ("ZC4", 1, "CUR_CLM_UNIQ_ID", "line without claim header"),
        ("ZC5", 2, "CLM_LINE_CVRD_PD_AMT", "bad amount"),
        ("ZC8", 1, "BENE_DOB", "bad or missing date"),
    ]
    assert loaded.rows("select count(*) from raw.medical_claim") == [(2,)]


def test_the_number_of_a_record_is_that_of_its_line_in_large_files(cclf, tmp_path):
    """Files are cut by several threads at once and share a table; numbers have to survive both."""
    feed = cclf()
    feed.deliver("260215", GOOD, summary=False)
    wrong = (1, 75_000, 130_001, 150_000)
    for date in ("260215", "260315"):
        rows = (f"{n:07d}{date}".ljust(129 if n in wrong else 128) for n in range(1, 150_001))
        feed.path("B", date).write_text("\n".join(rows))
    work = tmp_path / "work" / "work.duckdb"
    load_raw(feed.feeds, work, today=datetime.date(2026, 6, 1), threads=2)
    with duckdb.connect(str(work), read_only=True) as connection:
        found = connection.execute(
            "select file_name, row_number, cast(row_json->>'line' as varchar)[:13] from raw.quarantine order by 1, 2"
        ).fetchall()
    assert found == [
        (feed.path("B", date).name, number, f"{number:07d}{date}")
        for date in ("260215", "260315")
        for number in wrong
    ]


# -- the netting rule itself ---------------------------------------------------------------------------------

AMOUNTS = st.sampled_from([Decimal("0.00"), Decimal("10.00"), Decimal("25.50")])


@settings(max_examples=60, deadline=None)
@given(
    claims=st.lists(st.tuples(st.sampled_from("AB"), AMOUNTS, st.sampled_from("02")), max_size=8),
    cancelled=st.lists(st.booleans(), min_size=8, max_size=8),
)
def test_final_claims_pay_what_debits_and_credits_come_to(claims, cancelled):
    """Whatever is cancelled, as long as it is there: Information Packet 5.3.1 and 5.3.2 agree."""
    rows = [(f"c{n}", key, amount, kind) for n, (key, amount, kind) in enumerate(claims)]
    rows += [(f"x{n}", key, amount, "1") for n, (key, amount, _) in enumerate(claims) if cancelled[n]]
    values = ", ".join(
        f"('{claim}', '{key}', {amount}::decimal(18, 2), '{kind}')" for claim, key, amount, kind in rows
    )
    source = f"""(
        select *, cast(null as varchar) as effective, 0 as delivery, false as is_denied
        from (values {values or "('', '', 0::decimal(18, 2), '1')"}) as v (claim_id, related_set, amount, adjustment)
    ) as claims"""
    superseded = {row[0] for row in duckdb.sql(superseded_claims(source)).fetchall()}
    final = [row for row in rows if row[0] not in superseded]
    assert all(kind != "1" for _, _, _, kind in final)
    assert len(final) == len(claims) - sum(cancelled[: len(claims)])
    net = sum((-amount if kind == "1" else amount for _, _, amount, kind in rows), Decimal(0))
    assert sum((amount for _, _, amount, _ in final), Decimal(0)) == net
