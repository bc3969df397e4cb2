-- answers: Which problems of the data affect these metrics, for what is chosen and in the period?
-- grain: one row per problem that needs acting on or watching
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
--   metrics: {type: str, meaning: 'ids of the metrics shown, | between; none = any'}
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
where severity <> 'info'
    and affects_from <= :period_end
    and affects_to >= :period_start
    and (
        :metrics is null
        or exists (
            select 1
            from unnest(string_split(:metrics, '|')) as asked(metric_id)
            where strpos('|' || metrics || '|', '|' || asked.metric_id || '|') > 0
        )
    )
group by issue_id
order by case max(severity) when 'act' then 1 else 2 end, max(month) desc, max(feed), issue_id
