/* Every file found in a feed's folder, and what became of its rows. Grain: feed and file. */
MODEL (
  name mart.feed_file,
  kind FULL
);

select feed, file_name, input_table, rows_in, rows_loaded, rows_quarantined, sha256, status, duplicate_of
from raw.feed_file
