/* Claims in months without a member-month of their contract, counted apart (metrics.md, rule 8).
   Grain: contract, market, feed, month of service, kind of claim. */
MODEL (
  name mart.claim_outside_enrolment,
  kind FULL,
  depends_on (mart.contract, mart.market),
  audits (
    key_is_unique(columns := (contract_id, market_id, feed, month, claim_kind)),
    exists_in_dimension(column := contract_id, dimension := mart.contract, key := contract_id),
    exists_in_dimension(column := market_id, dimension := mart.market, key := market_id)
  )
);

select
    contract_id,
    market_id,
    feed,
    month,
    cast(extract(year from month) as integer) as year,
    'medical' as claim_kind,
    cast(sum(lines) as bigint) as lines,
    count(*) as claims,
    cast(sum(paid_amount) as double) as paid,
    cast(sum(allowed_amount) as double) as allowed
from staging.claim_header
where not in_enrolment
group by contract_id, market_id, feed, month
union all
select
    r.contract_id,
    coalesce(p.market_id, 'unassigned'),
    r.data_source,
    cast(date_trunc('month', r.dispensing_date) as date),
    cast(extract(year from cast(date_trunc('month', r.dispensing_date) as date)) as integer),
    'pharmacy',
    count(*),
    count(distinct r.claim_id),
    cast(sum(r.paid_amount) as double),
    cast(sum(r.allowed_amount) as double)
from core.pharmacy_claim as r
left join staging.enrolment_run as m
    on m.person_id = r.person_id
    and m.contract_id = r.contract_id
    and r.dispensing_date >= m.first_month
    and cast(date_trunc('month', r.dispensing_date) as date) <= m.last_month
left join staging.person_place as p on p.person_id = r.person_id
where m.person_id is null
group by
    r.contract_id, coalesce(p.market_id, 'unassigned'), r.data_source,
    cast(date_trunc('month', r.dispensing_date) as date)
