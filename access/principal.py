"""Who is asking, and what they may see: the one value every question, page and audit event is given.

A principal is made by `access.sessions` from a live session; nothing else should build one, except tests.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Principal:
    """A signed-in person with their scope and permissions, resolved at one moment.

    `markets` and `contracts` are the ids the person may see; None means all of them, an empty set none.
    `column_classes` names the classes of mart columns (`access/column_classes.yaml`) shown to them; columns
    of any other class are dropped. `session_id` identifies the session for the audit trail and for member
    handles; it is not a secret and takes no part in comparison, so two sessions of one person share caches.
    """

    user_id: str
    name: str
    role: str
    markets: frozenset[str] | None
    contracts: frozenset[str] | None
    pages: frozenset[str]
    column_classes: frozenset[str]
    actions: frozenset[str]
    session_id: str = field(default="", compare=False)
