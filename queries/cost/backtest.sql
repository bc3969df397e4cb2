-- answers: What did the same method say three and six months ago, and what came?
-- grain: one row per contract, service category, months ago and month of service; of the contract as a whole
-- metric: [estimated_share]
-- columns:
--   contract_id: "id — contract"
--   service_category_1: "text — service category"
--   as_of: "months — ago, when it was said"
--   month: "month — of service"
--   amount_then: "dollars — to date, then"
--   said: "dollars — expected to come in all, then"
--   low: "dollars — lower end of the 95% interval, then"
--   high: "dollars — upper end of the 95% interval, then"
--   came: "dollars — to date, now"
--   came_completed: "dollars — expected to come in all, now"
--   covered: "yes or no — what came lies in the interval"
-- params:
--   basis: {type: str, default: allowed, choices: [allowed, paid], meaning: 'allowed dollars (plan and member) or paid dollars (plan only)'}
--   contract_id: {type: str, meaning: 'one contract'}
--   service_category_1: {type: str, meaning: 'service category'}
select
    contract_id, service_category_1, as_of, month, amount_then, said, low, high, came, came_completed, covered
from mart.completion_backtest
where basis = :basis
    and (:contract_id is null or contract_id = :contract_id)
    and (:service_category_1 is null or service_category_1 = :service_category_1)
order by as_of, contract_id, service_category_1, month
