"""Opaque names for members in addresses: an address must not say who a page is about.

A handle is random, belongs to one session, and means nothing in any other: a copied address opens nothing.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

from sqlalchemy import select

from ledger.database import reading, writing
from ledger.tables import MemberHandle


def handle_for(session_id: str, person_id: str) -> str:
    """The handle of `person_id` in this session; the same one each time it is asked for."""
    wanted = select(MemberHandle.handle).where(
        MemberHandle.session_id == session_id, MemberHandle.person_id == person_id
    )
    with reading() as session:
        found = session.scalar(wanted)
    if found is not None:
        return found
    from sqlalchemy.exc import IntegrityError

    handle = secrets.token_urlsafe(16)
    try:
        with writing() as session:
            session.add(
                MemberHandle(
                    handle=handle, session_id=session_id, person_id=person_id, created_at=datetime.now(UTC)
                )
            )
    except IntegrityError:
        # Another tab of the same session was first.
        with reading() as session:
            return session.scalars(wanted).one()
    return handle


def person_of(session_id: str, handle: str) -> str | None:
    """The person id behind a handle, or None if the handle is not of this session."""
    with reading() as session:
        return session.scalar(
            select(MemberHandle.person_id).where(
                MemberHandle.handle == handle, MemberHandle.session_id == session_id
            )
        )
