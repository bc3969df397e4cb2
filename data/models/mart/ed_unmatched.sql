/* Professional emergency department claims without a facility visit: listed, not counted. Grain: claim and feed. */
MODEL (
  name mart.ed_unmatched,
  kind FULL,
  depends_on (mart.contract, mart.market),
  audits (
    key_is_unique(columns := (feed, claim_id)),
    exists_in_dimension(column := contract_id, dimension := mart.contract, key := contract_id),
    exists_in_dimension(column := market_id, dimension := mart.market, key := market_id)
  )
);

with unmatched as (
    select * from staging.ed_professional where visit_id is null
),

in_hospital as (
    select distinct u.claim_key
    from unmatched as u
    inner join staging.stay_claim as s
        on s.person_id = u.person_id and u.start_date between s.admit_date and s.leave_date
)

select
    u.claim_id,
    u.person_id,
    u.contract_id,
    u.market_id,
    u.start_date as service_date,
    case
        when h.claim_key is not null then 'during an inpatient stay whose claim has no emergency department line'
        else 'no facility emergency department claim on that day or the day before'
    end as reason,
    u.feed
from unmatched as u
left join in_hospital as h on h.claim_key = u.claim_key
