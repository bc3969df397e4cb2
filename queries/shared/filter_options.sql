-- answers: Which markets, contracts, lines of business, care teams and PCPs can be chosen, and how many members each has in the period.
-- grain: one row per kind and id
-- columns:
--   kind: "text — market, contract, line_of_business, care_team or pcp"
--   id: "id — what the filter takes"
--   name: "text — what the filter shows"
--   members: "members — enrolled in the period"
-- filters: [market, contract, line_of_business]
with
-- markets, contracts and lines of business: all that is permitted, whatever is chosen now
permitted_member as (
    select distinct person_id, market_id, contract_id, line_of_business
    from permitted.member_month
    where month between :period_start and :period_end
),

-- care teams and PCPs: within the chosen markets, contracts and lines of business
chosen_member as (
    select person_id, care_team_id, pcp_npi, max(pcp_name) as pcp_name
    from mart.member_month
    where month between :period_start and :period_end
    group by person_id, care_team_id, pcp_npi
),

option as (
    select 'market' as kind, permitted_member.market_id as id, max(market.market_name) as name,
        count(distinct permitted_member.person_id) as members
    from permitted_member
    left join permitted.market as market on market.market_id = permitted_member.market_id
    group by permitted_member.market_id

    union all

    select 'contract' as kind, permitted_member.contract_id as id, max(contract.contract_name) as name,
        count(distinct permitted_member.person_id) as members
    from permitted_member
    left join permitted.contract as contract on contract.contract_id = permitted_member.contract_id
    group by permitted_member.contract_id

    union all

    select 'line_of_business' as kind, permitted_member.line_of_business as id,
        upper(substr(permitted_member.line_of_business, 1, 1)) || substr(permitted_member.line_of_business, 2) as name,
        count(distinct permitted_member.person_id) as members
    from permitted_member
    where permitted_member.line_of_business is not null
    group by permitted_member.line_of_business

    union all

    select 'care_team' as kind, chosen_member.care_team_id as id, max(care_team.care_team_name) as name,
        count(distinct chosen_member.person_id) as members
    from chosen_member
    left join permitted.care_team as care_team on care_team.care_team_id = chosen_member.care_team_id
    where chosen_member.care_team_id is not null
    group by chosen_member.care_team_id

    union all

    select 'pcp' as kind, chosen_member.pcp_npi as id, max(chosen_member.pcp_name) as name,
        count(distinct chosen_member.person_id) as members
    from chosen_member
    where chosen_member.pcp_npi is not null
    group by chosen_member.pcp_npi
)

select option.kind, option.id, coalesce(option.name, option.id) as name, option.members
from option
order by option.kind, name
