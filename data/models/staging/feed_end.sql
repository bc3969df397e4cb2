/* The last service date and the last payment date of each feed. Grain: feed.
   Data end is the latest medical claim start; a feed without medical claims takes the latest of the others. */
MODEL (
  name staging.feed_end,
  kind FULL,
  grain feed
);

with claims as (
    select feed, max(claim_start_date) as data_end, max(paid_date) as paid_through
    from raw.medical_claim
    where is_superseded is not true
    group by feed
),

latest as (
    select max(data_end) as data_end from claims
),

feeds as (
    select feed from raw.feed
    union
    select feed from claims
    union
    select feed from raw.eligibility
),

built as (
    select cast(max(built_at) as date) as built_on from raw.run
)

select
    f.feed,
    coalesce(c.data_end, l.data_end, b.built_on, current_date) as data_end,
    c.paid_through
from feeds as f
left join claims as c on c.feed = f.feed
cross join latest as l
cross join built as b
