-- answers: Which files and rows came twice, and are counted once?
-- grain: one row per file that came again, or that holds rows that repeat others
-- metric: quarantined_rows
-- columns:
--   feed: "text — source feed"
--   file_name: "text — file as delivered"
--   delivery_month: "month — of delivery"
--   kind: "text — kind of file or table"
--   what: "text — file (the whole of it) or rows"
--   rows: "rows — that came twice and are counted once"
--   repeats: "text — the file it repeats"
-- params:
--   feed: {type: str, meaning: 'one feed'}
-- filters: []
with twice as (
    select feed, file_name, delivery_month, kind, 'file' as what, rows_in as rows, duplicate_of as repeats
    from mart.feed_file
    where status = 'duplicate'
    union all
    select feed, file_name, max(delivery_month), input_table, 'rows', count(*), cast(null as varchar)
    from mart.quarantine
    where reason like 'duplicate%'
    group by feed, file_name, input_table
)

select feed, file_name, delivery_month, kind, what, rows, repeats
from twice
where (:feed is null or feed = :feed)
order by delivery_month desc nulls last, feed, file_name, what
