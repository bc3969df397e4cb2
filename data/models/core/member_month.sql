/* One row per person, contract and month enrolled on any day: overlapping and repeated spans are merged, a span's
   attributes come from the one that began last (metrics.md, rule 1). Grain: person, contract, month. */
MODEL (
  name core.member_month,
  kind FULL,
  grain (person_id, contract_id, month)
);

select
    r.person_id,
    r.contract_id,
    c.month,
    extract(year from c.month) * 100 + extract(month from c.month) as year_month,
    r.market_id,
    r.dual_status,
    1 as medical_member_months,
    r.pharmacy_benefit as pharmacy_member_months,
    r.feed as data_source
from staging.enrolment_run as r
inner join staging.calendar_month as c on c.month between r.first_month and r.last_month
