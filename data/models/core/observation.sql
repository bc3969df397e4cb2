/* Observations (vital signs, surveys) in the Tuva Core vocabulary. Grain: observation. */
MODEL (
  name core.observation,
  kind FULL
);

select
    observation_id, person_id, observation_type, observation_date, code, code_type, description, result, units,
    feed as data_source, file_name
from raw.observation
