"""Where care happens and who gives it: hospitals, practices, clinicians, laboratories, pharmacies, each
with an NPI.

NPIs pass the check digit (Luhn over 80840 + NPI, CMS) and begin with 2, with which none has been assigned.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from data.demo.names import CLINICIAN_FAMILY, CLINICIAN_GIVEN
from data.demo.settings import Settings


def synthetic_npi(number: int) -> str:
    """The NPI for the n-th provider: nine digits from 200000000 and the check digit."""
    body = str(200_000_000 + number)
    total = 24  # the constant for the prefix 80840
    for position, digit in enumerate(reversed(body)):
        value = int(digit) * 2 if position % 2 == 0 else int(digit)
        total += value - 9 if value > 9 else value
    return body + str(-total % 10)


@dataclass(frozen=True)
class Specialty:
    """A specialty, its NUCC taxonomy code, and each market's groups of it: the usual one and, where there is
    one, an independent group that takes part of the visits (`doctors` of each, in a small market).
    """

    name: str
    taxonomy: str
    group: str
    doctors: int = 1
    independent: str | None = None


# Taxonomy codes: NUCC Health Care Provider Taxonomy, version 25.0.
SPECIALTIES: tuple[Specialty, ...] = (
    Specialty("hospital medicine", "208M00000X", "{market} Hospitalists", 3),
    Specialty("cardiology", "207RC0000X", "{market} Heart Group", 2, "{market} Cardiology Consultants"),
    Specialty(
        "orthopedic surgery", "207X00000X", "{market} Orthopedics", 2, "{market} Bone and Joint Institute"
    ),
    Specialty("ophthalmology", "207W00000X", "{market} Eye Associates", 1, "{market} Vision Surgeons"),
    Specialty("gastroenterology", "207RG0100X", "{market} Digestive Health"),
    Specialty("dermatology", "207N00000X", "{market} Dermatology"),
    Specialty("physical therapy", "225100000X", "{market} Physical Therapy", 2),
    Specialty("neurology", "2084N0400X", "{market} Specialty Associates"),
    Specialty("rheumatology", "207RR0500X", "{market} Specialty Associates"),
    Specialty("pulmonology", "207RP1001X", "{market} Specialty Associates"),
    Specialty("endocrinology", "207RE0101X", "{market} Specialty Associates"),
    Specialty("otolaryngology", "207Y00000X", "{market} Specialty Associates"),
)
# Of everybody else: specialty and taxonomy.
_FAMILY = ("family medicine", "207Q00000X")
_INTERNAL = ("internal medicine", "207R00000X")
_NURSE = ("nurse practitioner, family", "363LF0000X")
_CLINIC = ("primary care clinic", "261QP2300X")
_EMERGENCY = ("emergency medicine", "207P00000X")
_THERAPIST = ("clinical social work", "1041C0700X")
_HOSPITAL = ("general acute care hospital", "282N00000X")
_CRITICAL_ACCESS = ("critical access hospital", "282NC0060X")
_SURGEON = ("orthopedic surgery", "207X00000X")
_URGENT = ("urgent care", "261QU0200X")
_LABORATORY = ("clinical laboratory", "291U00000X")
_IMAGING = ("radiology", "261QR0200X")
_AMBULANCE = ("ambulance", "341600000X")
_SUPPLIER = ("medical equipment", "332B00000X")
_NURSING = ("skilled nursing facility", "314000000X")
_HOME_HEALTH = ("home health", "251E00000X")
_PHARMACY = ("pharmacy", "3336C0003X")
TO_INDEPENDENT = 0.28  # of visits to a specialty that has two groups in a market


@dataclass
class Network:
    """Providers are numbered; the lists below give numbers by market or practice."""

    npi: list[str] = field(default_factory=list)
    name: list[str] = field(default_factory=list)
    practice: list[str | None] = field(default_factory=list)
    kind: list[str] = field(default_factory=list)
    market: list[str] = field(default_factory=list)
    specialty: list[str] = field(default_factory=list)
    taxonomy: list[str] = field(default_factory=list)
    hospitals: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int32))
    pcps: list[np.ndarray] = field(default_factory=list)  # by practice
    emergency: list[np.ndarray] = field(default_factory=list)  # physicians by hospital
    # by specialty (as in SPECIALTIES), then by market: the usual group's doctors, and the independent group's
    specialists: list[list[np.ndarray]] = field(default_factory=list)
    independents: list[list[np.ndarray]] = field(default_factory=list)
    outside: np.ndarray = field(
        default_factory=lambda: np.zeros(0, np.int32)
    )  # specialists of the group outside the commercial network
    therapists: list[np.ndarray] = field(default_factory=list)  # by market, as all below
    urgent_cares: list[np.ndarray] = field(default_factory=list)
    laboratories: list[np.ndarray] = field(default_factory=list)
    imaging: list[np.ndarray] = field(default_factory=list)
    ambulances: list[np.ndarray] = field(default_factory=list)
    suppliers: list[np.ndarray] = field(default_factory=list)
    nursing_homes: list[np.ndarray] = field(default_factory=list)
    home_health: list[np.ndarray] = field(default_factory=list)
    pharmacies: list[np.ndarray] = field(default_factory=list)
    groups: np.ndarray = field(
        default_factory=lambda: np.zeros(0, np.int32)
    )  # practices as billing providers

    def add(
        self, name: str, kind: str, market: str, what: tuple[str, str], practice: str | None = None
    ) -> int:
        """A new provider; `what` is specialty and taxonomy code."""
        number = len(self.npi)
        self.npi.append(synthetic_npi(number * 37 + 1234))
        self.name.append(name)
        self.kind.append(kind)
        self.market.append(market)
        self.practice.append(practice)
        self.specialty.append(what[0])
        self.taxonomy.append(what[1])
        return number

    def words(self) -> pa.Array:
        """NPIs in the order of provider numbers, as a dictionary for claim columns."""
        return pa.array(self.npi, pa.string())


def build_network(settings: Settings, members: int, rng: np.random.Generator) -> Network:
    """The whole network; the number of clinicians follows the number of members."""
    network = Network()
    taken: set[str] = set()

    def clinician(suffix: str) -> str:
        for _ in range(200):
            name = f"{rng.choice(CLINICIAN_GIVEN)} {rng.choice(CLINICIAN_FAMILY)}, {suffix}"
            if name not in taken:
                break
        taken.add(name)
        return name

    def several(
        count: int, market: str, suffix: str, what: tuple[str, str], practice: str | None = None
    ) -> np.ndarray:
        people = [
            network.add(clinician(suffix), "practitioner", market, what, practice) for _ in range(count)
        ]
        return np.array(people, np.int32)

    def places(market: str, what: tuple[str, str], *names: str) -> np.ndarray:
        return np.array([network.add(name, "facility", market, what) for name in names], np.int32)

    network.hospitals = np.concatenate(
        [places(h.market, _CRITICAL_ACCESS if h.critical_access else _HOSPITAL, h.name)
         for h in settings.hospitals]
    )  # fmt: skip
    share = {market.market_id: market.share for market in settings.markets}
    for hospital in settings.hospitals:
        count = max(4, round(members / 12_000))
        group = f"{hospital.name} Emergency Physicians"
        network.emergency.append(several(count, hospital.market, "MD", _EMERGENCY, group))
    groups = []
    for practice in settings.practices:
        local = sum(other.size for other in settings.practices if other.market == practice.market)
        size = members * share[practice.market] * practice.size / local
        count = max(3, round(size / 900))
        what = _INTERNAL if any(word in practice.name for word in ("Internal", "Adult")) else _FAMILY
        doctors = several(max(2, count - count // 3), practice.market, "MD", what, practice.name)
        nurses = several(max(1, count // 3), practice.market, "NP", _NURSE, practice.name)
        network.pcps.append(np.concatenate([doctors, nurses]))
        groups.append(network.add(practice.name, "facility", practice.market, _CLINIC, practice.name))
    network.groups = np.array(groups, np.int32)
    for kind in SPECIALTIES:
        suffix = "PT" if kind.name == "physical therapy" else "MD"
        network.specialists.append([])
        network.independents.append([])
        for market in settings.markets:
            where, title = market.market_id, market.market_name
            what = (kind.name, kind.taxonomy)
            count = round(kind.doctors * max(1.0, members * market.share / 16_000))
            own = several(count, where, suffix, what, kind.group.format(market=title))
            network.specialists[-1].append(own)
            name = kind.independent.format(market=title) if kind.independent else None
            network.independents[-1].append(
                several(max(1, count // 3), where, suffix, what, name) if name else own[:0]
            )
    for market in settings.markets:
        where, title = market.market_id, market.market_name
        size = members * market.share
        network.therapists.append(
            several(max(5, round(size / 2500)), where, "LCSW", _THERAPIST, f"{title} Behavioral Health")
        )
        local_care = [item.name for item in settings.urgent_cares if item.market == where]
        network.urgent_cares.append(places(where, _URGENT, *local_care))
        network.laboratories.append(
            places(where, _LABORATORY, f"{title} Reference Laboratory", f"Lakeland Diagnostics {title}")
        )
        network.imaging.append(places(where, _IMAGING, f"{title} Imaging Center"))
        network.ambulances.append(places(where, _AMBULANCE, f"{title} Ambulance Service"))
        network.suppliers.append(places(where, _SUPPLIER, f"{title} Medical Supply"))
        network.nursing_homes.append(
            places(where, _NURSING, f"{title} Nursing and Rehabilitation", f"Willow Court {title}")
        )
        network.home_health.append(places(where, _HOME_HEALTH, f"{title} Home Health"))
        network.pharmacies.append(
            places(
                where, _PHARMACY, f"{title} Pharmacy", f"Corner Drug {title}", f"Lakeland Pharmacy {title}"
            )
        )
    truth = settings.truths.outside_group
    network.outside = several(max(4, round(members / 20_000)), truth.market, "MD", _SURGEON, truth.name)
    return network


def specialty(name: str) -> int:
    """Position of a specialty in SPECIALTIES."""
    return next(number for number, item in enumerate(SPECIALTIES) if item.name == name)


def specialist_of(network: Network, kind: np.ndarray, market: np.ndarray, chance: np.ndarray) -> np.ndarray:
    """A provider number for each specialty (position in SPECIALTIES) and market; `chance` is uniform."""
    result = np.zeros(len(kind), np.int32)
    for number in np.unique(kind):
        for place in np.unique(market):
            rows = np.flatnonzero((kind == number) & (market == place))
            own, other = network.specialists[number][place], network.independents[number][place]
            away = TO_INDEPENDENT if len(other) else 0.0
            left = chance[rows] < away
            far = (chance[rows] - away) / (1 - away)
            result[rows] = own[np.clip((far * len(own)).astype(np.int64), 0, len(own) - 1)]
            if len(other):
                near = (chance[rows] / away * len(other)).astype(np.int64)
                result[rows] = np.where(left, other[np.clip(near, 0, len(other) - 1)], result[rows])
    return result


def listed(settings: Settings, network: Network, contract: int) -> list[str]:
    """NPIs on a contract's list of its network, for payers whose claims carry no flag; empty for others."""
    terms = settings.contracts[contract]
    if not terms.network_list:
        return []
    hospitals = [network.hospitals[settings.hospital(name)] for name in terms.hospitals_outside]
    away = {int(item) for item in [*hospitals, *network.outside]}
    away |= {int(item) for kind in network.independents for group in kind for item in group}
    return [npi for number, npi in enumerate(network.npi) if number not in away]
