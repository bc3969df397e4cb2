-- answers: How complete is each month, and how many member-months does it have?
-- grain: one row per month, from that of the earliest service
-- metric: member_months
-- columns:
--   month: "month — first day of the month of service"
--   member_months: "member-months — months enrolled on any day"
--   completion: "share 0..1 — part of the month's claims expected to be paid already; null if the feed has no paid dates"
--   is_mature: "yes or no — completion has reached every contract's threshold"
--   incurred_through: "date — latest service date that every contract of the month has"
--   paid_through: "date — latest payment date that every contract of the month has"
with enrolled as (
    select month, contract_id, sum(medical_member_months) as member_months
    from mart.member_month
    -- enrolment may reach back further than claims: nothing can be said of those months
    where month >= cast(:claims_begin as date)
    group by month, contract_id
)

select
    enrolled.month,
    cast(sum(enrolled.member_months) as double) as member_months,
    -- contracts without paid dates have no completion and do not weigh in
    sum(contract_month.completion_medical * enrolled.member_months)
        / nullif(sum(enrolled.member_months) filter (where contract_month.completion_medical is not null), 0)
        as completion,
    bool_and(coalesce(contract_month.is_mature, false)) as is_mature,
    min(contract_month.incurred_through) as incurred_through,
    min(contract_month.paid_through) as paid_through
from enrolled
left join mart.month as contract_month
    on contract_month.contract_id = enrolled.contract_id and contract_month.month = enrolled.month
group by enrolled.month
order by enrolled.month
