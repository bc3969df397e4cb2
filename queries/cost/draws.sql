-- answers: How uncertain is what the unfinished months will come to?
-- grain: one row per month with an unfinished contract and category, from the period's start, and draw of the bootstrap; months that are complete are not in it
-- metric: [pmpm]
-- columns:
--   month: "month — first day of the month of service"
--   draw: "number — of the draw, 0 to 199; the same draw of different months belongs together"
--   medical: "dollars — what the months medical services come to in this draw, its finished parts at their value"
--   pharmacy: "dollars — what the months pharmacy comes to in this draw"
--   process_variance: "dollars squared — variance of the payments to come beyond that of the factors: dispersion × expected payments; the same in every draw"
-- params:
--   basis: {type: str, default: allowed, choices: [allowed, paid], meaning: 'allowed dollars (plan and member) or paid dollars (plan only)'}
--   truncated: {type: bool, default: false, meaning: 'without the dollars above the contract''s yearly cap per member'}
--   pharmacy: {type: bool, default: true, meaning: 'with pharmacy'}
--   service_category_1: {type: str, meaning: 'service category'}
with
enrolment as (
    select
        contract_id, month,
        sum(member_months) as member_months,
        sum(pharmacy_member_months) as pharmacy_member_months
    from mart.enrolment_group
    where month >= :period_start
    group by contract_id, month
),

spend as (
    select contract_id, month, service_category_1, sum(case
            when :truncated then case (:basis) when 'paid' then paid_truncated else allowed_truncated end
            when :basis = 'paid' then paid
            else allowed
        end) as amount
    from mart.spend_group
    where month >= :period_start
        and (:pharmacy or service_category_1 <> 'pharmacy')
        and (:service_category_1 is null or service_category_1 = :service_category_1)
    group by contract_id, month, service_category_1
),

drawn as (
    select contract_id, service_category_1, month, draw, multiplier, per_member_month
    from mart.completion_draw
    where basis = :basis
        and month >= :period_start
        and (:pharmacy or service_category_1 <> 'pharmacy')
        and (:service_category_1 is null or service_category_1 = :service_category_1)
),

unfinished as (
    select distinct contract_id, service_category_1, month from drawn
),

factor as (
    select
        completion.contract_id, completion.month, completion.service_category_1, completion.multiplier,
        case when :truncated then completion.per_member_month_truncated else completion.per_member_month end
            as per_member_month,
        -- truncation takes the same part from a draw as from the estimate itself
        case
            when :truncated
                then coalesce(completion.per_member_month_truncated / nullif(completion.per_member_month, 0), 1)
            else 1
        end as kept,
        completion.dispersion,
        unfinished.month is not null as is_unfinished
    from mart.completion as completion
    left join unfinished
        on unfinished.contract_id = completion.contract_id and unfinished.month = completion.month
        and unfinished.service_category_1 = completion.service_category_1
    where completion.basis = :basis
        and completion.month in (select unfinished.month from unfinished)
        and (:pharmacy or completion.service_category_1 <> 'pharmacy')
        and (:service_category_1 is null or completion.service_category_1 = :service_category_1)
),

slice as (
    select
        coalesce(factor.contract_id, spend.contract_id) as contract_id,
        coalesce(factor.month, spend.month) as month,
        coalesce(factor.service_category_1, spend.service_category_1) as service_category_1,
        coalesce(factor.is_unfinished, false) as is_unfinished,
        coalesce(spend.amount, 0) as amount,
        case
            when factor.service_category_1 = 'pharmacy' then coalesce(enrolment.pharmacy_member_months, 0)
            else coalesce(enrolment.member_months, 0)
        end as member_months,
        coalesce(factor.multiplier, 1) as multiplier,
        coalesce(factor.per_member_month, 0) as per_member_month,
        factor.kept,
        factor.dispersion
    from factor
    full outer join spend
        on spend.contract_id = factor.contract_id and spend.month = factor.month
        and spend.service_category_1 = factor.service_category_1
    left join enrolment on enrolment.contract_id = factor.contract_id and enrolment.month = factor.month
),

finished as (
    select
        month,
        coalesce(sum(amount * multiplier + member_months * per_member_month)
            filter (where not is_unfinished and service_category_1 <> 'pharmacy'), 0) as medical,
        coalesce(sum(amount * multiplier + member_months * per_member_month)
            filter (where not is_unfinished and service_category_1 = 'pharmacy'), 0) as pharmacy,
        coalesce(sum(
            coalesce(dispersion, 0)
            * greatest(amount * multiplier + member_months * per_member_month - amount, 0)
        ) filter (where is_unfinished), 0) as process_variance
    from slice
    group by month
),

in_draw as (
    select
        drawn.month,
        drawn.draw,
        slice.service_category_1,
        slice.amount * drawn.multiplier
        + slice.member_months * coalesce(drawn.per_member_month, 0) * slice.kept as completed
    from drawn
    inner join slice
        on slice.contract_id = drawn.contract_id and slice.month = drawn.month
        and slice.service_category_1 = drawn.service_category_1
    where slice.amount <> 0 or slice.member_months > 0
)

select
    in_draw.month,
    in_draw.draw,
    max(finished.medical)
    + coalesce(sum(in_draw.completed) filter (where in_draw.service_category_1 <> 'pharmacy'), 0) as medical,
    max(finished.pharmacy)
    + coalesce(sum(in_draw.completed) filter (where in_draw.service_category_1 = 'pharmacy'), 0) as pharmacy,
    max(finished.process_variance) as process_variance
from in_draw
inner join finished on finished.month = in_draw.month
group by in_draw.month, in_draw.draw
order by in_draw.month, in_draw.draw
