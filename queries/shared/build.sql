-- answers: What is in this snapshot, feed by feed, and how far does it reach?
-- grain: one row per feed
-- metric: quarantined_rows
-- columns:
--   feed: "text — source feed"
--   feed_name: "text — what people call it"
--   files: "files — read from the feed"
--   rows_in: "rows — in the files"
--   rows_loaded: "rows — loaded"
--   rows_quarantined: "rows — set aside, with a reason each"
--   duplicate_files: "files — recognised as already loaded"
--   data_start: "date — earliest service"
--   incurred_through: "date — latest service"
--   paid_through: "date — latest payment"
--   sha256: "hash — of the feed's files"
--   snapshot_id: "id — the published snapshot"
--   built_at: "time — when it was built"
--   code_version: "text — version of the code that built it"
--   reference_packs: "text — reference data installed, with versions"
--   previous_snapshot_id: "id — the snapshot that it is compared with; null where there is none"
--   change_note: "words — why there is nothing to compare it with"
select
    feed,
    feed_name,
    files,
    rows_in,
    rows_loaded,
    rows_quarantined,
    duplicate_files,
    data_start,
    incurred_through,
    paid_through,
    sha256,
    snapshot_id,
    built_at,
    code_version,
    reference_packs,
    previous_snapshot_id,
    change_note
from mart.build
order by feed
