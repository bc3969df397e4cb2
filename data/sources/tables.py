"""Raw tables that belong to no one format: payers' gap lists, payers' own totals, admission messages."""

from data.sources.layout import Column, Table, day, key, must

PAYER_GAP = Table(
    name="payer_gap",
    key=("person_id", "measure_id", "measurement_year", "reported_on"),
    columns=(
        key("person_id"),
        key("measure_id"),
        Column("measure_name"),
        key("measurement_year", kind="integer"),
        Column(
            "status",
            form="lower({})",
            in_file=True,
            among=("open", "closed", "excluded"),
            among_reason="unknown gap status",
        ),
        Column("due_date", "date"),
        Column("closed_date", "date"),
        Column("reported_on", "date"),
    ),
)
"""What a payer says of its members' care gaps, as it was on the day of the list."""

CONTROL_TOTAL = Table(
    name="control_total",
    columns=(
        day("delivery_month"),
        Column("received_on", "date"),
        must("input_table"),
        Column("rows", "count"),
        Column("members", "count"),
        Column("claims", "count"),
        Column("charge_amount", "money"),
        Column("allowed_amount", "money"),
        Column("paid_amount", "money"),
    ),
)
"""What a payer says it sent in a month, and when it came; ``input_table`` is a kind of file or a raw table.
"""

ADT_EVENT = Table(
    name="adt_event",
    key=("event_id",),
    columns=(
        key("event_id"),
        must("message_type"),
        Column("event_time", "timestamp", in_file=True, value="bad or missing date"),
        Column("received_time", "timestamp"),
        Column("patient_id"),
        Column("member_id"),
        Column("last_name"),
        Column("first_name"),
        Column("birth_date", "date"),
        Column("sex"),
        Column("zip_code"),
        Column("visit_number"),
        Column("patient_class"),
        Column("facility_id"),
        Column("facility_name"),
        Column("complaint"),
        Column("diagnosis_code"),
        Column("admit_time", "timestamp"),
        Column("discharge_time", "timestamp"),
        Column("disposition"),
    ),
)
"""One admission, discharge or transfer message."""

ALWAYS = (PAYER_GAP, CONTROL_TOTAL, ADT_EVENT)
"""Raw tables that are there even if no format of the feeds brings them."""
