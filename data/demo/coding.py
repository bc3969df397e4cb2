"""What else people have that is written on claims: the diagnoses that risk adjustment looks for.

The conditions of `people` bring care with them; these bring none of their own, but come to those who are
ill and use much of it, so that a risk score says something about cost. Whether one is written down in a year
is up to the doctors: a share of them is not, and in one contract that share falls every year (a planted
truth: its risk scores rise although nobody is more ill).

Prevalences are set so that the mean CMS-HCC V28 score of a Medicare contract is about 1.1 and of duals 1.4,
which is where such contracts are; they shape the demo and are not a source.
"""

from __future__ import annotations

import numpy as np

from data.demo.claims import PREVENTIVE, PRIMARY_CARE, Batch
from data.demo.codes import NULL, Vocabulary
from data.demo.enrolment import Coverage
from data.demo.people import Months, People
from data.demo.settings import COMMERCIAL, DUAL, MEDICAID, Settings

# (ICD-10-CM, prevalence under 65, at 65-79, 80+). In V28 each is in a payment category.
DIAGNOSES: tuple[tuple[str, float, float, float], ...] = (
    ("F331", 0.10, 0.08, 0.07),
    ("F319", 0.03, 0.015, 0.008),
    ("C50911", 0.010, 0.025, 0.030),
    ("C61", 0.005, 0.030, 0.035),
    ("C189", 0.003, 0.010, 0.014),
    ("C7951", 0.003, 0.008, 0.008),
    ("C9000", 0.001, 0.004, 0.005),
    ("C8590", 0.002, 0.006, 0.007),
    ("I70245", 0.003, 0.008, 0.014),
    ("G20A1", 0.002, 0.012, 0.030),
    ("G40909", 0.020, 0.020, 0.025),
    ("I69351", 0.010, 0.022, 0.040),
    ("K7460", 0.015, 0.013, 0.008),
    ("J9611", 0.012, 0.030, 0.045),
    ("N184", 0.006, 0.020, 0.050),
    ("N1832", 0.010, 0.060, 0.090),
    ("L89154", 0.002, 0.004, 0.009),
    ("I2720", 0.010, 0.030, 0.060),
    ("I429", 0.008, 0.020, 0.030),
    ("D61818", 0.003, 0.008, 0.010),
    ("Z89511", 0.003, 0.005, 0.004),
    ("Z931", 0.002, 0.004, 0.007),
    ("H353211", 0.0, 0.020, 0.060),
    ("M3210", 0.005, 0.004, 0.003),
    ("B182", 0.015, 0.012, 0.003),
    ("J84112", 0.001, 0.006, 0.009),
    ("G8220", 0.002, 0.002, 0.001),
    ("D469", 0.0005, 0.003, 0.006),
)
CODES = [row[0] for row in DIAGNOSES]
_FEMALE_ONLY, _MALE_ONLY = ("C50911",), ("C61",)
# How far the table is from a contract's members.
_LEVEL = {MEDICAID: 0.8, COMMERCIAL: 0.4, DUAL: 3.6}
_USUAL_LEVEL = 2.7
_DISABLED = 1.6
_OFTEN_WRITTEN = 0.86  # share of what people have that is written down in a year
_PLACES = (4, 5)  # of a claim's diagnoses, which the reasons for a visit leave free


def add_diagnoses(
    settings: Settings,
    people: People,
    coverage: Coverage,
    months: Months,
    codes: Vocabulary,
    batch: Batch,
    rng: np.random.Generator,
) -> None:
    """Write up to two of what people have on each visit to an office or stay, in place."""
    has = _who_has(people, months, rng)
    unwritten = rng.random(has.shape)
    count = has.sum(axis=1)
    listed = np.argsort(~has, axis=1, kind="stable")
    claims = batch.claims
    words = codes.strings()
    inpatient = np.array([word.startswith("11") and len(word) == 3 for word in words])
    visit = np.isin(claims["purpose"], (PRIMARY_CARE, PREVENTIVE)) | (
        (claims["bill_type"] < 0) & (claims["place"] == codes.number("11")) & (claims["purpose"] == 0)
    )
    visit |= (claims["bill_type"] >= 0) & inpatient[np.maximum(claims["bill_type"], 0)]
    rows = np.flatnonzero(visit & (count[claims["person"]] > 0))
    person = claims["person"][rows]
    month = np.clip(months.of(claims["start"][rows]), 0, len(months) - 1)
    share = _written(settings, months)[coverage.contract[person, month], month]
    first = rng.integers(0, 1 << 30, len(rows))
    numbers = codes.numbers(CODES)
    for turn, place in enumerate(_PLACES):
        which = listed[person, (first + turn) % count[person]]
        good = (unwritten[person, which] < share) & (turn < count[person])
        batch.diagnoses[rows, place] = np.where(good, numbers[which], NULL)


def _who_has(people: People, months: Months, rng: np.random.Generator) -> np.ndarray:
    """People x DIAGNOSES."""
    age = people.age_on(int(months.first[len(months) // 2]))
    table = np.array([row[1:] for row in DIAGNOSES])
    band = np.select([age < 65, age < 80], [0, 1], 2)
    level = np.full(len(people), _USUAL_LEVEL)
    for contract, factor in _LEVEL.items():
        level[people.contract == contract] = factor
    level *= np.where(people.disabled, _DISABLED, 1.0) * (age >= 18)
    # The ill have more of it, and so have those who use much care.
    ill = np.clip(people.risk / people.risk[age >= 65].mean() if (age >= 65).any() else 1.0, 0.2, 4.0)
    level *= (0.3 + 0.7 * ill) * np.clip(people.use**0.4, 0.3, 3.0)
    chance = np.clip(table[:, band].T * level[:, None], 0, 0.6)
    for only, those in ((_FEMALE_ONLY, ~people.female), (_MALE_ONLY, people.female)):
        for code in only:
            chance[those, CODES.index(code)] = 0.0
    return rng.random(chance.shape) < chance


def _written(settings: Settings, months: Months) -> np.ndarray:
    """Share of what people have that is written down, by contract (and none) and month of history."""
    year = months.first.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64)
    share = np.full((len(settings.contracts) + 1, len(months)), _OFTEN_WRITTEN)
    truth = settings.truths.coding_rise
    number = [item.key for item in settings.contracts].index(truth.contract)
    share[number] = np.clip(truth.last_year + truth.yearly * (year - year[-1] + 1), 0.2, 0.98)
    return share
