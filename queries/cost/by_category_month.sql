-- answers: How have the categories' cost, use and price moved, month by month?
-- grain: one row per month and service category (with level 2 per part), from months_back months before the period's end to the data's last month
-- metric: [category_pmpm, units_per_1000, unit_cost]
-- columns:
--   service_category_1: "text — service category"
--   service_category_2: "text — part of the category; null with level 1; 'not known yet' where only an estimate is there"
--   month: "month — first day of the month of service"
--   amount: "dollars — to date, on the basis asked for"
--   completed: "dollars — what the amount is expected to come to"
--   pmpm: "dollars per member per month — completed ÷ member-months (pharmacy ÷ pharmacy member-months)"
--   units: "units — to date"
--   units_per_1000: "units per 1,000 member-years — units ÷ member-months × 12,000"
--   unit_cost: "dollars per unit — amount ÷ units"
--   is_mature: "yes or no — completion has reached every contracts threshold"
-- params:
--   basis: {type: str, default: allowed, choices: [allowed, paid], meaning: 'allowed dollars (plan and member) or paid dollars (plan only)'}
--   truncated: {type: bool, default: false, meaning: 'without the dollars above the contract''s yearly cap per member'}
--   pharmacy: {type: bool, default: true, meaning: 'with pharmacy'}
--   level: {type: int, default: 1, meaning: '1 = service categories, 2 = their parts'}
--   months_back: {type: int, default: 23, meaning: 'months before the period''s end with which to begin'}
-- drill:
--   amount: {question: cost/members, params: {basis: ':basis', truncated: ':truncated', pharmacy: ':pharmacy', month: $month, service_category_1: $service_category_1, service_category_2: $service_category_2}, count: "sum:amount"}
--   units: {question: cost/members, params: {basis: ':basis', truncated: ':truncated', pharmacy: ':pharmacy', month: $month, service_category_1: $service_category_1, service_category_2: $service_category_2}, count: "sum:units"}
with
enrolment as (
    select
        contract_id, month,
        sum(member_months) as member_months,
        sum(pharmacy_member_months) as pharmacy_member_months
    from mart.enrolment_group
    where month >= cast(cast(:period_end as date) - to_months(cast(:months_back as integer)) as date)
        and month >= cast(:claims_begin as date)
    group by contract_id, month
),

spend_part as (
    select
        contract_id, month, service_category_1, service_category_2,
        sum(case
            when :truncated then case (:basis) when 'paid' then paid_truncated else allowed_truncated end
            when :basis = 'paid' then paid
            else allowed
        end) as amount,
        sum(units) as units
    from mart.spend_group
    where month >= cast(cast(:period_end as date) - to_months(cast(:months_back as integer)) as date)
        and month >= cast(:claims_begin as date)
        and (:pharmacy or service_category_1 <> 'pharmacy')
    group by contract_id, month, service_category_1, service_category_2
),

spend as (
    select contract_id, month, service_category_1, sum(amount) as amount
    from spend_part
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
        and month >= cast(:claims_begin as date)
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

whole as (
    select contract_id, month, service_category_1, sum(amount) as amount, sum(completed) as completed
    from completed
    group by contract_id, month, service_category_1
),

-- a category's completed dollars go to its parts by their dollars to date; where nothing has been paid yet, the part
-- is not known
part as (
    select
        spend_part.month, spend_part.service_category_1, spend_part.service_category_2,
        spend_part.amount, spend_part.units,
        case
            when whole.amount > 0 then spend_part.amount * whole.completed / whole.amount
            else spend_part.amount
        end as completed
    from spend_part
    inner join whole
        on whole.contract_id = spend_part.contract_id and whole.month = spend_part.month
        and whole.service_category_1 = spend_part.service_category_1
    union all
    select
        month, service_category_1, 'not known yet' as service_category_2, 0.0 as amount, 0.0 as units,
        completed - amount as completed
    from whole
    where amount <= 0 and completed <> amount
),

grouped as (
    select
        service_category_1,
        case when :level = 2 then coalesce(service_category_2, 'none') end as service_category_2,
        month,
        sum(amount) as amount,
        sum(completed) as completed,
        coalesce(sum(units), 0) as units
    from part
    group by 1, 2, 3
),

month_of_service as (
    select
        enrolment.month,
        cast(sum(enrolment.member_months) as double) as member_months,
        cast(sum(enrolment.pharmacy_member_months) as double) as pharmacy_member_months,
        bool_and(coalesce(contract_month.is_mature, false)) as is_mature
    from enrolment
    left join mart.month as contract_month
        on contract_month.contract_id = enrolment.contract_id and contract_month.month = enrolment.month
    group by enrolment.month
),

based as (
    select
        grouped.*,
        month_of_service.is_mature,
        case
            when grouped.service_category_1 = 'pharmacy' then month_of_service.pharmacy_member_months
            else month_of_service.member_months
        end as denominator_months
    from grouped
    inner join month_of_service on month_of_service.month = grouped.month
)

select
    service_category_1,
    service_category_2,
    month,
    amount,
    completed,
    completed / nullif(denominator_months, 0) as pmpm,
    units,
    units * 12000.0 / nullif(denominator_months, 0) as units_per_1000,
    amount / nullif(units, 0) as unit_cost,
    is_mature
from based
order by service_category_1, service_category_2, month
