/* What the units of a service category are, in a word. Grain: both categories. */
MODEL (
  name mart.service_unit,
  kind FULL,
  audits (key_is_unique(columns := (service_category_1, service_category_2)))
);

select service_category_1, service_category_2, unit
from reference.service_unit
