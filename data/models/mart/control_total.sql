/* Control totals: members, claims and dollars of what was loaded of each table per month of delivery (of payment, where a
   feed declares no deliveries), the payer's own totals beside them where it gives any, and the median of the three months
   before. Superseded rows are in, as the payer sent them. Repeated for each contract and market the feed serves: dollars
   are of the whole feed, for those who may see all its places. Grain: feed, contract, market, month, table. */
MODEL (
  name mart.control_total,
  kind FULL,
  depends_on (mart.contract, mart.market),
  audits (
    key_is_unique(columns := (feed, contract_id, market_id, month, kind)),
    exists_in_dimension(column := contract_id, dimension := mart.contract, key := contract_id),
    exists_in_dimension(column := market_id, dimension := mart.market, key := market_id)
  )
);

with summed as (
    select
        feed, input_table as kind, month, bool_or(is_delivery) as is_delivery, sum(lines) as lines,
        sum(charge_amount) as charge, sum(allowed_amount) as allowed, sum(paid_amount) as paid
    from staging.file_total
    where month is not null
    group by feed, input_table, month
),

loaded as (
    select s.*, m.members, m.claims
    from summed as s
    left join staging.file_member as m on m.feed = s.feed and m.input_table = s.kind and m.month = s.month
),

arrived as (
    select
        feed, input_table as kind, delivery_month as month, sum(rows_in) as lines, sum(rows_quarantined) as lines_set_aside
    from raw.feed_file
    where status = 'loaded' and delivery_month is not null
    group by feed, input_table, delivery_month
),

/* A payer may name its totals by the kind of its file (claim_detail) or by the table it fills (medical_claim). */
table_of_kind as (
    select feed, kind, max(input_table) as input_table
    from raw.feed_file
    where kind is not null
    group by feed, kind
),

payer as (
    select
        t.feed, coalesce(k.input_table, t.input_table) as kind, t.delivery_month as month, sum(t.rows) as lines,
        sum(t.members) as members, sum(t.claims) as claims, sum(t.charge_amount) as charge,
        sum(t.allowed_amount) as allowed, sum(t.paid_amount) as paid
    from raw.control_total as t
    left join table_of_kind as k on k.feed = t.feed and k.kind = t.input_table
    group by 1, 2, 3
),

both_sides as (
    select
        coalesce(l.feed, y.feed) as feed,
        coalesce(l.kind, y.kind) as kind,
        coalesce(l.month, y.month) as month,
        case when coalesce(l.is_delivery, true) then 'delivery' else 'payment' end as basis,
        l.lines, l.members, l.claims, l.charge, l.allowed, l.paid,
        q.lines as lines_in,
        coalesce(q.lines_set_aside, 0) as lines_set_aside,
        y.feed is not null as has_payer_total,
        y.lines as payer_lines, y.members as payer_members, y.claims as payer_claims,
        y.charge as payer_charge, y.allowed as payer_allowed, y.paid as payer_paid
    from loaded as l
    full outer join payer as y on y.feed = l.feed and y.kind = l.kind and y.month = l.month
    left join arrived as q
        on q.feed = coalesce(l.feed, y.feed) and q.kind = coalesce(l.kind, y.kind) and q.month = coalesce(l.month, y.month)
),

/* The median of three is what remains of them without the least and the greatest. */
before as (
    select
        *,
        lag(lines, 1) over earlier as lines_1, lag(lines, 2) over earlier as lines_2, lag(lines, 3) over earlier as lines_3,
        lag(members, 1) over earlier as members_1, lag(members, 2) over earlier as members_2,
        lag(members, 3) over earlier as members_3,
        lag(claims, 1) over earlier as claims_1, lag(claims, 2) over earlier as claims_2, lag(claims, 3) over earlier as claims_3,
        lag(charge, 1) over earlier as charge_1, lag(charge, 2) over earlier as charge_2, lag(charge, 3) over earlier as charge_3,
        lag(allowed, 1) over earlier as allowed_1, lag(allowed, 2) over earlier as allowed_2,
        lag(allowed, 3) over earlier as allowed_3,
        lag(paid, 1) over earlier as paid_1, lag(paid, 2) over earlier as paid_2, lag(paid, 3) over earlier as paid_3
    from both_sides
    window earlier as (partition by feed, kind order by month)
)

select
    b.feed,
    n.feed_name,
    p.contract_id,
    p.market_id,
    p.places,
    b.month,
    b.kind,
    coalesce(k.words, b.kind) as kind_words,
    b.basis,
    cast(b.lines as bigint) as lines,
    cast(b.members as bigint) as members,
    cast(b.claims as bigint) as claims,
    cast(b.charge as double) as charge,
    cast(b.allowed as double) as allowed,
    cast(b.paid as double) as paid,
    cast(b.lines_in as bigint) as lines_in,
    cast(b.lines_set_aside as bigint) as lines_set_aside,
    b.has_payer_total,
    cast(b.payer_lines as bigint) as payer_lines,
    cast(b.payer_members as bigint) as payer_members,
    cast(b.payer_claims as bigint) as payer_claims,
    cast(b.payer_charge as double) as payer_charge,
    cast(b.payer_allowed as double) as payer_allowed,
    cast(b.payer_paid as double) as payer_paid,
    cast(lines_1 + lines_2 + lines_3 - least(lines_1, lines_2, lines_3) - greatest(lines_1, lines_2, lines_3) as double)
        as prior_lines,
    cast(members_1 + members_2 + members_3 - least(members_1, members_2, members_3)
        - greatest(members_1, members_2, members_3) as double) as prior_members,
    cast(claims_1 + claims_2 + claims_3 - least(claims_1, claims_2, claims_3) - greatest(claims_1, claims_2, claims_3)
        as double) as prior_claims,
    cast(charge_1 + charge_2 + charge_3 - least(charge_1, charge_2, charge_3) - greatest(charge_1, charge_2, charge_3)
        as double) as prior_charge,
    cast(allowed_1 + allowed_2 + allowed_3 - least(allowed_1, allowed_2, allowed_3)
        - greatest(allowed_1, allowed_2, allowed_3) as double) as prior_allowed,
    cast(paid_1 + paid_2 + paid_3 - least(paid_1, paid_2, paid_3) - greatest(paid_1, paid_2, paid_3) as double)
        as prior_paid
from before as b
inner join staging.feed_place as p on p.feed = b.feed
inner join staging.feed_name as n on n.feed = b.feed
left join staging.kind_name as k on k.feed = b.feed and k.kind = b.kind
