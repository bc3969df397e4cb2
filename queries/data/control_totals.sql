-- answers: Do members, claims and dollars of each delivery agree with the months before, and with the payer's own totals?
-- grain: one row per feed, month and table
-- metric: control_total_difference
-- columns:
--   feed: "text — source feed"
--   feed_name: "text — what people call it"
--   month: "month — of delivery, or of payment where the feed declares no deliveries"
--   kind: "text — table"
--   kind_words: "text — the table as people say it"
--   basis: "text — delivery or payment: what the month is of"
--   lines: "rows — loaded"
--   lines_in: "rows — in the files; null where the feed declares no deliveries"
--   lines_set_aside: "rows — set aside from these files"
--   members: "members — with a row; null when only part of the feed is in scope, like all that follow"
--   claims: "claims — distinct claims"
--   charge: "dollars — billed"
--   allowed: "dollars — allowed"
--   paid: "dollars — paid"
--   prior_lines: "rows — median of the three months before"
--   prior_members: "members — median of the three months before"
--   prior_claims: "claims — median of the three months before"
--   prior_charge: "dollars — median billed of the three months before"
--   prior_allowed: "dollars — median allowed of the three months before"
--   prior_paid: "dollars — median paid of the three months before"
--   has_payer_total: "yes or no — the payer sent totals of its own"
--   payer_lines: "rows — as the payer counts"
--   payer_members: "members — as the payer counts"
--   payer_claims: "claims — as the payer counts"
--   payer_charge: "dollars — billed, as the payer adds up"
--   payer_allowed: "dollars — allowed, as the payer adds up"
--   payer_paid: "dollars — paid, as the payer adds up"
--   paid_difference: "dollars — paid as loaded less the payer's own; zero when they agree"
-- params:
--   feed: {type: str, meaning: 'one feed'}
--   month: {type: date, meaning: 'one month'}
-- filters: []
with held as (
    select
        feed, month, kind,
        -- members and dollars are of the whole feed: shown to those who may see all the places it serves
        count(*) = max(places) as is_whole,
        max(feed_name) as feed_name, max(kind_words) as kind_words, max(basis) as basis,
        max(lines) as lines, max(lines_in) as lines_in, max(lines_set_aside) as lines_set_aside, max(members) as members, max(claims) as claims,
        max(charge) as charge, max(allowed) as allowed, max(paid) as paid,
        max(prior_lines) as prior_lines, max(prior_members) as prior_members, max(prior_claims) as prior_claims,
        max(prior_charge) as prior_charge, max(prior_allowed) as prior_allowed, max(prior_paid) as prior_paid,
        bool_or(has_payer_total) as has_payer_total, max(payer_lines) as payer_lines,
        max(payer_members) as payer_members, max(payer_claims) as payer_claims, max(payer_charge) as payer_charge,
        max(payer_allowed) as payer_allowed, max(payer_paid) as payer_paid
    from mart.control_total
    where (:feed is null or feed = :feed) and (:month is null or month = :month)
    group by feed, month, kind
)

select
    feed,
    feed_name,
    month,
    kind,
    kind_words,
    basis,
    lines,
    lines_in,
    lines_set_aside,
    case when is_whole then members end as members,
    case when is_whole then claims end as claims,
    case when is_whole then charge end as charge,
    case when is_whole then allowed end as allowed,
    case when is_whole then paid end as paid,
    prior_lines,
    case when is_whole then prior_members end as prior_members,
    case when is_whole then prior_claims end as prior_claims,
    case when is_whole then prior_charge end as prior_charge,
    case when is_whole then prior_allowed end as prior_allowed,
    case when is_whole then prior_paid end as prior_paid,
    has_payer_total,
    payer_lines,
    case when is_whole then payer_members end as payer_members,
    case when is_whole then payer_claims end as payer_claims,
    case when is_whole then payer_charge end as payer_charge,
    case when is_whole then payer_allowed end as payer_allowed,
    case when is_whole then payer_paid end as payer_paid,
    case when is_whole then round(paid - payer_paid, 2) + 0.0 end as paid_difference
from held
order by feed, kind, month
