/* Immunisations in the Tuva Core vocabulary. Grain: immunisation. */
MODEL (
  name core.immunization,
  kind FULL
);

select
    immunization_id, person_id, occurrence_date, code, code_type, description, status, feed as data_source, file_name
from raw.immunization
