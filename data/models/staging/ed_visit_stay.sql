/* The stay that an admitted emergency department visit led to: of the same person and contract, overlapping or
   beginning the next day, the earliest. Grain: visit. */
MODEL (
  name staging.ed_visit_stay,
  kind FULL,
  grain visit_id
);

with near as (
    select
        v.visit_id,
        s.stay_id,
        v.facility_paid,
        v.facility_allowed,
        row_number() over (partition by v.visit_id order by s.admit_date, s.stay_id) as choice
    from staging.ed_visit as v
    inner join staging.inpatient_stay as s
        on s.person_id = v.person_id
        and s.contract_id = v.contract_id
        and s.admit_date <= v.visit_end_date + interval '1' day
        and s.discharge_date >= v.visit_date
    where v.disposition = 'admitted'
),

/* Outpatient claims of the visit; the inpatient ones are in the stay already. */
outpatient as (
    select visit_id, sum(paid_amount) as paid_amount, sum(allowed_amount) as allowed_amount
    from staging.ed_claim
    where not is_inpatient
    group by visit_id
)

select
    n.visit_id,
    n.stay_id,
    coalesce(o.paid_amount, 0) as outpatient_paid,
    coalesce(o.allowed_amount, 0) as outpatient_allowed
from near as n
left join outpatient as o on o.visit_id = n.visit_id
where n.choice = 1
