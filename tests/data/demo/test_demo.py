"""The demo market holds together: deterministic, coherent, reserved contact data, and the shapes the pages
need.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pytest
import yaml

from data.demo import write_demo
from data.demo.codes import ed_weights
from data.demo.encounters import draw_ed_visits, first_shifted_month, last_mature_month
from data.demo.enrolment import draw_coverage
from data.demo.network import synthetic_npi
from data.demo.people import Months, draw_people
from data.demo.settings import load_settings

MEMBERS, SEED, THROUGH = 1_500, 11, date(2026, 10, 31)
TABLES = ("eligibility", "medical_claim", "pharmacy_claim", "lab_result", "immunization", "appointment")


@pytest.fixture(scope="module")
def feeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "feeds"
    write_demo(MEMBERS, SEED, folder, through=THROUGH)
    return folder


@pytest.fixture(scope="module")
def demo(feeds: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Views over all payers' good files, every column as text but dates of claims."""
    connection = duckdb.connect()
    for table in (*TABLES, "observation"):
        parts = []
        for folder in sorted(path.parent for path in feeds.glob("*/eligibility.csv.gz")):
            parquet, text = folder / f"{table}.parquet", folder / f"{table}.csv.gz"
            if parquet.exists():
                connection.execute(
                    f"create view {folder.name}_{table} as select columns(*)::varchar from '{parquet}'"
                )
            elif text.exists():
                connection.execute(
                    f"create view {folder.name}_{table} as from read_csv('{text}', all_varchar=true)"
                )
            else:
                continue
            parts.append(f"select *, '{folder.name}' as feed from {folder.name}_{table}")
        connection.execute(f"create table {table} as " + " union all by name ".join(parts))
    for path in (feeds / "organization").glob("*.csv"):
        connection.execute(f"create table {path.stem} as from read_csv('{path}', all_varchar=true)")
    yield connection
    connection.close()


def one(demo: duckdb.DuckDBPyConnection, sql: str) -> object:
    row = demo.sql(sql).fetchone()
    assert row is not None
    return row[0]


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_same_members_and_seed_give_the_same_bytes(tmp_path: Path) -> None:
    for name, seed in (("one", 3), ("two", 3), ("other", 4)):
        write_demo(120, seed, tmp_path / name, through=THROUGH)
    assert digests(tmp_path / "one") == digests(tmp_path / "two")
    assert digests(tmp_path / "one") != digests(tmp_path / "other")


def test_population_spans_chunks_without_repeating_a_person_or_claim(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = load_settings().model_copy(update={"chunk_members": 100})
    monkeypatch.setattr("data.demo.write.load_settings", lambda: small)
    write_demo(250, 1, tmp_path / "feeds", through=THROUGH)
    files = f"{tmp_path}/feeds/*/medical_claim.parquet"
    keys = "claim_id::varchar || '/' || claim_line_number"
    assert duckdb.sql(f"select count(*) = count(distinct {keys}) from '{files}'").fetchone() == (True,)
    profiles = f"{tmp_path}/feeds/organization/member_profile.csv"
    assert duckdb.sql(f"select count(*), count(distinct person_id) from '{profiles}'").fetchone() == (
        250,
        250,
    )


def test_a_folder_with_other_files_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "payroll.xlsx").write_text("theirs")
    with pytest.raises(FileExistsError, match=r"payroll\.xlsx"):
        write_demo(10, 1, tmp_path, through=THROUGH)
    assert (tmp_path / "payroll.xlsx").read_text() == "theirs"


def test_every_feed_says_what_it_is_and_names_files_that_exist(feeds: Path) -> None:
    formats = {}
    for path in feeds.glob("*/source.yaml"):
        source = yaml.safe_load(path.read_text())
        assert source["name"] == path.parent.name
        formats[source["name"]] = source["format"]
        for pattern in source.get("files", {}).values():
            assert list(path.parent.glob(pattern)), f"{path.parent.name}: nothing matches {pattern}"
    assert sorted(formats.values()) == ["organization", "reference_pack"] + ["tuva_input_layer"] * 4
    models = {
        contract["model"]
        for path in feeds.glob("*/source.yaml")
        for contract in yaml.safe_load(path.read_text()).get("contracts", [])
    }
    assert models == {"shared_savings", "capitation", "shared_risk", "pay_for_performance"}


def test_nobody_uses_care_after_death(demo: duckdb.DuckDBPyConnection) -> None:
    died = (
        "(select distinct person_id, death_date::date as death from eligibility where death_date is not null)"
    )
    assert one(demo, f"select count(*) from {died}") > 0
    for table, day in (("medical_claim", "claim_start_date"), ("pharmacy_claim", "dispensing_date")):
        late = f"select count(*) from {table} join {died} using (person_id) where {day}::date > death"
        assert one(demo, late) == 0, table


def test_nothing_is_known_after_through(demo: duckdb.DuckDBPyConnection) -> None:
    for table in ("medical_claim", "pharmacy_claim"):
        assert one(demo, f"select max(paid_date::date) <= date '{THROUGH}' from {table}") is True
    assert one(demo, f"select max(claim_start_date::date) <= date '{THROUGH}' from medical_claim") is True
    assert one(demo, f"select count(*) from touch where touched_on::date > date '{THROUGH}'") == 0
    assert (
        one(demo, f"select count(*) from appointment where start_datetime::timestamp > date '{THROUGH}' + 1")
        > 0
    )


def test_every_npi_is_known_and_passes_the_check_digit(demo: duckdb.DuckDBPyConnection) -> None:
    used = """
        select unnest([rendering_npi, billing_npi, facility_npi]) as npi from medical_claim
        union select prescribing_provider_npi from pharmacy_claim
        union select dispensing_provider_npi from pharmacy_claim
        union select pcp_npi from attribution
    """
    assert (
        one(
            demo,
            f"select count(*) from ({used}) where npi is not null and npi not in (select npi from provider)",
        )
        == 0
    )
    for (npi,) in demo.sql("select npi from provider").fetchall():
        assert _luhn("80840" + npi) and npi.startswith("9") and len(npi) == 10
    assert not _luhn("80840" + synthetic_npi(1)[:-1] + str((int(synthetic_npi(1)[-1]) + 1) % 10))


def _luhn(digits: str) -> bool:
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if position % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def test_phones_and_mail_can_belong_to_no_one(demo: duckdb.DuckDBPyConnection) -> None:
    for table in ("eligibility", "member_profile"):
        assert one(demo, f"select count(phone) > 0 and count(email) > 0 from {table}") is True
        phone = r"regexp_full_match(phone, '\d{3}-555-01\d\d')"
        email = r"regexp_full_match(email, '.+@example\.(org|com)')"
        assert one(demo, f"select count(*) from {table} where not {phone} or not {email}") == 0, table


def test_claims_are_of_enrolled_people_but_for_retroactive_changes(demo: duckdb.DuckDBPyConnection) -> None:
    outside = one(
        demo,
        """
        select avg(case when exists (
            select 1 from eligibility e
            where e.person_id = m.person_id and e.feed = m.feed
              and date_trunc('month', e.enrollment_start_date::date) <= m.claim_start_date::date
              and last_day(least(coalesce(e.enrollment_end_date::date, date '2099-12-31'), date '2099-12-31'))
                  >= m.claim_start_date::date
        ) then 0 else 1 end)
        from medical_claim m
        """,
    )
    assert 0 < outside < 0.02


def test_money_is_ordered_and_cancellations_mirror_their_claim(demo: duckdb.DuckDBPyConnection) -> None:
    wrong = """
        select count(*) from medical_claim
        where bill_type_code is distinct from '110'
          and not (abs(paid_amount::decimal(18,2)) < abs(allowed_amount::decimal(18,2))
                   and abs(allowed_amount::decimal(18,2)) < abs(charge_amount::decimal(18,2)))
    """
    assert one(demo, wrong) == 0
    cancelled = """
        with claim as (
            select feed, claim_id, person_id, facility_npi, claim_start_date, bill_type_code,
                   sum(paid_amount::decimal(18,2)) as paid
            from medical_claim where bill_type_code is not null group by all
        )
        select count(*), count(*) filter (where exists (
            select 1 from claim o where o.person_id = c.person_id and o.facility_npi = c.facility_npi
              and o.claim_start_date = c.claim_start_date and o.paid = -c.paid and o.feed = c.feed))
        from claim c where right(bill_type_code, 1) = '8'
    """
    total, matched = demo.sql(cancelled).fetchone()
    assert total > 0 and matched == total


def test_every_way_of_billing_an_emergency_visit_occurs(demo: duckdb.DuckDBPyConnection) -> None:
    emergency = "revenue_center_code between '0450' and '0459'"
    for what in (
        f"bill_type_code = '111' and {emergency}",
        f"bill_type_code = '131' and {emergency}",
        "revenue_center_code = '0762' and hcpcs_code = 'G0378'",
        "place_of_service_code = '23' and hcpcs_code between '99281' and '99285'",
        "bill_type_code in ('112', '114')",
        "discharge_disposition_code = '02'",
        "right(bill_type_code, 1) = '7'",
    ):
        assert one(demo, f"select count(*) from medical_claim where {what}") > 0, what
    assert one(demo, "select count(distinct claim_id) from medical_claim where bill_type_code = '110'") == 1
    # Two payers know the hour of arrival, two do not.
    known = demo.sql(
        f"select feed, count(admission_hour) > 0 from medical_claim where {emergency} group by feed"
    ).fetchall()
    assert sorted(flag for _, flag in known) == [False, False, True, True]


def test_the_last_months_are_not_paid_yet(demo: duckdb.DuckDBPyConnection) -> None:
    months = [
        row[0]
        for row in demo.sql(
            """
            select count(distinct claim_id) from medical_claim
            group by claim_start_date[:7] order by claim_start_date[:7]
            """
        ).fetchall()
    ]
    assert len(months) == load_settings().history_months
    usual = sum(months[-16:-4]) / 12
    assert months[-1] < 0.4 * usual and 0.45 * usual < months[-2] < 0.75 * usual and months[-3] < 0.95 * usual


def test_ed_use_is_skewed_and_ordered_by_line_of_business(demo: duckdb.DuckDBPyConnection) -> None:
    visits = """
        (select feed, person_id, claim_start_date from medical_claim
         where revenue_center_code between '0450' and '0459' and paid_amount::double > 0 group by all)
    """
    most = demo.sql(f"select count(*) as n from {visits} group by person_id order by n desc").fetchall()
    counts = [row[0] for row in most]
    assert counts[0] >= 10
    share = sum(counts[: MEMBERS // 100]) / sum(counts)
    assert 0.07 < share < 0.30
    rate = dict(
        demo.sql(
            f"""select v.feed, v.n / e.people from (select feed, count(*) as n from {visits} group by feed) v
            join (select feed, count(distinct person_id) as people from eligibility group by feed) e using
            (feed)"""
        ).fetchall()
    )
    assert rate["northline_commercial"] < 0.5 * min(rate["lakeland_medicaid"], rate["harbor_medicare_aco"])


def test_weights_pack_sums_to_one_cites_each_row_and_leaves_some_codes_out(
    demo: duckdb.DuckDBPyConnection,
) -> None:
    classes = ("edcnnpa", "edcnpa", "epct", "noner", "injury", "psych", "alcohol", "drug")
    for row in ed_weights():
        assert sum(float(row[name]) for name in classes) == pytest.approx(1, abs=1e-6), row["icd10"]
        assert "Johnston" in row["citation"] and row["icd10"] in row["citation"]
    known = ", ".join(f"'{row['icd10']}'" for row in ed_weights())
    share = one(
        demo,
        f"""select avg(case when diagnosis_code_1 in ({known}) then 0 else 1 end) from medical_claim
        where revenue_center_code = '0450' and bill_type_code = '131'""",
    )
    assert 0.08 < share < 0.20


def test_weights_pack_agrees_with_the_published_table(shared: Path) -> None:
    with (shared / "reference/ed_johnston_icd10.csv").open(encoding="utf-8-sig", newline="") as file:
        published = {row["icd10"]: row for row in csv.DictReader(file)}
    for row in ed_weights():
        assert {name: row[name] for name in published[row["icd10"]]} == published[row["icd10"]]


def test_diagnoses_of_the_demo_have_a_description(demo: duckdb.DuckDBPyConnection) -> None:
    seed = Path(__file__).parents[3] / "data/reference/seeds/diagnosis.csv"
    with seed.open(encoding="utf-8", newline="") as file:
        described = {row["code"] for row in csv.DictReader(file)}
    used = demo.sql(
        "select distinct unnest([diagnosis_code_1, diagnosis_code_2, diagnosis_code_3]) from medical_claim"
    )
    assert {row[0] for row in used.fetchall() if row[0]} <= described


def test_dirty_rows_are_few_and_one_file_comes_twice(feeds: Path) -> None:
    for folder in (feeds / "harbor_medicare_aco", feeds / "summit_advantage"):
        bad = duckdb.sql(f"select claim_type from '{folder}/medical_claim_correction*.parquet'").fetchall()
        good = duckdb.sql(f"select count(*) from '{folder}/medical_claim.parquet'").fetchone()
        assert good is not None and 0 < len(bad) <= good[0] / 2_000
        assert ("hospital",) in bad
    sent = feeds / "summit_advantage"
    assert (sent / "immunization.parquet").read_bytes() == (sent / "immunization_resent.parquet").read_bytes()


def test_a_handful_of_people_and_a_day_in_mid_month_are_a_demo_too(tmp_path: Path) -> None:
    for members in (1, 7):
        write_demo(members, 1, tmp_path / "feeds", through=date(2026, 11, 17))
    late = f"select max(paid_date) <= date '2026-11-17' from '{tmp_path}/feeds/*/medical_claim.parquet'"
    assert duckdb.sql(late).fetchone() == (True,)


def test_ed_use_falls_in_one_market_from_the_month_planted() -> None:
    settings = load_settings()
    first, last = first_shifted_month(settings), last_mature_month(settings)
    assert last - first + 1 == settings.ed.shift.mature_months
    months = Months.ending(np.datetime64(THROUGH), settings.history_months)
    rng = np.random.default_rng(5)
    people = draw_people(settings, 1, 20_000, months, rng)
    coverage = draw_coverage(settings, people, months, rng)
    visits = draw_ed_visits(settings, people, coverage, months, rng)
    for number, market in enumerate(settings.markets):
        here = people.market == number
        made = np.bincount(months.of(visits.day[here[visits.person]]), minlength=len(months))
        rate = made / (coverage.contract[here] >= 0).sum(axis=0)
        change = rate[first : last + 1].mean() / rate[first - 12 : first].mean()
        if market.market_id == settings.ed.shift.market:
            assert change < 0.93
        else:
            assert 0.93 < change < 1.08


def test_organisation_refers_only_to_what_exists(demo: duckdb.DuckDBPyConnection) -> None:
    for table, column, target in (
        ("panel", "staff_id", "staff"),
        ("touch", "staff_id", "staff"),
        ("panel", "person_id", "member_profile"),
        ("touch", "person_id", "member_profile"),
        ("attribution", "person_id", "member_profile"),
        ("staff", "market_id", "market"),
        ("provider", "market_id", "market"),
    ):
        stray = f"select count(*) from {table} where {column} not in (select {column} from {target})"
        assert one(demo, f"select count(*) > 0 from {table}") is True
        assert one(demo, stray) == 0, f"{table}.{column}"
    assert (
        one(
            demo,
            "select max(n) from (select count(*) as n from panel where is_lead = 'true' group by person_id)",
        )
        == 1
    )
    inactive = "select count(*) from panel join staff using (staff_id) where is_active = 'false'"
    assert one(demo, inactive) == 0


def test_a_wrong_knob_is_named(tmp_path: Path) -> None:
    text = (Path(load_settings.__code__.co_filename).parent / "market.yaml").read_text()
    broken = tmp_path / "market.yaml"
    broken.write_text(text.replace("month_to_month: 0.6", "month_to_month: 6"))
    with pytest.raises(ValueError, match=r"ed\.month_to_month"):
        load_settings(broken)
    broken.write_text(text.replace("payment_lag: [0.23,", "payment_lag: [0.33,"))
    with pytest.raises(ValueError, match="payment_lag must sum to 1"):
        load_settings(broken)
