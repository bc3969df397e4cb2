/* One row per person, contract and month enrolled on any day: overlapping and repeated spans are merged, a span's
   attributes come from the one that began last (metrics.md, rule 1). Grain: person, contract, month. */
MODEL (
  name core.member_month,
  kind FULL,
  grain (person_id, contract_id, month)
);

with covered as (
    select
        s.person_id,
        s.contract_id,
        c.month,
        s.market_id,
        s.dual_status,
        max(s.pharmacy_benefit) over (partition by s.person_id, s.contract_id, c.month) as pharmacy_benefit,
        s.feed,
        row_number() over (
            partition by s.person_id, s.contract_id, c.month
            order by s.enrollment_start_date desc, s.feed desc, s.file_name desc, s.row_number desc
        ) as choice
    from staging.eligibility_span as s
    inner join staging.calendar_month as c on c.month between s.first_month and s.last_month
)

select
    person_id,
    contract_id,
    month,
    extract(year from month) * 100 + extract(month from month) as year_month,
    market_id,
    dual_status,
    1 as medical_member_months,
    pharmacy_benefit as pharmacy_member_months,
    feed as data_source
from covered
where choice = 1
