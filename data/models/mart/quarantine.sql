/* Rows set aside, as read, each with one reason. Grain: feed, file, table and row. */
MODEL (
  name mart.quarantine,
  kind FULL
);

select
    feed, file_name, input_table, row_number, column_name, reason, row_json, 'unassigned' as contract_id,
    'unassigned' as market_id
from raw.quarantine
