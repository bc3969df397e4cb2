/* sum(paid) of spend = sum(paid) of loaded claim lines, to the cent, per feed. */
AUDIT (
  name spend_ties_to_loaded_lines
);

with loaded as (
    select feed, sum(coalesce(paid_amount, 0)) as paid
    from (
        select feed, paid_amount from raw.medical_claim where is_superseded is not true
        union all
        select feed, paid_amount from raw.pharmacy_claim where is_superseded is not true
    ) as lines
    group by feed
),

spent as (
    select feed, sum(paid) as paid
    from @this_model
    group by feed
)

select 1 as failing
from loaded as l
full outer join spent as s on s.feed = l.feed
where round(cast(coalesce(l.paid, 0) as double), 2) <> round(coalesce(s.paid, 0), 2)
