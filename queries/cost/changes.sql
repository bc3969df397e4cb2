-- answers: What has changed since the snapshot before, month by month, and why?
-- grain: one row per month of service and cause of change; none after the first build
-- metric: [change_since_snapshot]
-- columns:
--   month: "month — first day of the month of service"
--   cause: "text — late_claims, reversals, retroactive_enrolment, re_attribution, definition_change or new_activity"
--   amount: "dollars — change, on the basis asked for"
--   medical_amount: "dollars — of it, without pharmacy"
--   pharmacy_amount: "dollars — of it, pharmacy"
--   member_months: "member-months — change"
--   pharmacy_member_months: "member-months — change, with a pharmacy benefit"
--   claims: "claims — change"
--   total_medical: "dollars — the months medical dollars now; before = now − all its changes"
--   total_pharmacy: "dollars — the months pharmacy dollars now"
--   total_member_months: "member-months — of the month now"
--   total_pharmacy_member_months: "member-months — of the month now, with a pharmacy benefit"
-- params:
--   basis: {type: str, default: allowed, choices: [allowed, paid], meaning: 'allowed dollars (plan and member) or paid dollars (plan only)'}
--   pharmacy: {type: bool, default: true, meaning: 'with pharmacy'}
--   months_back: {type: int, default: 23, meaning: 'months before the period''s end with which to begin'}
-- drill:
--   amount: {question: cost/change_members, params: {basis: ':basis', pharmacy: ':pharmacy', month: $month, cause: $cause}, count: "sum:amount"}
--   member_months: {question: cost/change_members, params: {basis: ':basis', pharmacy: ':pharmacy', month: $month, cause: $cause}, count: "sum:member_months"}
--   pharmacy_member_months: {question: cost/change_members, params: {basis: ':basis', pharmacy: ':pharmacy', month: $month, cause: $cause}, count: "sum:pharmacy_member_months"}
--   claims: {question: cost/change_members, params: {basis: ':basis', pharmacy: ':pharmacy', month: $month, cause: $cause}, count: "sum:claims"}
with
change as (
    select
        month, cause,
        coalesce(sum(case (:basis) when 'paid' then paid else allowed end), 0) as amount,
        coalesce(sum(case (:basis) when 'paid' then paid else allowed end)
            filter (where service_category_1 = 'pharmacy'), 0) as pharmacy_amount,
        coalesce(sum(member_months), 0) as member_months,
        coalesce(sum(pharmacy_member_months), 0) as pharmacy_member_months,
        coalesce(sum(claims), 0) as claims
    from mart.spend_change
    where month >= cast(cast(:period_end as date) - to_months(cast(:months_back as integer)) as date)
        and (:pharmacy or service_category_1 is null or service_category_1 <> 'pharmacy')
    group by month, cause
),

spend as (
    select
        month,
        sum(case (:basis) when 'paid' then paid else allowed end) as amount,
        coalesce(sum(case (:basis) when 'paid' then paid else allowed end)
            filter (where service_category_1 = 'pharmacy'), 0) as pharmacy_amount
    from mart.spend_group
    where month >= cast(cast(:period_end as date) - to_months(cast(:months_back as integer)) as date)
        and (:pharmacy or service_category_1 <> 'pharmacy')
    group by month
),

enrolment as (
    select month, sum(member_months) as member_months, sum(pharmacy_member_months) as pharmacy_member_months
    from mart.enrolment_group
    where month >= cast(cast(:period_end as date) - to_months(cast(:months_back as integer)) as date)
    group by month
)

select
    change.month,
    change.cause,
    change.amount,
    change.amount - change.pharmacy_amount as medical_amount,
    change.pharmacy_amount,
    change.member_months,
    change.pharmacy_member_months,
    change.claims,
    coalesce(spend.amount - spend.pharmacy_amount, 0) as total_medical,
    coalesce(spend.pharmacy_amount, 0) as total_pharmacy,
    cast(coalesce(enrolment.member_months, 0) as double) as total_member_months,
    cast(coalesce(enrolment.pharmacy_member_months, 0) as double) as total_pharmacy_member_months
from change
left join spend on spend.month = change.month
left join enrolment on enrolment.month = change.month
order by change.month, change.cause
