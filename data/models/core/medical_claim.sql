/* Claim lines in the Tuva Core vocabulary, with service category and enrolment, and what the cost of care is counted
   by: who was paid (billing, else facility, else rendering NPI) and of which specialty and group, in network or not,
   whether the service is one that is referred, and the units the line counts as (reference.service_unit). Grain: claim
   line. */
MODEL (
  name core.medical_claim,
  kind FULL,
  depends_on (mart.provider)
);

with with_list as (
    select distinct contract_id from staging.network_span
)

select
    l.claim_key || ':' || cast(l.claim_line_number as varchar) as medical_claim_id,
    l.claim_id,
    l.claim_line_number,
    l.claim_type,
    l.person_id,
    l.member_id,
    l.contract_id,
    l.market_id,
    l.payer,
    l.plan,
    l.claim_start_date,
    l.claim_end_date,
    l.claim_line_start_date,
    l.claim_line_end_date,
    l.admission_date,
    l.discharge_date,
    l.service_category_1,
    l.service_category_2,
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
    case
        when w.contract_id is null then l.network
        when l.provider_npi_group is null then 'unknown'
        when n.npi is not null then 'in'
        else 'out'
    end as network,
    l.service_month,
    l.in_enrolment,
    l.is_taken_back as is_cancelled,
    l.is_replaced,
    l.provider_npi_group,
    coalesce(
        b.practice_name,
        case when l.claim_type = 'professional' then r.practice_name end,
        b.provider_name,
        l.provider_npi_group
    ) as provider_group,
    case
        when l.claim_type = 'professional' then coalesce(r.specialty, b.specialty)
        else coalesce(f.specialty, b.specialty)
    end as specialty,
    coalesce(
        g.is_referable = 'yes' and e.claim_key is null
        and (
            g.specialists_only is null
            or not case
                when l.claim_type = 'professional' then coalesce(r.is_primary_care, b.is_primary_care)
                else coalesce(f.is_primary_care, b.is_primary_care)
            end
        ), false
    ) as is_referable,
    case when u.claim_key is not null then 1 else 0 end as units,
    l.feed as data_source,
    l.file_name
from staging.line_category as l
left join staging.unit_line as u on u.claim_key = l.claim_key and u.claim_line_number = l.claim_line_number
left join reference.referable_service as g on g.service_category_2 = l.service_category_2
left join staging.emergency_claim as e on e.claim_key = l.claim_key
left join mart.provider as b on b.npi = l.provider_npi_group
left join mart.provider as r on r.npi = l.rendering_npi
left join mart.provider as f on f.npi = l.facility_npi
left join with_list as w on w.contract_id = l.contract_id
left join staging.network_span as n
    on n.contract_id = l.contract_id
    and n.npi = l.provider_npi_group
    and l.claim_start_date between n.first_day and n.last_day
