/* Providers whose kind decides a service category: those with a taxonomy that a rule of reference.service_category
   names, called by the rule's prefix (the longest, where several fit). Grain: NPI. */
MODEL (
  name staging.provider_taxonomy,
  kind FULL,
  grain npi
);

with named as (
    select distinct taxonomy_prefix
    from reference.service_category
    where taxonomy_prefix is not null
),

fitting as (
    select
        p.npi,
        n.taxonomy_prefix,
        row_number() over (
            partition by p.npi order by p.feed, p.row_number, length(n.taxonomy_prefix) desc
        ) as choice
    from raw.provider as p
    inner join named as n on substr(p.taxonomy_code, 1, length(n.taxonomy_prefix)) = n.taxonomy_prefix
    where p.npi is not null
)

select npi, taxonomy_prefix
from fitting
where choice = 1
