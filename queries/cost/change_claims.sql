-- answers: Which claims and months changed since the snapshot before, also those that are gone?
-- grain: one row per claim and service category, or member-month, that changed, and cause
-- metric: [change_since_snapshot]
-- columns:
--   feed: "text — source feed"
--   claim_id: "id — the claim, as the payer numbers it; null for a member-month"
--   person_id: "id — the member, inside the warehouse"
--   name: "text — last name, first name"
--   month: "month — first day of the month of service"
--   service_category_1: "text — service category; null for a member-month"
--   cause: "text — why it changed"
--   contract_name: "text — contract"
--   market_name: "text — market"
--   amount: "dollars — change, on the basis asked for"
--   member_months: "member-months — change"
--   pharmacy_member_months: "member-months — change, with a pharmacy benefit"
--   claims: "claims — change"
-- params:
--   basis: {type: str, default: allowed, choices: [allowed, paid], meaning: 'allowed dollars (plan and member) or paid dollars (plan only)'}
--   pharmacy: {type: bool, default: true, meaning: 'with pharmacy'}
--   month: {type: date, meaning: 'month of service; none = the period'}
--   cause: {type: str, choices: [late_claims, reversals, retroactive_enrolment, re_attribution, definition_change, new_activity], meaning: 'why it changed'}
--   person_id: {type: str, meaning: 'one member'}
-- needs: [view_members]
with change as (
    select
        feed, claim_id, person_id, contract_id, market_id, month, service_category_1, cause,
        coalesce(case (:basis) when 'paid' then paid else allowed end, 0) as amount,
        coalesce(member_months, 0) as member_months,
        coalesce(pharmacy_member_months, 0) as pharmacy_member_months,
        coalesce(claims, 0) as claims
    from mart.spend_change
    where month between cast(coalesce(:month, :period_start) as date) and cast(coalesce(:month, :period_end) as date)
        and (:pharmacy or service_category_1 is null or service_category_1 <> 'pharmacy')
        and (:cause is null or cause = :cause)
        and (:person_id is null or person_id = :person_id)
)

select
    change.feed,
    change.claim_id,
    change.person_id,
    member.last_name || ', ' || member.first_name as name,
    change.month,
    change.service_category_1,
    change.cause,
    contract.contract_name,
    market.market_name,
    change.amount,
    change.member_months,
    change.pharmacy_member_months,
    change.claims
from change
-- a member who has moved to a market out of scope keeps the change, without today's details
left join permitted.member as member on member.person_id = change.person_id
left join permitted.contract as contract on contract.contract_id = change.contract_id
left join permitted.market as market on market.market_id = change.market_id
order by
    abs(change.amount) desc, change.month, change.claim_id, change.person_id, change.service_category_1, change.cause
