-- answers: Who was enrolled, in which contract and market, and with which risk?
-- grain: one row per contract and market
-- metric: [member_months]
-- columns:
--   contract_id: "id — contract"
--   contract_name: "text — contract"
--   market_id: "id — market"
--   market_name: "text — market"
--   line_of_business: "text — medicare, medicaid, commercial or dual"
--   member_months: "member-months — months enrolled on any day"
--   pharmacy_member_months: "member-months — of those, with a pharmacy benefit"
--   risk_months: "weighted member-months — member-months × risk weight; weight 1 where the risk is not known"
-- drill:
--   member_months: {question: members/enrolled, params: {contract_id: $contract_id, market_id: $market_id}, count: "sum:member_months"}
--   pharmacy_member_months: {question: members/enrolled, params: {contract_id: $contract_id, market_id: $market_id}, count: "sum:pharmacy_member_months"}
with enrolment as (
    select
        contract_id, market_id, max(line_of_business) as line_of_business,
        cast(sum(member_months) as double) as member_months,
        cast(sum(pharmacy_member_months) as double) as pharmacy_member_months,
        sum(risk_months) as risk_months
    from mart.enrolment_group
    where month between :period_start and :period_end
    group by contract_id, market_id
)

select
    enrolment.contract_id,
    contract.contract_name,
    enrolment.market_id,
    market.market_name,
    enrolment.line_of_business,
    enrolment.member_months,
    enrolment.pharmacy_member_months,
    enrolment.risk_months
from enrolment
left join permitted.contract as contract on contract.contract_id = enrolment.contract_id
left join permitted.market as market on market.market_id = enrolment.market_id
order by enrolment.contract_id, enrolment.market_id
