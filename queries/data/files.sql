-- answers: Which files did each feed deliver, and what became of their rows?
-- grain: one row per file
-- metric: quarantined_rows
-- columns:
--   feed: "text — source feed"
--   file_name: "text — file as delivered"
--   input_table: "text — table of the input layer"
--   rows_in: "rows — in the file"
--   rows_loaded: "rows — loaded"
--   rows_quarantined: "rows — set aside"
--   sha256: "hash — of the file"
--   status: "text — loaded, or duplicate of a file already loaded"
--   duplicate_of: "text — the file it repeats"
select feed, file_name, input_table, rows_in, rows_loaded, rows_quarantined, sha256, status, duplicate_of
from mart.feed_file
order by feed, input_table, file_name
