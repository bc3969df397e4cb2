/* Facilities and practitioners with their names and specialties; those that no file names are called by their NPI. The
   specialty is the organisation's word for it, else what the taxonomy code says (reference.taxonomy). Grain: NPI. */
MODEL (
  name mart.provider,
  kind FULL,
  grain npi,
  audits (key_is_unique(columns := npi))
);

with listed as (
    select *, row_number() over (partition by npi order by feed, row_number) as choice
    from raw.provider
    where npi is not null
),

/* Whether a specialty is primary care, where only the word for it is known. */
word as (
    select specialty, max(case when is_primary_care then 1 else 0 end) = 1 as is_primary_care
    from reference.taxonomy
    group by specialty
),

mentioned as (
    select facility_npi as npi, 'facility' as provider_type, 'Facility ' as prefix
    from staging.claim_header
    where claim_type = 'institutional' and facility_npi <> 'unknown'
    union
    select pcp_npi, 'practitioner', 'Provider '
    from raw.attribution
    where pcp_npi is not null
),

unnamed as (
    select m.npi, min(m.provider_type) as provider_type, min(m.prefix) as prefix
    from mentioned as m
    left join listed as l on l.npi = m.npi
    where l.npi is null
    group by m.npi
)

select
    l.npi,
    coalesce(l.provider_name, case l.provider_type when 'facility' then 'Facility ' else 'Provider ' end || l.npi)
        as provider_name,
    l.practice_name,
    l.provider_type,
    l.market_id,
    coalesce(l.specialty, t.specialty) as specialty,
    coalesce(t.is_primary_care, w.is_primary_care, case when l.specialty is not null then false end) as is_primary_care
from listed as l
left join reference.taxonomy as t on t.taxonomy_code = l.taxonomy_code
left join word as w on w.specialty = lower(l.specialty)
where l.choice = 1
union all
select npi, prefix || npi, null, provider_type, null, null, null
from unnamed
union all
select 'unknown', 'Facility not named', null, 'facility', null, null, null
where not exists (select 1 from raw.provider where npi = 'unknown')
