-- answers: Which inpatient claims are listed apart, and are no stay?
-- grain: one row per claim
-- metric: inpatient_stays
-- columns:
--   claim_id: "id — the claim, inside the warehouse"
--   person_id: "id — the member, inside the warehouse"
--   admit_date: "date — admission"
--   bill_type_code: "code — UB-04 bill type"
--   paid: "dollars — paid"
--   reason: "text — why it is no stay"
--   contract_name: "text — contract"
--   market_name: "text — market"
-- needs: [[view_members, view_quarantine]]
select
    apart.claim_id,
    apart.person_id,
    apart.admit_date,
    apart.bill_type_code,
    apart.paid,
    apart.reason,
    contract.contract_name,
    market.market_name
from mart.stay_apart as apart
left join permitted.contract as contract on contract.contract_id = apart.contract_id
left join permitted.market as market on market.market_id = apart.market_id
order by apart.admit_date desc, apart.claim_id
