/* The service category of every combination of bill, place and code that occurs, for claims of each flag. Grain: the
   combination and flag. The first rule of reference.service_category that fits decides. */
MODEL (
  name staging.service_category,
  kind FULL
);

with occurring as (
    select distinct
        claim_type,
        coalesce(substr(bill_type_code, 1, 2), '') as bill_kind,
        coalesce(place_of_service_code, '') as place_of_service_code,
        coalesce(hcpcs_code, '') as hcpcs_code
    from staging.medical_claim
),

flag as (
    select 'emergency_department' as claim_flag
    union all
    select 'observation'
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
            partition by c.claim_type, c.bill_kind, c.place_of_service_code, c.hcpcs_code, f.claim_flag
            order by r.priority
        ) as choice
    from occurring as c
    cross join flag as f
    inner join reference.service_category as r
        on (coalesce(r.claim_type, '') = '' or r.claim_type = c.claim_type)
        and (coalesce(r.bill_type_prefix, '') = '' or r.bill_type_prefix = c.bill_kind)
        and (coalesce(r.place_of_service_code, '') = '' or r.place_of_service_code = c.place_of_service_code)
        and (
            coalesce(r.hcpcs_from, '') = ''
            or (c.hcpcs_code between r.hcpcs_from and r.hcpcs_to and length(c.hcpcs_code) = 5)
        )
        and (coalesce(r.claim_flag, '') = '' or r.claim_flag = f.claim_flag)
)

select
    claim_type, bill_kind, place_of_service_code, hcpcs_code, claim_flag, service_category_1, service_category_2
from ruled
where choice = 1
