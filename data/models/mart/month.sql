/* Maturity of each contract's months: how complete the medical claims of a month are by now: the completion of its
   categories (mart.completion, basis paid), weighted by what each comes to. Grain: contract, month.
   Without payment dates completion is unknown and the month counts as mature; months after the last payment are not.
   Money that no rule places makes no month of its own: `unassigned` has only the months in which it has members. */
MODEL (
  name mart.month,
  kind FULL,
  depends_on (mart.contract),
  grain (contract_id, month),
  audits (
    key_is_unique(columns := (contract_id, month)),
    exists_in_dimension(column := contract_id, dimension := mart.contract, key := contract_id)
  )
);

with enrolled as (
    select contract_id, month, count(*) as member_months
    from mart.member_month
    group by contract_id, month
),

listed as (
    select contract_id, month from enrolled
    union
    select distinct contract_id, month from mart.spend_month where contract_id <> 'unassigned'
),

aged as (
    select
        l.contract_id,
        l.month,
        e.data_end,
        e.paid_through,
        coalesce(n.member_months, 0) as member_months,
        coalesce(c.completion_threshold, 0.9) as completion_threshold,
        cast(
            (extract(year from e.paid_through) - extract(year from l.month)) * 12
            + extract(month from e.paid_through) - extract(month from l.month) as integer
        ) as months_of_runout
    from listed as l
    left join staging.contract_end as e on e.contract_id = l.contract_id
    left join enrolled as n on n.contract_id = l.contract_id and n.month = l.month
    left join mart.contract as c on c.contract_id = l.contract_id
),

-- A month in which nothing is expected to come has no weights: its categories count alike.
medical as (
    select
        contract_id,
        month,
        case
            when sum(greatest(estimate, 0)) > 0
                then sum(completion * greatest(estimate, 0)) / sum(greatest(estimate, 0))
            else avg(completion)
        end as completion
    from mart.completion
    where basis = 'paid' and service_category_1 <> 'pharmacy' and completion is not null
    group by contract_id, month
),

tested as (
    select distinct contract_id from medical
),

completed as (
    select
        a.*,
        case
            when a.paid_through is null or t.contract_id is null then null
            when a.months_of_runout < 0 then 0
            else coalesce(m.completion, 1)
        end as completion_medical
    from aged as a
    left join tested as t on t.contract_id = a.contract_id
    left join medical as m on m.contract_id = a.contract_id and m.month = a.month
)

select
    contract_id,
    month,
    data_end as incurred_through,
    paid_through,
    months_of_runout,
    member_months,
    cast(completion_medical as double) as completion_medical,
    completion_threshold,
    case
        when completion_medical is null then true
        else completion_medical >= completion_threshold
            and month <= coalesce(data_end, month)
    end as is_mature
from completed
