-- answers: What could not be placed in a contract or a market?
-- grain: one row per kind of row
-- columns:
--   kind: "text — member-months, ED visits, inpatient stays or spend rows"
--   rows: "rows — in scope"
--   without_contract: "rows — in the contract 'unassigned'"
--   without_market: "rows — in the market 'unassigned'"
with placed as (
    select 1 as sort_order, 'Member-months' as kind, contract_id, market_id from mart.member_month
    union all
    select 2 as sort_order, 'ED visits' as kind, contract_id, market_id from mart.ed_visit
    union all
    select 3 as sort_order, 'Inpatient stays' as kind, contract_id, market_id from mart.inpatient_stay
    union all
    select 4 as sort_order, 'Spend rows' as kind, contract_id, market_id from mart.spend_month
)

select
    kind,
    count(*) as rows,
    count(*) filter (where contract_id = 'unassigned') as without_contract,
    count(*) filter (where market_id = 'unassigned') as without_market
from placed
group by kind, sort_order
order by sort_order
