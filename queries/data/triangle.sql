-- answers: How much of each month's medical claims was paid after how many months, and how complete is that?
-- grain: one row per contract, month of service and months since
-- metric: medical_paid
-- columns:
--   contract_id: "id — contract"
--   contract_name: "text — contract"
--   service_month: "month — of service"
--   lag: "months — from the month of service to the month of payment"
--   paid: "dollars — paid in that month"
--   paid_to_date: "dollars — paid by the end of that month"
--   completion: "share 0..1 — expected to be paid by then, by chain ladder over the contract's triangle"
--   share: "share 0..1 — paid to date of what this month is expected to come to"
-- params:
--   contract_id: {type: str, meaning: 'one contract'}
--   lags: {type: int, default: 12, meaning: 'months since service to show'}
-- filters: [market, contract, line_of_business]
with paid as (
    select
        contract_id,
        service_month,
        greatest(
            (year(payment_month) - year(service_month)) * 12 + month(payment_month) - month(service_month), 0
        ) as lag,
        sum(paid) as paid
    from mart.spend_lag
    where payment_month is not null
        and service_category_1 <> 'pharmacy'
        and (:contract_id is null or contract_id = :contract_id)
    group by 1, 2, 3
),

known as (
    select contract_id, max(paid_through) as paid_through from mart.month group by contract_id
),

service as (
    select
        month_of.contract_id,
        month_of.service_month,
        (year(known.paid_through) - year(month_of.service_month)) * 12
        + month(known.paid_through) - month(month_of.service_month) as observed_lag
    from (select distinct contract_id, service_month from paid) as month_of
    inner join known on known.contract_id = month_of.contract_id
    where known.paid_through >= month_of.service_month
),

cell as (
    select service.contract_id, service.service_month, service.observed_lag, steps.lag
    from service
    cross join unnest(generate_series(0, service.observed_lag)) as steps(lag)
),

cumulative as (
    select
        cell.contract_id,
        cell.service_month,
        cell.observed_lag,
        cell.lag,
        coalesce(paid.paid, 0) as paid,
        sum(coalesce(paid.paid, 0)) over (
            partition by cell.contract_id, cell.service_month order by cell.lag
        ) as paid_to_date
    from cell
    left join paid
        on paid.contract_id = cell.contract_id and paid.service_month = cell.service_month and paid.lag = cell.lag
),

stepped as (
    select
        *,
        lead(paid_to_date) over (partition by contract_id, service_month order by lag) as paid_at_next_lag
    from cumulative
),

-- link ratios weighted by volume, over the months observed at both lags; the last observed lag counts as complete
link as (
    select
        contract_id,
        lag,
        case
            when sum(paid_to_date) filter (where paid_at_next_lag is not null) > 0
                and sum(paid_at_next_lag) > 0
                then sum(paid_at_next_lag) / sum(paid_to_date) filter (where paid_at_next_lag is not null)
            else 1
        end as ratio
    from stepped
    group by contract_id, lag
),

factor as (
    select
        contract_id,
        lag,
        least(
            1 / exp(
                sum(ln(ratio)) over (
                    partition by contract_id order by lag rows between current row and unbounded following
                )
            ), 1
        ) as completion
    from link
),

now as (
    select cumulative.contract_id, cumulative.service_month,
        cumulative.paid_to_date / nullif(factor.completion, 0) as expected
    from cumulative
    inner join factor on factor.contract_id = cumulative.contract_id and factor.lag = cumulative.lag
    where cumulative.lag = cumulative.observed_lag
)

select
    cumulative.contract_id,
    contract.contract_name,
    cumulative.service_month,
    cumulative.lag,
    cumulative.paid,
    cumulative.paid_to_date,
    factor.completion,
    cumulative.paid_to_date / nullif(now.expected, 0) as share
from cumulative
inner join factor on factor.contract_id = cumulative.contract_id and factor.lag = cumulative.lag
inner join now on now.contract_id = cumulative.contract_id and now.service_month = cumulative.service_month
left join permitted.contract as contract on contract.contract_id = cumulative.contract_id
where cumulative.lag <= :lags
order by cumulative.contract_id, cumulative.service_month, cumulative.lag
