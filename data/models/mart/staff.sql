/* Care team staff. Grain: staff member. */
MODEL (
  name mart.staff,
  kind FULL,
  depends_on (mart.market),
  grain staff_id,
  audits (
    key_is_unique(columns := staff_id),
    exists_in_dimension(column := market_id, dimension := mart.market, key := market_id)
  )
);

with listed as (
    select *, row_number() over (partition by staff_id order by feed, row_number) as choice
    from raw.staff
)

select
    staff_id, staff_name, role, coalesce(market_id, 'unassigned') as market_id, care_team_id, care_team_name, fte,
    panel_target, languages, is_active
from listed
where choice = 1
