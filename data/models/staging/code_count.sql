/* How often each value of a key code occurs in each file, and whether it can be one: the only pass over the lines that
   fill rates, valid rates and unmapped codes need. Superseded rows count: this is about what the payer sent.
   A code is looked for only where it belongs (revenue centre on institutional lines, ...). Grain: feed, file, table,
   column and value (null = empty). Rules: NPI check digit by Luhn over 80840 and the NPI (CMS, 45 CFR 162.406); ICD-10-CM
   shape and category (CDC/NCHS); NDC of 11 digits (NCPDP); ZIP of 5 or 9 digits; code sets of data/reference/seeds. */
MODEL (
  name staging.code_count,
  kind FULL
);

with counted as (
    select feed, file_name, 'medical_claim' as input_table, 'diagnosis_code_1' as column_name, diagnosis_code_1 as code, count(*) as lines
    from raw.medical_claim group by feed, file_name, diagnosis_code_1
    union all
    select feed, file_name, 'medical_claim', 'revenue_center_code', revenue_center_code, count(*)
    from raw.medical_claim where claim_type = 'institutional' group by feed, file_name, revenue_center_code
    union all
    select feed, file_name, 'medical_claim', 'bill_type_code', bill_type_code, count(*)
    from raw.medical_claim where claim_type = 'institutional' group by feed, file_name, bill_type_code
    union all
    select feed, file_name, 'medical_claim', 'place_of_service_code', place_of_service_code, count(*)
    from raw.medical_claim where claim_type = 'professional' group by feed, file_name, place_of_service_code
    union all
    select feed, file_name, 'medical_claim', 'drg_code', drg_code, count(*)
    from raw.medical_claim
    where claim_type = 'institutional' and bill_type_code like '11%'
    group by feed, file_name, drg_code
    union all
    select feed, file_name, 'medical_claim', 'discharge_disposition_code', discharge_disposition_code, count(*)
    from raw.medical_claim
    where claim_type = 'institutional' and bill_type_code like '11%'
    group by feed, file_name, discharge_disposition_code
    union all
    select feed, file_name, 'medical_claim', 'facility_npi', facility_npi, count(*)
    from raw.medical_claim where claim_type = 'institutional' group by feed, file_name, facility_npi
    union all
    select feed, file_name, 'medical_claim', 'billing_npi', billing_npi, count(*)
    from raw.medical_claim group by feed, file_name, billing_npi
    union all
    select feed, file_name, 'medical_claim', 'rendering_npi', rendering_npi, count(*)
    from raw.medical_claim where claim_type = 'professional' group by feed, file_name, rendering_npi
    union all
    select feed, file_name, 'pharmacy_claim', 'ndc_code', ndc_code, count(*)
    from raw.pharmacy_claim group by feed, file_name, ndc_code
    union all
    select feed, file_name, 'pharmacy_claim', 'prescribing_provider_npi', prescribing_provider_npi, count(*)
    from raw.pharmacy_claim group by feed, file_name, prescribing_provider_npi
    union all
    select feed, file_name, 'eligibility', 'zip_code', zip_code, count(*)
    from raw.eligibility group by feed, file_name, zip_code
    union all
    select feed, file_name, 'eligibility', 'sex', sex, count(*)
    from raw.eligibility group by feed, file_name, sex
),

named as (
    select
        *,
        case
            when column_name = 'diagnosis_code_1' then 'diagnosis'
            when column_name like '%npi' then 'npi'
            else column_name
        end as kind
    from counted
),

distinct_npi as (
    select distinct code
    from named
    where kind = 'npi' and regexp_matches(code, '^[12][0-9]{9}$')
),

/* 24 is what the prefix 80840 adds to the sum. */
npi_sum as (
    select
        n.code,
        24 + sum(
            case
                when p.place % 2 = 0 then cast(substr(n.code, p.place, 1) as integer)
                when cast(substr(n.code, p.place, 1) as integer) > 4 then cast(substr(n.code, p.place, 1) as integer) * 2 - 9
                else cast(substr(n.code, p.place, 1) as integer) * 2
            end
        ) as check_sum
    from distinct_npi as n
    cross join (values (1), (2), (3), (4), (5), (6), (7), (8), (9), (10)) as p(place)
    group by n.code
),

place_of_service as (
    select code from reference.code_set where code_set = 'place_of_service'
),

revenue_center as (
    select code from reference.code_set where code_set = 'revenue_center'
)

select
    n.feed,
    n.file_name,
    n.input_table,
    n.column_name,
    n.code,
    n.lines,
    coalesce(
        case n.kind
            when 'diagnosis' then regexp_matches(n.code, '^[A-Z][0-9][0-9AB][0-9A-Z]{0,4}$') and d.code_prefix is not null
            when 'npi' then s.check_sum % 10 = 0
            when 'revenue_center_code' then r.code is not null
            when 'place_of_service_code' then p.code is not null
            when 'bill_type_code' then regexp_matches(n.code, '^0?[1-9][1-9][0-9A-Z]$')
            when 'drg_code' then g.drg is not null
            when 'discharge_disposition_code' then t.code is not null
            when 'ndc_code' then regexp_matches(n.code, '^[0-9]{11}$')
            when 'zip_code' then regexp_matches(n.code, '^[0-9]{5}(-?[0-9]{4})?$')
            when 'sex' then n.code in ('male', 'female')
        end, false
    ) as is_valid
from named as n
left join reference.diagnosis_category as d on n.kind = 'diagnosis' and d.code_prefix = substr(n.code, 1, 3)
left join npi_sum as s on n.kind = 'npi' and s.code = n.code
left join revenue_center as r on n.kind = 'revenue_center_code' and r.code = n.code
left join place_of_service as p on n.kind = 'place_of_service_code' and p.code = n.code
left join reference.drg as g on n.kind = 'drg_code' and g.drg = n.code
left join reference.discharge_disposition as t on n.kind = 'discharge_disposition_code' and t.code = n.code
