"""Who lives in the market: households, names and ways to reach them, chronic conditions and what follows from
them, and how much care people use.

Everything is made for a chunk of people at once; an array has one element per person of the chunk.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.demo.names import COMMUNITIES, STREETS
from data.demo.network import Network
from data.demo.sampling import even_bernoulli, even_choice, even_lognormals, even_uniforms
from data.demo.settings import ACO, COMMERCIAL, CONTRACT_KEYS, DUAL, MEDICAID, Settings

YEAR = 365.2425
# (ICD-10-CM, prevalence at 18-44, 45-64, 65-79, 80+, under 18, weight in the risk score). Prevalences are
# rounded from CDC's NHIS and the CMS chronic conditions summaries; they shape the demo and are not a source.
CONDITIONS: tuple[tuple[str, float, float, float, float, float, float], ...] = (
    ("I10", 0.09, 0.36, 0.58, 0.66, 0.0, 0.05),
    ("E785", 0.06, 0.28, 0.46, 0.42, 0.0, 0.03),
    ("E119", 0.03, 0.14, 0.24, 0.22, 0.003, 0.17),
    ("I2510", 0.005, 0.06, 0.20, 0.29, 0.0, 0.12),
    ("I5022", 0.003, 0.03, 0.09, 0.20, 0.0, 0.36),
    ("I4891", 0.003, 0.02, 0.09, 0.18, 0.0, 0.27),
    ("J449", 0.003, 0.06, 0.12, 0.12, 0.0, 0.32),
    ("J45909", 0.09, 0.08, 0.06, 0.05, 0.10, 0.06),
    ("N1830", 0.005, 0.04, 0.16, 0.28, 0.0, 0.13),
    ("F339", 0.11, 0.13, 0.12, 0.10, 0.03, 0.14),
    ("F419", 0.14, 0.13, 0.10, 0.08, 0.06, 0.07),
    ("F1020", 0.03, 0.035, 0.015, 0.005, 0.0, 0.28),
    ("F1120", 0.025, 0.02, 0.006, 0.001, 0.0, 0.33),
    ("F209", 0.009, 0.009, 0.005, 0.003, 0.0, 0.45),
    ("F0390", 0.0, 0.003, 0.04, 0.18, 0.0, 0.35),
    ("E6601", 0.05, 0.07, 0.05, 0.02, 0.01, 0.18),
    ("M1990", 0.03, 0.18, 0.32, 0.38, 0.0, 0.02),
    ("E039", 0.02, 0.07, 0.13, 0.15, 0.001, 0.02),
    ("K219", 0.06, 0.14, 0.19, 0.19, 0.01, 0.02),
    ("D571", 0.002, 0.001, 0.0, 0.0, 0.002, 0.50),
    ("C3490", 0.0005, 0.004, 0.014, 0.016, 0.0, 0.95),
    ("M069", 0.004, 0.012, 0.022, 0.020, 0.0004, 0.30),
    ("N186", 0.0008, 0.004, 0.010, 0.009, 0.0, 1.60),
    ("K5090", 0.006, 0.006, 0.005, 0.004, 0.0004, 0.28),
    ("L400", 0.024, 0.035, 0.032, 0.026, 0.003, 0.04),
    ("B20", 0.003, 0.004, 0.001, 0.0, 0.0, 0.30),
)
CONDITION_CODES = [row[0] for row in CONDITIONS]
# Medicaid adults and disabled people carry more of what poverty and illness bring.
MEDICAID_FACTOR = np.array(
    [1.2, 1.0, 1.5, 1.3, 1.8, 1.0, 2.2, 1.5, 1.5, 1.7, 1.5, 2.4, 3.0, 4.0, 1.3, 1.6, 1.0, 1.0, 1.1, 2.0]
    + [1.2, 1.1, 1.8, 1.0, 1.0, 2.2]
)
DUAL_FACTOR = np.array(
    [1.1, 1.0, 1.45, 1.3, 1.6, 1.1, 1.7, 1.4, 1.4, 1.7, 1.5, 2.0, 2.4, 4.0, 2.0, 1.5, 1.1, 1.1, 1.1, 2.0]
    + [1.0, 1.1, 1.9, 1.0, 1.0, 1.8]
)
SOCIAL_NEEDS = ("food", "housing", "transport", "utilities", "loneliness", "safety", "employment")
# Share of adults with each need where money is short, and elsewhere.
_NEED_SHARES = np.array(
    [[0.17, 0.09, 0.13, 0.09, 0.07, 0.03, 0.08], [0.025, 0.01, 0.02, 0.012, 0.05, 0.008, 0.01]]
)
CONTROL_SALT = 618_037
HEAD, PARTNER, CHILD = 0, 1, 2
NOT_MOVED = 10_000


def condition(code: str) -> int:
    """Column of a condition in `People.conditions`."""
    return CONDITION_CODES.index(code)


@dataclass
class People:
    """One chunk of the population; `number` is a person's number in the whole of it."""

    number: np.ndarray
    household: np.ndarray  # a number within the chunk
    head: np.ndarray  # position of the head of their household
    role: np.ndarray  # HEAD, PARTNER or CHILD
    mother: np.ndarray  # position of the mother of a child born within history, else -1
    market: np.ndarray  # index into settings.markets, where they live now
    contract: np.ndarray  # index into settings.contracts, at the start of history
    control: np.ndarray  # bool: where that payer keeps a control cohort, of it
    disabled: np.ndarray  # bool: Medicare before 65
    practice: np.ndarray  # index into settings.practices
    female: np.ndarray
    birth: np.ndarray  # days since 1970
    death: np.ndarray  # days since 1970; far future while alive
    community: np.ndarray
    conditions: np.ndarray  # bool, people x CONDITIONS
    needs: np.ndarray  # bool, people x SOCIAL_NEEDS
    risk: np.ndarray  # about 1.0 on average for Medicare
    use: np.ndarray  # how much care of all kinds against others as ill; mean 1, skewed
    uncontrolled: np.ndarray  # bool: diabetes out of control (A1c above 9)
    pressure: np.ndarray  # usual systolic pressure, mm Hg
    a1c: np.ndarray  # usual haemoglobin A1c, %
    ldl: np.ndarray  # usual LDL cholesterol, mg/dL
    egfr: np.ndarray  # usual estimated glomerular filtration rate, mL/min/1.73 m2
    propensity: np.ndarray  # ED use against others alike; mean 1
    frequent: np.ndarray  # bool: uses the ED far more than conditions explain
    hospital: np.ndarray  # index into settings.hospitals: the one they usually go to
    moved: np.ndarray  # month of a change of address, NOT_MOVED if none
    hospital_before: np.ndarray  # the usual hospital before the move
    person_id: pa.Array
    columns: dict[str, pa.Array]  # the identifying columns, one value per person, as of now
    columns_before: dict[str, pa.Array]  # address, city and ZIP code before the move
    many_visits: int = -1  # position of the member planted with many ED visits in a month

    def __len__(self) -> int:
        return len(self.number)

    def age_on(self, day: np.ndarray | int) -> np.ndarray:
        return (day - self.birth) / YEAR

    def has(self, code: str) -> np.ndarray:
        """Who has the condition."""
        return self.conditions[:, condition(code)]


NEVER = np.int64(np.datetime64("2200-01-01").astype("datetime64[D]").astype(np.int64))


def draw_people(
    settings: Settings, first: int, count: int, months: Months, rng: np.random.Generator
) -> People:
    """`count` people numbered from `first`."""
    home = _households(settings, count, months, rng)
    market, contract = home.market, home.contract
    start = int(months.first[0])
    age = (start - home.birth) / YEAR
    poor = (contract == MEDICAID) | (contract == DUAL)

    conditions = _conditions(age, contract, home.disabled, home.birth >= start, rng)
    weights = np.array([row[6] for row in CONDITIONS])
    burden = conditions @ weights
    risk = (0.28 + np.clip(age - 20, 0, 70) * 0.006 + burden * 1.05) * rng.lognormal(0, 0.13, count)
    risk = np.round(np.where(age < 18, risk * 0.75, risk), 3)

    # Mortality rises by 8% a year of age (about 3% at 75, 9% at 88), and with illness.
    yearly = np.clip(0.0021 * np.exp((age - 40) * 0.078) * (0.5 + 0.5 * risk), 0.0003, 0.6)
    yearly = np.where(age < 18, 0.0003, np.where(contract == COMMERCIAL, yearly * 0.6, yearly))
    days = -np.log1p(-even_uniforms(count, rng)) * 365 / yearly
    born = home.birth >= start
    death = np.full(count, NEVER)
    dies = (days < months.last[-1] - start) & ~born
    death[dies] = start + days[dies].astype(np.int64)

    shares = _NEED_SHARES[np.where(poor, 0, 1)]
    needs = rng.random(shares.shape) < shares
    # Households share what they lack.
    needs = needs[home.first_of_household] | (rng.random(shares.shape) < shares * 0.15)

    diabetic = conditions[:, condition("E119")]
    chance = np.where(poor, 0.27, 0.14) + 0.06 * needs.any(axis=1)
    uncontrolled = diabetic & even_bernoulli(chance, contract, rng)
    ed = settings.ed
    mind = conditions[:, condition("F339") : condition("F0390")].any(axis=1)
    addiction = conditions[:, condition("F1020") : condition("F0390")].any(axis=1)
    practice = _practices(settings, home, rng)
    # A practice that keeps its patients out of the ED has nobody there every week.
    looked_after = np.array([item.ed_factor < 0.8 for item in settings.practices])[practice]
    often = ed.frequent_share * np.where(addiction, 5.0, 0.75) * (age >= 18) * ~looked_after
    frequent = even_bernoulli(often, contract, rng)
    sick = 0.55 + 0.26 * risk + 0.3 * mind + 0.45 * uncontrolled + 0.25 * needs[:, :3].sum(axis=1)
    infant = np.where(age < 1, 1.9, np.where(age < 5, 1.3, 1.0))
    propensity = rng.gamma(ed.frailty_shape, 1 / ed.frailty_shape, count) * sick * infant

    hospitals = [(h.market, h.weight) for h in settings.hospitals]
    moved, market_before = _moves(home, months, rng)
    hospital = _within_market(market, hospitals, settings, rng)
    elsewhere = _within_market(market_before, hospitals, settings, rng)
    number = np.arange(first, first + count)
    columns, before = _identity(settings, number, home, market_before, age, rng)
    return People(
        number=number,
        household=home.household,
        head=home.first_of_household,
        role=home.role,
        mother=home.mother,
        market=market,
        contract=contract,
        control=_share_of_people(number, CONTROL_SALT)
        < max((item.control.share for item in settings.contracts if item.control), default=0.0),
        disabled=home.disabled,
        practice=practice,
        female=home.female,
        birth=home.birth,
        death=death,
        community=home.community,
        conditions=conditions,
        needs=needs,
        risk=risk,
        use=even_lognormals(1.2, count, rng),
        uncontrolled=uncontrolled,
        pressure=np.where(age < 18, 106, 119)
        + conditions[:, 0] * np.where(rng.random(count) < 0.34, 30, 9)
        + rng.normal(0, 6, count),
        a1c=np.select(
            [uncontrolled, diabetic],
            [9.2 + rng.gamma(1.6, 0.9, count), np.clip(rng.normal(7.1, 0.8, count), 5.6, 8.9)],
            np.clip(rng.normal(5.5, 0.25, count), 4.6, 6.3),
        ),
        ldl=np.clip(
            rng.normal(112, 24, count) + conditions[:, condition("E785")] * rng.normal(6, 22, count), 40, 230
        ),
        egfr=np.select(
            [conditions[:, condition("N186")], conditions[:, condition("N1830")]],
            [rng.uniform(5, 14, count), np.clip(rng.normal(47, 8, count), 16, 59)],
            np.clip(rng.normal(104, 12, count) - np.clip(age - 40, 0, 60) * 0.75, 60, 130),
        ),
        propensity=propensity,
        frequent=frequent,
        hospital=hospital,
        moved=moved,
        hospital_before=np.where(market_before == market, hospital, elsewhere),
        person_id=numbered("P", number, 8),
        columns=columns,
        columns_before=before,
    )


def assign_pcps(people: People, network: Network, rng: np.random.Generator) -> np.ndarray:
    """Each person's primary-care provider (provider number), of their practice."""
    pcp = np.zeros(len(people), np.int32)
    for practice in np.unique(people.practice):
        rows = np.flatnonzero(people.practice == practice)
        pcp[rows] = rng.choice(network.pcps[practice], len(rows))
    return pcp


@dataclass(frozen=True)
class Months:
    """The months of history as days since 1970: first and last day of each, and calendar month 0..11."""

    first: np.ndarray
    last: np.ndarray
    calendar: np.ndarray
    through: int  # the day after which nothing is known

    def __len__(self) -> int:
        return len(self.first)

    @staticmethod
    def ending(through: np.datetime64, count: int) -> Months:
        final = through.astype("datetime64[M]")
        months = np.arange(final - count + 1, final + 1)
        return Months(
            first=months.astype("datetime64[D]").astype(np.int64),
            last=(months + 1).astype("datetime64[D]").astype(np.int64) - 1,
            calendar=months.astype(np.int64) % 12,
            through=int(through.astype("datetime64[D]").astype(np.int64)),
        )

    def of(self, day: np.ndarray) -> np.ndarray:
        """Position of the month each day falls in; -1 before, len after."""
        return np.where(day > self.last[-1], len(self), np.searchsorted(self.first, day, side="right") - 1)


def _share_of_people(number: np.ndarray, salt: int) -> np.ndarray:
    """A fixed 0..1 per person and purpose, spread evenly, so that chunks and files agree on it."""
    return (number * salt % 1_000_003) / 1_000_003


def numbered(prefix: str, numbers: np.ndarray, digits: int) -> pa.Array:
    """prefix + zero-padded number, as an Arrow string array."""
    text = pc.utf8_lpad(pc.cast(pa.array(numbers), pa.string()), width=digits, padding="0")
    return pc.binary_join_element_wise(pa.scalar(prefix), text, "")


@dataclass
class _Homes:
    """Who lives with whom, before anyone has a name. `first_of_household` is the position of their head."""

    household: np.ndarray
    first_of_household: np.ndarray
    role: np.ndarray
    market: np.ndarray
    contract: np.ndarray
    disabled: np.ndarray
    female: np.ndarray
    birth: np.ndarray
    mother: np.ndarray
    community: np.ndarray


# Chance of a couple, and of 0, 1, 2, ... children, by contract: so that children are about 44% of Medicaid
# members and 24% of the commercial plan's (MACPAC and Census proportions), and single parents are common.
_COUPLES = {"aco": 0.56, "advantage": 0.54, "dual": 0.22, "medicaid": 0.36, "commercial": 0.56}
_CHILDREN = {"medicaid": (0.42, 0.25, 0.20, 0.10, 0.03), "commercial": (0.68, 0.17, 0.12, 0.03)}


def _households(settings: Settings, count: int, months: Months, rng: np.random.Generator) -> _Homes:
    """People grouped into households, each of one market and payer, in random order."""
    shares = np.array(
        [[place.share * place.contracts[key] for key in CONTRACT_KEYS] for place in settings.markets]
    )
    cell = np.sort(even_choice(shares.ravel(), count, rng))
    sizes = np.bincount(cell, minlength=shares.size)
    house, role, children_in = [], [], []
    so_far = 0
    for number, size in enumerate(sizes):
        key = CONTRACT_KEYS[number % len(CONTRACT_KEYS)]
        couple = rng.random(size) < _COUPLES[key]
        chances = _CHILDREN.get(key, (1.0,))
        children = rng.choice(len(chances), size, p=chances)
        members = 1 + couple + children
        total = np.cumsum(members)
        used = int(np.searchsorted(total, size)) + 1 if size else 0
        which = np.repeat(np.arange(used), members[:used])[:size]
        within = np.arange(size) - np.repeat(total[:used] - members[:used], members[:used])[:size]
        place = np.where(within == 0, HEAD, np.where((within == 1) & couple[which], PARTNER, CHILD))
        house.append(which + so_far)
        role.append(place)
        children_in.append(np.bincount(which, place == CHILD, used)[which] > 0)
        so_far += used
    household, kind = np.concatenate(house), np.concatenate(role)
    parents = np.concatenate(children_in)
    market, contract = np.divmod(cell, len(CONTRACT_KEYS))

    # Shuffle whole households, so that numbers say nothing about payer or place.
    rank = rng.permutation(so_far)
    order = np.argsort(rank[household], kind="stable")
    household, kind, parents = rank[household][order], kind[order], parents[order]
    market, contract = market[order], contract[order]
    fresh = np.concatenate([[True], household[1:] != household[:-1]])
    head = np.flatnonzero(fresh)[np.cumsum(fresh) - 1]
    household = np.cumsum(fresh) - 1

    couple = np.bincount(household, kind == PARTNER)[household] > 0
    age, disabled = _ages(contract, kind, parents, rng)
    near = age[head] + np.clip(rng.normal(0, 3.2, count), -9, 9)
    age = np.where(kind == PARTNER, np.maximum(near, np.where(disabled[head], 22, 19)), age)
    senior = ~np.isin(contract, (MEDICAID, COMMERCIAL))
    disabled = np.where(kind == PARTNER, senior & (age < 65), disabled)

    alone = np.where(parents, 0.88, np.where(senior & ~disabled, 0.64, 0.5))
    female = rng.random(count) < np.where(couple, 0.5, alone)
    opposite = rng.random(count) < 0.98
    female = np.where((kind == PARTNER) & opposite, ~female[head], female)
    female = np.where(kind == CHILD, rng.random(count) < 0.49, female)

    # Nobody has a child before 18 or so.
    mother = np.where(couple & ~female[head], head + 1, head)
    mother = np.where(
        household[np.minimum(mother, count - 1)] == household, np.minimum(mother, count - 1), head
    )
    room = np.clip(np.minimum(age[mother], age[head]) - 18.5, 0.0, None)
    age = np.where((kind == CHILD) & (age > room), -1.4 + rng.random(count) * (room + 1.4), age)

    # Drawn as ages in the middle of history; some children are born within it.
    middle = int(months.first[len(months) // 2])
    birth = middle - (age * YEAR).astype(np.int64)
    birth = np.minimum(birth, months.last[-1] - 5)
    mother = _mothers(household, head, kind, female, birth, int(months.first[0]))
    # Where the household has no woman of an age to bear it, the child is older.
    orphan = (kind == CHILD) & (birth >= months.first[0]) & (mother < 0)
    older = 0.1 + rng.random(count) * np.clip(room - 2, 0.1, 15)
    birth = np.where(orphan, months.first[0] - (older * YEAR).astype(np.int64), birth)

    return _Homes(
        household,
        head,
        kind,
        market,
        contract,
        disabled,
        female,
        birth,
        mother,
        _communities(market, rng)[head],
    )


def _ages(
    contract: np.ndarray, role: np.ndarray, parents: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Ages, and who has Medicare before 65. Medicare ages follow the MSSP (2021: 11% under 65, 48% to 74)."""
    count = len(contract)
    even = even_uniforms(count, rng)
    disabled = even_bernoulli(
        np.select([contract == ACO, contract == DUAL], [0.13, 0.42], 0.10)
        * ~np.isin(contract, (MEDICAID, COMMERCIAL)),
        contract,
        rng,
    )
    medicare = np.where(disabled, 28 + even * 36, 64.6 + np.minimum(rng.gamma(1.6, 6.4, count), 34))
    medicaid = np.where(parents, 20 + rng.beta(1.6, 2.4, count) * 28, 19 + rng.beta(1.1, 1.2, count) * 44)
    commercial = np.where(parents, 26 + rng.beta(2.0, 2.0, count) * 30, 21 + rng.beta(1.5, 1.2, count) * 42)
    adult = np.select([contract == MEDICAID, contract == COMMERCIAL], [medicaid, commercial], medicare)
    oldest = np.where(contract == MEDICAID, 17.9, 21.0)
    child = -1.4 + rng.random(count) * (oldest + 1.4)
    return np.where(role == CHILD, child, adult), disabled


def _mothers(
    household: np.ndarray,
    head: np.ndarray,
    role: np.ndarray,
    female: np.ndarray,
    birth: np.ndarray,
    history: int,
) -> np.ndarray:
    """For children born within history the woman of the household who bore them, else -1."""
    count = len(household)
    position = np.arange(count)
    partner = np.full(int(household.max(initial=0)) + 1, -1)
    partner[household[role == PARTNER]] = position[role == PARTNER]
    other = partner[household]
    woman = np.where(female[head], head, np.where((other >= 0) & female[np.maximum(other, 0)], other, -1))
    age = (birth - birth[np.maximum(woman, 0)]) / YEAR
    born = (role == CHILD) & (birth >= history) & (woman >= 0) & (age > 17) & (age < 45)
    # One birth per household, and none so soon after another that it could not be.
    order = np.lexsort((birth, ~born, household))
    first = np.concatenate([[True], household[order][1:] != household[order][:-1]])
    keep = np.zeros(count, bool)
    keep[order[first]] = True
    return np.where(born & keep, woman, -1)


def _communities(market: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    community = np.zeros(len(market), np.int8)
    for index in range(int(market.max(initial=0)) + 1):
        here = market == index
        shares = np.array([group.share[min(index, 2)] for group in COMMUNITIES])
        community[here] = rng.choice(len(COMMUNITIES), int(here.sum()), p=shares / shares.sum())
    return community


def _conditions(
    age: np.ndarray, contract: np.ndarray, disabled: np.ndarray, newborn: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    table = np.array([row[1:6] for row in CONDITIONS])  # conditions x bands
    band = np.select([age < 18, age < 45, age < 65, age < 80], [4, 0, 1, 2], 3)
    prevalence = table[:, band].T
    poor = ((contract == MEDICAID) & (age >= 18))[:, None]
    prevalence = prevalence * np.where(poor | disabled[:, None], MEDICAID_FACTOR, 1.0)
    prevalence = prevalence * np.where(disabled[:, None], 1.3, 1.0)
    prevalence = prevalence * np.where(((contract == DUAL) & ~disabled)[:, None], DUAL_FACTOR, 1.0)
    prevalence = prevalence * np.where((contract == COMMERCIAL)[:, None], 0.8, 1.0)
    # One latent health state makes conditions come together in the same people.
    health = rng.gamma(1.6, 1 / 1.6, len(age))[:, None]
    chance = np.clip(prevalence * (0.3 + 0.7 * health), 0, 0.92) * ~newborn[:, None]
    result = np.stack(
        [even_bernoulli(chance[:, row], contract, rng) for row in range(len(CONDITIONS))], axis=1
    )
    # Kidney failure is beyond chronic kidney disease, not beside it.
    result[:, condition("N1830")] &= ~result[:, condition("N186")]
    return result


def _practices(settings: Settings, home: _Homes, rng: np.random.Generator) -> np.ndarray:
    """A household mostly shares a practice."""
    own = _within_market(home.market, [(p.market, p.size) for p in settings.practices], settings, rng)
    return np.where(rng.random(len(own)) < 0.8, own[home.first_of_household], own)


def _within_market(
    market: np.ndarray, places: list[tuple[str, float]], settings: Settings, rng: np.random.Generator
) -> np.ndarray:
    """For each person one of the places of their market, by weight."""
    chosen = np.zeros(len(market), np.int16)
    for index, place in enumerate(settings.markets):
        here = np.flatnonzero(market == index)
        local = np.array([number for number, (where, _) in enumerate(places) if where == place.market_id])
        weights = np.array([places[number][1] for number in local])
        chosen[here] = local[even_choice(weights, len(here), rng)]
    return chosen


MOVES_PER_YEAR, MOVES_MARKET = 0.07, 0.06


def _moves(home: _Homes, months: Months, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The month in which each person's household moved (NOT_MOVED if it did not), and the market it left."""
    count = len(home.household)
    head = home.first_of_household
    moves = (rng.random(count) < MOVES_PER_YEAR * len(months) / 12)[head]
    month = rng.integers(2, len(months) - 1, count)[head]
    markets = int(home.market.max(initial=0)) + 1
    far = (rng.random(count) < MOVES_MARKET)[head] & moves & (markets > 1)
    before = np.where(far, (home.market + 1 + rng.integers(0, max(markets - 1, 1), count)[head]) % markets, 0)
    return np.where(moves, month, NOT_MOVED), np.where(far, before, home.market)


@cache
def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _identity(
    settings: Settings,
    number: np.ndarray,
    home: _Homes,
    market_before: np.ndarray,
    age: np.ndarray,
    rng: np.random.Generator,
) -> tuple[dict[str, pa.Array], dict[str, pa.Array]]:
    """Names, language and ways to reach people, and the address they had before moving."""
    count, head = len(number), home.first_of_household
    given = np.empty(count, object)
    family = np.empty(count, object)
    language = np.empty(count, object)
    race = np.empty(count, object)
    ethnicity = np.empty(count, object)
    for index, group in enumerate(COMMUNITIES):
        here = np.flatnonzero(home.community == index)
        women = np.array(_words(group.female), object)
        men = np.array(_words(group.male), object)
        given[here] = np.where(home.female[here], rng.choice(women, len(here)), rng.choice(men, len(here)))
        family[here] = rng.choice(np.array(_words(group.family), object), len(here))
        language[here] = np.where(rng.random(len(here)) < group.speaks, group.language, "English")
        race[here] = group.race
        ethnicity[here] = group.ethnicity
    own_name = (home.role == PARTNER) & (rng.random(count) < 0.2)
    family = np.where(own_name, family, family[head])
    # Children of households that speak another language mostly prefer English.
    language = np.where((age < 18) & (rng.random(count) < 0.75), "English", language[head])

    area, now = _addresses(settings, home.market, head, rng)
    _, before = _addresses(settings, market_before, head, rng)
    # A few have moved away and are still on the roster: no market rule matches them.
    away = np.flatnonzero((rng.random(count) < settings.enrolment.out_of_area)[head])
    for columns in (now, before):
        columns["zip_code"][away], columns["city"][away] = "53703", "Madison"

    line = rng.integers(0, 100, count)
    shared = (rng.random(count) < 0.35) | (age < 16)
    line = np.where(shared, line[head], line)
    phone = pc.binary_join_element_wise(pa.array(area, pa.string()), numbered("555-01", line, 2), "-")
    given_column, family_column = pa.array(given, pa.string()), pa.array(family, pa.string())
    domain = pa.array(
        np.where(rng.random(count) < 0.5, "@example.org", "@example.com").astype(object), pa.string()
    )
    email = pc.binary_join_element_wise(
        pc.utf8_lower(given_column), pa.scalar("."), pc.utf8_lower(family_column), numbered("", number, 1),
        domain, "",
    )  # fmt: skip
    no_phone = rng.random(count) < 0.04
    no_email = (rng.random(count) < np.where(age > 75, 0.6, 0.3)) | (age < 13)
    columns = {
        "first_name": given_column,
        "last_name": family_column,
        "race": pa.array(race, pa.string()),
        "ethnicity": pa.array(ethnicity, pa.string()),
        "preferred_language": pa.array(language, pa.string()),
        **{name: pa.array(column, pa.string()) for name, column in now.items()},
        "phone": pc.if_else(pa.array(no_phone), pa.scalar(None, pa.string()), phone),
        "email": pc.if_else(pa.array(no_email), pa.scalar(None, pa.string()), email),
    }
    return columns, {name: pa.array(column, pa.string()) for name, column in before.items()}


def _addresses(
    settings: Settings, market: np.ndarray, head: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Area codes, and an address, city and ZIP code shared by each household."""
    count = len(market)
    city = np.empty(count, object)
    zip_code = np.empty(count, object)
    area = np.empty(count, object)
    for index, place in enumerate(settings.markets):
        here = np.flatnonzero(market == index)
        spot = rng.integers(0, len(place.zip_codes), len(here))
        zip_code[here] = np.array(place.zip_codes, object)[spot]
        city[here] = np.array(place.cities, object)[spot * len(place.cities) // len(place.zip_codes)]
        area[here] = rng.choice(np.array(place.area_codes, object), len(here))
    street = pa.array(rng.choice(np.array(STREETS, object), count), pa.string())
    flat = " Apt " + rng.integers(1, 40, count).astype(str).astype(object)
    unit = pa.array(np.where(rng.random(count) < 0.22, flat, "").astype(object), pa.string())
    house = pc.cast(pa.array(rng.integers(1, 980, count)), pa.string())
    address = pc.binary_join_element_wise(pc.binary_join_element_wise(house, street, " "), unit, "")
    whole = np.array(address.to_pylist(), object)
    return area[head], {"address": whole[head], "city": city[head], "zip_code": zip_code[head]}
