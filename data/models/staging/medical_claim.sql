/* Claim lines, cleaned, without those whose place a later one takes: amounts never null, codes in one shape, one key
   per claim and feed. Grain: claim line. */
MODEL (
  name staging.medical_claim,
  kind VIEW
);

select
    m.feed,
    m.file_name,
    m.contract_id,
    m.feed || ':' || m.claim_id as claim_key,
    m.claim_id,
    m.claim_line_number,
    m.claim_type,
    m.person_id,
    m.member_id,
    m.payer,
    m.plan,
    m.claim_start_date,
    coalesce(m.claim_end_date, m.claim_start_date) as claim_end_date,
    coalesce(m.claim_line_start_date, m.claim_start_date) as claim_line_start_date,
    coalesce(m.claim_line_end_date, m.claim_line_start_date, m.claim_end_date, m.claim_start_date)
        as claim_line_end_date,
    m.admission_date,
    m.discharge_date,
    m.admission_hour,
    m.admit_source_code,
    m.admit_type_code,
    m.discharge_disposition_code,
    m.place_of_service_code,
    /* A leading zero is printed on paper claims but is not part of the code (NUBC form locator 4). */
    case
        when length(m.bill_type_code) = 4 and substr(m.bill_type_code, 1, 1) = '0' then substr(m.bill_type_code, 2)
        else m.bill_type_code
    end as bill_type_code,
    m.drg_code_type,
    m.drg_code,
    m.revenue_center_code,
    m.service_unit_quantity,
    upper(m.hcpcs_code) as hcpcs_code,
    m.hcpcs_modifier_1,
    m.rendering_npi,
    m.billing_npi,
    m.facility_npi,
    m.paid_date,
    coalesce(m.paid_amount, cast(0 as decimal(18, 2))) as paid_amount,
    coalesce(m.allowed_amount, cast(0 as decimal(18, 2))) as allowed_amount,
    coalesce(m.charge_amount, cast(0 as decimal(18, 2))) as charge_amount,
    case
        when lower(m.in_network_flag) in ('1', 'y', 'yes', 'true', 't') then 'in'
        when lower(m.in_network_flag) in ('0', 'n', 'no', 'false', 'f') then 'out'
        else 'unknown'
    end as network,
    m.diagnosis_code_type,
    m.diagnosis_code_1,
    m.diagnosis_code_2,
    m.procedure_code_1
from raw.medical_claim as m
where m.is_superseded is not true
