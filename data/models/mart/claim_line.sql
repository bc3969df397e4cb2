/* The claim lines behind mart.spend_month, medical and pharmacy: what a bar of cost opens to. Its sums by any column
   they share are those of mart.spend_month, to the cent. Grain: claim line. */
MODEL (
  name mart.claim_line,
  kind FULL,
  depends_on (mart.contract, mart.market, mart.provider, mart.spend_month),
  grain claim_line_id,
  audits (
    key_is_unique(columns := claim_line_id),
    key_is_not_null(column := service_category_2),
    lines_tie_to_spend,
    exists_in_dimension(column := contract_id, dimension := mart.contract, key := contract_id),
    exists_in_dimension(column := market_id, dimension := mart.market, key := market_id)
  )
);

with line as (
    select
        medical_claim_id as claim_line_id,
        claim_id,
        claim_line_number,
        claim_type,
        person_id,
        contract_id,
        market_id,
        service_month as month,
        claim_line_start_date as service_date,
        paid_date,
        service_category_1,
        service_category_2,
        network,
        provider_npi_group,
        provider_group,
        specialty,
        is_referable,
        bill_type_code,
        revenue_center_code,
        hcpcs_code,
        drg_code,
        diagnosis_code_1,
        cast(null as varchar) as ndc_code,
        cast(null as integer) as days_supply,
        cast(null as double) as quantity,
        paid_amount,
        allowed_amount,
        units,
        is_cancelled or is_replaced as is_cancelled,
        in_enrolment,
        data_source as feed
    from core.medical_claim
    union all
    select
        'rx:' || pharmacy_claim_id,
        claim_id,
        claim_line_number,
        'pharmacy',
        person_id,
        contract_id,
        market_id,
        service_month,
        dispensing_date,
        paid_date,
        'pharmacy',
        'pharmacy',
        network,
        dispensing_provider_id,
        provider_group,
        specialty,
        false,
        null,
        null,
        null,
        null,
        null,
        ndc_code,
        days_supply,
        quantity,
        paid_amount,
        allowed_amount,
        units,
        is_cancelled,
        in_enrolment,
        data_source
    from core.pharmacy_claim
)

select
    l.claim_line_id,
    l.claim_id,
    l.claim_line_number,
    l.claim_type,
    l.person_id,
    l.contract_id,
    l.market_id,
    a.care_team_id,
    a.pcp_npi,
    v.practice_name,
    l.month,
    l.service_date,
    l.paid_date,
    l.service_category_1,
    l.service_category_2,
    l.network,
    l.provider_npi_group,
    coalesce(p.provider_name, l.provider_npi_group) as provider_name,
    l.provider_group,
    l.specialty,
    l.is_referable,
    l.bill_type_code,
    l.revenue_center_code,
    l.hcpcs_code,
    l.drg_code,
    l.diagnosis_code_1,
    l.ndc_code,
    coalesce(d.drug, l.ndc_code) as drug,
    d.drug_name,
    d.ingredient,
    d.is_generic,
    d.is_specialty,
    l.days_supply,
    l.quantity,
    cast(l.paid_amount as double) as paid,
    cast(l.allowed_amount as double) as allowed,
    cast(l.paid_amount as double) * coalesce(y.paid_factor, 1) as paid_truncated,
    cast(l.allowed_amount as double) * coalesce(y.allowed_factor, 1) as allowed_truncated,
    cast(l.paid_amount as double) * coalesce(y.paid_over_share, 0) as paid_over,
    cast(l.allowed_amount as double) * coalesce(y.allowed_over_share, 0) as allowed_over,
    cast(l.units as double) as units,
    l.is_cancelled,
    l.in_enrolment,
    l.feed
from line as l
left join mart.provider as p on p.npi = l.provider_npi_group
/* A condition on the left side alone would be checked row by row, for every pair; so it is part of the key. */
left join staging.attribution_run as a
    on a.person_id = case when l.in_enrolment then l.person_id end
    and a.contract_id = l.contract_id
    and l.month between a.first_month and a.last_month
left join mart.provider as v on v.npi = a.pcp_npi
left join mart.member_year as y
    on y.person_id = case when l.in_enrolment then l.person_id end
    and y.contract_id = l.contract_id
    and y.year = extract(year from l.month)
left join staging.drug as d on d.ndc_code = l.ndc_code
