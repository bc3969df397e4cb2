/* The build: one row per source feed. Grain: feed. */
MODEL (
  name mart.build,
  kind FULL,
  grain feed,
  audits (key_is_unique(columns := feed))
);

with pack as (
    select string_agg(pack || ' ' || coalesce(version, '') || ' (' || coalesce(origin, '') || ')', ', ' order by pack)
        as reference_packs
    from raw.reference_pack
),

file as (
    select feed, sum(rows_filtered) as rows_filtered, sum(rows_superseded) as rows_superseded
    from raw.feed_file
    where status = 'loaded'
    group by feed
)

select
    r.snapshot_id, r.built_at, r.code_version, f.feed, f.files, f.rows_in, f.rows_loaded, f.rows_quarantined,
    coalesce(w.rows_filtered, 0) as rows_filtered, coalesce(w.rows_superseded, 0) as rows_superseded, n.feed_name,
    f.duplicate_files, f.data_start, f.incurred_through, f.paid_through, f.sha256, p.reference_packs,
    e.previous_snapshot_id, e.note as change_note
from raw.feed as f
left join raw.run as r on true
left join file as w on w.feed = f.feed
left join staging.feed_name as n on n.feed = f.feed
left join estimate.previous_build as e on true
cross join pack as p
