/* Every file found in a feed's folder, and what became of its rows. Grain: feed and file. */
MODEL (
  name mart.feed_file,
  kind FULL
);

select feed, file_name, input_table, rows_in, rows_loaded, rows_quarantined, sha256, status, duplicate_of,
    coalesce(kind, input_table) as kind, delivery_month, received_on, coalesce(rows_filtered, 0) as rows_filtered, coalesce(rows_superseded, 0) as rows_superseded
from raw.feed_file
