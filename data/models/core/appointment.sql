/* Appointments in the Tuva Core vocabulary. Grain: appointment. */
MODEL (
  name core.appointment,
  kind FULL
);

select
    appointment_id, person_id, appointment_type, start_at as start_datetime, end_at as end_datetime, status, reason,
    practitioner_id, specialty, feed as data_source, file_name
from raw.appointment
