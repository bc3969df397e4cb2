/* Months in a row in which a person's enrolment in a contract has the same attributes: spans as they are, and single
   months where spans overlap, with the attributes of the span that began last (metrics.md, rule 1). A question that
   needs a month's market joins these few rows instead of the member-months. Grain: person, contract, first month; the
   runs of a person and contract share no month. */
MODEL (
  name staging.enrolment_run,
  kind FULL
);

with span as (
    select * from staging.eligibility_span where first_month <= last_month
),

reached as (
    select
        person_id,
        contract_id,
        first_month,
        max(last_month) over (
            partition by person_id, contract_id order by first_month, last_month
            rows between unbounded preceding and 1 preceding
        ) as reached_before
    from span
),

overlapping as (
    select distinct person_id, contract_id
    from reached
    where first_month <= reached_before
),

covered as (
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
    from span as s
    inner join overlapping as o on o.person_id = s.person_id and o.contract_id = s.contract_id
    inner join staging.calendar_month as c on c.month between s.first_month and s.last_month
)

select
    s.person_id, s.contract_id, s.first_month, s.last_month, s.market_id, s.dual_status, s.pharmacy_benefit, s.feed
from span as s
left join overlapping as o on o.person_id = s.person_id and o.contract_id = s.contract_id
where o.person_id is null
union all
select person_id, contract_id, month, month, market_id, dual_status, pharmacy_benefit, feed
from covered
where choice = 1
