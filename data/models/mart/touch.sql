/* Contacts between staff and members. Grain: touch. */
MODEL (
  name mart.touch,
  kind FULL,
  depends_on (mart.contract, mart.market, mart.staff),
  grain touch_id,
  audits (
    key_is_unique(columns := touch_id),
    exists_in_dimension(column := staff_id, dimension := mart.staff, key := staff_id),
    exists_in_dimension(column := contract_id, dimension := mart.contract, key := contract_id),
    exists_in_dimension(column := market_id, dimension := mart.market, key := market_id)
  )
);

select
    t.touch_id,
    t.person_id,
    t.staff_id,
    coalesce(l.contract_id, 'unassigned') as contract_id,
    coalesce(l.market_id, s.market_id, 'unassigned') as market_id,
    t.touched_on,
    t.channel,
    t.direction,
    t.outcome,
    t.minutes
from raw.touch as t
left join staging.person_place as l on l.person_id = t.person_id
left join mart.staff as s on s.staff_id = t.staff_id
