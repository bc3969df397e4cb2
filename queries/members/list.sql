-- answers: Which members are in scope, and what do they need next?
-- grain: one row per member
-- columns:
--   person_id: "id — the member, inside the warehouse"
--   name: "text — last name, first name"
--   first_name: "text — first name"
--   last_name: "text — last name"
--   age: "years — age"
--   sex: "text — sex as the payer sent it"
--   birth_date: "date — date of birth"
--   phone: "text — telephone number"
--   preferred_language: "text — language to speak with the member"
--   ed_visits_30d: "visits — ED visits of any disposition in the 30 days to data end"
--   ed_visits_90d: "visits — ED visits of any disposition in the 90 days to data end"
--   ed_visits_12m: "visits — ED visits of any disposition in the 12 months to data end"
--   last_ed_visit_date: "date — latest ED visit"
--   last_ed_facility: "text — facility of the latest ED visit"
--   last_ed_reason: "text — primary diagnosis of the latest ED visit"
--   followup_7d_status: "text — due, done, missed or none, for the latest ED visit"
--   followup_7d_due: "date — last day of the 7-day window"
--   followup_7d_on: "date — first qualifying follow-up"
--   last_touch_date: "date — latest successful contact"
--   next_appointment_date: "date — next booked appointment"
--   lead_staff_name: "text — who leads the member's care"
--   pcp_name: "text — primary care provider"
--   practice_name: "text — practice of the primary care provider"
--   care_team_name: "text — care team"
--   risk_score: "score — HCC risk adjustment factor"
--   risk_tier: "text — tier of the risk score"
--   conditions: "list of text — conditions found in claims"
--   open_gaps: "gaps — open quality gaps"
--   contract_name: "text — contract"
--   market_name: "text — market"
--   inpatient_stays_12m: "stays — inpatient stays in the 12 months to data end"
--   allowed_12m: "dollars — allowed in the 12 months to data end"
--   is_enrolled: "yes or no — enrolled in the data's last month"
--   total_rows: "rows — members that match, before paging"
-- params:
--   search: {type: str, meaning: 'part of a name or telephone number'}
--   show: {type: str, default: all, choices: [all, followup_due, frequent, no_contact_30d], meaning: 'which list'}
--   order_by: {type: str, default: ed_visits_30d, choices: [name, ed_visits_30d, ed_visits_90d, ed_visits_12m, last_ed_visit_date, followup_7d_due, last_touch_date, next_appointment_date, risk_score, open_gaps, allowed_12m, inpatient_stays_12m], meaning: 'what comes first'}
--   limit: {type: int, default: 1000000, meaning: 'rows of the page'}
--   offset: {type: int, default: 0, meaning: 'rows before the page'}
-- needs: [view_members]
with
-- "now" is the latest day of service in the snapshot
data_end as (
    select max(incurred_through) as day from mart.build
)

select
    member.person_id,
    member.last_name || ', ' || member.first_name as name,
    member.first_name,
    member.last_name,
    member.age,
    member.sex,
    member.birth_date,
    member.phone,
    member.preferred_language,
    member.ed_visits_30d,
    member.ed_visits_90d,
    member.ed_visits_12m,
    member.last_ed_visit_date,
    member.last_ed_facility,
    member.last_ed_reason,
    member.followup_7d_status,
    member.followup_7d_due,
    member.followup_7d_on,
    member.last_touch_date,
    member.next_appointment_date,
    member.lead_staff_name,
    member.pcp_name,
    member.practice_name,
    member.care_team_name,
    member.risk_score,
    member.risk_tier,
    member.conditions,
    member.open_gaps,
    contract.contract_name,
    market.market_name,
    member.inpatient_stays_12m,
    member.allowed_12m,
    member.is_enrolled,
    count(*) over () as total_rows
from mart.member as member
cross join data_end
left join permitted.contract as contract on contract.contract_id = member.contract_id
left join permitted.market as market on market.market_id = member.market_id
where case (:show)
        when 'all' then true
        when 'followup_due' then member.is_enrolled and member.followup_7d_status = 'due'
        when 'frequent' then member.is_enrolled and member.ed_visits_12m >= 4
        when 'no_contact_30d' then member.is_enrolled
            and (member.last_touch_date is null or member.last_touch_date < data_end.day - to_days(30))
    end
    and (:search is null or (
        contains(lower(member.first_name || ' ' || member.last_name), lower(:search))
        or contains(lower(member.last_name || ', ' || member.first_name), lower(:search))
        or contains(member.phone, :search)
    ))
order by
    case when :order_by = 'name' then member.last_name end nulls last,
    case when :order_by = 'name' then member.first_name end nulls last,
    case (:order_by)
        when 'ed_visits_30d' then member.ed_visits_30d
        when 'ed_visits_90d' then member.ed_visits_90d
        when 'ed_visits_12m' then member.ed_visits_12m
        when 'risk_score' then member.risk_score
        when 'open_gaps' then member.open_gaps
        when 'allowed_12m' then member.allowed_12m
        when 'inpatient_stays_12m' then member.inpatient_stays_12m
    end desc nulls last,
    case when :order_by = 'last_ed_visit_date' then member.last_ed_visit_date end desc nulls last,
    case (:order_by)
        when 'followup_7d_due' then member.followup_7d_due
        when 'last_touch_date' then member.last_touch_date
        when 'next_appointment_date' then member.next_appointment_date
    end asc nulls last,
    member.person_id
limit :limit offset :offset
