-- answers: How much of the money do the costliest members take?
-- grain: one row per part of the members, the costliest first
-- metric: [cost_concentration]
-- columns:
--   top_share: "share 0..1 — of the members, the costliest first"
--   members: "members — so many; rounded up"
--   amount: "dollars — to date, of these members"
--   share: "share 0..1 — of all dollars"
--   from_amount: "dollars — of the least costly of them"
-- params:
--   basis: {type: str, default: allowed, choices: [allowed, paid], meaning: 'allowed dollars (plan and member) or paid dollars (plan only)'}
--   truncated: {type: bool, default: false, meaning: 'without the dollars above the contract''s yearly cap per member'}
--   pharmacy: {type: bool, default: true, meaning: 'with pharmacy'}
-- drill:
--   amount: {question: cost/members, params: {basis: ':basis', truncated: ':truncated', pharmacy: ':pharmacy', top: $members}, count: "sum:amount"}
with
enrolled as (
    select count(distinct person_id) as members from mart.member_month where month between :period_start and :period_end
),

person as (
    select person_id, coalesce(sum(case
            when :truncated then case (:basis) when 'paid' then paid_truncated else allowed_truncated end
            when :basis = 'paid' then paid
            else allowed
        end), 0) as amount
    from mart.spend_month
    where in_enrolment
        and month between :period_start and :period_end
        and (:pharmacy or service_category_1 <> 'pharmacy')
    group by person_id
),

ranked as (
    select amount, row_number() over (order by amount desc, person_id) as place from person
),

part as (
    select tops.top_share, cast(ceil(round(tops.top_share * enrolled.members, 6)) as bigint) as members
    from (values (0.01), (0.05), (0.1), (0.2), (0.5), (1.0)) as tops(top_share)
    cross join enrolled
),

whole as (
    select sum(amount) as amount, count(*) as members from ranked
)

select
    cast(part.top_share as double) as top_share,
    part.members,
    coalesce(sum(ranked.amount), 0) as amount,
    sum(ranked.amount) / nullif(max(whole.amount), 0) as share,
    case when part.members <= max(whole.members) then min(ranked.amount) else 0.0 end as from_amount
from part
cross join whole
left join ranked on ranked.place <= part.members
group by part.top_share, part.members
order by part.top_share
