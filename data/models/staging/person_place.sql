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
        last_month,
        row_number() over (partition by person_id order by last_month desc, contract_id) as choice,
        min(first_month) over (partition by person_id) as first_month
    from staging.enrolment_run
)

select person_id, contract_id, market_id, last_month, first_month
from ranked
where choice = 1
