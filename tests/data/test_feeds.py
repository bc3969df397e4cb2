"""A source.yaml that is wrong says where and what to do; a feed with a fault stops the build."""

from __future__ import annotations

import gzip

import pytest

from data.feeds import FeedError, find_feeds


def problems(load, feeds) -> str:
    with pytest.raises(ExceptionGroup) as caught:
        load(feeds)
    assert caught.group_contains(FeedError)
    return "\n".join(str(error) for error in caught.value.exceptions)


@pytest.mark.parametrize(
    ("change", "line", "words"),
    [
        (
            ("format: tuva_input_layer", "format: tuva"),
            2,
            ["format", "'tuva' is not possible", "organization"],
        ),
        (("person_ids: shared", "person_id: shared"), 3, ["person_id", "is not a known key"]),
        (("plan: medicare", "plan: 02134"), 14, ["contract_rules[0].when.plan", "quotes"]),
        (("contract_id: aco", "contract_idx: aco"), 5, ["contracts[0].contract_id", "is missing"]),
        (("lob", "line_of_business: medical"), 7, ["line_of_business", "'medical' is not possible"]),
        (("name: payer", "name: Payer One"), 1, ["name", "lower case"]),
        (("state: MA", "state: MA: x"), 11, ["not valid YAML"]),
    ],
)
def test_a_mistake_in_source_yaml_names_file_line_and_key(write_feed, change, line, words):
    feeds = write_feed()
    path = feeds / "payer" / "source.yaml"
    old = "line_of_business: medicare" if change[0] == "lob" else change[0]
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, change[1], 1))
    with pytest.raises(ExceptionGroup) as caught:
        find_feeds(feeds)
    message = str(caught.value.exceptions[0])
    for word in [str(path), f"line {line}", *words]:
        assert word in message


def test_a_missing_required_file_is_named(write_feed, load):
    message = problems(load, write_feed({"medical_claim.csv": None}))
    assert "no file for medical_claim" in message
    assert "payer/source.yaml" in message


def test_a_missing_required_column_is_named(write_feed, load, claim):
    row = claim()
    del row["revenue_center_code"]
    message = problems(load, write_feed({"medical_claim.csv": [row]}))
    assert "medical_claim.csv" in message
    assert "required column revenue_center_code missing" in message


def test_every_fault_of_every_feed_is_told_at_once(write_feed, load, claim, member):
    row = claim()
    del row["paid_amount"]
    write_feed({"medical_claim.csv": [row], "eligibility.csv": b""}, name="one")
    message = problems(load, write_feed({"medical_claim.csv": b"PAR1 is not enough"}, name="two"))
    assert "paid_amount" in message
    assert "has no header line" in message
    assert "two/medical_claim.csv" in message


@pytest.mark.parametrize("spoil", [lambda whole: whole[:-20], lambda whole: b"not gzip" + whole])
def test_a_damaged_gzip_file_stops_the_feed_rather_than_losing_rows(write_feed, load, claim, spoil):
    rows = ",".join(claim()) + "\n" + (",".join(claim().values()) + "\n") * 1000
    feeds = write_feed(
        {"medical_claim.csv": None, "medical_claim.csv.gz": spoil(gzip.compress(rows.encode()))}
    )
    assert "medical_claim.csv.gz" in problems(load, feeds)


def test_a_damaged_parquet_file_stops_the_feed(write_feed, load):
    feeds = write_feed({"medical_claim.csv": None, "medical_claim.parquet": b"PAR1" + b"\0" * 100})
    assert "is not a whole Parquet file" in problems(load, feeds)


def test_extra_and_missing_optional_columns_are_tolerated(write_feed, load, member):
    row = member | {"favourite_colour": "blue"}
    del row["payer"]
    loaded = load(write_feed({"eligibility.csv": [row]}))
    assert loaded.rows("select person_id, payer from raw.eligibility") == [("10", None)]


def test_a_file_that_repeats_another_is_skipped_and_recorded(write_feed, load, claim):
    loaded = load(
        write_feed(
            {"medical_claim_a.csv": [claim()], "medical_claim_b.csv": [claim()], "medical_claim.csv": None}
        )
    )
    assert loaded.rows(
        "select file_name, rows_in, rows_loaded, status, duplicate_of from raw.feed_file "
        "where input_table = 'medical_claim' order by 1"
    ) == [
        ("medical_claim_a.csv", 1, 1, "loaded", None),
        ("medical_claim_b.csv", 0, 0, "duplicate", "medical_claim_a.csv"),
    ]
    assert loaded.rows("select duplicate_files from raw.feed") == [(1,)]
    assert loaded.reasons() == []


def test_own_ids_are_prefixed_in_every_table(write_feed, load, tmp_path):
    files = {
        "immunization.csv": b"immunization_id,person_id,occurrence_date\ni1,10,2025-01-01\n",
        "lab_result.csv": b"lab_result_id,person_id,result_datetime\nl1,10,2025-01-01 08:00:00\n",
    }
    write_feed(files, name="one", person_ids="own")
    loaded = load(write_feed(files, name="two", person_ids="own"))
    for table in ("eligibility", "medical_claim", "immunization", "lab_result"):
        assert loaded.rows(f"select person_id from raw.{table} order by 1") == [("one:10",), ("two:10",)], (
            table
        )


def test_shared_ids_are_kept_as_they_are(write_feed, load):
    write_feed(name="one")
    loaded = load(write_feed(name="two"))
    assert loaded.rows("select distinct person_id from raw.medical_claim") == [("10",)]


def test_the_first_rule_that_matches_places_a_row(write_feed, load, member, claim):
    people = [
        member | {"zip_code": "02134"},
        member | {"person_id": "11", "zip_code": "02999", "state": "RI"},
        member | {"person_id": "12", "zip_code": "", "state": ""},
    ]
    claims = [
        claim(),
        claim(claim_id="c2", person_id="11", plan="Medicare "),
        claim(claim_id="c3", plan="other"),
    ]
    feeds = write_feed(
        {"eligibility.csv": people, "medical_claim.csv": claims},
        markets=[{"market_id": name, "market_name": name} for name in ("harbor", "bay")],
        market_rules=[
            {"when": {"zip_code": ["021*", "022*"], "state": "MA"}, "market_id": "harbor"},
            {"when": {"zip_code": "02*"}, "market_id": "bay"},
        ],
    )
    loaded = load(feeds)
    assert loaded.rows("select person_id, market_id from raw.eligibility order by 1") == [
        ("10", "harbor"),
        ("11", "bay"),
        ("12", "unassigned"),
    ]
    assert loaded.rows("select claim_id, contract_id from raw.medical_claim order by 1") == [
        ("c1", "aco"),
        ("c2", "aco"),
        ("c3", "unassigned"),
    ]
    assert loaded.counts[0].unassigned == {"eligibility": 1, "medical_claim": 1}
    for dimension in ("market", "contract"):
        assert loaded.rows(f"select count(*) from raw.{dimension} where {dimension}_id = 'unassigned'") == [
            (1,)
        ]


def test_a_claim_follows_its_member_where_only_eligibility_has_the_column(write_feed, load, member, claim):
    people = [
        member | {"group_id": "A", "enrollment_end_date": "2025-06-30"},
        member | {"group_id": "B", "enrollment_start_date": "2025-07-01"},
    ]
    dates = {"before": "2024-12-01", "early": "2025-03-01", "late": "2025-08-01"}
    claims = [
        claim(
            claim_id=name,
            claim_start_date=day,
            claim_end_date=day,
            claim_line_start_date="",
            claim_line_end_date="",
        )
        for name, day in dates.items()
    ]
    feeds = write_feed(
        {
            "eligibility.csv": people,
            "medical_claim.csv": [*claims, claim(claim_id="stranger", person_id="99")],
        },
        contracts=[{"contract_id": name, "contract_name": name} for name in ("first", "second")],
        contract_rules=[
            {"when": {"group_id": "A"}, "contract_id": "first"},
            {"when": {"group_id": "B"}, "contract_id": "second"},
        ],
    )
    assert load(feeds).rows("select claim_id, contract_id from raw.medical_claim order by 1") == [
        ("before", "first"),
        ("early", "first"),
        ("late", "second"),
        ("stranger", "unassigned"),
    ]


def test_a_rule_on_a_column_nobody_has_is_refused(write_feed, load):
    message = problems(load, write_feed(market_rules=[{"when": {"zipp": "0*"}, "market_id": "harbor"}]))
    assert "market_rules" in message and "zipp" in message


def test_a_rule_for_an_undeclared_contract_is_refused(write_feed):
    with pytest.raises(ExceptionGroup) as caught:
        find_feeds(write_feed(contract_rules=[{"when": {}, "contract_id": "acorn"}]))
    assert "'acorn' is declared nowhere" in str(caught.value.exceptions[0])


def test_two_declarations_of_a_contract_must_agree(write_feed, load):
    contract = {"contract_id": "aco", "contract_name": "An ACO", "line_of_business": "medicaid"}
    write_feed(name="one")
    message = problems(load, write_feed(name="two", contracts=[contract]))
    assert "contract 'aco'" in message and "line_of_business" in message


def test_files_may_stand_elsewhere(write_feed, load, tmp_path):
    feeds = write_feed(files_from="../../elsewhere")
    (tmp_path / "elsewhere").mkdir()
    for name in ("eligibility.csv", "medical_claim.csv"):
        (feeds / "payer" / name).rename(tmp_path / "elsewhere" / name)
    assert load(feeds).rows("select count(*) from raw.medical_claim") == [(1,)]


def test_a_folder_of_files_without_source_yaml_is_not_overlooked(write_feed):
    feeds = write_feed()
    (feeds / "forgotten").mkdir()
    (feeds / "forgotten" / "eligibility.csv").write_text("person_id\n1\n")
    with pytest.raises(ExceptionGroup) as caught:
        find_feeds(feeds)
    assert "forgotten" in str(caught.value.exceptions[0])


def test_an_organization_feed_fills_its_tables(write_feed, load):
    files = {
        "market.csv": b"market_id,market_name,state\nharbor,Harbor,MA\nbay,Bay,RI\n",
        "staff.csv": b"staff_id,staff_name,role,market_id,fte,panel_target,is_active\ns1,A B,nurse,bay,0.8,100,yes\n",  # noqa: E501
        "panel.csv": b"person_id,staff_id,start_date,end_date,is_lead,acuity\n10,s1,2025-01-01,,true,3\n10,s1,,,true,3\n",  # noqa: E501
        "benchmark.csv": b"benchmark_id,metric_id,statistic,value,source\nb1,ed,p50,593,CMS\nb2,ed,p50,many,CMS\n",  # noqa: E501
    }
    write_feed()
    loaded = load(
        write_feed(
            files,
            name="org",
            format="organization",
            person_ids="shared",
            contracts=[],
            markets=[],
            contract_rules=[],
            market_rules=[],
        )
    )
    assert loaded.rows("select market_id from raw.market order by 1") == [
        ("bay",),
        ("harbor",),
        ("unassigned",),
    ]
    assert loaded.rows("select fte, panel_target, is_active from raw.staff") == [(0.8, 100, True)]
    assert loaded.rows("select is_lead, acuity from raw.panel") == [(True, 3)]
    assert loaded.reasons() == [(2, "value", "bad amount"), (2, "start_date", "bad or missing date")]


def test_the_real_tuva_files_load_whole(tuva_feeds, load):
    loaded = load(tuva_feeds)
    [count] = loaded.counts
    assert (count.rows_in, count.rows_loaded, count.rows_quarantined) == (6649, 6649, 0)
    assert loaded.rows(
        "select count(distinct claim_id), cast(sum(paid_amount) as varchar) from raw.medical_claim"
    ) == [(1138, "163818.97")]
    assert loaded.rows(
        "select year(claim_start_date), cast(sum(paid_amount) as varchar) from raw.medical_claim group by 1 order by 1"  # noqa: E501
    ) == [(2016, "34468.17"), (2017, "42352.50"), (2018, "86998.30")]
    assert loaded.rows(
        "select cast(sum(paid_amount) as varchar) from raw.medical_claim where claim_type = 'institutional'"
    ) == [("74902.20",)]
    assert loaded.rows(
        "select cast(sum(paid_amount) as varchar), count(days_supply) from raw.pharmacy_claim"
    ) == [("45827.28", 0)]
    assert count.unassigned == {}
    assert loaded.rows("select count(distinct market_id) from raw.eligibility") == [(4,)]
