"""Members: everyone in scope, or exactly those behind a number that was opened."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

import queries
from components import cost_lists, drill, filter_bar, formats, frame, member_list, states
from components.asking import Asking
from components.cost_figures import PMPM
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
    elif opened.is_cost:
        _behind_dollars(asking, opened)
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


def _behind_dollars(asking: Asking, opened: Opened) -> None:
    """The members and claims behind a number of the cost page. Only the page shown is asked for: behind a
    market's dollars stand all of its claims."""
    head = Head()
    chosen = drill.within(filter_bar.chosen_from_address(asking), opened)
    crumbs = [
        Crumb(chosen.scope_name("market", "All markets")),
        Crumb("Cost PMPM", "cost_pmpm", chosen.address()),
        *([Crumb(opened.label)] if opened.label else []),
        Crumb("Members"),
    ]
    head.line(asking, crumbs, chosen, {PMPM: Live()})
    with section("The list behind this number", 760):
        parameters = drill.typed(opened)
        question, lines_question = opened.members_question, opened.visits_question
        paged = "limit" in queries.question(question).params
        first = asking.ask(question, chosen.filters, **parameters, **({"limit": 1} if paged else {}))
        whole = cost_lists.sums(first, opened)
        people = whole.rows if "total_rows" in first else int(first["person_id"].nunique())
        with frame.ruled():
            _basis_chips(chosen, opened, first, whole.value)
        receipt()
        if first.empty:
            head.title("Nobody is behind this number", "Nothing you may see matches all of these.")
            states.empty("Nothing matches", "Remove a chip above, or go back to Cost PMPM.", None, "drill")
            return
        head.title(*cost_lists.title(opened, people, whole.value, drill.basis_words(opened)))
        # The costliest of some members cannot be asked of claims alone.
        views = ("Members", "Claims") if lines_question and "top" not in opened.parameters else ()
        view, order, search = _cost_controls(asking, views, paged)
        actions = st.container()
        at_key = f"cost_{view}_{abs(hash((order, search, tuple(parameters.items())))) % 10**8}"
        at = int(st.session_state.get(f"page_{at_key}", 1))
        of_claims = view == "Claims"
        asked = lines_question if of_claims else question
        narrowing: dict[str, Any] = {}
        if not of_claims and paged:
            narrowing = {"order_by": order, "search": search or None}
        paging = {"limit": ROWS, "offset": (at - 1) * ROWS}
        can_page = "limit" in queries.question(asked).params
        rows = asking.ask(asked, chosen.filters, **parameters, **narrowing, **(paging if can_page else {}))
        total = cost_lists.sums(rows, opened).rows
        if not can_page:
            rows = rows.iloc[(at - 1) * ROWS : at * ROWS]
        asking.record_view(asked, chosen.filters, rows, **opened.parameters, page=at)
        if rows.empty:
            states.empty("Nobody matches", "Another name may find them.", None, "drill_none")
            return
        picked: list[int] | None = None
        if of_claims:
            cost_lists.claims(rows, key=at_key)
        else:
            picked = cost_lists.members(rows, key=at_key)
        _pages(total, at, at_key)
        if picked is not None and len(picked) == 1 and lines_question and "person_id" in rows:
            _claims_of(asking, chosen, opened, parameters, rows.iloc[picked[0]])
        export = Export(
            title=f"{view or 'Members'} behind {opened.label or 'a number'}",
            stem=member_list.file_stem(opened.label).replace("-ed", "-cost"),
            rows=total,
            fetch=lambda: asking.ask(asked, chosen.filters, **parameters, **narrowing),
            columns=cost_lists.exported(rows, lines=of_claims),
            filters=[(label, words) for _, label, words in drill.chips(chosen, opened, {})]
            + [("Basis", drill.basis_words(opened))],
            definitions=as_definitions((PMPM,)),
            question=asked,
            filters_asked=chosen.filters,
            member_level=True,
            parameters=dict(opened.parameters),
        )
        _actions(asking, actions, rows, picked, export, at_key)


def _claims_of(
    asking: Asking, chosen: Chosen, opened: Opened, parameters: dict[str, Any], row: pd.Series
) -> None:
    """The claims of the one member selected, and whether they come to the member's dollars."""
    question = opened.visits_question
    known = queries.question(question).params
    asked = {key: value for key, value in parameters.items() if key in known}
    lines = asking.ask(question, chosen.filters, **asked, person_id=str(row["person_id"]))
    asking.record_view(question, chosen.filters, lines, **opened.parameters)
    name = formats.missing(row.get("name"), "this member")
    st.subheader(f"Claims of {name}", anchor=False)
    measure = opened.counted_as.removeprefix("sum:")
    expected = float(row[measure]) if measure in row and formats.known(row[measure]) else None
    st.markdown(cost_lists.claims_line(lines, expected, opened))
    cost_lists.claims(lines.drop(columns=["name"], errors="ignore"), key="member_claims", most=12)


def _cost_controls(asking: Asking, views: tuple[str, ...], searchable: bool) -> tuple[str, str, str]:
    """Members or claims, order and name."""
    view, order, search = "", "amount", ""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="list_controls"):
        if views:
            view = (
                st.segmented_control("List", views, default=views[0], required=True, key="cost_view")
                or views[0]
            )
        if searchable and view != "Claims":
            order = st.selectbox(
                "Order by",
                list(cost_lists.ORDERS),
                format_func=cost_lists.ORDERS.__getitem__,
                key="cost_order",
                width=176,
            )
            st.space("stretch")
            if asking.sees("identifier"):
                search = st.text_input(
                    "Find by name", placeholder="Name", icon=":material/search:", key="cost_name", width=176
                )
    return view, order, (search or "").strip()


def _basis_chips(chosen: Chosen, opened: Opened, rows: pd.DataFrame, here: float) -> None:
    words = drill.basis_words(opened)
    _chip_row(
        [
            *drill.chips(chosen, opened, cost_lists.names_in(rows, opened)),
            *([("", "Basis", words)] if words else []),
        ],
        cost_lists.agreement_words(opened, here, opened.expected),
    )


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
    here, agrees = drill.agreement(opened, visits, people)
    _chip_row(drill.chips(chosen, opened, names), member_list.agreement_words(opened, here, agrees))


def _chip_row(chips: list[tuple[str, str, str]], agreement: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="chips"):
        for at, (key, label, words) in enumerate(chips):
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
        st.markdown(agreement, width="content")


def _actions(
    asking: Asking, place: Any, rows: pd.DataFrame, picked: list[int] | None, export: Export, key: str
) -> None:
    """What can be done with the selection, above the grid it was made in; None: nothing can be selected."""
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
        elif picked is not None:
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
