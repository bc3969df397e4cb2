/* Risk of a member in a year, by CMS-HCC V28 or by age and sex (data/estimates/risk.py). Grain: person, contract and year
   enrolled, from the first year of which there are claims. The changes say what moved the score since the year before:
   they add up to risk_score - previous_score, and are null where there is no score to compare with. */
MODEL (
  name mart.member_risk,
  kind FULL,
  depends_on (mart.contract, mart.market),
  grain (person_id, contract_id, year),
  audits (
    key_is_unique(columns := (person_id, contract_id, year)),
    exists_in_dimension(column := contract_id, dimension := mart.contract, key := contract_id),
    exists_in_dimension(column := market_id, dimension := mart.market, key := market_id)
  )
);

select
    person_id,
    contract_id,
    market_id,
    year,
    model,
    risk_score,
    demographic_score,
    hcc_score,
    hcc_count,
    is_new_enrolee,
    risk_weight,
    diagnosis_year,
    previous_score,
    demographic_change,
    enrolee_change,
    hcc_new_change,
    hcc_dropped_change,
    combination_change,
    is_leaving
from estimate.member_risk
