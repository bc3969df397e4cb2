"""The demo market holds together: deterministic, coherent people, reserved contact data, and in the rows the
payers send the shapes the pages need.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from data.demo import population, write_demo
from data.demo.codes import ed_weights
from data.demo.network import Network, build_network, synthetic_npi
from data.demo.people import Months
from data.demo.sampling import Frame, even_bernoulli, even_choice, even_lognormals
from data.demo.settings import CONTRACT_KEYS, Settings, load_settings

MEMBERS, SEED, THROUGH = 1_500, 11, date(2026, 10, 31)
TABLES = (
    "eligibility",
    "medical_claim",
    "pharmacy_claim",
    "lab_result",
    "observation",
    "immunization",
    "appointment",
)


def generated(settings: Settings, members: int, seed: int) -> tuple[list[population.Chunk], Network]:
    """A population in memory, as the writers get it."""
    months = Months.ending(np.datetime64(THROUGH), settings.history_months)
    places = build_network(settings, members, population.generator(seed, "network", 0))
    return list(population.chunks(settings, members, seed, months, places)), places


@pytest.fixture(scope="module")
def chunks() -> list[population.Chunk]:
    return generated(load_settings(), MEMBERS, SEED)[0]


@pytest.fixture(scope="module")
def demo(chunks: list[population.Chunk]) -> Iterator[duckdb.DuckDBPyConnection]:
    """Tables of all payers' rows, every column as text, with the contract's key as `contract`."""
    connection = duckdb.connect()
    for table in TABLES:
        parts = []
        for number, key in enumerate(CONTRACT_KEYS):
            rows = pa.concat_tables([plain(chunk.tables[number][table]) for chunk in chunks])
            connection.register(f"{table}_{key}", rows)
            parts.append(f"select '{key}' as contract, columns(*)::varchar from {table}_{key}")
        connection.execute(f"create table {table} as " + " union all by name ".join(parts))
    places = generated_network()
    provider = pa.table({"npi": places.npi, "name": places.name, "practice": pa.array(places.practice)})
    connection.register("provider_rows", provider)
    connection.execute("create table provider as from provider_rows")
    yield connection
    connection.close()


def generated_network() -> Network:
    return build_network(load_settings(), MEMBERS, population.generator(SEED, "network", 0))


def plain(table: pa.Table) -> pa.Table:
    fields = [
        field.with_type(field.type.value_type) if pa.types.is_dictionary(field.type) else field
        for field in table.schema
    ]
    return table.cast(pa.schema(fields))


@pytest.fixture(scope="module")
def feeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "feeds"
    write_demo(400, SEED, folder, through=THROUGH)
    return folder


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
        write_demo(60, seed, tmp_path / name, through=THROUGH)
    assert digests(tmp_path / "one") == digests(tmp_path / "two")
    assert digests(tmp_path / "one") != digests(tmp_path / "other")


def test_population_spans_chunks_without_repeating_a_person_or_claim() -> None:
    small = load_settings().model_copy(update={"chunk_members": 100})
    chunks, _ = generated(small, 250, 1)
    assert [len(chunk) for chunk in chunks] == [100, 100, 50]
    people = [item for chunk in chunks for item in chunk.people.person_id.to_pylist()]
    assert len(people) == len(set(people)) == 250
    for number in range(len(CONTRACT_KEYS)):
        lines = [
            (claim, line)
            for chunk in chunks
            for claim, line in zip(
                chunk.tables[number]["medical_claim"]["claim_id"].to_pylist(),
                chunk.tables[number]["medical_claim"]["claim_line_number"].to_pylist(),
                strict=True,
            )
        ]
        assert lines and len(lines) == len(set(lines))


def test_a_chunk_does_not_depend_on_the_ones_before_it() -> None:
    settings = load_settings().model_copy(update={"chunk_members": 100})
    chunks, places = generated(settings, 250, 1)
    months = Months.ending(np.datetime64(THROUGH), settings.history_months)
    alone = population.chunk(settings, 250, 1, months, places, 2)
    for first, second in zip(chunks[2].tables, alone.tables, strict=True):
        for name in TABLES:
            assert first[name].equals(second[name]), name


def test_even_draws_keep_the_expected_totals() -> None:
    rng = np.random.default_rng(1)
    group = rng.integers(0, 4, 4_000)
    chance = rng.uniform(0, 0.4, 4_000)
    hit = even_bernoulli(chance, group, rng)
    wanted = np.bincount(group, chance)
    assert np.abs(np.bincount(group, hit) - wanted).max() < 2
    assert abs(even_choice(np.array([1.0, 3.0]), 1_000, rng).mean() - 0.75) < 0.002
    assert even_lognormals(0.9, 4_000, rng).mean() == pytest.approx(1, abs=0.01)


def test_events_of_a_contract_and_month_stray_little_and_fall_on_covered_people_only() -> None:
    rng = np.random.default_rng(2)
    covered_by = np.where(rng.random((800, 12)) < 0.9, rng.integers(0, 2, (800, 1)), -1)
    frame = Frame.of(covered_by, np.zeros(800, int), rng.integers(0, 5, 800))
    rate = np.where(frame.contract == 0, 0.25, 0.05)
    person, month = frame.draw(rate, rng, noise=0.0)
    assert (covered_by[person, month] >= 0).all()
    made = np.bincount(covered_by[person, month] * 12 + month, minlength=24)
    wanted = np.bincount(frame.contract * 12 + frame.month, rate, 24)
    assert np.abs(made - wanted).max() <= 1


def test_a_folder_with_other_files_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "payroll.xlsx").write_text("theirs")
    with pytest.raises(FileExistsError, match=r"payroll\.xlsx"):
        write_demo(10, 1, tmp_path, through=THROUGH)
    assert (tmp_path / "payroll.xlsx").read_text() == "theirs"


def test_five_contracts_differ_in_payer_line_of_business_and_model() -> None:
    contracts = load_settings().contracts
    for terms in ("feed", "payer", "model"):
        assert len({getattr(contract, terms) for contract in contracts}) == 5, terms
    assert {contract.line_of_business for contract in contracts} == {
        "medicare",
        "medicaid",
        "commercial",
        "dual",
    }


def test_nobody_uses_care_before_birth_or_after_death(demo: duckdb.DuckDBPyConnection) -> None:
    person = """
        (select distinct person_id, birth_date::date as birth,
            coalesce(death_date::date, date '2200-01-01') as death from eligibility)
    """
    assert one(demo, f"select count(*) from {person} where death < '2200-01-01'") > 0
    for table, day in (("medical_claim", "claim_start_date"), ("pharmacy_claim", "dispensing_date")):
        impossible = f"select count(*) from {table} join {person} using (person_id)"
        assert one(demo, f"{impossible} where {day}::date > death") == 0, table
        assert one(demo, f"{impossible} where {day}::date < birth") == 0, table


def test_care_fits_age_and_sex(demo: duckdb.DuckDBPyConnection) -> None:
    person = """
        (select distinct on (person_id) person_id, gender, birth_date::date as birth from eligibility)
    """
    age = "date_diff('day', birth, claim_start_date::date) / 365.25"
    claims = f"from medical_claim join {person} using (person_id)"
    pregnant = f"{claims} where diagnosis_code_1 like 'O%' or drg_code in ('807', '788')"
    assert one(demo, f"select count(*) {pregnant}") > 0
    odd = f"gender <> 'female' or {age} not between 14 and 49"
    assert one(demo, f"select count(*) filter (where {odd}) {pregnant}") == 0
    mammogram = f"{claims} where hcpcs_code = '77067'"
    assert one(demo, f"select count(*) filter (where gender <> 'female' or {age} < 45) {mammogram}") == 0
    for_adults = "('66984', '45378', '45385', 'G0439', 'E0601', 'E1390', 'J0178', '96413')"
    assert one(demo, f"select count(*) {claims} where hcpcs_code in {for_adults} and {age} < 18") == 0
    # Drugs for blood pressure, cholesterol, diabetes and the heart are not for children.
    years = "date_diff('day', birth, dispensing_date::date) / 365.25"
    heart = "('99901000130', '99901000230', '99901000330', '99901000530', '99902000460')"
    fills = f"from pharmacy_claim join {person} using (person_id) where ndc_code in {heart} and {years} < 18"
    assert one(demo, f"select count(*) {fills}") == 0


def test_complications_follow_from_illness(chunks: list[population.Chunk]) -> None:
    """Admissions for heart failure are of people who have it; diabetes out of control shows in the lab."""
    people, stays = chunks[0].people, chunks[0].stays
    failing = np.isin(stays.diagnosis.astype(str), ("I5033", "I5023"))
    assert failing.sum() > 5
    assert people.has("I5022")[stays.person[failing]].mean() > 0.9
    diabetic = people.has("E119")
    assert people.a1c[people.uncontrolled].min() > 9 and people.a1c[diabetic & ~people.uncontrolled].max() < 9
    assert people.a1c[~diabetic].max() < 6.5


def test_households_share_an_address_and_mostly_a_name(chunks: list[population.Chunk]) -> None:
    people = chunks[0].people
    size = np.bincount(people.household)
    shared = size[people.household] > 1
    assert 0.5 < shared.mean() < 0.9
    for name in ("address", "zip_code"):
        column = np.array(people.columns[name].to_pylist(), object)
        assert (column == column[people.head]).all(), name
    family = np.array(people.columns["last_name"].to_pylist(), object)
    assert 0.85 < (family == family[people.head])[shared].mean() < 1
    child = people.role == 2
    assert child.any() and (people.birth[child] - people.birth[people.head[child]] > 14 * 365).all()
    born = people.mother >= 0
    assert born.any() and people.female[people.mother[born]].all()


def test_people_move_change_payer_and_have_gaps(demo: duckdb.DuckDBPyConnection) -> None:
    moved = "select person_id, contract from eligibility group by all having count(distinct zip_code) > 1"
    assert one(demo, f"select count(*) from ({moved})") > MEMBERS * 0.05
    payers = "select person_id from eligibility group by all having count(distinct contract) > 1"
    assert one(demo, f"select count(*) from ({payers})") > MEMBERS * 0.01
    gaps = """
        select count(*) from (
            select enrollment_start_date::date as start, lag(enrollment_end_date::date)
                over (partition by contract, person_id order by enrollment_start_date) as before
            from eligibility) where start > before + 20
    """
    assert one(demo, gaps) > 5


def test_control_cohort_is_of_the_commercial_payer_only(demo: duckdb.DuckDBPyConnection) -> None:
    for table in ("eligibility", "medical_claim", "pharmacy_claim"):
        control = f"select count(*), count(distinct contract) from {table} where plan = 'Northline Control'"
        rows, contracts = demo.sql(control).fetchone() or (0, 0)
        assert rows > 0 and contracts == 1, table
    share = "select avg((plan = 'Northline Control')::int) from eligibility where contract = 'commercial'"
    assert 0.25 < one(demo, share) < 0.45


def test_nothing_is_known_after_through(demo: duckdb.DuckDBPyConnection) -> None:
    for table in ("medical_claim", "pharmacy_claim"):
        assert one(demo, f"select max(paid_date::date) <= date '{THROUGH}' from {table}") is True
    assert one(demo, f"select max(claim_start_date::date) <= date '{THROUGH}' from medical_claim") is True
    ahead = f"select count(*) from appointment where start_datetime::timestamp > date '{THROUGH}' + 1"
    assert one(demo, ahead) > 0


def test_every_npi_is_known_and_passes_the_check_digit(demo: duckdb.DuckDBPyConnection) -> None:
    used = """
        select unnest([rendering_npi, billing_npi, facility_npi]) as npi from medical_claim
        union select prescribing_provider_npi from pharmacy_claim
        union select dispensing_provider_npi from pharmacy_claim
    """
    stray = f"select count(*) from ({used}) where npi is not null and npi not in (select npi from provider)"
    assert one(demo, stray) == 0
    for (npi,) in demo.sql("select npi from provider").fetchall():
        # None beginning with 2 has been assigned.
        assert _luhn("80840" + npi) and npi.startswith("2") and len(npi) == 10
    assert not _luhn("80840" + synthetic_npi(1)[:-1] + str((int(synthetic_npi(1)[-1]) + 1) % 10))


def _luhn(digits: str) -> bool:
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if position % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def test_phones_and_mail_can_belong_to_no_one(demo: duckdb.DuckDBPyConnection) -> None:
    assert one(demo, "select count(phone) > 0 and count(email) > 0 from eligibility") is True
    phone = r"regexp_full_match(phone, '\d{3}-555-01\d\d')"
    email = r"regexp_full_match(email, '.+@example\.(org|com)')"
    assert one(demo, f"select count(*) from eligibility where not {phone} or not {email}") == 0


def test_claims_are_of_enrolled_people_but_for_retroactive_changes(demo: duckdb.DuckDBPyConnection) -> None:
    outside = one(
        demo,
        """
        select avg(case when exists (
            select 1 from eligibility e
            where e.person_id = m.person_id and e.contract = m.contract
              and date_trunc('month', e.enrollment_start_date::date) <= m.claim_start_date::date
              and last_day(least(coalesce(e.enrollment_end_date::date, date '2099-12-31'), date '2099-12-31'))
                  >= m.claim_start_date::date
        ) then 0 else 1 end)
        from medical_claim m
        """,
    )
    assert 0 < outside < 0.02


def test_money_is_ordered_and_corrections_name_their_claim(demo: duckdb.DuckDBPyConnection) -> None:
    wrong = """
        select count(*) from medical_claim
        where bill_type_code is distinct from '110'
          and not (abs(paid_amount::decimal(18,2)) < abs(allowed_amount::decimal(18,2))
                   and abs(allowed_amount::decimal(18,2)) < abs(charge_amount::decimal(18,2)))
    """
    assert one(demo, wrong) == 0
    corrected = """
        with claim as (
            select contract, claim_id, any_value(original_claim_id) as original, any_value(person_id) as person_id,
                   any_value(facility_npi) as facility, any_value(claim_start_date) as start,
                   any_value(bill_type_code) as bill_type, sum(paid_amount::decimal(18,2)) as paid
            from medical_claim group by contract, claim_id
        )
        select count(*), count(*) filter (where o.person_id = c.person_id and o.facility = c.facility
            and o.start = c.start and (right(c.bill_type, 1) = '7' or o.paid = -c.paid))
        from claim as c left join claim as o on o.contract = c.contract and o.claim_id = c.original
        where right(c.bill_type, 1) in ('7', '8')
    """
    total, matched = demo.sql(corrected).fetchone() or (0, 1)
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
    # One payer knows the hour of arrival, the others do not.
    hours = (
        f"select contract from medical_claim where {emergency} group by 1 having count(admission_hour) > 0"
    )
    assert demo.sql(hours).fetchall() == [("medicaid",)]


def test_the_last_months_are_not_paid_yet_and_one_payer_is_slow(demo: duckdb.DuckDBPyConnection) -> None:
    def by_month(where: str) -> list[int]:
        counted = f"""
            select count(distinct contract || claim_id) from medical_claim where {where}
            group by claim_start_date[:7] order by claim_start_date[:7]
        """
        return [row[0] for row in demo.sql(counted).fetchall()]

    usual = by_month("contract <> 'aco'")
    assert len(usual) == load_settings().history_months
    mean = sum(usual[-16:-4]) / 12
    assert usual[-1] < 0.4 * mean and 0.45 * mean < usual[-2] < 0.75 * mean and usual[-3] < 0.95 * mean
    slow = by_month("contract = 'aco'")
    recent = [sum(months[-3:]) / sum(months[-20:-10]) for months in (slow, usual)]
    assert recent[0] < 0.9 * recent[1]


def test_ed_use_is_skewed_and_ordered_by_line_of_business(demo: duckdb.DuckDBPyConnection) -> None:
    visits = """
        (select contract, person_id, claim_start_date from medical_claim
         where revenue_center_code between '0450' and '0459' and paid_amount::double > 0 group by all)
    """
    most = demo.sql(f"select count(*) as n from {visits} group by person_id order by n desc").fetchall()
    counts = [row[0] for row in most]
    assert counts[0] >= 17
    assert 0.07 < sum(counts[: MEMBERS // 100]) / sum(counts) < 0.35
    rate = dict(
        demo.sql(
            f"""select v.contract, v.n / e.people
            from (select contract, count(*) as n from {visits} group by all) v
            join (select contract, count(distinct person_id) as people from eligibility group by all) e
                using (contract)"""
        ).fetchall()
    )
    assert rate["commercial"] < 0.5 * min(rate["medicaid"], rate["aco"])
    assert rate["dual"] > max(rate["medicaid"], rate["aco"])


def test_one_member_has_17_visits_in_a_month(
    demo: duckdb.DuckDBPyConnection, chunks: list[population.Chunk]
) -> None:
    most = demo.sql(
        """
        select person_id, claim_start_date[:7] as month, count(distinct claim_start_date) as visits
        from medical_claim where revenue_center_code between '0450' and '0459'
        group by all order by visits desc limit 1
        """
    ).fetchone()
    assert most == (chunks[0].many_visits, "2026-06", load_settings().truths.many_visits.visits)


def test_outside_group_is_paid_more_and_out_of_network(demo: duckdb.DuckDBPyConnection) -> None:
    truth = load_settings().truths.outside_group
    claims = """
        from medical_claim m join provider p on p.npi = m.billing_npi
        where m.hcpcs_code = '99214' and m.contract = 'commercial'
    """
    ours = f"select avg(allowed_amount::double), avg(in_network_flag::int) {claims}"
    price, network = demo.sql(f"{ours} and p.practice = '{truth.name}'").fetchone() or (0, 0)
    usual, _ = demo.sql(f"{ours} and p.practice like '%Specialty Associates'").fetchone() or (0, 0)
    assert network == 0 and 0.9 < price / usual / truth.price < 1.1
    assert (
        one(
            demo,
            f"""select count(distinct m.contract) from medical_claim m join provider p on p.npi = m.billing_npi
        where p.practice = '{truth.name}'""",
        )
        == 1
    )


def test_retroactive_ends_come_with_one_delivery(chunks: list[population.Chunk]) -> None:
    settings = load_settings()
    truth = settings.truths.retroactive_ends
    rows = chunks[0].tables[CONTRACT_KEYS.index(truth.contract)]["eligibility"].to_pylist()
    late = [row for row in rows if row["end_reported_on"] == "2026-08-10"]
    spans = [row for row in rows if row["enrollment_start_date"] < "2026-08-01"]
    still = [row for row in spans if row["enrollment_end_date"] > "2026-08-01"]
    assert 0.01 < len(late) / len(still) < 0.035
    assert {row["enrollment_end_date"] for row in late} <= {"2026-02-28", "2026-03-31", "2026-04-30"}


def test_ed_use_rises_where_a_clinic_closed() -> None:
    settings = load_settings()
    truth = settings.truths.clinic_closed
    chunks, _ = generated(settings.model_copy(update={"chunk_members": 10_000}), 10_000, 5)
    people, visits, coverage = chunks[0].people, chunks[0].visits, chunks[0].coverage
    months = Months.ending(np.datetime64(THROUGH), settings.history_months)
    first = settings.history_months - 1 - truth.ago
    month = months.of(visits.day)

    def rates(members: np.ndarray, at: np.ndarray) -> float:
        """Visits per member-month after the closing over those before it."""
        made = np.bincount(month[members[visits.person] & at], minlength=len(months))
        enrolled = (coverage.contract[members] >= 0).sum(axis=0)
        after, before = (
            made[first:].sum() / enrolled[first:].sum(),
            made[:first].sum() / enrolled[:first].sum(),
        )
        return float(after / before)

    anywhere = np.ones(len(visits.person), bool)
    without = people.practice == settings.practice(truth.practice)
    harbor = people.market == settings.market("harbor")
    assert rates(without, anywhere) == pytest.approx(truth.factor, rel=0.12)
    assert rates(harbor & ~without, anywhere) == pytest.approx(1, abs=0.07)
    assert rates(~harbor, anywhere) == pytest.approx(1, abs=0.07)
    there = visits.hospital == settings.hospital(truth.facility)
    assert rates(harbor, there) > 1.5 and 1.05 < rates(harbor, anywhere) < 1.25


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
    places = ", ".join(f"diagnosis_code_{place}" for place in range(1, 7))
    used = demo.sql(f"select distinct unnest([{places}]) from medical_claim")
    assert {row[0] for row in used.fetchall() if row[0]} <= described


def test_a_handful_of_people_and_a_day_in_mid_month_are_a_demo_too(tmp_path: Path) -> None:
    for members in (1, 7):
        write_demo(members, 1, tmp_path / "feeds", through=date(2026, 11, 17))
    files = sorted(path.name for path in (tmp_path / "feeds").iterdir())
    assert {contract.feed for contract in load_settings().contracts} <= set(files)


def test_organisation_refers_only_to_what_exists(feeds: Path) -> None:
    lists = duckdb.connect()
    for path in (feeds / "organization").glob("*.csv"):
        lists.execute(f"create table {path.stem} as from read_csv('{path}', all_varchar=true)")
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
        assert one(lists, f"select count(*) > 0 from {table}") is True
        assert one(lists, stray) == 0, f"{table}.{column}"
    leads = "select count(*) as n from panel where is_lead = 'true' group by person_id"
    assert one(lists, f"select max(n) from ({leads})") == 1
    inactive = "select count(*) from panel join staff using (staff_id) where is_active = 'false'"
    assert one(lists, inactive) == 0
    lists.close()


def test_a_wrong_knob_is_named(tmp_path: Path) -> None:
    text = (Path(load_settings.__code__.co_filename).parent / "market.yaml").read_text()
    broken = tmp_path / "market.yaml"
    broken.write_text(text.replace("month_to_month: 0.6", "month_to_month: 6"))
    with pytest.raises(ValueError, match=r"ed\.month_to_month"):
        load_settings(broken)
    broken.write_text(text.replace("payment_lag: [0.23,", "payment_lag: [0.33,"))
    with pytest.raises(ValueError, match="payment_lag must sum to 1"):
        load_settings(broken)
