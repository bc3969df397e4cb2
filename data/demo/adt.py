"""The hospitals' messages of the last thirty days (HL7 v2 ADT): arrivals, admissions, discharges, updates and
a few admissions that were cancelled, from the same encounters as the claims, before any of them is billed.

    A04 registered in the ED · A01 admitted · A03 discharged · A08 updated · A11 admission cancelled

Some messages lack the member's number, so that only name, birth date and sex can match them; some are of
people who are nobody's member.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import yaml

from data.demo.codes import ed_diagnoses
from data.demo.encounters import ADMITTED, OBSERVATION
from data.demo.formats import FORMATS
from data.demo.formats.cclf import mbi
from data.demo.names import COMMUNITIES
from data.demo.network import Network
from data.demo.people import Months, numbered
from data.demo.population import Chunk
from data.demo.settings import Settings

DAYS = 30
NO_NUMBER = 0.12  # of messages: no member number
STRANGERS = 0.03  # more visits, of people who are nobody's member
CANCELLED = 0.02  # of admissions
UPDATED = 0.15  # of visits
EPOCH = datetime(1970, 1, 1)


@dataclass
class Visit:
    """One stay or ED visit as the hospital's system knows it."""

    number: str
    patient: str  # the hospital's own number
    member: str
    name: tuple[str, str]
    born: date
    female: bool
    address: str
    facility: tuple[str, str]
    code: str
    description: str


@dataclass
class Messages:
    """Collects the events of each chunk; `write` writes a file per day, in order of time."""

    settings: Settings
    network: Network
    months: Months
    # (received, control id, message)
    events: list[tuple[datetime, str, str]] = field(default_factory=list)
    _visits: int = 0
    _cancelled: bool = False  # at least one admission was

    @property
    def _since(self) -> datetime:
        return EPOCH + timedelta(days=int(self.months.through) - DAYS + 1)

    def note(self, chunk: Chunk, rng: np.random.Generator) -> None:
        """Write the messages of the chunk's visits and stays of the last thirty days."""
        since = self.months.through - DAYS
        visits, stays, table = chunk.visits, chunk.stays, ed_diagnoses()
        kept = visits.disposition != ADMITTED
        for row in np.flatnonzero(kept & (visits.day > since) & (visits.day <= self.months.through)):
            visit = self._visit(
                chunk, int(visits.person[row]), int(visits.hospital[row]),
                table.code[visits.diagnosis[row]], table.description[visits.diagnosis[row]], rng,
            )  # fmt: skip
            arrived = self._moment(int(visits.day[row]), int(visits.hour[row]), rng)
            observed = visits.disposition[row] == OBSERVATION
            self._emergency(visit, arrived, observed, rng)
        described = dict(zip(table.code, table.description, strict=True))
        for row in np.flatnonzero((stays.discharge > since) & (stays.admit <= self.months.through)):
            code = str(stays.diagnosis[row])
            visit = self._visit(
                chunk,
                int(stays.person[row]),
                int(stays.hospital[row]),
                code,
                described.get(code, "Admission"),
                rng,
            )
            died = chunk.people.death[stays.person[row]] <= stays.discharge[row]
            self._stay(
                visit, self._moment(int(stays.admit[row]), int(stays.hour[row]), rng), int(stays.admit[row]),
                int(stays.discharge[row]), bool(stays.via_ed[row]), bool(died), rng,
            )  # fmt: skip

    def write(self, folder: Path, seed: int) -> None:
        """Write the files and source.yaml; with the chunks' events come those of strangers."""
        rng = np.random.default_rng([seed, 7])
        for _ in range(max(1, round(STRANGERS * self._visits))):
            self._stranger(rng)
        folder.mkdir(parents=True, exist_ok=True)
        by_day: dict[date, list[tuple[datetime, str, str]]] = {}
        last = (EPOCH + timedelta(days=int(self.months.through))).date()
        for event in sorted(self.events):
            # What is sent after midnight of the last day is not there yet.
            if event[0].date() <= last:
                by_day.setdefault(event[0].date(), []).append(event)
        for day, events in by_day.items():
            content = "".join(f"{message}\r\n" for _, _, message in events)
            (folder / f"{day.isoformat()}.hl7").write_bytes(content.encode("ascii", "replace"))
        title = "# Admissions, discharges and transfers of the market's hospitals: synthetic demo data.\n"
        content = yaml.safe_dump(
            {"name": folder.name, "title": "Hospitals' messages", "format": "adt_hl7"}, sort_keys=False
        )
        (folder / "source.yaml").write_text(title + content, encoding="utf-8")

    # One visit

    def _visit(
        self, chunk: Chunk, person: int, hospital: int, code: str, description: str, rng: np.random.Generator
    ) -> Visit:
        people = chunk.people
        self._visits += 1
        contract = int(chunk.coverage.contract[person, -1])
        terms = self.settings.contracts[contract]
        number = people.number[person : person + 1]
        if FORMATS[terms.key] == "cms_cclf":
            member = mbi(number)[0].as_py()
        else:
            member = numbered(terms.member_prefix, number * 7 + 1_000_003, 9)[0].as_py()
        if contract < 0 or rng.random() < NO_NUMBER:
            member = ""
        column = {
            name: people.columns[name][person].as_py() or ""
            for name in ("first_name", "last_name", "address", "city", "zip_code")
        }
        return Visit(
            number=f"V{people.number[person]:08d}{self._visits % 1000:03d}",
            patient=f"MR{people.number[person] * 13 + hospital:09d}",
            member=member,
            name=(column["last_name"], column["first_name"]),
            born=(EPOCH + timedelta(days=int(people.birth[person]))).date(),
            female=bool(people.female[person]),
            address=f"{column['address']}^^{column['city']}^{self.settings.state}^{column['zip_code']}",
            facility=self._facility(hospital),
            code=code,
            description=description,
        )

    def _facility(self, hospital: int) -> tuple[str, str]:
        number = int(self.network.hospitals[hospital])
        return self.network.name[number], self.network.npi[number]

    def _moment(self, day: int, hour: int, rng: np.random.Generator) -> datetime:
        return EPOCH + timedelta(days=day, hours=hour, minutes=int(rng.integers(0, 60)))

    def _emergency(self, visit: Visit, arrived: datetime, observed: bool, rng: np.random.Generator) -> None:
        left = arrived + timedelta(minutes=int(rng.gamma(3.0, 70.0)) + 25 + (16 * 60 if observed else 0))
        self._send("A04", visit, arrived, "E", arrived, rng)
        if rng.random() < UPDATED:
            self._send("A08", visit, arrived + (left - arrived) / 2, "E", arrived, rng)
        if observed:
            self._send("A08", visit, arrived + timedelta(hours=4), "O", arrived, rng)
        self._send("A03", visit, left, "O" if observed else "E", arrived, rng, left=left, disposition="01")

    def _stay(
        self, visit: Visit, arrived: datetime, admit: int, discharge: int, via_ed: bool, died: bool,
        rng: np.random.Generator,
    ) -> None:  # fmt: skip
        admitted = arrived + timedelta(hours=4 if via_ed else 0)
        if via_ed:
            self._send("A04", visit, arrived, "E", arrived, rng)
        self._send("A01", visit, admitted, "I", admitted, rng)
        if rng.random() < UPDATED:
            self._send("A08", visit, admitted + timedelta(hours=9), "I", admitted, rng)
        if discharge <= self.months.through:
            left = EPOCH + timedelta(days=discharge, hours=int(rng.integers(10, 18)))
            left = max(left, admitted + timedelta(hours=6))
            self._send("A03", visit, left, "I", admitted, rng, left=left, disposition="20" if died else "01")
        if (rng.random() < CANCELLED or not self._cancelled) and admitted >= self._since:
            # Entered for the wrong patient: admitted and taken back within the hour.
            wrong = Visit(**{**visit.__dict__, "number": f"{visit.number}X"})
            self._send("A01", wrong, admitted, "I", admitted, rng)
            self._cancelled |= self._send("A11", wrong, admitted + timedelta(minutes=35), "I", admitted, rng)

    def _stranger(self, rng: np.random.Generator) -> None:
        group = COMMUNITIES[int(rng.integers(0, len(COMMUNITIES)))]
        female = bool(rng.random() < 0.5)
        given = str(rng.choice((group.female if female else group.male).split()))
        hospital = int(rng.integers(0, len(self.settings.hospitals)))
        code = "R079"
        visit = Visit(
            number=f"V9{int(rng.integers(0, 10**9)):010d}",
            patient=f"MR{int(rng.integers(8 * 10**8, 9 * 10**8)):09d}",
            member="",
            name=(str(rng.choice(group.family.split())), given),
            born=date(1900 + int(rng.integers(30, 99)), int(rng.integers(1, 13)), int(rng.integers(1, 28))),
            female=female,
            address="1 Elsewhere Road^^Madison^WI^53703",
            facility=self._facility(hospital),
            code=code,
            description=dict(zip(ed_diagnoses().code, ed_diagnoses().description, strict=True)).get(code, ""),
        )
        day = int(self.months.through) - int(rng.integers(0, DAYS))
        self._emergency(visit, self._moment(day, int(rng.integers(0, 24)), rng), False, rng)

    def _send(
        self, kind: str, visit: Visit, happened: datetime, patient_class: str, admitted: datetime,
        rng: np.random.Generator, *, left: datetime | None = None, disposition: str = "",
    ) -> bool:  # fmt: skip
        """Note the message, unless it was sent before the thirty days: whether it was noted."""
        received = happened + timedelta(minutes=int(rng.integers(1, 9)))
        if happened < self._since:
            return False
        control = f"{visit.number}{kind}{patient_class}"
        name, npi = visit.facility
        location = f"{'ED' if patient_class == 'E' else 'MED'}^^^{npi}"
        pv1 = ["PV1", "1", patient_class, location, *[""] * 15, visit.number, *[""] * 16, disposition]
        pv1 += [*[""] * 7, _stamp(admitted), _stamp(left) if left else ""]
        segments = [
            f"MSH|^~\\&|EDIS|{name}^{npi}^NPI|HUB|LAKELAND|{_stamp(received)}||ADT^{kind}|{control}|P|2.5.1",
            f"EVN|{kind}|{_stamp(happened)}",
            f"PID|1||{visit.patient}^^^{npi}^MR||{visit.name[0]}^{visit.name[1]}||{visit.born:%Y%m%d}|"
            f"{'F' if visit.female else 'M'}|||{visit.address}",
            "|".join(pv1),
            f"PV2|||^{visit.description}",
            f"DG1|1||{visit.code}^{visit.description}^I10",
        ]
        if visit.member:
            segments.append(f"IN1|1|{'|' * 33}|{visit.member}")
        self.events.append((received, control, "\r".join(segments)))
        return True


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y%m%d%H%M%S}"
