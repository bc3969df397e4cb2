-- answers: What do members come to the emergency department for?
-- grain: one row per primary diagnosis
-- metric: ed_visits_per_1000
-- columns:
--   diagnosis_category: "text — category of the primary diagnosis"
--   primary_diagnosis: "ICD-10-CM code — primary diagnosis, without dot; 'none' where the claim has none"
--   diagnosis_description: "text — what the code means"
--   visits: "visits — treated-and-released ED visits"
--   share: "share 0..1 — part of all treated-and-released visits"
--   avoidable_equivalent: "visits — sum of non-emergent and primary-care-treatable probabilities; an estimate"
--   members: "members — distinct people"
-- drill:
--   visits: {question: ed/visits, params: {disposition: treated_and_released, diagnosis: $primary_diagnosis}, count: "rows"}
--   avoidable_equivalent: {question: ed/visits, params: {disposition: treated_and_released, diagnosis: $primary_diagnosis, class: avoidable}, count: "sum:class_weight"}
--   members: {question: ed/visit_members, params: {disposition: treated_and_released, diagnosis: $primary_diagnosis}, count: rows}
with diagnosis as (
    select
        coalesce(max(diagnosis_category), 'Not known') as diagnosis_category,
        coalesce(primary_diagnosis, 'none') as primary_diagnosis,
        coalesce(max(diagnosis_description), 'Not known') as diagnosis_description,
        count(*) as visits,
        sum(avoidable_probability) as avoidable_equivalent,
        count(distinct person_id) as members
    from mart.ed_visit
    where in_enrolment
        and disposition = 'treated_and_released'
        and month between :period_start and :period_end
    group by coalesce(primary_diagnosis, 'none')
)

select
    diagnosis_category,
    primary_diagnosis,
    diagnosis_description,
    visits,
    cast(visits as double) / sum(visits) over () as share,
    avoidable_equivalent,
    members
from diagnosis
order by visits desc, primary_diagnosis
