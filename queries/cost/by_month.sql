-- answers: How has the cost per member moved, month by month, to date and completed for claims not yet paid?
-- grain: one row per month, from months_back months before the period's end (not before the earliest service) to the data's last month
-- metric: [pmpm, pmpm_to_date, estimated_share]
-- columns:
--   month: "month — first day of the month of service"
--   member_months: "member-months — months enrolled on any day"
--   pharmacy_member_months: "member-months — of those, with a pharmacy benefit"
--   amount: "dollars — to date, on the basis asked for"
--   completed: "dollars — what the amount is expected to come to"
--   medical_completed: "dollars — completed, without pharmacy"
--   pharmacy_completed: "dollars — completed, pharmacy only"
--   pmpm_to_date: "dollars per member per month — of the dollars to date"
--   pmpm: "dollars per member per month — completed; medical and pharmacy each by their own member-months"
--   over_amount: "dollars — to date, above the large-claimant threshold; 0 with truncation"
--   relative_risk: "ratio — risk-months ÷ member-months"
--   completion: "share 0..1 — dollars to date ÷ completed"
--   is_mature: "yes or no — completion has reached every contracts threshold"
-- params:
--   basis: {type: str, default: allowed, choices: [allowed, paid], meaning: 'allowed dollars (plan and member) or paid dollars (plan only)'}
--   truncated: {type: bool, default: false, meaning: 'without the dollars above the contract''s yearly cap per member'}
--   pharmacy: {type: bool, default: true, meaning: 'with pharmacy'}
--   months_back: {type: int, default: 23, meaning: 'months before the period''s end with which to begin'}
-- drill:
--   member_months: {question: members/enrolled, params: {month: $month}, count: "sum:member_months"}
--   pharmacy_member_months: {question: members/enrolled, params: {month: $month}, count: "sum:pharmacy_member_months"}
--   amount: {question: cost/members, params: {basis: ':basis', truncated: ':truncated', pharmacy: ':pharmacy', month: $month}, count: "sum:amount"}
--   over_amount: {question: cost/members, params: {basis: ':basis', truncated: ':truncated', pharmacy: ':pharmacy', part: over, month: $month}, count: "sum:amount"}
with
enrolment as (
    select
        contract_id, month,
        sum(member_months) as member_months,
        sum(pharmacy_member_months) as pharmacy_member_months,
        sum(risk_months) as risk_months
    from mart.enrolment_group
    -- enrolment may reach back further than claims: those months had services that nobody sent
    where month >= cast(cast(:period_end as date) - to_months(cast(:months_back as integer)) as date)
        and month >= cast(:claims_begin as date)
    group by contract_id, month
),

spend as (
    select
        contract_id, month, service_category_1,
        sum(case
            when :truncated then case (:basis) when 'paid' then paid_truncated else allowed_truncated end
            when :basis = 'paid' then paid
            else allowed
        end) as amount,
        sum(case when :truncated then 0.0 when :basis = 'paid' then paid_over else allowed_over end) as over_amount
    from mart.spend_group
    where month >= cast(cast(:period_end as date) - to_months(cast(:months_back as integer)) as date)
        and (:pharmacy or service_category_1 <> 'pharmacy')
    group by contract_id, month, service_category_1
),

-- what has been paid × multiplier + member-months × per_member_month is what it will come to
factor as (
    select
        contract_id, month, service_category_1, multiplier,
        case when :truncated then per_member_month_truncated else per_member_month end as per_member_month
    from mart.completion
    where basis = :basis
        and month >= cast(cast(:period_end as date) - to_months(cast(:months_back as integer)) as date)
        and (:pharmacy or service_category_1 <> 'pharmacy')
),

-- the two parts of the line: what has been paid, and what members of the month are still to bring
completed as (
    select
        spend.contract_id, spend.month, spend.service_category_1, spend.amount,
        spend.amount * coalesce(factor.multiplier, 1) as completed
    from spend
    left join factor
        on factor.contract_id = spend.contract_id and factor.month = spend.month
        and factor.service_category_1 = spend.service_category_1
    union all
    select
        factor.contract_id, factor.month, factor.service_category_1, 0.0 as amount,
        coalesce(factor.per_member_month, 0) * case
            when factor.service_category_1 = 'pharmacy' then enrolment.pharmacy_member_months
            else enrolment.member_months
        end as completed
    from factor
    inner join enrolment on enrolment.contract_id = factor.contract_id and enrolment.month = factor.month
),

cost as (
    select
        month,
        sum(amount) as amount,
        sum(completed) as completed,
        coalesce(sum(amount) filter (where service_category_1 = 'pharmacy'), 0) as pharmacy_amount,
        coalesce(sum(completed) filter (where service_category_1 = 'pharmacy'), 0) as pharmacy_completed
    from completed
    group by month
),

over_threshold as (
    select month, sum(over_amount) as over_amount from spend group by month
),

month_of_service as (
    select
        enrolment.month,
        cast(sum(enrolment.member_months) as double) as member_months,
        cast(sum(enrolment.pharmacy_member_months) as double) as pharmacy_member_months,
        sum(enrolment.risk_months) as risk_months,
        bool_and(coalesce(contract_month.is_mature, false)) as is_mature
    from enrolment
    left join mart.month as contract_month
        on contract_month.contract_id = enrolment.contract_id and contract_month.month = enrolment.month
    group by enrolment.month
)

select
    month_of_service.month,
    month_of_service.member_months,
    month_of_service.pharmacy_member_months,
    coalesce(cost.amount, 0) as amount,
    coalesce(cost.completed, 0) as completed,
    coalesce(cost.completed - cost.pharmacy_completed, 0) as medical_completed,
    coalesce(cost.pharmacy_completed, 0) as pharmacy_completed,
    (coalesce(cost.amount, 0) - coalesce(cost.pharmacy_amount, 0)) / nullif(month_of_service.member_months, 0)
    + coalesce(cost.pharmacy_amount / nullif(month_of_service.pharmacy_member_months, 0), 0) as pmpm_to_date,
    (coalesce(cost.completed, 0) - coalesce(cost.pharmacy_completed, 0)) / nullif(month_of_service.member_months, 0)
    + coalesce(cost.pharmacy_completed / nullif(month_of_service.pharmacy_member_months, 0), 0) as pmpm,
    coalesce(over_threshold.over_amount, 0) as over_amount,
    month_of_service.risk_months / nullif(month_of_service.member_months, 0) as relative_risk,
    cost.amount / nullif(cost.completed, 0) as completion,
    month_of_service.is_mature
from month_of_service
left join cost on cost.month = month_of_service.month
left join over_threshold on over_threshold.month = month_of_service.month
order by month_of_service.month
