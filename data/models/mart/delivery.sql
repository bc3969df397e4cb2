/* What arrived and what should have: one row per feed, month of delivery and kind of file, repeated for each contract and
   market the feed serves. A file of a month is due on the due day of the month after. A kind nobody expects is 'extra';
   where the payer's totals say that there was nothing to send, it is 'nothing'; files of a feed that declares no deliveries are 'undated'. Grain: feed, contract, market, month, kind. */
MODEL (
  name mart.delivery,
  kind FULL,
  depends_on (mart.contract, mart.market),
  audits (
    key_is_unique(columns := (feed, contract_id, market_id, delivery_month, kind)),
    exists_in_dimension(column := contract_id, dimension := mart.contract, key := contract_id),
    exists_in_dimension(column := market_id, dimension := mart.market, key := market_id)
  )
);

with built as (
    select cast(max(built_at) as date) as built_on from raw.run
),

arrived as (
    select
        feed,
        coalesce(kind, input_table) as kind,
        delivery_month,
        max(case when status = 'loaded' then received_on end) as received_on,
        sum(case when status = 'loaded' then 1 else 0 end) as files,
        sum(case when status = 'duplicate' then 1 else 0 end) as duplicate_files,
        sum(case when status = 'loaded' then rows_in else 0 end) as rows_in,
        sum(case when status = 'loaded' then rows_loaded else 0 end) as rows_loaded,
        sum(case when status = 'loaded' then rows_quarantined else 0 end) as rows_quarantined,
        sum(case when status = 'loaded' then coalesce(rows_filtered, 0) else 0 end) as rows_filtered,
        sum(case when status = 'loaded' then coalesce(rows_superseded, 0) else 0 end) as rows_superseded
    from raw.feed_file
    group by feed, coalesce(kind, input_table), delivery_month
),

promised as (
    select f.feed, k.kind, coalesce(f.due_day, 15) as due_day, cast(date_trunc('month', f.expected_since) as date) as since
    from raw.feed as f
    cross join unnest(string_split(f.expected, '|')) as k(kind)
    where f.expected_since is not null and f.expected <> ''
),

month as (
    select cast(g.month as date) as month
    from (select min(since) as since from promised) as p
    cross join built as b
    cross join unnest(generate_series(p.since, b.built_on, interval '1' month)) as g(month)
),

due as (
    select
        p.feed,
        p.kind,
        m.month as delivery_month,
        cast(m.month + interval '1' month + (p.due_day - 1) * interval '1' day as date) as due_on
    from promised as p
    inner join month as m on m.month >= p.since
),

/* The payer says it had nothing to send: a change file of a month without changes. */
nothing as (
    select distinct k.feed, k.kind, t.delivery_month
    from raw.control_total as t
    inner join staging.kind_name as k on k.feed = t.feed and t.input_table in (k.kind, k.input_table)
    where t.rows = 0
),

matched as (
    select
        coalesce(d.feed, a.feed) as feed,
        coalesce(d.kind, a.kind) as kind,
        coalesce(d.delivery_month, a.delivery_month) as delivery_month,
        d.due_on,
        d.feed is not null as is_expected,
        a.received_on,
        coalesce(a.files, 0) as files,
        coalesce(a.duplicate_files, 0) as duplicate_files,
        coalesce(a.rows_in, 0) as rows_in,
        coalesce(a.rows_loaded, 0) as rows_loaded,
        coalesce(a.rows_quarantined, 0) as rows_quarantined,
        coalesce(a.rows_filtered, 0) as rows_filtered,
        coalesce(a.rows_superseded, 0) as rows_superseded
    from due as d
    full outer join arrived as a
        on a.feed = d.feed and a.kind = d.kind and a.delivery_month = d.delivery_month
)

select
    m.feed,
    n.feed_name,
    p.contract_id,
    p.market_id,
    p.places,
    m.delivery_month,
    m.kind,
    coalesce(k.words, m.kind) as kind_words,
    m.is_expected,
    case
        when m.delivery_month is null then 'undated'
        when m.files = 0 and z.feed is not null then 'nothing'
        when m.files = 0 and m.is_expected then 'missing'
        when m.files = 0 then 'repeated'
        when not m.is_expected then 'extra'
        when m.received_on > m.due_on then 'late'
        else 'arrived'
    end as status,
    m.due_on,
    m.received_on,
    case when m.received_on > m.due_on then cast(m.received_on - m.due_on as integer) else 0 end as days_late,
    cast(m.files as integer) as files,
    cast(m.duplicate_files as integer) as duplicate_files,
    cast(m.rows_in as bigint) as rows_in,
    cast(m.rows_loaded as bigint) as rows_loaded,
    cast(m.rows_quarantined as bigint) as rows_quarantined,
    cast(m.rows_filtered as bigint) as rows_filtered,
    cast(m.rows_superseded as bigint) as rows_superseded
from matched as m
inner join staging.feed_place as p on p.feed = m.feed
inner join staging.feed_name as n on n.feed = m.feed
left join staging.kind_name as k on k.feed = m.feed and k.kind = m.kind
left join nothing as z on z.feed = m.feed and z.kind = m.kind and z.delivery_month = m.delivery_month
cross join built as b
/* not yet due and not yet here: nothing to say */
where m.files > 0 or m.duplicate_files > 0 or m.due_on <= b.built_on
