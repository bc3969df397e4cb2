"""Splits a file of HL7 v2 messages and reads the fields of an admission, discharge or transfer message.

Messages begin with an MSH segment; segments end with CR, LF or both, and the frame bytes of MLLP and the
headers and trailers of a batch are nothing. The delimiters are those the message declares. Only what an ADT
event needs is read: MSH, EVN, PID, PV1, PV2, DG1 and IN1. Source: HL7 v2.3, chapters 2 and 3.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

USED = ("A01", "A03", "A04", "A08", "A11")
"""Admission, discharge, registration, update, cancelled admission."""

NO_HEADER = "broken message header"
NOT_USED = "message type not used"
NO_SEGMENT = "segment missing"
BEFORE_FIRST = "text outside a message"

_FRAME = bytes((0x0B, 0x1C))
_BATCH = (b"FHS", b"BHS", b"BTS", b"FTS")
_TIME = re.compile(r"(\d{4})(\d{2})?(\d{2})?(\d{2})?(\d{2})?(\d{2})?(?:\.\d{1,4})?(?:[+-]\d{4})?")


class MessageError(Exception):
    """A message that cannot be used: ``reason``, and the field that is to blame."""

    def __init__(self, reason: str, column: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.column = column


def split_messages(stream: BinaryIO) -> Iterator[bytes]:
    """The messages of a file one by one, segments separated by CR; first the text before them, if any."""
    segments: list[bytes] = []
    rest = b""
    while block := stream.read(1 << 20):
        lines = (rest + block).replace(b"\n", b"\r").split(b"\r")
        rest = lines.pop()
        for line in lines:
            yield from _take(line, segments)
    yield from _take(rest, segments)
    if segments:
        yield b"\r".join(segments)


def _take(line: bytes, segments: list[bytes]) -> Iterator[bytes]:
    text = line.strip(_FRAME).removeprefix(b"\xef\xbb\xbf")
    if not text.strip() or text[:3] in _BATCH:
        return
    if text.startswith(b"MSH") and segments:
        yield b"\r".join(segments)
        segments.clear()
    segments.append(text)


@dataclass
class Message:
    """A parsed message: its segments by name, each a list of fields (0 = the segment's name)."""

    segments: dict[str, list[list[str]]] = field(default_factory=dict)
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"

    def field(self, segment: str, number: int) -> str:
        """A field of the first segment of a name as written; an empty text where there is none."""
        found = self.segments.get(segment)
        if not found or number >= len(found[0]):
            return ""
        return found[0][number]

    def part(self, segment: str, number: int, component: int = 1, subcomponent: int = 1) -> str | None:
        """A component of the first repetition of a field, unescaped; None where there is none."""
        return self.of(self.field(segment, number).split(self.repetition)[0], component, subcomponent)

    def of(self, text: str, component: int = 1, subcomponent: int = 1) -> str | None:
        parts = text.split(self.component)
        if component > len(parts):
            return None
        inner = parts[component - 1].split(self.subcomponent)
        if subcomponent > len(inner):
            return None
        value = self._unescaped(inner[subcomponent - 1]).strip()
        # Two quotation marks say that a value is to be deleted (HL7 v2.3, 2.6.3).
        return None if value in ("", '""') else value

    def _unescaped(self, text: str) -> str:
        if self.escape not in text:
            return text
        for code, character in (
            ("F", "|"),
            ("S", self.component),
            ("T", self.subcomponent),
            ("R", self.repetition),
            ("E", self.escape),
        ):
            text = text.replace(f"{self.escape}{code}{self.escape}", character)
        return text


def parse(text: str) -> Message:
    """Read a message. Raises :class:`MessageError` if its header does not say how it is written."""
    if not text.startswith("MSH"):
        raise MessageError(BEFORE_FIRST)
    if len(text) < 8 or text[3].isalnum() or text[3].isspace():
        raise MessageError(NO_HEADER, "MSH-1")
    separator = text[3]
    header = text.split("\r", 1)[0].split(separator)
    marks = header[1]
    if len(marks) < 4 or len(set(marks)) != len(marks) or any(mark.isalnum() for mark in marks):
        raise MessageError(NO_HEADER, "MSH-2")
    message = Message({}, *marks[:4])
    for line in text.split("\r"):
        fields = line.split(separator)
        if fields[0] == "MSH":
            # MSH-1 is the separator itself.
            fields.insert(1, separator)
        message.segments.setdefault(fields[0], []).append(fields)
    return message


def timestamp(text: str | None) -> str | None:
    """An HL7 time stamp (YYYYMMDD[HHMM[SS]]…) as ``YYYY-MM-DD HH:MM:SS``, local time as written.

    What is no time stamp is passed on as it is, so that the row is set aside with it.
    """
    if text is None:
        return None
    found = _TIME.fullmatch(text)
    if not found or not found[3]:
        return text
    year, month, day, hour, minute, second = (part or "00" for part in found.groups())
    return f"{year}-{month}-{day} {hour}:{minute}:{second}"


def date(text: str | None) -> str | None:
    """The day of an HL7 time stamp as ``YYYY-MM-DD``."""
    stamp = timestamp(text)
    return stamp[:10] if stamp and len(stamp) == 19 else stamp


SEX = {"F": "female", "M": "male"}


def event(message: Message) -> dict[str, str | None]:
    """The columns of ``raw.adt_event``. Raises :class:`MessageError` for a message that is not used."""
    kind, trigger = message.part("MSH", 9, 1), message.part("MSH", 9, 2) or message.part("EVN", 1)
    if kind != "ADT" or trigger not in USED:
        raise MessageError(NOT_USED, "MSH-9")
    for segment in ("PID", "PV1"):
        if segment not in message.segments:
            raise MessageError(NO_SEGMENT, segment)
    admitted, discharged = message.part("PV1", 44), message.part("PV1", 45)
    own_time = {"A01": admitted, "A04": admitted, "A03": discharged}.get(trigger)
    sent, control = message.part("MSH", 7), message.part("MSH", 10)
    happened = message.part("EVN", 6) or own_time or message.part("EVN", 2) or sent
    # A sending facility may be written with its identifier, else the patient's location says where.
    sender, sender_id = message.part("MSH", 4, 1), message.part("MSH", 4, 2)
    place = message.part("PV1", 3, 4)
    place_id = message.part("PV1", 3, 4, 2) or place
    named = place if place and not place.isdigit() else None
    return {
        # A sender numbers its messages anew now and then, so that the number alone is no key.
        "event_id": f"{sender_id or sender or ''}:{control}:{sent or ''}" if control else None,
        "message_type": trigger,
        "event_time": timestamp(happened),
        "received_time": timestamp(sent),
        "patient_id": message.part("PID", 3) or message.part("PID", 2),
        "member_id": _member_id(message),
        "last_name": message.part("PID", 5, 1),
        "first_name": message.part("PID", 5, 2),
        "birth_date": date(message.part("PID", 7)),
        "sex": SEX.get((message.part("PID", 8) or "").upper(), "unknown"),
        "zip_code": message.part("PID", 11, 5),
        "visit_number": message.part("PV1", 19) or message.part("PID", 18),
        "patient_class": message.part("PV1", 2),
        "facility_id": sender_id or place_id or sender,
        "facility_name": sender if sender_id else (named or sender),
        "complaint": message.part("PV2", 3, 2) or message.part("PV2", 3, 1) or _diagnosis(message, 4),
        "diagnosis_code": _diagnosis(message, 3),
        "admit_time": timestamp(admitted),
        "discharge_time": timestamp(discharged),
        "disposition": message.part("PV1", 36),
    }


def _member_id(message: Message) -> str | None:
    """The payer's number of the member: the policy of the first insurance, else a patient id of type MB."""
    policy = message.part("IN1", 36)
    if policy:
        return policy
    for repetition in message.field("PID", 3).split(message.repetition):
        if message.of(repetition, 5) in ("MB", "MI"):
            return message.of(repetition)
    return None


def _diagnosis(message: Message, number: int) -> str | None:
    """The code (DG1-3) or description (DG1-4, else the second part of DG1-3) of the first diagnosis."""
    if number == 3:
        code = message.part("DG1", 3)
        return code.replace(".", "").upper() if code else None
    return message.part("DG1", 4) or message.part("DG1", 3, 2)
