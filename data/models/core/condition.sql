/* Diagnoses as recorded on medical claims, and problems of medical records in the code they were recorded in, with ICD-10
   where the project has a translation. Grain: claim and position of the diagnosis (condition_rank), or problem.
   Diagnoses are header facts: the first line of each claim that has any speaks for it. */
MODEL (
  name core.condition,
  kind FULL,
  grain condition_id
);

/* Nearly always that is line 1, so only the claims of which it is not have to be looked up. */
with other_line as (
    select feed, claim_id, first_diagnosed_line
    from staging.claim
    where first_diagnosed_line <> 1
),

listed as (
    select
        m.feed,
        m.file_name,
        m.claim_id,
        m.person_id,
        m.claim_start_date,
        [
            m.diagnosis_code_1, m.diagnosis_code_2, m.diagnosis_code_3, m.diagnosis_code_4, m.diagnosis_code_5,
            m.diagnosis_code_6, m.diagnosis_code_7, m.diagnosis_code_8, m.diagnosis_code_9, m.diagnosis_code_10,
            m.diagnosis_code_11, m.diagnosis_code_12, m.diagnosis_code_13, m.diagnosis_code_14, m.diagnosis_code_15,
            m.diagnosis_code_16, m.diagnosis_code_17, m.diagnosis_code_18, m.diagnosis_code_19, m.diagnosis_code_20,
            m.diagnosis_code_21, m.diagnosis_code_22, m.diagnosis_code_23, m.diagnosis_code_24, m.diagnosis_code_25
        ] as codes
    from raw.medical_claim as m
    left join other_line as o on o.feed = m.feed and o.claim_id = m.claim_id
    where
        m.is_superseded is not true
        and m.claim_line_number = coalesce(o.first_diagnosed_line, 1)
        and (m.diagnosis_code_1 is not null or m.diagnosis_code_2 is not null)
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
    file_name,
    normalized_code as source_code,
    'icd-10-cm' as source_code_type
from positioned
where normalized_code is not null
union all
select
    feed || ':problem:' || condition_id,
    person_id,
    null,
    recorded_date,
    'problem',
    'icd-10-cm',
    icd10_code,
    null,
    feed,
    file_name,
    code,
    code_type
from raw.condition
