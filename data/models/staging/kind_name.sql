/* Each kind of file a feed brings or promises: what people call it, and what it is about. A kind that the project does
   not know (a mapping's own) is about the table it fills, and goes by its name in plain letters. Grain: feed, kind. */
MODEL (
  name staging.kind_name,
  kind FULL,
  grain (feed, kind)
);

with brought as (
    select feed, coalesce(kind, input_table) as kind, min(input_table) as input_table
    from raw.feed_file
    group by feed, coalesce(kind, input_table)
),

promised as (
    select f.feed, k.kind
    from raw.feed as f
    cross join unnest(string_split(f.expected, '|')) as k(kind)
    where f.expected <> ''
),

every_kind as (
    select feed, kind from brought
    union
    select feed, kind from promised
    union
    select feed, input_table from brought
),

/* How many kinds fill a table: the only one may go by the table's name. */
filling as (
    select feed, input_table, count(*) as kinds
    from brought
    group by feed, input_table
)

select
    e.feed,
    e.kind,
    coalesce(b.input_table, e.kind) as input_table,
    coalesce(
        k.words,
        case when f.kinds = 1 then t.words end,
        upper(substr(e.kind, 1, 1)) || replace(substr(e.kind, 2), '_', ' ')
    ) as words,
    coalesce(k.about, t.about, e.kind) as about
from every_kind as e
left join brought as b on b.feed = e.feed and b.kind = e.kind
left join filling as f on f.feed = e.feed and f.input_table = b.input_table
left join reference.file_kind as k on k.kind = e.kind
left join reference.file_kind as t on t.kind = b.input_table
