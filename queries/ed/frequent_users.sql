-- answers: Who came most often, and what is arranged for them?
-- grain: one row per member with at least min_visits visits of any disposition in the 12 months that end the period
-- metric: frequent_users
-- columns:
--   person_id: "id — the member, inside the warehouse"
--   name: "text — last name, first name"
--   age: "years — age"
--   sex: "text — sex as the payer sent it"
--   phone: "text — telephone number"
--   visits_12m: "visits — any disposition, in the 12 months"
--   released_12m: "visits — of those, treated and released"
--   visits_90d: "visits — in the last 90 days of the period"
--   visits_30d: "visits — in the last 30 days of the period"
--   last_visit_date: "date — latest of these visits"
--   last_facility: "text — facility of the latest visit"
--   last_reason: "text — primary diagnosis of the latest visit"
--   followup_status: "text — due, done, missed or none, for the latest ED visit known"
--   followup_due: "date — last day of that follow-up window"
--   next_appointment_date: "date — next booked appointment"
--   last_touch_date: "date — latest successful contact"
--   lead_staff_name: "text — who leads the member's care"
--   pcp_name: "text — primary care provider"
--   conditions: "list of text — conditions found in claims"
-- params:
--   min_visits: {type: int, default: 4, meaning: 'least number of visits'}
-- drill:
--   visits_12m: {question: ed/visits, params: {window: rolling_12m, person_id: $person_id}, count: rows}
--   released_12m: {question: ed/visits, params: {window: rolling_12m, person_id: $person_id, disposition: treated_and_released}, count: rows}
-- needs: [view_members]
with
visit as (
    select person_id, visit_id, visit_date, disposition, facility_name, diagnosis_description, age, sex, pcp_name
    from mart.ed_visit
    where in_enrolment and month between :rolling_start and :period_end
),

visitor as (
    select
        person_id,
        count(*) as visits_12m,
        count(*) filter (where disposition = 'treated_and_released') as released_12m,
        count(*) filter (where visit_date > last_day(cast(:period_end as date)) - to_days(90)) as visits_90d,
        count(*) filter (where visit_date > last_day(cast(:period_end as date)) - to_days(30)) as visits_30d
    from visit
    group by person_id
    having count(*) >= :min_visits
),

latest as (
    select visit.*
    from visit
    inner join visitor on visitor.person_id = visit.person_id
    qualify row_number() over (partition by visit.person_id order by visit.visit_date desc, visit.visit_id desc) = 1
)

select
    visitor.person_id,
    member.last_name || ', ' || member.first_name as name,
    coalesce(member.age, latest.age) as age,
    coalesce(member.sex, latest.sex) as sex,
    member.phone,
    visitor.visits_12m,
    visitor.released_12m,
    visitor.visits_90d,
    visitor.visits_30d,
    latest.visit_date as last_visit_date,
    latest.facility_name as last_facility,
    latest.diagnosis_description as last_reason,
    member.followup_7d_status as followup_status,
    member.followup_7d_due as followup_due,
    member.next_appointment_date,
    member.last_touch_date,
    member.lead_staff_name,
    coalesce(member.pcp_name, latest.pcp_name) as pcp_name,
    member.conditions
from visitor
inner join latest on latest.person_id = visitor.person_id
-- a member who has moved to a market out of scope keeps the visits, without today's details
left join permitted.member as member on member.person_id = visitor.person_id
order by visitor.visits_12m desc, visitor.visits_30d desc, visitor.person_id
