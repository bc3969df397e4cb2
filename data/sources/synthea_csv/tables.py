"""Raw tables for what a medical record says and a claim does not: problems, and codes nobody has mapped."""

from data.sources.layout import Column, Table, day, key

CONDITION = Table(
    name="condition",
    key=("condition_id",),
    periods=(("recorded_date", "resolved_date"),),
    service_dates=("recorded_date",),
    columns=(
        key("condition_id"),
        key("person_id"),
        Column("encounter_id"),
        day("recorded_date"),
        Column("resolved_date", "date"),
        key("code"),
        Column("code_type", form="lower({})"),
        Column("description"),
        Column("icd10_code", form="upper(replace({}, '.', ''))"),
    ),
)
"""One problem as recorded, in the code it was recorded in; ``icd10_code`` where the project has a mapping."""

UNMAPPED_CODE = Table(
    name="unmapped_code",
    key=("code_system", "use", "code"),
    columns=(
        key("code_system", form="lower({})"),
        key("use"),
        key("code"),
        Column("description"),
        Column("rows", "count"),
    ),
)
"""How many rows of a feed carry a code that no table of the project translates, and what the code is used
for."""
