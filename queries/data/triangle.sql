-- answers: How much of each month's medical claims was paid after how many months, and how complete is that?
-- grain: one row per contract, month of service and months since
-- metric: medical_paid
-- columns:
--   contract_id: "id — contract"
--   contract_name: "text — contract"
--   service_month: "month — of service"
--   lag: "months — from the month of service to the month of payment"
--   paid: "dollars — paid in that month, for services in enrolment"
--   paid_to_date: "dollars — paid by the end of that month"
--   completion: "share 0..1 — expected to be paid by then, by the chain ladders of the contract's categories, weighted by what they come to"
--   share: "share 0..1 — paid to date of what this month is expected to come to"
-- params:
--   contract_id: {type: str, meaning: 'one contract'}
--   lags: {type: int, default: 12, meaning: 'months since service to show'}
-- filters: [market, contract, line_of_business]
with by_category as (
    select
        contract_id,
        service_category_1,
        service_month,
        greatest(
            (year(payment_month) - year(service_month)) * 12 + month(payment_month) - month(service_month), 0
        ) as lag,
        sum(paid) as paid
    from mart.spend_lag
    where in_enrolment
        and payment_month is not null
        and service_category_1 <> 'pharmacy'
        and (:contract_id is null or contract_id = :contract_id)
    group by 1, 2, 3, 4
),

paid as (
    select contract_id, service_month, lag, sum(paid) as paid from by_category group by contract_id, service_month, lag
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
    select service.contract_id, service.service_month, steps.lag
    from service
    cross join unnest(generate_series(0, service.observed_lag)) as steps(lag)
),

cumulative as (
    select
        cell.contract_id,
        cell.service_month,
        cell.lag,
        coalesce(paid.paid, 0) as paid,
        sum(coalesce(paid.paid, 0)) over (
            partition by cell.contract_id, cell.service_month order by cell.lag
        ) as paid_to_date
    from cell
    left join paid
        on paid.contract_id = cell.contract_id and paid.service_month = cell.service_month and paid.lag = cell.lag
),

enrolment as (
    select contract_id, month, sum(member_months) as member_months
    from mart.enrolment_group
    group by contract_id, month
),

estimate as (
    select contract_id, month, service_category_1, multiplier, per_member_month
    from mart.completion
    where basis = 'paid'
        and service_category_1 <> 'pharmacy'
        and (:contract_id is null or contract_id = :contract_id)
),

-- what has been paid × multiplier + member-months × per_member_month is what it will come to
expected_part as (
    select
        by_category.contract_id, by_category.service_category_1, by_category.service_month,
        by_category.paid * coalesce(estimate.multiplier, 1) as expected
    from by_category
    left join estimate
        on estimate.contract_id = by_category.contract_id and estimate.month = by_category.service_month
        and estimate.service_category_1 = by_category.service_category_1
    union all
    select
        estimate.contract_id, estimate.service_category_1, estimate.month as service_month,
        coalesce(estimate.per_member_month, 0) * enrolment.member_months as expected
    from estimate
    inner join enrolment on enrolment.contract_id = estimate.contract_id and enrolment.month = estimate.month
),

expected as (
    select contract_id, service_month, sum(expected) as expected from expected_part group by contract_id, service_month
),

ladder as (
    select contract_id, service_category_1, lag, completion
    from mart.completion_link
    where basis = 'paid'
        and service_category_1 <> 'pharmacy'
        and completion is not null
),

weight as (
    select contract_id, service_category_1, greatest(sum(expected), 0) as dollars
    from expected_part
    group by contract_id, service_category_1
),

-- after the last step of a category's ladder nothing is expected to come
factor as (
    select
        step.contract_id,
        step.lag,
        sum(weight.dollars * coalesce(ladder.completion, 1)) / nullif(sum(weight.dollars), 0) as completion
    from (select distinct contract_id, lag from ladder) as step
    inner join weight on weight.contract_id = step.contract_id
    left join ladder
        on ladder.contract_id = step.contract_id and ladder.lag = step.lag
        and ladder.service_category_1 = weight.service_category_1
    where weight.service_category_1 in (
        select known_ladder.service_category_1 from ladder as known_ladder
        where known_ladder.contract_id = weight.contract_id
    )
    group by step.contract_id, step.lag
)

select
    cumulative.contract_id,
    contract.contract_name,
    cumulative.service_month,
    cumulative.lag,
    cumulative.paid,
    cumulative.paid_to_date,
    factor.completion,
    cumulative.paid_to_date / nullif(expected.expected, 0) as share
from cumulative
left join expected
    on expected.contract_id = cumulative.contract_id and expected.service_month = cumulative.service_month
left join factor on factor.contract_id = cumulative.contract_id and factor.lag = cumulative.lag
left join permitted.contract as contract on contract.contract_id = cumulative.contract_id
where cumulative.lag <= :lags
order by cumulative.contract_id, cumulative.service_month, cumulative.lag
