"""Every member's risk is what CMS's model says: hccinfhir's own golden cases through our filter, profiles and years;
changes that add up; weights that average one."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date

import duckdb
import pandas as pd
import pytest
from hccinfhir import HCCInFHIR, ServiceLevelData
from hccinfhir.defaults import dx_to_cc_default, edits_default
from hccinfhir.filter import apply_filter
from hccinfhir.utils import load_proc_filtering

from data import estimates
from data.estimates import risk

FIRST, LAST = date(2024, 1, 1), date(2026, 10, 1)
OFFICE = "99213"
CORE = """
create schema core; create schema mart;
create table mart.contract (contract_id varchar, line_of_business varchar);
create table core.patient (person_id varchar, sex varchar, birth_date date);
create table core.eligibility (
    person_id varchar, medicare_status_code varchar, enrollment_start_date date,
    original_reason_entitlement_code varchar
);
create table core.member_month (
    person_id varchar, contract_id varchar, month date, market_id varchar, dual_status varchar,
    medical_member_months integer, pharmacy_member_months integer
);
create table core.condition (
    data_source varchar, claim_id varchar, person_id varchar, condition_type varchar, normalized_code varchar,
    recorded_date date
);
create table core.medical_claim (
    data_source varchar, claim_id varchar, person_id varchar, contract_id varchar, claim_type varchar,
    bill_type_code varchar, hcpcs_code varchar, claim_start_date date, claim_end_date date, service_month date,
    in_enrolment boolean, is_cancelled boolean, is_replaced boolean, paid_amount decimal(18, 2),
    allowed_amount decimal(18, 2)
);
create table core.pharmacy_claim (
    person_id varchar, contract_id varchar, dispensing_date date, paid_amount decimal(18, 2),
    allowed_amount decimal(18, 2)
);
"""


def months(start: date, end: date) -> Iterator[date]:
    at = start.replace(day=1)
    while at <= end:
        yield at
        at = date(at.year + at.month // 12, at.month % 12 + 1, 1)


@dataclass
class Warehouse:
    """A warehouse of a few people, from FIRST to LAST; `run` scores it."""

    rows: dict[str, list[tuple[object, ...]]] = field(default_factory=dict)
    contracts: dict[str, str] = field(default_factory=lambda: {"aco": "medicare"})

    def add(self, table: str, *values: object) -> None:
        self.rows.setdefault(table, []).append(values)

    def person(
        self,
        person: str,
        born: date,
        sex: str = "female",
        *,
        since: date = FIRST,
        until: date = LAST,
        dual: str = "none",
        orec: str | None = "0",
        contract: str = "aco",
        monthly: float = 100.0,
        medicare_status: str | None = None,
    ) -> None:
        self.add("core.patient", person, sex, born)
        self.add("core.eligibility", person, medicare_status, since, orec)
        for month in months(since, until):
            self.add("core.member_month", person, contract, month, "north", dual, 1, 1)
            # A claim a month without a diagnosis, so that the contract's claims reach over all its months.
            if monthly:
                self._line(f"{person}-{month}", person, contract, month, amount=monthly)

    def claim(
        self,
        person: str,
        *codes: str,
        on: date = date(2025, 5, 5),
        until: date | None = None,
        bill_type: str | None = None,
        hcpcs: str | None = OFFICE,
        contract: str = "aco",
        cancelled: bool = False,
    ) -> None:
        claim = f"c{len(self.rows['core.medical_claim'])}"
        kind = "professional" if bill_type is None else "institutional"
        self._line(
            claim, person, contract, on, until=until, kind=kind, bill_type=bill_type, hcpcs=hcpcs,
            cancelled=cancelled,
        )  # fmt: skip
        for code in codes:
            self.add("core.condition", "feed", claim, person, "claim_diagnosis", code, on)

    def _line(
        self,
        claim: str,
        person: str,
        contract: str,
        on: date,
        *,
        until: date | None = None,
        kind: str = "professional",
        bill_type: str | None = None,
        hcpcs: str | None = OFFICE,
        cancelled: bool = False,
        amount: float = 0.0,
    ) -> None:
        self.add(
            "core.medical_claim", "feed", claim, person, contract, kind, bill_type, hcpcs, on, until or on,
            on.replace(day=1), True, cancelled, False, amount * 0.8, amount,
        )  # fmt: skip

    def run(self) -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect()
        connection.execute(CORE)
        estimates.create_tables(connection)
        for contract, line in self.contracts.items():
            self.add("mart.contract", contract, line)
        for table, rows in self.rows.items():
            connection.register("given", pd.DataFrame(rows))
            connection.execute(f"insert into {table} select * from given")
        risk.run(connection, published="")
        return connection


def score(connection: duckdb.DuckDBPyConnection, person: str, year: int = 2026) -> float:
    query = "select risk_score from estimate.member_risk where person_id = ? and year = ?"
    (found,) = connection.execute(query, [person, year]).fetchall()
    return float(found[0])


def hccs(connection: duckdb.DuckDBPyConnection, person: str, year: int = 2026) -> set[str]:
    query = "select hcc from estimate.member_hcc where person_id = ? and year = ? and status is distinct from 'dropped'"
    return {row[0] for row in connection.execute(query, [person, year]).fetchall()}


# Bill type, HCPCS, whether CMS's filter lets the diagnoses through: FinalEncounterDataDiagnosisFilteringLogic.
FILTER = [
    (None, "99213", True),
    (None, "A0429", False),  # ambulance
    (None, None, False),
    ("111", None, True),
    ("112", "A0429", True),
    ("411", None, True),
    ("131", "99213", True),
    ("131", "A0429", False),
    ("131", None, False),
    ("851", "99214", True),
    ("871", "99213", True),
    ("211", "99213", False),  # skilled nursing facility
    ("221", "99213", False),
    ("329", "99213", False),  # home health
    ("721", "99213", False),  # dialysis
    ("811", "99213", False),  # hospice
]
# From hccinfhir's tests/test_edits_multimodel.py (V28), age 70 unless said: code, sex, age on 1 Feb 2026, HCCs left.
EDITS = [
    ("D66", "female", 70, {"112"}),
    ("D66", "male", 70, {"111"}),
    ("J410", "male", 10, set()),
    ("J410", "male", 70, {"280"}),
    ("C50011", "female", 40, {"22"}),
    ("C50011", "female", 60, {"23"}),
    ("C9150", "male", 10, set()),
    ("C9150", "male", 40, {"19"}),
    ("C58", "male", 40, {"22"}),
    ("C58", "male", 70, set()),
    ("F3481", "male", 12, set()),
    # Maps to two categories (263 and 383), and is not valid under 15: neither is left.
    ("I70635", "female", 10, set()),
    ("I70635", "female", 17, {"263"}),
]
CODES = sorted({code for code, model in dx_to_cc_default if model == risk.MODEL})
# Of an edited code of two categories hccinfhir voids one, by chance.
EDITED = sorted(
    {
        code
        for code, model in edits_default
        if model == risk.MODEL and len(dx_to_cc_default.get((code, model), ())) == 1
    }
)
TWOFOLD = {code for (code, model), ccs in dx_to_cc_default.items() if model == risk.MODEL and len(ccs) > 1}


def random_people(count: int) -> list[tuple[str, int, str, str, str, bool, list[str]]]:
    """person, age on 1 February 2026, sex, dual, orec, is new, codes; edited codes and young ages often."""
    chance = random.Random(28)
    people = []
    for number in range(count):
        codes = chance.sample(CODES, chance.randrange(6)) + chance.sample(EDITED, chance.choice([0, 0, 1, 3]))
        age = chance.choice([3, 12, 16, 17, 18, 49, 50, 63, 64, 64, 65, 65, 66, *range(67, 100, 3)])
        codes = [code for code in codes if age > 17 or code not in TWOFOLD]
        sex, dual = chance.choice("FM"), chance.choice(["none", "full", "partial"])
        people.append((f"random{number}", age, sex, dual, chance.choice("0123"), number % 4 == 0, codes))
    return people


PEOPLE = random_people(240)
DUAL = {"none": "00", "full": "02", "partial": "01"}


@pytest.fixture(scope="module")
def scored() -> duckdb.DuckDBPyConnection:
    """Everyone of the tests below, in one contract."""
    made = Warehouse()
    made.person("golden", date(1950, 1, 1))
    made.claim("golden", "E1122", "I509", "N185", "J449")
    made.person("golden new", date(1975, 1, 1), "male", orec="1", since=date(2025, 3, 1))
    made.claim("golden new", "C3490")
    made.person("without", date(1955, 6, 1), "male")
    made.person("diabetes", date(1950, 6, 1))
    made.claim("diabetes", "E1100", "E119")
    made.claim("diabetes", "E1022", "E1165", on=date(2025, 9, 1), hcpcs="99214")
    made.person("hf alone", date(1955, 6, 1), "male")
    made.claim("hf alone", "I509")
    made.person("hf and rhythm", date(1955, 6, 1), "male")
    made.claim("hf and rhythm", "I509", "I4891")
    for number, (bill_type, hcpcs, _) in enumerate(FILTER):
        made.person(f"filter{number}", date(1955, 6, 1))
        made.claim(f"filter{number}", "E119", bill_type=bill_type, hcpcs=hcpcs)
    for number, (code, sex, age, _) in enumerate(EDITS):
        made.person(f"edit{number}", date(2026 - age, 2, 1), sex, orec="0" if age >= 65 else "1")
        made.claim(f"edit{number}", code)
    for person, age, sex, dual, orec, is_new, codes in PEOPLE:
        since = date(2025, 4, 1) if is_new else FIRST
        words = {"F": "female", "M": "male"}[sex]
        made.person(person, date(2026 - age, 2, 1), words, dual=dual, orec=orec, since=since)
        made.claim(person, *codes)
    made.person("cancelled", date(1955, 6, 1))
    made.claim("cancelled", "E119", cancelled=True)
    made.person("stay into the year", date(1955, 6, 1))
    made.claim("stay into the year", "E119", on=date(2024, 12, 20), until=date(2025, 1, 9), bill_type="111")
    made.person("last year only", date(1955, 6, 1))
    made.claim("last year only", "E119", on=date(2024, 12, 20))
    made.person("status disabled", date(1950, 6, 1), orec=None, medicare_status="20")
    made.person("originally disabled", date(1950, 6, 1), orec="1")
    made.person("unknown", date(1950, 6, 1), "unknown")
    return made.run()


def test_hccinfhirs_golden_cases_through_our_own_path(scored: duckdb.DuckDBPyConnection) -> None:
    assert score(scored, "golden") == 2.491
    assert score(scored, "golden new") == 0.906
    # hccinfhir, tests/test_hccinfhir.py, test_model_realcases: a man of 70 without diagnoses.
    assert score(scored, "without") == 0.396


def test_hierarchies_leave_the_gravest_of_a_family(scored: duckdb.DuckDBPyConnection) -> None:
    # hccinfhir, tests/test_combined_mapping.py: four diabetes codes, two claims, one category.
    assert hccs(scored, "diabetes") == {"36"}


def test_interactions_come_with_both_conditions(scored: duckdb.DuckDBPyConnection) -> None:
    # hccinfhir, tests/test_model_calculate.py, test_hf_hcc238_v28: HF_HCC238_V28 is 0.077, HCC238 0.299.
    assert score(scored, "hf and rhythm") - score(scored, "hf alone") == pytest.approx(0.299 + 0.077)


@pytest.mark.parametrize("number", range(len(FILTER)))
def test_diagnoses_count_where_cms_lets_them(scored: duckdb.DuckDBPyConnection, number: int) -> None:
    bill_type, hcpcs, passes = FILTER[number]
    assert hccs(scored, f"filter{number}") == ({"38"} if passes else set())
    kinds = {"facility_type": bill_type[0], "service_type": bill_type[1]} if bill_type else {}
    line = ServiceLevelData(procedure_code=hcpcs, claim_diagnosis_codes=["E119"], **kinds)
    eligible = load_proc_filtering("ra_eligible_cpt_hcpcs_2025.csv")
    assert bool(apply_filter([line], professional_cpt=eligible)) is passes


@pytest.mark.parametrize("number", range(len(EDITS)))
def test_age_and_sex_edits_are_cmss(scored: duckdb.DuckDBPyConnection, number: int) -> None:
    assert hccs(scored, f"edit{number}") == EDITS[number][3]


def test_a_profile_scores_as_the_person_would(scored: duckdb.DuckDBPyConnection) -> None:
    model = HCCInFHIR(model_name=risk.MODEL)
    query = "select person_id, risk_score from estimate.member_risk where year = 2026"
    scores = dict(scored.execute(query).fetchall())
    left: dict[str, set[str]] = {}
    for person, hcc in scored.execute(
        "select person_id, hcc from estimate.member_hcc where year = 2026"
    ).fetchall():
        left.setdefault(person, set()).add(hcc)
    wrong = []
    for person, age, sex, dual, orec, is_new, codes in PEOPLE:
        alone = model.calculate_from_diagnosis(
            codes, age=age, sex=sex, dual_elgbl_cd=DUAL[dual], orec=orec, new_enrollee=is_new
        )
        if scores[person] != round(alone.risk_score, 3) or left.get(person, set()) != set(alone.hcc_list):
            wrong.append((person, age, sex, dual, orec, is_new, codes))
    assert not wrong


def test_cancelled_claims_say_nothing_and_a_stay_is_of_its_last_day(
    scored: duckdb.DuckDBPyConnection,
) -> None:
    assert hccs(scored, "cancelled") == set()
    assert hccs(scored, "stay into the year") == {"38"}
    assert hccs(scored, "last year only") == set()
    assert hccs(scored, "last year only", 2025) == {"38"}


def test_the_medicare_status_stands_in_for_an_unknown_reason(scored: duckdb.DuckDBPyConnection) -> None:
    assert score(scored, "status disabled") == score(scored, "originally disabled") > score(scored, "without")


def test_who_cannot_be_scored_has_no_row(scored: duckdb.DuckDBPyConnection) -> None:
    query = "select count(*) from estimate.member_risk where person_id = 'unknown'"
    assert scored.execute(query).fetchall() == [(0,)]


def test_first_recorded_on_is_the_earliest_that_counts(scored: duckdb.DuckDBPyConnection) -> None:
    query = "select first_recorded_on, label from estimate.member_hcc where person_id = 'diabetes' and year = 2026"
    assert scored.execute(query).fetchall() == [
        (date(2025, 5, 5), "Diabetes with Severe Acute Complications")
    ]


@pytest.fixture(scope="module")
def years() -> duckdb.DuckDBPyConnection:
    """Claims from November 2023: 2024 is the first whole year of diagnoses."""
    made = Warehouse()
    early = date(2023, 11, 1)
    made.person("grows", date(1955, 6, 1), since=early)
    made.claim("grows", "I509", on=date(2024, 3, 1))
    made.claim("grows", "I509", "E119", on=date(2025, 3, 1))
    made.person("fades", date(1955, 6, 1), since=early)
    made.claim("fades", "J449", on=date(2024, 3, 1))
    made.person("turns 70", date(1955, 6, 1), since=early)
    made.claim("turns 70", "I509", on=date(2024, 3, 1))
    made.claim("turns 70", "I509", on=date(2025, 3, 1))
    made.person("was new", date(1955, 6, 1), since=date(2024, 6, 1))
    made.claim("was new", "I509", on=date(2025, 3, 1))
    made.person("leaves", date(1955, 6, 1), since=early, until=date(2025, 7, 1))
    made.person("joins", date(1955, 6, 1), since=date(2026, 2, 1))
    return made.run()


def changes(connection: duckdb.DuckDBPyConnection, person: str, year: int = 2026) -> tuple[float, ...]:
    query = (
        "select demographic_change, enrolee_change, hcc_new_change, hcc_dropped_change, combination_change "
        "from estimate.member_risk where person_id = ? and year = ?"
    )
    (found,) = connection.execute(query, [person, year]).fetchall()
    return tuple(found)


def test_a_change_of_score_is_told_by_its_cause(years: duckdb.DuckDBPyConnection) -> None:
    # V28, community non-dual aged: HCC38 0.166, with heart failure 0.112 more; HCC280 0.319.
    # A woman born in June 1955 is 69 and then 70 on 1 February: 0.330 (F65_69) to 0.395 (F70_74).
    assert changes(years, "grows") == pytest.approx((0.065, 0, 0.166, 0, 0.112))
    assert changes(years, "fades") == pytest.approx((0.065, 0, 0, -0.319, 0))
    assert changes(years, "turns 70") == pytest.approx((0.065, 0, 0, 0, 0))
    new = score(years, "was new") - score(years, "was new", 2025)
    assert changes(years, "was new") == pytest.approx((0, new, 0, 0, 0))


def test_the_changes_add_up_to_the_scores_change(years: duckdb.DuckDBPyConnection) -> None:
    query = """
        select count(*), max(abs(
            risk_score - previous_score - demographic_change - enrolee_change - hcc_new_change - hcc_dropped_change
            - combination_change
        )) from estimate.member_risk where previous_score is not null
    """
    ((count, largest),) = years.execute(query).fetchall()
    assert count == 4
    assert largest < 1e-9


def test_categories_say_what_became_of_them(years: duckdb.DuckDBPyConnection) -> None:
    query = (
        "select person_id, hcc, coefficient, status from estimate.member_hcc where year = 2026 order by all"
    )
    assert years.execute(query).fetchall() == [
        ("fades", "280", 0.319, "dropped"),
        ("grows", "226", 0.36, "continuing"),
        ("grows", "38", 0.166, "new"),
        ("turns 70", "226", 0.36, "continuing"),
        ("was new", "226", 0.36, "new"),
    ]


def test_years_before_a_whole_year_of_claims_go_by_the_first_and_are_not_compared(
    years: duckdb.DuckDBPyConnection,
) -> None:
    query = (
        "select year, diagnosis_year, previous_score is not null, hcc_count "
        "from estimate.member_risk where person_id = 'grows' order by year"
    )
    assert years.execute(query).fetchall() == [
        (2023, 2024, False, 1),
        (2024, 2024, False, 1),
        (2025, 2024, False, 1),
        (2026, 2025, True, 2),
    ]


def test_a_new_enrolee_is_one_known_to_have_come_lately(years: duckdb.DuckDBPyConnection) -> None:
    query = "select year from estimate.member_risk where person_id = ? and is_new_enrolee order by year"

    def new(person: str) -> list[int]:
        return [row[0] for row in years.execute(query, [person]).fetchall()]

    # Enrolled when enrolment data begins (November 2023): nothing says that they came then.
    assert new("grows") == []
    assert new("was new") == [2024, 2025]
    assert new("joins") == [2026]


def test_who_is_gone_in_the_next_year_leaves(years: duckdb.DuckDBPyConnection) -> None:
    query = "select person_id, year from estimate.member_risk where is_leaving"
    assert years.execute(query).fetchall() == [("leaves", 2025)]


@pytest.fixture(scope="module")
def lines() -> duckdb.DuckDBPyConnection:
    """A commercial line: 1,000 children at $100 a month would be credible; here a few, and a Medicare line."""
    made = Warehouse(contracts={"aco": "medicare", "shop": "commercial"})
    for number in range(4):
        made.person(f"child{number}", date(2013, 6, 1), contract="shop", monthly=100)
        made.person(f"adult{number}", date(1972, 6, 1), contract="shop", monthly=500)
    made.person("plain", date(1955, 6, 1), monthly=300)
    made.person("ill", date(1955, 6, 1), monthly=900)
    made.claim("ill", "I509", "E119")
    made.claim("ill", "I509", "E119", on=date(2024, 5, 5))
    made.add("core.pharmacy_claim", "ill", "aco", date(2026, 3, 3), 40, 60)
    return made.run()


def test_weights_average_one_over_the_reference_period(lines: duckdb.DuckDBPyConnection) -> None:
    query = """
        select c.line_of_business, avg(r.risk_weight)
        from core.member_month as m
        inner join mart.contract as c using (contract_id)
        inner join estimate.risk_reference as n using (line_of_business)
        inner join estimate.member_risk as r
            on r.person_id = m.person_id and r.contract_id = m.contract_id and r.year = extract(year from m.month)
        where m.month between n.period_start and n.period_end
        group by c.line_of_business
    """
    for _, average in lines.execute(query).fetchall():
        assert average == pytest.approx(1.0)


def test_the_reference_pmpm_times_risk_months_is_what_was_spent(lines: duckdb.DuckDBPyConnection) -> None:
    query = "select * from estimate.risk_reference where line_of_business = 'medicare'"
    found = lines.execute(query).df().iloc[0]
    # The last service month is October 2026: twelve months to July.
    assert (found["period_start"].date(), found["period_end"].date()) == (date(2025, 8, 1), date(2026, 7, 31))
    assert found["medical_pmpm_allowed"] == pytest.approx((300 + 900) / 2)
    assert found["pharmacy_pmpm_paid"] == pytest.approx(40 / 24)
    assert found["pmpm_paid"] == pytest.approx(600 * 0.8 + 40 / 24)


def test_age_and_sex_factors_lean_on_the_line_where_the_cell_is_small(
    lines: duckdb.DuckDBPyConnection,
) -> None:
    query = "select distinct substr(person_id, 1, 5), risk_score from estimate.member_risk where model = 'age_sex'"
    factors = {row[0]: row[1] for row in lines.execute(query).fetchall()}
    # 4 members' 12 months, of 12,000: credibility 0.063 of the cell, and of the rest as much of the band.
    credibility = (48 / 12_000) ** 0.5
    for who, raw in (("child", 100 / 300), ("adult", 500 / 300)):
        leaned = credibility * raw + (1 - credibility) * (credibility * raw + 1 - credibility)
        assert factors[who] == pytest.approx(leaned, abs=0.0005)


def test_a_year_is_scored_before_its_first_claims() -> None:
    made = Warehouse()
    made.person("here", date(1955, 6, 1), until=date(2026, 12, 1))
    made.add("core.member_month", "here", "aco", date(2027, 1, 1), "north", "none", 1, 1)
    made.claim("here", "E119", on=date(2026, 5, 5))
    assert hccs(made.run(), "here", 2027) == {"38"}


def test_no_diagnoses_and_no_members_are_no_error() -> None:
    empty: Callable[[], duckdb.DuckDBPyConnection] = Warehouse().run
    assert empty().execute("select count(*) from estimate.member_risk").fetchall() == [(0,)]
