-- answers: Whose claims and months changed since the snapshot before?
-- grain: one row per member with such a change
-- metric: [change_since_snapshot]
-- columns:
--   person_id: "id — the member, inside the warehouse"
--   name: "text — last name, first name"
--   age: "years — age"
--   sex: "text — sex as the payer sent it"
--   contract_name: "text — the member's contract today"
--   market_name: "text — the member's market today"
--   pcp_name: "text — primary care provider"
--   lead_staff_name: "text — who leads the member's care"
--   amount: "dollars — change, on the basis asked for"
--   member_months: "member-months — change"
--   pharmacy_member_months: "member-months — change, with a pharmacy benefit"
--   claims: "claims — change"
-- params:
--   basis: {type: str, default: allowed, choices: [allowed, paid], meaning: 'allowed dollars (plan and member) or paid dollars (plan only)'}
--   pharmacy: {type: bool, default: true, meaning: 'with pharmacy'}
--   month: {type: date, meaning: 'month of service; none = the period'}
--   cause: {type: str, choices: [late_claims, reversals, retroactive_enrolment, re_attribution, definition_change, new_activity], meaning: 'why it changed'}
-- drill:
--   amount: {question: cost/change_claims, params: {basis: ':basis', pharmacy: ':pharmacy', month: ':month', cause: ':cause', person_id: $person_id}, count: "sum:amount"}
--   member_months: {question: cost/change_claims, params: {basis: ':basis', pharmacy: ':pharmacy', month: ':month', cause: ':cause', person_id: $person_id}, count: "sum:member_months"}
--   pharmacy_member_months: {question: cost/change_claims, params: {basis: ':basis', pharmacy: ':pharmacy', month: ':month', cause: ':cause', person_id: $person_id}, count: "sum:pharmacy_member_months"}
--   claims: {question: cost/change_claims, params: {basis: ':basis', pharmacy: ':pharmacy', month: ':month', cause: ':cause', person_id: $person_id}, count: "sum:claims"}
-- needs: [view_members]
with change as (
    select
        person_id,
        coalesce(sum(case (:basis) when 'paid' then paid else allowed end), 0) as amount,
        coalesce(sum(member_months), 0) as member_months,
        coalesce(sum(pharmacy_member_months), 0) as pharmacy_member_months,
        coalesce(sum(claims), 0) as claims
    from mart.spend_change
    where month between cast(coalesce(:month, :period_start) as date) and cast(coalesce(:month, :period_end) as date)
        and (:pharmacy or service_category_1 is null or service_category_1 <> 'pharmacy')
        and (:cause is null or cause = :cause)
    group by person_id
)

select
    change.person_id,
    member.last_name || ', ' || member.first_name as name,
    member.age,
    member.sex,
    contract.contract_name,
    market.market_name,
    member.pcp_name,
    member.lead_staff_name,
    change.amount,
    change.member_months,
    change.pharmacy_member_months,
    change.claims
from change
-- a member who has moved to a market out of scope keeps the change, without today's details
left join permitted.member as member on member.person_id = change.person_id
left join permitted.contract as contract on contract.contract_id = member.contract_id
left join permitted.market as market on market.market_id = member.market_id
order by abs(change.amount) desc, change.person_id
