/* Enrolment spans in the Tuva Core vocabulary. Grain: eligibility row as loaded. */
MODEL (
  name core.eligibility,
  kind FULL
);

select
    feed || ':' || file_name || ':' || cast(row_number as varchar) as eligibility_id,
    person_id,
    member_id,
    contract_id,
    market_id,
    sex,
    race,
    ethnicity,
    birth_date,
    death_date,
    enrollment_start_date,
    enrollment_end_date,
    payer,
    payer_type,
    plan,
    dual_status_code,
    medicare_status_code,
    original_reason_entitlement_code,
    group_id,
    feed as data_source,
    file_name
from raw.eligibility
where is_superseded is not true
