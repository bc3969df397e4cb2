/* How a month's dollars develop: the volume-weighted link ratio from each lag (months from service to payment) to the
   next, with Mack's standard error, and the share of the final dollars paid by that lag. link_ratio is null at the last
   lag known, and where nothing is paid yet at the lag. Grain: contract, category, basis, lag. */
MODEL (
  name mart.completion_link,
  kind FULL,
  depends_on (mart.contract),
  audits (
    key_is_unique(columns := (contract_id, service_category_1, basis, lag)),
    exists_in_dimension(column := contract_id, dimension := mart.contract, key := contract_id)
  )
);

select
    contract_id,
    service_category_1,
    basis,
    lag,
    link_ratio,
    completion,
    standard_error,
    months_used,
    months_excluded,
    tail_factor
from estimate.completion_link
