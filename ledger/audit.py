"""The audit trail: who saw or took which members' data, when, by which question, from which snapshot.

Events are appended, never changed (the database refuses), and chained: each carries the SHA-256 of its own
content together with the hash of the event before it, so a change anywhere breaks every later link. A head
row holds the last hash: appends queue on it, and a tail that was cut off is noticed against it.

Streamlit runs a page again on every click. So that the trail says what a person saw and not how often the
page was drawn, a **view** that repeats the same session, question, filters, snapshot, row count and members
within five minutes of its event is recorded once. Exports and everything else are recorded every time.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from ledger.database import reading, writing
from ledger.tables import AuditEvent, AuditHead

FIRST_HASH = "0" * 64
REPEAT_WINDOW = timedelta(minutes=5)
# Actions that a page repeats by being drawn again. Everything else is a deed of its own.
REPEATABLE_ACTIONS = frozenset({"view"})


@dataclass(frozen=True)
class Recorded:
    """Where an event stands in the trail; `is_repeat` when an earlier event already says the same."""

    sequence: int
    is_repeat: bool


@dataclass(frozen=True)
class Verification:
    """What reading the whole chain found: how many events hold, the last link, and the first fault if any."""

    events: int
    last_hash: str
    broken_at: int | None = None
    fault: str | None = None

    @property
    def is_intact(self) -> bool:
        return self.fault is None


class Actor(Protocol):
    """Whoever did it: a principal, or anything else that knows its user and session."""

    @property
    def user_id(self) -> str: ...

    @property
    def session_id(self) -> str: ...


def record(
    actor: Actor | None = None,
    *,
    action: str,
    user_id: str | None = None,
    session_id: str | None = None,
    question: str | None = None,
    filters: Any = None,
    rows: int | None = None,
    member_ids: Iterable[Any] = (),
    snapshot: str | None = None,
    detail: Mapping[str, Any] | None = None,
    now: datetime | None = None,
) -> Recorded:
    """Append one event and return where it stands.

    Who did it is an `actor` (a principal), or `user_id` and `session_id`. `filters` is a mapping or a
    dataclass; `member_ids` the person ids behind the event, in any order, with repeats. Raises LedgerError
    if the ledger cannot be written: then do not show or hand out the rows.
    """
    if actor is not None:
        user_id, session_id = actor.user_id, actor.session_id or None
    with writing() as session:
        return append(
            session,
            user_id=user_id,
            action=action,
            session_id=session_id,
            question=question,
            filters=filters,
            rows=rows,
            member_ids=member_ids,
            snapshot=snapshot,
            detail=detail,
            now=now,
        )


def append(
    session: Session,
    *,
    user_id: str | None,
    action: str,
    session_id: str | None = None,
    question: str | None = None,
    filters: Any = None,
    rows: int | None = None,
    member_ids: Iterable[Any] = (),
    snapshot: str | None = None,
    detail: Mapping[str, Any] | None = None,
    now: datetime | None = None,
) -> Recorded:
    """Like `record`, in a transaction of the caller: the deed and its record are kept or lost together."""
    members = canonical_json(sorted({str(member) for member in member_ids}))
    event: dict[str, Any] = {
        "recorded_at": now or datetime.now(UTC),
        "user_id": user_id,
        "session_id": session_id,
        "action": action,
        "question": question,
        "filters": canonical_json(_plain(filters if filters is not None else {})),
        "row_total": None if rows is None else int(rows),
        "member_total": len(json.loads(members)),
        "members_sha256": _sha256(members),
        "snapshot": snapshot,
        "detail": canonical_json(_plain(detail or {})),
    }
    event["repeat_key"] = _sha256(
        canonical_json(
            [
                event[name]
                for name in (
                    "user_id",
                    "session_id",
                    "action",
                    "question",
                    "filters",
                    "row_total",
                    "members_sha256",
                    "snapshot",
                    "detail",
                )
            ]
        )
    )
    # Taking the head first makes appends wait for each other, on SQLite as on PostgreSQL.
    head = session.execute(
        select(AuditHead.sequence, AuditHead.hash).where(AuditHead.head_id == 1).with_for_update()
    )
    last_sequence, last_hash = head.one()
    if action in REPEATABLE_ACTIONS:
        earlier = session.scalar(
            select(AuditEvent.sequence)
            .where(
                AuditEvent.repeat_key == event["repeat_key"],
                AuditEvent.recorded_at > event["recorded_at"] - REPEAT_WINDOW,
            )
            .order_by(AuditEvent.sequence.desc())
            .limit(1)
        )
        if earlier is not None:
            return Recorded(sequence=earlier, is_repeat=True)

    event["sequence"] = last_sequence + 1
    event["prev_hash"] = last_hash
    event["hash"] = event_hash(event)
    session.execute(insert(AuditEvent).values(**event, member_ids=zlib.compress(members.encode(), 1)))
    session.execute(
        update(AuditHead).where(AuditHead.head_id == 1).values(sequence=event["sequence"], hash=event["hash"])
    )
    return Recorded(sequence=event["sequence"], is_repeat=False)


HASHED_FIELDS = (
    "sequence",
    "recorded_at",
    "user_id",
    "session_id",
    "action",
    "question",
    "filters",
    "row_total",
    "member_total",
    "members_sha256",
    "snapshot",
    "detail",
    "repeat_key",
    "prev_hash",
)


def event_hash(event: Mapping[str, Any]) -> str:
    """The link of one event: SHA-256 of the canonical JSON of every field, the previous link included."""
    return _sha256(canonical_json({name: _plain(event[name]) for name in HASHED_FIELDS}))


def verify(*, expected: tuple[int, str] | None = None) -> Verification:
    """Read the whole chain and report the first broken link.

    `expected` is a (sequence, hash) noted earlier and kept elsewhere: somebody who may write to the database
    could rebuild the whole chain, and only a copy they cannot reach shows it.
    """
    sequence, last_hash = 0, FIRST_HASH
    noted = None
    with reading() as session:
        # The head and the events must be of one moment, while others go on appending.
        if session.get_bind().dialect.name == "postgresql":
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        head = session.execute(
            select(AuditHead.sequence, AuditHead.hash).where(AuditHead.head_id == 1)
        ).one_or_none()
        for event in _events(session):
            fault = _fault(event, sequence, last_hash)
            if fault:
                return Verification(sequence, last_hash, event["sequence"], fault)
            sequence, last_hash = event["sequence"], event["hash"]
            if expected is not None and sequence == expected[0]:
                noted = last_hash
    if head is None:
        return Verification(sequence, last_hash, sequence, "the head row is missing")
    if head.sequence > sequence:
        fault = f"events after {sequence} are missing: the head stands at {head.sequence}"
        return Verification(sequence, last_hash, sequence + 1, fault)
    if (head.sequence, head.hash) != (sequence, last_hash):
        return Verification(sequence, last_hash, sequence, "is not what the head row says comes last")
    if expected is not None and noted != expected[1]:
        return Verification(sequence, last_hash, expected[0], "does not have the hash noted earlier")
    return Verification(sequence, last_hash)


def _fault(event: Mapping[str, Any], last_sequence: int, last_hash: str) -> str | None:
    if event["sequence"] != last_sequence + 1:
        return f"follows {last_sequence}: events between them are missing"
    if event["prev_hash"] != last_hash:
        return "does not carry the hash of the event before it"
    try:
        members = zlib.decompress(event["member_ids"]).decode()
        if _sha256(members) != event["members_sha256"]:
            return "its list of members was changed"
    except (zlib.error, UnicodeDecodeError):
        return "its list of members cannot be read"
    if event_hash(event) != event["hash"]:
        return "its content was changed"
    return None


def _events(session: Session) -> Iterator[dict[str, Any]]:
    columns = AuditEvent.__table__.columns
    rows = session.execute(select(*columns).order_by(columns.sequence).execution_options(yield_per=500))
    for row in rows.mappings():
        yield dict(row)


def last_events(
    count: int, *, user_id: str | None = None, member_id: str | None = None
) -> list[dict[str, Any]]:
    """The last `count` events, newest first, each with its `members` as a list; optionally of one user, or
    only those that touched one member."""
    columns = AuditEvent.__table__.columns
    query = select(*columns).order_by(columns.sequence.desc()).execution_options(yield_per=500)
    if user_id is not None:
        query = query.where(columns.user_id == user_id)
    found: list[dict[str, Any]] = []
    with reading() as session:
        for row in session.execute(query).mappings():
            if len(found) >= count:
                break
            event = dict(row)
            event["members"] = json.loads(zlib.decompress(event.pop("member_ids")))
            if member_id is None or member_id in event["members"]:
                found.append(event)
    return found


def canonical_json(value: Any) -> str:
    """JSON with one spelling: sorted keys, no blanks, UTF-8 as is, NaN refused."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _plain(value: Any) -> Any:
    """The value in JSON's own types: dates as ISO text, sets and tuples as lists, dataclasses as mappings."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = dataclasses.asdict(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted(_plain(item) for item in value)
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, date):
        return value.isoformat()
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return repr(value)
    return str(value)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
