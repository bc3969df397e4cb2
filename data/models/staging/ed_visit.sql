/* Emergency department visits with their disposition. Grain: visit. Admitted, if the visit's claims or an inpatient
   claim (bill type 11x, the unpaid 110 included) at any facility overlap or start the next day; else observation, if
   revenue centre 0762 or HCPCS G0378 at the same facility on contiguous dates; else treated and released. */
MODEL (
  name staging.ed_visit,
  kind FULL,
  grain visit_id
);

with visit as (
    select
        visit_id,
        min(person_id) as person_id,
        min(contract_id) as contract_id,
        min(facility_npi) as facility_npi,
        min(case when is_first then feed end) as feed,
        min(case when is_first then file_name end) as file_name,
        min(case when is_first then market_id end) as market_id,
        min(start_date) as visit_date,
        max(ed_end_date) as visit_end_date,
        min_by(admission_hour, cast(start_date as varchar) || claim_key) as arrival_hour,
        min_by(primary_diagnosis, cast(start_date as varchar) || claim_key) as primary_diagnosis,
        string_agg(claim_id, '|' order by start_date, claim_id) as claim_ids,
        max(case when is_inpatient then 1 else 0 end) as has_inpatient_claim,
        max(case when is_observation then 1 else 0 end) as has_observation,
        sum(paid_amount) as facility_paid,
        sum(allowed_amount) as facility_allowed
    from staging.ed_claim
    group by visit_id
),

admitted as (
    select distinct v.visit_id
    from visit as v
    inner join staging.claim_header as h on h.person_id = v.person_id
    where
        h.is_inpatient and not h.is_cancelling and not h.is_cancelled and not h.is_replaced
        and h.start_date <= v.visit_end_date + interval '1' day
        and h.end_date >= v.visit_date
),

observed as (
    select distinct v.visit_id
    from visit as v
    inner join staging.claim_header as h
        on h.person_id = v.person_id and h.contract_id = v.contract_id and h.facility_npi = v.facility_npi
    where
        h.is_observation and h.claim_type = 'institutional' and not h.is_inpatient
        and not h.is_cancelling and not h.is_cancelled and not h.is_replaced
        and h.start_date <= v.visit_end_date + interval '1' day
        and h.end_date >= v.visit_date - interval '1' day
)

select
    v.*,
    case
        when v.has_inpatient_claim = 1 or a.visit_id is not null then 'admitted'
        when v.has_observation = 1 or o.visit_id is not null then 'observation'
        else 'treated_and_released'
    end as disposition
from visit as v
left join admitted as a on a.visit_id = v.visit_id
left join observed as o on o.visit_id = v.visit_id
