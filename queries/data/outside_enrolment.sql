-- answers: How many claims fall outside enrolment, and what are they worth? Not in any rate.
-- grain: one row per contract, market, feed, year and kind of claim
-- metric: paid_outside_enrolment
-- columns:
--   contract_name: "text — contract"
--   market_name: "text — market"
--   feed: "text — source feed"
--   year: "year — of service"
--   claim_kind: "text — medical or pharmacy"
--   lines: "lines — claim lines"
--   claims: "claims — distinct claims"
--   paid: "dollars — paid"
--   allowed: "dollars — allowed"
-- params:
--   feed: {type: str, meaning: 'one feed'}
--   contract_id: {type: str, meaning: 'one contract'}
select
    contract.contract_name,
    market.market_name,
    outside.feed,
    outside.year,
    outside.claim_kind,
    sum(outside.lines) as lines,
    sum(outside.claims) as claims,
    sum(outside.paid) as paid,
    sum(outside.allowed) as allowed
from mart.claim_outside_enrolment as outside
left join permitted.contract as contract on contract.contract_id = outside.contract_id
left join permitted.market as market on market.market_id = outside.market_id
where (:feed is null or outside.feed = :feed) and (:contract_id is null or outside.contract_id = :contract_id)
group by contract.contract_name, market.market_name, outside.feed, outside.year, outside.claim_kind
order by outside.feed, outside.year, outside.claim_kind, contract.contract_name, market.market_name
