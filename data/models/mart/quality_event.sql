/* When a gap opened and closed. Filled when measures are installed. Grain: event. */
MODEL (
  name mart.quality_event,
  kind FULL,
  depends_on (mart.contract, mart.market, mart.measure),
  audits (
    key_is_unique(columns := (person_id, measure_id, contract_id, measurement_year, event_date, event)),
    exists_in_dimension(column := contract_id, dimension := mart.contract, key := contract_id),
    exists_in_dimension(column := market_id, dimension := mart.market, key := market_id),
    exists_in_dimension(column := measure_id, dimension := mart.measure, key := measure_id)
  )
);

select
    cast(null as varchar) as person_id,
    cast(null as varchar) as measure_id,
    cast(null as varchar) as contract_id,
    cast(null as varchar) as market_id,
    cast(null as integer) as measurement_year,
    cast(null as date) as event_date,
    cast(null as varchar) as event
where false
