-- answers: How has the members' risk score moved?
-- grain: one row per contract, year and model
-- metric: [mean_raf]
-- columns:
--   contract_id: "id — contract"
--   contract_name: "text — contract"
--   year: "year — of service; of the score"
--   model: "text — cms_hcc_v28 or age_sex"
--   members: "members — scored"
--   mean_raf: "score — mean risk adjustment factor"
--   demographic: "score — of it, from age, sex and entitlement"
--   hcc: "score — of it, from conditions"
with risk as (
    select
        contract_id, year, model,
        count(*) as members,
        avg(risk_score) as mean_raf,
        avg(demographic_score) as demographic,
        avg(hcc_score) as hcc
    from mart.member_risk
    where year <= year(cast(:period_end as date))
    group by contract_id, year, model
)

select
    risk.contract_id,
    contract.contract_name,
    risk.year,
    risk.model,
    risk.members,
    risk.mean_raf,
    risk.demographic,
    risk.hcc
from risk
left join permitted.contract as contract on contract.contract_id = risk.contract_id
order by risk.contract_id, risk.year, risk.model
