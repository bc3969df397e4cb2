/* Inpatient stays, interim and transfer claims merged, with readmission (metrics.md, hospital). Grain: stay.
   Planned follows the simplified rule (rehabilitation, chemotherapy, transplant and birth DRGs). */
MODEL (
  name mart.inpatient_stay,
  kind FULL,
  depends_on (mart.contract, mart.market, mart.member_month),
  grain stay_id,
  audits (
    key_is_unique(columns := stay_id),
    enrolled_rows_have_member_month,
    exists_in_dimension(column := contract_id, dimension := mart.contract, key := contract_id),
    exists_in_dimension(column := market_id, dimension := mart.market, key := market_id)
  )
);

with emergency as (
    select stay_id, sum(outpatient_paid) as paid_amount, sum(outpatient_allowed) as allowed_amount
    from staging.ed_visit_stay
    group by stay_id
),

stay as (
    select
        s.*,
        e.stay_id is not null as admitted_from_ed,
        s.paid_amount + coalesce(e.paid_amount, 0) as paid,
        s.allowed_amount + coalesce(e.allowed_amount, 0) as allowed,
        f.data_end,
        d.died is not null as died,
        coalesce(
            s.is_acute and d.died is null and d.against_advice is null and d.transferred_to_acute is null
            and coalesce(s.discharge_disposition, '') <> '30'
            and s.discharge_date + interval '30' day <= f.data_end, false
        ) as is_index
    from staging.inpatient_stay as s
    inner join staging.feed_end as f on f.feed = s.feed
    left join emergency as e on e.stay_id = s.stay_id
    left join reference.discharge_disposition as d on d.code = s.discharge_disposition
),

/* The first acute stay within 30 days; if it is planned, the chain ends without a readmission. */
later as (
    select
        i.stay_id,
        n.stay_id as next_stay_id,
        n.planned_reason,
        row_number() over (partition by i.stay_id order by n.admit_date, n.stay_id) as choice
    from stay as i
    inner join stay as n
        on n.person_id = i.person_id
        and n.stay_id <> i.stay_id
        and n.admit_date >= i.discharge_date
        and n.admit_date <= i.discharge_date + interval '30' day
    where i.is_index and n.is_acute
),

readmission as (
    select stay_id, next_stay_id
    from later
    where choice = 1 and planned_reason is null
),

/* A stay answers for the index whose discharge it follows most closely. */
readmission_of as (
    select
        r.next_stay_id,
        max_by(r.stay_id, cast(i.discharge_date as varchar) || r.stay_id) as index_stay_id
    from readmission as r
    inner join stay as i on i.stay_id = r.stay_id
    group by r.next_stay_id
),

followed as (
    select s.stay_id, min(a.visit_on) as followed_on
    from stay as s
    inner join staging.ambulatory_visit as a
        on a.person_id = s.person_id
        and a.visit_on >= s.discharge_date
        and a.visit_on <= s.discharge_date + interval '7' day
    group by s.stay_id
)

select
    s.stay_id,
    s.person_id,
    s.contract_id,
    coalesce(m.market_id, s.market_id, 'unassigned') as market_id,
    s.admit_date,
    s.discharge_date,
    cast(date_trunc('month', s.admit_date) as date) as month,
    cast(s.discharge_date - s.admit_date as integer) as days,
    s.facility_npi,
    p.provider_name as facility_name,
    s.drg,
    s.drg_description,
    s.primary_diagnosis,
    s.is_acute,
    s.admitted_from_ed,
    s.planned_reason is not null as is_planned,
    s.is_index,
    case when s.is_index then r.stay_id is not null end as readmitted_30d,
    o.index_stay_id as readmission_of,
    s.discharge_disposition,
    case
        when s.died or coalesce(s.discharge_disposition, '') = '30' or s.discharge_date + interval '7' day > s.data_end then null
        else f.stay_id is not null
    end as followed_up_7d,
    cast(null as varchar) as pqi,
    cast(s.paid as double) as paid,
    cast(s.allowed as double) as allowed,
    s.feed,
    m.person_id is not null as in_enrolment
from stay as s
left join mart.member_month as m
    on m.person_id = s.person_id
    and m.contract_id = s.contract_id
    and m.month = cast(date_trunc('month', s.admit_date) as date)
left join mart.provider as p on p.npi = s.facility_npi
left join readmission as r on r.stay_id = s.stay_id
left join readmission_of as o on o.next_stay_id = s.stay_id
left join followed as f on f.stay_id = s.stay_id
