/* The service category of every combination of bill, revenue centre, place, code and kind of provider that occurs, for
   claims of each flag. Grain: the combination and flag. The first rule of reference.service_category that fits decides,
   and the last one fits everything, so that every line has exactly one. */
MODEL (
  name staging.service_category,
  kind FULL,
  audits (
    key_is_unique(
      columns := (
        claim_type, bill_kind, revenue_center_code, place_of_service_code, hcpcs_code, taxonomy_prefix, claim_flag
      )
    ),
    key_is_not_null(column := service_category_2)
  )
);

with occurring as (
    select distinct
        l.claim_type,
        coalesce(substr(l.bill_type_code, 1, 2), '') as bill_kind,
        coalesce(l.revenue_center_code, '') as revenue_center_code,
        coalesce(l.place_of_service_code, '') as place_of_service_code,
        coalesce(l.hcpcs_code, '') as hcpcs_code,
        coalesce(t.taxonomy_prefix, '') as taxonomy_prefix
    from staging.medical_claim as l
    left join staging.provider_taxonomy as t
        on t.npi = case
            when l.claim_type = 'professional' then coalesce(l.rendering_npi, l.billing_npi, l.facility_npi)
            else coalesce(l.facility_npi, l.billing_npi)
        end
),

flag as (
    select 'emergency_department' as claim_flag
    union all
    select 'observation'
    union all
    select 'rehabilitation'
    union all
    select ''
),

ruled as (
    select
        c.*,
        f.claim_flag,
        r.service_category_1,
        r.service_category_2,
        row_number() over (
            partition by
                c.claim_type, c.bill_kind, c.revenue_center_code, c.place_of_service_code, c.hcpcs_code,
                c.taxonomy_prefix, f.claim_flag
            order by r.priority
        ) as choice
    from occurring as c
    cross join flag as f
    inner join reference.service_category as r
        on (coalesce(r.claim_type, '') = '' or r.claim_type = c.claim_type)
        and (coalesce(r.bill_type_prefix, '') = '' or r.bill_type_prefix = c.bill_kind)
        and (
            coalesce(r.revenue_from, '') = ''
            or (c.revenue_center_code between r.revenue_from and r.revenue_to and length(c.revenue_center_code) = 4)
        )
        and (coalesce(r.place_of_service_code, '') = '' or r.place_of_service_code = c.place_of_service_code)
        /* Codes of one form only: 0001U to 0999U does not hold anaesthesia, 00100 to 01999. */
        and (
            coalesce(r.hcpcs_from, '') = ''
            or (
                c.hcpcs_code between r.hcpcs_from and r.hcpcs_to
                and length(c.hcpcs_code) = 5
                and case
                    when substr(c.hcpcs_code, 5, 1) between '0' and '9' then '0'
                    else substr(c.hcpcs_code, 5, 1)
                end = case
                    when substr(r.hcpcs_to, 5, 1) between '0' and '9' then '0'
                    else substr(r.hcpcs_to, 5, 1)
                end
            )
        )
        and (coalesce(r.taxonomy_prefix, '') = '' or r.taxonomy_prefix = c.taxonomy_prefix)
        and (coalesce(r.claim_flag, '') = '' or r.claim_flag = f.claim_flag)
)

select
    claim_type, bill_kind, revenue_center_code, place_of_service_code, hcpcs_code, taxonomy_prefix, claim_flag,
    service_category_1, service_category_2
from ruled
where choice = 1
