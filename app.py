"""The entry script: look, navigation, who is asking, then the page itself.

Every page is registered before anyone is asked who they are. Streamlit would otherwise run the files of
`pages/` directly at their address, until some session had called `st.navigation`, and so past the sign-in.
"""

from __future__ import annotations

import streamlit as st

from components import frame, navigation, sign_in, states, theme
from components.navigation import View
from pages import cost_pmpm, data_operations, ed_utilization, member, members

VIEWS = (
    View("ed_utilization", "Market", "ED utilization", ":material/emergency:", ed_utilization.page),
    View("cost_pmpm", "Market", "Cost PMPM", ":material/payments:", cost_pmpm.page),
    View("members", "People", "Members", ":material/group:", members.page),
    View("member", "People", "Member", ":material/person:", member.page, permission="members", listed=False),
    View("data_operations", "Data", "Data operations", ":material/database:", data_operations.page),
)


def main() -> None:
    """One full run: everything a person sees starts here, at every address."""
    st.set_page_config(
        page_title="Huddleboard", page_icon=":material/emergency:", layout="wide", initial_sidebar_state=248
    )
    theme.apply_theme()
    navigation.register(VIEWS, home)
    principal = sign_in.require_principal()
    chosen, view = navigation.show(VIEWS, home, principal)
    frame.sidebar_foot(principal)
    if view is not None and not navigation.may_open(principal, view):
        states.no_permission(view.title)
        return
    with states.whole_page():
        chosen.run()


def home() -> None:
    """The bare address: the first page this person may open."""
    navigation.open_first(VIEWS, sign_in.require_principal())


if __name__ == "__main__":
    main()
