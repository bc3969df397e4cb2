/* Reference tables that were in force for this build. Grain: pack. */
MODEL (
  name mart.reference_pack,
  kind FULL
);

select pack, version, sha256, rows, source, installed_at, origin
from raw.reference_pack
