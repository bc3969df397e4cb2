/* An estimate is what its factors make of the dollars to date, a share is 0 to 1, an interval holds its estimate, and
   what is complete, or not tested, is left as it is. */
AUDIT (
  name completion_is_consistent
);

select contract_id
from @this_model
where
    abs(estimate - (amount_to_date * multiplier + member_months * per_member_month)) >= 0.01
    or not coalesce(completion between 0 and 1, true)
    or not coalesce(low <= estimate + 0.005 and estimate <= high + 0.005, true)
    or (method in ('complete', 'not_tested') and (multiplier <> 1 or per_member_month <> 0))
    or (completion is null and method <> 'not_tested')
    or method not in ('complete', 'chain_ladder', 'bornhuetter_ferguson', 'not_tested')
