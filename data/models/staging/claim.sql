/* One row per medical claim, summed over its lines. Grain: feed and claim. */
MODEL (
  name staging.claim,
  kind FULL,
  grain claim_key
);

with ambulatory_code as (
    select distinct l.hcpcs_code, min(a.visit_type) over (partition by l.hcpcs_code) as visit_type
    from (select distinct hcpcs_code from staging.medical_claim where hcpcs_code is not null) as l
    inner join reference.ambulatory_visit as a
        on l.hcpcs_code between a.hcpcs_from and a.hcpcs_to and length(l.hcpcs_code) = 5
),

line as (
    select
        l.feed,
        l.file_name,
        l.claim_id,
        l.claim_line_number,
        l.contract_id,
        l.person_id,
        l.claim_type,
        l.bill_type_code,
        l.facility_npi,
        l.billing_npi,
        l.rendering_npi,
        l.claim_start_date,
        l.claim_end_date,
        l.claim_line_start_date,
        l.admission_date,
        l.discharge_date,
        l.admission_hour,
        l.discharge_disposition_code,
        l.drg_code,
        l.diagnosis_code_1,
        l.diagnosis_code_2,
        l.paid_date,
        l.paid_amount,
        l.allowed_amount,
        l.revenue_center_code,
        l.claim_type = 'institutional' and l.revenue_center_code in (
            '0450', '0451', '0452', '0453', '0454', '0455', '0456', '0457', '0458', '0459', '0981'
        ) as is_ed_line,
        l.claim_type = 'professional' and (
            l.place_of_service_code = '23' or l.hcpcs_code in ('99281', '99282', '99283', '99284', '99285')
        ) as is_ed_professional_line,
        l.revenue_center_code = '0762' or l.hcpcs_code = 'G0378' as is_observation_line,
        /* Ambulatory visit: a code of the list outside facilities that are no ambulatory place, or clinic revenue
           except urgent care, or a rural or federally qualified health clinic's bill. */
        case
            when l.claim_type = 'institutional' and substr(l.bill_type_code, 1, 2) in ('71', '77') then 'clinic visit'
            when l.claim_type = 'institutional' and substr(l.bill_type_code, 1, 2) in ('11', '12', '18', '21', '22') then null
            when
                substr(l.revenue_center_code, 1, 3) in ('051', '052')
                and l.revenue_center_code not in ('0516', '0526') then 'clinic visit'
            when substr(l.revenue_center_code, 1, 3) = '045' or l.revenue_center_code = '0981' then null
            when
                a.visit_type is not null
                and coalesce(l.place_of_service_code, '') not in ('20', '21', '23', '31', '34', '41', '42', '51', '61', '81')
                then a.visit_type
        end as ambulatory_visit_type
    from staging.medical_claim as l
    left join ambulatory_code as a on a.hcpcs_code = l.hcpcs_code
),

header as (
    select
        feed,
        claim_id,
        min(file_name) as file_name,
        min(contract_id) as contract_id,
        min(person_id) as person_id,
        min(claim_type) as claim_type,
        max(bill_type_code) as bill_type_code,
        coalesce(max(facility_npi), max(billing_npi), 'unknown') as facility_npi,
        max(billing_npi) as billing_npi,
        max(rendering_npi) as rendering_npi,
        min(claim_start_date) as start_date,
        max(claim_end_date) as end_date,
        min(admission_date) as admission_date,
        max(discharge_date) as discharge_date,
        max(admission_hour) as admission_hour,
        max(discharge_disposition_code) as discharge_disposition_code,
        max(drg_code) as drg_code,
        /* The first line that has a first diagnosis. */
        min_by(diagnosis_code_1, claim_line_number) as primary_diagnosis,
        min(case when diagnosis_code_1 is not null or diagnosis_code_2 is not null then claim_line_number end)
            as first_diagnosed_line,
        max(paid_date) as paid_date,
        sum(paid_amount) as paid_amount,
        sum(allowed_amount) as allowed_amount,
        count(*) as lines,
        max(case when is_ed_line then 1 else 0 end) = 1 as is_ed,
        max(case when is_ed_professional_line then 1 else 0 end) = 1 as is_ed_professional,
        max(case when is_observation_line then 1 else 0 end) = 1 as is_observation,
        max(case when revenue_center_code in ('0118', '0128', '0138', '0148', '0158') then 1 else 0 end) = 1
            as is_rehabilitation,
        min(ambulatory_visit_type) as ambulatory_visit_type,
        min(case when ambulatory_visit_type is not null then claim_line_start_date end) as ambulatory_on
    from line
    group by feed, claim_id
)

select
    feed || ':' || claim_id as claim_key,
    *,
    substr(bill_type_code, 1, 2) = '11' and claim_type = 'institutional' as is_inpatient,
    case when claim_type = 'institutional' then substr(bill_type_code, 3, 1) end as frequency,
    coalesce(
        (claim_type = 'institutional' and substr(bill_type_code, 3, 1) = '8') or paid_amount < 0, false
    ) as is_cancelling
from header
