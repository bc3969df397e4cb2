/* The service category of every combination of bill, place and code that occurs. Grain: the combination.
   The first rule of reference.service_category that fits decides. */
MODEL (
  name staging.service_category,
  kind FULL
);

with combination as (
    select distinct
        l.claim_type,
        coalesce(substr(l.bill_type_code, 1, 2), '') as bill_kind,
        coalesce(l.place_of_service_code, '') as place_of_service_code,
        coalesce(l.hcpcs_code, '') as hcpcs_code,
        case
            when h.is_ed then 'emergency_department'
            when h.is_observation then 'observation'
            else ''
        end as claim_flag
    from staging.medical_claim as l
    inner join staging.claim_header as h on h.claim_key = l.claim_key
),

ruled as (
    select
        c.*,
        r.service_category_1,
        r.service_category_2,
        row_number() over (
            partition by c.claim_type, c.bill_kind, c.place_of_service_code, c.hcpcs_code, c.claim_flag
            order by r.priority
        ) as choice
    from combination as c
    inner join reference.service_category as r
        on (coalesce(r.claim_type, '') = '' or r.claim_type = c.claim_type)
        and (coalesce(r.bill_type_prefix, '') = '' or r.bill_type_prefix = c.bill_kind)
        and (coalesce(r.place_of_service_code, '') = '' or r.place_of_service_code = c.place_of_service_code)
        and (
            coalesce(r.hcpcs_from, '') = ''
            or (c.hcpcs_code between r.hcpcs_from and r.hcpcs_to and length(c.hcpcs_code) = 5)
        )
        and (coalesce(r.claim_flag, '') = '' or r.claim_flag = c.claim_flag)
)

select
    claim_type, bill_kind, place_of_service_code, hcpcs_code, claim_flag, service_category_1, service_category_2
from ruled
where choice = 1
