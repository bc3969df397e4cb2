/* One row per medical claim, with what the visit and stay rules need to know of it. Grain: feed and claim.
   Cancelled, cancelling and replaced claims are marked (metrics.md, claims and stays): they stay in spend, but no
   visit or stay is made of them. */
MODEL (
  name staging.claim_header,
  kind FULL,
  grain claim_key
);

select
    n.claim_key,
    n.feed,
    n.file_name,
    n.claim_id,
    n.contract_id,
    coalesce(m.market_id, p.market_id, 'unassigned') as market_id,
    m.person_id is not null as in_enrolment,
    n.person_id,
    n.claim_type,
    n.bill_type_code,
    n.frequency,
    n.facility_npi,
    n.billing_npi,
    n.rendering_npi,
    n.start_date,
    n.end_date,
    cast(date_trunc('month', n.start_date) as date) as month,
    n.admission_date,
    n.discharge_date,
    n.admission_hour,
    n.discharge_disposition_code,
    n.drg_code,
    n.primary_diagnosis,
    n.paid_date,
    n.paid_amount,
    n.allowed_amount,
    n.lines,
    n.is_ed,
    n.is_ed_professional,
    n.is_observation,
    n.is_rehabilitation,
    n.is_inpatient,
    n.is_cancelling,
    coalesce(c.is_cancelled, false) as is_cancelled,
    coalesce(c.is_replaced, false) as is_replaced,
    n.ambulatory_visit_type,
    n.ambulatory_on
from staging.claim as n
left join staging.claim_set_aside as c on c.claim_key = n.claim_key
left join staging.enrolment_run as m
    on m.person_id = n.person_id
    and m.contract_id = n.contract_id
    and n.start_date >= m.first_month
    and cast(date_trunc('month', n.start_date) as date) <= m.last_month
left join staging.person_place as p on p.person_id = n.person_id
