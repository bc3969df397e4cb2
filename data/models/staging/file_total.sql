/* Rows, dollars and key dates and amounts of each file, in one pass over the lines: the sums behind control totals and
   the fill of columns that hold no code. Superseded rows count: this is about what the payer sent. Where a feed declares
   no deliveries, its lines are told apart by month of payment, else of service. Grain: feed, file, table and month. */
MODEL (
  name staging.file_total,
  kind FULL
);

with medical as (
    select
        m.feed,
        m.file_name,
        cast(date_trunc('month', coalesce(f.delivery_month, m.paid_date, m.claim_start_date)) as date) as month,
        f.delivery_month is not null as is_delivery,
        count(*) as lines,
        count(m.person_id) as with_person,
        count(m.claim_start_date) as with_service,
        count(m.paid_date) as with_paid_date,
        sum(case when m.paid_date >= m.claim_start_date then 1 else 0 end) as with_valid_paid_date,
        count(m.paid_amount) as with_paid,
        count(m.allowed_amount) as with_allowed,
        sum(case when abs(m.allowed_amount) >= abs(m.paid_amount) or m.paid_amount is null then 1 else 0 end)
            as with_valid_allowed,
        sum(m.charge_amount) as charge_amount,
        sum(m.allowed_amount) as allowed_amount,
        sum(m.paid_amount) as paid_amount
    from raw.medical_claim as m
    left join staging.delivered_file as f on f.feed = m.feed and f.file_name = m.file_name
    group by 1, 2, 3, 4
),

pharmacy as (
    select
        r.feed,
        r.file_name,
        cast(date_trunc('month', coalesce(f.delivery_month, r.paid_date, r.dispensing_date)) as date) as month,
        f.delivery_month is not null as is_delivery,
        count(*) as lines,
        sum(case when coalesce(r.claim_line_number, 1) = 1 then 1 else 0 end) as claims,
        count(r.person_id) as with_person,
        count(r.dispensing_date) as with_service,
        count(r.paid_date) as with_paid_date,
        sum(case when r.paid_date >= r.dispensing_date then 1 else 0 end) as with_valid_paid_date,
        count(r.paid_amount) as with_paid,
        count(r.allowed_amount) as with_allowed,
        sum(case when abs(r.allowed_amount) >= abs(r.paid_amount) or r.paid_amount is null then 1 else 0 end)
            as with_valid_allowed,
        sum(r.charge_amount) as charge_amount,
        sum(r.allowed_amount) as allowed_amount,
        sum(r.paid_amount) as paid_amount
    from raw.pharmacy_claim as r
    left join staging.delivered_file as f on f.feed = r.feed and f.file_name = r.file_name
    group by 1, 2, 3, 4
),

enrolment as (
    select
        e.feed,
        e.file_name,
        f.delivery_month as month,
        f.delivery_month is not null as is_delivery,
        count(*) as lines,
        count(e.person_id) as with_person,
        count(e.enrollment_start_date) as with_service,
        count(e.birth_date) as with_birth_date,
        sum(case when e.birth_date <= e.enrollment_start_date or e.birth_date >= date '1900-01-01' then 1 else 0 end)
            as with_valid_birth_date
    from raw.eligibility as e
    left join staging.delivered_file as f on f.feed = e.feed and f.file_name = e.file_name
    group by 1, 2, 3, 4
)

select
    feed, file_name, 'medical_claim' as input_table, month, is_delivery, lines, cast(null as bigint) as claims,
    with_person, with_service, with_paid_date, with_valid_paid_date, with_paid, with_allowed, with_valid_allowed,
    cast(null as bigint) as with_birth_date, cast(null as bigint) as with_valid_birth_date,
    charge_amount, allowed_amount, paid_amount
from medical
union all
select
    feed, file_name, 'pharmacy_claim', month, is_delivery, lines, claims, with_person, with_service, with_paid_date,
    with_valid_paid_date, with_paid, with_allowed, with_valid_allowed, null, null, charge_amount, allowed_amount, paid_amount
from pharmacy
union all
select
    feed, file_name, 'eligibility', month, is_delivery, lines, null, with_person, with_service, null, null, null, null, null,
    with_birth_date, with_valid_birth_date, null, null, null
from enrolment
