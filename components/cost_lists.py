"""Lists behind a sum of dollars: members with what each cost, claim lines, and whether both agree with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from components import formats, tables
from components.drill import Opened

ORDERS = {
    "amount": "Most dollars",
    "units": "Most services",
    "risk_score": "Highest risk",
    "ed_visits_12m": "Most ED visits",
    "name": "Name",
}
MEMBER_COLUMNS: dict[str, Any] = {
    "name": st.column_config.TextColumn("Member", width=150),
    "age_sex": st.column_config.TextColumn("Age, sex", width=70),
    "dollars": st.column_config.TextColumn("Dollars", width=112, alignment="right"),
    "claims": st.column_config.NumberColumn("Claims", format="localized", width=64),
    "units": st.column_config.NumberColumn("Services", format="localized", width=72),
    "member_months": st.column_config.NumberColumn("Months", format="localized", width=64),
    "kind": st.column_config.TextColumn("Since", width=92),
    "top": st.column_config.TextColumn("Mostly", width=110),
    "risk_words": st.column_config.TextColumn("Risk", width=56, alignment="right"),
    "conditions_words": st.column_config.TextColumn("Conditions", width=210),
    "ed_visits_12m": st.column_config.NumberColumn("ED 12 mo", width=72),
    "contact": st.column_config.TextColumn("Contact", width=72),
    "lead": st.column_config.TextColumn("Lead", width=100),
    "pcp_name": st.column_config.TextColumn("PCP", width=130),
    "contract_name": st.column_config.TextColumn("Contract", width=150),
}
CLAIM_COLUMNS: dict[str, Any] = {
    "name": st.column_config.TextColumn("Member", width=136),
    "day": st.column_config.TextColumn("Service", width=90),
    "provider": st.column_config.TextColumn("Provider", width=170),
    "category": st.column_config.TextColumn("Category", width=190),
    "diagnosis_code": st.column_config.TextColumn("Diagnosis", width=76),
    "what": st.column_config.TextColumn("Procedure or drug", width=150),
    "dollars": st.column_config.TextColumn("Dollars", width=100, alignment="right"),
    "allowed_words": st.column_config.TextColumn("Allowed", width=96, alignment="right"),
    "paid_words": st.column_config.TextColumn("Paid", width=96, alignment="right"),
    "paid_on": st.column_config.TextColumn("Paid on", width=90),
    "cause_words": st.column_config.TextColumn("Cause", width=120),
    "note": st.column_config.TextColumn("Note", width=84),
    "claim_id": st.column_config.TextColumn("Claim", width=110),
}
EXPORTED_MEMBERS = {
    "person_id": "Member id",
    "name": "Member",
    "age": "Age",
    "sex": "Sex",
    "birth_date": "Birth date",
    "phone": "Phone",
    "amount": "Dollars",
    "claims": "Claims",
    "units": "Services",
    "member_months": "Member-months",
    "year": "Year",
    "over_amount": "Dollars over the threshold",
    "is_continuing": "Above the threshold the year before",
    "top_category": "Mostly",
    "risk_score": "Risk score",
    "conditions": "Conditions",
    "ed_visits_12m": "ED visits, 12 months",
    "pcp_name": "PCP",
    "practice_name": "Practice",
    "care_team_name": "Care team",
    "lead_staff_name": "Lead",
    "contract_name": "Contract",
    "market_name": "Market",
}
EXPORTED_CLAIMS = {
    "claim_id": "Claim",
    "claim_line_number": "Line",
    "claim_type": "Type",
    "name": "Member",
    "service_date": "Service",
    "month": "Month",
    "paid_date": "Paid on",
    "service_category_1": "Category",
    "service_category_2": "Part",
    "provider_npi": "Provider NPI",
    "provider_name": "Provider",
    "provider_group": "Provider group",
    "specialty": "Specialty",
    "network": "Network",
    "diagnosis_code": "Diagnosis",
    "procedure_code": "Procedure",
    "drg_code": "DRG",
    "revenue_center_code": "Revenue centre",
    "drug_name": "Drug",
    "days_supply": "Days of supply",
    "units": "Services",
    "amount": "Dollars counted",
    "allowed": "Allowed",
    "paid": "Paid",
    "cause": "Cause",
    "is_cancelled": "Cancelled or replaced",
    "contract_name": "Contract",
    "market_name": "Market",
}
LETTERS = {"female": "F", "male": "M"}


@dataclass(frozen=True)
class Sums:
    """What a list holds altogether: its rows, and the sum that the number counted."""

    rows: int
    value: float


def sums(listed: pd.DataFrame, opened: Opened) -> Sums:
    """Of the whole list, also where only a page of it has been asked."""
    if listed.empty:
        return Sums(0, 0.0)
    rows = int(listed.iloc[0]["total_rows"]) if "total_rows" in listed else len(listed)
    measure = opened.counted_as.removeprefix("sum:")
    if opened.counted_as == "persons" and "person_id" in listed and "total_rows" not in listed:
        return Sums(rows, float(listed["person_id"].nunique()))
    if not opened.counted_as.startswith("sum:"):
        return Sums(rows, float(rows))
    total = f"total_{measure}"
    if total in listed:
        return Sums(rows, float(listed.iloc[0][total] or 0))
    return Sums(rows, float(listed[measure].fillna(0).sum()) if measure in listed else float("nan"))


def agrees(here: float, expected: float | None, opened: Opened) -> bool | None:
    """Whether a list comes to what the chart showed, to the cent; None where no chart showed anything."""
    if expected is None:
        return None
    return abs(here - expected) < (0.005 if is_dollars(opened) else 0.5)


def is_dollars(opened: Opened) -> bool:
    """True if the number that was opened is dollars."""
    return opened.counted_as in ("sum:amount", "sum:over_amount")


def agreement_words(opened: Opened, here: float, expected: float | None) -> str:
    """'$1,234,567.89 here, $1,234,567.89 in the chart', and whether that is as it should be."""
    said = formats.dollars if is_dollars(opened) else formats.number
    noun = {
        "sum:units": " services",
        "sum:claims": " claims",
        "sum:member_months": " member-months",
        "sum:pharmacy_member_months": " pharmacy member-months",
    }.get(opened.counted_as, "" if is_dollars(opened) else " members")
    found = f"{said(here)}{noun} here"
    fits = agrees(here, expected, opened)
    if fits is None:
        return f":gray[{_plain(found)}]"
    both = f"{found}, {said(expected)} in the chart"
    if fits:
        return f":blue[:material/check_circle:] :gray[{_plain(both)}]"
    return f":orange[:material/warning:] {_plain(both)}: filters or data have changed since"


def title(opened: Opened, people: int, here: float, words: str) -> tuple[str, str]:
    """'Outpatient: 331 members, $1,234,567.89', and the basis of the dollars."""
    name = f"{opened.label}: " if opened.label else ""
    headline = f"{name}{formats.count_of(people, 'member')}"
    if is_dollars(opened):
        headline += f", {_plain(formats.dollars(here))}"
    return headline, f"{words}; as paid to date, without what is estimated." if words else "As paid to date."


def members(rows: pd.DataFrame, *, key: str) -> list[int]:
    """The grid of members with their dollars; the positions of the rows that are selected."""
    shown = members_shown(rows)
    shown.attrs = {}
    event = st.dataframe(
        shown,
        column_order=[name for name in MEMBER_COLUMNS if name in shown],
        column_config=MEMBER_COLUMNS,
        hide_index=True,
        row_height=tables.ROW_HEIGHT,
        height=tables.height_of(len(shown), 25),
        on_select="rerun",
        selection_mode="multi-row",
        key=key,
        alt="Members with their dollars, one row each; select one to see its claims",
    )
    picked = (getattr(event, "selection", None) or {}).get("rows") or []
    return [at for at in picked if isinstance(at, int) and 0 <= at < len(rows)]


def members_shown(rows: pd.DataFrame) -> pd.DataFrame:
    """The grid's columns, made of what the answer holds for the role."""
    made: dict[str, Any] = {"dollars": [formats.dollars(value) for value in rows["amount"]]}
    if "age" in rows:
        made["age_sex"] = [
            f"{int(age)} {LETTERS.get(str(sex), '')}".strip() if formats.known(age) else ""
            for age, sex in zip(rows["age"], rows.get("sex", rows["age"]), strict=True)
        ]
    if "risk_score" in rows:
        made["risk_words"] = [
            formats.number(value, 2) if formats.known(value) else "" for value in rows["risk_score"]
        ]
    if "conditions" in rows:
        made["conditions_words"] = [listed(value) for value in rows["conditions"]]
    if "last_touch_date" in rows:
        made["contact"] = [
            formats.short_day(value) if formats.known(value) else "None" for value in rows["last_touch_date"]
        ]
    if "lead_staff_name" in rows:
        made["lead"] = [formats.missing(value, "No lead") for value in rows["lead_staff_name"]]
    if "is_continuing" in rows:
        made["kind"] = [
            "Continuing" if value is True or value == 1 else "New" for value in rows["is_continuing"]
        ]
    if "top_category" in rows:
        made["top"] = [formats.category(value) for value in rows["top_category"]]
    return rows.assign(**made)


def claims(rows: pd.DataFrame, *, key: str, most: int = 25) -> None:
    """The grid of claim lines."""
    shown = claims_shown(rows)
    shown.attrs = {}
    tables.plain(shown, CLAIM_COLUMNS, key=key, most=most)


def claims_shown(rows: pd.DataFrame) -> pd.DataFrame:
    """The grid's columns, made of what the answer holds for the role."""
    made: dict[str, Any] = {
        "dollars": [formats.dollars(value) for value in rows["amount"]],
        "category": [
            f"{formats.category(first)}, {second}"
            if formats.known(second) and second != first
            else formats.category(first)
            for first, second in zip(
                rows["service_category_1"], _column(rows, "service_category_2"), strict=True
            )
        ],
        "what": [
            _what(*values)
            for values in zip(
                _column(rows, "drug_name"),
                _column(rows, "procedure_code"),
                _column(rows, "drg_code"),
                _column(rows, "revenue_center_code"),
                strict=True,
            )
        ],
    }
    if "provider_name" in rows:
        made["provider"] = [
            formats.missing(name, formats.missing(npi, "Not known"))
            for name, npi in zip(rows["provider_name"], _column(rows, "provider_npi"), strict=True)
        ]
    for name, column in (("day", "service_date"), ("paid_on", "paid_date")):
        if column in rows:
            made[name] = [formats.day(value) for value in rows[column]]
    for name, column in (("allowed_words", "allowed"), ("paid_words", "paid")):
        if column in rows:
            made[name] = [formats.dollars(value) for value in rows[column]]
    if "is_cancelled" in rows:
        made["note"] = ["Cancelled" if value is True or value == 1 else "" for value in rows["is_cancelled"]]
    if "cause" in rows:
        made["cause_words"] = [formats.category(value) for value in rows["cause"]]
    return rows.assign(**made)


def claims_line(rows: pd.DataFrame, expected: float | None, opened: Opened) -> str:
    """'14 lines: $12,345.67 here, $12,345.67 in the row above'."""
    found = sums(rows, opened)
    said = formats.dollars if is_dollars(opened) else formats.number
    line = f"{formats.count_of(found.rows, 'line')}: {said(found.value)}"
    if expected is None:
        return _plain(line)
    both = _plain(f"{line} here, {said(expected)} in the row above")
    if agrees(found.value, expected, opened):
        return f":blue[:material/check_circle:] :gray[{both}]"
    return f":orange[:material/warning:] {both}"


def exported(rows: pd.DataFrame, *, lines: bool) -> Mapping[str, str]:
    """The columns an export may carry for this role."""
    headings = EXPORTED_CLAIMS if lines else EXPORTED_MEMBERS
    hidden = () if "name" in rows else ("person_id", "birth_date", "phone", "claim_id")
    return {name: words for name, words in headings.items() if name in rows and name not in hidden}


def names_in(rows: pd.DataFrame, opened: Opened) -> dict[str, str]:
    """Names for the ids of a drill's chips, from the rows they found."""
    columns = {"market_id": "market_name", "contract_id": "contract_name", "pcp_npi": "pcp_name"}
    found = {
        key: str(rows.iloc[0][column])
        for key, column in columns.items()
        if key in opened.parameters and len(rows) and column in rows and formats.known(rows.iloc[0][column])
    }
    for key in ("care_team_id", "provider_npi", "drug"):
        if key in opened.parameters and opened.label:
            found[key] = opened.label
    return found


def listed(values: Any) -> str:
    """The first of a list of conditions in words, and how many more there are."""
    if values is None or isinstance(values, (str, float)) or not len(values):
        return "None found"
    shown = ", ".join(str(one).replace("_", " ") for one in list(values)[:2])
    return f"{shown} and {len(values) - 2} more" if len(values) > 2 else shown


def _what(drug: Any, procedure: Any, drg: Any, revenue: Any) -> str:
    if formats.known(drug) and str(drug):
        return str(drug)
    for words, value in (("", procedure), ("DRG ", drg), ("Revenue ", revenue)):
        if formats.known(value) and str(value):
            return f"{words}{value}"
    return ""


def _column(frame: pd.DataFrame, name: str) -> list[Any]:
    return list(frame[name]) if name in frame else [None] * len(frame)


def _plain(text: str) -> str:
    """Dollar signs as they are: two in a line would be read as a formula."""
    return text.replace("$", "\\$")
