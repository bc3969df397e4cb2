/* Medical and pharmacy paid by person, month of service, category, network and provider. Grain: all but the sums. */
MODEL (
  name staging.spend_month,
  kind VIEW
);

select
    person_id,
    contract_id,
    service_month as month,
    service_category_1,
    service_category_2,
    network,
    coalesce(billing_id, facility_id, rendering_id) as provider_npi_group,
    data_source as feed,
    sum(paid_amount) as paid_amount,
    sum(allowed_amount) as allowed_amount,
    count(distinct claim_id) as claims,
    sum(coalesce(service_unit_quantity, 0)) as units
from core.medical_claim
group by
    person_id, contract_id, service_month, service_category_1, service_category_2, network,
    coalesce(billing_id, facility_id, rendering_id), data_source
union all
select
    person_id,
    contract_id,
    cast(date_trunc('month', dispensing_date) as date),
    'pharmacy',
    'pharmacy',
    network,
    dispensing_provider_id,
    data_source,
    sum(paid_amount),
    sum(allowed_amount),
    count(distinct claim_id),
    sum(coalesce(quantity, 0))
from core.pharmacy_claim
group by
    person_id, contract_id, cast(date_trunc('month', dispensing_date) as date), network, dispensing_provider_id,
    data_source
