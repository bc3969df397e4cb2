-- answers: In which category does which market, contract, practice, care team or line of business cost how much?
-- grain: one row per group and service category
-- metric: [category_pmpm, pmpm]
-- columns:
--   group_id: "text — id of the group; 'none' where the member has none"
--   group_name: "text — name of the group"
--   service_category_1: "text — service category"
--   amount: "dollars — to date, on the basis asked for"
--   completed: "dollars — what the amount is expected to come to"
--   member_months: "member-months — of the group; with a pharmacy benefit, for pharmacy"
--   pmpm: "dollars per member per month — completed ÷ the groups own member-months"
--   contributive_pmpm: "dollars per member per month — completed ÷ all member-months in the slice: the groups add up"
-- params:
--   basis: {type: str, default: allowed, choices: [allowed, paid], meaning: 'allowed dollars (plan and member) or paid dollars (plan only)'}
--   truncated: {type: bool, default: false, meaning: 'without the dollars above the contract''s yearly cap per member'}
--   pharmacy: {type: bool, default: true, meaning: 'with pharmacy'}
--   group_by: {type: str, required: true, choices: [market, contract, practice, care_team, line_of_business], meaning: 'what to group by'}
-- drill:
--   amount: {question: cost/members, params: {basis: ':basis', truncated: ':truncated', pharmacy: ':pharmacy', service_category_1: $service_category_1}, group: {by: group_by, value: $group_id, map: {market: market_id, contract: contract_id, practice: practice_name, care_team: care_team_id, line_of_business: line_of_business}}, count: "sum:amount"}
with
line as (
    select contract_id, line_of_business from mart.contract
),

enrolment as (
    select
        contract_id,
        month,
        case (:group_by)
            when 'market' then market_id
            when 'contract' then contract_id
            when 'practice' then coalesce(practice_name, 'none')
            when 'care_team' then coalesce(care_team_id, 'none')
            when 'line_of_business' then line_of_business
        end as group_id,
        sum(member_months) as member_months,
        sum(pharmacy_member_months) as pharmacy_member_months
    from mart.enrolment_group
    where month between :period_start and :period_end
    group by 1, 2, 3
),

spend as (
    select
        spend_group.contract_id,
        month,
        service_category_1,
        case (:group_by)
            when 'market' then spend_group.market_id
            when 'contract' then spend_group.contract_id
            when 'practice' then coalesce(practice_name, 'none')
            when 'care_team' then coalesce(care_team_id, 'none')
            when 'line_of_business' then line.line_of_business
        end as group_id,
        sum(case
            when :truncated then case (:basis) when 'paid' then paid_truncated else allowed_truncated end
            when :basis = 'paid' then paid
            else allowed
        end) as amount
    from mart.spend_group as spend_group
    left join line on line.contract_id = spend_group.contract_id
    where month between :period_start and :period_end
        and (:pharmacy or service_category_1 <> 'pharmacy')
    group by 1, 2, 3, 4
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

completed as (
    select
        spend.group_id, spend.service_category_1, spend.amount,
        spend.amount * coalesce(factor.multiplier, 1) as completed
    from spend
    left join factor
        on factor.contract_id = spend.contract_id and factor.month = spend.month
        and factor.service_category_1 = spend.service_category_1
    union all
    select
        enrolment.group_id, factor.service_category_1, 0.0 as amount,
        coalesce(factor.per_member_month, 0) * case
            when factor.service_category_1 = 'pharmacy' then enrolment.pharmacy_member_months
            else enrolment.member_months
        end as completed
    from factor
    inner join enrolment on enrolment.contract_id = factor.contract_id and enrolment.month = factor.month
),

cell as (
    select group_id, service_category_1, sum(amount) as amount, sum(completed) as completed
    from completed
    where group_id is not null
    group by group_id, service_category_1
),

months as (
    select
        group_id,
        cast(sum(member_months) as double) as member_months,
        cast(sum(pharmacy_member_months) as double) as pharmacy_member_months
    from enrolment
    group by group_id
),

all_months as (
    select sum(member_months) as member_months, sum(pharmacy_member_months) as pharmacy_member_months from months
),

dimension as (
    select 'market' as kind, market_id as id, market_name as name from permitted.market
    union all
    select 'contract' as kind, contract_id as id, contract_name as name from permitted.contract
    union all
    select 'care_team' as kind, care_team_id as id, care_team_name as name from permitted.care_team
),

based as (
    select
        cell.*,
        case when cell.service_category_1 = 'pharmacy' then months.pharmacy_member_months else months.member_months end
            as member_months,
        case
            when cell.service_category_1 = 'pharmacy' then all_months.pharmacy_member_months
            else all_months.member_months
        end as all_member_months
    from cell
    left join months on months.group_id = cell.group_id
    cross join all_months
)

select
    based.group_id,
    case
        when based.group_id = 'none' then 'None assigned'
        when :group_by = 'line_of_business'
            then upper(substr(based.group_id, 1, 1)) || substr(based.group_id, 2)
        else coalesce(dimension.name, based.group_id)
    end as group_name,
    based.service_category_1,
    based.amount,
    based.completed,
    coalesce(based.member_months, 0) as member_months,
    based.completed / nullif(based.member_months, 0) as pmpm,
    based.completed / nullif(based.all_member_months, 0) as contributive_pmpm
from based
left join dimension on dimension.kind = :group_by and dimension.id = based.group_id
order by group_name, based.group_id, based.service_category_1
