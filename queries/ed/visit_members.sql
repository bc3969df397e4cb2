-- answers: Which members are behind a number of visits?
-- grain: one row per member with such a visit
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
--   visits: "visits — behind the number, made by this member"
-- params:
--   disposition: {type: str, choices: [treated_and_released, observation, admitted], meaning: 'how the visit ended'}
--   person_id: {type: str, meaning: 'one member'}
--   facility_npi: {type: str, meaning: 'hospital; none = not known'}
--   month: {type: date, meaning: 'month of service; with window rolling_12m the month that ends the 12'}
--   class: {type: str, choices: [avoidable, classified, non_emergent, primary_care_treatable, emergent_avoidable, emergent_not_avoidable, injury, mental_health, alcohol, drug, unclassified], meaning: 'class of the weights; avoidable = non-emergent + primary-care treatable'}
--   ahrq_pqe: {type: str, meaning: 'AHRQ condition set'}
--   diagnosis: {type: str, meaning: 'primary diagnosis; none = not known'}
--   diagnosis_category: {type: str, meaning: 'category of the primary diagnosis'}
--   weekday: {type: int, meaning: '1 (Monday) to 7'}
--   hour: {type: int, meaning: 'hour of arrival; -1 = not known'}
--   market_id: {type: str, meaning: 'market'}
--   contract_id: {type: str, meaning: 'contract'}
--   line_of_business: {type: str, meaning: 'line of business'}
--   care_team_id: {type: str, meaning: 'care team; none = none'}
--   pcp_npi: {type: str, meaning: 'primary care provider; none = none'}
--   practice_name: {type: str, meaning: 'practice; none = none'}
--   min_visits: {type: int, meaning: 'only members with at least so many visits of any disposition in the 12 months'}
--   visits_per_member_from: {type: int, meaning: 'only members with at least so many visits in the 12 months'}
--   visits_per_member_to: {type: int, meaning: 'only members with at most so many visits in the 12 months'}
--   followup_7d: {type: str, choices: [met, missed, pending, eligible], meaning: '7-day follow-up of treated-and-released visits'}
--   followup_30d: {type: str, choices: [met, missed, pending, eligible], meaning: '30-day follow-up of treated-and-released visits'}
--   window: {type: str, default: period, choices: [period, rolling_12m], meaning: 'the period, or the 12 months that end it'}
-- drill:
--   visits: {question: ed/visits, params: {person_id: $person_id, disposition: ':disposition', facility_npi: ':facility_npi', month: ':month', class: ':class', ahrq_pqe: ':ahrq_pqe', diagnosis: ':diagnosis', diagnosis_category: ':diagnosis_category', weekday: ':weekday', hour: ':hour', market_id: ':market_id', contract_id: ':contract_id', line_of_business: ':line_of_business', care_team_id: ':care_team_id', pcp_npi: ':pcp_npi', practice_name: ':practice_name', min_visits: ':min_visits', visits_per_member_from: ':visits_per_member_from', visits_per_member_to: ':visits_per_member_to', followup_7d: ':followup_7d', followup_30d: ':followup_30d', window: ':window'}, count: rows}
-- needs: [view_members]
with
-- visits of any disposition in the 12 months, for frequent users and the concentration curve
visitor as (
    select person_id, count(*) as visits
    from mart.ed_visit
    where in_enrolment
        and month between cast(cast(coalesce(:month, :period_end) as date) - to_months(11) as date) and cast(coalesce(:month, :period_end) as date)
    group by person_id
),

visit as (
    select
        person_id,
        case (:class)
                when 'avoidable' then avoidable_probability
                when 'classified' then case when unclassified < 1 then 1 else 0 end
                when 'non_emergent' then non_emergent
                when 'primary_care_treatable' then primary_care_treatable
                when 'emergent_avoidable' then emergent_avoidable
                when 'emergent_not_avoidable' then emergent_not_avoidable
                when 'injury' then injury
                when 'mental_health' then mental_health
                when 'alcohol' then alcohol
                when 'drug' then drug
                when 'unclassified' then unclassified
        end as class_weight
    from mart.ed_visit
    where in_enrolment
        and month between
            case when :window = 'rolling_12m'
                then cast(cast(coalesce(:month, :period_end) as date) - to_months(11) as date)
                else cast(coalesce(:month, :period_start) as date)
            end
            and cast(coalesce(:month, :period_end) as date)
        and (:disposition is null or disposition = :disposition)
        and (:person_id is null or person_id = :person_id)
        and (:facility_npi is null or coalesce(facility_npi, 'none') = :facility_npi)
        and (:ahrq_pqe is null or ahrq_pqe = :ahrq_pqe)
        and (:diagnosis is null or coalesce(primary_diagnosis, 'none') = :diagnosis)
        and (:diagnosis_category is null or coalesce(diagnosis_category, 'Not known') = :diagnosis_category)
        and (:weekday is null or weekday = :weekday)
        and (:hour is null or coalesce(arrival_hour, -1) = :hour)
        and (:market_id is null or market_id = :market_id)
        and (:contract_id is null or contract_id = :contract_id)
        and (:line_of_business is null or line_of_business = :line_of_business)
        and (:care_team_id is null or coalesce(care_team_id, 'none') = :care_team_id)
        and (:pcp_npi is null or coalesce(pcp_npi, 'none') = :pcp_npi)
        and (:practice_name is null or coalesce(practice_name, 'none') = :practice_name)
        and (:followup_7d is null or (disposition = 'treated_and_released' and case (:followup_7d)
            when 'met' then followed_up_7d
            when 'missed' then not followed_up_7d
            when 'pending' then followed_up_7d is null
            when 'eligible' then followed_up_7d is not null
        end))
        and (:followup_30d is null or (disposition = 'treated_and_released' and case (:followup_30d)
            when 'met' then followed_up_30d
            when 'missed' then not followed_up_30d
            when 'pending' then followed_up_30d is null
            when 'eligible' then followed_up_30d is not null
        end))
        and (:min_visits is null or person_id in (
            select frequent.person_id from visitor as frequent where frequent.visits >= :min_visits
        ))
        and (:visits_per_member_from is null or person_id in (
            select least_visits.person_id from visitor as least_visits
            where least_visits.visits >= :visits_per_member_from
        ))
        and (:visits_per_member_to is null or person_id in (
            select most_visits.person_id from visitor as most_visits
            where most_visits.visits <= :visits_per_member_to
        ))
),

behind as (
    select person_id, count(*) as visits
    from visit
    where (:class is null or visit.class_weight > 0)
    group by person_id
)

select
    behind.person_id,
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
    behind.visits
from behind
-- a member who has moved to a market out of scope keeps the visits, without today's details
left join permitted.member as member on member.person_id = behind.person_id
left join permitted.contract as contract on contract.contract_id = member.contract_id
left join permitted.market as market on market.market_id = member.market_id
order by behind.visits desc, behind.person_id
