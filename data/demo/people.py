"""Who lives in the market: demographics, names and ways to reach them, chronic conditions, and how much
care they use.

Everything is drawn for a chunk of people at once; an array has one element per person of the chunk.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.demo.names import COMMUNITIES, STREETS
from data.demo.settings import CONTRACT_KEYS, Settings

# (ICD-10-CM, adult prevalence at 18-44, 45-64, 65-79, 80+, under 18, weight in the risk score). Prevalences
# are
# rounded from CDC's NHIS and the CMS chronic conditions summaries; they shape the demo and are not a source.
CONDITIONS: tuple[tuple[str, float, float, float, float, float, float], ...] = (
    ("I10", 0.09, 0.36, 0.58, 0.66, 0.0, 0.05),
    ("E785", 0.06, 0.28, 0.46, 0.42, 0.0, 0.03),
    ("E119", 0.03, 0.14, 0.24, 0.22, 0.003, 0.17),
    ("I2510", 0.005, 0.06, 0.20, 0.29, 0.0, 0.12),
    ("I5022", 0.003, 0.03, 0.09, 0.20, 0.0, 0.36),
    ("I4891", 0.003, 0.02, 0.09, 0.18, 0.0, 0.27),
    ("J449", 0.005, 0.06, 0.12, 0.12, 0.0, 0.32),
    ("J45909", 0.09, 0.08, 0.06, 0.05, 0.10, 0.06),
    ("N1830", 0.005, 0.04, 0.16, 0.28, 0.0, 0.13),
    ("F339", 0.11, 0.13, 0.12, 0.10, 0.03, 0.14),
    ("F419", 0.14, 0.13, 0.10, 0.08, 0.06, 0.07),
    ("F1020", 0.03, 0.035, 0.015, 0.005, 0.001, 0.28),
    ("F1120", 0.025, 0.02, 0.006, 0.001, 0.0, 0.33),
    ("F209", 0.009, 0.009, 0.005, 0.003, 0.0, 0.45),
    ("F0390", 0.0, 0.003, 0.04, 0.18, 0.0, 0.35),
    ("E6601", 0.05, 0.07, 0.05, 0.02, 0.01, 0.18),
    ("M1990", 0.03, 0.18, 0.32, 0.38, 0.0, 0.02),
    ("E039", 0.02, 0.07, 0.13, 0.15, 0.001, 0.02),
    ("K219", 0.06, 0.14, 0.19, 0.19, 0.01, 0.02),
    ("D571", 0.002, 0.001, 0.0, 0.0, 0.002, 0.50),
)
CONDITION_CODES = [row[0] for row in CONDITIONS]
# Medicaid adults carry more of what poverty brings.
MEDICAID_FACTOR = np.array(
    [1.2, 1.0, 1.5, 1.3, 1.8, 1.0, 2.2, 1.5, 1.5, 1.7, 1.5, 2.4, 3.0, 4.0, 1.3, 1.6, 1.0, 1.0, 1.1, 2.0]
)
SOCIAL_NEEDS = ("food", "housing", "transport", "utilities", "loneliness", "safety", "employment")


@dataclass
class People:
    """One chunk of the population; `number` is a person's number in the whole of it."""

    number: np.ndarray
    market: np.ndarray  # index into settings.markets
    contract: np.ndarray  # index into settings.contracts, at the start of history
    practice: np.ndarray  # index into settings.practices
    female: np.ndarray
    birth: np.ndarray  # days since 1970
    death: np.ndarray  # days since 1970; far future while alive
    community: np.ndarray
    conditions: np.ndarray  # bool, people x CONDITIONS
    risk: np.ndarray  # about 1.0 on average for Medicare
    propensity: np.ndarray  # ED use against others alike; mean 1
    frequent: np.ndarray  # bool: uses the ED far more than conditions explain
    hospital: np.ndarray  # index into settings.hospitals: the one they usually go to
    person_id: pa.Array
    columns: dict[str, pa.Array]  # the identifying columns, one value per person

    def __len__(self) -> int:
        return len(self.number)

    def age_on(self, day: np.ndarray | int) -> np.ndarray:
        return (day - self.birth) / 365.2425


NEVER = np.int64(np.datetime64("2200-01-01").astype("datetime64[D]").astype(np.int64))


def draw_people(
    settings: Settings, first: int, count: int, months: Months, rng: np.random.Generator
) -> People:
    """`count` people numbered from `first`."""
    market = rng.choice(len(settings.markets), count, p=[market.share for market in settings.markets])
    contract = np.zeros(count, np.int8)
    for index, place in enumerate(settings.markets):
        here = market == index
        shares = [place.contracts[key] for key in CONTRACT_KEYS]
        contract[here] = rng.choice(len(CONTRACT_KEYS), int(here.sum()), p=shares)
    age = _ages(contract, rng)
    start = months.first[0]
    birth = (start - age * 365.2425).astype(np.int64)
    female = rng.random(count) < np.where(contract == 1, 0.55, 0.525)
    community = _communities(market, rng)

    conditions = _conditions(age, contract, rng)
    weights = np.array([row[6] for row in CONDITIONS])
    burden = conditions @ weights
    risk = np.round(
        (0.28 + np.clip(age - 20, 0, 70) * 0.006 + burden * 1.05) * rng.lognormal(0, 0.13, count), 3
    )

    death = np.full(count, NEVER)
    yearly = np.clip(0.0006 * np.exp((age - 40) * 0.078) * (0.6 + 0.5 * risk), 0.0001, 0.45)
    days = rng.exponential(365.0, count) / yearly
    dies = days < (months.last[-1] - start)
    death[dies] = start + days[dies].astype(np.int64)

    ed = settings.ed
    frequent = rng.random(count) < ed.frequent_share * np.where(conditions[:, 11:14].any(axis=1), 5.0, 0.75)
    sick = 0.62 + 0.26 * risk + 0.3 * conditions[:, 9:14].any(axis=1)
    propensity = rng.gamma(ed.frailty_shape, 1 / ed.frailty_shape, count) * sick

    return People(
        number=np.arange(first, first + count),
        market=market,
        contract=contract,
        practice=_within_market(market, [(p.market, p.size) for p in settings.practices], settings, rng),
        female=female,
        birth=birth,
        death=death,
        community=community,
        conditions=conditions,
        risk=risk,
        propensity=propensity,
        frequent=frequent,
        hospital=_within_market(market, [(h.market, h.weight) for h in settings.hospitals], settings, rng),
        person_id=numbered("P", np.arange(first, first + count), 8),
        columns=_identity(settings, first, count, market, community, female, age, rng),
    )


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


def numbered(prefix: str, numbers: np.ndarray, digits: int) -> pa.Array:
    """prefix + zero-padded number, as an Arrow string array."""
    text = pc.utf8_lpad(pc.cast(pa.array(numbers), pa.string()), width=digits, padding="0")
    return pc.binary_join_element_wise(pa.scalar(prefix), text, "")


def _ages(contract: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    count = len(contract)
    senior = 65 + np.minimum(rng.gamma(1.6, 6.6, count), 35)
    disabled = rng.uniform(30, 65, count)
    medicare = np.where(rng.random(count) < np.where(contract == 0, 0.14, 0.09), disabled, senior)
    medicaid = np.where(
        rng.random(count) < 0.44, rng.uniform(0, 18, count), 18 + rng.beta(1.2, 1.5, count) * 46
    )
    commercial = np.where(
        rng.random(count) < 0.24, rng.uniform(0, 18, count), 18 + rng.beta(1.5, 1.3, count) * 46
    )
    return np.select([contract == 1, contract == 3], [medicaid, commercial], medicare)


def _communities(market: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    community = np.zeros(len(market), np.int8)
    for index in range(int(market.max(initial=0)) + 1):
        here = market == index
        shares = np.array([group.share[min(index, 2)] for group in COMMUNITIES])
        community[here] = rng.choice(len(COMMUNITIES), int(here.sum()), p=shares / shares.sum())
    return community


def _conditions(age: np.ndarray, contract: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    table = np.array([row[1:6] for row in CONDITIONS])  # conditions x bands
    band = np.select([age < 18, age < 45, age < 65, age < 80], [4, 0, 1, 2], 3)
    prevalence = table[:, band].T
    poor = ((contract == 1) & (age >= 18))[:, None]
    disabled = ((contract != 1) & (contract != 3) & (age < 65))[:, None]
    prevalence = prevalence * np.where(poor | disabled, MEDICAID_FACTOR, 1.0) * np.where(disabled, 1.3, 1.0)
    prevalence = prevalence * np.where((contract == 3)[:, None], 0.8, 1.0)
    # One latent health state makes conditions come together in the same people.
    health = rng.gamma(2.0, 0.5, len(age))[:, None]
    return rng.random(prevalence.shape) < np.clip(prevalence * (0.35 + 0.65 * health), 0, 0.92)


def _within_market(
    market: np.ndarray, places: list[tuple[str, float]], settings: Settings, rng: np.random.Generator
) -> np.ndarray:
    """For each person one of the places of their market, by weight."""
    chosen = np.zeros(len(market), np.int16)
    for index, place in enumerate(settings.markets):
        here = np.flatnonzero(market == index)
        local = [number for number, (where, _) in enumerate(places) if where == place.market_id]
        weights = np.array([places[number][1] for number in local])
        chosen[here] = rng.choice(local, len(here), p=weights / weights.sum())
    return chosen


@cache
def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _identity(
    settings: Settings,
    first: int,
    count: int,
    market: np.ndarray,
    community: np.ndarray,
    female: np.ndarray,
    age: np.ndarray,
    rng: np.random.Generator,
) -> dict[str, pa.Array]:
    given = np.empty(count, object)
    family = np.empty(count, object)
    language = np.empty(count, object)
    race = np.empty(count, object)
    ethnicity = np.empty(count, object)
    for index, group in enumerate(COMMUNITIES):
        here = np.flatnonzero(community == index)
        women = np.array(_words(group.female), object)
        men = np.array(_words(group.male), object)
        given[here] = np.where(female[here], rng.choice(women, len(here)), rng.choice(men, len(here)))
        family[here] = rng.choice(np.array(_words(group.family), object), len(here))
        language[here] = np.where(rng.random(len(here)) < group.speaks, group.language, "English")
        race[here] = group.race
        ethnicity[here] = group.ethnicity
    city = np.empty(count, object)
    zip_code = np.empty(count, object)
    area = np.empty(count, object)
    for index, place in enumerate(settings.markets):
        here = np.flatnonzero(market == index)
        spot = rng.integers(0, len(place.zip_codes), len(here))
        zip_code[here] = np.array(place.zip_codes, object)[spot]
        city[here] = np.array(place.cities, object)[spot * len(place.cities) // len(place.zip_codes)]
        area[here] = rng.choice(np.array(place.area_codes, object), len(here))
    # A few have moved away and are still on the roster: no market rule matches them.
    away = np.flatnonzero(rng.random(count) < settings.enrolment.out_of_area)
    zip_code[away], city[away] = "53703", "Madison"

    number = numbered("", np.arange(first, first + count), 1)
    line = numbered("555-01", rng.integers(0, 100, count), 2)
    phone = pc.binary_join_element_wise(pa.array(area, pa.string()), line, "-")
    street = pa.array(rng.choice(np.array(STREETS, object), count), pa.string())
    unit = np.where(
        rng.random(count) < 0.22, " Apt " + rng.integers(1, 40, count).astype(str).astype(object), ""
    )
    house = pc.cast(pa.array(rng.integers(1, 980, count)), pa.string())
    address = pc.binary_join_element_wise(
        pc.binary_join_element_wise(house, street, " "), pa.array(unit.astype(object), pa.string()), ""
    )
    given_column, family_column = pa.array(given, pa.string()), pa.array(family, pa.string())
    domain = pa.array(
        np.where(rng.random(count) < 0.5, "@example.org", "@example.com").astype(object), pa.string()
    )
    email = pc.binary_join_element_wise(
        pc.utf8_lower(given_column), pa.scalar("."), pc.utf8_lower(family_column), number, domain, ""
    )
    no_phone, no_email = rng.random(count) < 0.04, rng.random(count) < np.where(age > 75, 0.6, 0.3)
    return {
        "first_name": given_column,
        "last_name": family_column,
        "race": pa.array(race, pa.string()),
        "ethnicity": pa.array(ethnicity, pa.string()),
        "preferred_language": pa.array(language, pa.string()),
        "address": address,
        "city": pa.array(city, pa.string()),
        "zip_code": pa.array(zip_code, pa.string()),
        "phone": pc.if_else(pa.array(no_phone), pa.scalar(None, pa.string()), phone),
        "email": pc.if_else(pa.array(no_email), pa.scalar(None, pa.string()), email),
    }
