-- answers: What is the money spent on, and is it many services or dear ones?
-- grain: one row per service category; with level 2 per part of a category, and one for what is estimated where nothing has been paid yet
-- metric: [category_pmpm, units_per_1000, unit_cost]
-- columns:
--   service_category_1: "text — service category"
--   service_category_2: "text — part of the category; null with level 1; 'not known yet' where only an estimate is there"
--   amount: "dollars — to date, on the basis asked for"
--   completed: "dollars — what the amount is expected to come to; parts share their categorys by dollars to date"
--   estimated: "dollars — completed − to date: estimated, not yet paid"
--   pmpm: "dollars per member per month — completed ÷ member-months (pharmacy ÷ pharmacy member-months)"
--   share: "share 0..1 — part of all completed dollars"
--   units: "units — to date: stays, visits, fills, services"
--   unit: "text — what is counted; null where a category mixes units"
--   units_per_1000: "units per 1,000 member-years — units ÷ member-months × 12,000"
--   unit_cost: "dollars per unit — amount ÷ units"
--   denominator_months: "member-months — that the category divides by"
-- params:
--   basis: {type: str, default: allowed, choices: [allowed, paid], meaning: 'allowed dollars (plan and member) or paid dollars (plan only)'}
--   truncated: {type: bool, default: false, meaning: 'without the dollars above the contract''s yearly cap per member'}
--   pharmacy: {type: bool, default: true, meaning: 'with pharmacy'}
--   level: {type: int, default: 1, meaning: '1 = service categories, 2 = their parts'}
-- drill:
--   amount: {question: cost/members, params: {basis: ':basis', truncated: ':truncated', pharmacy: ':pharmacy', service_category_1: $service_category_1, service_category_2: $service_category_2}, count: "sum:amount"}
--   units: {question: cost/members, params: {basis: ':basis', truncated: ':truncated', pharmacy: ':pharmacy', service_category_1: $service_category_1, service_category_2: $service_category_2}, count: "sum:units"}
with
enrolment as (
    select
        contract_id, month,
        sum(member_months) as member_months,
        sum(pharmacy_member_months) as pharmacy_member_months
    from mart.enrolment_group
    where month between :period_start and :period_end
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
    where month between :period_start and :period_end
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
        and month between :period_start and :period_end
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
        part.service_category_1,
        case when :level = 2 then coalesce(part.service_category_2, 'none') end as service_category_2,
        sum(part.amount) as amount,
        sum(part.completed) as completed,
        coalesce(sum(part.units), 0) as units,
        case when count(distinct named.unit) = 1 then max(named.unit) end as unit
    from part
    left join mart.service_unit as named
        on named.service_category_1 = part.service_category_1
        and named.service_category_2 = part.service_category_2
    group by 1, 2
),

months as (
    select
        cast(sum(member_months) as double) as member_months,
        cast(sum(pharmacy_member_months) as double) as pharmacy_member_months
    from enrolment
),

based as (
    select
        grouped.*,
        case
            when grouped.service_category_1 = 'pharmacy' then months.pharmacy_member_months
            else months.member_months
        end as denominator_months
    from grouped
    cross join months
)

select
    service_category_1,
    service_category_2,
    amount,
    completed,
    completed - amount as estimated,
    completed / nullif(denominator_months, 0) as pmpm,
    completed / nullif(sum(completed) over (), 0) as share,
    units,
    unit,
    units * 12000.0 / nullif(denominator_months, 0) as units_per_1000,
    amount / nullif(units, 0) as unit_cost,
    denominator_months
from based
order by completed desc, service_category_1, service_category_2
