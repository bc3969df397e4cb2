-- answers: How are visits spread over members? From none to the most, any disposition, in the 12 months that end the period.
-- grain: one row per number of visits
-- metric: frequent_users
-- columns:
--   visits_per_member: "visits — number of visits a member made"
--   members: "members — enrolled in the 12 months, with that many visits"
--   visits: "visits — made by them together, any disposition"
-- drill:
--   members: {question: members/enrolled, params: {window: rolling_12m, visits_from: $visits_per_member, visits_to: $visits_per_member}, count: rows}
--   visits: {question: ed/visits, params: {window: rolling_12m, visits_per_member_from: $visits_per_member, visits_per_member_to: $visits_per_member}, count: rows}
with
enrolled as (
    select distinct person_id
    from mart.member_month
    where month between :rolling_start and :period_end
),

visitor as (
    select person_id, count(*) as visits
    from mart.ed_visit
    where in_enrolment and month between :rolling_start and :period_end
    group by person_id
)

select
    coalesce(visitor.visits, 0) as visits_per_member,
    count(*) as members,
    coalesce(sum(visitor.visits), 0) as visits
from enrolled
left join visitor on visitor.person_id = enrolled.person_id
group by coalesce(visitor.visits, 0)
order by visits_per_member
