/* What would have been said three and six months ago of the months that were not complete then, by the same method
   from what was paid by then, against what has come since. came: dollars to date; came_completed: as completed now;
   covered: the interval said then holds it. Grain: contract, category, basis, months ago, month. */
MODEL (
  name mart.completion_backtest,
  kind FULL,
  depends_on (mart.contract),
  audits (
    key_is_unique(columns := (contract_id, service_category_1, basis, as_of, month)),
    exists_in_dimension(column := contract_id, dimension := mart.contract, key := contract_id)
  )
);

select
    contract_id,
    service_category_1,
    basis,
    as_of,
    month,
    amount_then,
    said,
    low,
    high,
    came,
    came_completed,
    covered
from estimate.completion_backtest
