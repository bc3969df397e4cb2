/* The enrolled dollars of mart.spend_month without the members: what a page adds up, so that its cost grows with the
   answer and not with the membership. Grain: contract, market, care team and primary care provider of the month, month,
   both categories, network. */
MODEL (
  name mart.spend_group,
  kind FULL,
  depends_on (mart.contract, mart.market),
  audits (
    key_is_unique(
      columns := (
        contract_id, market_id, care_team_id, pcp_npi, month, service_category_1, service_category_2, network
      )
    ),
    group_ties_to_spend,
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
    service_category_1,
    service_category_2,
    network,
    sum(paid) as paid,
    sum(allowed) as allowed,
    sum(paid_truncated) as paid_truncated,
    sum(allowed_truncated) as allowed_truncated,
    sum(paid_over) as paid_over,
    sum(allowed_over) as allowed_over,
    cast(sum(claims) as bigint) as claims,
    sum(units) as units
from mart.spend_month
where in_enrolment
group by
    contract_id, market_id, care_team_id, pcp_npi, practice_name, month, service_category_1, service_category_2, network
