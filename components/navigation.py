"""Every page's place: its section, its address, who may open it, and how one page leads to another.

Pages are callables handed in by `app.py`, so that nothing here imports a page. The page objects Streamlit
makes of them are kept in the session, where `go` and `link` find them by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import streamlit as st

import access
from access.principal import Principal

PAGES = "pages_by_name"


@dataclass(frozen=True)
class View:
    """One page: `key` is its address, `permission` the page name of the access policy it needs."""

    key: str
    section: str
    title: str
    icon: str
    run: Callable[[], None]
    permission: str = ""
    listed: bool = True

    @property
    def needs(self) -> str:
        return self.permission or self.key


def may_open(principal: Principal, view: View) -> bool:
    """True if the policy lets this person open the view."""
    return access.permits(principal, view.needs)


def register(views: Iterable[View], home: Callable[[], None]) -> Any:
    """Tell Streamlit every address there is, showing none: called before anyone has signed in."""
    return st.navigation(list(_pages(views, home, visible=lambda view: False).values()), position="hidden")


def show(views: tuple[View, ...], home: Callable[[], None], principal: Principal) -> tuple[Any, View | None]:
    """The sidebar for this person, and the page addressed (with its view; None for the bare address).

    A page the person may not open is not listed. It stays registered, so that its address answers with who
    can grant it, instead of with another page.
    """
    pages = _pages(views, home, visible=lambda view: view.listed and may_open(principal, view))
    st.session_state[PAGES] = pages
    sections: dict[str, list[Any]] = {"": [pages["home"]]}
    for view in views:
        sections.setdefault(view.section, []).append(pages[view.key])
    chosen = st.navigation(sections)
    st.session_state["page_now"] = chosen.url_path
    return chosen, next((view for view in views if view.key == chosen.url_path), None)


def open_first(views: Iterable[View], principal: Principal) -> None:
    """Go on to the first listed page this person may open, keeping the address's parameters."""
    for view in views:
        if view.listed and may_open(principal, view):
            go(view.key, st.query_params.to_dict())
    st.info("Your account has no page yet. An administrator can grant one.", icon=":material/lock:")


def go(key: str, parameters: Mapping[str, Any] | None = None) -> NoReturn:
    """Leave for another page; `parameters` become its address. Never put a person's identifier there."""
    st.switch_page(st.session_state[PAGES][key], query_params=_plain(parameters))


def link(key: str, label: str, parameters: Mapping[str, Any] | None = None, icon: str | None = None) -> None:
    """A link to another page, as wide as its words."""
    st.page_link(
        st.session_state[PAGES][key], label=label, icon=icon, width="content", query_params=_plain(parameters)
    )


def _plain(parameters: Mapping[str, Any] | None) -> dict[str, str]:
    return {key: str(value) for key, value in (parameters or {}).items() if value not in (None, "")}


def _pages(
    views: Iterable[View], home: Callable[[], None], visible: Callable[[View], bool]
) -> dict[str, Any]:
    pages = {"home": st.Page(home, title="Huddleboard", default=True, visibility="hidden")}
    for view in views:
        pages[view.key] = st.Page(
            view.run,
            title=view.title,
            icon=view.icon,
            url_path=view.key,
            visibility="visible" if visible(view) else "hidden",
        )
    return pages
