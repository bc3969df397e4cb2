/* Condition categories behind a member's CMS-HCC score, and those the year before had and this one has not (status
   dropped, with the coefficient it then had). status is null where there is no year to compare with; coefficient is null
   for new enrolees, whose score has no conditions. Grain: person, contract, year, category. */
MODEL (
  name mart.member_hcc,
  kind FULL,
  depends_on (mart.contract, mart.market),
  grain (person_id, contract_id, year, hcc),
  audits (
    key_is_unique(columns := (person_id, contract_id, year, hcc)),
    exists_in_dimension(column := contract_id, dimension := mart.contract, key := contract_id),
    exists_in_dimension(column := market_id, dimension := mart.market, key := market_id)
  )
);

select person_id, contract_id, market_id, year, hcc, label, coefficient, status, first_recorded_on
from estimate.member_hcc
