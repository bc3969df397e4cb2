"""Members: everyone in scope, or exactly those behind a number that was opened."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from components import drill, filter_bar, formats, frame, member_list, states
from components.asking import Asking
from components.definitions import Live, as_definitions
from components.drill import Opened
from components.ed_figures import FREQUENT, VISITS
from components.export import Export, export_menu, receipt
from components.filter_bar import Chosen
from components.frame import Crumb, Head
from components.states import section

ROWS = 25
SHOWN = {
    "all": "All",
    "followup_due": "Follow-up due",
    "frequent": "4 or more visits",
    "no_contact_30d": "No contact in 30 days",
}


def page() -> None:
    asking = frame.start()
    opened = drill.from_address()
    if opened is None:
        _everyone(asking)
    else:
        _behind_a_number(asking, opened)
    st.caption("Viewing this list is recorded.")
    frame.footer(asking)


def _everyone(asking: Asking) -> None:
    head = Head()
    with frame.ruled():
        chosen = filter_bar.filter_bar(asking)
    receipt()
    head.line(
        asking, [Crumb(chosen.scope_name("market", "All markets")), Crumb("Members")], chosen, _metrics()
    )
    with section("The member list", 760):
        counts = asking.ask("members/counts", chosen.filters).iloc[0]
        total = {
            "all": counts["all_members"],
            "followup_due": counts["followup_due"],
            "frequent": counts["frequent"],
            "no_contact_30d": counts["no_contact_30d"],
        }
        head.title(*member_list.title_of_everyone(total))
        if not total["all"]:
            states.empty(
                "No member matches", "Widen the filters, or reset them.", filter_bar.reset, "members"
            )
            return
        show, order, search, _ = _controls(asking, total, member_list.ORDERS)
        actions = st.container()
        paging = {"show": show, "order_by": order, "search": search or None}
        key = f"list_{abs(hash(tuple(paging.items()))) % 10**8}"
        at = int(st.session_state.get(f"page_{key}", 1))
        rows = asking.ask("members/list", chosen.filters, **paging, limit=ROWS, offset=(at - 1) * ROWS)
        if rows.empty:
            states.empty(
                "No member matches",
                "Another name, or All under Show, may find them.",
                filter_bar.reset,
                "list",
            )
            return
        matching = int(rows.iloc[0]["total_rows"])
        asking.record_view("members/list", chosen.filters, rows, **paging, page=at)
        picked = member_list.members(rows, key=key)
        _pages(matching, at, key)
        export = Export(
            title=f"Members: {SHOWN[show].lower()}",
            stem="members",
            rows=matching,
            fetch=lambda: asking.ask(
                "members/list", chosen.filters, **paging, limit=member_list.EVERY_ROW, offset=0
            ),
            columns=member_list.exported_columns(rows),
            filters=_filters_in_words(chosen, [("Show", SHOWN[show]), ("Name contains", search)]),
            definitions=as_definitions((VISITS, FREQUENT)),
            question="members/list",
            filters_asked=chosen.filters,
            member_level=True,
            parameters=paging,
        )
        _actions(asking, actions, rows, picked, export, key)


def _behind_a_number(asking: Asking, opened: Opened) -> None:
    head = Head()
    chosen = drill.within(filter_bar.chosen_from_address(asking), opened)
    crumbs = [
        Crumb(chosen.scope_name("market", "All markets")),
        Crumb("ED utilization", "ed_utilization", chosen.address()),
        *([Crumb(opened.label)] if opened.label else []),
        Crumb("Members"),
    ]
    head.line(asking, crumbs, chosen, _metrics())
    with section("The list behind this number", 760):
        parameters = drill.typed(opened)
        people = asking.ask(opened.members_question, chosen.filters, **parameters)
        visits = (
            asking.ask(opened.visits_question, chosen.filters, **parameters)
            if opened.visits_question
            else people
        )
        with frame.ruled():
            _chips(chosen, opened, visits, people)
        receipt()
        if people.empty:
            head.title("Nobody is behind this number", "Nothing you may see matches all of these.")
            states.empty(
                "Nothing matches", "Remove a chip above, or go back to ED utilization.", None, "drill"
            )
            return
        today = frame.data_end(asking)
        total = member_list.totals(people, today)
        head.title(*member_list.title_of_drill(opened, people, visits, total))
        views = ("Members", "Visits") if opened.visits_question else ()
        show, order, search, view = _controls(asking, total, member_list.ORDERS_OF_DRILL, views)
        actions = st.container()
        listed = visits if view == "Visits" else people
        rows = member_list.narrowed(listed, people, show, order, search, today)
        key = f"drill_{view}_{abs(hash((show, order, search, tuple(parameters.items())))) % 10**8}"
        at = int(st.session_state.get(f"page_{key}", 1))
        page_rows = rows.iloc[(at - 1) * ROWS : at * ROWS]
        question = opened.visits_question if view == "Visits" else opened.members_question
        asking.record_view(question, chosen.filters, page_rows, **opened.parameters, page=at)
        if page_rows.empty:
            states.empty(
                "Nobody matches", "Another name, or All under Show, may find them.", None, "drill_none"
            )
            return
        picked: list[int] = []
        if view == "Visits":
            member_list.visits(page_rows, key=key)
        else:
            picked = member_list.members(page_rows, key=key)
        _pages(len(rows), at, key)
        export = Export(
            title=f"{view} behind {opened.label or 'a number'}",
            stem=member_list.file_stem(opened.label),
            rows=len(rows),
            fetch=lambda: member_list.narrowed(
                asking.ask(question, chosen.filters, **parameters), people, show, order, search, today
            ),
            columns=member_list.exported_visits(rows)
            if view == "Visits"
            else member_list.exported_columns(rows),
            filters=[(label, words) for _, label, words in drill.chips(chosen, opened, {})],
            definitions=as_definitions((VISITS, FREQUENT)),
            question=question,
            filters_asked=chosen.filters,
            member_level=True,
            parameters=dict(opened.parameters),
        )
        _actions(asking, actions, page_rows, picked, export, key)


def _controls(
    asking: Asking, total: dict[str, Any], orders: dict[str, str], views: tuple[str, ...] = ()
) -> tuple[str, str, str, str]:
    """Show, order, name and (for a drill) members or visits."""
    view = views[0] if views else ""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="list_controls"):
        if views:
            view = (
                st.segmented_control("List", views, default=views[0], required=True, key="list_view")
                or views[0]
            )
        show = st.segmented_control(
            "Show",
            list(SHOWN),
            format_func=lambda key: f"{SHOWN[key]} {formats.number(total[key])}",
            default="all",
            required=True,
            key="list_show",
        )
        order = st.selectbox(
            "Order by", list(orders), format_func=orders.__getitem__, key="list_order", width=176
        )
        st.space("stretch")
        search = ""
        if asking.sees("identifier"):
            search = st.text_input(
                "Find by name", placeholder="Name", icon=":material/search:", key="list_name", width=176
            )
    return show or "all", order, (search or "").strip(), view


def _chips(chosen: Chosen, opened: Opened, visits: pd.DataFrame, people: pd.DataFrame) -> None:
    names = member_list.names_in(visits, opened)
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="chips"):
        for at, (key, label, words) in enumerate(drill.chips(chosen, opened, names)):
            if key:
                st.button(
                    f":gray[{label}] **{words}**",
                    icon=":material/close:",
                    icon_position="right",
                    key=f"chip_{at}_{key}",
                    help=f"Remove {label.lower()}",
                    on_click=drill.remove,
                    args=(key,),
                )
            else:
                st.badge(f"{label} {words}", color="gray")
        st.space("stretch")
        here, agrees = drill.agreement(opened, visits, people)
        st.markdown(member_list.agreement_words(opened, here, agrees), width="content")


def _actions(
    asking: Asking, place: Any, rows: pd.DataFrame, picked: list[int], export: Export, key: str
) -> None:
    """What can be done with the selection, above the grid it was made in."""
    with place, st.container(horizontal=True, vertical_alignment="center", gap="small", key="list_actions"):
        if picked:
            st.markdown(f"**{len(picked)} selected**", width="content")
            if "person_id" in rows and st.button(
                "Open member",
                icon=":material/open_in_new:",
                type="primary",
                disabled=len(picked) != 1,
                help="Select one member to open" if len(picked) != 1 else None,
                key=f"open_{key}",
            ):
                member_list.open_member(asking, str(rows.iloc[picked[0]]["person_id"]))
        else:
            st.markdown(":gray[Select members for what to do with them]", width="content")
        # Not at the far right: the grid's own tools appear there, over whatever stands above it.
        export_menu(asking, export, key="members", label=f"Export {formats.number(export.rows)}")


def _pages(total: int, at: int, key: str) -> None:
    first, last = (at - 1) * ROWS + 1, min(at * ROWS, total)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(f":gray[:small[{first:,} to {last:,} of {formats.number(total)}]]", width="content")
        if total > ROWS:
            st.pagination(-(-total // ROWS), key=f"page_{key}")


def _filters_in_words(chosen: Chosen, more: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [
        *(
            (choice.label, chosen.names[choice.key])
            for choice in filter_bar.CHOICES
            if choice.key in chosen.names
        ),
        ("Period", chosen.period_words),
        *((name, words) for name, words in more if words),
    ]


def _metrics() -> dict[str, Live]:
    return {VISITS: Live(), FREQUENT: Live()}


if __name__ == "__main__":
    import app

    app.main()
