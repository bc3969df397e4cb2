/* Who cares for whom, by span. Grain: person, staff member, role, contract, start. */
MODEL (
  name mart.panel,
  kind FULL,
  depends_on (mart.contract, mart.market, mart.staff),
  audits (
    exists_in_dimension(column := staff_id, dimension := mart.staff, key := staff_id),
    exists_in_dimension(column := contract_id, dimension := mart.contract, key := contract_id),
    exists_in_dimension(column := market_id, dimension := mart.market, key := market_id)
  )
);

select
    p.person_id,
    p.staff_id,
    p.role,
    coalesce(p.contract_id, l.contract_id, 'unassigned') as contract_id,
    coalesce(l.market_id, s.market_id, 'unassigned') as market_id,
    p.start_date,
    p.end_date,
    p.is_lead,
    p.acuity,
    p.weight
from raw.panel as p
left join staging.person_place as l on l.person_id = p.person_id
left join mart.staff as s on s.staff_id = p.staff_id
