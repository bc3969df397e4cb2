-- answers: How is the pharmacy benefit used, by generics, long fills and specialty drugs?
-- grain: one row
-- metric: [generic_rate, share_90, specialty_share]
-- columns:
--   fills: "fills — dispensed, net of cancelled ones"
--   generic_fills: "fills — of generic drugs"
--   classified_fills: "fills — of drugs known to be generic or brand"
--   generic_rate: "share 0..1 — generic ÷ classified fills"
--   fills_90: "fills — for 84 days or more"
--   fills_with_days: "fills — whose days of supply are known"
--   share_90: "share 0..1 — fills for 84 days or more ÷ fills whose days are known"
--   specialty_amount: "dollars — to date, of specialty drugs"
--   classified_amount: "dollars — to date, of drugs known to be specialty or not"
--   amount: "dollars — to date, on the basis asked for"
--   specialty_share: "share 0..1 — specialty ÷ classified dollars"
--   pharmacy_member_months: "member-months — with a pharmacy benefit"
--   fills_per_1000: "fills per 1,000 member-years — fills ÷ pharmacy member-months × 12,000"
-- params:
--   basis: {type: str, default: allowed, choices: [allowed, paid], meaning: 'allowed dollars (plan and member) or paid dollars (plan only)'}
--   truncated: {type: bool, default: false, meaning: 'without the dollars above the contract''s yearly cap per member'}
-- drill:
--   fills: {question: cost/members, params: {basis: ':basis', truncated: ':truncated', service_category_1: pharmacy}, count: "sum:units"}
--   generic_fills: {question: cost/members, params: {basis: ':basis', truncated: ':truncated', is_generic: true}, count: "sum:units"}
--   classified_fills: {question: cost/members, params: {basis: ':basis', truncated: ':truncated', classified: true}, count: "sum:units"}
--   fills_90: {question: cost/members, params: {basis: ':basis', truncated: ':truncated', days_supply_from: 84}, count: "sum:units"}
--   fills_with_days: {question: cost/members, params: {basis: ':basis', truncated: ':truncated', days_supply_from: 0}, count: "sum:units"}
--   specialty_amount: {question: cost/members, params: {basis: ':basis', truncated: ':truncated', is_specialty: true}, count: "sum:amount"}
--   amount: {question: cost/members, params: {basis: ':basis', truncated: ':truncated', service_category_1: pharmacy}, count: "sum:amount"}
--   pharmacy_member_months: {question: members/enrolled, params: {}, count: "sum:pharmacy_member_months"}
with
drug as (
    select
        is_generic, is_specialty, fills, fills_90, fills_with_days,
        case
            when :truncated then case (:basis) when 'paid' then paid_truncated else allowed_truncated end
            when :basis = 'paid' then paid
            else allowed
        end as amount
    from mart.drug_month
    where month between :period_start and :period_end
),

dispensed as (
    select
        coalesce(sum(fills), 0) as fills,
        coalesce(sum(fills) filter (where is_generic), 0) as generic_fills,
        coalesce(sum(fills) filter (where is_generic is not null), 0) as classified_fills,
        coalesce(sum(fills_90), 0) as fills_90,
        coalesce(sum(fills_with_days), 0) as fills_with_days,
        coalesce(sum(amount) filter (where is_specialty), 0) as specialty_amount,
        coalesce(sum(amount) filter (where is_specialty is not null), 0) as classified_amount,
        coalesce(sum(amount), 0) as amount
    from drug
),

enrolment as (
    select cast(coalesce(sum(pharmacy_member_months), 0) as double) as pharmacy_member_months
    from mart.enrolment_group
    where month between :period_start and :period_end
)

select
    dispensed.fills,
    dispensed.generic_fills,
    dispensed.classified_fills,
    dispensed.generic_fills / nullif(cast(dispensed.classified_fills as double), 0) as generic_rate,
    dispensed.fills_90,
    dispensed.fills_with_days,
    dispensed.fills_90 / nullif(cast(dispensed.fills_with_days as double), 0) as share_90,
    dispensed.specialty_amount,
    dispensed.classified_amount,
    dispensed.amount,
    dispensed.specialty_amount / nullif(dispensed.classified_amount, 0) as specialty_share,
    enrolment.pharmacy_member_months,
    dispensed.fills * 12000.0 / nullif(enrolment.pharmacy_member_months, 0) as fills_per_1000
from dispensed
cross join enrolment
