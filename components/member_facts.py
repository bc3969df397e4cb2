"""One member in words: who, how ill, who cares, what happened. Only what the role's
answer holds is written.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from components import formats, member_list, tables

KINDS = {
    "ed": "ED",
    "inpatient": "Inpatient",
    "visit": "Visit",
    "touch": "Contact",
    "pharmacy": "Pharmacy",
    "lab": "Lab",
    "gap": "Gap",
    "adt": "Hospital alert",
    "assessment": "Assessment",
    "enrolment": "Enrolment",
}
VISIT_COLUMNS: dict[str, Any] = {
    "when": st.column_config.TextColumn("Dates", width=170),
    "what": st.column_config.TextColumn("Kind", width=180),
    "facility_name": st.column_config.TextColumn("Facility", width=190),
    "diagnosis_description": st.column_config.TextColumn("Reason", width=280),
    "followup": st.column_config.TextColumn("7-day follow-up", width=120),
    "allowed": st.column_config.NumberColumn("Allowed", format="$%,.0f", width=90),
    "source": st.column_config.TextColumn("Source", width=80),
}


def title(row: Any) -> tuple[str, str]:
    """The member's name, or words for it where names are hidden, and one line of where they stand."""
    name = formats.missing(row.get("name"), "Member")
    age = f"{int(row['age'])}" if formats.known(row.get("age")) else "Age not known"
    sex = formats.missing(row.get("sex"), "sex not known")
    parts = [
        f"{age}, {sex}",
        formats.missing(row.get("contract_name"), ""),
        formats.missing(row.get("market_name"), ""),
    ]
    if formats.known(row.get("death_date")):
        parts.append(f"died {formats.day(row['death_date'])}")
    elif not bool(row.get("is_enrolled")):
        parts.append("not enrolled now")
    return name, " · ".join(part for part in parts if part)


def identity(row: Any) -> None:
    """The facts someone needs to get in touch. do not contact stands first."""
    if bool(row.get("do_not_contact")) and formats.known(row.get("do_not_contact")):
        st.markdown(":orange[:material/phone_disabled: **Do not contact.**] The member has asked not to be.")
    facts = [
        ("Phone", "phone", "None"),
        ("Language", "preferred_language", "Not known"),
        ("PCP", "pcp_name", "None"),
        ("Practice", "practice_name", "None"),
        ("Lead", "lead_staff_name", "No lead"),
        ("Care team", "care_team_name", "None"),
        ("Born", "birth_date", "Not known"),
        ("E-mail", "email", "None"),
        ("City", "city", "Not known"),
        ("Last contact", "last_touch_date", "None"),
        ("Next contact due", "next_touch_due", "None"),
        ("Next appointment", "next_appointment_date", "None"),
    ]
    grid = st.grid(6, min_column_width=150, key="member_identity")
    for label, column, word in facts:
        if column not in row:
            continue
        value = row[column]
        is_date = column.endswith("_date") or column == "next_touch_due"
        text = (
            (formats.day(value) if formats.known(value) else word)
            if is_date
            else formats.missing(value, word)
        )
        grid.markdown(f":gray[:small[{label}]]  \n{text}")


def risks(row: Any) -> None:
    """How the member stands: use in 12 months, follow-up, risk, needs."""
    followup = member_list.followup_words(
        row.get("followup_7d_status"), row.get("followup_7d_due"), row.get("followup_7d_on")
    )
    figures = [
        ("ED visits, 12 months", formats.number(row.get("ed_visits_12m")), _last_visit(row)),
        ("7-day follow-up", followup, "after the latest ED visit"),
        ("Inpatient stays, 12 months", formats.number(row.get("inpatient_stays_12m")), ""),
        ("Open gaps", formats.number(row.get("open_gaps")), ""),
    ]
    if "risk_score" in row:
        tier = formats.missing(row.get("risk_tier"), "tier not known")
        figures.append(("Risk score", formats.number(row["risk_score"], 2), tier))
    figures.append(("Allowed, 12 months", formats.money(row.get("allowed_12m")), ""))
    grid = st.grid(6, min_column_width=150, key="member_risks")
    for label, value, note in figures:
        with grid.cell(), st.container(border=True, gap="xxsmall", height="stretch"):
            st.markdown(f":gray[:small[{label}]]  \n**{value}**")
            if note:
                st.caption(note)
    needs = row.get("social_needs")
    if needs is not None and hasattr(needs, "__len__") and len(needs):
        st.markdown(f":gray[Social needs recorded:] {', '.join(str(need) for need in needs)}")


def timeline_words(events: pd.DataFrame) -> str:
    """'124 events since Jan 2025'."""
    if events.empty:
        return "Nothing has happened yet"
    return f"{formats.count_of(len(events), 'event')} since {formats.month(events['happened_on'].min())}"


def timeline(events: pd.DataFrame) -> None:
    """The events, latest first; each with its date and where it is known from."""
    shown = events.assign(
        day=[formats.day(value) for value in events["happened_on"]],
        what=[KINDS.get(str(kind), str(kind)) for kind in events["kind"]],
    )
    columns = {
        "day": st.column_config.TextColumn("Date", width=92),
        "what": st.column_config.TextColumn("Kind", width=84),
        "title": st.column_config.TextColumn("What", width=190),
        "detail": st.column_config.TextColumn("Detail", width=150),
        "amount": st.column_config.NumberColumn("Allowed", format="$%,.0f", width=68),
        "source": st.column_config.TextColumn("Source", width=74),
    }
    tables.plain(shown, columns, key="member_timeline", most=14)


def team_words(team: pd.DataFrame) -> str:
    """'M. Ortiz leads, with two others'."""
    present = team[team["end_date"].isna()] if len(team) else team
    if present.empty:
        return "Nobody is assigned"
    leads = present[present["is_lead"].fillna(False).astype(bool)]
    others = len(present) - len(leads)
    who = f"{leads.iloc[0]['staff_name']} leads" if len(leads) else "No lead"
    if not others:
        return who
    return f"{who}, with {formats.count_in_words(others)} other{'' if others == 1 else 's'}"


def conditions(found: pd.DataFrame) -> None:
    """The conditions as quiet labels, with where they come from."""
    if found.empty:
        return
    with st.container(horizontal=True, gap="xsmall", key="member_conditions"):
        for name in found["condition"]:
            st.badge(str(name), color="gray")
    st.caption("Found in claims.")


def visits_words(visits: pd.DataFrame) -> str:
    """'7 ED visits and 1 inpatient stay'."""
    ed = int((visits["kind"] == "ed").sum()) if len(visits) else 0
    stays = len(visits) - ed
    return f"{formats.count_of(ed, 'ED visit')} and {formats.count_of(stays, 'inpatient stay')}"


def visits_shown(visits: pd.DataFrame) -> pd.DataFrame:
    """Visits and stays with their dates, kind and follow-up in words."""
    return visits.assign(
        when=[_span(start, end) for start, end in zip(visits["start_date"], visits["end_date"], strict=True)],
        what=[
            f"ED, {member_list.DISPOSITIONS.get(str(how), str(how)).lower()}"
            if kind == "ed"
            else "Inpatient stay"
            for kind, how in zip(visits["kind"], visits["disposition"], strict=True)
        ],
        followup=[
            ("✓ Done" if bool(value) else "– Not seen") if formats.known(value) else ""
            for value in visits["followed_up_7d"]
        ],
    )


def _last_visit(row: Any) -> str:
    if not formats.known(row.get("last_ed_visit_date")):
        return "none known"
    where = formats.missing(row.get("last_ed_facility"), "facility not known")
    return f"latest {formats.day(row['last_ed_visit_date'])}, {where}"


def _span(start: Any, end: Any) -> str:
    if not formats.known(end) or end == start:
        return formats.day(start)
    return f"{formats.short_day(start)} to {formats.day(end)}"
