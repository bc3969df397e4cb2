/* Who was a person's primary care provider and care team, by months in a row. The attribution that began last wins
   where spans overlap. Grain: person, contract, first month; the runs of a person and contract share no month. */
MODEL (
  name staging.attribution_run,
  kind FULL
);

with span as (
    select
        *,
        cast(date_trunc('month', coalesce(start_date, date '1900-01-01')) as date) as first_month,
        cast(date_trunc('month', coalesce(end_date, date '2999-12-31')) as date) as last_month
    from raw.attribution
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
        a.person_id,
        a.contract_id,
        c.month,
        a.pcp_npi,
        a.care_team_id,
        row_number() over (
            partition by a.person_id, a.contract_id, c.month
            order by a.start_date desc nulls last, a.feed, a.row_number
        ) as choice
    from span as a
    inner join overlapping as o on o.person_id = a.person_id and o.contract_id = a.contract_id
    inner join staging.calendar_month as c on c.month between a.first_month and a.last_month
)

select a.person_id, a.contract_id, a.first_month, a.last_month, a.pcp_npi, a.care_team_id
from span as a
left join overlapping as o on o.person_id = a.person_id and o.contract_id = a.contract_id
where o.person_id is null and a.first_month <= a.last_month
union all
select person_id, contract_id, month, month, pcp_npi, care_team_id
from placed
where choice = 1
