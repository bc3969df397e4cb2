/* Paid and allowed dollars per person, contract, month of service and category, in and outside enrolment: as they are,
   under the contract's cap (truncated), and over its large-claimant threshold (mart.member_year). Grain: person,
   contract, month, both categories, network, provider with its group and specialty, whether the service is one that is
   referred, feed. */
MODEL (
  name mart.spend_month,
  kind FULL,
  depends_on (mart.contract, mart.market, mart.member_month, mart.provider, raw.medical_claim, raw.pharmacy_claim),
  audits (
    key_is_unique(
      columns := (
        person_id, contract_id, month, service_category_1, service_category_2, network, provider_npi_group,
        provider_group, specialty, is_referable, feed
      )
    ),
    key_is_not_null(column := service_category_1),
    key_is_not_null(column := service_category_2),
    enrolled_rows_have_member_month,
    spend_ties_to_loaded_lines,
    exists_in_dimension(column := contract_id, dimension := mart.contract, key := contract_id),
    exists_in_dimension(column := market_id, dimension := mart.market, key := market_id)
  )
);

select
    s.person_id,
    s.month,
    s.contract_id,
    s.market_id,
    s.service_category_1,
    s.service_category_2,
    s.network,
    s.provider_npi_group,
    cast(s.paid_amount as double) as paid,
    cast(s.allowed_amount as double) as allowed,
    s.claims,
    cast(s.units as double) as units,
    s.feed,
    s.in_enrolment,
    coalesce(p.provider_name, s.provider_npi_group) as provider_name,
    s.provider_group,
    s.specialty,
    s.is_referable,
    a.care_team_id,
    a.pcp_npi,
    v.practice_name,
    cast(s.paid_amount as double) * coalesce(y.paid_factor, 1) as paid_truncated,
    cast(s.allowed_amount as double) * coalesce(y.allowed_factor, 1) as allowed_truncated,
    cast(s.paid_amount as double) * coalesce(y.paid_over_share, 0) as paid_over,
    cast(s.allowed_amount as double) * coalesce(y.allowed_over_share, 0) as allowed_over
from staging.spend_month as s
left join mart.provider as p on p.npi = s.provider_npi_group
/* A condition on the left side alone would be checked row by row, for every pair; so it is part of the key. */
left join staging.attribution_run as a
    on a.person_id = case when s.in_enrolment then s.person_id end
    and a.contract_id = s.contract_id
    and s.month between a.first_month and a.last_month
left join mart.provider as v on v.npi = a.pcp_npi
left join mart.member_year as y
    on y.person_id = case when s.in_enrolment then s.person_id end
    and y.contract_id = s.contract_id
    and y.year = extract(year from s.month)
