/* Claim lines with what their claim says of them and their service category. Grain: claim line. */
MODEL (
  name staging.line_category,
  kind VIEW
);

select
    l.*,
    h.market_id,
    h.month as service_month,
    h.in_enrolment,
    h.frequency,
    h.is_cancelled or h.is_cancelling as is_taken_back,
    h.is_replaced,
    s.service_category_1,
    s.service_category_2,
    coalesce(l.billing_npi, l.facility_npi, l.rendering_npi) as provider_npi_group
from staging.medical_claim as l
inner join staging.claim_header as h on h.claim_key = l.claim_key
left join staging.provider_taxonomy as t
    on t.npi = case
        when l.claim_type = 'professional' then coalesce(l.rendering_npi, l.billing_npi, l.facility_npi)
        else coalesce(l.facility_npi, l.billing_npi)
    end
inner join staging.service_category as s
    on s.claim_type = l.claim_type
    and s.bill_kind = coalesce(substr(l.bill_type_code, 1, 2), '')
    and s.revenue_center_code = coalesce(l.revenue_center_code, '')
    and s.place_of_service_code = coalesce(l.place_of_service_code, '')
    and s.hcpcs_code = coalesce(l.hcpcs_code, '')
    and s.taxonomy_prefix = coalesce(t.taxonomy_prefix, '')
    and s.claim_flag = case
        when h.is_inpatient and h.is_rehabilitation then 'rehabilitation'
        when h.is_ed then 'emergency_department'
        when h.is_observation then 'observation'
        else ''
    end
