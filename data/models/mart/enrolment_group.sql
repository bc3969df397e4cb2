/* Member-months without the members: the denominators of a page. Grain: contract, market, care team and primary care
   provider of the month, month. Risk months weigh each member-month by the member's risk; 1 where it is not known. */
MODEL (
  name mart.enrolment_group,
  kind FULL,
  depends_on (mart.contract, mart.market),
  audits (
    key_is_unique(columns := (contract_id, market_id, care_team_id, pcp_npi, month)),
    exists_in_dimension(column := contract_id, dimension := mart.contract, key := contract_id),
    exists_in_dimension(column := market_id, dimension := mart.market, key := market_id)
  )
);

select
    contract_id,
    market_id,
    line_of_business,
    care_team_id,
    pcp_npi,
    practice_name,
    month,
    cast(sum(medical_member_months) as double) as member_months,
    cast(sum(pharmacy_member_months) as double) as pharmacy_member_months,
    count(*) as members,
    cast(sum(medical_member_months * coalesce(risk_weight, 1)) as double) as risk_months,
    cast(sum(case when risk_weight is not null then medical_member_months else 0 end) as double) as risk_known_months
from mart.member_month
group by contract_id, market_id, line_of_business, care_team_id, pcp_npi, practice_name, month
