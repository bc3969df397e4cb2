-- answers: How many rows were set aside, from which file, and why?
-- grain: one row per feed, file, table, column and reason
-- metric: quarantined_rows
-- columns:
--   feed: "text — source feed"
--   file_name: "text — file as delivered"
--   input_table: "text — table of the input layer"
--   column_name: "text — the column at fault"
--   reason: "text — why the rows cannot be used"
--   rows: "rows — set aside"
-- params:
--   feed: {type: str, meaning: 'one feed'}
--   delivery_month: {type: date, meaning: 'one month of delivery'}
-- drill:
--   rows: {question: data/quarantine, params: {feed: $feed, file_name: $file_name, column_name: {column: column_name, if_null: none}, reason: $reason}, count: rows}
select feed, file_name, input_table, column_name, reason, count(*) as rows
from mart.quarantine
where (:feed is null or feed = :feed) and (:delivery_month is null or delivery_month = :delivery_month)
group by feed, file_name, input_table, column_name, reason
order by rows desc, feed, file_name, column_name, reason
