-- answers: Who cares for this member?
-- grain: one row per staff member and span, present ones first
-- columns:
--   staff_id: "id — the staff member"
--   staff_name: "text — name of the staff member"
--   role: "text — role on the panel"
--   is_lead: "yes or no — leads the member's care"
--   start_date: "date — since when"
--   end_date: "date — until when; null = still"
--   care_team_name: "text — care team"
--   languages: "text — languages spoken"
-- params:
--   person_id: {type: str, required: true, meaning: 'the member'}
-- needs: [view_members]
-- filters: []
select
    panel.staff_id,
    staff.staff_name,
    panel.role,
    panel.is_lead,
    panel.start_date,
    panel.end_date,
    staff.care_team_name,
    staff.languages
from mart.panel as panel
left join permitted.staff as staff on staff.staff_id = panel.staff_id
where panel.person_id = :person_id
order by panel.end_date desc nulls first, panel.is_lead desc, panel.start_date desc, panel.staff_id
