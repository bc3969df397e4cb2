-- answers: How much is in the warehouse, year by year? In enrolled months only.
-- grain: one row per calendar year of service
-- metric: [member_months, medical_paid, pharmacy_paid, inpatient_stays, ed_total_per_1000]
-- columns:
--   year: "year — of service"
--   member_months: "member-months — months enrolled on any day"
--   medical_paid: "dollars — paid on medical claims in enrolled months"
--   pharmacy_paid: "dollars — paid on pharmacy claims in enrolled months"
--   ed_visits: "visits — ED visits of any disposition"
--   ed_admitted: "visits — that ended in admission"
--   ed_observation: "visits — that ended in observation"
--   ed_treated_and_released: "visits — treated and released"
--   inpatient_stays: "stays — inpatient stays"
with
enrolled as (
    select year(month) as year, cast(sum(medical_member_months) as double) as member_months
    from mart.member_month
    group by 1
),

spend as (
    select
        year(month) as year,
        coalesce(sum(paid) filter (where service_category_1 <> 'pharmacy'), 0) as medical_paid,
        coalesce(sum(paid) filter (where service_category_1 = 'pharmacy'), 0) as pharmacy_paid
    from mart.spend_month
    where in_enrolment
    group by 1
),

ed_use as (
    select
        year(month) as year,
        count(*) as ed_visits,
        count(*) filter (where disposition = 'admitted') as ed_admitted,
        count(*) filter (where disposition = 'observation') as ed_observation,
        count(*) filter (where disposition = 'treated_and_released') as ed_treated_and_released
    from mart.ed_visit
    where in_enrolment
    group by 1
),

stay as (
    select year(month) as year, count(*) as inpatient_stays
    from mart.inpatient_stay
    where in_enrolment
    group by 1
)

select
    enrolled.year,
    enrolled.member_months,
    coalesce(spend.medical_paid, 0) as medical_paid,
    coalesce(spend.pharmacy_paid, 0) as pharmacy_paid,
    coalesce(ed_use.ed_visits, 0) as ed_visits,
    coalesce(ed_use.ed_admitted, 0) as ed_admitted,
    coalesce(ed_use.ed_observation, 0) as ed_observation,
    coalesce(ed_use.ed_treated_and_released, 0) as ed_treated_and_released,
    coalesce(stay.inpatient_stays, 0) as inpatient_stays
from enrolled
left join spend on spend.year = enrolled.year
left join ed_use on ed_use.year = enrolled.year
left join stay on stay.year = enrolled.year
-- enrolment may reach back further than claims: nothing can be said of those years
where coalesce(spend.medical_paid, spend.pharmacy_paid, ed_use.ed_visits, stay.inpatient_stays, 0) <> 0
order by enrolled.year
