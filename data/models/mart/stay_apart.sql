/* Inpatient bills that are no stay, each with the reason. Grain: claim and feed. */
MODEL (
  name mart.stay_apart,
  kind FULL,
  depends_on (mart.contract, mart.market),
  audits (
    key_is_unique(columns := (feed, claim_id)),
    exists_in_dimension(column := contract_id, dimension := mart.contract, key := contract_id),
    exists_in_dimension(column := market_id, dimension := mart.market, key := market_id)
  )
);

select
    claim_id,
    person_id,
    contract_id,
    market_id,
    coalesce(admission_date, start_date) as admit_date,
    bill_type_code,
    cast(paid_amount as double) as paid,
    case
        when is_cancelled then 'cancelled by a later claim'
        when is_cancelling then 'cancels an earlier claim'
        when is_replaced then 'replaced by a later claim (bill frequency 7)'
        when frequency = '0' then 'non-payment claim (bill type 110)'
        else 'late charges only (bill type 115)'
    end as reason,
    feed
from staging.claim_header
where
    is_inpatient
    and (is_cancelling or is_cancelled or is_replaced or coalesce(frequency, '') in ('0', '5'))
