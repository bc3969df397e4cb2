-- answers: Who is above the large-claimant threshold, for what, and since when?
-- grain: one row per member, contract and calendar year above the threshold
-- metric: [large_claimant_share]
-- columns:
--   person_id: "id — the member, inside the warehouse"
--   name: "text — last name, first name"
--   age: "years — age"
--   sex: "text — sex as the payer sent it"
--   contract_id: "id — contract"
--   contract_name: "text — contract"
--   market_name: "text — the member's market today"
--   year: "year — calendar year in which the threshold was passed"
--   amount: "dollars — to date, in that year and the period"
--   over_amount: "dollars — of those, above the threshold; 0 with truncation, which has taken the largest dollars out"
--   share: "share 0..1 — part of all members' dollars"
--   annual_amount: "dollars — of the whole year, in and outside the period"
--   is_continuing: "yes or no — above the threshold in the year before as well"
--   top_category: "text — service category with most of the dollars"
--   pcp_name: "text — primary care provider"
--   lead_staff_name: "text — who leads the member's care"
--   care_team_name: "text — care team"
--   conditions: "list of text — conditions found in claims"
--   is_enrolled: "yes or no — enrolled in the data's last month"
-- params:
--   basis: {type: str, default: allowed, choices: [allowed, paid], meaning: 'allowed dollars (plan and member) or paid dollars (plan only)'}
--   truncated: {type: bool, default: false, meaning: 'without the dollars above the contract''s yearly cap per member'}
--   pharmacy: {type: bool, default: true, meaning: 'with pharmacy'}
--   continuing: {type: bool, meaning: 'only members who were above the threshold in the year before the first year shown (yes), or only the others (no)'}
-- drill:
--   amount: {question: cost/claims, params: {basis: ':basis', truncated: ':truncated', pharmacy: ':pharmacy', person_id: $person_id, contract_id: $contract_id, year: $year, large: true}, count: "sum:amount"}
--   over_amount: {question: cost/claims, params: {basis: ':basis', truncated: ':truncated', pharmacy: ':pharmacy', part: over, person_id: $person_id, contract_id: $contract_id, year: $year}, count: "sum:amount"}
-- needs: [view_members]
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

by_category as (
    select
        person_id, contract_id, year, service_category_1,
        sum(amount) as amount,
        sum(over_amount) as over_amount
    from large_row
    group by person_id, contract_id, year, service_category_1
),

member_year as (
    select
        person_id, contract_id, year,
        sum(amount) as amount,
        sum(over_amount) as over_amount,
        arg_max(service_category_1, amount) as top_category
    from by_category
    group by person_id, contract_id, year
),

known as (
    select
        member_year.*,
        case (:basis) when 'paid' then claimant.paid else claimant.allowed end as annual_amount,
        coalesce(claimant.is_continuing, false) as is_continuing
    from member_year
    left join permitted.large_claimant as claimant
        on claimant.person_id = member_year.person_id and claimant.contract_id = member_year.contract_id
        and claimant.year = member_year.year
),

-- a member above it in two years of the period is new if the first of them was
first_year as (
    select person_id, arg_min(is_continuing, year) as is_continuing
    from (
        select person_id, year, bool_or(is_continuing) as is_continuing from known group by person_id, year
    ) as in_year
    group by person_id
),

whole as (
    select sum(case
            when :truncated then case (:basis) when 'paid' then paid_truncated else allowed_truncated end
            when :basis = 'paid' then paid
            else allowed
        end) as amount
    from mart.spend_group
    where month between :period_start and :period_end
        and (:pharmacy or service_category_1 <> 'pharmacy')
)

select
    known.person_id,
    member.last_name || ', ' || member.first_name as name,
    member.age,
    member.sex,
    known.contract_id,
    contract.contract_name,
    market.market_name,
    known.year,
    known.amount,
    known.over_amount,
    known.amount / nullif(whole.amount, 0) as share,
    known.annual_amount,
    known.is_continuing,
    known.top_category,
    member.pcp_name,
    member.lead_staff_name,
    member.care_team_name,
    member.conditions,
    member.is_enrolled
from known
inner join first_year on first_year.person_id = known.person_id
cross join whole
-- a member who has moved to a market out of scope keeps the dollars, without today's details
left join permitted.member as member on member.person_id = known.person_id
left join permitted.contract as contract on contract.contract_id = known.contract_id
left join permitted.market as market on market.market_id = member.market_id
where (:continuing is null or first_year.is_continuing = :continuing)
order by known.over_amount desc, known.person_id, known.contract_id, known.year
