/* Chronic conditions found in a person's claims, by longest diagnosis prefix. Grain: person and condition. */
MODEL (
  name staging.member_condition,
  kind FULL,
  grain (person_id, condition)
);

with code as (
    select distinct normalized_code from core.condition
),

fitting as (
    select
        c.normalized_code,
        k.condition,
        row_number() over (partition by c.normalized_code order by length(k.code_prefix) desc, k.condition) as choice
    from code as c
    inner join reference.chronic_condition as k
        on k.code_prefix = substr(c.normalized_code, 1, length(k.code_prefix))
)

select c.person_id, f.condition, max(c.recorded_date) as last_recorded_on
from core.condition as c
inner join fitting as f on f.normalized_code = c.normalized_code and f.choice = 1
group by c.person_id, f.condition
