-- answers: Which drugs cost most?
-- grain: one row per drug, the dearest in all first
-- metric: [category_pmpm]
-- columns:
--   drug: "id — ingredient, brand or generic; NDC where the ingredient is not known"
--   drug_name: "text — name"
--   is_generic: "yes or no — generic; null where not known"
--   is_specialty: "yes or no — specialty drug; null where not known"
--   fills: "fills — dispensed, net of cancelled ones"
--   amount: "dollars — to date, on the basis asked for"
--   pmpm: "dollars per member per month — amount ÷ pharmacy member-months"
--   cost_per_fill: "dollars per fill — amount ÷ fills"
-- params:
--   basis: {type: str, default: allowed, choices: [allowed, paid], meaning: 'allowed dollars (plan and member) or paid dollars (plan only)'}
--   truncated: {type: bool, default: false, meaning: 'without the dollars above the contract''s yearly cap per member'}
--   top: {type: int, default: 200, meaning: 'how many'}
-- drill:
--   fills: {question: cost/members, params: {basis: ':basis', truncated: ':truncated', drug: $drug}, count: "sum:units"}
--   amount: {question: cost/members, params: {basis: ':basis', truncated: ':truncated', drug: $drug}, count: "sum:amount"}
with
drug as (
    select
        coalesce(drug, 'none') as drug,
        max(drug_name) as drug_name,
        bool_or(is_generic) as is_generic,
        bool_or(is_specialty) as is_specialty,
        sum(fills) as fills,
        sum(case
            when :truncated then case (:basis) when 'paid' then paid_truncated else allowed_truncated end
            when :basis = 'paid' then paid
            else allowed
        end) as amount
    from mart.drug_month
    where month between :period_start and :period_end
    group by coalesce(drug, 'none')
),

enrolment as (
    select cast(sum(pharmacy_member_months) as double) as pharmacy_member_months
    from mart.enrolment_group
    where month between :period_start and :period_end
)

select
    drug.drug,
    coalesce(drug.drug_name, 'Not known') as drug_name,
    drug.is_generic,
    drug.is_specialty,
    drug.fills,
    drug.amount,
    drug.amount / nullif(enrolment.pharmacy_member_months, 0) as pmpm,
    drug.amount / nullif(drug.fills, 0) as cost_per_fill
from drug
cross join enrolment
order by drug.amount desc, drug.drug
limit :top
