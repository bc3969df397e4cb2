-- answers: How much is the emergency department used in the period, how much of it is avoidable, and is it followed up?
-- grain: one row
-- metric: [ed_visits_per_1000, ed_observation_per_1000, ed_admitted_per_1000, ed_total_per_1000, avoidable_ed_per_1000, avoidable_ed_share, unclassified_ed_share, followup_7d_rate, followup_30d_rate, ed_allowed_per_visit, frequent_users, member_months]
-- columns:
--   member_months: "member-months — months enrolled on any day"
--   members: "members — distinct people"
--   visits: "visits — treated-and-released ED visits"
--   observation: "visits — ED visits that ended in observation"
--   admitted: "visits — ED visits that ended in admission"
--   total: "visits — ED visits of any disposition"
--   visits_per_1000: "visits per 1,000 member-years — treated-and-released visits ÷ member-months × 12,000"
--   observation_per_1000: "visits per 1,000 member-years — observation visits ÷ member-months × 12,000"
--   admitted_per_1000: "visits per 1,000 member-years — admitted visits ÷ member-months × 12,000"
--   total_per_1000: "visits per 1,000 member-years — visits of any disposition ÷ member-months × 12,000"
--   classified_visits: "visits — treated-and-released visits whose diagnosis the installed weights classify"
--   avoidable_equivalent: "visits — sum of non-emergent and primary-care-treatable probabilities; an estimate"
--   avoidable_per_1000: "visits per 1,000 member-years — avoidable-equivalent visits ÷ member-months × 12,000"
--   avoidable_share: "share 0..1 — avoidable-equivalent visits ÷ treated-and-released visits"
--   emergent_avoidable: "visits — sum of the probabilities emergent, ED care needed, but avoidable"
--   unclassified: "visits — sum of the unclassified weights"
--   unclassified_share: "share 0..1 — unclassified ÷ treated-and-released visits"
--   followup_7d_eligible: "visits — treated-and-released visits whose 7-day window has passed"
--   followup_7d_met: "visits — of those, followed up within 7 days"
--   followup_7d_rate: "share 0..1 — followed up ÷ eligible"
--   followup_30d_eligible: "visits — treated-and-released visits whose 30-day window has passed"
--   followup_30d_met: "visits — of those, followed up within 30 days"
--   followup_30d_rate: "share 0..1 — followed up ÷ eligible"
--   paid: "dollars — paid for the visits, facility and professional"
--   allowed: "dollars — allowed for the visits, facility and professional"
--   allowed_per_visit: "dollars per visit — allowed ÷ visits"
--   frequent_4: "members — with 4 or more visits of any disposition in the 12 months that end the period"
--   frequent_10: "members — with 10 or more visits of any disposition in those 12 months"
--   frequent_4_visits: "visits — made by the members with 4 or more"
--   visits_12m: "visits — of any disposition in the 12 months that end the period"
--   members_12m: "members — enrolled in any of those 12 months"
-- drill:
--   member_months: {question: members/enrolled, count: "sum:member_months"}
--   members: {question: members/enrolled, count: rows}
--   visits: {question: ed/visits, params: {disposition: treated_and_released}, count: "rows"}
--   observation: {question: ed/visits, params: {disposition: observation}, count: "rows"}
--   admitted: {question: ed/visits, params: {disposition: admitted}, count: "rows"}
--   total: {question: ed/visits, params: {}, count: "rows"}
--   classified_visits: {question: ed/visits, params: {disposition: treated_and_released, class: classified}, count: "rows"}
--   avoidable_equivalent: {question: ed/visits, params: {disposition: treated_and_released, class: avoidable}, count: "sum:class_weight"}
--   emergent_avoidable: {question: ed/visits, params: {disposition: treated_and_released, class: emergent_avoidable}, count: "sum:class_weight"}
--   unclassified: {question: ed/visits, params: {disposition: treated_and_released, class: unclassified}, count: "sum:class_weight"}
--   followup_7d_eligible: {question: ed/visits, params: {disposition: treated_and_released, followup_7d: eligible}, count: "rows"}
--   followup_7d_met: {question: ed/visits, params: {disposition: treated_and_released, followup_7d: met}, count: "rows"}
--   followup_30d_eligible: {question: ed/visits, params: {disposition: treated_and_released, followup_30d: eligible}, count: "rows"}
--   followup_30d_met: {question: ed/visits, params: {disposition: treated_and_released, followup_30d: met}, count: "rows"}
--   paid: {question: ed/visits, params: {disposition: treated_and_released}, count: "sum:paid"}
--   allowed: {question: ed/visits, params: {disposition: treated_and_released}, count: "sum:allowed"}
--   frequent_4: {question: ed/visit_members, params: {min_visits: 4, window: rolling_12m}, count: rows}
--   frequent_10: {question: ed/visit_members, params: {min_visits: 10, window: rolling_12m}, count: rows}
--   frequent_4_visits: {question: ed/visits, params: {min_visits: 4, window: rolling_12m}, count: rows}
--   visits_12m: {question: ed/visits, params: {window: rolling_12m}, count: rows}
--   members_12m: {question: members/enrolled, params: {window: rolling_12m}, count: rows}
with
enrolled as (
    select
        person_id,
        sum(medical_member_months) filter (where month >= :period_start) as member_months,
        bool_or(month >= :period_start) as in_period,
        bool_or(month >= :rolling_start) as in_12m
    from mart.member_month
    where month between least(:period_start, :rolling_start) and :period_end
    group by person_id
),

enrolment as (
    select
        cast(coalesce(sum(member_months), 0) as double) as member_months,
        count(*) filter (where in_period) as members,
        count(*) filter (where in_12m) as members_12m
    from enrolled
),

visit as (
    select
        disposition, disposition = 'treated_and_released' as released,
        avoidable_probability, emergent_avoidable, unclassified, followed_up_7d, followed_up_30d, paid, allowed
    from mart.ed_visit
    where in_enrolment and month between :period_start and :period_end
),

ed_use as (
    select
        count(*) filter (where released) as visits,
        count(*) filter (where disposition = 'observation') as observation,
        count(*) filter (where disposition = 'admitted') as admitted,
        count(*) as total,
        count(*) filter (where released and unclassified < 1) as classified_visits,
        -- null, not 0, where no weights are installed
        sum(avoidable_probability) filter (where released) as avoidable_equivalent,
        sum(emergent_avoidable) filter (where released) as emergent_avoidable,
        sum(unclassified) filter (where released) as unclassified,
        count(*) filter (where released and followed_up_7d is not null) as followup_7d_eligible,
        count(*) filter (where released and followed_up_7d) as followup_7d_met,
        count(*) filter (where released and followed_up_30d is not null) as followup_30d_eligible,
        count(*) filter (where released and followed_up_30d) as followup_30d_met,
        coalesce(sum(paid) filter (where released), 0) as paid,
        coalesce(sum(allowed) filter (where released), 0) as allowed
    from visit
),

visitor as (
    select person_id, count(*) as visits
    from mart.ed_visit
    where in_enrolment and month between :rolling_start and :period_end
    group by person_id
),

frequent as (
    select
        count(*) filter (where visits >= 4) as frequent_4,
        count(*) filter (where visits >= 10) as frequent_10,
        coalesce(sum(visits) filter (where visits >= 4), 0) as frequent_4_visits,
        coalesce(sum(visits), 0) as visits_12m
    from visitor
)

select
    enrolment.member_months,
    enrolment.members,
    ed_use.visits,
    ed_use.observation,
    ed_use.admitted,
    ed_use.total,
    ed_use.visits * 12000.0 / nullif(enrolment.member_months, 0) as visits_per_1000,
    ed_use.observation * 12000.0 / nullif(enrolment.member_months, 0) as observation_per_1000,
    ed_use.admitted * 12000.0 / nullif(enrolment.member_months, 0) as admitted_per_1000,
    ed_use.total * 12000.0 / nullif(enrolment.member_months, 0) as total_per_1000,
    ed_use.classified_visits,
    ed_use.avoidable_equivalent,
    ed_use.avoidable_equivalent * 12000.0 / nullif(enrolment.member_months, 0) as avoidable_per_1000,
    ed_use.avoidable_equivalent / nullif(ed_use.visits, 0) as avoidable_share,
    ed_use.emergent_avoidable,
    ed_use.unclassified,
    ed_use.unclassified / nullif(ed_use.visits, 0) as unclassified_share,
    ed_use.followup_7d_eligible,
    ed_use.followup_7d_met,
    cast(ed_use.followup_7d_met as double) / nullif(ed_use.followup_7d_eligible, 0) as followup_7d_rate,
    ed_use.followup_30d_eligible,
    ed_use.followup_30d_met,
    cast(ed_use.followup_30d_met as double) / nullif(ed_use.followup_30d_eligible, 0) as followup_30d_rate,
    ed_use.paid,
    ed_use.allowed,
    ed_use.allowed / nullif(ed_use.visits, 0) as allowed_per_visit,
    frequent.frequent_4,
    frequent.frequent_10,
    frequent.frequent_4_visits,
    frequent.visits_12m,
    enrolment.members_12m
from enrolment
cross join ed_use
cross join frequent
