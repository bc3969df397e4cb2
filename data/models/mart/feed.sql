/* Feeds, and whom they concern: one row for each contract and market a feed serves (`places` of them), with what it is
   expected to deliver each month. `is_own`: the feed brings the contract; a feed without one serves all. Grain: feed, contract, market. */
MODEL (
  name mart.feed,
  kind FULL,
  depends_on (mart.contract, mart.market),
  audits (
    key_is_unique(columns := (feed, contract_id, market_id)),
    exists_in_dimension(column := contract_id, dimension := mart.contract, key := contract_id),
    exists_in_dimension(column := market_id, dimension := mart.market, key := market_id)
  )
);

select p.feed, n.feed_name, p.contract_id, p.market_id, p.places,
    p.is_own, f.due_day, f.expected_since, f.expected
from staging.feed_place as p
inner join raw.feed as f on f.feed = p.feed
inner join staging.feed_name as n on n.feed = p.feed
