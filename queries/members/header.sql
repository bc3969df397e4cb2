-- answers: Who is this member, and how are they?
-- grain: one row, or none if the member is out of scope
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
--   address: "text — street address"
--   city: "text — city"
--   state: "text — state"
--   zip_code: "text — postcode"
--   email: "text — e-mail"
--   sms_consent: "yes or no — agreed to text messages"
--   do_not_contact: "yes or no — asked not to be contacted"
--   race_ethnicity: "text — race and ethnicity as the payer sent them"
--   death_date: "date — date of death"
--   enrolled_since: "date — start of the present enrolment"
--   acuity: "1..5 — acuity set by the care team"
--   impactability: "0..1 — how likely help is to help; an estimate"
--   social_needs: "list of text — social needs recorded"
--   next_touch_due: "date — when the next contact is due"
--   line_of_business: "text — line of business"
-- params:
--   person_id: {type: str, required: true, meaning: 'the member'}
-- needs: [view_members]
-- filters: []
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
    member.address,
    member.city,
    member.state,
    member.zip_code,
    member.email,
    member.sms_consent,
    member.do_not_contact,
    member.race_ethnicity,
    member.death_date,
    member.enrolled_since,
    member.acuity,
    member.impactability,
    member.social_needs,
    member.next_touch_due,
    member.line_of_business
from mart.member as member
left join permitted.contract as contract on contract.contract_id = member.contract_id
left join permitted.market as market on market.market_id = member.market_id
where member.person_id = :person_id
