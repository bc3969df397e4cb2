/* Prescriptions by drug: the ingredient, brand and generic apart, or the NDC where no list says what it is. Fills are
   those not taken back; a fill of 84 days or more counts as one of 90, as packs of 12 weeks do. Grain: contract, market,
   care team and primary care provider of the month, month, drug, whether generic and specialty. */
MODEL (
  name mart.drug_month,
  kind FULL,
  depends_on (mart.contract, mart.market),
  audits (
    key_is_unique(
      columns := (contract_id, market_id, care_team_id, pcp_npi, month, drug, is_generic, is_specialty)
    ),
    exists_in_dimension(column := contract_id, dimension := mart.contract, key := contract_id),
    exists_in_dimension(column := market_id, dimension := mart.market, key := market_id)
  )
);

select
    contract_id,
    market_id,
    care_team_id,
    pcp_npi,
    practice_name,
    month,
    drug,
    min(drug_name) as drug_name,
    is_generic,
    is_specialty,
    cast(sum(units) as bigint) as fills,
    cast(sum(case when days_supply >= 84 then units else 0 end) as bigint) as fills_90,
    cast(sum(case when days_supply > 0 then units else 0 end) as bigint) as fills_with_days,
    cast(sum(case when units > 0 then coalesce(days_supply, 0) else 0 end) as bigint) as days_supply,
    sum(paid) as paid,
    sum(allowed) as allowed,
    sum(paid_truncated) as paid_truncated,
    sum(allowed_truncated) as allowed_truncated,
    sum(paid_over) as paid_over,
    sum(allowed_over) as allowed_over
from mart.claim_line
where claim_type = 'pharmacy' and in_enrolment
group by contract_id, market_id, care_team_id, pcp_npi, practice_name, month, drug, is_generic, is_specialty
