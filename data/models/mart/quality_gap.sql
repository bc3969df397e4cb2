/* Care gaps. Filled when measures are installed. Grain: person, measure, contract, measurement year. */
MODEL (
  name mart.quality_gap,
  kind FULL,
  depends_on (mart.contract, mart.market, mart.measure),
  audits (
    key_is_unique(columns := (person_id, measure_id, contract_id, measurement_year)),
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
    cast(null as boolean) as in_denominator,
    cast(null as boolean) as excluded,
    cast(null as varchar) as exclusion_reason,
    cast(null as boolean) as met,
    cast(null as varchar) as status,
    cast(null as date) as closed_date,
    cast(null as date) as due_date,
    cast(null as integer) as days_left,
    cast(null as varchar) as evidence,
    cast(null as varchar) as reported_by
where false
