/* Days on which a person had an ambulatory visit, for follow-up and the timeline. Grain: person, contract, day. */
MODEL (
  name staging.ambulatory_visit,
  kind FULL
);

select
    person_id,
    contract_id,
    ambulatory_on as visit_on,
    min(market_id) as market_id,
    min(ambulatory_visit_type) as visit_type,
    min(coalesce(rendering_npi, billing_npi)) as provider_npi,
    min_by(primary_diagnosis, claim_key) as primary_diagnosis,
    sum(allowed_amount) as allowed_amount,
    min(feed) as feed,
    min(file_name) as file_name,
    min(claim_key) as claim_key
from staging.claim_header
where ambulatory_on is not null and not is_cancelling and not is_cancelled and not is_replaced
group by person_id, contract_id, ambulatory_on
