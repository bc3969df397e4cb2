/* Every id of a column exists in its dimension; empty ids are no reference. */
AUDIT (
  name exists_in_dimension
);

select 1 as failing
from @this_model as t
left join @dimension as d on d.@key = t.@column
where t.@column is not null and d.@key is null
