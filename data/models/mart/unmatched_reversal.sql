/* Claims whose paid total is below zero although no other claim of the person has the opposite total: no reversal of
   anything we have, so either the first claim is missing or the amount is wrong. Grain: feed, contract, market, month of
   service. */
MODEL (
  name mart.unmatched_reversal,
  kind FULL,
  depends_on (mart.contract, mart.market),
  audits (
    key_is_unique(columns := (feed, contract_id, market_id, month)),
    exists_in_dimension(column := contract_id, dimension := mart.contract, key := contract_id),
    exists_in_dimension(column := market_id, dimension := mart.market, key := market_id)
  )
);

with negative as (
    select claim_key, feed, contract_id, market_id, month, person_id, paid_amount
    from staging.claim_header
    where paid_amount < 0
),

reversed as (
    select distinct n.claim_key
    from negative as n
    inner join staging.claim_header as h
        on h.feed = n.feed and h.person_id = n.person_id and h.paid_amount = -n.paid_amount
)

select
    n.feed,
    n.contract_id,
    n.market_id,
    n.month,
    count(*) as claims,
    cast(sum(n.paid_amount) as double) as paid
from negative as n
left join reversed as r on r.claim_key = n.claim_key
where r.claim_key is null
group by n.feed, n.contract_id, n.market_id, n.month
