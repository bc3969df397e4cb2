-- answers: Which markets, contracts, lines of business, care teams and PCPs can be chosen, and how many members each has in the period.
-- grain: one row per kind and id
-- columns:
--   kind: "text — market, contract, line_of_business, care_team or pcp"
--   id: "id — what the filter takes"
--   name: "text — what the filter shows"
--   members: "members — enrolled in the period"
-- filters: [market, contract, line_of_business]
with
-- the one pass over the member-months; everything below is a person's few rows
enrolled as (
    select person_id, market_id, contract_id, care_team_id, pcp_npi, max(pcp_name) as pcp_name
    from permitted.member_month
    where month between :period_start and :period_end
    group by person_id, market_id, contract_id, care_team_id, pcp_npi
),

-- markets, contracts and lines of business: all that is permitted, whatever is chosen now
placed as (
    select distinct person_id, market_id, contract_id from enrolled
),

-- care teams and PCPs: within the chosen markets, contracts and lines of business
cared_for as (
    select enrolled.person_id, enrolled.care_team_id, enrolled.pcp_npi, enrolled.pcp_name
    from enrolled
    where enrolled.market_id in (select chosen_market.market_id from mart.market as chosen_market)
        and enrolled.contract_id in (select chosen_contract.contract_id from mart.contract as chosen_contract)
),

option as (
    select 'market' as kind, placed.market_id as id, max(market.market_name) as name,
        count(distinct placed.person_id) as members
    from placed
    left join permitted.market as market on market.market_id = placed.market_id
    group by placed.market_id

    union all

    select 'contract' as kind, placed.contract_id as id, max(contract.contract_name) as name,
        count(distinct placed.person_id) as members
    from placed
    left join permitted.contract as contract on contract.contract_id = placed.contract_id
    group by placed.contract_id

    union all

    select 'line_of_business' as kind, contract.line_of_business as id,
        upper(substr(contract.line_of_business, 1, 1)) || substr(contract.line_of_business, 2) as name,
        count(distinct placed.person_id) as members
    from placed
    inner join permitted.contract as contract on contract.contract_id = placed.contract_id
    where contract.line_of_business is not null
    group by contract.line_of_business

    union all

    select 'care_team' as kind, cared_for.care_team_id as id, max(care_team.care_team_name) as name,
        count(distinct cared_for.person_id) as members
    from cared_for
    left join permitted.care_team as care_team on care_team.care_team_id = cared_for.care_team_id
    where cared_for.care_team_id is not null
    group by cared_for.care_team_id

    union all

    select 'pcp' as kind, cared_for.pcp_npi as id, max(cared_for.pcp_name) as name,
        count(distinct cared_for.person_id) as members
    from cared_for
    where cared_for.pcp_npi is not null
    group by cared_for.pcp_npi
)

select option.kind, option.id, coalesce(option.name, option.id) as name, option.members
from option
order by option.kind, name, option.id
