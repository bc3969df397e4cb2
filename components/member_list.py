"""People in a grid: the columns a care team needs, as far as the role may see them, and
the way to one member.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pandas as pd
import streamlit as st

from components import formats, navigation, tables
from components.asking import Asking
from components.drill import Opened
from components.filter_bar import Chosen
from components.theme import current_theme, tokens
from ledger import handles

# The order of look.md. Each: the columns it is made of, its heading, its width.
COLUMNS: dict[str, tuple[tuple[str, ...], str, int]] = {
    "member": (("name",), "Member", 122),
    "age_sex": (("age", "sex"), "Age, sex", 62),
    "phone_words": (("phone",), "Phone", 100),
    "ed_visits_30d": (("ed_visits_30d",), "ED 30 d", 54),
    "ed_visits_90d": (("ed_visits_90d",), "90 d", 44),
    "ed_visits_12m": (("ed_visits_12m",), "12 mo", 50),
    "visits": (("visits",), "Counted", 62),
    "last_visit": (("last_ed_visit_date",), "Last visit", 62),
    "facility": (("last_ed_facility",), "Facility", 98),
    "reason": (("last_ed_reason",), "Reason", 104),
    "followup": (("followup_7d_status",), "7-day follow-up", 106),
    "contact": (("last_touch_date",), "Contact", 62),
    "appointment": (("next_appointment_date",), "Next appt", 70),
    "lead": (("lead_staff_name",), "Lead", 80),
}
EXPORTED = {
    "person_id": "Member id",
    "name": "Member",
    "age": "Age",
    "sex": "Sex",
    "birth_date": "Birth date",
    "phone": "Phone",
    "preferred_language": "Language",
    "visits": "Visits counted",
    "ed_visits_30d": "ED visits, 30 days",
    "ed_visits_90d": "ED visits, 90 days",
    "ed_visits_12m": "ED visits, 12 months",
    "last_ed_visit_date": "Last ED visit",
    "last_ed_facility": "Facility",
    "last_ed_reason": "Reason",
    "followup_7d_status": "7-day follow-up",
    "followup_7d_due": "Follow-up due",
    "followup_7d_on": "Followed up on",
    "last_touch_date": "Last contact",
    "next_appointment_date": "Next appointment",
    "lead_staff_name": "Lead",
    "pcp_name": "PCP",
    "practice_name": "Practice",
    "care_team_name": "Care team",
    "risk_score": "Risk score",
    "conditions": "Conditions",
    "open_gaps": "Open gaps",
    "contract_name": "Contract",
    "market_name": "Market",
}
VISIT_COLUMNS: dict[str, Any] = {
    "name": st.column_config.TextColumn("Member", width=150),
    "age_sex": st.column_config.TextColumn("Age, sex", width=74),
    "visit_day": st.column_config.TextColumn("Visit", width=104),
    "facility_name": st.column_config.TextColumn("Facility", width=160),
    "disposition_words": st.column_config.TextColumn("Disposition", width=150),
    "diagnosis_description": st.column_config.TextColumn("Diagnosis", width=220),
    "class_weight": st.column_config.NumberColumn("Weight of the class", format="%.2f", width=80),
    "followup": st.column_config.TextColumn("7-day follow-up", width=120),
    "allowed": st.column_config.NumberColumn("Allowed", format="$%,.0f", width=84),
    "pcp_name": st.column_config.TextColumn("PCP", width=130),
    "lead_staff_name": st.column_config.TextColumn("Lead", width=110),
    "source": st.column_config.TextColumn("Source", width=76),
}
DISPOSITIONS = {
    "treated_and_released": "Treated and released",
    "observation": "Observation",
    "admitted": "Admitted",
}


def members(frame: pd.DataFrame, *, key: str, today: date | None = None) -> list[int]:
    """The member grid; the positions of the rows that are selected."""
    look = tokens(current_theme())
    shown = as_displayed(frame, today)
    columns = [name for name, (made_of, _, _) in COLUMNS.items() if made_of[0] in frame]
    styled = shown[columns].style
    if "followup" in columns:
        colours = [_followup_colour(status, look) for status in frame["followup_7d_status"]]
        styled = styled.apply(lambda _: colours, subset=["followup"], axis=0)
    if "ed_visits_12m" in columns:
        styled = styled.set_properties(subset=["ed_visits_12m"], **{"font-weight": "600"})
    event = st.dataframe(
        styled,
        column_config={name: _configured(name) for name in columns},
        hide_index=True,
        row_height=tables.ROW_HEIGHT,
        height=tables.height_of(len(frame), 25),
        on_select="rerun",
        selection_mode="multi-row",
        key=key,
        alt="Members, one row each; select rows for what to do with them",
    )
    picked = (getattr(event, "selection", None) or {}).get("rows") or []
    return [at for at in picked if isinstance(at, int) and 0 <= at < len(frame)]


def visits(frame: pd.DataFrame, *, key: str) -> None:
    """The visit grid: one row per visit that was counted."""
    shown = frame.assign(
        age_sex=_age_and_sex(frame),
        visit_day=[formats.day(value) for value in frame["visit_date"]],
        disposition_words=[DISPOSITIONS.get(value, str(value)) for value in frame["disposition"]],
        followup=[_visit_followup(value) for value in frame.get("followed_up_7d", pd.Series(dtype=object))]
        if "followed_up_7d" in frame
        else None,
    )
    columns = dict(VISIT_COLUMNS)
    if "class_weight" not in frame or frame["class_weight"].isna().all():
        columns.pop("class_weight")
    tables.plain(shown, columns, key=key, most=25)


def frequent_users(asking: Asking, users: pd.DataFrame, chosen: Chosen) -> None:
    """The few members with most visits; a click opens one."""
    asking.record_view("ed/frequent_users", chosen.filters, users, shown=len(users))
    look = tokens(current_theme())
    shown = users.assign(
        age_sex=_age_and_sex(users),
        last_visit=[formats.short_day(value) for value in users["last_visit_date"]],
        followup=[
            followup_words(status, due)
            for status, due in zip(users["followup_status"], users["followup_due"], strict=True)
        ],
        appointment=[_day_or(value, "None") for value in users["next_appointment_date"]],
        lead=[short_name(value) for value in users["lead_staff_name"]],
    )
    colours = [_followup_colour(status, look) for status in users["followup_status"]]
    columns: dict[str, Any] = {
        "name": st.column_config.TextColumn("Member", width=128),
        "age_sex": st.column_config.TextColumn("Age, sex", width=64),
        "visits_12m": st.column_config.NumberColumn("12 mo", width=54),
        "visits_90d": st.column_config.NumberColumn("90 d", width=46),
        "last_visit": st.column_config.TextColumn("Last visit", width=78),
        "followup": st.column_config.TextColumn("7-day follow-up", width=116),
        "appointment": st.column_config.TextColumn("Next appt", width=76),
        "lead": st.column_config.TextColumn("Lead", width=110),
    }
    order = [name for name in columns if name in shown]
    event = st.dataframe(
        shown.style.apply(lambda _: colours, subset=["followup"], axis=0),
        column_order=order,
        column_config=columns,
        hide_index=True,
        row_height=tables.ROW_HEIGHT,
        height=tables.height_of(len(shown), 8),
        on_select="rerun",
        selection_mode="single-cell",
        key="frequent_table",
        alt="Members with most ED visits in 12 months",
    )
    row = tables.clicked(event, users)
    if row is not None and "person_id" in row:
        open_member(asking, str(row["person_id"]))


def open_member(asking: Asking, person_id: str) -> None:
    """Go to one member's page, by a handle that means nothing outside this signed-in session."""
    navigation.go("member", {"m": handles.handle_for(asking.principal.session_id, person_id)})


def as_displayed(frame: pd.DataFrame, today: date | None = None) -> pd.DataFrame:
    """The columns of the grid, made of what the answer holds; a column hidden from the role is not there."""
    made: dict[str, Any] = {}
    if "name" in frame:
        made["member"] = [formats.missing(value, "Not known") for value in frame["name"]]
    if "age" in frame:
        made["age_sex"] = _age_and_sex(frame)
    if "phone" in frame:
        made["phone_words"] = [formats.missing(value, "None") for value in frame["phone"]]
    if "last_ed_visit_date" in frame:
        made["last_visit"] = [_day_or(value, "None") for value in frame["last_ed_visit_date"]]
    if "last_ed_facility" in frame:
        made["facility"] = [formats.missing(value, "None") for value in frame["last_ed_facility"]]
    if "last_ed_reason" in frame:
        made["reason"] = [formats.missing(value, "None") for value in frame["last_ed_reason"]]
    if "followup_7d_status" in frame:
        made["followup"] = [
            followup_words(status, due, on)
            for status, due, on in zip(
                frame["followup_7d_status"],
                _column(frame, "followup_7d_due"),
                _column(frame, "followup_7d_on"),
                strict=True,
            )
        ]  # fmt: skip
    if "last_touch_date" in frame:
        made["contact"] = [_day_or(value, "None") for value in frame["last_touch_date"]]
    if "next_appointment_date" in frame:
        made["appointment"] = [_day_or(value, "None") for value in frame["next_appointment_date"]]
    if "lead_staff_name" in frame:
        made["lead"] = [short_name(value) for value in frame["lead_staff_name"]]
    return frame.assign(**made)


def followup_words(status: Any, due: Any, on: Any = None) -> str:
    """'▲ Due 24 Nov', '✓ Done 12 Nov', '– Not seen', 'None'."""
    if status == "due":
        return f"▲ Due {formats.short_day(due)}" if formats.known(due) else "▲ Due"
    if status == "done":
        return f"✓ Done {formats.short_day(on)}" if formats.known(on) else "✓ Done"
    return "– Not seen" if status == "missed" else "None"


def exported_columns(frame: pd.DataFrame) -> Mapping[str, str]:
    """The columns an export of these members may carry: those the answer holds for this role."""
    # Without names a row is de-identified, and the warehouse's own key stays inside too.
    hidden = () if "name" in frame else ("person_id", "birth_date", "phone")
    return {name: heading for name, heading in EXPORTED.items() if name in frame and name not in hidden}


def _configured(name: str) -> Any:
    _, heading, width = COLUMNS[name]
    if name in ("ed_visits_30d", "ed_visits_90d", "ed_visits_12m", "visits"):
        return st.column_config.NumberColumn(heading, width=width)
    return st.column_config.TextColumn(heading, width=width)


def _age_and_sex(frame: pd.DataFrame) -> Sequence[str]:
    letters = {"female": "F", "male": "M"}
    return [
        f"{int(age)} {letters.get(str(sex), '')}".strip() if formats.known(age) else letters.get(str(sex), "")
        for age, sex in zip(_column(frame, "age"), _column(frame, "sex"), strict=True)
    ]


def _column(frame: pd.DataFrame, name: str) -> Sequence[Any]:
    return list(frame[name]) if name in frame else [None] * len(frame)


def _day_or(value: Any, word: str) -> str:
    return formats.short_day(value) if formats.known(value) else word


def _visit_followup(value: Any) -> str:
    if not formats.known(value):
        return "Window open"
    return "✓ Done" if bool(value) else "– Not seen"


def _some(count: int) -> str:
    return formats.count_in_words(count).capitalize() if count else "None"


def short_name(name: Any) -> str:
    """'Henry Dixon' as 'H. Dixon'; 'No lead' where there is none."""
    if not formats.known(name) or not str(name).strip():
        return "No lead"
    first, _, rest = str(name).strip().partition(" ")
    return f"{first[0]}. {rest}" if rest and len(first) > 2 else str(name)


def _followup_colour(status: Any, look: Any) -> str:
    colour = {"due": look.worsening_text, "done": look.improving_text}.get(str(status), look.muted)
    return f"color: {colour}"


# ---- the members page ------------------------------------------------------------------------------------

EVERY_ROW = 1_000_000
ORDERS = {
    "ed_visits_12m": "Most ED visits",
    "ed_visits_30d": "Most in 30 days",
    "followup_7d_due": "Follow-up due first",
    "last_ed_visit_date": "Latest ED visit",
    "last_touch_date": "Longest without contact",
    "risk_score": "Highest risk",
    "name": "Name",
}
ORDERS_OF_DRILL = {"visits": "Most visits counted", "last_ed_visit_date": "Latest ED visit", "name": "Name"}
EXPORTED_VISITS = {
    "name": "Member",
    "age": "Age",
    "sex": "Sex",
    "visit_date": "Visit",
    "facility_name": "Facility",
    "disposition": "Disposition",
    "primary_diagnosis": "Diagnosis code",
    "diagnosis_description": "Diagnosis",
    "diagnosis_category": "Reason",
    "class_weight": "Weight of the class",
    "followed_up_7d": "Followed up in 7 days",
    "followed_up_30d": "Followed up in 30 days",
    "allowed": "Allowed",
    "paid": "Paid",
    "pcp_name": "PCP",
    "lead_staff_name": "Lead",
    "contract_name": "Contract",
    "market_name": "Market",
    "source": "Source",
}


def title_of_everyone(total: Mapping[str, Any]) -> tuple[str, str]:
    """The plain list's title and subtitle, from its counts."""
    return (
        f"{formats.count_of(total['all'], 'member')}, "
        f"{formats.number(total['followup_due'])} with a 7-day follow-up due",
        f"{formats.number(total['frequent'])} visited an emergency department four or more times in "
        "12 months; "
        f"{formats.number(total['no_contact_30d'])} had no contact in 30 days.",
    )


def title_of_drill(
    opened: Opened, people: pd.DataFrame, listed: pd.DataFrame, total: Mapping[str, Any]
) -> tuple[str, str]:
    """'Eastgate: 331 members made 508 ED visits', and who among them needs somebody."""
    title = formats.count_of(len(people), "member")
    if opened.visits_question:
        title += f" made {formats.count_of(len(listed), 'ED visit')}"
    if opened.label:
        title = f"{opened.label}: {title}"
    frequent, due = int(total["frequent"]), int(total["followup_due"])
    return title, (
        f"{_some(frequent)} of them visited four or more times in 12 months. "
        f"{_some(due)} {'has' if due < 2 else 'have'} a 7-day follow-up due."
    )


def totals(people: pd.DataFrame, today: date) -> dict[str, int]:
    """How many of these members each choice of Show would list."""
    shows = ("all", "followup_due", "frequent", "no_contact_30d")
    return {show: len(narrowed(people, people, show, "", "", today)) for show in shows}


def narrowed(
    rows: pd.DataFrame, people: pd.DataFrame, show: str, order: str, search: str, today: date
) -> pd.DataFrame:
    """A drill's rows as Show, Order and Find ask for; visits follow the members they belong to.

    today: the data's last day, against which "no contact in 30 days" is meant.
    """
    kept = people
    if show == "followup_due":
        kept = kept[kept["followup_7d_status"] == "due"]
    elif show == "frequent":
        kept = kept[kept["ed_visits_12m"].fillna(0) >= 4]
    elif show == "no_contact_30d":
        last = pd.to_datetime(kept["last_touch_date"])
        kept = kept[last.isna() | (last < pd.Timestamp(today) - pd.Timedelta(days=30))]
    if search and "name" in kept:
        kept = kept[kept["name"].fillna("").str.contains(search, case=False, regex=False)]
    if rows is people or "visit_date" not in rows:
        rows = kept if rows is people else rows[rows["person_id"].isin(set(kept["person_id"]))]
    elif len(kept) < len(people):
        rows = rows[rows["person_id"].isin(set(kept["person_id"]))]
    by = {
        "visits": (["visits", "ed_visits_12m"], False),
        "last_ed_visit_date": (["visit_date", "last_ed_visit_date"], False),
        "name": (["name"], True),
    }.get(order, ([], False))
    columns = [column for column in by[0] if column in rows]
    return rows.sort_values(columns, ascending=by[1], kind="stable", na_position="last") if columns else rows


def names_in(listed: pd.DataFrame, opened: Opened) -> dict[str, str]:
    """Names for the ids of a drill's chips, from the rows they found."""
    columns = {
        "facility_npi": "facility_name",
        "pcp_npi": "pcp_name",
        "market_id": "market_name",
        "contract_id": "contract_name",
        "diagnosis": "diagnosis_description",
    }
    found = {
        key: str(listed.iloc[0][column])
        for key, column in columns.items()
        if key in opened.parameters
        and len(listed)
        and column in listed
        and formats.known(listed.iloc[0][column])
    }
    if "care_team_id" in opened.parameters and opened.label:
        found["care_team_id"] = opened.label
    return found


def agreement_words(opened: Opened, here: float, agrees: bool | None) -> str:
    """'508 visits here, 508 in the chart', and whether that is as it should be."""
    noun = "members" if opened.counts_members else "visits"
    if opened.counted_as == "sum:class_weight":
        noun = "equivalent visits"
    if agrees is None:
        return f":gray[{formats.number(here)} {noun} here]"
    there = formats.number(opened.expected)
    if agrees:
        return (
            f":blue[:material/check_circle:] :gray[{formats.number(here)} {noun} here, {there} in the chart]"
        )
    return (
        f":orange[:material/warning:] {formats.number(here)} {noun} here, {there} in the chart: filters or "
        "data have changed since"
    )


def exported_visits(frame: pd.DataFrame) -> Mapping[str, str]:
    """The columns an export of visits may carry for this role."""
    return {name: heading for name, heading in EXPORTED_VISITS.items() if name in frame}


def file_stem(label: str) -> str:
    """A file name of the words of a drill: 'Eastgate' gives 'eastgate-ed'."""
    words = "".join(
        letter if letter.isalnum() and letter.isascii() else " " for letter in label.lower()
    ).split()
    return "-".join([*words[:4], "ed"])
