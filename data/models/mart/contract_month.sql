/* Contract revenue and cost by month. Filled when contracts have terms. Grain: contract, month. */
MODEL (
  name mart.contract_month,
  kind FULL,
  depends_on (mart.contract),
  audits (
    key_is_unique(columns := (contract_id, month)),
    exists_in_dimension(column := contract_id, dimension := mart.contract, key := contract_id)
  )
);

select
    cast(null as varchar) as contract_id,
    cast(null as date) as month,
    cast(null as bigint) as member_months,
    cast(null as double) as revenue,
    cast(null as double) as fees,
    cast(null as double) as completed_cost,
    cast(null as double) as completed_cost_low,
    cast(null as double) as completed_cost_high,
    cast(null as double) as truncated_cost,
    cast(null as double) as benchmark_cost
where false
