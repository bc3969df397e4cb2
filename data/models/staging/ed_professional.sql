/* Professional emergency department claims (place of service 23 or CPT 99281-99285) with the visit they attach to: one
   of the same person and contract on the same day or the day before, the nearest. Grain: claim; visit_id null where
   there is none. */
MODEL (
  name staging.ed_professional,
  kind FULL,
  grain claim_key
);

with professional as (
    select claim_key, claim_id, feed, person_id, contract_id, market_id, start_date, paid_amount, allowed_amount
    from staging.claim_header
    where is_ed_professional and not is_cancelling and not is_cancelled and not is_replaced
),

near as (
    select
        p.claim_key,
        v.visit_id,
        row_number() over (
            partition by p.claim_key
            order by case when v.visit_end_date >= p.start_date then 0 else 1 end, v.visit_date desc, v.visit_id
        ) as choice
    from professional as p
    inner join staging.ed_visit as v
        on v.person_id = p.person_id
        and v.contract_id = p.contract_id
        and v.visit_date <= p.start_date
        and v.visit_end_date >= p.start_date - interval '1' day
)

select p.*, n.visit_id
from professional as p
left join near as n on n.claim_key = p.claim_key and n.choice = 1
