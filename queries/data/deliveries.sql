-- answers: Which file of which feed arrived, was late or is missing, month by month?
-- grain: one row per feed, month of delivery and kind of file
-- metric: deliveries_complete
-- columns:
--   feed: "text — source feed"
--   feed_name: "text — what people call it"
--   delivery_month: "month — the file is of; null where the feed declares no deliveries"
--   kind: "text — kind of file"
--   kind_words: "text — the kind as people say it"
--   status: "text — arrived, late, missing, extra (not promised), repeated, nothing (to send) or undated"
--   is_expected: "yes or no — the feed's declaration promises it"
--   due_on: "date — when it should have come"
--   received_on: "date — when it came, where the payer's control totals say so"
--   days_late: "days — after the due day"
--   files: "files — loaded"
--   duplicate_files: "files — recognised as already loaded"
--   rows_in: "rows — in the files"
--   rows_loaded: "rows — loaded"
--   rows_quarantined: "rows — set aside, with a reason each"
--   rows_filtered: "rows — left out by the mapping's filters"
--   rows_superseded: "rows — loaded, and replaced by a later delivery"
-- params:
--   feed: {type: str, meaning: 'one feed'}
--   delivery_month: {type: date, meaning: 'one month of delivery'}
-- filters: []
select
    feed,
    max(feed_name) as feed_name,
    delivery_month,
    kind,
    max(kind_words) as kind_words,
    max(status) as status,
    bool_or(is_expected) as is_expected,
    max(due_on) as due_on,
    max(received_on) as received_on,
    max(days_late) as days_late,
    max(files) as files,
    max(duplicate_files) as duplicate_files,
    max(rows_in) as rows_in,
    max(rows_loaded) as rows_loaded,
    max(rows_quarantined) as rows_quarantined,
    max(rows_filtered) as rows_filtered,
    max(rows_superseded) as rows_superseded
from mart.delivery
where (:feed is null or feed = :feed) and (:delivery_month is null or delivery_month = :delivery_month)
group by feed, delivery_month, kind
order by feed, delivery_month, kind
