-- answers: What was spent and used, in the smallest parts that a comparison adds up?
-- grain: one row per contract, market and part of a service category
-- metric: [pmpm]
-- columns:
--   contract_id: "id — contract"
--   market_id: "id — market"
--   service_category_1: "text — service category"
--   service_category_2: "text — part of the category"
--   units: "units — stays, visits, fills or services, to date"
--   amount: "dollars — to date, on the basis asked for"
--   over_amount: "dollars — the part of the amount above the large-claimant threshold; 0 with truncation, which has taken the largest dollars out"
-- params:
--   basis: {type: str, default: allowed, choices: [allowed, paid], meaning: 'allowed dollars (plan and member) or paid dollars (plan only)'}
--   truncated: {type: bool, default: false, meaning: 'without the dollars above the contract''s yearly cap per member'}
--   pharmacy: {type: bool, default: true, meaning: 'with pharmacy'}
-- drill:
--   units: {question: cost/members, params: {basis: ':basis', truncated: ':truncated', pharmacy: ':pharmacy', contract_id: $contract_id, market_id: $market_id, service_category_1: $service_category_1, service_category_2: {column: service_category_2, if_null: none}}, count: "sum:units"}
--   amount: {question: cost/members, params: {basis: ':basis', truncated: ':truncated', pharmacy: ':pharmacy', contract_id: $contract_id, market_id: $market_id, service_category_1: $service_category_1, service_category_2: {column: service_category_2, if_null: none}}, count: "sum:amount"}
--   over_amount: {question: cost/members, params: {basis: ':basis', truncated: ':truncated', pharmacy: ':pharmacy', part: over, contract_id: $contract_id, market_id: $market_id, service_category_1: $service_category_1, service_category_2: {column: service_category_2, if_null: none}}, count: "sum:amount"}
select
    contract_id,
    market_id,
    service_category_1,
    service_category_2,
    coalesce(sum(units), 0) as units,
    coalesce(sum(case
        when :truncated then case (:basis) when 'paid' then paid_truncated else allowed_truncated end
        when :basis = 'paid' then paid
        else allowed
    end), 0) as amount,
    coalesce(
        sum(case when :truncated then 0.0 when :basis = 'paid' then paid_over else allowed_over end), 0
    ) as over_amount
from mart.spend_group
where month between :period_start and :period_end
    and (:pharmacy or service_category_1 <> 'pharmacy')
group by contract_id, market_id, service_category_1, service_category_2
order by contract_id, market_id, service_category_1, service_category_2
