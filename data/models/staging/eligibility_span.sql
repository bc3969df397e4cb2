/* Enrolment spans as months: no span reaches beyond the data's last month, whether its end is open, 2099 or a date to
   come; death ends a span with its month (metrics.md, rule 1). Grain: eligibility row; a span that begins after the
   data's end, or ends before it starts, has no month. */
MODEL (
  name staging.eligibility_span,
  kind FULL
);

with death as (
    select person_id, max(death_date) as death_date
    from raw.eligibility
    where is_superseded is not true
    group by person_id
),

ended as (
    select
        e.*,
        d.death_date as died_on,
        least(coalesce(e.enrollment_end_date, f.data_end), last_day(f.data_end)) as span_end
    from raw.eligibility as e
    inner join staging.feed_end as f on f.feed = e.feed
    left join death as d on d.person_id = e.person_id
    where e.is_superseded is not true
)

select
    feed,
    file_name,
    row_number,
    person_id,
    contract_id,
    market_id,
    enrollment_start_date,
    enrollment_end_date,
    died_on,
    cast(date_trunc('month', enrollment_start_date) as date) as first_month,
    cast(
        date_trunc('month', case when died_on < span_end then died_on else span_end end) as date
    ) as last_month,
    case
        when dual_status_code in ('02', '04', '08', '2', '4', '8') then 'full'
        when dual_status_code in ('01', '03', '05', '06', '1', '3', '5', '6') then 'partial'
        when dual_status_code in ('00', '09', '0', '9', 'NA') then 'none'
    end as dual_status,
    case when lower(pharmacy_benefit_flag) in ('0', 'n', 'no', 'false', 'f') then 0 else 1 end as pharmacy_benefit
from ended
