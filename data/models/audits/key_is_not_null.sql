/* A key is never empty. */
AUDIT (
  name key_is_not_null
);

select 1 as failing
from @this_model
where @column is null
