/* The table without members adds up to the enrolled rows of mart.spend_month: dollars on every basis to the cent, and
   units, by contract, market, month and category. */
AUDIT (
  name group_ties_to_spend
);

with grouped as (
    select
        contract_id, market_id, month, service_category_2,
        sum(paid) as paid, sum(allowed) as allowed, sum(paid_truncated) as paid_truncated,
        sum(allowed_truncated) as allowed_truncated, sum(paid_over) as paid_over, sum(allowed_over) as allowed_over,
        sum(units) as units
    from @this_model
    group by contract_id, market_id, month, service_category_2
),

spent as (
    select
        contract_id, market_id, month, service_category_2,
        sum(paid) as paid, sum(allowed) as allowed, sum(paid_truncated) as paid_truncated,
        sum(allowed_truncated) as allowed_truncated, sum(paid_over) as paid_over, sum(allowed_over) as allowed_over,
        sum(units) as units
    from mart.spend_month
    where in_enrolment
    group by contract_id, market_id, month, service_category_2
)

select 1 as failing
from grouped as g
full outer join spent as s
    on s.contract_id = g.contract_id
    and s.market_id = g.market_id
    and s.month = g.month
    and s.service_category_2 = g.service_category_2
where
    g.contract_id is null
    or s.contract_id is null
    or abs(g.paid - s.paid) >= 0.005
    or abs(g.allowed - s.allowed) >= 0.005
    or abs(g.paid_truncated - s.paid_truncated) >= 0.005
    or abs(g.allowed_truncated - s.allowed_truncated) >= 0.005
    or abs(g.paid_over - s.paid_over) >= 0.005
    or abs(g.allowed_over - s.allowed_over) >= 0.005
    or g.units <> s.units
