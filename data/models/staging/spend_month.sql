/* Medical and pharmacy dollars by person, month of service, category, network, provider and what kind of provider it
   is. Grain: all but the sums; market and enrolment follow from person, contract and month. */
MODEL (
  name staging.spend_month,
  kind FULL
);

select
    person_id,
    contract_id,
    market_id,
    service_month as month,
    service_category_1,
    service_category_2,
    network,
    provider_npi_group,
    provider_group,
    specialty,
    is_referable,
    data_source as feed,
    in_enrolment,
    sum(paid_amount) as paid_amount,
    sum(allowed_amount) as allowed_amount,
    count(distinct claim_id) as claims,
    sum(units) as units
from core.medical_claim
group by
    person_id, contract_id, market_id, service_month, service_category_1, service_category_2, network,
    provider_npi_group, provider_group, specialty, is_referable, data_source, in_enrolment
union all
select
    person_id,
    contract_id,
    market_id,
    service_month,
    'pharmacy',
    'pharmacy',
    network,
    dispensing_provider_id,
    provider_group,
    specialty,
    false,
    data_source,
    in_enrolment,
    sum(paid_amount),
    sum(allowed_amount),
    count(distinct claim_id),
    sum(units)
from core.pharmacy_claim
group by
    person_id, contract_id, market_id, service_month, network, dispensing_provider_id, provider_group, specialty,
    data_source, in_enrolment
