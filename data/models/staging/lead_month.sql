/* The lead staff member of a person in each month. Grain: person, contract, month. */
MODEL (
  name staging.lead_month,
  kind FULL,
  grain (person_id, contract_id, month)
);

with placed as (
    select
        p.person_id,
        p.contract_id,
        c.month,
        p.staff_id,
        row_number() over (
            partition by p.person_id, p.contract_id, c.month
            order by p.start_date desc nulls last, p.staff_id
        ) as choice
    from raw.panel as p
    inner join staging.calendar_month as c
        on c.month >= cast(date_trunc('month', coalesce(p.start_date, date '1900-01-01')) as date)
        and c.month <= coalesce(p.end_date, date '2999-12-31')
    where p.is_lead
)

select person_id, contract_id, month, staff_id as lead_staff_id
from placed
where choice = 1
