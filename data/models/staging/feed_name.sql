/* What people call a feed: its title, else its first contract (a control cohort comes after), else its own name in plain
   letters. Grain: feed. */
MODEL (
  name staging.feed_name,
  kind FULL,
  grain feed
);

with first_contract as (
    select feed, contract_name, row_number() over (partition by feed order by row_number, contract_id) as choice
    from raw.contract
    where contract_id is not null and contract_name is not null
)

select
    f.feed,
    coalesce(
        case when f.title <> f.feed then f.title end,
        c.contract_name,
        replace(replace(upper(substr(f.feed, 1, 1)) || replace(substr(f.feed, 2), '_', ' '), ' adt', ' ADT'), ' ehr', ' EHR')
    ) as feed_name
from raw.feed as f
left join first_contract as c on c.feed = f.feed and c.choice = 1
