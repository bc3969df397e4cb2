"""On which basis every number of the cost page stands, and what it is compared with: one control, remembered
for the session and kept in the address, as the filter bar is; and printed in words under every chart.

The widgets' keys are not the questions' parameters: Streamlit lets nobody but a widget write the address
parameter it is bound to, and a drill carries the questions' own names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from analytics import decomposition
from components import filter_bar
from components.asking import Asking
from components.filter_bar import More

DOLLARS = ("Allowed", "Paid")
CAPS = ("Whole", "Truncated")
DRUGS = ("With pharmacy", "Without")
PARTS = ("Contributive", "Relative")
COMPARISONS = {
    "prior_year": "Prior year",
    "contract_target": "Contract target",
    "budget": "Budget",
    "market": "Another market",
    "cohort": "Control cohort",
    "national": "National median",
}
KEYS = ("dollars", "cap", "drugs", "parts", "compare", "with_market")


@dataclass(frozen=True)
class Basis:
    """What is chosen. compare: a key of COMPARISONS; market: the other market's id where that is compared."""

    basis: str = "allowed"
    truncated: bool = False
    pharmacy: bool = True
    relative: bool = False
    compare: str = "prior_year"
    market: str = ""

    @property
    def parameters(self) -> dict[str, Any]:
        """As most cost questions take them."""
        return {"basis": self.basis, "truncated": self.truncated, "pharmacy": self.pharmacy}

    @property
    def of_pharmacy(self) -> dict[str, Any]:
        """As questions take them for which pharmacy is no choice (drugs, leakage)."""
        return {"basis": self.basis, "truncated": self.truncated}

    @property
    def of_changes(self) -> dict[str, Any]:
        """As questions take them in which no cap can be applied (changes)."""
        return {"basis": self.basis, "pharmacy": self.pharmacy}

    @property
    def for_benchmarks(self) -> decomposition.Basis:
        """As benchmarks are held against it."""
        return decomposition.Basis(self.basis, self.truncated, self.pharmacy)

    @property
    def words(self) -> str:
        """'Allowed, not truncated, with pharmacy; contributive; completed': printed under every chart."""
        return f"{self.money_words}; {'relative' if self.relative else 'contributive'}; completed"

    @property
    def money_words(self) -> str:
        """'Allowed, not truncated, with pharmacy'."""
        return money_words(self.basis, self.truncated, self.pharmacy)

    def to_date_words(self, pharmacy: bool = True) -> str:
        """Under charts of dollars as they stand: 'Allowed, not truncated; to date'. pharmacy: whether that
        choice changes the chart."""
        words = self.money_words if pharmacy else ", ".join(self.money_words.split(", ")[:2])
        return f"{words}; to date, not completed"


def money_words(basis: str, truncated: bool, pharmacy: bool) -> str:
    """A basis as it is said everywhere."""
    return ", ".join(
        [
            basis.capitalize(),
            "truncated at the contract's cap" if truncated else "not truncated",
            "with pharmacy" if pharmacy else "without pharmacy",
        ]
    )


def second_row(asking: Asking) -> More:
    """The control, for `filter_bar`."""

    def draw(ids: Mapping[str, tuple[str, ...]]) -> None:
        others = other_markets(asking, ids)
        with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall", key="basis_bar"):
            for key, label, options in (
                ("dollars", "Dollars", DOLLARS),
                ("cap", "Large amounts", CAPS),
                ("drugs", "Pharmacy", DRUGS),
                ("parts", "Parts", PARTS),
            ):
                st.segmented_control(
                    label,
                    options,
                    default=options[0],
                    required=True,
                    key=key,
                    bind="query-params",
                    persist_state="session",
                    on_change=filter_bar.forget_ignored,
                )
            st.selectbox(
                "Compare with",
                list(COMPARISONS),
                format_func=COMPARISONS.__getitem__,
                key="compare",
                width=156,
                bind="query-params",
                persist_state="session",
                on_change=filter_bar.forget_ignored,
            )
            if st.session_state.get("compare") == "market" and others:
                st.selectbox(
                    "Market compared",
                    list(others),
                    format_func=others.__getitem__,
                    key="with_market",
                    width=140,
                    bind="query-params",
                    persist_state="session",
                )

    return More(KEYS, draw)


def chosen_basis(asking: Asking) -> Basis:
    """What the control holds; also inside a fragment, where it is not drawn anew."""
    held = st.session_state
    others = other_markets(asking, {})
    market = held.get("with_market")
    compare = str(held.get("compare"))
    return Basis(
        basis=str(held.get("dollars") or DOLLARS[0]).lower(),
        truncated=held.get("cap") == CAPS[1],
        pharmacy=held.get("drugs") != DRUGS[1],
        relative=held.get("parts") == PARTS[1],
        compare=compare if compare in COMPARISONS else "prior_year",
        market=str(market) if market in others else "",
    )


def other_markets(asking: Asking, ids: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Name by id of the markets that can be compared with the one chosen."""
    every = filter_bar.options_of(asking, filter_bar.CHOICES[0], {})
    mine = set(ids.get("market", ()))
    return {key: name for key, name in every.items() if key not in mine}


def take_basis(basis: str, truncated: bool, pharmacy: bool) -> None:
    """Set the control to the basis of a benchmark (a click's callback)."""
    st.session_state["dollars"] = basis.capitalize()
    st.session_state["cap"] = CAPS[1] if truncated else CAPS[0]
    st.session_state["drugs"] = DRUGS[0] if pharmacy else DRUGS[1]


def compare_with(kind: str) -> None:
    """Choose what the page compares with (a click's callback)."""
    st.session_state["compare"] = kind
