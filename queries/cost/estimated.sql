-- answers: How much of the completed cost is estimated and not paid yet, and where?
-- grain: one row per contract, market and service category with an estimate
-- metric: [estimated_share]
-- columns:
--   contract_id: "id — contract"
--   market_id: "id — market"
--   service_category_1: "text — service category"
--   estimated: "dollars — completed − to date: estimated, not yet paid"
-- params:
--   basis: {type: str, default: allowed, choices: [allowed, paid], meaning: 'allowed dollars (plan and member) or paid dollars (plan only)'}
--   truncated: {type: bool, default: false, meaning: 'without the dollars above the contract''s yearly cap per member'}
--   pharmacy: {type: bool, default: true, meaning: 'with pharmacy'}
with
enrolment as (
    select
        contract_id, market_id, month,
        sum(member_months) as member_months,
        sum(pharmacy_member_months) as pharmacy_member_months
    from mart.enrolment_group
    where month between :period_start and :period_end
    group by contract_id, market_id, month
),

spend as (
    select contract_id, market_id, month, service_category_1, sum(case
            when :truncated then case (:basis) when 'paid' then paid_truncated else allowed_truncated end
            when :basis = 'paid' then paid
            else allowed
        end) as amount
    from mart.spend_group
    where month between :period_start and :period_end
        and (:pharmacy or service_category_1 <> 'pharmacy')
    group by contract_id, market_id, month, service_category_1
),

-- what has been paid × multiplier + member-months × per_member_month is what it will come to
factor as (
    select
        contract_id, month, service_category_1, multiplier,
        case when :truncated then per_member_month_truncated else per_member_month end as per_member_month
    from mart.completion
    where basis = :basis
        and month between :period_start and :period_end
        and (:pharmacy or service_category_1 <> 'pharmacy')
),

estimate as (
    select
        spend.contract_id, spend.market_id, spend.service_category_1,
        spend.amount * (factor.multiplier - 1) as estimated
    from spend
    inner join factor
        on factor.contract_id = spend.contract_id and factor.month = spend.month
        and factor.service_category_1 = spend.service_category_1
    where factor.multiplier <> 1
    union all
    select
        enrolment.contract_id, enrolment.market_id, factor.service_category_1,
        factor.per_member_month * case
            when factor.service_category_1 = 'pharmacy' then enrolment.pharmacy_member_months
            else enrolment.member_months
        end as estimated
    from factor
    inner join enrolment on enrolment.contract_id = factor.contract_id and enrolment.month = factor.month
    where factor.per_member_month <> 0
)

select contract_id, market_id, service_category_1, sum(estimated) as estimated
from estimate
group by contract_id, market_id, service_category_1
order by contract_id, market_id, service_category_1
