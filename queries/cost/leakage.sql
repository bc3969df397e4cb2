-- answers: How much of the care that is referred goes outside the network? Emergencies are not referred, and left out.
-- grain: one row
-- metric: [leakage_rate]
-- columns:
--   amount_in: "dollars — to date, of referable services inside the network"
--   amount_out: "dollars — to date, of referable services outside it"
--   amount_unknown: "dollars — to date, of referable services whose provider no network list names"
--   leakage_rate: "share 0..1 — outside ÷ all referable dollars; null where the network is known of none"
--   unit_cost_in: "dollars per unit — inside the network"
--   unit_cost_out: "dollars per unit — outside it"
-- params:
--   basis: {type: str, default: allowed, choices: [allowed, paid], meaning: 'allowed dollars (plan and member) or paid dollars (plan only)'}
--   truncated: {type: bool, default: false, meaning: 'without the dollars above the contract''s yearly cap per member'}
-- drill:
--   amount_in: {question: cost/members, params: {basis: ':basis', truncated: ':truncated', referable: true, network: in}, count: "sum:amount"}
--   amount_out: {question: cost/members, params: {basis: ':basis', truncated: ':truncated', referable: true, network: out}, count: "sum:amount"}
--   amount_unknown: {question: cost/members, params: {basis: ':basis', truncated: ':truncated', referable: true, network: unknown}, count: "sum:amount"}
with
referral as (
    select
        coalesce(network, 'unknown') as network, claims, units,
        case
            when :truncated then case (:basis) when 'paid' then paid_truncated else allowed_truncated end
            when :basis = 'paid' then paid
            else allowed
        end as amount
    from mart.referral_month
    where month between :period_start and :period_end
),

referred as (
    select
        coalesce(sum(amount) filter (where network = 'in'), 0) as amount_in,
        coalesce(sum(amount) filter (where network = 'out'), 0) as amount_out,
        coalesce(sum(amount) filter (where network not in ('in', 'out')), 0) as amount_unknown,
        coalesce(sum(claims) filter (where network = 'out'), 0) as claims_out,
        coalesce(sum(units) filter (where network = 'in'), 0) as units_in,
        coalesce(sum(units) filter (where network = 'out'), 0) as units_out
    from referral
)

select
    amount_in,
    amount_out,
    amount_unknown,
    case
        when amount_in + amount_out <> 0
            then amount_out / nullif(amount_in + amount_out + amount_unknown, 0)
    end as leakage_rate,
    amount_in / nullif(units_in, 0) as unit_cost_in,
    amount_out / nullif(units_out, 0) as unit_cost_out
from referred
