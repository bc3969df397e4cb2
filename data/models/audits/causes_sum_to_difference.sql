/* Changes since the snapshot before = what counts now less what counted then, by contract and month, to the cent. Where
   there is nothing to compare with, there are no changes. */
AUDIT (
  name causes_sum_to_difference
);

with counted as (
    select
        contract_id, month, sum(paid) as paid, sum(allowed) as allowed, 0 as member_months, 0 as pharmacy_member_months
    from mart.spend_month
    where in_enrolment
    group by contract_id, month
    union all
    select contract_id, month, 0, 0, sum(medical_member_months), sum(pharmacy_member_months)
    from mart.member_month
    group by contract_id, month
    union all
    select
        contract_id, month, -cast(paid as double), -cast(allowed as double), -member_months, -pharmacy_member_months
    from estimate.previous_total
    union all
    select
        contract_id, month, -sum(paid), -sum(allowed), -sum(member_months), -sum(pharmacy_member_months)
    from @this_model
    group by contract_id, month
)

select
    contract_id, month, sum(paid) as paid, sum(allowed) as allowed, sum(member_months) as member_months,
    sum(pharmacy_member_months) as pharmacy_member_months
from counted
where exists (select 1 from estimate.previous_build where previous_snapshot_id is not null)
group by contract_id, month
having
    round(sum(paid), 2) <> 0
    or round(sum(allowed), 2) <> 0
    or round(sum(member_months), 6) <> 0
    or round(sum(pharmacy_member_months), 6) <> 0
