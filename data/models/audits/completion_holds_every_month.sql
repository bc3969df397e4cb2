/* Every month of the triangle has its completion on both bases, and the dollars to date are the enrolled dollars of
   mart.spend_group, to the cent. */
AUDIT (
  name completion_holds_every_month
);

with said as (
    select contract_id, service_category_1, month, basis, amount_to_date from @this_model
),

listed as (
    select distinct contract_id, service_category_1, service_month as month, b.basis
    from mart.spend_lag
    cross join (select 'paid' as basis union all select 'allowed' as basis) as b
),

spent as (
    select contract_id, service_category_1, month, 'paid' as basis, sum(paid) as amount
    from mart.spend_group
    group by contract_id, service_category_1, month
    union all
    select contract_id, service_category_1, month, 'allowed' as basis, sum(allowed) as amount
    from mart.spend_group
    group by contract_id, service_category_1, month
)

select l.contract_id
from listed as l
left join said as s
    on s.contract_id = l.contract_id and s.service_category_1 = l.service_category_1
    and s.month = l.month and s.basis = l.basis
where s.contract_id is null
union all
select s.contract_id
from said as s
full join spent as p
    on p.contract_id = s.contract_id and p.service_category_1 = s.service_category_1
    and p.month = s.month and p.basis = s.basis
where abs(coalesce(p.amount, 0) - coalesce(s.amount_to_date, 0)) >= 0.005
