/* The claims triangle: dollars by month of service and month of payment. Grain: contract, market, category, both
   months, and whether the person was enrolled; payment_month is null where the feed gives no payment date. */
MODEL (
  name mart.spend_lag,
  kind FULL,
  depends_on (mart.contract, mart.market),
  audits (
    key_is_unique(columns := (contract_id, market_id, service_category_1, service_month, payment_month, in_enrolment)),
    exists_in_dimension(column := contract_id, dimension := mart.contract, key := contract_id),
    exists_in_dimension(column := market_id, dimension := mart.market, key := market_id)
  )
);

with line as (
    select
        contract_id,
        market_id,
        service_category_1,
        service_month,
        cast(date_trunc('month', paid_date) as date) as payment_month,
        paid_amount,
        allowed_amount,
        in_enrolment
    from core.medical_claim
    union all
    select
        contract_id,
        market_id,
        'pharmacy',
        service_month,
        cast(date_trunc('month', paid_date) as date),
        paid_amount,
        allowed_amount,
        in_enrolment
    from core.pharmacy_claim
)

select
    contract_id,
    market_id,
    service_category_1,
    service_month,
    payment_month,
    cast(sum(paid_amount) as double) as paid,
    cast(sum(allowed_amount) as double) as allowed,
    in_enrolment
from line
group by contract_id, market_id, service_category_1, service_month, payment_month, in_enrolment
