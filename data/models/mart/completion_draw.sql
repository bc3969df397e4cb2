/* What the factors of a month that is not complete might as well have been: 200 draws of multiplier and
   per_member_month, for the interval of any slice (analytics.completion.interval). The same draw of different months
   belongs together. Grain: contract, category, basis, month, draw. */
MODEL (
  name mart.completion_draw,
  kind FULL,
  depends_on (mart.contract),
  audits (
    key_is_unique(columns := (contract_id, service_category_1, basis, month, draw)),
    exists_in_dimension(column := contract_id, dimension := mart.contract, key := contract_id)
  )
);

select contract_id, service_category_1, basis, month, draw, multiplier, per_member_month
from estimate.completion_draw
