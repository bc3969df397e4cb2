/* Reference values: those the project ships and those the organisation brings. Grain: benchmark. */
MODEL (
  name mart.benchmark,
  kind FULL,
  grain benchmark_id,
  audits (key_is_unique(columns := benchmark_id))
);

select
    benchmark_id, metric_id, segment_type, segment, statistic, value, unit, basis, vintage, source, kind,
    service_category_1, service_category_2, amount_basis, is_truncated, includes_pharmacy, annual_trend, trend_from,
    risk_score
from raw.benchmark
union all
select
    b.benchmark_id, b.metric_id, b.segment_type, b.segment, b.statistic, b.value, b.unit, b.basis, b.vintage, b.source,
    b.kind, b.service_category_1, b.service_category_2, b.amount_basis, b.is_truncated, b.includes_pharmacy,
    b.annual_trend, b.trend_from, b.risk_score
from reference.benchmark as b
left join raw.benchmark as r on r.benchmark_id = b.benchmark_id
where r.benchmark_id is null
