-- answers: What changed the members' risk score against the year before (age, coding, the rule for new enrolees, or other members)?
-- grain: one row per contract and year; CMS-HCC scores only
-- metric: [mean_raf, coding_share]
-- columns:
--   contract_id: "id — contract"
--   contract_name: "text — contract"
--   year: "year — of the later score"
--   continuing: "members — with a comparable score in the year before"
--   continuing_score: "score — sum of these members' scores"
--   continuing_previous: "score — sum of their scores of the year before"
--   demographic: "score — change of these by age, sex and entitlement"
--   new_enrolee_rule: "score — change by leaving the factors for new enrolees"
--   hcc_new: "score — change by conditions that the year before did not have"
--   hcc_dropped: "score — change by conditions of the year before that are no longer coded; negative"
--   hcc_combinations: "score — change by interactions and counts of conditions"
--   joiners: "members — without a comparable score in the year before"
--   joiners_score: "score — sum of their scores"
--   leavers: "members — of the year before, without a score in this one"
--   leavers_score: "score — sum of their scores, of the year before"
--   coding: "score — new, dropped and combined conditions together"
--   continuing_change: "score — continuing score − their score of the year before"
with
risk as (
    select
        contract_id, year, risk_score, previous_score, demographic_change, enrolee_change, hcc_new_change,
        hcc_dropped_change, combination_change, is_leaving
    from mart.member_risk
    where model = 'cms_hcc_v28'
        and year <= year(cast(:period_end as date))
),

scored as (
    select
        contract_id, year,
        count(*) filter (where previous_score is not null) as continuing,
        coalesce(sum(risk_score) filter (where previous_score is not null), 0) as continuing_score,
        coalesce(sum(previous_score), 0) as continuing_previous,
        coalesce(sum(demographic_change), 0) as demographic,
        coalesce(sum(enrolee_change), 0) as new_enrolee_rule,
        coalesce(sum(hcc_new_change), 0) as hcc_new,
        coalesce(sum(hcc_dropped_change), 0) as hcc_dropped,
        coalesce(sum(combination_change), 0) as hcc_combinations,
        count(*) filter (where previous_score is null) as joiners,
        coalesce(sum(risk_score) filter (where previous_score is null), 0) as joiners_score
    from risk
    group by contract_id, year
),

gone as (
    select contract_id, year + 1 as year, count(*) as leavers, sum(risk_score) as leavers_score
    from risk
    where is_leaving
    group by contract_id, year
)

select
    scored.contract_id,
    contract.contract_name,
    scored.year,
    scored.continuing,
    scored.continuing_score,
    scored.continuing_previous,
    scored.demographic,
    scored.new_enrolee_rule,
    scored.hcc_new,
    scored.hcc_dropped,
    scored.hcc_combinations,
    scored.joiners,
    scored.joiners_score,
    coalesce(gone.leavers, 0) as leavers,
    coalesce(gone.leavers_score, 0) as leavers_score,
    scored.hcc_new + scored.hcc_dropped + scored.hcc_combinations as coding,
    scored.continuing_score - scored.continuing_previous as continuing_change
from scored
left join gone on gone.contract_id = scored.contract_id and gone.year = scored.year
left join permitted.contract as contract on contract.contract_id = scored.contract_id
order by scored.contract_id, scored.year
