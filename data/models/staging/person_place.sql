/* Where a person's rows belong when the month itself says nothing: the latest enrolled month.
   Grain: person. */
MODEL (
  name staging.person_place,
  kind FULL,
  grain person_id
);

with ranked as (
    select
        person_id,
        contract_id,
        market_id,
        month,
        row_number() over (partition by person_id order by month desc, contract_id) as choice,
        min(month) over (partition by person_id) as first_month
    from core.member_month
)

select person_id, contract_id, market_id, month as last_month, first_month
from ranked
where choice = 1
