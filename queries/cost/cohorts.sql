-- answers: Which control cohort belongs to which contract?
-- grain: one row per control cohort that may be seen
-- columns:
--   contract_id: "id — of the cohort, a contract like others"
--   contract_name: "text — name of the cohort"
--   control_for: "id — contract that it is compared with"
--   line_of_business: "text — medicare, medicaid, commercial or dual"
select contract_id, contract_name, control_for, line_of_business
from permitted.contract
where control_for is not null
order by control_for, contract_id
