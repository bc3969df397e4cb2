/* People over their contract's threshold in a contract year. Filled when contracts have terms. Grain: person, contract, year. */
MODEL (
  name mart.large_claimant,
  kind FULL,
  depends_on (mart.contract, mart.market),
  audits (
    key_is_unique(columns := (person_id, contract_id, year)),
    exists_in_dimension(column := contract_id, dimension := mart.contract, key := contract_id),
    exists_in_dimension(column := market_id, dimension := mart.market, key := market_id)
  )
);

select
    cast(null as varchar) as person_id,
    cast(null as varchar) as contract_id,
    cast(null as varchar) as market_id,
    cast(null as integer) as year,
    cast(null as double) as threshold,
    cast(null as double) as paid,
    cast(null as double) as allowed,
    cast(null as double) as over_threshold
where false
