-- answers: Which professional ED claims have no facility visit to belong to? Listed, not counted.
-- grain: one row per claim
-- columns:
--   claim_id: "id — the claim, inside the warehouse"
--   person_id: "id — the member, inside the warehouse"
--   service_date: "date — day of service"
--   reason: "text — why it was not attached"
--   contract_name: "text — contract"
--   market_name: "text — market"
-- needs: [[view_members, view_quarantine]]
select
    unmatched.claim_id,
    unmatched.person_id,
    unmatched.service_date,
    unmatched.reason,
    contract.contract_name,
    market.market_name
from mart.ed_unmatched as unmatched
left join permitted.contract as contract on contract.contract_id = unmatched.contract_id
left join permitted.market as market on market.market_id = unmatched.market_id
order by unmatched.service_date desc, unmatched.claim_id
