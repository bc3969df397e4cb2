-- answers: Which numbers are affected by problems of the data, and by which problem most?
-- grain: one row per metric that a problem to act on or watch affects
-- metric: data_problems
-- columns:
--   metric_id: "id — metric of metrics.yaml"
--   severity: "text — act or watch: the worst"
--   problems: "problems — that affect it"
--   words: "words — the worst and latest of them"
--   consequence: "words — what it means for the number"
--   feed: "text — the feed of that problem"
--   affects_from: "month — first month of service affected"
--   affects_to: "month — last month of service affected"
-- params:
--   feed: {type: str, meaning: 'one feed'}
--   contract_id: {type: str, meaning: 'one contract'}
-- drill:
--   problems: {question: data/issues, params: {feed: ":feed", contract_id: ":contract_id", metric_id: $metric_id, to_act_on: true}, count: rows}
-- filters: []
with latest as (
    select max(delivery_month) as month from mart.delivery
),

issue as (
    select
        issue_id,
        max(feed) as feed,
        max(month) as month,
        max(severity) as severity,
        max(words) as words,
        max(consequence) as consequence,
        max(metrics) as metrics,
        max(affects_from) as affects_from,
        max(affects_to) as affects_to
    from mart.data_issue
    where severity <> 'info'
        and metrics <> ''
        and (:feed is null or feed = :feed)
        and (:contract_id is null or contract_id = :contract_id)
        and month > coalesce((select latest.month from latest), date '9999-01-01') - to_months(12)
    group by issue_id
),

affected as (
    select
        asked.metric_id,
        issue.*,
        row_number() over (
            partition by asked.metric_id
            order by case issue.severity when 'act' then 1 else 2 end, issue.month desc, issue.issue_id
        ) as choice
    from issue
    cross join unnest(string_split(issue.metrics, '|')) as asked(metric_id)
),

counted as (
    select metric_id, count(*) as problems, min(affects_from) as affects_from, max(affects_to) as affects_to
    from affected
    group by metric_id
)

select
    affected.metric_id,
    affected.severity,
    counted.problems,
    affected.words,
    affected.consequence,
    affected.feed,
    counted.affects_from,
    counted.affects_to
from affected
inner join counted on counted.metric_id = affected.metric_id
where affected.choice = 1
order by case affected.severity when 'act' then 1 else 2 end, affected.metric_id
