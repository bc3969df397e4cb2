/* The claims triangle: dollars by month of service and month of payment. Grain: contract, market, category, both
   months; payment_month is null where the feed gives no payment date. */
MODEL (
  name mart.spend_lag,
  kind FULL,
  depends_on (mart.contract, mart.market),
  audits (
    key_is_unique(columns := (contract_id, market_id, service_category_1, service_month, payment_month)),
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
        allowed_amount
    from core.medical_claim
    union all
    select
        r.contract_id,
        coalesce(p.market_id, 'unassigned'),
        'pharmacy',
        cast(date_trunc('month', r.dispensing_date) as date),
        cast(date_trunc('month', r.paid_date) as date),
        r.paid_amount,
        r.allowed_amount
    from core.pharmacy_claim as r
    left join staging.person_place as p on p.person_id = r.person_id
)

select
    contract_id,
    market_id,
    service_category_1,
    service_month,
    payment_month,
    cast(sum(paid_amount) as double) as paid,
    cast(sum(allowed_amount) as double) as allowed
from line
group by contract_id, market_id, service_category_1, service_month, payment_month
