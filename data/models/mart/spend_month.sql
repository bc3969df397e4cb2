/* Paid and allowed dollars per person, contract, month of service and category, in and outside enrolment.
   Grain: person, contract, month, both categories, network, provider, feed. */
MODEL (
  name mart.spend_month,
  kind FULL,
  depends_on (mart.contract, mart.market, mart.member_month, raw.medical_claim, raw.pharmacy_claim),
  audits (
    key_is_unique(
      columns := (
        person_id, contract_id, month, service_category_1, service_category_2, network, provider_npi_group, feed
      )
    ),
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
    coalesce(case when m.person_id is null then p.market_id else m.market_id end, 'unassigned') as market_id,
    s.service_category_1,
    s.service_category_2,
    s.network,
    s.provider_npi_group,
    cast(s.paid_amount as double) as paid,
    cast(s.allowed_amount as double) as allowed,
    s.claims,
    cast(s.units as double) as units,
    s.feed,
    m.person_id is not null as in_enrolment
from staging.spend_month as s
left join staging.enrolment_run as m
    on m.person_id = s.person_id and m.contract_id = s.contract_id and s.month between m.first_month and m.last_month
left join staging.person_place as p on p.person_id = s.person_id
