-- answers: Is each feed fit for use? Its worst problem of the last twelve deliveries, and how many there are.
-- grain: one row per feed
-- metric: data_problems
-- columns:
--   feed: "text — source feed"
--   feed_name: "text — what people call it"
--   severity: "text — act, watch, info or none: the worst"
--   act: "problems — numbers are wrong until they are mended"
--   watch: "problems — numbers may be wrong"
--   info: "problems — nothing is affected now"
--   words: "words — the worst and latest problem"
--   consequence: "words — what it means for the numbers"
--   month: "month — of that problem"
--   latest_delivery: "month — latest delivery of anything"
--   has_calendar: "yes or no — the feed declares what it delivers each month"
-- params:
--   feed: {type: str, meaning: 'one feed'}
--   contract_id: {type: str, meaning: 'one contract'}
-- drill:
--   act: {question: data/issues, params: {feed: $feed, contract_id: ":contract_id", severity: act}, count: rows}
--   watch: {question: data/issues, params: {feed: $feed, contract_id: ":contract_id", severity: watch}, count: rows}
--   info: {question: data/issues, params: {feed: $feed, contract_id: ":contract_id", severity: info}, count: rows}
-- filters: []
with latest as (
    select max(delivery_month) as month from mart.delivery
),

feed as (
    select feed, max(feed_name) as feed_name, max(expected_since) is not null as has_calendar
    from mart.feed
    where (:feed is null or feed = :feed) and (:contract_id is null or contract_id = :contract_id)
    group by feed
),

issue as (
    select
        issue_id,
        max(feed) as feed,
        max(month) as month,
        max(severity) as severity,
        max(words) as words,
        max(consequence) as consequence,
        max(case severity when 'act' then 1 when 'watch' then 2 else 3 end) as rank
    from mart.data_issue
    where (:contract_id is null or contract_id = :contract_id)
        and month > coalesce((select latest.month from latest), date '9999-01-01') - to_months(12)
    group by issue_id
),

ranked as (
    select *, row_number() over (partition by feed order by rank, month desc, issue_id) as choice
    from issue
),

counted as (
    select
        feed,
        count(*) filter (where severity = 'act') as act,
        count(*) filter (where severity = 'watch') as watch,
        count(*) filter (where severity = 'info') as info
    from issue
    group by feed
),

delivered as (
    select feed, max(delivery_month) as latest_delivery from mart.delivery where files > 0 group by feed
)

select
    feed.feed,
    feed.feed_name,
    coalesce(worst.severity, 'none') as severity,
    coalesce(counted.act, 0) as act,
    coalesce(counted.watch, 0) as watch,
    coalesce(counted.info, 0) as info,
    worst.words,
    worst.consequence,
    worst.month,
    delivered.latest_delivery,
    feed.has_calendar
from feed
left join ranked as worst on worst.feed = feed.feed and worst.choice = 1
left join counted on counted.feed = feed.feed
left join delivered on delivered.feed = feed.feed
order by coalesce(worst.rank, 4), worst.month desc, feed.feed
