/* What an NDC is, and the drug it is counted as: its ingredient, brand and generic apart. Grain: NDC. */
MODEL (
  name staging.drug,
  kind FULL,
  grain ndc_code
);

with listed as (
    select *, row_number() over (partition by ndc order by feed, row_number) as choice
    from raw.drug
    where ndc is not null
)

select
    ndc as ndc_code,
    drug_name,
    ingredient,
    is_generic,
    is_specialty,
    ingredient || case when is_generic then ' (generic)' when not is_generic then ' (brand)' else '' end as drug
from listed
where choice = 1
