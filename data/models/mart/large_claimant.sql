/* Members whose allowed dollars of a calendar year are over their contract's threshold. Grain: person, contract, year. */
MODEL (
  name mart.large_claimant,
  kind FULL,
  depends_on (mart.contract, mart.market),
  audits (
    key_is_unique(columns := (person_id, contract_id, year)),
    exists_in_dimension(column := contract_id, dimension := mart.contract, key := contract_id),
    exists_in_dimension(column := market_id, dimension := mart.market, key := market_id)
  )
);

select
    y.person_id,
    y.contract_id,
    y.market_id,
    y.year,
    y.threshold,
    y.paid,
    y.allowed,
    y.allowed - y.threshold as over_threshold,
    case when y.paid > y.threshold then y.paid - y.threshold else 0 end as paid_over,
    b.person_id is not null as is_continuing
from mart.member_year as y
left join mart.member_year as b
    on b.person_id = y.person_id
    and b.contract_id = y.contract_id
    and b.year = y.year - 1
    and b.allowed > b.threshold
where y.allowed > y.threshold
