/* Claim lines add up to mart.spend_month: dollars on every basis to the cent, and units, by contract, market, month and
   category, in and outside enrolment. */
AUDIT (
  name lines_tie_to_spend
);

with line as (
    select
        contract_id, market_id, month, service_category_2, network, in_enrolment,
        sum(paid) as paid, sum(allowed) as allowed, sum(paid_truncated) as paid_truncated,
        sum(allowed_truncated) as allowed_truncated, sum(paid_over) as paid_over, sum(allowed_over) as allowed_over,
        sum(units) as units
    from @this_model
    group by contract_id, market_id, month, service_category_2, network, in_enrolment
),

spent as (
    select
        contract_id, market_id, month, service_category_2, network, in_enrolment,
        sum(paid) as paid, sum(allowed) as allowed, sum(paid_truncated) as paid_truncated,
        sum(allowed_truncated) as allowed_truncated, sum(paid_over) as paid_over, sum(allowed_over) as allowed_over,
        sum(units) as units
    from mart.spend_month
    group by contract_id, market_id, month, service_category_2, network, in_enrolment
)

select 1 as failing
from line as l
full outer join spent as s
    on s.contract_id = l.contract_id
    and s.market_id = l.market_id
    and s.month = l.month
    and s.service_category_2 = l.service_category_2
    and s.network = l.network
    and s.in_enrolment = l.in_enrolment
where
    l.contract_id is null
    or s.contract_id is null
    or abs(l.paid - s.paid) >= 0.005
    or abs(l.allowed - s.allowed) >= 0.005
    or abs(l.paid_truncated - s.paid_truncated) >= 0.005
    or abs(l.allowed_truncated - s.allowed_truncated) >= 0.005
    or abs(l.paid_over - s.paid_over) >= 0.005
    or abs(l.allowed_over - s.allowed_over) >= 0.005
    or l.units <> s.units
