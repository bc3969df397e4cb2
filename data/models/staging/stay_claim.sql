/* Inpatient claims (bill type 11x but 110, 115 and cancellations) with the stay they belong to. Grain: claim.
   Bills of one facility are one stay when they overlap or continue an interim bill (112, 113, 114); another
   facility's stay on the same or the next day continues the episode as a transfer; the same facility on the next day
   is a new stay, a readmission (metrics.md, claims and stays). */
MODEL (
  name staging.stay_claim,
  kind FULL,
  grain claim_key
);

with bill as (
    select
        *,
        coalesce(admission_date, start_date) as admit_date,
        greatest(coalesce(discharge_date, end_date), end_date) as leave_date
    from staging.claim_header
    where
        is_inpatient and not is_cancelling and not is_cancelled and not is_replaced
        and coalesce(frequency, '') not in ('0', '5')
),

before as (
    select
        *,
        max(leave_date) over facility_before as reached_before,
        lag(admit_date) over facility_order as admit_before,
        lag(frequency) over facility_order as frequency_before
    from bill
    window
        facility_order as (partition by person_id, contract_id, facility_npi order by start_date, leave_date, claim_key),
        facility_before as (
            partition by person_id, contract_id, facility_npi order by start_date, leave_date, claim_key
            rows between unbounded preceding and 1 preceding
        )
),

facility_stay as (
    select
        *,
        sum(
            case
                when reached_before is null then 1
                when start_date < reached_before or admit_date = admit_before then 0
                when
                    (frequency_before in ('2', '3') or frequency in ('3', '4'))
                    and start_date <= reached_before + interval '1' day
                    then 0
                else 1
            end
        ) over (
            partition by person_id, contract_id, facility_npi order by start_date, leave_date, claim_key
            rows between unbounded preceding and current row
        ) as facility_stay_number
    from before
),

segment as (
    select
        person_id,
        contract_id,
        facility_npi,
        facility_stay_number,
        min(admit_date) as admit_date,
        max(leave_date) as leave_date
    from facility_stay
    group by person_id, contract_id, facility_npi, facility_stay_number
),

segment_before as (
    select
        *,
        max(leave_date) over (
            partition by person_id, contract_id order by admit_date, leave_date, facility_npi
            rows between unbounded preceding and 1 preceding
        ) as reached_before,
        lag(facility_npi) over (partition by person_id, contract_id order by admit_date, leave_date, facility_npi)
            as facility_before
    from segment
),

episode as (
    select
        *,
        sum(
            case
                when reached_before is null then 1
                when admit_date < reached_before then 0
                when facility_npi <> facility_before and admit_date <= reached_before + interval '1' day then 0
                else 1
            end
        ) over (
            partition by person_id, contract_id order by admit_date, leave_date, facility_npi
            rows between unbounded preceding and current row
        ) as episode_number
    from segment_before
)

select
    'ip:' || first_value(f.claim_key) over (
        partition by f.person_id, f.contract_id, e.episode_number order by f.admit_date, f.start_date, f.claim_key
    ) as stay_id,
    f.claim_key, f.claim_id, f.feed, f.file_name, f.person_id, f.contract_id, f.market_id, f.facility_npi, f.frequency,
    f.admit_date, f.leave_date, f.start_date, f.drg_code, f.primary_diagnosis, f.discharge_disposition_code,
    f.is_rehabilitation, f.paid_amount, f.allowed_amount
from facility_stay as f
inner join episode as e
    on e.person_id = f.person_id
    and e.contract_id = f.contract_id
    and e.facility_npi = f.facility_npi
    and e.facility_stay_number = f.facility_stay_number
