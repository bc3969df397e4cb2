/* Pharmacy claim lines in the Tuva Core vocabulary. Grain: pharmacy claim line. */
MODEL (
  name core.pharmacy_claim,
  kind FULL
);

select
    p.feed || ':' || p.claim_id || ':' || cast(p.claim_line_number as varchar) as pharmacy_claim_id,
    p.claim_id,
    p.claim_line_number,
    p.person_id,
    p.member_id,
    p.contract_id,
    p.payer,
    p.plan,
    p.prescribing_provider_npi as prescribing_provider_id,
    p.dispensing_provider_npi as dispensing_provider_id,
    p.dispensing_date,
    p.ndc_code,
    p.quantity,
    p.days_supply,
    p.refills,
    p.paid_date,
    coalesce(p.paid_amount, cast(0 as decimal(18, 2))) as paid_amount,
    coalesce(p.allowed_amount, cast(0 as decimal(18, 2))) as allowed_amount,
    coalesce(p.charge_amount, cast(0 as decimal(18, 2))) as charge_amount,
    case
        when lower(p.in_network_flag) in ('1', 'y', 'yes', 'true', 't') then 'in'
        when lower(p.in_network_flag) in ('0', 'n', 'no', 'false', 'f') then 'out'
        else 'unknown'
    end as network,
    p.feed as data_source,
    p.file_name
from raw.pharmacy_claim as p
where p.is_superseded is not true
