"""One member: who they are, what they risk, who cares for them, and everything that
happened, with its source.
"""

from __future__ import annotations

import streamlit as st

from components import cost_lists, formats, frame, member_facts, navigation, states, tables
from components.asking import Asking
from components.frame import Crumb, Head
from components.states import part, section
from ledger import handles

CLAIMS = 200


def page() -> None:
    asking = frame.start()
    head = Head()
    crumbs = [Crumb("Members", "members"), Crumb("Member")]
    person = handles.person_of(asking.principal.session_id, st.query_params.get("m", ""))
    if person is None:
        head.line(asking, crumbs, None, {})
        _nobody(head)
        return
    with section("This member", 900):
        who = asking.ask("members/header", person_id=person)
        head.line(asking, crumbs, None, {})
        if who.empty:
            _nobody(head)
            return
        asking.record_view("members/header", None, who.assign(person_id=person))
        row = who.iloc[0]
        head.title(*member_facts.title(row))
        member_facts.identity(row)
        st.divider()
        member_facts.risks(row)
        left, right = st.columns([3, 2], gap="medium")
        with left:
            _timeline(person)
        with right:
            with section("Quality gaps", 160):
                _gaps(asking, person)
            with section("The care team", 160):
                _team(asking, person)
            with section("Enrolment", 160):
                _enrolment(asking, person)
            with section("Conditions", 100):
                _conditions(asking, person)
        with section("Visits and stays", 260):
            _visits(asking, person)
        with section("Claims", 300):
            _claims(asking, person)
        st.caption("Viewing this member is recorded.")
    frame.footer(asking)


@part("The timeline", 560)
def _timeline(person: str) -> None:
    asking = frame.asking_now()
    events = asking.ask("members/timeline", person_id=person)
    st.subheader(member_facts.timeline_words(events), anchor=False)
    if events.empty:
        return
    kinds = [kind for kind in member_facts.KINDS if (events["kind"] == kind).any()]
    picked = st.pills(
        "Kind of event",
        kinds,
        format_func=member_facts.KINDS.__getitem__,
        selection_mode="multi",
        key="timeline_kinds",
        label_visibility="collapsed",
    )
    member_facts.timeline(events[events["kind"].isin(picked)] if picked else events)


def _gaps(asking: Asking, person: str) -> None:
    gaps = asking.ask("members/gaps", person_id=person)
    still = int((gaps["status"] == "open").sum()) if len(gaps) else 0
    st.subheader(
        f"{formats.count_of(still, 'quality gap')} open" if still else "No quality gap is open", anchor=False
    )
    if gaps.empty:
        st.markdown(":gray[No quality measure has been computed for this member yet.]")
        return
    shown = tables.dates_in_words(gaps, ["due_date", "closed_date"])
    columns = {
        "measure_name": "Measure",
        "status": "Status",
        "due_date": "Due",
        "evidence": "Evidence",
        "reported_by": "Source",
    }
    tables.plain(shown, columns, key="member_gaps", most=6)


def _team(asking: Asking, person: str) -> None:
    team = asking.ask("members/team", person_id=person)
    st.subheader(member_facts.team_words(team), anchor=False)
    if team.empty:
        return
    shown = tables.dates_in_words(team, ["start_date"]).assign(
        role=[str(value).replace("_", " ").capitalize() for value in team["role"]],
        lead=["Yes" if bool(value) else "" for value in team["is_lead"]],
        languages=[str(value or "").replace("|", ", ") for value in team["languages"]],
    )
    columns = {
        "staff_name": "Name",
        "role": "Role",
        "lead": "Lead",
        "start_date": "Since",
        "languages": "Languages",
    }
    tables.plain(shown[team["end_date"].isna()], columns, key="member_team", most=6)


def _enrolment(asking: Asking, person: str) -> None:
    spans = asking.ask("members/enrolment", person_id=person)
    months = formats.count_of(spans["months"].sum(), "month") if len(spans) else "No month"
    st.subheader(f"{months} enrolled", anchor=False)
    if spans.empty:
        return
    shown = spans.assign(
        first_month=[formats.month(value) for value in spans["first_month"]],
        last_month=[formats.month(value) for value in spans["last_month"]],
    )
    columns = {"contract_name": "Contract", "first_month": "From", "last_month": "To", "pcp_name": "PCP"}
    tables.plain(shown, columns, key="member_enrolment", most=6)


def _conditions(asking: Asking, person: str) -> None:
    if not asking.sees("clinical"):
        return
    found = asking.ask("members/conditions", person_id=person)
    st.subheader(
        formats.count_of(len(found), "condition") if len(found) else "No condition found", anchor=False
    )
    member_facts.conditions(found)


def _visits(asking: Asking, person: str) -> None:
    visits = asking.ask("members/visits", person_id=person)
    st.subheader(member_facts.visits_words(visits), anchor=False)
    st.markdown(":gray[:small[ED visits and inpatient stays, latest first; each from the claims named.]]")
    if len(visits):
        tables.plain(
            member_facts.visits_shown(visits), member_facts.VISIT_COLUMNS, key="member_visits", most=8
        )


def _claims(asking: Asking, person: str) -> None:
    """What the member's care cost in the latest 12 months that count, the dearest lines first."""
    lines = asking.ask("cost/claims", person_id=person, limit=CLAIMS)
    if lines.empty:
        st.subheader("No claim in the 12 months that count", anchor=False)
        return
    total, dollars = int(lines.iloc[0]["total_rows"]), lines.iloc[0]["total_amount"]
    said = f"{formats.count_of(total, 'claim line')}, {formats.dollars(dollars)} allowed"
    st.subheader(said.replace("$", "\\$"), anchor=False)
    more = f" The {CLAIMS} dearest are listed." if total > CLAIMS else ""
    st.markdown(f":gray[:small[The 12 months that count; as paid to date, not truncated.{more}]]")
    cost_lists.claims(lines.drop(columns=["name"], errors="ignore"), key="member_claims", most=8)


def _nobody(head: Head) -> None:
    head.title("Choose a member", "This address does not lead to a member you may see.")
    states.empty(
        "No member is open here",
        "A member's address works only in the session that opened it, so that it cannot be passed on. "
        "Find the member in the list.",
    )
    if st.button("Open the member list", icon=":material/group:", type="primary", key="to_members"):
        navigation.go("members")


if __name__ == "__main__":
    import app

    app.main()
