/* What a member cost in a contract and calendar year, in the months enrolled, and which share of it counts under the
   contract's cap and which lies over its large-claimant threshold. Grain: person, contract, year.
   The cap is for a whole year and holds for the share of it enrolled: cap × months ÷ 12 (metrics.md, truncation). The
   threshold is not prorated: a large claimant is one whatever the months. Medical and pharmacy count together. */
MODEL (
  name mart.member_year,
  kind FULL,
  depends_on (mart.contract, mart.market, mart.member_month),
  audits (
    key_is_unique(columns := (person_id, contract_id, year)),
    exists_in_dimension(column := contract_id, dimension := mart.contract, key := contract_id),
    exists_in_dimension(column := market_id, dimension := mart.market, key := market_id)
  )
);

with enrolled as (
    select
        person_id,
        contract_id,
        cast(extract(year from month) as integer) as year,
        max_by(market_id, month) as market_id,
        cast(count(*) as integer) as months_enrolled
    from mart.member_month
    group by person_id, contract_id, cast(extract(year from month) as integer)
),

spent as (
    select
        person_id,
        contract_id,
        cast(extract(year from month) as integer) as year,
        sum(paid_amount) as paid,
        sum(allowed_amount) as allowed
    from staging.spend_month
    where in_enrolment
    group by person_id, contract_id, cast(extract(year from month) as integer)
),

limited as (
    select
        e.person_id,
        e.contract_id,
        e.market_id,
        e.year,
        e.months_enrolled,
        cast(coalesce(s.paid, 0) as double) as paid,
        cast(coalesce(s.allowed, 0) as double) as allowed,
        c.truncation_cap,
        c.large_claimant_threshold as threshold,
        c.truncation_cap * e.months_enrolled / 12 as cap
    from enrolled as e
    inner join mart.contract as c on c.contract_id = e.contract_id
    left join spent as s on s.person_id = e.person_id and s.contract_id = e.contract_id and s.year = e.year
)

select
    person_id,
    contract_id,
    market_id,
    year,
    months_enrolled,
    paid,
    allowed,
    truncation_cap,
    threshold,
    case when paid > cap then cap / paid else 1 end as paid_factor,
    case when allowed > cap then cap / allowed else 1 end as allowed_factor,
    case when paid > threshold then 1 - threshold / paid else 0 end as paid_over_share,
    case when allowed > threshold then 1 - threshold / allowed else 0 end as allowed_over_share
from limited
