/* Members enrolled in every one of twelve months who have no claim in them, medical or pharmacy: now and a year before.
   A share that rises says that claims do not reach us. Grain: contract, market, last month of the twelve. */
MODEL (
  name mart.member_without_claim,
  kind FULL,
  depends_on (mart.contract, mart.market),
  audits (
    key_is_unique(columns := (contract_id, market_id, month)),
    exists_in_dimension(column := contract_id, dimension := mart.contract, key := contract_id),
    exists_in_dimension(column := market_id, dimension := mart.market, key := market_id)
  )
);

with last_month as (
    select contract_id, cast(date_trunc('month', data_end) as date) as month from staging.contract_end
),

year_end as (
    select contract_id, month from last_month
    union all
    select contract_id, cast(month - interval '12' month as date) from last_month
),

/* Months of each enrolled run that fall into the twelve. */
run as (
    select
        y.contract_id,
        y.month,
        r.person_id,
        case when r.last_month >= y.month then r.market_id end as market_id,
        greatest(r.first_month, cast(y.month - interval '11' month as date)) as first_month,
        least(r.last_month, y.month) as last_month
    from year_end as y
    inner join staging.enrolment_run as r
        on r.contract_id = y.contract_id
        and r.first_month <= y.month
        and r.last_month >= cast(y.month - interval '11' month as date)
),

enrolled as (
    select contract_id, month, person_id, max(market_id) as market_id
    from run
    group by contract_id, month, person_id
    having sum(
        (extract(year from last_month) - extract(year from first_month)) * 12
        + extract(month from last_month) - extract(month from first_month) + 1
    ) = 12
),

seen as (
    select distinct y.contract_id, y.month, s.person_id
    from year_end as y
    inner join mart.spend_month as s
        on s.contract_id = y.contract_id
        and s.month >= cast(y.month - interval '11' month as date)
        and s.month <= y.month
)

select
    e.contract_id,
    coalesce(e.market_id, 'unassigned') as market_id,
    e.month,
    count(*) as members,
    sum(case when s.person_id is null then 1 else 0 end) as without_claims
from enrolled as e
left join seen as s on s.contract_id = e.contract_id and s.month = e.month and s.person_id = e.person_id
group by e.contract_id, coalesce(e.market_id, 'unassigned'), e.month
