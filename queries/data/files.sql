-- answers: Which files did each feed deliver, and what became of their rows?
-- grain: one row per file
-- metric: quarantined_rows
-- columns:
--   feed: "text — source feed"
--   file_name: "text — file as delivered"
--   input_table: "text — table of the input layer"
--   kind: "text — kind of file"
--   delivery_month: "month — the file is of"
--   received_on: "date — when it came, where known"
--   rows_in: "rows — in the file"
--   rows_loaded: "rows — loaded"
--   rows_quarantined: "rows — set aside"
--   rows_filtered: "rows — left out by the mapping's filters"
--   sha256: "hash — of the file"
--   status: "text — loaded, or duplicate of a file already loaded"
--   duplicate_of: "text — the file it repeats"
-- params:
--   feed: {type: str, meaning: 'one feed'}
--   delivery_month: {type: date, meaning: 'one month of delivery'}
select
    feed, file_name, input_table, kind, delivery_month, received_on, rows_in, rows_loaded, rows_quarantined, rows_filtered,
    sha256, status, duplicate_of
from mart.feed_file
where (:feed is null or feed = :feed) and (:delivery_month is null or delivery_month = :delivery_month)
order by feed, delivery_month desc, kind, file_name
