-- answers: What is wrong with the deliveries, how bad is it, and what does it affect?
-- grain: one row per problem
-- metric: data_problems
-- columns:
--   issue_id: "id — of the problem"
--   feed: "text — source feed"
--   feed_name: "text — what people call it"
--   month: "month — of delivery (of service, for claims outside enrolment)"
--   kind: "text — kind of file or table"
--   kind_words: "text — the kind as people say it"
--   problem: "text — missing, late, fewer rows, totals differ, ..."
--   severity: "text — act, watch or info"
--   words: "words — the problem in a sentence"
--   consequence: "words — what it means for the numbers"
--   size: "in the unit beside it — how large it is"
--   unit: "text — unit of the size"
--   metrics: "ids — of the metrics it affects, | between"
--   pages: "ids — of the pages it affects, | between"
--   affects_from: "month — first month of service affected"
--   affects_to: "month — last month of service affected"
-- params:
--   feed: {type: str, meaning: 'one feed'}
--   contract_id: {type: str, meaning: 'one contract'}
--   delivery_month: {type: date, meaning: 'one month of delivery'}
--   severity: {type: str, choices: [act, watch, info], meaning: 'one severity'}
--   to_act_on: {type: bool, meaning: 'only problems to act on or watch'}
--   metric_id: {type: str, meaning: 'problems that affect this metric'}
--   months: {type: int, default: 12, meaning: 'how many months of delivery back from the latest'}
-- filters: []
with latest as (
    select max(delivery_month) as month from mart.delivery
)

select
    issue_id,
    max(feed) as feed,
    max(feed_name) as feed_name,
    max(month) as month,
    max(kind) as kind,
    max(kind_words) as kind_words,
    max(problem) as problem,
    max(severity) as severity,
    max(words) as words,
    max(consequence) as consequence,
    max(size) as size,
    max(unit) as unit,
    max(metrics) as metrics,
    max(pages) as pages,
    max(affects_from) as affects_from,
    max(affects_to) as affects_to
from mart.data_issue
where (:feed is null or feed = :feed)
    and (:contract_id is null or contract_id = :contract_id)
    and (:delivery_month is null or month = :delivery_month)
    and (:severity is null or severity = :severity)
    and (:to_act_on is null or severity <> 'info')
    and (:metric_id is null or strpos('|' || metrics || '|', '|' || :metric_id || '|') > 0)
    and month > coalesce((select latest.month from latest), date '9999-01-01') - to_months(cast(:months as integer))
group by issue_id
order by case max(severity) when 'act' then 1 when 'watch' then 2 else 3 end, max(month) desc, max(feed), issue_id
