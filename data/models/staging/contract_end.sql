/* Data end and paid-through of each contract: the latest of the feeds that declare it or bring rows of it.
   Grain: contract. */
MODEL (
  name staging.contract_end,
  kind FULL,
  grain contract_id
);

with source as (
    select contract_id, feed from raw.contract
    union
    select distinct contract_id, feed from raw.eligibility where is_superseded is not true
    union
    select distinct contract_id, feed from staging.claim_header
)

select s.contract_id, max(f.data_end) as data_end, max(f.paid_through) as paid_through
from source as s
inner join staging.feed_end as f on f.feed = s.feed
where s.contract_id is not null
group by s.contract_id
