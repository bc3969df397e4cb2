"""The filters all pages share: whose care, and when. Remembered across pages and kept in the address.

The options are what the asking person's scope holds, so a value outside it cannot be chosen. A value that
comes in by the address and is not an option is left out, and said so. The address carries names of markets,
contracts, teams and clinicians, never of members.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

import pandas as pd
import streamlit as st

from components.asking import Asking
from queries.filters import Filters

REMEMBERED = "filters_remembered"
IGNORED = "filters_ignored"
DRAWN_ON = "filters_drawn_on"
EMPTIED = "filters_emptied"
PERIODS = ("12 months", "Year to date", "24 months")
ALL = "all"


@dataclass(frozen=True)
class Choice:
    """One filter: its key in the address, its label, the words for no choice, and its width in pixels."""

    key: str
    field: str
    label: str
    everything: str
    width: int


@dataclass(frozen=True)
class More:
    """A page's own choices under the bar: kept, remembered and recalled as the bar's are.

    keys: of its widgets, which are their names in the address. draw: draws them, given the ids chosen in the
    bar by field.
    """

    keys: tuple[str, ...]
    draw: Callable[[Mapping[str, tuple[str, ...]]], None]


CHOICES = (
    Choice("market", "market", "Market", "All markets", 128),
    Choice("contract", "contract", "Contract", "All contracts", 160),
    Choice("line", "line_of_business", "Line of business", "All lines", 128),
    Choice("team", "care_team", "Care team", "All teams", 136),
    Choice("pcp", "pcp", "PCP", "All PCPs", 140),
)
KEYS = (*(choice.key for choice in CHOICES), "period")
# Where no bar is drawn a choice has another name in the address: Streamlit lets nobody but the bar's own
# widgets write the parameters they are bound to, not even on the way to another page.
BESIDE = "in_"


@dataclass(frozen=True)
class Chosen:
    """What the filter bar holds: filters with their period, their names, and the months behind them.

    months: `shared/months`. latest: the last month that counts (mature). period_words: "12 months to Aug
    2026". only: by filter, the name of the one market, contract or line this person's scope holds; nothing is
    filtered by it, but "all" would say too much.
    """

    filters: Filters
    names: Mapping[str, str]
    period: str
    months: pd.DataFrame
    latest: date
    ignored: tuple[str, ...] = field(default=())
    only: Mapping[str, str] = field(default_factory=dict)

    def scope_name(self, key: str, everything: str) -> str:
        """The chosen name of a filter, or the only one there is to choose, or the words for all of them."""
        return self.names.get(key) or self.only.get(key) or everything

    @property
    def period_words(self) -> str:
        return f"{self.period} to {self.latest:%b %Y}"

    @property
    def prior(self) -> Filters:
        """The same filters, one year earlier."""
        return replace(
            self.filters,
            period_start=months_before(_required(self.filters.period_start), 12),
            period_end=months_before(_required(self.filters.period_end), 12),
        )

    @property
    def history(self) -> Filters:
        """The same filters over the 24 months that count, and every unfinished month after them."""
        return replace(
            self.filters, period_start=months_before(self.latest, 23), period_end=max(self.months["month"])
        )

    @property
    def unfinished(self) -> pd.DataFrame:
        """The months after the last one that counts."""
        return self.months[self.months["month"] > self.latest]

    def address(self) -> dict[str, str]:
        """The filters as parameters of the address of a page with a filter bar."""
        named = {choice.key: self.names[choice.key] for choice in CHOICES if choice.key in self.names}
        return {**named, "period": self.period} if self.period != PERIODS[0] else named


def filter_bar(asking: Asking, more: More | None = None) -> Chosen:
    """Draw the bar, with a page's own second row under it (`more`), and return what is chosen."""
    keys = KEYS if more is None else (*KEYS, *more.keys)
    emptied = st.session_state.pop(EMPTIED, False)
    arrived = _recall(emptied, keys)
    before = st.query_params.to_dict()
    # The browser's Back brings a drill's parameters along with the page before it; they mean nothing here.
    for key in before:
        if key not in keys and not key.startswith("embed"):
            del st.query_params[key]
    ignored: list[str] = []
    names: dict[str, str] = {}
    only: dict[str, str] = {}
    ids: dict[str, tuple[str, ...]] = {}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall", key="filter_bar"):
        for choice in CHOICES:
            options = options_of(asking, choice, ids)
            asked = before.get(choice.key)
            if asked and asked not in options.values() and asked != choice.everything:
                ignored.append(f"{choice.label} “{asked}”")
            everything = choice.everything
            if sole := _only(choice, options):
                only[choice.key] = everything = sole
                options = {}
            picked = st.selectbox(
                choice.label,
                [ALL, *options],
                format_func=lambda key, options=options, words=everything: options.get(key, words),
                key=choice.key,
                width=choice.width,
                bind="query-params",
                persist_state="session",
                on_change=forget_ignored,
            )
            if picked in options:
                ids[choice.field] = (picked,)
                names[choice.key] = options[picked]
        period = st.segmented_control(
            "Period",
            PERIODS,
            default=PERIODS[0],
            required=True,
            key="period",
            bind="query-params",
            persist_state="session",
            on_change=forget_ignored,
        )
        st.space("stretch")
        st.button(
            "Reset", icon=":material/restart_alt:", type="tertiary", on_click=reset, key="filters_reset"
        )
    if more is not None:
        more.draw(ids)
    if arrived and any(
        st.session_state.get(key) != value for key, value in arrived.items() if key not in before
    ):
        # The browser's Back empties the bar, whatever the session holds; the run after it fills it again.
        st.session_state[EMPTIED] = True
        st.rerun()
    if emptied:
        # The browser's address was emptied too, which the session does not know: any change sends all of it.
        st.query_params[IGNORED] = ""
        del st.query_params[IGNORED]
    if ignored:
        st.session_state[IGNORED] = tuple(ignored)
    notice = st.session_state.get(IGNORED, ())
    if notice:
        st.info(
            f"Left out: {', '.join(notice)}. It is not among what you may see, or does not exist.",
            icon=":material/filter_alt_off:",
        )
    st.session_state[REMEMBERED] = {
        **st.session_state.get(REMEMBERED, {}),
        **{key: st.session_state.get(key) for key in keys},
    }
    return _chosen(asking, ids, names, period or PERIODS[0], notice, only)


def chosen_from_address(asking: Asking) -> Chosen:
    """The same choice where no bar is drawn: what the address says beside a drill's own parameters."""
    st.session_state[DRAWN_ON] = ""
    parameters = st.query_params.to_dict()
    names: dict[str, str] = {}
    only: dict[str, str] = {}
    ids: dict[str, tuple[str, ...]] = {}
    ignored: list[str] = []
    for choice in CHOICES:
        options = options_of(asking, choice, ids)
        asked = parameters.get(BESIDE + choice.key)
        found = next((key for key, name in options.items() if name == asked), None)
        if asked and found is None:
            ignored.append(f"{choice.label} “{asked}”")
        if sole := _only(choice, options):
            only[choice.key] = sole
        elif found is not None:
            ids[choice.field] = (found,)
            names[choice.key] = options[found]
    period = parameters.get(f"{BESIDE}period", "")
    return _chosen(asking, ids, names, period if period in PERIODS else PERIODS[0], tuple(ignored), only)


def options_of(asking: Asking, choice: Choice, ids: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Name by id of what may be chosen; teams and clinicians follow the market and contract
    already chosen.
    """
    within = Filters()
    if choice.field in ("care_team", "pcp"):
        within = Filters(market=ids.get("market", ()), contract=ids.get("contract", ()))
    every = asking.ask("shared/filter_options", within)
    mine = every[every["kind"] == choice.field]
    names = mine["name"].where(~mine["name"].duplicated(keep=False), mine["name"] + " (" + mine["id"] + ")")
    if choice.field == "line_of_business":
        names = names.str.capitalize()
    return dict(zip(mine["id"], names, strict=True))


def reset() -> None:
    """Back to everything in scope, over 12 months."""
    for choice in CHOICES:
        st.session_state[choice.key] = ALL
    st.session_state["period"] = PERIODS[0]
    forget_ignored()


def forget_ignored() -> None:
    """A new choice clears the note about an ignored one."""
    st.session_state.pop(IGNORED, None)


def remember(key: str, value: str) -> None:
    """Set one filter from outside the bar (a chip that was removed)."""
    st.session_state[REMEMBERED] = {**st.session_state.get(REMEMBERED, {}), key: value}


def months_before(month: date, count: int) -> date:
    """The first day of the month `count` months earlier."""
    index = month.year * 12 + month.month - 1 - count
    return date(index // 12, index % 12 + 1, 1)


def _only(choice: Choice, options: Mapping[str, str]) -> str:
    """The name of the only option, where every member has one of them; a member may be without a team."""
    if choice.field in ("care_team", "pcp") or len(options) != 1:
        return ""
    return next(iter(options.values()))


def _recall(emptied: bool, keys: tuple[str, ...]) -> dict[str, str]:
    """Where another page's bar has gone from the session, or Back has emptied this one, set the choices
    again before the widgets are drawn. What was chosen on the page left, if this run arrives here; else
    nothing.
    """
    remembered = {
        key: value
        for key, value in st.session_state.get(REMEMBERED, {}).items()
        if key in keys and value is not None
    }
    here = st.session_state.get("page_now", "")
    arrived = st.session_state.get(DRAWN_ON) != here
    st.session_state[DRAWN_ON] = here
    for key, value in remembered.items():
        if emptied or (key not in st.query_params and (arrived or key not in st.session_state)):
            st.session_state[key] = value
    return remembered if arrived else {}


def _chosen(
    asking: Asking,
    ids: Mapping[str, tuple[str, ...]],
    names: Mapping[str, str],
    period: str,
    ignored: tuple[str, ...],
    only: Mapping[str, str] | None = None,
) -> Chosen:
    months = asking.ask("shared/months", Filters(**ids)).copy()
    months["month"] = pd.to_datetime(months["month"]).dt.date
    counted = months[months["is_mature"].fillna(False).astype(bool)]
    latest = max(counted["month"] if len(counted) else months["month"], default=date.today().replace(day=1))
    start: Mapping[str, Callable[[], date]] = {
        "12 months": lambda: months_before(latest, 11),
        "Year to date": lambda: latest.replace(month=1),
        "24 months": lambda: months_before(latest, 23),
    }
    filters = Filters(**ids, period_start=start[period](), period_end=latest)
    return Chosen(filters, dict(names), period, months, latest, ignored, dict(only or {}))


def _required(month: date | None) -> date:
    if month is None:
        raise ValueError("a chosen period has a start and an end")
    return month
