/* Laboratory results in the Tuva Core vocabulary. Grain: result. */
MODEL (
  name core.lab_result,
  kind FULL
);

select
    lab_result_id, person_id, code, code_type, description, result, units, status,
    collected_on as collection_date, resulted_on as result_date, feed as data_source, file_name
from raw.lab_result
