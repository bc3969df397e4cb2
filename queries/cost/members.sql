-- answers: Which members are behind an amount?
-- grain: one row per member with a claim line behind it
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
--   amount: "dollars — behind the number, of this member"
--   claims: "claims — behind the number; one claim of several months or parts counts in each"
--   units: "units — stays, visits, fills or services"
--   total_rows: "rows — members that match, before paging"
--   total_amount: "dollars — of all members that match"
--   total_units: "units — of all members that match"
-- params:
--   basis: {type: str, default: allowed, choices: [allowed, paid], meaning: 'allowed dollars (plan and member) or paid dollars (plan only)'}
--   truncated: {type: bool, default: false, meaning: 'without the dollars above the contract''s yearly cap per member'}
--   pharmacy: {type: bool, default: true, meaning: 'with pharmacy'}
--   part: {type: str, default: amount, choices: [amount, over, under], meaning: 'the amount, or the part of it above or under the large-claimant threshold'}
--   month: {type: date, meaning: 'month of service; none = the period'}
--   year: {type: int, meaning: 'calendar year of service'}
--   market_id: {type: str, meaning: 'market'}
--   contract_id: {type: str, meaning: 'contract'}
--   line_of_business: {type: str, meaning: 'line of business'}
--   care_team_id: {type: str, meaning: 'care team; none = none'}
--   pcp_npi: {type: str, meaning: 'primary care provider; none = none'}
--   practice_name: {type: str, meaning: 'practice of the primary care provider; none = none'}
--   service_category_1: {type: str, meaning: 'service category'}
--   service_category_2: {type: str, meaning: 'part of the service category; none = none'}
--   provider_npi: {type: str, meaning: 'group NPI of the provider; none = none'}
--   provider_group: {type: str, meaning: 'practice or facility that rendered the service; none = none'}
--   specialty: {type: str, meaning: 'specialty of the provider; none = not known'}
--   network: {type: str, choices: [in, out, unknown], meaning: 'inside or outside the network'}
--   referable: {type: bool, meaning: 'services that are referred (yes), or the others (no)'}
--   large: {type: bool, meaning: 'members above the large-claimant threshold that year (yes), or the others (no)'}
--   drug: {type: str, meaning: 'drug, as cost/drugs calls it'}
--   is_generic: {type: bool, meaning: 'generic drugs (yes), or brands (no)'}
--   is_specialty: {type: bool, meaning: 'specialty drugs (yes), or the others (no)'}
--   classified: {type: bool, meaning: 'drugs known to be generic or brand (yes), or the others (no)'}
--   days_supply_from: {type: int, meaning: 'fills for at least so many days'}
--   top: {type: int, meaning: 'only so many members, those with the largest amount'}
--   search: {type: str, meaning: 'part of a name or telephone number'}
--   order_by: {type: str, default: amount, choices: [amount, units, name, risk_score, ed_visits_12m], meaning: 'what comes first'}
--   limit: {type: int, default: 1000000, meaning: 'rows of the page'}
--   offset: {type: int, default: 0, meaning: 'rows before the page'}
-- drill:
--   amount: {question: cost/claims, params: {person_id: $person_id, basis: ':basis', truncated: ':truncated', pharmacy: ':pharmacy', part: ':part', month: ':month', year: ':year', market_id: ':market_id', contract_id: ':contract_id', line_of_business: ':line_of_business', care_team_id: ':care_team_id', pcp_npi: ':pcp_npi', practice_name: ':practice_name', service_category_1: ':service_category_1', service_category_2: ':service_category_2', provider_npi: ':provider_npi', provider_group: ':provider_group', specialty: ':specialty', network: ':network', referable: ':referable', large: ':large', drug: ':drug', is_generic: ':is_generic', is_specialty: ':is_specialty', classified: ':classified', days_supply_from: ':days_supply_from'}, count: "sum:amount"}
--   units: {question: cost/claims, params: {person_id: $person_id, basis: ':basis', truncated: ':truncated', pharmacy: ':pharmacy', part: ':part', month: ':month', year: ':year', market_id: ':market_id', contract_id: ':contract_id', line_of_business: ':line_of_business', care_team_id: ':care_team_id', pcp_npi: ':pcp_npi', practice_name: ':practice_name', service_category_1: ':service_category_1', service_category_2: ':service_category_2', provider_npi: ':provider_npi', provider_group: ':provider_group', specialty: ':specialty', network: ':network', referable: ':referable', large: ':large', drug: ':drug', is_generic: ':is_generic', is_specialty: ':is_specialty', classified: ':classified', days_supply_from: ':days_supply_from'}, count: "sum:units"}
-- needs: [view_members]
with
line as (
    select contract_id, line_of_business from mart.contract
),

-- what a drug is, only the claim line knows
source_row as (
    select
        person_id, contract_id, market_id, care_team_id, pcp_npi, practice_name, month, service_category_1,
        service_category_2, provider_npi_group, provider_group, specialty, network, is_referable, paid, allowed,
        paid_truncated, allowed_truncated, paid_over, allowed_over, claims, units,
        cast(null as varchar) as drug, cast(null as boolean) as is_generic, cast(null as boolean) as is_specialty,
        cast(null as integer) as days_supply
    from mart.spend_month
    where in_enrolment
        and not (
            :drug is not null or :is_generic is not null or :is_specialty is not null or :classified is not null
            or :days_supply_from is not null
        )
    union all
    select
        person_id, contract_id, market_id, care_team_id, pcp_npi, practice_name, month, service_category_1,
        service_category_2, provider_npi_group, provider_group, specialty, network, is_referable, paid, allowed,
        paid_truncated, allowed_truncated, paid_over, allowed_over, 1 as claims, units, drug, is_generic, is_specialty,
        days_supply
    from mart.claim_line
    where in_enrolment
        and service_category_1 = 'pharmacy'
        and (
            :drug is not null or :is_generic is not null or :is_specialty is not null or :classified is not null
            or :days_supply_from is not null
        )
),

spend_row as (
    select
        person_id,
        case
            when :truncated then case (:basis) when 'paid' then paid_truncated else allowed_truncated end
            when :basis = 'paid' then paid
            else allowed
        end as amount,
        case when :truncated then 0.0 when :basis = 'paid' then paid_over else allowed_over end as over_amount,
        claims,
        units
    from source_row
    where month between cast(coalesce(:month, :period_start) as date) and cast(coalesce(:month, :period_end) as date)
        and (:pharmacy or service_category_1 <> 'pharmacy')
        and (:year is null or year(month) = :year)
        and (:market_id is null or market_id = :market_id)
        and (:contract_id is null or contract_id = :contract_id)
        and (:line_of_business is null or contract_id in (
            select line.contract_id from line where line.line_of_business = :line_of_business
        ))
        and (:care_team_id is null or coalesce(care_team_id, 'none') = :care_team_id)
        and (:pcp_npi is null or coalesce(pcp_npi, 'none') = :pcp_npi)
        and (:practice_name is null or coalesce(practice_name, 'none') = :practice_name)
        and (:service_category_1 is null or service_category_1 = :service_category_1)
        and (:service_category_2 is null or coalesce(service_category_2, 'none') = :service_category_2)
        and (:provider_npi is null or coalesce(provider_npi_group, 'none') = :provider_npi)
        and (:provider_group is null or coalesce(provider_group, 'none') = :provider_group)
        and (:specialty is null or coalesce(specialty, 'none') = :specialty)
        and (:network is null or coalesce(network, 'unknown') = :network)
        and (:referable is null or coalesce(is_referable, false) = :referable)
        and (:large is null or (case (:basis) when 'paid' then paid_over else allowed_over end <> 0) = :large)
        and (:drug is null or coalesce(drug, 'none') = :drug)
        and (:is_generic is null or is_generic = :is_generic)
        and (:is_specialty is null or is_specialty = :is_specialty)
        and (:classified is null or (is_generic is not null) = :classified)
        and (:days_supply_from is null or days_supply >= :days_supply_from)
),

behind as (
    select
        person_id,
        coalesce(sum(case (:part)
            when 'over' then over_amount
            when 'under' then amount - over_amount
            else amount
        end), 0) as amount,
        sum(claims) as claims,
        coalesce(sum(units), 0) as units
    from spend_row
    where :part <> 'over' or over_amount <> 0
    group by person_id
),

ranked as (
    select *, row_number() over (order by amount desc, person_id) as place from behind
),

matched as (
    select ranked.*, member.last_name, member.first_name, member.risk_score, member.ed_visits_12m
    from ranked
    left join permitted.member as member on member.person_id = ranked.person_id
    where (:top is null or ranked.place <= :top)
        and (:search is null or (
            contains(lower(member.first_name || ' ' || member.last_name), lower(:search))
            or contains(lower(member.last_name || ', ' || member.first_name), lower(:search))
            or contains(member.phone, :search)
        ))
),

-- what is shown of a member is read for the page only
page as (
    select
        person_id, amount, claims, units,
        row_number() over (
            order by
                case when :order_by = 'name' then last_name end nulls last,
                case when :order_by = 'name' then first_name end nulls last,
                case (:order_by)
                    when 'units' then units
                    when 'risk_score' then risk_score
                    when 'ed_visits_12m' then ed_visits_12m
                end desc nulls last,
                amount desc,
                person_id
        ) as line,
        count(*) over () as total_rows,
        sum(amount) over () as total_amount,
        sum(units) over () as total_units
    from matched
    order by line
    limit :limit offset :offset
)

select
    page.person_id,
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
    page.amount,
    page.claims,
    page.units,
    page.total_rows,
    page.total_amount,
    page.total_units
from page
-- a member who has moved to a market out of scope keeps the dollars, without today's details
left join permitted.member as member on member.person_id = page.person_id
left join permitted.contract as contract on contract.contract_id = member.contract_id
left join permitted.market as market on market.market_id = member.market_id
order by page.line
