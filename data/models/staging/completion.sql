/* Completion of medical paid by contract and months of runout, by chain ladder (metrics.md, cost): volume-weighted
   link ratios over the service months observed at both lags; a payment before the service is lag 0; the last observed
   lag is taken as complete. Grain: contract and lag. */
MODEL (
  name staging.completion,
  kind FULL,
  grain (contract_id, lag)
);

with paid as (
    select
        s.contract_id,
        s.service_month,
        greatest(
            (extract(year from s.payment_month) - extract(year from s.service_month)) * 12
            + extract(month from s.payment_month) - extract(month from s.service_month), 0
        ) as lag,
        sum(s.paid) as paid
    from mart.spend_lag as s
    where s.payment_month is not null and s.service_category_1 <> 'pharmacy'
    group by 1, 2, 3
),

service as (
    select
        p.contract_id,
        p.service_month,
        greatest(
            (extract(year from e.paid_through) - extract(year from p.service_month)) * 12
            + extract(month from e.paid_through) - extract(month from p.service_month), 0
        ) as observed_lag
    from (select distinct contract_id, service_month from paid) as p
    inner join staging.contract_end as e on e.contract_id = p.contract_id
),

last_lag as (
    select contract_id, max(observed_lag) as last_lag
    from service
    group by contract_id
),

lags as (
    select l.contract_id, cast(g.lag as bigint) as lag, l.last_lag
    from last_lag as l
    cross join unnest(generate_series(0, l.last_lag)) as g(lag)
),

cumulative as (
    select
        s.contract_id,
        s.service_month,
        l.lag,
        s.observed_lag,
        sum(coalesce(p.paid, 0)) over (partition by s.contract_id, s.service_month order by l.lag) as paid_to_date
    from service as s
    inner join lags as l on l.contract_id = s.contract_id and l.lag <= s.observed_lag
    left join paid as p
        on p.contract_id = s.contract_id and p.service_month = s.service_month and p.lag = l.lag
),

stepped as (
    select
        *,
        lead(paid_to_date) over (partition by contract_id, service_month order by lag) as paid_at_next_lag
    from cumulative
),

link as (
    select
        contract_id,
        lag,
        case
            when sum(case when lag < observed_lag then paid_to_date end) > 0
                and sum(case when lag < observed_lag then paid_at_next_lag end) > 0
                then sum(case when lag < observed_lag then paid_at_next_lag end)
                / sum(case when lag < observed_lag then paid_to_date end)
            else 1
        end as link_ratio
    from stepped
    group by contract_id, lag
)

select
    contract_id,
    lag,
    cast(link_ratio as double) as link_ratio,
    least(
        1 / exp(
            sum(ln(link_ratio)) over (
                partition by contract_id order by lag rows between current row and unbounded following
            )
        ), 1
    ) as completion
from link
