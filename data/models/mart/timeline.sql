/* What happened to a person, in words. Grain: event. */
MODEL (
  name mart.timeline,
  kind FULL,
  depends_on (mart.contract, mart.market),
  audits (
    exists_in_dimension(column := contract_id, dimension := mart.contract, key := contract_id),
    exists_in_dimension(column := market_id, dimension := mart.market, key := market_id)
  )
);

with event as (
    select
        s.person_id,
        s.contract_id,
        coalesce(s.market_id, 'unassigned') as market_id,
        s.enrollment_start_date as happened_on,
        'enrolment' as kind,
        'Enrolled in ' || coalesce(c.contract_name, s.contract_id) as title,
        case
            when s.enrollment_end_date is null or extract(year from s.enrollment_end_date) >= 2099 then 'Open end'
            else 'Until ' || cast(s.enrollment_end_date as varchar)
        end as detail,
        cast(null as double) as amount,
        s.feed || ' · ' || s.file_name as source,
        s.feed || ':' || s.file_name || ':' || cast(s.row_number as varchar) as event_id
    from staging.eligibility_span as s
    left join mart.contract as c on c.contract_id = s.contract_id
    union all
    select
        v.person_id, v.contract_id, v.market_id, v.visit_date, 'ed',
        'Emergency department visit'
        || case v.disposition
            when 'admitted' then ', admitted'
            when 'observation' then ', observation'
            else ', treated and released'
        end,
        coalesce(v.diagnosis_description, v.primary_diagnosis, 'No diagnosis on the claim')
        || coalesce(' · ' || v.facility_name, ''),
        v.allowed, v.feed || ' · ' || e.file_name, v.visit_id
    from mart.ed_visit as v
    inner join staging.ed_visit as e on e.visit_id = v.visit_id
    union all
    select
        s.person_id, s.contract_id, s.market_id, s.admit_date, 'inpatient',
        'Inpatient stay, ' || cast(s.days as varchar) || case when s.days = 1 then ' day' else ' days' end,
        coalesce(s.drg_description, d.description, s.primary_diagnosis, 'No diagnosis on the claim')
        || coalesce(' · ' || s.facility_name, ''),
        s.allowed, s.feed || ' · ' || i.file_name, s.stay_id
    from mart.inpatient_stay as s
    inner join staging.inpatient_stay as i on i.stay_id = s.stay_id
    left join reference.diagnosis as d on d.code = s.primary_diagnosis
    union all
    select
        a.person_id, a.contract_id, a.market_id, a.visit_on, 'visit',
        upper(substr(a.visit_type, 1, 1)) || substr(a.visit_type, 2),
        coalesce(d.description, g.description, a.primary_diagnosis, 'No diagnosis on the claim')
        || coalesce(' · ' || p.provider_name, ''),
        cast(a.allowed_amount as double), a.feed || ' · ' || a.file_name, 'visit:' || a.claim_key
    from staging.ambulatory_visit as a
    left join mart.provider as p on p.npi = a.provider_npi
    left join reference.diagnosis as d on d.code = a.primary_diagnosis
    left join reference.diagnosis_category as g on g.code_prefix = substr(a.primary_diagnosis, 1, 3)
    union all
    select
        r.person_id, r.contract_id, coalesce(l.market_id, 'unassigned'), r.dispensing_date, 'pharmacy',
        'Prescription filled',
        'NDC ' || coalesce(r.ndc_code, 'not given')
        || coalesce(' · ' || cast(r.days_supply as varchar) || ' days', ''),
        cast(r.allowed_amount as double), r.data_source || ' · ' || r.file_name, 'rx:' || r.pharmacy_claim_id
    from core.pharmacy_claim as r
    left join staging.person_place as l on l.person_id = r.person_id
    union all
    select
        b.person_id, coalesce(l.contract_id, 'unassigned'), coalesce(l.market_id, 'unassigned'),
        coalesce(b.collection_date, b.result_date), 'lab',
        coalesce(b.description, b.code, 'Laboratory result'),
        coalesce(b.result, 'No result') || coalesce(' ' || b.units, ''),
        cast(null as double), b.data_source || ' · ' || b.file_name, 'lab:' || b.data_source || ':' || b.lab_result_id
    from core.lab_result as b
    left join staging.person_place as l on l.person_id = b.person_id
    union all
    select
        i.person_id, coalesce(l.contract_id, 'unassigned'), coalesce(l.market_id, 'unassigned'), i.occurrence_date,
        'visit', 'Immunization: ' || coalesce(i.description, i.code, 'not named'), coalesce(i.status, ''),
        cast(null as double), i.data_source || ' · ' || i.file_name,
        'immunization:' || i.data_source || ':' || i.immunization_id
    from core.immunization as i
    left join staging.person_place as l on l.person_id = i.person_id
    union all
    select
        t.person_id, t.contract_id, t.market_id, t.touched_on, 'touch',
        'Contact by ' || coalesce(t.channel, 'unknown channel') || ': ' || replace(coalesce(t.outcome, 'no outcome'), '_', ' '),
        coalesce(s.staff_name, t.staff_id), cast(null as double), 'care team', 'touch:' || t.touch_id
    from mart.touch as t
    left join mart.staff as s on s.staff_id = t.staff_id
    union all
    select
        a.person_id, a.contract_id, a.market_id, cast(a.event_time as date), 'adt',
        case a.kind
            when 'ed_arrival' then 'Arrived at the emergency department'
            when 'admission' then 'Admitted'
            when 'registration' then 'Registered'
            else 'Discharged'
        end || ' (as reported by the facility)',
        coalesce(a.complaint || ' · ', '') || coalesce(a.facility_name, ''),
        cast(null as double), a.feed || ' · ' || a.file_name, 'adt:' || a.event_id
    from mart.adt_event as a
    where
        a.person_id is not null and not a.is_cancelled
        and a.kind in ('ed_arrival', 'admission', 'registration', 'discharge')
)

select person_id, contract_id, market_id, happened_on, kind, title, detail, amount, source, event_id
from event
where happened_on is not null
