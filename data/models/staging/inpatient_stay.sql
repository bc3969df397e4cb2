/* Inpatient stays: admission facts from the first claim, discharge facts from the last. Grain: stay. */
MODEL (
  name staging.inpatient_stay,
  kind FULL,
  grain stay_id
);

with stay as (
    select
        stay_id,
        min(person_id) as person_id,
        min(contract_id) as contract_id,
        min_by(market_id, cast(admit_date as varchar) || cast(start_date as varchar) || claim_key) as market_id,
        min_by(feed, cast(admit_date as varchar) || cast(start_date as varchar) || claim_key) as feed,
        min_by(file_name, cast(admit_date as varchar) || cast(start_date as varchar) || claim_key) as file_name,
        min_by(facility_npi, cast(admit_date as varchar) || cast(start_date as varchar) || claim_key) as facility_npi,
        min_by(primary_diagnosis, cast(admit_date as varchar) || cast(start_date as varchar) || claim_key)
            as primary_diagnosis,
        max_by(drg_code, cast(leave_date as varchar) || cast(start_date as varchar) || claim_key) as drg,
        max_by(discharge_disposition_code, cast(leave_date as varchar) || cast(start_date as varchar) || claim_key)
            as discharge_disposition,
        min(admit_date) as admit_date,
        max(leave_date) as discharge_date,
        max(case when is_rehabilitation then 1 else 0 end) as is_rehabilitation,
        sum(paid_amount) as paid_amount,
        sum(allowed_amount) as allowed_amount
    from staging.stay_claim
    group by stay_id
)

select
    s.*,
    coalesce(s.is_rehabilitation = 0 and d.rehabilitation is null, false) as is_acute,
    d.description as drg_description,
    case
        when d.planned_reason is not null then d.planned_reason
        when s.primary_diagnosis in ('Z5111', 'Z5112') then 'chemotherapy'
        when substr(s.primary_diagnosis, 1, 3) = 'Z38' then 'birth'
        when s.is_rehabilitation = 1 then 'rehabilitation'
    end as planned_reason
from stay as s
left join reference.drg as d on d.drg = lpad(s.drg, 3, '0')
