-- answers: What does a member cost a month, completed for claims not yet paid, and how does that stand against the risk of the members?
-- grain: one row
-- metric: [pmpm, pmpm_to_date, estimated_share, other_share, risk_adjusted_pmpm, observed_expected, large_claimant_share, member_months]
-- columns:
--   member_months: "member-months — months enrolled on any day"
--   pharmacy_member_months: "member-months — of those, with a pharmacy benefit"
--   members: "members — distinct people"
--   amount: "dollars — to date, on the basis asked for"
--   completed: "dollars — what the amount is expected to come to when all claims are paid"
--   estimated: "dollars — completed − to date: estimated, not yet paid"
--   medical_completed: "dollars — completed, without pharmacy"
--   pharmacy_completed: "dollars — completed, pharmacy only"
--   pmpm: "dollars per member per month — medical completed ÷ member-months + pharmacy completed ÷ pharmacy member-months"
--   pmpm_to_date: "dollars per member per month — the same of the dollars to date"
--   estimated_share: "share 0..1 — estimated ÷ completed"
--   other_amount: "dollars — to date, in the category other: lines that no rule places"
--   other_share: "share 0..1 — other ÷ amount"
--   over_amount: "dollars — to date, above the large-claimant threshold; 0 with truncation, which has taken the largest dollars out"
--   large_claimants: "members — above the threshold in a calendar year of the period"
--   risk_months: "weighted member-months — member-months × risk weight; weight 1 where the risk is not known"
--   relative_risk: "ratio — risk-months ÷ member-months; 1 is the average of the line of business"
--   risk_adjusted_pmpm: "dollars per member per month — PMPM ÷ relative risk"
--   expected: "dollars — reference PMPM of the line of business × risk-months, medical and pharmacy; without lines that have no reference, null if they are more than 5% of the months, and with truncation, which is another basis"
--   observed_expected: "ratio — completed ÷ expected, of the lines that have a reference"
--   risk_known_share: "share 0..1 — member-months whose risk is known"
-- params:
--   basis: {type: str, default: allowed, choices: [allowed, paid], meaning: 'allowed dollars (plan and member) or paid dollars (plan only)'}
--   truncated: {type: bool, default: false, meaning: 'without the dollars above the contract''s yearly cap per member'}
--   pharmacy: {type: bool, default: true, meaning: 'with pharmacy'}
-- drill:
--   member_months: {question: members/enrolled, params: {}, count: "sum:member_months"}
--   pharmacy_member_months: {question: members/enrolled, params: {}, count: "sum:pharmacy_member_months"}
--   members: {question: members/enrolled, params: {}, count: "rows"}
--   amount: {question: cost/members, params: {basis: ':basis', truncated: ':truncated', pharmacy: ':pharmacy'}, count: "sum:amount"}
--   other_amount: {question: cost/members, params: {basis: ':basis', truncated: ':truncated', pharmacy: ':pharmacy', service_category_1: other}, count: "sum:amount"}
--   over_amount: {question: cost/members, params: {basis: ':basis', truncated: ':truncated', pharmacy: ':pharmacy', part: over}, count: "sum:amount"}
--   large_claimants: {question: cost/members, params: {basis: ':basis', truncated: ':truncated', pharmacy: ':pharmacy', large: true}, count: "rows"}
with
enrolment as (
    select
        contract_id, month, line_of_business,
        sum(member_months) as member_months,
        sum(pharmacy_member_months) as pharmacy_member_months,
        sum(risk_months) as risk_months,
        sum(risk_known_months) as risk_known_months
    from mart.enrolment_group
    where month between :period_start and :period_end
    group by contract_id, month, line_of_business
),

spend as (
    select
        contract_id, month, service_category_1,
        sum(case
            when :truncated then case (:basis) when 'paid' then paid_truncated else allowed_truncated end
            when :basis = 'paid' then paid
            else allowed
        end) as amount,
        sum(case when :truncated then 0.0 when :basis = 'paid' then paid_over else allowed_over end) as over_amount
    from mart.spend_group
    where month between :period_start and :period_end
        and (:pharmacy or service_category_1 <> 'pharmacy')
    group by contract_id, month, service_category_1
),

-- what has been paid × multiplier + member-months × per_member_month is what it will come to
factor as (
    select
        contract_id, month, service_category_1, multiplier,
        case when :truncated then per_member_month_truncated else per_member_month end as per_member_month
    from mart.completion
    where basis = :basis
        and month between :period_start and :period_end
        and (:pharmacy or service_category_1 <> 'pharmacy')
),

-- the two parts of the line: what has been paid, and what members of the month are still to bring
completed as (
    select
        spend.contract_id, spend.month, spend.service_category_1, spend.amount,
        spend.amount * coalesce(factor.multiplier, 1) as completed
    from spend
    left join factor
        on factor.contract_id = spend.contract_id and factor.month = spend.month
        and factor.service_category_1 = spend.service_category_1
    union all
    select
        factor.contract_id, factor.month, factor.service_category_1, 0.0 as amount,
        coalesce(factor.per_member_month, 0) * case
            when factor.service_category_1 = 'pharmacy' then enrolment.pharmacy_member_months
            else enrolment.member_months
        end as completed
    from factor
    inner join enrolment on enrolment.contract_id = factor.contract_id and enrolment.month = factor.month
),

cost as (
    select
        coalesce(sum(amount), 0) as amount,
        coalesce(sum(completed), 0) as completed,
        coalesce(sum(amount) filter (where service_category_1 = 'pharmacy'), 0) as pharmacy_amount,
        coalesce(sum(completed) filter (where service_category_1 = 'pharmacy'), 0) as pharmacy_completed,
        coalesce(sum(amount) filter (where service_category_1 = 'other'), 0) as other_amount
    from completed
),

over_threshold as (
    select coalesce(sum(over_amount), 0) as over_amount from spend
),

reference as (
    select
        line_of_business,
        case (:basis) when 'paid' then medical_pmpm_paid else medical_pmpm_allowed end as medical_pmpm,
        case
            when not :pharmacy then 0.0
            when :basis = 'paid' then pharmacy_pmpm_paid
            else pharmacy_pmpm_allowed
        end as pharmacy_pmpm
    from mart.risk_reference
    where not :truncated
),

months as (
    select
        cast(coalesce(sum(enrolment.member_months), 0) as double) as member_months,
        cast(coalesce(sum(enrolment.pharmacy_member_months), 0) as double) as pharmacy_member_months,
        coalesce(sum(enrolment.risk_months), 0) as risk_months,
        coalesce(sum(enrolment.risk_known_months), 0) as risk_known_months,
        -- a line without a reference is left out of both sides; if it is more than 5% of the months, there are none
        case
            when coalesce(sum(enrolment.member_months) filter (where reference.medical_pmpm is null), 0)
                <= 0.05 * sum(enrolment.member_months)
                then sum(
                    enrolment.risk_months * (
                        reference.medical_pmpm
                        + coalesce(
                            reference.pharmacy_pmpm * enrolment.pharmacy_member_months
                            / nullif(enrolment.member_months, 0), 0
                        )
                    )
                )
        end as expected
    from enrolment
    left join reference on reference.line_of_business = enrolment.line_of_business
),

observed as (
    select sum(completed.completed) as completed
    from completed
    where completed.contract_id in (
        select enrolment.contract_id
        from enrolment
        inner join reference on reference.line_of_business = enrolment.line_of_business
        where reference.medical_pmpm is not null
    )
),

enrolled as (
    select count(distinct person_id) as members from mart.member_month where month between :period_start and :period_end
),

large as (
    select count(distinct person_id) as large_claimants
    from mart.spend_month
    where in_enrolment
        and month between :period_start and :period_end
        and (:pharmacy or service_category_1 <> 'pharmacy')
        and case (:basis) when 'paid' then paid_over else allowed_over end <> 0
),

rates as (
    select
        (cost.completed - cost.pharmacy_completed) / nullif(months.member_months, 0)
        + coalesce(cost.pharmacy_completed / nullif(months.pharmacy_member_months, 0), 0) as pmpm,
        (cost.amount - cost.pharmacy_amount) / nullif(months.member_months, 0)
        + coalesce(cost.pharmacy_amount / nullif(months.pharmacy_member_months, 0), 0) as pmpm_to_date,
        months.risk_months / nullif(months.member_months, 0) as relative_risk
    from cost
    cross join months
)

select
    months.member_months,
    months.pharmacy_member_months,
    enrolled.members,
    cost.amount,
    cost.completed,
    cost.completed - cost.amount as estimated,
    cost.completed - cost.pharmacy_completed as medical_completed,
    cost.pharmacy_completed,
    rates.pmpm,
    rates.pmpm_to_date,
    (cost.completed - cost.amount) / nullif(cost.completed, 0) as estimated_share,
    cost.other_amount,
    cost.other_amount / nullif(cost.amount, 0) as other_share,
    over_threshold.over_amount,
    large.large_claimants,
    months.risk_months,
    rates.relative_risk,
    rates.pmpm / nullif(rates.relative_risk, 0) as risk_adjusted_pmpm,
    months.expected,
    observed.completed / nullif(months.expected, 0) as observed_expected,
    months.risk_known_months / nullif(months.member_months, 0) as risk_known_share
from cost
cross join over_threshold
cross join months
cross join observed
cross join enrolled
cross join large
cross join rates
