-- answers: Which feeds are there, and which contracts do they bring?
-- grain: one row per feed and contract
-- columns:
--   feed: "text — source feed"
--   feed_name: "text — what people call it"
--   contract_id: "id — contract; null for a feed that brings none of its own"
--   contract_name: "text — contract"
-- filters: []
select distinct
    feed.feed,
    feed.feed_name,
    case when feed.is_own then feed.contract_id end as contract_id,
    case when feed.is_own then contract.contract_name end as contract_name
from mart.feed as feed
left join permitted.contract as contract on contract.contract_id = feed.contract_id
order by 2, 1, 4
