/* One row per enrolled person, each fact from the latest eligibility row that has it. Grain: person. */
MODEL (
  name core.patient,
  kind FULL,
  grain person_id
);

with keyed as (
    select
        *,
        cast(enrollment_start_date as varchar) || feed || file_name || lpad(cast(row_number as varchar), 12, '0') as recency
    from raw.eligibility
    where is_superseded is not true
)

select
    person_id,
    max_by(first_name, recency) as first_name,
    max_by(last_name, recency) as last_name,
    max_by(sex, recency) as sex,
    max_by(race, recency) as race,
    max_by(ethnicity, recency) as ethnicity,
    max_by(birth_date, recency) as birth_date,
    max(death_date) as death_date,
    max_by(address, recency) as address,
    max_by(city, recency) as city,
    max_by(state, recency) as state,
    max_by(zip_code, recency) as zip_code,
    max_by(phone, recency) as phone,
    max_by(email, recency) as email,
    max_by(preferred_language, recency) as preferred_language,
    max_by(feed, recency) as data_source
from keyed
group by person_id
