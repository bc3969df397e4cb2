/* Measures that a contract pays on. Filled when contracts have terms. Grain: contract, measure, year. */
MODEL (
  name mart.contract_measure,
  kind FULL,
  depends_on (mart.contract, mart.measure),
  audits (
    key_is_unique(columns := (contract_id, measure_id, year)),
    exists_in_dimension(column := contract_id, dimension := mart.contract, key := contract_id),
    exists_in_dimension(column := measure_id, dimension := mart.measure, key := measure_id)
  )
);

select
    cast(null as varchar) as contract_id,
    cast(null as varchar) as measure_id,
    cast(null as integer) as year,
    cast(null as double) as target,
    cast(null as double) as weight,
    cast(null as boolean) as gate,
    cast(null as double) as current_rate,
    cast(null as double) as projected_rate
where false
