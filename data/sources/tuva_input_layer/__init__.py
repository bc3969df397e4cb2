"""The Tuva Project's input layer: eligibility, claims and clinical tables, one file or more of each.

Column names and meanings are Tuva's (https://thetuvaproject.com/connectors/input-layer). Columns Tuva does
not have, and ours may (``admission_hour``, ``preferred_language``, ``pharmacy_benefit_flag``), are optional
like every column that is not named as required below. Columns we do not use are ignored, not stored.

Required are the columns without which a number would be silently wrong rather than missing: a medical claim
file without revenue centres, for instance, would show no emergency visit at all.
"""

from data.sources.direct import DirectAdapter
from data.sources.layout import Column, Table, day, key, must
from data.sources.tables import PAYER_GAP

# A code that lost its leading zeros, or gained a decimal, on its way through a spreadsheet.
WHOLE = "case when contains({}, '.') then regexp_replace({}, '^([0-9]+)\\.0+$', '\\1') else {} end"


def padded(width: int) -> str:
    """SQL that restores the leading zeros of a numeric code of ``width`` digits."""
    # Nearly all codes have their width, and a look at the length costs far less than the patterns.
    return (
        f"case when length({{}}) >= {width} and not contains({{}}, '.') then {{}} "
        f"when regexp_full_match({WHOLE}, '[0-9]+') and length({WHOLE}) < {width} "
        f"then lpad({WHOLE}, {width}, '0') else {WHOLE} end"
    )


# UB-04 form locator 4 is printed with a leading zero (0131); Tuva and CMS data files leave it out (131).
BILL_TYPE = "case when length({}) = 4 and starts_with({}, '0') then substr({}, 2) else {} end"
DIAGNOSIS = "upper(case when contains({}, '.') then replace({}, '.', '') else {} end)"
SEX = (
    "case when lower({}) in ('male', 'm') then 'male' when lower({}) in ('female', 'f') then 'female' "
    "else 'unknown' end"
)
CLAIM_TYPES = ("institutional", "professional", "dental", "vision", "undetermined")

ELIGIBILITY = Table(
    name="eligibility",
    has_contract=True,
    has_market=True,
    may_replace=True,
    agrees="birth_date",
    # No key: files that repeat a span, or overlap, are the rule; spans are merged into member-months later.
    periods=(("enrollment_start_date", "enrollment_end_date"),),
    columns=(
        key("person_id"),
        Column("member_id"),
        Column("sex", sources=("gender",), form=SEX, in_file=True),
        Column("race"),
        Column("ethnicity"),
        must("birth_date", kind="date"),
        Column("death_date", "date"),
        day("enrollment_start_date"),
        must("enrollment_end_date", kind="date"),
        Column("payer"),
        Column("plan"),
        Column("payer_type"),
        Column("dual_status_code", form=padded(2)),
        Column("medicare_status_code", form=padded(2)),
        Column("original_reason_entitlement_code", form=WHOLE),
        Column("group_id"),
        Column("first_name"),
        Column("last_name"),
        Column("address"),
        Column("city"),
        Column("state"),
        Column("zip_code"),
        Column("phone"),
        Column("email"),
        Column("preferred_language"),
        Column("pharmacy_benefit_flag"),
    ),
)

MEDICAL_CLAIM = Table(
    name="medical_claim",
    has_contract=True,
    may_replace=True,
    key=("claim_id", "claim_line_number"),
    periods=(
        ("claim_start_date", "claim_end_date"),
        ("claim_line_start_date", "claim_line_end_date"),
        ("admission_date", "discharge_date"),
    ),
    service_dates=("claim_start_date", "claim_line_start_date", "admission_date"),
    service_date="claim_start_date",
    paid_date="paid_date",
    columns=(
        key("claim_id"),
        key("claim_line_number", kind="integer"),
        Column(
            "claim_type",
            form="lower({})",
            in_file=True,
            among=CLAIM_TYPES,
            among_reason="unknown claim type",
        ),
        key("person_id"),
        Column("member_id"),
        Column("payer"),
        Column("plan"),
        day("claim_start_date"),
        # A claim without an end is a claim of one day.
        Column("claim_end_date", "date", sources=("claim_end_date", "claim_start_date"), in_file=True),
        Column("claim_line_start_date", "date"),
        Column("claim_line_end_date", "date"),
        Column("admission_date", "date"),
        Column("discharge_date", "date"),
        Column("admission_hour", "integer"),
        Column("admit_source_code", form=f"upper({WHOLE})"),
        Column("admit_type_code", form=WHOLE),
        Column("discharge_disposition_code", form=padded(2)),
        must("place_of_service_code", form=padded(2)),
        must("bill_type_code", form=BILL_TYPE),
        Column("drg_code_type"),
        Column("drg_code", form=padded(3)),
        must("revenue_center_code", form=padded(4)),
        Column("service_unit_quantity", "number"),
        must("hcpcs_code", form="upper({})"),
        *(Column(f"hcpcs_modifier_{n}", form="upper({})") for n in range(1, 6)),
        Column("rendering_npi"),
        Column("billing_npi"),
        must("facility_npi"),
        Column("paid_date", "date"),
        must("paid_amount", kind="money"),
        Column("allowed_amount", "money"),
        Column("charge_amount", "money"),
        Column("in_network_flag"),
        Column("diagnosis_code_type", form="lower({})"),
        must("diagnosis_code_1", form=DIAGNOSIS),
        *(Column(f"diagnosis_code_{n}", form=DIAGNOSIS) for n in range(2, 26)),
        Column("procedure_code_type", form="lower({})"),
        *(Column(f"procedure_code_{n}", form=DIAGNOSIS) for n in range(1, 26)),
    ),
)

PHARMACY_CLAIM = Table(
    name="pharmacy_claim",
    has_contract=True,
    may_replace=True,
    key=("claim_id", "claim_line_number"),
    service_dates=("dispensing_date",),
    service_date="dispensing_date",
    paid_date="paid_date",
    columns=(
        key("claim_id"),
        key("claim_line_number", kind="integer"),
        key("person_id"),
        Column("member_id"),
        Column("payer"),
        Column("plan"),
        Column("prescribing_provider_npi"),
        Column("dispensing_provider_npi"),
        day("dispensing_date"),
        must("ndc_code", form="replace({}, '-', '')"),
        Column("quantity", "number"),
        Column("days_supply", "integer"),
        Column("refills", "integer"),
        Column("paid_date", "date"),
        must("paid_amount", kind="money"),
        Column("allowed_amount", "money"),
        Column("charge_amount", "money"),
        Column("in_network_flag"),
    ),
)

_LAB_LEVELS = ("normalized_component", "normalized_order", "source_component", "source_order")

LAB_RESULT = Table(
    name="lab_result",
    key=("lab_result_id",),
    service_dates=("collected_on", "resulted_on"),
    any_date=("collected_on", "resulted_on"),
    columns=(
        key("lab_result_id"),
        key("person_id"),
        Column("code", sources=tuple(f"{level}_code" for level in _LAB_LEVELS)),
        Column("code_type", sources=tuple(f"{level}_type" for level in _LAB_LEVELS), form="lower({})"),
        Column("description", sources=tuple(f"{level}_description" for level in _LAB_LEVELS)),
        Column("result"),
        Column("units", sources=("normalized_units", "source_units")),
        Column("status"),
        Column("collected_on", "date", sources=("collection_datetime", "collection_date")),
        Column("resulted_on", "date", sources=("result_datetime", "result_date")),
    ),
)

OBSERVATION = Table(
    name="observation",
    key=("observation_id",),
    service_dates=("observation_date",),
    columns=(
        key("observation_id"),
        key("person_id"),
        Column("observation_type"),
        day("observation_date"),
        Column("code", sources=("normalized_code", "source_code")),
        Column("code_type", sources=("normalized_code_type", "source_code_type"), form="lower({})"),
        Column("description", sources=("normalized_description", "source_description")),
        Column("result"),
        Column("units", sources=("normalized_units", "source_units")),
    ),
)

APPOINTMENT = Table(
    name="appointment",
    key=("appointment_id",),
    periods=(("start_at", "end_at"),),
    columns=(
        key("appointment_id"),
        key("person_id"),
        Column(
            "appointment_type",
            sources=(
                "normalized_appointment_type_description",
                "source_appointment_type_description",
                "normalized_appointment_type_code",
                "source_appointment_type_code",
            ),
        ),
        Column("start_at", "timestamp", ("start_datetime",), in_file=True, value="bad or missing date"),
        Column("end_at", "timestamp", ("end_datetime",)),
        Column("status", sources=("normalized_status", "source_status")),
        Column("reason", sources=("reason", "normalized_reason_description", "source_reason_description")),
        Column("practitioner_id"),
        Column("specialty", sources=("appointment_specialty",)),
    ),
)

IMMUNIZATION = Table(
    name="immunization",
    key=("immunization_id",),
    service_dates=("occurrence_date",),
    columns=(
        key("immunization_id"),
        key("person_id"),
        day("occurrence_date"),
        Column("code", sources=("normalized_code", "source_code")),
        Column("code_type", sources=("normalized_code_type", "source_code_type"), form="lower({})"),
        Column("description", sources=("normalized_description", "source_description")),
        Column("status"),
    ),
)

TABLES = (
    ELIGIBILITY,
    MEDICAL_CLAIM,
    PHARMACY_CLAIM,
    LAB_RESULT,
    OBSERVATION,
    APPOINTMENT,
    IMMUNIZATION,
    PAYER_GAP,
)

ADAPTER = DirectAdapter("tuva_input_layer", TABLES, required=("eligibility", "medical_claim"))
"""A feed must bring the required tables, unless its ``required_files`` says otherwise."""
