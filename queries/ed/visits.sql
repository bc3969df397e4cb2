-- answers: Which visits are behind a number?
-- grain: one row per ED visit
-- columns:
--   visit_id: "id — the visit, inside the warehouse"
--   person_id: "id — the member, inside the warehouse"
--   name: "text — last name, first name"
--   age: "years — age"
--   sex: "text — sex as the payer sent it"
--   visit_date: "date — first day of the visit"
--   facility_name: "text — name of the hospital"
--   disposition: "text — treated_and_released, observation or admitted"
--   primary_diagnosis: "ICD-10-CM code — primary diagnosis, without dot"
--   diagnosis_description: "text — what the code means"
--   diagnosis_category: "text — category of the primary diagnosis"
--   class_weight: "probability 0..1 — weight of the class asked for, else null; a population measure"
--   followed_up_7d: "yes or no — followed up within 7 days; null while the window is open"
--   followed_up_30d: "yes or no — followed up within 30 days; null while the window is open"
--   allowed: "dollars — allowed for the visits, facility and professional"
--   paid: "dollars — paid for the visits, facility and professional"
--   pcp_name: "text — primary care provider"
--   lead_staff_name: "text — who leads the member's care"
--   contract_name: "text — contract"
--   market_name: "text — market"
--   source: "text — where it is known from"
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
        visit_id, person_id, visit_date, facility_name, disposition, primary_diagnosis, diagnosis_description,
        diagnosis_category, followed_up_7d, followed_up_30d, allowed, paid, pcp_name, lead_staff_id, contract_id,
        market_id, age, sex, source,
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
)

select
    visit.visit_id,
    visit.person_id,
    member.last_name || ', ' || member.first_name as name,
    visit.age,
    visit.sex,
    visit.visit_date,
    visit.facility_name,
    visit.disposition,
    visit.primary_diagnosis,
    visit.diagnosis_description,
    visit.diagnosis_category,
    cast(visit.class_weight as double) as class_weight,
    visit.followed_up_7d,
    visit.followed_up_30d,
    visit.allowed,
    visit.paid,
    visit.pcp_name,
    staff.staff_name as lead_staff_name,
    contract.contract_name,
    market.market_name,
    visit.source
from visit
-- a member who has moved to a market out of scope keeps the visit, without today's details
left join permitted.member as member on member.person_id = visit.person_id
left join permitted.staff as staff on staff.staff_id = visit.lead_staff_id
left join permitted.contract as contract on contract.contract_id = visit.contract_id
left join permitted.market as market on market.market_id = visit.market_id
where (:class is null or visit.class_weight > 0)
order by visit.visit_date desc, visit.visit_id
