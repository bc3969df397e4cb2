"""Who is asking, of which snapshot: the one thing every section of a page is handed.

The snapshot is pinned for a whole run of the script, and kept by the fragments inside it, so that the
numbers of one page are of one snapshot however often a new one is published. Who is asking is looked up
again at every fragment and every export: a session that has ended gets no further answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

import access
import queries
from access.principal import Principal
from ledger import audit
from queries.filters import Filters

SNAPSHOT = "snapshot_of_this_run"


@dataclass(frozen=True)
class Asking:
    """A principal and the snapshot their page is pinned to."""

    principal: Principal
    snapshot: str

    def ask(self, question: str, filters: Filters | None = None, **parameters: Any) -> pd.DataFrame:
        """The answer, in this person's scope, of the pinned snapshot. Raises QueryError."""
        return queries.ask(
            question, self.principal, filters or Filters(), snapshot=self.snapshot, **parameters
        )

    def drill(
        self, question: str, filters: Filters | None = None, *, measure: str, row: Mapping[str, Any]
    ) -> pd.DataFrame:
        """The rows behind `measure` in this row of a question's answer. Raises QueryError."""
        return queries.drill(
            question, self.principal, filters or Filters(), measure=measure, row=row, snapshot=self.snapshot
        )

    def may(self, permission: str) -> bool:
        """True if the policy grants this page or action."""
        return access.permits(self.principal, permission)

    def sees(self, column_class: str) -> bool:
        """True if columns of this class (key, identifier, clinical, sensitive) are shown to this person."""
        return column_class in self.principal.column_classes

    def require_signed_in(self) -> None:
        """Raises NotPermitted if the session behind this page has ended meanwhile. Works
        without Streamlit.
        """
        if not access.still_signed_in(self.principal):
            raise queries.NotPermitted("Your session has ended. Sign in again.")

    def record(
        self,
        action: str,
        question: str,
        filters: Filters | None,
        *,
        rows: int,
        frame: pd.DataFrame | None = None,
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        """Write to the audit trail that these rows were seen or taken; `frame` holds the members, if any."""
        members = []
        if frame is not None and "person_id" in frame:
            members = sorted({str(person) for person in frame["person_id"].dropna()})
        audit.record(
            user_id=self.principal.user_id,
            session_id=self.principal.session_id,
            action=action,
            question=question,
            filters=_asked(filters),
            rows=rows,
            member_ids=members,
            snapshot=self.snapshot,
            detail={name: str(value) for name, value in (detail or {}).items() if value not in (None, "")},
        )

    def record_view(self, question: str, filters: Filters | None, frame: pd.DataFrame, **detail: Any) -> None:
        """Record that member rows were shown. The trail itself leaves out a view that only repeats itself."""
        self.record("view", question, filters, rows=len(frame), frame=frame, detail=detail)


def pin(principal: Principal) -> Asking:
    """Pin the newest snapshot for this run of the script. Raises NoWarehouse."""
    snapshot = queries.current_snapshot()
    st.session_state[SNAPSHOT] = snapshot
    return Asking(principal, snapshot)


def _asked(filters: Filters | None) -> dict[str, Any]:
    chosen = vars(filters) if filters is not None else {}
    return {name: value for name, value in chosen.items() if value not in ((), None)}
