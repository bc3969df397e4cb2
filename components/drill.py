"""From a number to what it counted: the address that names it, and what such an address asks for.

An address carries the drill's parameters (a practice, a facility, a month, a class), never a member.
Whatever it says is asked again through `queries`, where scope is enforced, so a forged value finds nothing.
What the chart showed is remembered in the session, to say on arrival whether the list agrees with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, NoReturn

import numpy as np
import pandas as pd
import streamlit as st

import queries
from analytics import change
from components import filter_bar, formats, navigation
from components.cost_basis import money_words
from components.filter_bar import Chosen

EXPECTED = "drill_expected"
# What an address may open. Each: the question that lists its visits or claims ("" if it counts members only),
# and its members.
OPENABLE = {
    "ed/visits": ("ed/visits", "ed/visit_members"),
    "ed/visit_members": ("ed/visits", "ed/visit_members"),
    "members/enrolled": ("", "members/enrolled"),
    "cost/members": ("cost/claims", "cost/members"),
    "cost/claims": ("cost/claims", "cost/members"),
    "cost/large_claimants": ("", "cost/large_claimants"),
    "cost/change_members": ("cost/change_claims", "cost/change_members"),
}
# Of these a row is a visit or a claim line; of the others, a member.
LINES = frozenset({"ed/visits", "cost/claims"})
# The basis of a sum of dollars: said together, and never taken off it.
BASIS = ("basis", "truncated", "pharmacy")
# A member is never named in an address, whatever a question would take; which page of a list, the list says.
NEVER_IN_ADDRESS = frozenset({"person_id", "search", "order_by", "limit", "offset"})

WORDS = {
    "disposition": "Visit",
    "facility_npi": "Facility",
    "month": "Month",
    "class": "Class",
    "ahrq_pqe": "AHRQ condition",
    "diagnosis": "Diagnosis",
    "diagnosis_category": "Reason",
    "weekday": "Day",
    "hour": "Hour",
    "market_id": "Market",
    "contract_id": "Contract",
    "line_of_business": "Line of business",
    "care_team_id": "Care team",
    "pcp_npi": "PCP",
    "practice_name": "Practice",
    "min_visits": "At least",
    "visits_per_member_from": "Visits from",
    "visits_per_member_to": "Visits to",
    "followup_7d": "7-day follow-up",
    "followup_30d": "30-day follow-up",
    "visits_from": "Visits from",
    "visits_to": "Visits to",
    "window": "Window",
    "service_category_1": "Category",
    "service_category_2": "Part",
    "provider_npi": "Provider",
    "provider_group": "Provider group",
    "specialty": "Specialty",
    "network": "Network",
    "referable": "Services",
    "large": "Members",
    "continuing": "Members",
    "drug": "Drug",
    "is_generic": "Drugs",
    "is_specialty": "Drugs",
    "classified": "Drugs",
    "days_supply_from": "Days of supply",
    "part": "Dollars",
    "year": "Year",
    "top": "Costliest",
    "cause": "Cause",
}
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
VALUE_WORDS = {
    "treated_and_released": "Treated and released",
    "rolling_12m": "12 months, any disposition",
    "period": "Period",
    "over": "Over the large-claimant threshold",
    "under": "Below the large-claimant threshold",
    "in": "Inside",
    "out": "Outside",
}
YES_NO_WORDS = {
    "referable": ("Referable", "Not referable"),
    "large": ("Large claimants", "Not large claimants"),
    "continuing": ("Continuing", "New"),
    "is_generic": ("Generic", "Brand"),
    "is_specialty": ("Specialty", "Not specialty"),
    "classified": ("Known generic or brand", "Not known"),
}


@dataclass(frozen=True)
class Opened:
    """A drill as an address names it.

    question: what lists the rows. parameters: as the question takes them. label: the words the chart used
    for the thing clicked. expected: what the chart showed, None where the address came from elsewhere.
    """

    question: str
    parameters: Mapping[str, str]
    label: str
    counted_as: str
    expected: float | None

    @property
    def visits_question(self) -> str:
        return OPENABLE[self.question][0]

    @property
    def members_question(self) -> str:
        return OPENABLE[self.question][1]

    @property
    def counts_members(self) -> bool:
        """True if the number that was opened is of members, not of visits or dollars."""
        return self.counted_as == "persons" or (self.counted_as == "rows" and self.question not in LINES)

    @property
    def is_cost(self) -> bool:
        """True if it was opened on the cost page."""
        return self.question.startswith("cost/")


def open_members(
    chosen: Chosen,
    question: str,
    measure: str,
    row: Mapping[str, Any],
    *,
    label: str = "",
    parameters: Mapping[str, Any] | None = None,
) -> NoReturn:
    """Leave for the members behind `measure` of `row`, an answer of `question` asked with `parameters`."""
    target, asked = queries.drill_parameters(question, measure, dict(row), **(parameters or {}))
    open_list(
        chosen, target, asked, float(row[measure]), queries.question(question).drill[measure].count, label
    )


def open_list(
    chosen: Chosen,
    target: str,
    asked: Mapping[str, Any],
    expected: float,
    counted: str = "rows",
    label: str = "",
) -> NoReturn:
    """Leave for the list that `target` gives with these parameters; `expected` is what the chart showed."""
    opened = {
        key: _as_text(value)
        for key, value in asked.items()
        if value is not None and key not in NEVER_IN_ADDRESS
    }
    address = {**_filters_beside(chosen, opened), "show": target, "count": counted, "label": label, **opened}
    address = {key: value for key, value in address.items() if value != ""}
    kept: dict[str, float] = st.session_state.setdefault(EXPECTED, {})
    kept[_signature(address)] = expected
    navigation.go("members", address)


def from_address() -> Opened | None:
    """What the address asks to list; None on the plain list. An unknown question is treated as no drill."""
    address = st.query_params.to_dict()
    question = address.get("show", "")
    if question not in OPENABLE:
        return None
    known = queries.question(question).params
    parameters = {
        key: value for key, value in address.items() if key in known and key not in NEVER_IN_ADDRESS
    }
    expected = st.session_state.get(EXPECTED, {}).get(_signature(address))
    return Opened(question, parameters, address.get("label", ""), address.get("count", "rows"), expected)


def typed(opened: Opened) -> dict[str, Any]:
    """The parameters as the question declares them. Raises QueryError on a value of the wrong type."""
    declared = queries.question(opened.question).params
    values: dict[str, Any] = {}
    for key, text in opened.parameters.items():
        kind = declared[key].type
        try:
            values[key] = _READERS.get(kind, str)(text)
        except (ValueError, KeyError) as wrong:
            raise queries.UnknownQuestion(
                f"{WORDS.get(key, key)} “{text}” is not a value it takes."
            ) from wrong
    return values


def _yes_or_no(text: str) -> bool:
    return {"true": True, "false": False}[text]


_READERS: dict[str, Callable[[str], Any]] = {
    "int": int,
    "float": float,
    "date": date.fromisoformat,
    "bool": _yes_or_no,
}


def within(chosen: Chosen, opened: Opened) -> Chosen:
    """The chosen filters, with the period widened or narrowed to the month that was clicked."""
    month = opened.parameters.get("month")
    if month is None:
        return chosen
    try:
        day = date.fromisoformat(month).replace(day=1)
    except ValueError:
        return chosen
    return replace(chosen, filters=replace(chosen.filters, period_start=day, period_end=day))


def chips(chosen: Chosen, opened: Opened, names: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """(address key, label, value in words) of everything that narrows the list, removable one by one."""
    shown = [
        (filter_bar.BESIDE + choice.key, choice.label, chosen.names[choice.key])
        for choice in filter_bar.CHOICES
        if choice.key in chosen.names
    ]
    for key, value in opened.parameters.items():
        if key in ("visits_per_member_to", "visits_to", "window", *BASIS) or value == "":
            continue
        if key == "part" and value == "amount":
            continue
        shown.append((key, WORDS.get(key, key), names.get(key) or value_words(key, value)))
    if opened.parameters.get("window") == "rolling_12m":
        shown.append(("", "Period", f"12 months to {formats.month(chosen.filters.period_end)}"))
    elif "month" not in opened.parameters:
        shown.append(
            (
                f"{filter_bar.BESIDE}period" if chosen.period != filter_bar.PERIODS[0] else "",
                "Period",
                chosen.period_words,
            )
        )
    return shown


def basis_words(opened: Opened) -> str:
    """'Allowed, not truncated, with pharmacy': what the dollars of an opened number are; empty for visits."""
    if not opened.is_cost:
        return ""
    held = opened.parameters
    return money_words(
        "paid" if held.get("basis") == "paid" else "allowed",
        held.get("truncated") == "true",
        held.get("pharmacy", "true") == "true",
    )


def value_words(key: str, value: str) -> str:
    """A drill value as people say it."""
    if key in YES_NO_WORDS and value in ("true", "false"):
        return YES_NO_WORDS[key][0 if value == "true" else 1]
    if key in ("service_category_1", "service_category_2", "specialty"):
        return formats.category(value)
    if key == "days_supply_from":
        return "Known" if value == "0" else f"{value} or more"
    if key == "top":
        return f"{formats.number(value)} members"
    if key == "cause":
        return change.CAUSES.get(value, formats.category(value))
    if key == "month":
        return formats.month(value)
    if key == "weekday" and value.isdigit() and 1 <= int(value) <= 7:
        return WEEKDAYS[int(value) - 1]
    if key == "hour":
        return f"{int(value):02d}:00" if value.isdigit() else "Not known"
    if key == "diagnosis_category":
        return formats.reason(value)
    if key == "min_visits":
        return f"{value} visits"
    if value in ("none", "-1"):
        return "Not known"
    return VALUE_WORDS.get(value, value.replace("_", " ").capitalize() if "_" in value else value)


def without(key: str) -> dict[str, str]:
    """The address with one chip removed."""
    kept = {name: value for name, value in st.query_params.to_dict().items() if name != key}
    return {name: value for name, value in kept.items() if not (key and name == "label")}


def agreement(opened: Opened, visits: pd.DataFrame, people: pd.DataFrame) -> tuple[float, bool | None]:
    """What is listed, counted as the chart counted it, and whether the two agree (None:
    nothing to compare).
    """
    listed = visits if opened.question in LINES else people
    here: float = len(listed)
    if opened.counted_as.startswith("sum:") and opened.counted_as[4:] in listed:
        here = float(listed[opened.counted_as[4:]].fillna(0).sum())
    elif opened.counts_members:
        here = len(people)
    if opened.expected is None:
        return here, None
    return here, abs(here - opened.expected) < 0.5


def _filters_beside(chosen: Chosen, opened: Mapping[str, str]) -> dict[str, str]:
    # A filter that the drill itself names more narrowly (the market that was clicked) would only repeat it.
    narrower = {"market": "market_id", "contract": "contract_id", "line": "line_of_business"}
    return {
        filter_bar.BESIDE + key: value
        for key, value in chosen.address().items()
        if narrower.get(key) not in opened
    }


def _as_text(value: Any) -> str:
    if isinstance(value, pd.Timestamp):
        return value.date().isoformat()
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.isoformat() if isinstance(value, date) else str(value)


def _signature(address: Mapping[str, str]) -> str:
    return "&".join(f"{key}={address[key]}" for key in sorted(address) if address[key] != "")


def remove(key: str) -> None:
    """Take one chip off the address (a click's callback)."""
    kept = without(key)
    st.query_params.from_dict(kept)
    if key.startswith(filter_bar.BESIDE):
        chosen = key.removeprefix(filter_bar.BESIDE)
        filter_bar.remember(chosen, filter_bar.PERIODS[0] if chosen == "period" else filter_bar.ALL)
