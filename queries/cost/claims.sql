-- answers: Which claim lines are behind an amount?
-- grain: one row per claim line
-- columns:
--   claim_line_id: "id — the line, inside the warehouse"
--   claim_id: "id — the claim, inside the warehouse"
--   claim_line_number: "number — of the line on the claim"
--   claim_type: "text — institutional, professional or pharmacy"
--   person_id: "id — the member, inside the warehouse"
--   name: "text — last name, first name"
--   service_date: "date — of service, or of dispensing"
--   month: "month — of the claim's start, in which it counts"
--   paid_date: "date — paid"
--   service_category_1: "text — service category"
--   service_category_2: "text — part of the category"
--   provider_npi: "NPI — group NPI of the provider"
--   provider_name: "text — name of the provider"
--   provider_group: "text — practice, else facility"
--   specialty: "text — specialty of the provider"
--   network: "text — in, out or unknown"
--   diagnosis_code: "ICD-10-CM code — first diagnosis, without dot"
--   procedure_code: "HCPCS or CPT code — of the line"
--   drg_code: "MS-DRG code — of the stay"
--   revenue_center_code: "NUBC code — revenue centre of the line"
--   drug_name: "text — drug dispensed"
--   days_supply: "days — of supply"
--   units: "units — stays, visits, fills or services that the line brings"
--   amount: "dollars — behind the number"
--   paid: "dollars — paid"
--   allowed: "dollars — allowed"
--   is_cancelled: "yes or no — cancelled, cancelling or replaced: money, and no units"
--   contract_name: "text — contract"
--   market_name: "text — market"
--   total_rows: "rows — lines that match, before paging"
--   total_amount: "dollars — of all lines that match"
--   total_units: "units — of all lines that match"
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
--   person_id: {type: str, meaning: 'one member'}
--   limit: {type: int, default: 1000000, meaning: 'rows of the page'}
--   offset: {type: int, default: 0, meaning: 'rows before the page'}
-- needs: [view_members]
with
line as (
    select contract_id, line_of_business from mart.contract
),

line_row as (
    select
        claim_line_id, service_date, units,
        case
            when :truncated then case (:basis) when 'paid' then paid_truncated else allowed_truncated end
            when :basis = 'paid' then paid
            else allowed
        end as amount,
        case when :truncated then 0.0 when :basis = 'paid' then paid_over else allowed_over end as over_amount
    from mart.claim_line
    where in_enrolment
        and month between cast(coalesce(:month, :period_start) as date) and cast(coalesce(:month, :period_end) as date)
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
        and (:person_id is null or person_id = :person_id)
),

matched as (
    select
        claim_line_id, service_date, units,
        case (:part)
            when 'over' then over_amount
            when 'under' then amount - over_amount
            else amount
        end as amount
    from line_row
    where :part <> 'over' or over_amount <> 0
),

total as (
    select count(*) as rows_in_all, coalesce(sum(amount), 0) as amount, coalesce(sum(units), 0) as units
    from matched
),

-- what is shown of a line is read for the page only
page as (
    select claim_line_id, service_date, amount
    from matched
    order by abs(amount) desc, service_date desc, claim_line_id
    limit :limit offset :offset
)

select
    line_of.claim_line_id,
    line_of.claim_id,
    line_of.claim_line_number,
    line_of.claim_type,
    line_of.person_id,
    member.last_name || ', ' || member.first_name as name,
    line_of.service_date,
    line_of.month,
    line_of.paid_date,
    line_of.service_category_1,
    line_of.service_category_2,
    line_of.provider_npi_group as provider_npi,
    line_of.provider_name,
    line_of.provider_group,
    line_of.specialty,
    line_of.network,
    line_of.diagnosis_code_1 as diagnosis_code,
    line_of.hcpcs_code as procedure_code,
    line_of.drg_code,
    line_of.revenue_center_code,
    line_of.drug_name,
    line_of.days_supply,
    line_of.units,
    page.amount,
    line_of.paid,
    line_of.allowed,
    line_of.is_cancelled,
    contract.contract_name,
    market.market_name,
    total.rows_in_all as total_rows,
    total.amount as total_amount,
    total.units as total_units
from page
inner join mart.claim_line as line_of
    on line_of.claim_line_id = page.claim_line_id
    and line_of.month >= cast(coalesce(:month, :period_start) as date)
    and line_of.month <= cast(coalesce(:month, :period_end) as date)
    and (:person_id is null or line_of.person_id = :person_id)
cross join total
-- a member who has moved to a market out of scope keeps the line, without today's details
left join permitted.member as member on member.person_id = line_of.person_id
left join permitted.contract as contract on contract.contract_id = line_of.contract_id
left join permitted.market as market on market.market_id = line_of.market_id
order by abs(page.amount) desc, page.service_date desc, page.claim_line_id
