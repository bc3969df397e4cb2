/* Members and claims in what a feed delivered of a table for a month, each counted once. Medical claims come from the
   claims already put together, and the superseded ones beside them. Grain: feed, table and month. */
MODEL (
  name staging.file_member,
  kind FULL
);

with medical as (
    select feed, file_name, claim_id, person_id, paid_date, start_date from staging.claim_header
    union all
    select feed, file_name, claim_id, max(person_id), max(paid_date), min(claim_start_date)
    from raw.medical_claim
    where is_superseded
    group by feed, file_name, claim_id
),

medical_month as (
    select
        m.feed,
        'medical_claim' as input_table,
        cast(date_trunc('month', coalesce(f.delivery_month, m.paid_date, m.start_date)) as date) as month,
        m.person_id,
        count(*) as claims
    from medical as m
    left join staging.delivered_file as f on f.feed = m.feed and f.file_name = m.file_name
    group by 1, 2, 3, 4
),

pharmacy_month as (
    select
        r.feed,
        'pharmacy_claim' as input_table,
        cast(date_trunc('month', coalesce(f.delivery_month, r.paid_date, r.dispensing_date)) as date) as month,
        r.person_id,
        sum(case when coalesce(r.claim_line_number, 1) = 1 then 1 else 0 end) as claims
    from raw.pharmacy_claim as r
    left join staging.delivered_file as f on f.feed = r.feed and f.file_name = r.file_name
    group by 1, 2, 3, 4
),

eligibility_month as (
    select distinct e.feed, 'eligibility' as input_table, f.delivery_month as month, e.person_id
    from raw.eligibility as e
    left join staging.delivered_file as f on f.feed = e.feed and f.file_name = e.file_name
)

select feed, input_table, month, count(*) as members, cast(sum(claims) as bigint) as claims
from medical_month
group by feed, input_table, month
union all
select feed, input_table, month, count(*), cast(sum(claims) as bigint)
from pharmacy_month
group by feed, input_table, month
union all
select feed, input_table, month, count(*), cast(null as bigint)
from eligibility_month
group by feed, input_table, month
