/* Rows set aside, as read, each with one reason. A row's contract is that of its feed, where the feed has only one; its
   market is not known. Grain: feed, file, table and row. */
MODEL (
  name mart.quarantine,
  kind FULL
);

with only_contract as (
    select feed, max(contract_id) as contract_id
    from raw.contract
    where contract_id is not null
    group by feed
    having count(distinct contract_id) = 1
)

select
    q.feed, q.file_name, q.input_table, q.row_number, q.column_name, q.reason, q.row_json,
    coalesce(c.contract_id, 'unassigned') as contract_id, 'unassigned' as market_id, f.delivery_month
from raw.quarantine as q
left join only_contract as c on c.feed = q.feed
left join staging.delivered_file as f on f.feed = q.feed and f.file_name = q.file_name
