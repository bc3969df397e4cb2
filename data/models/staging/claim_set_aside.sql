/* Medical claims that another claim takes back or replaces (metrics.md, claims and stays). Grain: claim. */
MODEL (
  name staging.claim_set_aside,
  kind FULL,
  grain claim_key
);

with cancelling as (
    select distinct feed, claim_type, person_id, facility_npi, start_date, end_date, abs(paid_amount) as amount
    from staging.claim
    where is_cancelling
),

/* The nth cancellation of a person, facility, dates and amount takes back the nth claim like it. */
numbered as (
    select
        k.claim_key,
        k.feed,
        k.claim_type,
        k.person_id,
        k.facility_npi,
        k.start_date,
        k.end_date,
        k.is_cancelling,
        c.amount,
        row_number() over (
            partition by k.feed, k.claim_type, k.person_id, k.facility_npi, k.start_date, k.end_date, c.amount, k.is_cancelling
            order by k.claim_id
        ) as number_alike
    from staging.claim as k
    inner join cancelling as c
        on c.feed = k.feed
        and c.claim_type = k.claim_type
        and c.person_id = k.person_id
        and c.facility_npi = k.facility_npi
        and c.start_date = k.start_date
        and c.end_date = k.end_date
        and c.amount = abs(k.paid_amount)
),

cancelled as (
    select o.claim_key
    from numbered as o
    inner join numbered as c
        on c.feed = o.feed
        and c.person_id = o.person_id
        and c.facility_npi = o.facility_npi
        and c.start_date = o.start_date
        and c.end_date = o.end_date
        and c.amount = o.amount
        and c.number_alike = o.number_alike
        and c.claim_type = o.claim_type
    where c.is_cancelling and not o.is_cancelling
),

/* A replacement (frequency 7) takes the place of the first bill, and of earlier replacements, of the same person,
   facility, kind of bill and start. */
replacement as (
    select
        feed, person_id, facility_npi, start_date, substr(bill_type_code, 1, 2) as kind_of_bill,
        max(coalesce(cast(paid_date as varchar), '') || claim_id) as latest
    from staging.claim
    where frequency = '7' and not is_cancelling
    group by feed, person_id, facility_npi, start_date, substr(bill_type_code, 1, 2)
),

replaced as (
    select k.claim_key
    from staging.claim as k
    inner join replacement as r
        on r.feed = k.feed
        and r.person_id = k.person_id
        and r.facility_npi = k.facility_npi
        and r.start_date = k.start_date
        and r.kind_of_bill = substr(k.bill_type_code, 1, 2)
    where
        k.claim_type = 'institutional'
        and k.frequency in ('1', '7')
        and coalesce(cast(k.paid_date as varchar), '') || k.claim_id <> r.latest
),

found as (
    select claim_key, 1 as is_cancelled, 0 as is_replaced from cancelled
    union all
    select claim_key, 0, 1 from replaced
)

select claim_key, max(is_cancelled) = 1 as is_cancelled, max(is_replaced) = 1 as is_replaced
from found
group by claim_key
