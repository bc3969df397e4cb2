/* Each weight is 0..1 and the nine of a visit sum to 1; all are null when no table is installed. */
AUDIT (
  name class_weights_account_for_one
);

with weight as (
    select
        non_emergent + primary_care_treatable + emergent_avoidable + emergent_not_avoidable + injury + mental_health
        + alcohol + drug + unclassified as total,
        least(
            non_emergent, primary_care_treatable, emergent_avoidable, emergent_not_avoidable, injury, mental_health,
            alcohol, drug, unclassified
        ) as smallest,
        greatest(
            non_emergent, primary_care_treatable, emergent_avoidable, emergent_not_avoidable, injury, mental_health,
            alcohol, drug, unclassified
        ) as largest,
        non_emergent + primary_care_treatable + emergent_avoidable + emergent_not_avoidable as emergency,
        special_class
    from @this_model
)

select 1 as failing
from weight
where
    abs(total - 1) > 0.0001
    or smallest < 0
    or largest > 1.000001
    or (total is null) <> (largest is null)
    or (special_class is null and emergency = 0)
    or (special_class is not null and emergency > 0)
