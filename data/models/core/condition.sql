/* Diagnoses as recorded on medical claims. Grain: claim and position of the diagnosis (condition_rank).
   Diagnoses are header facts: the first line of each claim speaks for it. */
MODEL (
  name core.condition,
  kind FULL,
  grain condition_id
);

with first_line as (
    select
        m.*,
        row_number() over (partition by m.feed, m.claim_id order by m.claim_line_number) as line_order
    from (
        select
            feed, file_name, claim_id, claim_line_number, person_id, claim_start_date,
            diagnosis_code_1, diagnosis_code_2, diagnosis_code_3, diagnosis_code_4, diagnosis_code_5,
            diagnosis_code_6, diagnosis_code_7, diagnosis_code_8, diagnosis_code_9, diagnosis_code_10,
            diagnosis_code_11, diagnosis_code_12, diagnosis_code_13, diagnosis_code_14, diagnosis_code_15,
            diagnosis_code_16, diagnosis_code_17, diagnosis_code_18, diagnosis_code_19, diagnosis_code_20,
            diagnosis_code_21, diagnosis_code_22, diagnosis_code_23, diagnosis_code_24, diagnosis_code_25
        from raw.medical_claim
        where diagnosis_code_1 is not null or diagnosis_code_2 is not null
    ) as m
),

listed as (
    select
        feed,
        file_name,
        claim_id,
        person_id,
        claim_start_date,
        [
            diagnosis_code_1, diagnosis_code_2, diagnosis_code_3, diagnosis_code_4, diagnosis_code_5,
            diagnosis_code_6, diagnosis_code_7, diagnosis_code_8, diagnosis_code_9, diagnosis_code_10,
            diagnosis_code_11, diagnosis_code_12, diagnosis_code_13, diagnosis_code_14, diagnosis_code_15,
            diagnosis_code_16, diagnosis_code_17, diagnosis_code_18, diagnosis_code_19, diagnosis_code_20,
            diagnosis_code_21, diagnosis_code_22, diagnosis_code_23, diagnosis_code_24, diagnosis_code_25
        ] as codes
    from first_line
    where line_order = 1
),

positioned as (
    select
        feed, file_name, claim_id, person_id, claim_start_date,
        unnest(codes) as normalized_code,
        unnest(generate_series(1, 25)) as condition_rank
    from listed
)

select
    feed || ':' || claim_id || ':' || cast(condition_rank as varchar) as condition_id,
    person_id,
    claim_id,
    claim_start_date as recorded_date,
    'claim_diagnosis' as condition_type,
    'icd-10-cm' as normalized_code_type,
    normalized_code,
    cast(condition_rank as integer) as condition_rank,
    feed as data_source,
    file_name
from positioned
where normalized_code is not null
