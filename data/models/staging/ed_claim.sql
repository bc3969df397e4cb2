/* Institutional claims with an emergency department revenue centre, each with the visit it belongs to: claims of the
   same person, contract and facility on the same or the next day are one visit. An outpatient claim spans its header
   dates, an inpatient claim's emergency part is its first day (metrics.md). Grain: claim. */
MODEL (
  name staging.ed_claim,
  kind FULL,
  grain claim_key
);

with counted as (
    select
        *,
        case when is_inpatient then start_date else end_date end as ed_end_date
    from staging.claim_header
    where is_ed and claim_type = 'institutional' and not is_cancelling and not is_cancelled and not is_replaced
),

reached as (
    select
        *,
        max(ed_end_date) over (
            partition by person_id, contract_id, facility_npi
            order by start_date, ed_end_date, claim_key
            rows between unbounded preceding and 1 preceding
        ) as reached_before
    from counted
),

numbered as (
    select
        *,
        sum(
            case when reached_before is null or start_date > reached_before + interval '1' day then 1 else 0 end
        ) over (
            partition by person_id, contract_id, facility_npi
            order by start_date, ed_end_date, claim_key
            rows between unbounded preceding and current row
        ) as visit_number
    from reached
),

first_claim as (
    select
        *,
        first_value(claim_key) over (
            partition by person_id, contract_id, facility_npi, visit_number
            order by start_date, ed_end_date, claim_key
        ) as first_claim_key
    from numbered
)

select
    claim_key,
    'ed:' || first_claim_key as visit_id,
    claim_key = first_claim_key as is_first,
    feed, file_name, claim_id, contract_id, market_id, person_id, bill_type_code, facility_npi, billing_npi, start_date,
    ed_end_date, admission_hour, primary_diagnosis, paid_amount, allowed_amount, is_inpatient, is_observation
from first_claim
