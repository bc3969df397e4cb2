/* Services that are referred (reference.referable_service, emergencies excluded), by specialty and group of who was
   paid, in the contract's network or outside. Grain: contract, market, care team and primary care provider of the
   month, month, specialty, group, category, network. */
MODEL (
  name mart.referral_month,
  kind FULL,
  depends_on (mart.contract, mart.market),
  audits (
    key_is_unique(
      columns := (
        contract_id, market_id, care_team_id, pcp_npi, month, specialty, provider_group, service_category_1, network
      )
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
    specialty,
    provider_group,
    service_category_1,
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
where in_enrolment and is_referable
group by
    contract_id, market_id, care_team_id, pcp_npi, practice_name, month, specialty, provider_group, service_category_1,
    network
