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
)

select
    r.snapshot_id, r.built_at, r.code_version, f.feed, f.files, f.rows_in, f.rows_loaded, f.rows_quarantined,
    f.duplicate_files, f.data_start, f.incurred_through, f.paid_through, f.sha256, p.reference_packs
from raw.feed as f
left join raw.run as r on true
cross join pack as p
