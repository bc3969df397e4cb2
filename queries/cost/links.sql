-- answers: By which factors is an unfinished month completed?
-- grain: one row per contract, service category and months since service
-- metric: [estimated_share]
-- columns:
--   contract_id: "id — contract"
--   service_category_1: "text — service category"
--   lag: "months — since the month of service"
--   link_ratio: "ratio — dollars by the next lag ÷ dollars by this one, weighted by volume"
--   completion: "share 0..1 — expected to have come by this lag"
--   standard_error: "ratio — of the link ratio"
--   months_used: "months — behind the link ratio"
--   months_excluded: "months — left out as outliers"
--   tail_factor: "ratio — for what comes after the last lag observed"
-- params:
--   basis: {type: str, default: allowed, choices: [allowed, paid], meaning: 'allowed dollars (plan and member) or paid dollars (plan only)'}
--   contract_id: {type: str, meaning: 'one contract'}
--   service_category_1: {type: str, meaning: 'service category'}
select
    contract_id, service_category_1, lag, link_ratio, completion, standard_error, months_used, months_excluded,
    tail_factor
from mart.completion_link
where basis = :basis
    and (:contract_id is null or contract_id = :contract_id)
    and (:service_category_1 is null or service_category_1 = :service_category_1)
order by contract_id, service_category_1, lag
