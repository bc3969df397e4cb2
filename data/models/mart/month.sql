/* Maturity of each contract's months: how complete the medical claims of a month are by now. Grain: contract, month.
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

last_factor as (
    select contract_id, max(lag) as last_lag from staging.completion group by contract_id
),

completed as (
    select
        a.*,
        case
            when a.paid_through is null or f.last_lag is null then null
            when a.months_of_runout < 0 then 0
            when a.months_of_runout > f.last_lag then 1
            else t.completion
        end as completion_medical
    from aged as a
    left join last_factor as f on f.contract_id = a.contract_id
    left join staging.completion as t on t.contract_id = a.contract_id and t.lag = a.months_of_runout
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
