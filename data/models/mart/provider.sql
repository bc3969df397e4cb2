/* Facilities and practitioners with their names; those that no file names are called by their NPI. Grain: NPI. */
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
    npi,
    coalesce(provider_name, case provider_type when 'facility' then 'Facility ' else 'Provider ' end || npi)
        as provider_name,
    practice_name, provider_type, market_id
from listed
where choice = 1
union all
select npi, prefix || npi, null, provider_type, null
from unnamed
union all
select 'unknown', 'Facility not named', null, 'facility', null
where not exists (select 1 from raw.provider where npi = 'unknown')
