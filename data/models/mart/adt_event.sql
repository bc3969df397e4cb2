/* Admission, discharge and transfer messages. Filled when an ADT feed exists. Grain: message. */
MODEL (
  name mart.adt_event,
  kind FULL,
  depends_on (mart.contract, mart.market),
  audits (
    key_is_unique(columns := event_id),
    exists_in_dimension(column := contract_id, dimension := mart.contract, key := contract_id),
    exists_in_dimension(column := market_id, dimension := mart.market, key := market_id)
  )
);

select
    cast(null as varchar) as event_id,
    cast(null as varchar) as person_id,
    cast(null as varchar) as contract_id,
    cast(null as varchar) as market_id,
    cast(null as timestamp) as event_time,
    cast(null as timestamp) as received_time,
    cast(null as varchar) as kind,
    cast(null as varchar) as facility_name,
    cast(null as varchar) as complaint,
    cast(null as varchar) as visit_number,
    cast(null as varchar) as match_method
where false
