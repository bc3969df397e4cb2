"""The data page's filters: one feed, one contract, one month of delivery, in the address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pandas as pd
import streamlit as st

from components import formats
from components.asking import Asking

ALL = "all"
KEYS = ("feed", "contract_of_feed", "delivery_month")
OPENED = "feed_to_open"


@dataclass(frozen=True)
class Narrowed:
    """What is chosen. feed, contract: ids, None for all; month: first day, None for the latest. feeds:
    name by id of the feeds that are left; contracts: name by id of theirs.
    """

    feed: str | None
    contract: str | None
    month: date | None
    feeds: Mapping[str, str] = field(default_factory=dict)
    contracts: Mapping[str, str] = field(default_factory=dict)

    def of(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The rows of the feeds that are left, where a contract has been chosen."""
        if self.contract is None:
            return frame
        kept = frame[frame["feed"].isin(list(self.feeds))]
        kept.attrs = frame.attrs
        return kept

    def named(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The frame with what people call each row's feed, as feed_name."""
        return frame.assign(feed_name=frame["feed"].map(lambda feed: self.feeds.get(feed, feed)))

    def contracts_of(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The rows of the contracts that are left, where a feed has been chosen."""
        if self.feed is None:
            return frame
        kept = frame[frame["contract_name"].isin(list(self.contracts.values()))]
        kept.attrs = frame.attrs
        return kept

    def words(self) -> list[tuple[str, str]]:
        """(filter, choice) for an export."""
        return [
            (name, value)
            for name, value in (
                ("feed", self.feeds.get(self.feed or "", "All feeds")),
                ("contract", self.contracts.get(self.contract or "", "All contracts")),
                ("month", formats.month(self.month) if self.month else "All months"),
            )
        ]

    def parameters(self) -> dict[str, Any]:
        """What an audit entry records."""
        return {"feed": self.feed, "contract_id": self.contract, "delivery_month": self.month}


def feed_filter(asking: Asking) -> Narrowed:
    """Draw the filters and return what is chosen."""
    served = asking.ask("data/feed_contracts")
    months = asking.ask("data/delivery_months")
    if opened := st.session_state.pop(OPENED, None):
        found = served.loc[served["feed_name"] == opened, "feed"]
        if len(found):
            st.session_state["feed"] = str(found.iloc[0])
    feeds = _names(served, "feed", "feed_name")
    contracts = _names(served[served["contract_name"].notna()], "contract_id", "contract_name")
    month_names = {f"{month:%Y-%m-01}": formats.month(month) for month in months["delivery_month"]}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall", key="filter_bar"):
        feed = _choice("Feed", "feed", feeds, "All feeds", 220)
        contract = _choice("Contract", "contract_of_feed", contracts, "All contracts", 220)
        month = _choice("Month of delivery", "delivery_month", month_names, "Latest", 140)
        st.space("stretch")
        st.button(
            "Reset", icon=":material/restart_alt:", type="tertiary", on_click=_reset, key="feed_filter_reset"
        )
    mine = served
    if feed:
        mine = mine[mine["feed"] == feed]
    if contract:
        mine = mine[mine["contract_id"] == contract]
    return Narrowed(
        feed,
        contract,
        date.fromisoformat(month) if month else None,
        _names(mine, "feed", "feed_name"),
        _names(mine[mine["contract_name"].notna()], "contract_id", "contract_name"),
    )


def open_feed(feed_name: str, rerun: bool = True) -> None:
    """Narrow the page to one feed, by its name; as a click's callback without a rerun of its own."""
    st.session_state[OPENED] = feed_name
    if rerun:
        st.rerun()


def _choice(label: str, key: str, options: Mapping[str, str], everything: str, width: int) -> str | None:
    picked = st.selectbox(
        label,
        [ALL, *options],
        format_func=lambda value: options.get(value, everything),
        key=key,
        width=width,
        bind="query-params",
    )
    return picked if picked in options else None


def _names(frame: pd.DataFrame, key: str, name: str) -> dict[str, str]:
    """Name by id; ids that share a name carry it in brackets."""
    pairs = frame[[key, name]].drop_duplicates()
    names = pairs[name].where(~pairs[name].duplicated(keep=False), pairs[name] + " (" + pairs[key] + ")")
    return dict(zip(pairs[key], names, strict=True))


def _reset() -> None:
    for key in KEYS:
        st.session_state[key] = ALL
