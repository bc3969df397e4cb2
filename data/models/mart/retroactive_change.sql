/* Enrolment taken back: spans that a later file ended before the month of that file began, so that months already reported
   lost the member. Only for feeds whose files replace earlier ones. Grain: feed, contract, market, delivery month. */
MODEL (
  name mart.retroactive_change,
  kind FULL,
  depends_on (mart.contract, mart.market),
  audits (
    key_is_unique(columns := (feed, contract_id, market_id, delivery_month)),
    exists_in_dimension(column := contract_id, dimension := mart.contract, key := contract_id),
    exists_in_dimension(column := market_id, dimension := mart.market, key := market_id)
  )
);

with replacing as (
    select distinct feed from raw.eligibility where is_superseded
),

version as (
    select
        e.feed,
        e.contract_id,
        e.market_id,
        e.person_id,
        e.enrollment_end_date as ends_on,
        f.delivery_month,
        lag(e.enrollment_end_date) over versions as ended_on,
        lag(f.delivery_month) over versions as delivered_before
    from raw.eligibility as e
    inner join replacing as r on r.feed = e.feed
    inner join staging.delivered_file as f on f.feed = e.feed and f.file_name = e.file_name
    where f.delivery_month is not null
    window versions as (
        partition by e.feed, e.person_id, e.plan, e.enrollment_start_date order by f.delivery_month, e.row_number
    )
),

shortened as (
    select
        *,
        least(
            coalesce(ended_on, cast(delivery_month - interval '1' day as date)), cast(delivery_month - interval '1' day as date)
        ) as counted_until
    from version
    where
        delivered_before < delivery_month
        and ends_on is not null
        and (ended_on is null or ended_on > ends_on)
),

taken_back as (
    select
        *,
        (extract(year from counted_until) - extract(year from ends_on)) * 12
        + extract(month from counted_until) - extract(month from ends_on) as months
    from shortened
)

select
    feed,
    coalesce(contract_id, 'unassigned') as contract_id,
    coalesce(market_id, 'unassigned') as market_id,
    delivery_month,
    count(distinct person_id) as members,
    cast(sum(months) as bigint) as member_months
from taken_back
where months >= 1
group by feed, coalesce(contract_id, 'unassigned'), coalesce(market_id, 'unassigned'), delivery_month
