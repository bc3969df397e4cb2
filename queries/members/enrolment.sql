-- answers: When, and in which contracts, was this member enrolled?
-- grain: one row per contract, market and unbroken span of months
-- columns:
--   contract_name: "text — contract"
--   market_name: "text — market"
--   line_of_business: "text — line of business"
--   first_month: "month — first month enrolled"
--   last_month: "month — last month enrolled"
--   months: "months — in the span"
--   pcp_name: "text — primary care provider"
-- params:
--   person_id: {type: str, required: true, meaning: 'the member'}
-- needs: [view_members]
-- filters: []
with
numbered as (
    select
        contract_id, market_id, line_of_business, month, pcp_name,
        -- constant within a run of consecutive months
        year(month) * 12 + month(month)
            - row_number() over (partition by contract_id, market_id order by month) as run
    from mart.member_month
    where person_id = :person_id
)

select
    max(contract.contract_name) as contract_name,
    max(market.market_name) as market_name,
    max(numbered.line_of_business) as line_of_business,
    min(numbered.month) as first_month,
    max(numbered.month) as last_month,
    count(*) as months,
    max_by(numbered.pcp_name, numbered.month) as pcp_name
from numbered
left join permitted.contract as contract on contract.contract_id = numbered.contract_id
left join permitted.market as market on market.market_id = numbered.market_id
group by numbered.contract_id, numbered.market_id, numbered.run
order by last_month desc, contract_name
