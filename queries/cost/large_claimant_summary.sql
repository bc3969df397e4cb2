-- answers: How much of the money do the members above the large-claimant threshold take, and are they new?
-- grain: one row
-- metric: [large_claimant_share]
-- columns:
--   claimants: "members — above the threshold in a calendar year of the period"
--   new_claimants: "members — of those, not above it in the year before"
--   continuing_claimants: "members — of those, above it in the year before as well"
--   amount: "dollars — to date, of these members"
--   over_amount: "dollars — of those, above the threshold; 0 with truncation, which has taken the largest dollars out"
--   total_amount: "dollars — to date, of all members"
--   spend_share: "share 0..1 — their dollars ÷ all dollars"
--   over_share: "share 0..1 — dollars above the threshold ÷ all dollars"
-- params:
--   basis: {type: str, default: allowed, choices: [allowed, paid], meaning: 'allowed dollars (plan and member) or paid dollars (plan only)'}
--   truncated: {type: bool, default: false, meaning: 'without the dollars above the contract''s yearly cap per member'}
--   pharmacy: {type: bool, default: true, meaning: 'with pharmacy'}
-- drill:
--   claimants: {question: cost/large_claimants, params: {basis: ':basis', truncated: ':truncated', pharmacy: ':pharmacy'}, count: "persons"}
--   new_claimants: {question: cost/large_claimants, params: {basis: ':basis', truncated: ':truncated', pharmacy: ':pharmacy', continuing: false}, count: "persons"}
--   continuing_claimants: {question: cost/large_claimants, params: {basis: ':basis', truncated: ':truncated', pharmacy: ':pharmacy', continuing: true}, count: "persons"}
--   amount: {question: cost/members, params: {basis: ':basis', truncated: ':truncated', pharmacy: ':pharmacy', large: true}, count: "sum:amount"}
--   over_amount: {question: cost/members, params: {basis: ':basis', truncated: ':truncated', pharmacy: ':pharmacy', part: over}, count: "sum:amount"}
--   total_amount: {question: cost/members, params: {basis: ':basis', truncated: ':truncated', pharmacy: ':pharmacy'}, count: "sum:amount"}
with
-- a row of a member above the threshold has a part above it, as large as the member's year is
large_row as (
    select
        person_id, contract_id, year(month) as year, service_category_1,
        case
            when :truncated then case (:basis) when 'paid' then paid_truncated else allowed_truncated end
            when :basis = 'paid' then paid
            else allowed
        end as amount,
        case when :truncated then 0.0 when :basis = 'paid' then paid_over else allowed_over end as over_amount
    from mart.spend_month
    where in_enrolment
        and month between :period_start and :period_end
        and (:pharmacy or service_category_1 <> 'pharmacy')
        and case (:basis) when 'paid' then paid_over else allowed_over end <> 0
),

member_year as (
    select
        large_row.person_id, large_row.year,
        coalesce(bool_or(claimant.is_continuing), false) as is_continuing
    from (select distinct person_id, contract_id, year from large_row) as large_row
    left join permitted.large_claimant as claimant
        on claimant.person_id = large_row.person_id and claimant.contract_id = large_row.contract_id
        and claimant.year = large_row.year
    group by large_row.person_id, large_row.year
),

-- a member above it in two years of the period is new if the first of them was
claimant as (
    select person_id, arg_min(is_continuing, year) as is_continuing from member_year group by person_id
),

counted as (
    select
        count(*) as claimants,
        count(*) filter (where not is_continuing) as new_claimants,
        count(*) filter (where is_continuing) as continuing_claimants
    from claimant
),

money as (
    select coalesce(sum(amount), 0) as amount, coalesce(sum(over_amount), 0) as over_amount from large_row
),

whole as (
    select coalesce(sum(case
            when :truncated then case (:basis) when 'paid' then paid_truncated else allowed_truncated end
            when :basis = 'paid' then paid
            else allowed
        end), 0) as amount
    from mart.spend_group
    where month between :period_start and :period_end
        and (:pharmacy or service_category_1 <> 'pharmacy')
)

select
    counted.claimants,
    counted.new_claimants,
    counted.continuing_claimants,
    money.amount,
    money.over_amount,
    whole.amount as total_amount,
    money.amount / nullif(whole.amount, 0) as spend_share,
    money.over_amount / nullif(whole.amount, 0) as over_share
from counted
cross join money
cross join whole
