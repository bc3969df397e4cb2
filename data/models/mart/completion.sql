/* What each month will come to, by contract as a whole: completed dollars of any slice of it = dollars to date ×
   multiplier + member-months × per_member_month (pharmacy: pharmacy member-months), so slices add up to the contract.
   Made by data/estimates/completion.py (docs/completion.md). Every month of mart.spend_lag is there, and months with
   members in which nothing has been paid yet. Grain: contract, category, basis (allowed, paid), month. */
MODEL (
  name mart.completion,
  kind FULL,
  depends_on (mart.contract, mart.spend_lag, mart.spend_group),
  audits (
    key_is_unique(columns := (contract_id, service_category_1, basis, month)),
    exists_in_dimension(column := contract_id, dimension := mart.contract, key := contract_id),
    completion_holds_every_month,
    completion_is_consistent
  )
);

select
    contract_id,
    service_category_1,
    basis,
    month,
    lag,
    amount_to_date,
    member_months,
    completion,
    method,
    multiplier,
    per_member_month,
    per_member_month_truncated,
    estimate,
    low,
    high,
    dispersion,
    expected_pmpm,
    standard_error,
    tail_factor,
    months_excluded
from estimate.completion
