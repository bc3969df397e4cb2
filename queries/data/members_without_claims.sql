-- answers: How many members enrolled for twelve months have no claim in them, now and a year before?
-- grain: one row per contract and market
-- metric: members_without_claims
-- columns:
--   contract_name: "text — contract"
--   market_name: "text — market"
--   month: "month — last of the twelve"
--   members: "members — enrolled in each of the twelve months"
--   without_claims: "members — without a medical or pharmacy claim in them"
--   share: "share 0..1 — of the members"
--   share_before: "share 0..1 — a year before; null where there were no twelve months"
-- params:
--   contract_id: {type: str, meaning: 'one contract'}
-- filters: []
with counted as (
    select
        contract_id,
        market_id,
        month,
        members,
        without_claims,
        without_claims / nullif(cast(members as double), 0) as share,
        lag(without_claims / nullif(cast(members as double), 0)) over (
            partition by contract_id, market_id order by month
        ) as share_before,
        row_number() over (partition by contract_id, market_id order by month desc) as choice,
        max(month) over (partition by contract_id) as latest
    from mart.member_without_claim
    where (:contract_id is null or contract_id = :contract_id)
)

select
    contract.contract_name,
    market.market_name,
    counted.month,
    counted.members,
    counted.without_claims,
    counted.share,
    counted.share_before
from counted
left join permitted.contract as contract on contract.contract_id = counted.contract_id
left join permitted.market as market on market.market_id = counted.market_id
where counted.choice = 1 and counted.month = counted.latest
order by counted.share - counted.share_before desc, contract.contract_name, market.market_name
