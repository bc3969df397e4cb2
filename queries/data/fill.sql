-- answers: How well are the key columns filled, how many of their values are valid, and how has that changed?
-- grain: one row per feed, table, column and month of delivery
-- metric: [fill_rate, valid_rate]
-- columns:
--   feed: "text — source feed"
--   feed_name: "text — what people call it"
--   kind: "text — table"
--   kind_words: "text — the table as people say it"
--   column_name: "text — column"
--   valid_rule: "words — what makes a value valid, and where the column has a place"
--   delivery_month: "month — of delivery; null where the feed declares none"
--   lines: "lines — on which the column has a place"
--   filled: "lines — on which it is filled"
--   valid: "lines — on which it is valid"
--   fill_rate: "share 0..1 — filled of the lines"
--   valid_rate: "share 0..1 — valid of the filled"
-- params:
--   feed: {type: str, meaning: 'one feed'}
-- filters: []
select
    feed,
    max(feed_name) as feed_name,
    kind,
    max(kind_words) as kind_words,
    column_name,
    max(valid_rule) as valid_rule,
    delivery_month,
    max(lines) as lines,
    max(filled) as filled,
    max(valid) as valid,
    max(filled) / nullif(cast(max(lines) as double), 0) as fill_rate,
    max(valid) / nullif(cast(max(filled) as double), 0) as valid_rate
from mart.column_fill
where (:feed is null or feed = :feed)
group by feed, kind, column_name, delivery_month
order by feed, kind, column_name, delivery_month
