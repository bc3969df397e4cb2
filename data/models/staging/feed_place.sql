/* Which contracts and markets a feed serves: facts about a whole feed are shown to whoever may see one of them, and its
   dollars to whoever may see all (`places`). A feed that declares no contract serves every one. Grain: feed, contract,
   market. */
MODEL (
  name staging.feed_place,
  kind FULL,
  grain (feed, contract_id, market_id)
);

with lived as (
    select distinct contract_id, market_id
    from staging.enrolment_run
    where contract_id <> 'unassigned' and market_id <> 'unassigned'
),

declared as (
    select feed, contract_id from raw.contract
    union
    select feed, contract_id from staging.eligibility_span
),

own as (
    select d.feed, d.contract_id, coalesce(l.market_id, 'unassigned') as market_id
    from declared as d
    left join lived as l on l.contract_id = d.contract_id
    where d.contract_id <> 'unassigned'
),

shared as (
    select f.feed, l.contract_id, l.market_id
    from raw.feed as f
    cross join lived as l
    where f.feed not in (select o.feed from own as o)
),

place as (
    select feed, contract_id, market_id, true as is_own from own
    union
    select feed, contract_id, market_id, false from shared
),

known as (
    select feed, contract_id, market_id, is_own from place
    union all
    select f.feed, 'unassigned', 'unassigned', false
    from raw.feed as f
    where f.feed not in (select p.feed from place as p)
)

select
    k.feed,
    k.contract_id,
    k.market_id,
    k.is_own,
    cast(count(*) over (partition by k.feed) as integer) as places
from known as k
