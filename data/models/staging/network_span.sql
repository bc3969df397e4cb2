/* When a provider was in a contract's network, where the organisation has a list of it; spans that overlap or follow on
   one another are one. Grain: contract, NPI, first day. */
MODEL (
  name staging.network_span,
  kind FULL
);

with span as (
    select
        contract_id,
        npi,
        coalesce(start_date, date '1900-01-01') as first_day,
        coalesce(end_date, date '2999-12-31') as last_day
    from raw.network
),

reached as (
    select
        *,
        max(last_day) over (
            partition by contract_id, npi order by first_day, last_day
            rows between unbounded preceding and 1 preceding
        ) as reached_before
    from span
),

numbered as (
    select
        *,
        sum(case when first_day <= reached_before + interval '1' day then 0 else 1 end) over (
            partition by contract_id, npi order by first_day, last_day
            rows between unbounded preceding and current row
        ) as span_number
    from reached
)

select contract_id, npi, min(first_day) as first_day, max(last_day) as last_day
from numbered
group by contract_id, npi, span_number
