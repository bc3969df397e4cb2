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


@dataclass
class Network:
    """Providers are numbered; the lists below give numbers by market or practice."""

    npi: list[str] = field(default_factory=list)
    name: list[str] = field(default_factory=list)
    practice: list[str | None] = field(default_factory=list)
    kind: list[str] = field(default_factory=list)
    market: list[str] = field(default_factory=list)
    hospitals: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int32))
    pcps: list[np.ndarray] = field(default_factory=list)  # by practice
    emergency: list[np.ndarray] = field(default_factory=list)  # physicians by hospital
    specialists: list[np.ndarray] = field(default_factory=list)  # by market, as all below
    outside: np.ndarray = field(
        default_factory=lambda: np.zeros(0, np.int32)
    )  # specialists of the group outside the commercial network
    therapists: list[np.ndarray] = field(default_factory=list)
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

    def add(self, name: str, kind: str, market: str, practice: str | None = None) -> int:
        number = len(self.npi)
        self.npi.append(synthetic_npi(number * 37 + 1234))
        self.name.append(name)
        self.kind.append(kind)
        self.market.append(market)
        self.practice.append(practice)
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

    def several(count: int, market: str, suffix: str, practice: str | None = None) -> np.ndarray:
        people = [network.add(clinician(suffix), "practitioner", market, practice) for _ in range(count)]
        return np.array(people, np.int32)

    def places(market: str, *names: str) -> np.ndarray:
        return np.array([network.add(name, "facility", market) for name in names], np.int32)

    network.hospitals = np.concatenate([places(h.market, h.name) for h in settings.hospitals])
    share = {market.market_id: market.share for market in settings.markets}
    for hospital in settings.hospitals:
        count = max(4, round(members / 12_000))
        network.emergency.append(
            several(count, hospital.market, "MD", f"{hospital.name} Emergency Physicians")
        )
    groups = []
    for practice in settings.practices:
        local = sum(other.size for other in settings.practices if other.market == practice.market)
        size = members * share[practice.market] * practice.size / local
        count = max(3, round(size / 900))
        doctors = several(max(2, count - count // 3), practice.market, "MD", practice.name)
        nurses = several(max(1, count // 3), practice.market, "NP", practice.name)
        network.pcps.append(np.concatenate([doctors, nurses]))
        groups.append(network.add(practice.name, "facility", practice.market, practice.name))
    network.groups = np.array(groups, np.int32)
    for market in settings.markets:
        where, title = market.market_id, market.market_name
        size = members * market.share
        network.specialists.append(
            several(max(12, round(size / 900)), where, "MD", f"{title} Specialty Associates")
        )
        network.therapists.append(
            several(max(5, round(size / 2500)), where, "LCSW", f"{title} Behavioral Health")
        )
        network.urgent_cares.append(
            np.concatenate(
                [places(where, item.name) for item in settings.urgent_cares if item.market == where]
            )
        )
        network.laboratories.append(
            places(where, f"{title} Reference Laboratory", f"Lakeland Diagnostics {title}")
        )
        network.imaging.append(places(where, f"{title} Imaging Center"))
        network.ambulances.append(places(where, f"{title} Ambulance Service"))
        network.suppliers.append(places(where, f"{title} Medical Supply"))
        network.nursing_homes.append(
            places(where, f"{title} Nursing and Rehabilitation", f"Willow Court {title}")
        )
        network.home_health.append(places(where, f"{title} Home Health"))
        network.pharmacies.append(
            places(where, f"{title} Pharmacy", f"Corner Drug {title}", f"Lakeland Pharmacy {title}")
        )
    truth = settings.truths.outside_group
    network.outside = several(max(4, round(members / 20_000)), truth.market, "MD", truth.name)
    return network
