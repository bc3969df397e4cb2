/* The lead staff member of a person, by months in a row; the one who began last where spans overlap.
   Grain: person, contract, first month; the runs of a person and contract share no month. */
MODEL (
  name staging.lead_run,
  kind FULL
);

with span as (
    select
        *,
        cast(date_trunc('month', coalesce(start_date, date '1900-01-01')) as date) as first_month,
        cast(date_trunc('month', coalesce(end_date, date '2999-12-31')) as date) as last_month
    from raw.panel
    where is_lead
),

reached as (
    select
        person_id,
        contract_id,
        first_month,
        max(last_month) over (
            partition by person_id, contract_id order by first_month, last_month
            rows between unbounded preceding and 1 preceding
        ) as reached_before
    from span
    where first_month <= last_month
),

overlapping as (
    select distinct person_id, contract_id
    from reached
    where first_month <= reached_before
),

placed as (
    select
        p.person_id,
        p.contract_id,
        c.month,
        p.staff_id,
        row_number() over (
            partition by p.person_id, p.contract_id, c.month
            order by p.start_date desc nulls last, p.staff_id
        ) as choice
    from span as p
    inner join overlapping as o on o.person_id = p.person_id and o.contract_id = p.contract_id
    inner join staging.calendar_month as c on c.month between p.first_month and p.last_month
)

select p.person_id, p.contract_id, p.first_month, p.last_month, p.staff_id as lead_staff_id
from span as p
left join overlapping as o on o.person_id = p.person_id and o.contract_id = p.contract_id
where o.person_id is null and p.first_month <= p.last_month
union all
select person_id, contract_id, month, month, staff_id
from placed
where choice = 1
