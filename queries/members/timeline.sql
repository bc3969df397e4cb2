-- answers: What has happened to this member?
-- grain: one row per event, latest first
-- columns:
--   happened_on: "date — when"
--   kind: "text — enrolment, ed, inpatient, visit, pharmacy, lab, touch, gap, adt or assessment"
--   title: "text — what"
--   detail: "text — more about it"
--   amount: "dollars — allowed, where money is known"
--   source: "text — where it is known from"
--   event_id: "id — the event, inside the warehouse"
-- params:
--   person_id: {type: str, required: true, meaning: 'the member'}
--   kind: {type: str, choices: [enrolment, ed, inpatient, visit, pharmacy, lab, touch, gap, adt, assessment], meaning: 'only events of this kind'}
-- needs: [view_members]
-- filters: []
select
    timeline.happened_on,
    timeline.kind,
    timeline.title,
    timeline.detail,
    timeline.amount,
    timeline.source,
    timeline.event_id
from mart.timeline as timeline
where timeline.person_id = :person_id
    and (:kind is null or timeline.kind = :kind)
order by timeline.happened_on desc, timeline.kind, timeline.event_id
