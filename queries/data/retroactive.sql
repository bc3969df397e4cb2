-- answers: Which deliveries took back enrolment of months already reported?
-- grain: one row per feed, contract, market and month of delivery
-- metric: member_months
-- columns:
--   feed: "text — source feed"
--   contract_name: "text — contract"
--   market_name: "text — market"
--   delivery_month: "month — of the file that took it back"
--   members: "members — whose enrolment it ended earlier"
--   member_months: "member-months — taken back"
-- params:
--   feed: {type: str, meaning: 'one feed'}
--   contract_id: {type: str, meaning: 'one contract'}
-- filters: []
select
    change.feed,
    contract.contract_name,
    market.market_name,
    change.delivery_month,
    change.members,
    change.member_months
from mart.retroactive_change as change
left join permitted.contract as contract on contract.contract_id = change.contract_id
left join permitted.market as market on market.market_id = change.market_id
where (:feed is null or change.feed = :feed) and (:contract_id is null or change.contract_id = :contract_id)
order by change.delivery_month desc, change.member_months desc, change.feed, contract.contract_name, market.market_name
