-- answers: Which conditions does this member have?
-- grain: one row per condition
-- columns:
--   condition: "text — condition found in claims"
-- params:
--   person_id: {type: str, required: true, meaning: 'the member'}
-- needs: [view_members]
-- filters: []
with listed as (
    select unnest(member.conditions) as condition
    from mart.member as member
    where member.person_id = :person_id
)

select listed.condition
from listed
order by listed.condition
