-- answers: Which hospitals' emergency departments do members use, and what do these visits look like?
-- grain: one row per facility
-- metric: [ed_visits_per_1000, avoidable_ed_share, followup_7d_rate, ed_allowed_per_visit]
-- columns:
--   facility_npi: "NPI — the hospital"
--   facility_name: "text — name of the hospital"
--   visits: "visits — treated-and-released ED visits"
--   visits_per_1000: "visits per 1,000 member-years — the facility's visits ÷ all member-months in scope × 12,000"
--   classified_visits: "visits — treated-and-released visits whose diagnosis the installed weights classify"
--   avoidable_equivalent: "visits — sum of non-emergent and primary-care-treatable probabilities; an estimate"
--   avoidable_share: "share 0..1 — avoidable-equivalent visits ÷ treated-and-released visits"
--   avoidable_variance: "visits squared — sum of p(1-p) over the visits, the variance of the avoidable-equivalent sum"
--   followup_7d_eligible: "visits — treated-and-released visits whose 7-day window has passed"
--   followup_7d_met: "visits — of those, followed up within 7 days"
--   followup_7d_rate: "share 0..1 — followed up ÷ eligible"
--   allowed: "dollars — allowed for the visits, facility and professional"
--   allowed_per_visit: "dollars per visit — allowed ÷ visits"
--   market_share: "share 0..1 — part of all treated-and-released visits in scope"
-- drill:
--   visits: {question: ed/visits, params: {disposition: treated_and_released, facility_npi: {column: facility_npi, if_null: none}}, count: "rows"}
--   classified_visits: {question: ed/visits, params: {disposition: treated_and_released, facility_npi: {column: facility_npi, if_null: none}, class: classified}, count: "rows"}
--   avoidable_equivalent: {question: ed/visits, params: {disposition: treated_and_released, facility_npi: {column: facility_npi, if_null: none}, class: avoidable}, count: "sum:class_weight"}
--   followup_7d_eligible: {question: ed/visits, params: {disposition: treated_and_released, facility_npi: {column: facility_npi, if_null: none}, followup_7d: eligible}, count: "rows"}
--   followup_7d_met: {question: ed/visits, params: {disposition: treated_and_released, facility_npi: {column: facility_npi, if_null: none}, followup_7d: met}, count: "rows"}
--   allowed: {question: ed/visits, params: {disposition: treated_and_released, facility_npi: {column: facility_npi, if_null: none}}, count: "sum:allowed"}
with
enrolment as (
    select cast(sum(medical_member_months) as double) as member_months
    from mart.member_month
    where month between :period_start and :period_end
),

facility as (
    select
        facility_npi,
        max(facility_name) as facility_name,
        count(*) as visits,
        count(*) filter (where unclassified < 1) as classified_visits,
        sum(avoidable_probability) as avoidable_equivalent,
        sum(avoidable_probability * (1 - avoidable_probability)) as avoidable_variance,
        count(*) filter (where followed_up_7d is not null) as followup_7d_eligible,
        count(*) filter (where followed_up_7d) as followup_7d_met,
        coalesce(sum(allowed), 0) as allowed
    from mart.ed_visit
    where in_enrolment
        and disposition = 'treated_and_released'
        and month between :period_start and :period_end
    group by facility_npi
)

select
    facility.facility_npi,
    coalesce(facility.facility_name, facility.facility_npi, 'Not known') as facility_name,
    facility.visits,
    facility.visits * 12000.0 / nullif(enrolment.member_months, 0) as visits_per_1000,
    facility.classified_visits,
    facility.avoidable_equivalent,
    facility.avoidable_equivalent / nullif(facility.visits, 0) as avoidable_share,
    facility.avoidable_variance,
    facility.followup_7d_eligible,
    facility.followup_7d_met,
    cast(facility.followup_7d_met as double) / nullif(facility.followup_7d_eligible, 0) as followup_7d_rate,
    facility.allowed,
    facility.allowed / nullif(facility.visits, 0) as allowed_per_visit,
    cast(facility.visits as double) / sum(facility.visits) over () as market_share
from facility
cross join enrolment
order by facility.visits desc, facility.facility_npi
