-- answers: How have each hospital's treated-and-released visits moved over the 12 months that end the period?
-- grain: one row per facility and month with a visit
-- metric: ed_visits_per_1000
-- columns:
--   facility_npi: "NPI — the hospital"
--   month: "month — first day of the month of service"
--   visits: "visits — treated-and-released ED visits"
-- drill:
--   visits: {question: ed/visits, params: {disposition: treated_and_released, facility_npi: {column: facility_npi, if_null: none}, month: $month}, count: "rows"}
select facility_npi, month, count(*) as visits
from mart.ed_visit
where in_enrolment
    and disposition = 'treated_and_released'
    and month between :rolling_start and :period_end
group by facility_npi, month
order by facility_npi, month
