/* Codes that the reference does not have, or that cannot be one: as they were sent, with how often and when. Repeated for
   each contract and market the feed serves. Grain: feed, contract, market, table, column and code. */
MODEL (
  name mart.unmapped_code,
  kind FULL,
  depends_on (mart.contract, mart.market),
  audits (
    key_is_unique(columns := (feed, contract_id, market_id, kind, column_name, code)),
    exists_in_dimension(column := contract_id, dimension := mart.contract, key := contract_id),
    exists_in_dimension(column := market_id, dimension := mart.market, key := market_id)
  )
);

with counted as (
    select
        c.feed, c.input_table as kind, c.column_name, c.code, cast(null as varchar) as description, sum(c.lines) as lines,
        min(f.delivery_month) as first_month, max(f.delivery_month) as last_month
    from staging.code_count as c
    left join staging.delivered_file as f on f.feed = c.feed and f.file_name = c.file_name
    where
        not c.is_valid and c.code is not null
        and c.column_name in (
            'diagnosis_code_1', 'revenue_center_code', 'place_of_service_code', 'drg_code', 'discharge_disposition_code',
            'bill_type_code', 'ndc_code'
        )
    group by c.feed, c.input_table, c.column_name, c.code
),

/* Codes of medical records that no table of the project translates; the column is the code system. */
untranslated as (
    select
        c.feed, c.use as kind, c.code_system as column_name, c.code, max(c.description) as description,
        sum(c.rows) as lines, min(f.delivery_month) as first_month, max(f.delivery_month) as last_month
    from raw.unmapped_code as c
    left join staging.delivered_file as f on f.feed = c.feed and f.file_name = c.file_name
    group by c.feed, c.use, c.code_system, c.code
),

unmapped as (
    select feed, kind, column_name, code, description, lines, first_month, last_month from counted
    union all
    select feed, kind, column_name, code, description, lines, first_month, last_month from untranslated
)

select
    u.feed,
    n.feed_name,
    p.contract_id,
    p.market_id,
    p.places,
    u.kind,
    coalesce(k.words, upper(substr(u.kind, 1, 1)) || substr(u.kind, 2)) as kind_words,
    u.column_name,
    u.code,
    u.description,
    cast(u.lines as bigint) as lines,
    u.first_month,
    u.last_month
from unmapped as u
inner join staging.feed_place as p on p.feed = u.feed
inner join staging.feed_name as n on n.feed = u.feed
left join reference.file_kind as k on k.kind = u.kind
