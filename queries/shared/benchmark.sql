-- answers: What is this metric compared with, for what is chosen? Contract before market before line of business before everyone.
-- grain: one row per benchmark value of the metric that applies
-- columns:
--   statistic: "text — mean, percentile, cut point or target"
--   value: "in the unit beside it — the benchmark"
--   unit: "text — unit of the value"
--   basis: "text — whom it describes and how it was computed"
--   vintage: "text — year or version"
--   source: "text — who published it"
--   segment_type: "text — contract, market, line_of_business or all"
--   segment: "id — which contract, market or line of business"
-- params:
--   metric_id: {type: str, required: true, meaning: 'metric of metrics.yaml'}
with
-- a narrower benchmark applies only if the choice is exactly that contract, market or line of business
only_contract as (
    select max(contract_id) as segment from mart.contract
    where contract_id <> 'unassigned' having count(*) = 1
),

only_market as (
    select max(market_id) as segment from mart.market
    where market_id <> 'unassigned' having count(*) = 1
),

only_line_of_business as (
    select max(line_of_business) as segment from mart.contract
    where contract_id <> 'unassigned' having count(distinct line_of_business) = 1
),

applies as (
    select 1 as rank, 'contract' as segment_type, segment from only_contract
    union all
    select 2 as rank, 'market' as segment_type, segment from only_market
    union all
    select 3 as rank, 'line_of_business' as segment_type, segment from only_line_of_business
)

select
    benchmark.statistic, benchmark.value, benchmark.unit, benchmark.basis, benchmark.vintage, benchmark.source,
    benchmark.segment_type, benchmark.segment
from mart.benchmark as benchmark
left join applies
    on applies.segment_type = benchmark.segment_type and applies.segment = benchmark.segment
where benchmark.metric_id = :metric_id
    and (benchmark.segment_type = 'all' or applies.rank is not null)
order by coalesce(applies.rank, 4), benchmark.statistic, benchmark.value
