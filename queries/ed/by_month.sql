-- answers: How has emergency department use moved, month by month, and which months are not complete yet?
-- grain: one row per month, from months_back months before the period's end (not before the earliest service) to the data's last month
-- metric: [ed_visits_per_1000, avoidable_ed_per_1000, followup_7d_rate, frequent_users]
-- columns:
--   month: "month — first day of the month of service"
--   member_months: "member-months — months enrolled on any day"
--   visits: "visits — treated-and-released ED visits"
--   visits_per_1000: "visits per 1,000 member-years — treated-and-released visits ÷ member-months × 12,000"
--   observation: "visits — ED visits that ended in observation"
--   admitted: "visits — ED visits that ended in admission"
--   avoidable_equivalent: "visits — sum of non-emergent and primary-care-treatable probabilities; an estimate"
--   avoidable_per_1000: "visits per 1,000 member-years — avoidable-equivalent visits ÷ member-months × 12,000"
--   followup_7d_eligible: "visits — treated-and-released visits whose 7-day window has passed"
--   followup_7d_met: "visits — of those, followed up within 7 days"
--   followup_7d_rate: "share 0..1 — followed up ÷ eligible"
--   frequent_4: "members — with 4 or more visits of any disposition in the 12 months ending that month; null where they begin before the earliest service"
--   completion: "share 0..1 — part of the month's claims expected to be paid already; null if the feed has no paid dates"
--   is_mature: "yes or no — completion has reached every contract's threshold"
-- params:
--   months_back: {type: int, default: 23, meaning: 'months before the period''s end with which to begin'}
-- drill:
--   member_months: {question: members/enrolled, params: {month: $month}, count: "sum:member_months"}
--   visits: {question: ed/visits, params: {disposition: treated_and_released, month: $month}, count: "rows"}
--   observation: {question: ed/visits, params: {disposition: observation, month: $month}, count: "rows"}
--   admitted: {question: ed/visits, params: {disposition: admitted, month: $month}, count: "rows"}
--   avoidable_equivalent: {question: ed/visits, params: {disposition: treated_and_released, class: avoidable, month: $month}, count: "sum:class_weight"}
--   followup_7d_eligible: {question: ed/visits, params: {disposition: treated_and_released, followup_7d: eligible, month: $month}, count: "rows"}
--   followup_7d_met: {question: ed/visits, params: {disposition: treated_and_released, followup_7d: met, month: $month}, count: "rows"}
--   frequent_4: {question: ed/visit_members, params: {min_visits: 4, window: rolling_12m, month: $month}, count: rows}
with
enrolled as (
    select month, contract_id, sum(medical_member_months) as member_months
    from mart.member_month
    -- enrolment may reach back further than claims: those months had visits that nobody sent
    where month >= greatest(
        cast(cast(:period_end as date) - to_months(cast(:months_back as integer)) as date), cast(:claims_begin as date)
    )
    group by month, contract_id
),

month_of_service as (
    select
        enrolled.month,
        cast(sum(enrolled.member_months) as double) as member_months,
        sum(contract_month.completion_medical * enrolled.member_months)
            / nullif(sum(enrolled.member_months) filter (where contract_month.completion_medical is not null), 0)
            as completion,
        bool_and(coalesce(contract_month.is_mature, false)) as is_mature
    from enrolled
    left join mart.month as contract_month
        on contract_month.contract_id = enrolled.contract_id and contract_month.month = enrolled.month
    group by enrolled.month
),

-- the window of the first month shown begins 11 months before it
person_month as (
    select
        person_id,
        month,
        year(month) * 12 + month(month) as month_number,
        count(*) as total,
        count(*) filter (where disposition = 'treated_and_released') as visits,
        count(*) filter (where disposition = 'observation') as observation,
        count(*) filter (where disposition = 'admitted') as admitted,
        sum(avoidable_probability) filter (where disposition = 'treated_and_released') as avoidable_equivalent,
        count(*) filter (where disposition = 'treated_and_released' and followed_up_7d is not null)
            as followup_7d_eligible,
        count(*) filter (where disposition = 'treated_and_released' and followed_up_7d) as followup_7d_met
    from mart.ed_visit
    where in_enrolment
        and month >= cast(cast(:period_end as date) - to_months(cast(:months_back as integer) + 11) as date)
    group by person_id, month
),

ed_use as (
    select
        month,
        sum(visits) as visits,
        sum(observation) as observation,
        sum(admitted) as admitted,
        sum(avoidable_equivalent) as avoidable_equivalent,
        sum(followup_7d_eligible) as followup_7d_eligible,
        sum(followup_7d_met) as followup_7d_met
    from person_month
    group by month
),

-- only people with 4 visits in all can have 4 in some 12 months
possibly_frequent as (
    select person_id
    from person_month
    group by person_id
    having sum(total) >= 4
),

-- a visit counts in the twelve windows that end with its month or one of the eleven after it
in_window as (
    select
        person_month.person_id,
        person_month.month_number + later.months as month_number,
        sum(person_month.total) as total
    from person_month
    inner join possibly_frequent on possibly_frequent.person_id = person_month.person_id
    cross join range(12) as later(months)
    group by 1, 2
),

frequent as (
    select month_number, count(*) as frequent_4
    from in_window
    where total >= 4
    group by month_number
)

select
    month_of_service.month,
    month_of_service.member_months,
    coalesce(ed_use.visits, 0) as visits,
    coalesce(ed_use.visits, 0) * 12000.0 / nullif(month_of_service.member_months, 0) as visits_per_1000,
    coalesce(ed_use.observation, 0) as observation,
    coalesce(ed_use.admitted, 0) as admitted,
    ed_use.avoidable_equivalent,
    ed_use.avoidable_equivalent * 12000.0 / nullif(month_of_service.member_months, 0) as avoidable_per_1000,
    coalesce(ed_use.followup_7d_eligible, 0) as followup_7d_eligible,
    coalesce(ed_use.followup_7d_met, 0) as followup_7d_met,
    cast(ed_use.followup_7d_met as double) / nullif(ed_use.followup_7d_eligible, 0) as followup_7d_rate,
    case
        when month_of_service.month >= cast(:claims_begin as date) + to_months(11) then coalesce(frequent.frequent_4, 0)
    end as frequent_4,
    month_of_service.completion,
    month_of_service.is_mature
from month_of_service
left join ed_use on ed_use.month = month_of_service.month
left join frequent
    on frequent.month_number = year(month_of_service.month) * 12 + month(month_of_service.month)
order by month_of_service.month
