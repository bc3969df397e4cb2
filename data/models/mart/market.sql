/* Markets, and `unassigned` for people that no rule places. Grain: market. */
MODEL (
  name mart.market,
  kind FULL,
  grain market_id,
  audits (key_is_unique(columns := market_id), key_is_not_null(column := market_id))
);

with declared as (
    select *, row_number() over (partition by market_id order by feed, row_number) as choice
    from raw.market
)

select market_id, market_name, state
from declared
where choice = 1 and market_id is not null
union all
select 'unassigned', 'Unassigned', null
where not exists (select 1 from raw.market where market_id = 'unassigned')
