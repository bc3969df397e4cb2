/* Contracts as declared, and `unassigned` for rows that no rule places. Grain: contract. */
MODEL (
  name mart.contract,
  kind FULL,
  grain contract_id,
  audits (key_is_unique(columns := contract_id), key_is_not_null(column := contract_id))
);

with declared as (
    select *, row_number() over (partition by contract_id order by feed, row_number) as choice
    from raw.contract
)

select
    contract_id, contract_name, payer, plan, line_of_business, model, performance_start, performance_end,
    coalesce(completion_threshold, cast(0.9 as double)) as completion_threshold, terms_version, terms_sha256,
    control_for, truncation_cap, coalesce(large_claimant_threshold, cast(100000 as double)) as large_claimant_threshold
from declared
where choice = 1 and contract_id is not null
union all
select
    'unassigned', 'Unassigned', null, null, null, null, cast(null as date), cast(null as date), cast(0.9 as double),
    null, null, null, cast(null as double), cast(100000 as double)
where not exists (select 1 from raw.contract where contract_id = 'unassigned')
