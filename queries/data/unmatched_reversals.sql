-- answers: Which claims take money back that no claim of the person had been paid?
-- grain: one row per feed, contract, market and month of service
-- metric: medical_paid
-- columns:
--   feed: "text — source feed"
--   contract_name: "text — contract"
--   market_name: "text — market"
--   month: "month — of service"
--   claims: "claims — with a paid total below zero and no opposite"
--   paid: "dollars — paid on them, below zero"
-- params:
--   feed: {type: str, meaning: 'one feed'}
--   contract_id: {type: str, meaning: 'one contract'}
-- filters: []
select
    reversal.feed,
    contract.contract_name,
    market.market_name,
    reversal.month,
    reversal.claims,
    reversal.paid
from mart.unmatched_reversal as reversal
left join permitted.contract as contract on contract.contract_id = reversal.contract_id
left join permitted.market as market on market.market_id = reversal.market_id
where (:feed is null or reversal.feed = :feed) and (:contract_id is null or reversal.contract_id = :contract_id)
order by reversal.month desc, reversal.paid, reversal.feed, contract.contract_name, market.market_name
