/* Claim lines in the Tuva Core vocabulary, with service category and enrolment. Grain: claim line. */
MODEL (
  name core.medical_claim,
  kind FULL
);

select
    l.claim_key || ':' || cast(l.claim_line_number as varchar) as medical_claim_id,
    l.claim_id,
    l.claim_line_number,
    l.claim_type,
    l.person_id,
    l.member_id,
    l.contract_id,
    h.market_id,
    l.payer,
    l.plan,
    l.claim_start_date,
    l.claim_end_date,
    l.claim_line_start_date,
    l.claim_line_end_date,
    l.admission_date,
    l.discharge_date,
    s.service_category_1,
    s.service_category_2,
    l.place_of_service_code,
    l.bill_type_code,
    l.revenue_center_code,
    l.service_unit_quantity,
    l.hcpcs_code,
    l.hcpcs_modifier_1,
    l.rendering_npi as rendering_id,
    l.billing_npi as billing_id,
    l.facility_npi as facility_id,
    l.drg_code,
    l.diagnosis_code_1,
    l.paid_date,
    l.paid_amount,
    l.allowed_amount,
    l.charge_amount,
    l.network,
    h.month as service_month,
    h.in_enrolment,
    h.is_cancelled or h.is_cancelling as is_cancelled,
    h.is_replaced,
    l.feed as data_source,
    l.file_name
from staging.medical_claim as l
inner join staging.claim_header as h on h.claim_key = l.claim_key
inner join staging.service_category as s
    on s.claim_type = l.claim_type
    and s.bill_kind = coalesce(substr(l.bill_type_code, 1, 2), '')
    and s.place_of_service_code = coalesce(l.place_of_service_code, '')
    and s.hcpcs_code = coalesce(l.hcpcs_code, '')
    and s.claim_flag = case
        when h.is_ed then 'emergency_department'
        when h.is_observation then 'observation'
        else ''
    end
