/* Every month that any enrolment span, claim or payment touches. Grain: month (its first day). */
MODEL (
  name staging.calendar_month,
  kind FULL,
  grain month
);

with bounds as (
    select min(first_month) as first_month, max(last_month) as last_month from staging.eligibility_span
    union all
    select
        cast(date_trunc('month', min(claim_start_date)) as date),
        cast(date_trunc('month', max(claim_start_date)) as date)
    from raw.medical_claim
    where is_superseded is not true
),

ends as (
    select min(first_month) as first_month, max(last_month) as last_month from bounds
)

select cast(m.month as date) as month
from ends as e
cross join unnest(generate_series(e.first_month, e.last_month, interval '1' month)) as m(month)
