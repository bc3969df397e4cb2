/* AHRQ ED prevention condition of each first-listed diagnosis that occurs, by longest prefix, with the ages and sex it
   holds for. Grain: diagnosis and condition. */
MODEL (
  name staging.ed_prevention,
  kind FULL
);

with code as (
    select distinct primary_diagnosis from staging.ed_visit where primary_diagnosis is not null
),

fitting as (
    select
        c.primary_diagnosis,
        p.condition,
        p.age_from,
        p.age_to,
        p.sex,
        row_number() over (partition by c.primary_diagnosis, p.condition order by length(p.code_prefix) desc) as choice
    from code as c
    inner join reference.ed_prevention as p
        on p.code_prefix = substr(c.primary_diagnosis, 1, length(p.code_prefix))
)

select primary_diagnosis, condition, age_from, age_to, sex
from fitting
where choice = 1
