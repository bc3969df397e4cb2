/* Care teams, from their staff and from attribution. Grain: care team. */
MODEL (
  name mart.care_team,
  kind FULL,
  grain care_team_id,
  audits (key_is_unique(columns := care_team_id))
);

with named as (
    select care_team_id, min(care_team_name) as care_team_name, min(market_id) as market_id
    from mart.staff
    where care_team_id is not null
    group by care_team_id
),

mentioned as (
    select distinct care_team_id from raw.attribution where care_team_id is not null
    union
    select care_team_id from named
)

select
    m.care_team_id,
    coalesce(n.care_team_name, m.care_team_id) as care_team_name,
    coalesce(n.market_id, 'unassigned') as market_id
from mentioned as m
left join named as n on n.care_team_id = m.care_team_id
