-- answers: How many members are in each list?
-- grain: one row
-- metric: frequent_users
-- columns:
--   all_members: "members — in scope"
--   followup_due: "members — enrolled, with a 7-day follow-up still due"
--   frequent: "members — enrolled, with 4 or more ED visits in the 12 months to data end"
--   no_contact_30d: "members — enrolled, without a successful contact in the 30 days to data end"
-- drill:
--   all_members: {question: members/list, params: {show: all}, count: rows}
--   followup_due: {question: members/list, params: {show: followup_due}, count: rows}
--   frequent: {question: members/list, params: {show: frequent}, count: rows}
--   no_contact_30d: {question: members/list, params: {show: no_contact_30d}, count: rows}
-- needs: [view_members]
with
-- "now" is the latest day of service in the snapshot
data_end as (
    select max(incurred_through) as day from mart.build
)

select
    count(*) as all_members,
    count(*) filter (where member.is_enrolled and member.followup_7d_status = 'due') as followup_due,
    count(*) filter (where member.is_enrolled and member.ed_visits_12m >= 4) as frequent,
    count(*) filter (
        where member.is_enrolled
            and (member.last_touch_date is null or member.last_touch_date < data_end.day - to_days(30))
    ) as no_contact_30d
from mart.member as member
cross join data_end
