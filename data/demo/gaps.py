"""Care-gap lists as two payers send them: who still lacks what, by the payer's own count.

A list follows the claims and results of the same population and disagrees with them a little: what was done
in the last weeks is not in it yet, a few closures are missing and a few are too many.

Planted: one measure of the Medicare Advantage plan stands exactly `SHORT_BY` members below its cut point.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.demo.claims import dates
from data.demo.formats.deliveries import Calendar, days, whole
from data.demo.people import CONDITION_CODES, NEVER, numbered
from data.demo.population import Chunk
from data.demo.settings import Settings

SENDERS = ("medicaid", "advantage")
BREAST, GLUCOSE = "breast_cancer_screening", "glycemic_control"
NAMES = {BREAST: "Breast cancer screening", GLUCOSE: "Diabetes: blood sugar controlled"}
# The measure that misses: contract, measure, its four-star cut point (CMS 2026 Star Ratings), by how many.
SHORT_CONTRACT, SHORT_MEASURE, SHORT_CUT, SHORT_BY = "advantage", BREAST, 0.76, 9
_SEEN_UNTIL = 40  # days before the end of the data that the payer's list has seen
_MISSED, _TOO_MANY, _EXCLUDED = 0.02, 0.01, 0.015
_MAMMOGRAM = ("77067", "77066", "77065", "77063")
_A1C = "4548-4"


@dataclass
class GapLists:
    """Collects the measures of each chunk; `table` makes a payer's list once everybody is known."""

    settings: Settings
    calendar: Calendar
    _rows: dict[int, list[dict[str, np.ndarray]]] = field(default_factory=dict)

    def note(self, chunk: Chunk, contract: int, rng: np.random.Generator) -> None:
        """Note who of a contract is in which measure, and who has met it by the payer's count."""
        if self.settings.contracts[contract].key not in SENDERS:
            return
        people, tables = chunk.people, chunk.tables[contract]
        through = int(self.calendar.last[-1])
        year = _year_start(through)
        count = len(people)
        enrolled = (chunk.coverage.contract[:, -1] == contract) & (people.death == NEVER) & ~people.control
        age = people.age_on(year + 364)
        claims = tables["medical_claim"]
        seen = through - _SEEN_UNTIL

        screened = _latest(claims, "hcpcs_code", _MAMMOGRAM, "claim_start_date", count, seen)
        diabetic = people.conditions[:, CONDITION_CODES.index("E119")]
        labs = tables["lab_result"]
        tested = _latest(labs, "normalized_component_code", (_A1C,), "collection_datetime", count, seen)
        value = _last_value(labs, tested, count)
        measures = (
            (
                BREAST,
                enrolled & people.female & (age >= 52) & (age < 75),
                screened,
                screened > year - 27 * 30,
            ),
            (
                GLUCOSE,
                enrolled & diabetic & (age >= 18) & (age < 76),
                tested,
                (tested >= year) & (value <= 9.0),
            ),
        )
        for measure, eligible, day, met in measures:
            person = np.flatnonzero(eligible)
            closed = met[person]
            chance = rng.random(len(person))
            closed = np.where(closed, chance >= _MISSED, chance < _TOO_MANY)
            excluded = rng.random(len(person)) < _EXCLUDED
            when = np.where(day[person] > 0, day[person], seen - rng.integers(0, 200, len(person)))
            self._rows.setdefault(contract, []).append(
                {
                    "measure": np.full(len(person), list(NAMES).index(measure)),
                    "number": people.number[person],
                    "closed": closed & ~excluded,
                    "excluded": excluded,
                    "when": when,
                    "order": rng.random(len(person)),
                }
            )

    def table(self, contract: int) -> pa.Table | None:
        """The payer's list of the last delivery; None for a payer that sends none."""
        if contract not in self._rows:
            return None
        rows = {
            name: np.concatenate([part[name] for part in self._rows[contract]])
            for name in self._rows[contract][0]
        }
        terms = self.settings.contracts[contract]
        through = int(self.calendar.last[-1])
        year = _year_start(through)
        if terms.key == SHORT_CONTRACT:
            _fall_short(rows)
        order = np.lexsort((rows["number"], rows["measure"]))
        rows = {name: value[order] for name, value in rows.items()}
        count = len(order)
        status = np.select([rows["excluded"], rows["closed"]], [2, 1], 0)
        measure = pa.array(rows["measure"])
        return pa.table(
            {
                "person_id": numbered("P", rows["number"], 8),
                "member_id": numbered(terms.member_prefix, rows["number"] * 7 + 1_000_003, 9),
                "measure_id": pa.array(list(NAMES)).take(measure),
                "measure_name": pa.array(list(NAMES.values())).take(measure),
                "measurement_year": pa.array(np.full(count, self.calendar.through.year, np.int32)),
                "status": pa.array(["open", "closed", "excluded"]).take(pa.array(status)),
                "due_date": dates(np.full(count, year + 364)),
                "closed_date": dates(np.where(rows["closed"], rows["when"], -1)),
                "reported_on": dates(np.full(count, through)),
            }
        )


def members_needed(eligible: int) -> int:
    """How many must meet the measure for the cut point: the share of those eligible, rounded up."""
    return int(np.ceil(SHORT_CUT * eligible - 1e-9))


def _fall_short(rows: dict[str, np.ndarray]) -> None:
    """Close or reopen gaps of the chosen measure until exactly SHORT_BY are missing for the cut point."""
    here = (rows["measure"] == list(NAMES).index(SHORT_MEASURE)) & ~rows["excluded"]
    wanted = max(members_needed(int(here.sum())) - SHORT_BY, 0)
    closed = np.flatnonzero(here & rows["closed"])
    difference = wanted - len(closed)
    pool = np.flatnonzero(here & ~rows["closed"]) if difference > 0 else closed
    chosen = pool[np.argsort(rows["order"][pool], kind="stable")][: abs(difference)]
    rows["closed"][chosen] = difference > 0


def _year_start(day: int) -> int:
    year = np.datetime64(day, "D").astype("datetime64[Y]")
    return int(year.astype("datetime64[D]").astype(np.int64))


def _positions(table: pa.Table) -> np.ndarray:
    """The position in the chunk of each row's person (the chunk's tables share one dictionary of people)."""
    return whole(table["person_id"]).indices.to_numpy(zero_copy_only=False)


def _latest(
    table: pa.Table, column: str, codes: tuple[str, ...], date: str, count: int, seen: int
) -> np.ndarray:
    """The last day on which each person had one of the codes; 0 where never."""
    chosen = np.asarray(pc.is_in(pc.cast(whole(table[column]), pa.string()), pa.array(codes)))
    day = days(table[date])
    rows = np.flatnonzero(chosen & (day <= seen))
    latest = np.zeros(count, np.int64)
    np.maximum.at(latest, _positions(table)[rows], day[rows])
    return latest


def _last_value(labs: pa.Table, tested: np.ndarray, count: int) -> np.ndarray:
    """The result of each person's last test; infinity where there is none."""
    value = np.full(count, np.inf)
    chosen = np.asarray(pc.equal(pc.cast(whole(labs["normalized_component_code"]), pa.string()), _A1C))
    person, day = _positions(labs), days(labs["collection_datetime"])
    rows = np.flatnonzero(chosen & (day == tested[person]))
    value[person[rows]] = np.asarray(pc.cast(whole(labs["result"]), pa.float64()))[rows]
    return value
