-- answers: What can cost be compared with, and on which basis does each stand?
-- grain: one row per benchmark value of cost, use or price
-- columns:
--   benchmark_id: "id — of the value"
--   metric_id: "id — metric it is a value of"
--   kind: "text — contract_target, budget, national or peer"
--   segment_type: "text — contract, market, line_of_business or all"
--   segment: "id — which contract, market or line of business"
--   service_category_1: "text — service category it is of; null = all"
--   service_category_2: "text — part of the category; null = all of it"
--   statistic: "text — mean, percentile or target"
--   value: "in the unit beside it — the benchmark"
--   unit: "text — unit of the value"
--   basis: "text — whom it describes and how it was computed"
--   amount_basis: "text — paid or allowed"
--   is_truncated: "yes or no — without dollars above a yearly cap"
--   includes_pharmacy: "yes or no — with pharmacy"
--   annual_trend: "share a year — by which it is to be carried forward"
--   trend_from: "date — the middle of the year it holds for"
--   risk_score: "score — of the members it describes"
--   vintage: "text — year or version"
--   source: "text — who published it"
select
    benchmark_id, metric_id, kind, segment_type, segment, service_category_1, service_category_2, statistic, value,
    unit, basis, amount_basis, is_truncated, includes_pharmacy, annual_trend, trend_from, risk_score, vintage, source
from mart.benchmark
where metric_id in (
    'pmpm', 'category_pmpm', 'units_per_1000', 'unit_cost', 'generic_rate', 'share_90', 'specialty_share',
    'leakage_rate'
)
order by metric_id, kind, segment_type, segment, service_category_1, service_category_2, statistic, benchmark_id
