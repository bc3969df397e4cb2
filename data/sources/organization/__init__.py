"""What an organisation knows about itself: markets, contracts, staff, panels, contacts, benchmarks.

One CSV or Parquet file (or several) per table, every table optional; the headers are the column names below.
Person ids are the warehouse's: where a payer feed's ids are its own, write them as ``<feed>:<id>``.
"""

from data.sources.direct import DirectAdapter
from data.sources.layout import Column, Table, day, key, must

MARKET = Table(
    name="market", key=("market_id",), columns=(key("market_id"), must("market_name"), Column("state"))
)

CONTRACT = Table(
    name="contract",
    key=("contract_id",),
    periods=(("performance_start", "performance_end"),),
    columns=(
        key("contract_id"),
        must("contract_name"),
        Column("payer"),
        Column("plan"),
        Column("line_of_business"),
        Column("model"),
        Column("performance_start", "date"),
        Column("performance_end", "date"),
        Column("completion_threshold", "number"),
        Column("terms_version"),
        Column("control_for"),
        Column("truncation_cap", "number"),
        Column("large_claimant_threshold", "number"),
        Column("terms_sha256"),
    ),
)

STAFF = Table(
    name="staff",
    key=("staff_id",),
    columns=(
        key("staff_id"),
        must("staff_name"),
        Column("role"),
        Column("market_id"),
        Column("care_team_id"),
        Column("care_team_name"),
        Column("fte", "number"),
        Column("panel_target", "integer"),
        Column("languages"),
        Column("is_active", "boolean"),
    ),
)

PROVIDER = Table(
    name="provider",
    key=("npi",),
    columns=(
        key("npi"),
        must("provider_name"),
        Column("practice_name"),
        Column("provider_type", form="lower({})"),
        Column("market_id"),
        Column("specialty"),
        Column("taxonomy_code", form="upper({})"),
    ),
)

ATTRIBUTION = Table(
    name="attribution",
    key=("person_id", "contract_id", "start_date"),
    periods=(("start_date", "end_date"),),
    columns=(
        key("person_id"),
        key("contract_id"),
        day("start_date"),
        Column("end_date", "date"),
        Column("pcp_npi"),
        Column("care_team_id"),
    ),
)

PANEL = Table(
    name="panel",
    key=("person_id", "staff_id", "start_date"),
    periods=(("start_date", "end_date"),),
    columns=(
        key("person_id"),
        key("staff_id"),
        Column("role"),
        Column("contract_id"),
        day("start_date"),
        Column("end_date", "date"),
        Column("is_lead", "boolean"),
        Column("acuity", "integer"),
        Column("weight", "number"),
    ),
)

TOUCH = Table(
    name="touch",
    key=("touch_id",),
    service_dates=("touched_on",),
    columns=(
        key("touch_id"),
        key("person_id"),
        Column("staff_id"),
        day("touched_on"),
        Column("channel", form="lower({})"),
        Column("direction", form="lower({})"),
        Column("outcome", form="lower({})"),
        Column("minutes", "integer"),
    ),
)

BENCHMARK = Table(
    name="benchmark",
    key=("benchmark_id",),
    columns=(
        key("benchmark_id"),
        key("metric_id"),
        Column("segment_type"),
        Column("segment"),
        must("statistic"),
        must("value", kind="number"),
        Column("unit"),
        Column("basis"),
        Column("vintage"),
        must("source"),
        Column("kind", form="lower({})"),
        Column("service_category_1", form="lower({})"),
        Column("service_category_2", form="lower({})"),
        Column("amount_basis", form="lower({})"),
        Column("is_truncated", "boolean"),
        Column("includes_pharmacy", "boolean"),
        Column("annual_trend", "number"),
        Column("trend_from", "date"),
        Column("risk_score", "number"),
    ),
)
"""Reference values to hold the organisation's own against. What a value of cost is comparable with, is said
by ``amount_basis`` (paid or allowed), ``is_truncated`` and ``includes_pharmacy``; it holds for the year
centred on ``trend_from`` and grows by ``annual_trend`` (0.04 = 4% a year) from there."""

DRUG = Table(
    name="drug",
    key=("ndc",),
    columns=(
        key("ndc", form="replace({}, '-', '')"),
        must("drug_name"),
        Column("ingredient", form="lower({})"),
        Column("is_generic", "boolean"),
        Column("is_specialty", "boolean"),
        Column("source"),
    ),
)
"""What an NDC is: payers' pharmacy claims carry the number only."""

NETWORK = Table(
    name="network",
    # A provider may leave a network and come back, so there is no key.
    periods=(("start_date", "end_date"),),
    columns=(
        key("contract_id"),
        key("npi"),
        Column("start_date", "date"),
        Column("end_date", "date"),
    ),
)
"""Who is in a contract's network. For a contract with a list the list decides, not the payer's flag."""

MEMBER_PROFILE = Table(
    name="member_profile",
    key=("person_id",),
    columns=(
        key("person_id"),
        Column("preferred_language"),
        Column("phone"),
        Column("email"),
        Column("sms_consent", "boolean"),
        Column("do_not_contact", "boolean"),
        Column("acuity", "integer"),
        Column("impactability", "number"),
        Column("social_needs"),
        Column("risk_score", "number"),
    ),
)

PERSON_CROSSWALK = Table(
    name="person_crosswalk",
    key=("source_feed", "member_id"),
    columns=(key("source_feed"), key("member_id"), key("person_id")),
)
"""Who the members of a feed with ``person_ids: crosswalk`` are: the enterprise index, as a list."""

TABLES = (
    MARKET,
    CONTRACT,
    STAFF,
    PROVIDER,
    ATTRIBUTION,
    PANEL,
    TOUCH,
    BENCHMARK,
    MEMBER_PROFILE,
    PERSON_CROSSWALK,
    DRUG,
    NETWORK,
)

ADAPTER = DirectAdapter("organization", TABLES, person_ids=("shared",))
