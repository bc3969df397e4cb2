-- answers: Which reference data is installed, and whose is it?
-- grain: one row per pack
-- columns:
--   pack: "text — what it is for"
--   version: "text — version"
--   sha256: "hash — of the file"
--   rows: "rows — in the pack"
--   source: "text — who published it"
--   installed_at: "time — when it was installed"
--   origin: "text — installed by the operator, or brought by a feed"
select pack, version, sha256, rows, source, installed_at, origin
from mart.reference_pack
order by pack, version
