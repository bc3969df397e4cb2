-- answers: How have the classes of treated-and-released visits moved, month by month?
-- grain: one row per month and class; none where no weights are installed
-- metric: [avoidable_ed_share, unclassified_ed_share]
-- columns:
--   month: "month — first day of the month of service"
--   class: "text — class of the NYU/Johnston weights, or injury, mental health, alcohol, drug, unclassified"
--   visits: "visits — sum of the class's probabilities in the month"
--   share: "share 0..1 — part of the month's treated-and-released visits"
-- drill:
--   visits: {question: ed/visits, params: {disposition: treated_and_released, class: $class, month: $month}, count: "sum:class_weight"}
with
weight as (
    select
        month,
        count(*) as all_visits,
        sum(non_emergent) as non_emergent,
        sum(primary_care_treatable) as primary_care_treatable,
        sum(emergent_avoidable) as emergent_avoidable,
        sum(emergent_not_avoidable) as emergent_not_avoidable,
        sum(injury) as injury,
        sum(mental_health) as mental_health,
        sum(alcohol) as alcohol,
        sum(drug) as drug,
        sum(unclassified) as unclassified
    from mart.ed_visit
    where in_enrolment
        and disposition = 'treated_and_released'
        and month between :rolling_start and :period_end
    group by month
),

class_list as (
    select * from (values
        (1, 'non_emergent', 'Non-emergent'),
        (2, 'primary_care_treatable', 'Emergent, primary-care treatable'),
        (3, 'emergent_avoidable', 'Emergent, ED care needed, avoidable'),
        (4, 'emergent_not_avoidable', 'Emergent, not avoidable'),
        (5, 'injury', 'Injury'),
        (6, 'mental_health', 'Mental health'),
        (7, 'alcohol', 'Alcohol'),
        (8, 'drug', 'Drug'),
        (9, 'unclassified', 'Unclassified')
    ) as listed(sort_order, class, label)
),

classed as (
    select
        weight.month,
        class_list.class,
        case class_list.class
            when 'non_emergent' then weight.non_emergent
            when 'primary_care_treatable' then weight.primary_care_treatable
            when 'emergent_avoidable' then weight.emergent_avoidable
            when 'emergent_not_avoidable' then weight.emergent_not_avoidable
            when 'injury' then weight.injury
            when 'mental_health' then weight.mental_health
            when 'alcohol' then weight.alcohol
            when 'drug' then weight.drug
            when 'unclassified' then weight.unclassified
        end as visits,
        weight.all_visits,
        class_list.sort_order
    from class_list
    cross join weight
)

select month, class, visits, visits / all_visits as share
from classed
where visits is not null
order by month, sort_order
