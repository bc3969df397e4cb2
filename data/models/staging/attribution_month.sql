/* Who was a person's primary care provider and care team in each month. Grain: person, contract, month.
   The attribution that began last wins where spans overlap. */
MODEL (
  name staging.attribution_month,
  kind FULL,
  grain (person_id, contract_id, month)
);

with placed as (
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
    from raw.attribution as a
    inner join staging.calendar_month as c
        on c.month >= cast(date_trunc('month', coalesce(a.start_date, date '1900-01-01')) as date)
        and c.month <= coalesce(a.end_date, date '2999-12-31')
)

select person_id, contract_id, month, pcp_npi, care_team_id
from placed
where choice = 1
