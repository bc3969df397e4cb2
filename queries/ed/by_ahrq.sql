-- answers: How many treated-and-released visits are for conditions that AHRQ lists as preventable in the emergency department?
-- grain: one row per AHRQ condition
-- metric: ed_ahrq_preventable
-- columns:
--   ahrq_pqe: "id — condition set"
--   label: "text — the condition set in words"
--   visits: "visits — treated-and-released, with that primary diagnosis"
--   share: "share 0..1 — part of all treated-and-released visits"
--   source: "text — where the set comes from"
-- drill:
--   visits: {question: ed/visits, params: {disposition: treated_and_released, ahrq_pqe: $ahrq_pqe}, count: "rows"}
with
condition_list as (
    select * from (values
        (1, 'dental', 'Non-traumatic dental conditions', 'PQE 01'),
        (2, 'chronic_acs', 'Chronic ambulatory-care-sensitive conditions', 'PQE 02'),
        (3, 'acute_acs', 'Acute ambulatory-care-sensitive conditions', 'PQE 03'),
        (4, 'asthma', 'Asthma', 'PQE 04'),
        (5, 'back_pain', 'Back pain', 'PQE 05')
    ) as listed(sort_order, ahrq_pqe, label, indicator)
),

released as (
    select ahrq_pqe, count(*) as visits
    from mart.ed_visit
    where in_enrolment
        and disposition = 'treated_and_released'
        and month between :period_start and :period_end
    group by ahrq_pqe
),

everything as (
    select sum(visits) as visits from released
)

select
    condition_list.ahrq_pqe,
    condition_list.label,
    coalesce(released.visits, 0) as visits,
    coalesce(released.visits, 0) / nullif(cast(everything.visits as double), 0) as share,
    'AHRQ Prevention Quality Indicators in Emergency Department Settings, ' || condition_list.indicator as source
from condition_list
cross join everything
left join released on released.ahrq_pqe = condition_list.ahrq_pqe
order by condition_list.sort_order
