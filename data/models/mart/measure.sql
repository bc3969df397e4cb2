/* Quality measures. Filled when measures are installed. Grain: measure. */
MODEL (
  name mart.measure,
  kind FULL,
  audits (
    key_is_unique(columns := measure_id)
  )
);

select
    cast(null as varchar) as measure_id,
    cast(null as varchar) as measure_name,
    cast(null as varchar) as steward,
    cast(null as varchar) as version,
    cast(null as varchar) as direction,
    cast(null as varchar) as kind,
    cast(null as varchar) as description,
    cast(null as varchar) as source
where false
