-- answers: On which weekday and at what hour do treated-and-released visits begin?
-- grain: one row per weekday and hour with a visit
-- metric: ed_visits_per_1000
-- columns:
--   weekday: "1..7 — 1 is Monday"
--   hour: "hour 0..23 — hour of arrival; null where no source knows it"
--   visits: "visits — treated-and-released ED visits"
-- drill:
--   visits: {question: ed/visits, params: {disposition: treated_and_released, weekday: $weekday, hour: {column: hour, if_null: -1}}, count: "rows"}
select weekday, arrival_hour as hour, count(*) as visits
from mart.ed_visit
where in_enrolment
    and disposition = 'treated_and_released'
    and month between :period_start and :period_end
group by weekday, arrival_hour
order by weekday, arrival_hour nulls last
