-- answers: Who was enrolled, for how many months, and with how many ED visits?
-- grain: one row per member enrolled in the window
-- metric: member_months
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
--   member_months: "member-months — months enrolled on any day"
--   pharmacy_member_months: "member-months — of those, with a pharmacy benefit"
--   visits: "visits — ED visits of any disposition in the window"
-- params:
--   month: {type: date, meaning: 'month of service; with window rolling_12m the month that ends the 12'}
--   market_id: {type: str, meaning: 'market'}
--   contract_id: {type: str, meaning: 'contract'}
--   line_of_business: {type: str, meaning: 'line of business'}
--   care_team_id: {type: str, meaning: 'care team; none = none'}
--   pcp_npi: {type: str, meaning: 'primary care provider; none = none'}
--   practice_name: {type: str, meaning: 'practice; none = none'}
--   window: {type: str, default: period, choices: [period, rolling_12m], meaning: 'the period, or the 12 months that end it'}
--   visits_from: {type: int, meaning: 'only members with at least so many ED visits in the window'}
--   visits_to: {type: int, meaning: 'only members with at most so many ED visits in the window'}
-- needs: [view_members]
with
enrolled as (
    select
        person_id,
        cast(sum(medical_member_months) as double) as member_months,
        cast(sum(pharmacy_member_months) as double) as pharmacy_member_months
    from mart.member_month
    where month between
        case when :window = 'rolling_12m'
            then cast(cast(coalesce(:month, :period_end) as date) - to_months(11) as date)
            else cast(coalesce(:month, :period_start) as date)
        end
        and cast(coalesce(:month, :period_end) as date)
        and (:market_id is null or market_id = :market_id)
        and (:contract_id is null or contract_id = :contract_id)
        and (:line_of_business is null or line_of_business = :line_of_business)
        and (:care_team_id is null or coalesce(care_team_id, 'none') = :care_team_id)
        and (:pcp_npi is null or coalesce(pcp_npi, 'none') = :pcp_npi)
        and (:practice_name is null or coalesce(practice_name, 'none') = :practice_name)
    group by person_id
),

visitor as (
    select person_id, count(*) as visits
    from mart.ed_visit
    where in_enrolment
        and month between
        case when :window = 'rolling_12m'
            then cast(cast(coalesce(:month, :period_end) as date) - to_months(11) as date)
            else cast(coalesce(:month, :period_start) as date)
        end
        and cast(coalesce(:month, :period_end) as date)
    group by person_id
)

select
    enrolled.person_id,
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
    enrolled.member_months,
    enrolled.pharmacy_member_months,
    coalesce(visitor.visits, 0) as visits
from enrolled
left join visitor on visitor.person_id = enrolled.person_id
-- a member who has moved to a market out of scope keeps the months, without today's details
left join permitted.member as member on member.person_id = enrolled.person_id
left join permitted.contract as contract on contract.contract_id = member.contract_id
left join permitted.market as market on market.market_id = member.market_id
where (:visits_from is null or coalesce(visitor.visits, 0) >= :visits_from)
    and (:visits_to is null or coalesce(visitor.visits, 0) <= :visits_to)
order by enrolled.person_id
