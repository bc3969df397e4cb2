"""The organisation's own lists, the payers' gap lists and the hospitals' messages of the demo."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import duckdb
import numpy as np
import pytest
import yaml

from data.demo import gaps, write_demo
from data.demo.organisation import FORGOTTEN, SHORT_PLACES, SHORT_TEAM, VACANT_PLACES

MEMBERS, SEED, THROUGH = 1_500, 11, date(2026, 10, 31)


@pytest.fixture(scope="module")
def feeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("organisation") / "feeds"
    write_demo(MEMBERS, SEED, folder, through=THROUGH)
    return folder


@pytest.fixture(scope="module")
def own(feeds: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The organisation's tables by name, every column as text."""
    connection = duckdb.connect()
    for path in (feeds / "organization").glob("*.csv"):
        connection.execute(f"create table {path.stem} as from read_csv('{path}', all_varchar = true)")
    yield connection
    connection.close()


def one(own: duckdb.DuckDBPyConnection, sql: str) -> object:
    row = own.sql(sql).fetchone()
    assert row is not None
    return row[0]


def test_one_team_has_three_places_for_nurses_and_two_are_vacant(own: duckdb.DuckDBPyConnection) -> None:
    vacant = own.sql(
        """
        select care_team_name, count(*) from staff where role = 'nurse' and is_active = 'false' group by all
        """
    ).fetchall()
    assert (SHORT_TEAM, VACANT_PLACES) in vacant
    assert all(count < VACANT_PLACES for team, count in vacant if team != SHORT_TEAM)
    places = own.sql(
        f"select count(*) from staff where role = 'nurse' and care_team_name = '{SHORT_TEAM}'"
    ).fetchone()
    assert places is not None and places[0] >= SHORT_PLACES
    # Nobody is on the panel of a vacant place: the nurse who is left has them all.
    assert one(own, "select count(*) from panel join staff using (staff_id) where is_active = 'false'") == 0


def test_the_patients_of_the_doctor_who_left_have_nobody(own: duckdb.DuckDBPyConnection) -> None:
    left = own.sql(
        """
        with last as (
            select pcp_npi, max(coalesce(end_date, '2999')) as until, count(*) filter (where end_date = '2026-08-31') as n
            from attribution group by all
        )
        select pcp_npi, n from last where until = '2026-08-31' and n > 1
        """
    ).fetchall()
    assert len(left) == 1 and left[0][1] >= 5
    orphaned = f"""
        select count(*) from panel where person_id in (
            select person_id from attribution where pcp_npi = '{left[0][0]}' and end_date = '2026-08-31'
        )
    """
    assert one(own, orphaned) == 0


def test_panels_hold_living_members_of_staff_who_are_there(own: duckdb.DuckDBPyConnection) -> None:
    assert one(own, "select count(*) > 50 from panel") is True
    assert one(own, "select count(*) from panel where staff_id not in (select staff_id from staff)") == 0
    several = "select count(*) from (select person_id from panel where is_lead = 'true' group by all having count(*) > 1)"
    assert one(own, several) == 0


def test_contacts_have_outcomes_and_gaps_like_real_ones(own: duckdb.DuckDBPyConnection) -> None:
    share = own.sql("select outcome, count(*) / sum(count(*)) over () from touch group by all").fetchall()
    outcomes = dict(share)
    assert 0.4 < outcomes["reached"] < 0.65 and outcomes["no_answer"] > 0.1
    weekend = "select count(*) from touch where isodow(touched_on::date) > 5"
    assert one(own, weekend) == 0
    silent = f"""
        with latest as (
            select person_id, max(touched_on::date) as day from panel left join touch using (person_id) group by all
        )
        select avg((day is null or day < date '{THROUGH}' - 60)::int) from latest
    """
    share_silent = one(own, silent)
    assert isinstance(share_silent, float) and FORGOTTEN / 3 < share_silent < 0.5


def test_the_index_gives_every_member_number_one_person(own: duckdb.DuckDBPyConnection) -> None:
    assert (
        one(own, "select count(*) = count(distinct source_feed || '/' || member_id) from person_crosswalk")
        is True
    )
    feeds = {row[0] for row in own.sql("select distinct source_feed from person_crosswalk").fetchall()}
    assert feeds == {"lakeland_aco", "lakeland_medicaid", "northline_commercial"}
    # Someone who changed payer is one person with two numbers.
    assert one(own, "select count(*) > count(distinct person_id) from person_crosswalk") is True


# ---- gap lists -------------------------------------------------------------------------------------------


def test_one_measure_stands_nine_members_below_its_cut_point(feeds: Path) -> None:
    listed = duckdb.sql(
        f"""
        select count(*) filter (where status <> 'excluded'), count(*) filter (where status = 'closed')
        from '{feeds}/summit_advantage/2026-10/payer_gap.parquet' where measure_id = '{gaps.SHORT_MEASURE}'
        """
    ).fetchone()
    assert listed is not None
    assert gaps.members_needed(listed[0]) - listed[1] == gaps.SHORT_BY


def test_the_payers_list_disagrees_with_the_claims_a_little(feeds: Path) -> None:
    row = duckdb.sql(
        f"""
        with screened as (
            select distinct person_id from '{feeds}/summit_advantage/*/medical_claim.parquet'
            where hcpcs_code in ('77063', '77065', '77066', '77067') and claim_start_date > date '2023-10-01'
        )
        select count(*) filter (where (status = 'closed') <> (screened.person_id is not null)), count(*)
        from '{feeds}/summit_advantage/2026-10/payer_gap.parquet' as list
        left join screened on screened.person_id = list.person_id
        where measure_id = 'breast_cancer_screening' and status <> 'excluded'
        """
    ).fetchone()
    assert row is not None
    wrong, total = row
    assert total > 20 and 0 < wrong / total < 0.35


# ---- admission messages ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def messages(feeds: Path) -> list[dict[str, list[str]]]:
    """Every message: the fields of each segment, by the segment's name."""
    found = []
    for path in sorted((feeds / "lakeland_adt").glob("*.hl7")):
        for text in path.read_bytes().decode("ascii").split("\r\n"):
            if text:
                segments = (line.split("|") for line in text.split("\r"))
                found.append({fields[0]: fields for fields in segments})
    return found


def test_messages_are_of_the_last_thirty_days_in_order_and_of_every_kind(
    messages: list[dict[str, list[str]]],
) -> None:
    when = [datetime.strptime(message["MSH"][6], "%Y%m%d%H%M%S") for message in messages]
    assert when == sorted(when)
    assert date(2026, 10, 1) <= when[0].date() and when[-1].date() <= THROUGH
    kinds = Counter(message["MSH"][8] for message in messages)
    assert set(kinds) == {"ADT^A01", "ADT^A03", "ADT^A04", "ADT^A08", "ADT^A11"}
    assert len({message["MSH"][9] for message in messages}) == len(messages)


def test_a_cancelled_admission_follows_its_admission(messages: list[dict[str, list[str]]]) -> None:
    admitted = {message["PV1"][19] for message in messages if message["MSH"][8] == "ADT^A01"}
    cancelled = {message["PV1"][19] for message in messages if message["MSH"][8] == "ADT^A11"}
    assert cancelled and cancelled <= admitted


def test_some_messages_are_of_strangers_and_some_lack_the_member_number(
    messages: list[dict[str, list[str]]],
) -> None:
    strangers = [message for message in messages if message["PID"][11].endswith("53703")]
    numbered = [message for message in messages if "IN1" in message]
    assert strangers
    assert all("IN1" not in message for message in strangers)
    assert 0.6 < len(numbered) / len(messages) < 0.97


def test_member_numbers_in_messages_are_those_of_the_payers(
    messages: list[dict[str, list[str]]], own: duckdb.DuckDBPyConnection
) -> None:
    index = {row[0] for row in own.sql("select member_id from person_crosswalk").fetchall()}
    numbers = {message["IN1"][36] for message in messages if "IN1" in message}
    listed = [number for number in numbers if number[:2] not in ("SA", "UD")]
    assert listed and np.mean([number in index for number in listed]) > 0.95


# -- What cost is held against ---------------------------------------------------------------------------------


def test_every_drug_that_is_dispensed_is_on_the_list_of_drugs(
    own: duckdb.DuckDBPyConnection, feeds: Path
) -> None:
    dispensed = (
        f"select distinct ndc_code from read_parquet('{feeds}/summit_advantage/*/pharmacy_claim*.parquet')"
    )
    assert int(str(one(own, f"select count(*) from ({dispensed})"))) > 20
    assert one(own, f"select count(*) from ({dispensed}) where ndc_code not in (select ndc from drug)") == 0
    # A specialty drug is no generic, and the labeler says which is which.
    kinds = own.sql("select distinct left(ndc, 5), is_generic, is_specialty from drug order by 1").fetchall()
    assert kinds == [("99901", "true", "false"), ("99902", "false", "false"), ("99903", "false", "true")]


def test_the_contract_whose_claims_carry_no_network_flag_has_a_list_of_its_network(
    own: duckdb.DuckDBPyConnection,
) -> None:
    assert own.sql("select distinct contract_id from network").fetchall() == [("aco-2026",)]
    known = "select count(*) from network where npi not in (select npi from provider)"
    assert one(own, known) == 0
    outside = own.sql(
        "select distinct coalesce(practice_name, provider_name) from provider where npi not in (select npi from network)"
    ).fetchall()
    names = {row[0] for row in outside}
    assert {"Lakeshore Hospital", "Harbor Cardiology Consultants", "Lakeside Spine and Joint"} <= names
    assert not names & {"Harbor General", "Harbor Heart Group", "Cedar Lane Physicians"}


def test_every_provider_has_a_specialty_and_specialists_do_their_own_work(
    own: duckdb.DuckDBPyConnection, feeds: Path
) -> None:
    assert (
        one(own, "select count(*) from provider where specialty is null or length(taxonomy_code) <> 10") == 0
    )
    claims = f"read_parquet('{feeds}/summit_advantage/*/medical_claim*.parquet')"
    done = own.sql(
        f"""
        select distinct c.hcpcs_code, p.specialty from {claims} as c join provider as p on p.npi = c.rendering_npi
        where c.hcpcs_code in ('66984', '97110', '99223', '11102')
            and (c.bill_type_code is null or c.hcpcs_code = '99223')
        """
    ).fetchall()
    assert set(done) == {
        ("66984", "ophthalmology"),
        ("97110", "physical therapy"),
        ("99223", "hospital medicine"),
        ("11102", "dermatology"),
    }


def test_each_contract_has_a_target_on_its_own_basis_and_a_budget_for_what_its_members_use(
    own: duckdb.DuckDBPyConnection,
) -> None:
    assert one(own, "select count(*) = count(distinct benchmark_id) from benchmark") is True
    targets = own.sql(
        """
        select segment, amount_basis, is_truncated, includes_pharmacy from benchmark
        where kind = 'contract_target' and trend_from = '2024-07-01' and annual_trend::double > 0
        """
    ).fetchall()
    assert ("aco-2026", "paid", "true", "false") in targets and len({row[0] for row in targets}) == 5
    # A budget is whole: PMPM is units by unit cost, and categories add up to the whole.
    worst = one(
        own,
        """
        with part as (
            select segment_type, segment, service_category_1, service_category_2,
                max(value::double) filter (where metric_id = 'pmpm') as pmpm,
                max(value::double) filter (where metric_id = 'units_per_1000') as units,
                max(value::double) filter (where metric_id = 'unit_cost') as cost
            from benchmark where kind = 'budget' group by all
        )
        select max(abs(pmpm - units * cost / 12000)) from part where cost is not null
        """,
    )
    assert float(str(worst)) < 0.5
    whole = own.sql(
        """
        select segment, sum(value::double) filter (where service_category_1 is null),
            sum(value::double) filter (where service_category_1 is not null and service_category_2 is null),
            sum(value::double) filter (where service_category_2 is not null)
        from benchmark where kind = 'budget' and metric_id = 'pmpm' group by all
        """
    ).fetchall()
    assert {row[0] for row in whole} >= {"all", "medicare", "harbor", "aco-2026"}
    for _, everything, first, second in whole:
        assert everything == pytest.approx(first, abs=0.1) and everything == pytest.approx(second, abs=0.3)


def test_caps_and_thresholds_differ_by_contract(feeds: Path) -> None:
    found = {}
    for feed in ("lakeland_aco", "lakeland_medicaid", "summit_advantage"):
        (contract,) = yaml.safe_load((feeds / feed / "source.yaml").read_text())["contracts"]
        found[feed] = (contract.get("truncation_cap"), contract["large_claimant_threshold"])
    assert found["summit_advantage"][0] is None
    assert len(set(found.values())) == 3
