/* Every row has a key of its own. @columns: the column, or several in parentheses. */
AUDIT (
  name key_is_unique
);

select 1 as failing
from @this_model
group by @EACH(@columns, c -> c)
having count(*) > 1
