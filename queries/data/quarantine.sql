-- answers: Which rows were set aside, as they were read?
-- grain: one row per row set aside
-- metric: quarantined_rows
-- columns:
--   feed: "text — source feed"
--   file_name: "text — file as delivered"
--   input_table: "text — table of the input layer"
--   row_number: "row — number in the file, 1 = first data row"
--   column_name: "text — the column at fault"
--   reason: "text — why the row cannot be used"
--   row_json: "JSON text — the row as it was read"
--   delivery_month: "month — of the delivery it came in"
-- params:
--   feed: {type: str, meaning: 'one feed'}
--   file_name: {type: str, meaning: 'one file'}
--   column_name: {type: str, meaning: 'the column at fault; none = no one column'}
--   reason: {type: str, meaning: 'one reason'}
-- needs: [view_quarantine]
select feed, file_name, input_table, row_number, column_name, reason, row_json, delivery_month
from mart.quarantine
where (:feed is null or feed = :feed)
    and (:file_name is null or file_name = :file_name)
    and (:column_name is null or coalesce(column_name, 'none') = :column_name)
    and (:reason is null or reason = :reason)
order by feed, file_name, row_number
