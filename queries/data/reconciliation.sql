-- answers: Does the money shown add up to the money loaded, feed by feed?
-- grain: one row per feed and kind of claim
-- metric: [medical_paid, paid_outside_enrolment]
-- columns:
--   feed: "text — source feed"
--   kind: "text — medical or pharmacy"
--   lines: "lines — claim lines loaded from the feed's files; null when only part of the feed is in scope"
--   paid_loaded: "dollars — paid on all claim lines loaded"
--   paid_enrolled: "dollars — paid in enrolled months"
--   paid_outside: "dollars — paid outside enrolment, counted apart"
--   difference: "dollars — loaded less enrolled less outside; zero when all is well"
-- params:
--   feed: {type: str, meaning: 'one feed'}
with
spend as (
    select
        feed,
        case when service_category_1 = 'pharmacy' then 'pharmacy' else 'medical' end as kind,
        sum(paid) as paid_loaded,
        coalesce(sum(paid) filter (where in_enrolment), 0) as paid_enrolled
    from mart.spend_month
    group by 1, 2
),

outside as (
    select feed, claim_kind as kind, sum(paid) as paid_outside
    from mart.claim_outside_enrolment
    group by feed, claim_kind
),

file as (
    select feed, replace(input_table, '_claim', '') as kind, sum(rows_loaded) as lines
    from mart.feed_file
    where input_table in ('medical_claim', 'pharmacy_claim')
    group by feed, input_table
)

select
    spend.feed,
    spend.kind,
    -- a file is counted whole: its lines stand beside these dollars only where nothing of it is out of scope
    case when :all_in_scope then file.lines end as lines,
    spend.paid_loaded,
    spend.paid_enrolled,
    coalesce(outside.paid_outside, 0) as paid_outside,
    -- + 0 turns a negative zero into zero
    round(spend.paid_loaded - spend.paid_enrolled - coalesce(outside.paid_outside, 0), 2) + 0.0 as difference
from spend
left join outside on outside.feed = spend.feed and outside.kind = spend.kind
left join file on file.feed = spend.feed and file.kind = spend.kind
where (:feed is null or spend.feed = :feed)
order by spend.feed, spend.kind
