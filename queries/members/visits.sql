-- answers: Which ED visits and inpatient stays has this member had?
-- grain: one row per visit or stay, latest first
-- columns:
--   kind: "text — ed or inpatient"
--   event_id: "id — the visit or stay, inside the warehouse"
--   start_date: "date — first day"
--   end_date: "date — last day"
--   facility_name: "text — name of the hospital"
--   disposition: "text — treated_and_released, observation or admitted"
--   primary_diagnosis: "ICD-10-CM code — primary diagnosis, without dot"
--   diagnosis_description: "text — what the code means; for a stay, its DRG"
--   followed_up_7d: "yes or no — followed up within 7 days; null while the window is open"
--   allowed: "dollars — allowed for the visits, facility and professional"
--   paid: "dollars — paid for the visits, facility and professional"
--   source: "text — where it is known from"
-- params:
--   person_id: {type: str, required: true, meaning: 'the member'}
-- needs: [view_members]
-- filters: []
with event as (
    select
        'ed' as kind, visit.visit_id as event_id, visit.visit_date as start_date, visit.visit_end_date as end_date,
        visit.facility_name, visit.disposition, visit.primary_diagnosis, visit.diagnosis_description,
        visit.followed_up_7d, visit.allowed, visit.paid, visit.source
    from mart.ed_visit as visit
    where visit.person_id = :person_id

    union all

    select
        'inpatient' as kind, stay.stay_id as event_id, stay.admit_date as start_date, stay.discharge_date as end_date,
        stay.facility_name, stay.discharge_disposition as disposition, stay.primary_diagnosis,
        stay.drg_description as diagnosis_description, stay.followed_up_7d, stay.allowed, stay.paid,
        'claims' as source
    from mart.inpatient_stay as stay
    where stay.person_id = :person_id
)

select
    event.kind, event.event_id, event.start_date, event.end_date, event.facility_name, event.disposition,
    event.primary_diagnosis, event.diagnosis_description, event.followed_up_7d, event.allowed, event.paid, event.source
from event
order by event.start_date desc, event.event_id
