-- answers: Which codes does the reference not know, and how often do they come?
-- grain: one row per feed, table, column and code
-- metric: unmapped_codes
-- columns:
--   feed: "text — source feed"
--   feed_name: "text — what people call it"
--   kind_words: "text — the table as people say it"
--   column_name: "text — column"
--   code: "text — as it was sent"
--   description: "text — as it was sent, where a record gives one"
--   lines: "lines — that carry it"
--   first_month: "month — of its first delivery"
--   last_month: "month — of its last delivery"
-- params:
--   feed: {type: str, meaning: 'one feed'}
-- filters: []
select
    feed,
    max(feed_name) as feed_name,
    max(kind_words) as kind_words,
    column_name,
    code,
    max(description) as description,
    max(lines) as lines,
    max(first_month) as first_month,
    max(last_month) as last_month
from mart.unmapped_code
where (:feed is null or feed = :feed)
group by feed, kind, column_name, code
order by lines desc, feed, column_name, code
limit 500
