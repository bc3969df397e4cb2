/* Claims of stays that began in the emergency department, the doctors' bills of their days included: care that nobody
   referred (metrics.md, leakage: emergencies excluded). Grain: claim. */
MODEL (
  name staging.emergency_claim,
  kind FULL,
  grain claim_key
);

with emergency_stay as (
    select distinct s.stay_id, s.person_id, s.contract_id, s.admit_date, s.discharge_date
    from staging.ed_visit_stay as e
    inner join staging.inpatient_stay as s on s.stay_id = e.stay_id
)

select c.claim_key
from staging.stay_claim as c
inner join (select distinct stay_id from emergency_stay) as s on s.stay_id = c.stay_id
union
select h.claim_key
from staging.claim_header as h
inner join emergency_stay as s
    on s.person_id = h.person_id
    and s.contract_id = h.contract_id
    and h.start_date between s.admit_date and s.discharge_date
where h.claim_type = 'professional'
