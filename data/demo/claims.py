"""Medical claims: encounters billed line by line, priced, paid after the payers' usual delay, corrected
now and then.

A batch holds claims (one element per claim) and their lines (one element per line, `claim` pointing to its
claim).
Code columns are numbers of a Vocabulary, provider columns numbers of the Network, NULL where there is
nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from data.demo.codes import NULL, Vocabulary, dictionary_column
from data.demo.encounters import ADMITTED, DRG, OBSERVATION, EdVisits, Stays
from data.demo.enrolment import Coverage
from data.demo.network import Network, specialty
from data.demo.people import CONDITION_CODES, Months, People, numbered
from data.demo.sampling import even_choice, even_lognormals
from data.demo.settings import Settings

DIAGNOSES = 6
NO_DAY = -1

CLAIM_DEFAULTS: dict[str, int] = {
    "person": 0, "start": 0, "end": 0, "admit": -1, "discharge": -1, "hour": NULL, "admit_source": NULL,
    "admit_type": NULL, "disposition": NULL, "place": NULL, "bill_type": NULL, "drg": NULL, "rendering": NULL,
    "billing": NULL, "facility": NULL, "hospital": NULL, "purpose": 0,
}  # fmt: skip
# What a claim is for; downstream clinical files (labs, observations, appointments) follow from it.
OTHER, PRIMARY_CARE, PREVENTIVE, LABORATORY, EMERGENCY = 0, 1, 2, 3, 4


@dataclass
class Batch:
    claims: dict[str, np.ndarray]
    diagnoses: np.ndarray  # claims x DIAGNOSES
    lines: dict[str, np.ndarray] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.diagnoses)


def bill(
    count: int,
    diagnoses: np.ndarray,
    *,
    price: np.ndarray,
    hcpcs: np.ndarray | None = None,
    revenue: np.ndarray | None = None,
    present: np.ndarray | None = None,
    units: np.ndarray | None = None,
    **fields: np.ndarray | int,
) -> Batch:
    """Claims with up to k lines each: every line argument is a count x k array (or k, broadcast)."""
    claims = {
        name: np.broadcast_to(np.asarray(fields.get(name, default), np.int64), (count,))
        for name, default in CLAIM_DEFAULTS.items()
    }
    shape = (count, np.shape(price)[-1])
    claim, column = np.nonzero(np.broadcast_to(True if present is None else present, shape))
    spread = {"hcpcs": (hcpcs, NULL), "revenue": (revenue, NULL), "units": (units, 1)}
    lines: dict[str, np.ndarray] = {
        name: np.broadcast_to(default if value is None else value, shape)[claim, column].astype(np.int32)
        for name, (value, default) in spread.items()
    }
    lines["claim"] = claim
    lines["price"] = np.broadcast_to(price, shape)[claim, column].astype(float)
    filled = np.full((count, DIAGNOSES), NULL, np.int32)
    filled[:, : diagnoses.shape[1]] = diagnoses[:, :DIAGNOSES]
    return Batch(claims, filled, lines)


def join(batches: list[Batch]) -> Batch:
    offsets = np.cumsum([0] + [len(batch) for batch in batches[:-1]])
    lines = {
        name: np.concatenate([batch.lines[name] for batch in batches])
        for name in ("hcpcs", "revenue", "units", "price")
    }
    lines["claim"] = np.concatenate(
        [batch.lines["claim"] + offset for batch, offset in zip(batches, offsets, strict=True)]
    )
    return Batch(
        {name: np.concatenate([batch.claims[name] for batch in batches]) for name in CLAIM_DEFAULTS},
        np.concatenate([batch.diagnoses for batch in batches]),
        lines,
    )


def chronic_numbers(codes: Vocabulary) -> np.ndarray:
    return codes.numbers(CONDITION_CODES)


def with_chronic(
    primary: np.ndarray, people: People, person: np.ndarray, codes: Vocabulary, rng: np.random.Generator
) -> np.ndarray:
    """count x 4 diagnoses: the reason first, then up to three of the person's own conditions."""
    own = people.conditions[person] & (rng.random((len(person), len(CONDITION_CODES))) < 0.6)
    result = np.full((len(person), 4), NULL, np.int32)
    result[:, 0] = primary
    rank = np.cumsum(own, axis=1)
    rows, condition = np.nonzero(own & (rank <= 3))
    number = chronic_numbers(codes)[condition]
    place = rank[rows, condition]
    fresh = number != result[rows, 0]
    result[rows[fresh], place[fresh]] = number[fresh]
    return result


def ed_claims(
    settings: Settings,
    people: People,
    network: Network,
    codes: Vocabulary,
    visits: EdVisits,
    diagnosis_codes: np.ndarray,
    rng: np.random.Generator,
) -> list[Batch]:
    """Facility and professional claims of ED visits that did not become a stay."""
    kept = np.flatnonzero(visits.disposition != ADMITTED)
    visits = visits.take(kept)
    diagnoses = with_chronic(diagnosis_codes[visits.diagnosis], people, visits.person, codes, rng)
    observed = visits.disposition == OBSERVATION
    end = np.minimum(
        visits.day + np.where(observed, 1, (visits.hour >= 22) & (rng.random(len(observed)) < 0.5)),
        people.death[visits.person],
    )
    has_facility = rng.random(len(observed)) >= settings.ed.unmatched_professional
    has_facility |= visits.person == people.many_visits
    rows = np.flatnonzero(has_facility)
    batches = [
        _ed_facility(settings, people, network, codes, visits.take(rows), diagnoses[rows], end[rows], rng),
        _ed_professional(network, codes, visits, diagnoses, rng),
    ]
    ride = np.flatnonzero(rng.random(len(observed)) < np.where(visits.level >= 4, 0.22, 0.06))
    batches.append(_ambulance(people, network, codes, visits.take(ride), diagnoses[ride]))
    return batches


def _ambulance(
    people: People, network: Network, codes: Vocabulary, visits: EdVisits, diagnoses: np.ndarray
) -> Batch:
    """The rides of visits that came by ambulance."""
    crew = np.concatenate(network.ambulances).astype(np.int64)[people.market[visits.person]]
    return bill(
        len(visits.person),
        diagnoses,
        price=np.array([445.0, 72.0]),
        hcpcs=codes.numbers(["A0427", "A0425"]),
        units=np.array([1, 6]),
        person=visits.person,
        start=visits.day,
        end=visits.day,
        place=codes.number("41"),
        rendering=crew,
        billing=crew,
    )


_ED_LEVELS = ("99281", "99282", "99283", "99284", "99285")
_ED_FACILITY_PRICE = np.array([85.0, 160.0, 285.0, 450.0, 640.0])
_ED_PROFESSIONAL_PRICE = np.array([24.0, 43.0, 74.0, 125.0, 181.0])


def _ed_facility(
    settings: Settings,
    people: People,
    network: Network,
    codes: Vocabulary,
    visits: EdVisits,
    diagnoses: np.ndarray,
    end: np.ndarray,
    rng: np.random.Generator,
) -> Batch:
    count = len(visits.person)
    level = visits.level - 1
    observed = visits.disposition == OBSERVATION
    busy = np.clip(visits.level / 5, 0.1, 1)[:, None]
    present = rng.random((count, 9)) < np.array([2, 0.55, 0.75, 0.6, 0.45, 0.4, 0.32, 0, 0]) * np.sqrt(busy)
    present[:, 0] = True
    present[:, 7:] = observed[:, None]
    revenue = np.tile(
        codes.numbers(["0450", "0250", "0300", "0305", "0320", "0730", "0350", "0762", "0636"]), (count, 1)
    )
    # A small part of EDs bill their urgent care or trauma room separately.
    revenue[:, 0] = np.where(rng.random(count) < 0.03, codes.number("0456"), revenue[:, 0])
    hcpcs = np.tile(
        codes.numbers([None, None, "80053", "85025", "71046", "93005", "70450", "G0378", "96374"]), (count, 1)
    )
    hcpcs[:, 0] = codes.numbers(_ED_LEVELS)[level]
    price = np.tile(np.array([0, 38.0, 14, 9, 88, 58, 175, 900, 110]), (count, 1))
    price[:, 0] = _ED_FACILITY_PRICE[level]
    price[:, 1:] *= rng.lognormal(0.1, 0.45, (count, 8))
    units = np.ones((count, 9), np.int32)
    units[:, 7] = rng.integers(9, 34, count)
    died = people.death[visits.person] <= end
    left = np.where(
        died, codes.number("20"), np.where(rng.random(count) < 0.02, codes.number("07"), codes.number("01"))
    )
    facility = network.hospitals[visits.hospital]
    critical = np.array([item.critical_access for item in settings.hospitals])[visits.hospital]
    return bill(
        count, diagnoses, price=price, hcpcs=hcpcs, revenue=revenue, present=present, units=units,
        person=visits.person, start=visits.day, end=end, admit=visits.day, discharge=NO_DAY, hour=visits.hour,
        admit_source=codes.number("1"), admit_type=codes.number("1"), disposition=left,
        bill_type=np.where(critical, codes.number("851"), codes.number("131")),
        rendering=_emergency_physician(network, visits.hospital, rng), billing=facility, facility=facility,
        hospital=visits.hospital, purpose=EMERGENCY,
    )  # fmt: skip


def _ed_professional(
    network: Network, codes: Vocabulary, visits: EdVisits, diagnoses: np.ndarray, rng: np.random.Generator
) -> Batch:
    count = len(visits.person)
    level = visits.level - 1
    present = rng.random((count, 3)) < np.array([2, 0.33, 0.28])
    present[:, 0] = True
    hcpcs = np.tile(codes.numbers(["99283", "93010", "71046"]), (count, 1))
    hcpcs[:, 0] = codes.numbers(_ED_LEVELS)[level]
    price = np.tile(np.array([0, 9.5, 11.0]), (count, 1))
    price[:, 0] = _ED_PROFESSIONAL_PRICE[level]
    physician = _emergency_physician(network, visits.hospital, rng)
    late = (visits.hour >= 22) & (rng.random(count) < 0.1)
    day = visits.day + late
    return bill(
        count, diagnoses, price=price, hcpcs=hcpcs, present=present, person=visits.person, start=day, end=day,
        place=codes.number("23"), rendering=physician, billing=physician,
        facility=network.hospitals[visits.hospital],
        hospital=visits.hospital, purpose=EMERGENCY,
    )  # fmt: skip


def _emergency_physician(network: Network, hospital: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    size = min(len(group) for group in network.emergency)
    table = np.stack([group[:size] for group in network.emergency])
    return table[hospital, rng.integers(0, size, len(hospital))]


def stay_claims(
    settings: Settings,
    people: People,
    network: Network,
    codes: Vocabulary,
    stays: Stays,
    rng: np.random.Generator,
) -> list[Batch]:
    """Everything billed for hospital stays: the hospital, the physicians, the ED they came through, what
    follows.
    """
    count = len(stays.person)
    if not count:
        return []
    diagnoses = with_chronic(codes.numbers(stays.diagnosis), people, stays.person, codes, rng)
    days = stays.discharge - stays.admit
    drg = codes.numbers(stays.drg)
    weight = np.array([DRG.get(item, (0.9, 3.5))[0] for item in stays.drg])
    died = people.death[stays.person] <= stays.discharge
    old = people.age_on(int(stays.admit.max()))[stays.person] >= 75
    home = rng.choice(["01", "06", "03", "62", "07"], count, p=[0.66, 0.17, 0.13, 0.025, 0.015])
    older = rng.choice(["01", "06", "03", "62", "07"], count, p=[0.44, 0.24, 0.26, 0.05, 0.01])
    left = np.where(old, older, home)
    left = np.where(np.isin(stays.drg, ["807", "788"]), "01", left)
    left = np.where(stays.transferred, "02", np.where(died, "20", left))
    disposition = codes.numbers(left)
    own_claim = stays.via_ed & (rng.random(count) < settings.ed.admitted_on_own_claim)
    facility = network.hospitals[stays.hospital]
    doctor = _inpatient_physician(network, people.market[stays.person], rng)

    # Long stays are billed as they go: first, continuing, last (frequency 2, 3, 4).
    interim = (days >= 16) & ~stays.transferred
    parts = np.where(interim, np.where(days >= 32, 3, 2), 1)
    stay = np.repeat(np.arange(count), parts)
    part = np.arange(len(stay)) - np.repeat(np.cumsum(parts) - parts, parts)
    last = part == parts[stay] - 1
    begin = stays.admit[stay] + part * 14
    finish = np.where(last, stays.discharge[stay], begin + 13)
    frequency = np.where(parts[stay] == 1, "111", np.where(part == 0, "112", np.where(last, "114", "113")))
    # One claim of the whole demo is a non-payment claim (frequency 0): listed, and not a stay.
    unpaid = np.zeros(len(stay), bool)
    if people.number[0] == 1:
        unpaid[np.flatnonzero(stays.via_ed[stay] & ~own_claim[stay] & (parts[stay] == 1))[:1]] = True
    frequency = np.where(unpaid, "110", frequency)
    share = 1 / parts[stay]
    total = (
        8_400.0
        * weight[stay]
        * share
        * even_lognormals(1.1, count, rng, np.lexsort((weight, people.contract[stays.person])))[stay]
        * ~unpaid
    )
    emergency = own_claim[stay] & (part == 0)
    present = rng.random((len(stay), 8)) < np.array([2, 0.98, 0.97, 0.9, 0.75, 0.4, 0.5, 0])
    surgical = weight[stay] > 1.8
    present[:, 5] = surgical
    present[:, 7] = emergency
    revenue = np.tile(
        codes.numbers(["0120", "0250", "0300", "0270", "0320", "0360", "0420", "0450"]), (len(stay), 1)
    )
    intensive = (weight[stay] > 1.2) & (rng.random(len(stay)) < 0.3)
    revenue[:, 0] = np.where(intensive, codes.number("0200"), revenue[:, 0])
    price = total[:, None] * np.array([0.46, 0.12, 0.12, 0.08, 0.07, 0.3, 0.04, 0.07])
    units = np.ones((len(stay), 8), np.int32)
    units[:, 0] = np.maximum(finish - begin, 1)
    planned, moved = stays.planned[stay], stays.arrived_by_transfer[stay]
    batches = [
        bill(
            len(stay), diagnoses[stay], price=price, revenue=revenue, present=present, units=units,
            person=stays.person[stay], start=begin, end=finish, admit=stays.admit[stay],
            discharge=np.where(last, stays.discharge[stay], -1), hour=stays.hour[stay],
            admit_source=np.where(moved, codes.number("4"), codes.number("1")),
            admit_type=np.where(planned, codes.number("3"), np.where(stays.via_ed[stay], codes.number("1"),
            codes.number("2"))),
            disposition=np.where(last, disposition[stay], codes.number("30")),
            bill_type=codes.numbers(frequency),
            drg=drg[stay], rendering=doctor[stay], billing=facility[stay], facility=facility[stay],
            hospital=stays.hospital[stay],
        )
    ]  # fmt: skip
    batches.append(_inpatient_professional(codes, people, stays, diagnoses, doctor, days, rng))

    came = np.flatnonzero(stays.via_ed)
    arrival = EdVisits(
        stays.person[came], stays.admit[came], stays.hour[came], stays.hospital[came],
        np.zeros(len(came), np.int16), np.maximum(stays.level[came], 4), np.full(len(came), ADMITTED,
        np.int8),
    )  # fmt: skip
    batches.append(_ed_professional(network, codes, arrival, diagnoses[came], rng))
    ride = np.flatnonzero(rng.random(len(came)) < 0.42)
    batches.append(_ambulance(people, network, codes, arrival.take(ride), diagnoses[came][ride]))
    separate = ~own_claim[came]
    apart = arrival.take(np.flatnonzero(separate))
    batches.append(
        _ed_facility(
            settings, people, network, codes, apart, diagnoses[came][separate], apart.day.copy(), rng
        )
    )

    batches += _after_stay(people, network, codes, stays, diagnoses, left, rng)
    return batches


def _inpatient_physician(network: Network, market: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    own = network.specialists[specialty("hospital medicine")]
    size = min(len(group) for group in own)
    table = np.stack([group[:size] for group in own])
    return table[market, rng.integers(0, size, len(market))]


def _inpatient_professional(
    codes: Vocabulary,
    people: People,
    stays: Stays,
    diagnoses: np.ndarray,
    doctor: np.ndarray,
    days: np.ndarray,
    rng: np.random.Generator,
) -> Batch:
    """The attending physician's daily visits, one claim per stay."""
    count = len(days)
    middle = np.clip(days - 1, 0, 12)
    present = np.concatenate(
        [np.ones((count, 1), bool), np.arange(12)[None, :] < middle[:, None], np.ones((count, 1), bool)],
        axis=1,
    )
    hcpcs = np.tile(codes.numbers(["99223"] + ["99232"] * 12 + ["99238"]), (count, 1))
    hcpcs[:, 1:13] = np.where(rng.random((count, 12)) < 0.25, codes.number("99233"), hcpcs[:, 1:13])
    price = np.array([180.0] + [84.0] * 12 + [90.0])
    return bill(
        count, diagnoses, price=price, hcpcs=hcpcs, present=present, person=stays.person, start=stays.admit,
        end=stays.discharge, place=codes.number("21"), rendering=doctor, billing=doctor,
    )  # fmt: skip


def _after_stay(
    people: People,
    network: Network,
    codes: Vocabulary,
    stays: Stays,
    diagnoses: np.ndarray,
    left: np.ndarray,
    rng: np.random.Generator,
) -> list[Batch]:
    """Skilled nursing and home health after discharge."""
    batches = []
    for code, pool, bill_type, revenue, price, mean in (
        ("03", network.nursing_homes, "211", "0120", 455.0, 16),
        ("06", network.home_health, "329", "0551", 0.0, 30),
    ):
        rows = np.flatnonzero(left == code)
        start = stays.discharge[rows]
        if code == "06":
            start = start + 1
        length = np.maximum(rng.gamma(2.0, mean / 2, len(rows)), 2).astype(np.int64)
        end = np.minimum(start + length, people.death[stays.person[rows]])
        rows, start, end = rows[start <= end], start[start <= end], end[start <= end]
        place = np.stack(pool)[
            people.market[stays.person[rows]], rng.integers(0, min(map(len, pool)), len(rows))
        ]
        nights = np.maximum(end - start, 1)
        amount = price * nights if code == "03" else rng.uniform(1500, 2300, len(rows))
        batches.append(
            bill(
                len(rows), diagnoses[rows], price=np.stack([amount * 0.8, amount * 0.2], axis=1),
                revenue=codes.numbers([revenue, "0420" if code == "03" else "0421"]),
                hcpcs=codes.numbers([None, "97110"]) if code == "03" else codes.numbers(["G0299", "G0151"]),
                units=np.stack([nights, np.maximum(nights // 3, 1)], axis=1),
                person=stays.person[rows], start=start, end=end,
                admit=start if code == "03" else NO_DAY, discharge=end if code == "03" else NO_DAY,
                disposition=codes.number("01"), bill_type=codes.number(bill_type), billing=place,
                facility=place,
                rendering=NULL, admit_source=codes.number("4"), admit_type=codes.number("3"),
            )
        )  # fmt: skip
    return batches


@dataclass
class Settled:
    """Priced claims that have been paid by `through`, with corrections; lines point into the claims."""

    claims: dict[str, np.ndarray]
    diagnoses: np.ndarray
    contract: np.ndarray
    paid_on: np.ndarray
    network: np.ndarray
    original: np.ndarray  # position of the claim a correction is of, else -1
    lines: dict[str, np.ndarray]
    line_number: np.ndarray
    allowed: np.ndarray  # cents per line, negative on a cancellation
    paid: np.ndarray
    charge: np.ndarray


CATEGORIES = ("inpatient", "outpatient", "office_based", "ancillary")


def category_of_lines(batch: Batch, codes: Vocabulary) -> np.ndarray:
    """Position in CATEGORIES of every line, as calibration.sql cuts them."""
    words = codes.strings()
    kind = {"11": 0, "21": 0}
    of_bill = np.array([kind.get(word[:2], 1) for word in words])
    by_place = {"41": 3, "23": 1, "21": 0, "31": 0, "20": 1, "24": 1, "81": 3}
    early = np.array([by_place.get(word, -1) for word in words])
    ancillary = np.array(
        [
            len(word) == 5
            and ("80047" <= word <= "89398" or word == "36415" or "E0100" <= word <= "E8002"
                 or "A0021" <= word <= "A0999" or "A4206" <= word <= "A8004")
            for word in words
        ]
    )  # fmt: skip
    claim = batch.lines["claim"]
    bill_type, place = batch.claims["bill_type"][claim], batch.claims["place"][claim]
    hcpcs = batch.lines["hcpcs"]
    first = np.where(place >= 0, early[np.maximum(place, 0)], -1)
    supplies = (hcpcs >= 0) & ancillary[np.maximum(hcpcs, 0)]
    later = np.where(place == codes.number("22"), 1, 2)
    professional = np.where(first >= 0, first, np.where(supplies, 3, later))
    return np.where(bill_type >= 0, of_bill[np.maximum(bill_type, 0)], professional)


def settle(
    settings: Settings, people: People, coverage: Coverage, months: Months, network: Network, batch: Batch,
    codes: Vocabulary, rng: np.random.Generator,
) -> Settled:  # fmt: skip
    """Price, pay and correct a chunk's claims. What is paid after `through` does not exist yet."""
    claims, lines = batch.claims, batch.lines
    count = len(batch)
    month = months.of(claims["start"])
    known = (month >= 0) & (month < len(months)) & (claims["start"] <= people.death[claims["person"]])
    contract = np.where(known, coverage.contract[claims["person"], np.clip(month, 0, len(months) - 1)], -1)
    contract = np.where(_carved_out(settings, network, codes, claims, contract), -1, contract)
    lag = np.zeros(count, np.int64)
    for number in range(len(settings.contracts)):
        rows = np.flatnonzero(contract == number)
        lag[rows] = even_choice(np.array(settings.lag(number)), len(rows), rng)
    # The planted member's visits are known in time, and none is taken back.
    planted = claims["person"] == people.many_visits
    lag = np.where(planted, np.minimum(lag, 1), lag)
    paid_on = _payment_day(claims["end"], lag, rng)

    institutional = claims["bill_type"] >= 0
    wrong = np.flatnonzero(institutional & ~planted & (rng.random(count) < settings.claims.cancelled))
    again = wrong[rng.random(len(wrong)) < settings.claims.replaced]
    source = np.concatenate([np.arange(count), wrong, again])
    kind = np.concatenate([np.zeros(count, int), np.full(len(wrong), 8), np.full(len(again), 7)])
    late = rng.integers(12, 50, count)
    paid_on = paid_on[source] + np.where(kind > 0, late[source], 0)
    keep = np.flatnonzero((contract[source] >= 0) & (paid_on <= months.through))
    # Payers list claims in the order of payment, corrections after what they correct.
    keep = keep[np.lexsort((kind[keep], paid_on[keep]))]
    source, kind, paid_on = source[keep], kind[keep], paid_on[keep]
    first_sent = np.full(count, -1)
    first_sent[source[kind == 0]] = np.flatnonzero(kind == 0)
    original = np.where(kind > 0, first_sent[source], -1)

    line_count = np.bincount(lines["claim"], minlength=count)
    order = np.argsort(lines["claim"], kind="stable")
    first = np.cumsum(line_count) - line_count
    repeat = line_count[source]
    claim_of_line = np.repeat(np.arange(len(source)), repeat)
    within = np.arange(len(claim_of_line)) - np.repeat(np.cumsum(repeat) - repeat, repeat)
    line = order[first[source][claim_of_line] + within]

    terms = settings.contracts
    outside = np.isin(claims["billing"], network.outside) & (claims["billing"] >= 0)
    price = lines["price"] * _market_price(settings, batch, contract, outside, month, len(months), codes)
    price *= rng.lognormal(-0.0018, 0.06, len(price))
    contract = contract[source]
    correction = np.where(kind == 7, rng.uniform(0.7, 1.05, len(kind)), 1.0)
    allowed = np.round(price[line] * correction[claim_of_line] * 100)
    allowed = np.where(price[line] > 0, np.maximum(allowed, 2), 0).astype(np.int64)
    paid = np.floor(allowed * np.array([item.paid_share for item in terms])[contract][claim_of_line]).astype(
        np.int64
    )
    charge = np.ceil(allowed * np.array([item.charge for item in terms])[contract][claim_of_line]).astype(
        np.int64
    )
    sign = np.where(kind == 8, -1, 1)[claim_of_line]

    chosen = {name: value[source] for name, value in claims.items()}
    chosen["bill_type"] = _with_frequency(chosen["bill_type"], kind, codes)
    away = np.array([settings.claims.out_of_network[item.key] for item in terms])[contract]
    elsewhere = (rng.random(count)[source] < away) | outside[source]
    return Settled(
        claims=chosen,
        diagnoses=batch.diagnoses[source],
        contract=contract,
        paid_on=paid_on,
        network=np.where(elsewhere, 0, 1),
        original=original,
        lines={
            "claim": claim_of_line,
            **{name: lines[name][line] for name in ("hcpcs", "revenue", "units")},
        },
        line_number=within + 1,
        allowed=allowed * sign,
        paid=paid * sign,
        charge=charge * sign,
    )


def _carved_out(
    settings: Settings,
    network: Network,
    codes: Vocabulary,
    claims: dict[str, np.ndarray],
    contract: np.ndarray,
) -> np.ndarray:
    """Claims somebody else pays: a contract's behavioural health therapy, or its transport."""
    kinds = {
        "behavioral_health": np.isin(claims["billing"], np.concatenate(network.therapists)),
        "transport": claims["place"] == codes.number("41"),
    }
    carved = np.zeros(len(contract), bool)
    for number, terms in enumerate(settings.contracts):
        for kind in terms.carve_outs:
            carved |= (contract == number) & kinds[kind]
    return carved


def _market_price(
    settings: Settings,
    batch: Batch,
    contract: np.ndarray,
    outside: np.ndarray,
    month: np.ndarray,
    length: int,
    codes: Vocabulary,
) -> np.ndarray:
    """What a line's price is multiplied by: the contract's level, its fitted factor, and what is planted."""
    claim = batch.lines["claim"]
    payer = np.maximum(contract, 0)[claim]
    category = category_of_lines(batch, codes)
    fitted = np.stack([settings.fit(name) for name in CATEGORIES], axis=1)
    level = np.array([item.price for item in settings.contracts])
    factor = level[payer] * fitted[payer, category] * settings.price_in(month)[claim]
    truths = settings.truths
    jump = (batch.claims["hospital"] == settings.hospital(truths.price_jump.facility)) & (
        batch.claims["bill_type"] >= 0
    )
    jump &= month >= length - 1 - truths.price_jump.ago
    factor = np.where(jump[claim] & (category == 1), factor * truths.price_jump.factor, factor)
    return np.where(outside[claim], factor * truths.outside_group.price, factor)


def _payment_day(service: np.ndarray, lag: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    month = service.astype("datetime64[D]").astype("datetime64[M]") + lag
    first = month.astype("datetime64[D]").astype(np.int64)
    length = (month + 1).astype("datetime64[D]").astype(np.int64) - first
    low = np.maximum(first, service)
    return low + (rng.random(len(service)) * (first + length - low)).astype(np.int64)


def _with_frequency(bill_type: np.ndarray, kind: np.ndarray, codes: Vocabulary) -> np.ndarray:
    words = codes.strings()
    result = bill_type.copy()
    for frequency in (7, 8):
        for number in np.unique(bill_type[(kind == frequency) & (bill_type >= 0)]):
            result[(kind == frequency) & (bill_type == number)] = codes.number(
                words[number][:2] + str(frequency)
            )
    return result


def money(cents: np.ndarray) -> pa.Array:
    """DECIMAL(18,2) from whole cents."""
    words = np.empty((len(cents), 2), np.int64)
    words[:, 0] = cents
    words[:, 1] = cents >> 63
    return pa.Array.from_buffers(pa.decimal128(18, 2), len(cents), [None, pa.py_buffer(words)])


def dates(days: np.ndarray) -> pa.Array:
    """DATE; negative is null."""
    return pa.array(days.astype(np.int32), pa.int32(), mask=days < 0).cast(pa.date32())


def medical_table(
    settings: Settings, people: People, network: Network, codes: Vocabulary, settled: Settled, contract: int,
    first_claim: int,
) -> pa.Table:  # fmt: skip
    """One payer's medical claim lines of a chunk, Tuva input layer.

    `original_claim_id` is for the writers: the claim a cancellation or replacement is of, else null.
    """
    terms = settings.contracts[contract]
    mine = settled.contract == contract
    number = np.cumsum(mine) - 1 + first_claim
    rows = np.flatnonzero(mine[settled.lines["claim"]])
    claim = settled.lines["claim"][rows]
    claims = {name: value[claim] for name, value in settled.claims.items()}
    code_words, npi_words = pa.array(codes.strings(), pa.string()), network.words()
    institutional = claims["bill_type"] >= 0
    prefix = terms.feed[0].upper() + terms.feed[1].upper()
    claim_ids = numbered(prefix, np.arange(first_claim, first_claim + int(mine.sum())) + 100_000_000, 9)
    member_ids = numbered(terms.member_prefix, people.number * 7 + 1_000_003, 9)

    def constant(text: str) -> pa.Array:
        return dictionary_column(np.zeros(len(rows), np.int32), pa.array([text], pa.string()))

    plan = constant(terms.plan)
    if terms.control:
        names = pa.array([terms.plan, terms.control.plan], pa.string())
        plan = dictionary_column(people.control[claims["person"]].astype(np.int32), names)

    columns: dict[str, pa.Array] = {
        "claim_id": dictionary_column(number[claim] - first_claim, claim_ids),
        "claim_line_number": pa.array(settled.line_number[rows].astype(np.int32)),
        "claim_type": dictionary_column(
            np.where(institutional, 0, 1), pa.array(["institutional", "professional"], pa.string())
        ),
        "person_id": dictionary_column(claims["person"], people.person_id),
        "member_id": dictionary_column(claims["person"], member_ids),
        "payer": constant(terms.payer),
        "plan": plan,
        "claim_start_date": dates(claims["start"]),
        "claim_end_date": dates(claims["end"]),
        "claim_line_start_date": dates(claims["start"]),
        "claim_line_end_date": dates(claims["end"]),
        "admission_date": dates(np.where(institutional, claims["admit"], -1)),
        "discharge_date": dates(np.where(institutional, claims["discharge"], -1)),
    }
    if terms.arrival_hour:
        hour = np.where(institutional, claims["hour"], -1)
        columns["admission_hour"] = pa.array(hour.astype(np.int32), pa.int32(), mask=hour < 0)
    for name, field_name in (
        ("admit_source_code", "admit_source"), ("admit_type_code", "admit_type"),
        ("discharge_disposition_code", "disposition"), ("place_of_service_code", "place"),
        ("bill_type_code", "bill_type"),
    ):  # fmt: skip
        columns[name] = dictionary_column(claims[field_name], code_words)
    columns["drg_code_type"] = dictionary_column(
        np.where(claims["drg"] >= 0, 0, -1), pa.array(["ms-drg"], pa.string())
    )
    columns["drg_code"] = dictionary_column(claims["drg"], code_words)
    columns["revenue_center_code"] = dictionary_column(settled.lines["revenue"][rows], code_words)
    columns["service_unit_quantity"] = pa.array(settled.lines["units"][rows].astype(np.int32))
    columns["hcpcs_code"] = dictionary_column(settled.lines["hcpcs"][rows], code_words)
    for name in ("rendering", "billing", "facility"):
        columns[f"{name}_npi"] = dictionary_column(claims[name], npi_words)
    columns["paid_date"] = dates(settled.paid_on[claim])
    columns["paid_amount"] = money(settled.paid[rows])
    columns["allowed_amount"] = money(settled.allowed[rows])
    columns["charge_amount"] = money(settled.charge[rows])
    columns["diagnosis_code_type"] = constant("icd-10-cm")
    diagnoses = settled.diagnoses[claim]
    for index in range(DIAGNOSES):
        columns[f"diagnosis_code_{index + 1}"] = dictionary_column(diagnoses[:, index], code_words)
    columns["in_network_flag"] = dictionary_column(settled.network[claim], pa.array(["0", "1"], pa.string()))
    columns["data_source"] = constant(terms.feed)
    original = settled.original[claim]
    columns["original_claim_id"] = dictionary_column(
        np.where(original >= 0, number[np.maximum(original, 0)] - first_claim, -1), claim_ids
    )
    return pa.table(columns)
