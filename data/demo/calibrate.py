"""Fits the demo to its targets: `python -m data.demo.calibrate [--members N] [--rounds N] [--check]`.

Makes a population, measures it as the test does, and moves each contract's factors towards
calibration.yaml; fitted.yaml keeps them. `--check` only measures, and prints target beside actual. The fit
uses other seeds than the test, so that the factors fit the model and not one draw of it.

`--budgets WAREHOUSE` only measures what budgets are made from, in a warehouse built from the demo.
"""

from __future__ import annotations

import argparse
import sys
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import yaml

from data.demo import budgets, calibration, population
from data.demo.codes import ed_weights
from data.demo.encounters import last_mature_month
from data.demo.network import build_network
from data.demo.people import Months
from data.demo.settings import CONTRACT_KEYS, ROOM, Fitted, Settings, load_settings

THROUGH = date(2026, 10, 31)
FIT_SEED, CHECK_SEED = 20_260, 31
# (factor, measures that may set it, how strongly it answers: target / actual to this power)
_ANSWERS: tuple[tuple[str, tuple[str, ...], float], ...] = (
    ("ed", ("ed_visits_per_1000",), 1.0),
    ("readmission", ("readmission_30d",), 1.0),
    ("direct", ("admissions_per_1000",), 2.0),
    ("follow_up", ("follow_up_7d",), 1.8),
    ("inpatient", ("paid_pmpm_inpatient", "allowed_pmpm_inpatient"), 1.0),
    ("outpatient", ("paid_pmpm_outpatient", "allowed_pmpm_outpatient"), 1.0),
    ("office_based", ("paid_pmpm_office_based", "allowed_pmpm_office_based"), 1.0),
    ("ancillary", ("paid_pmpm_ancillary", "allowed_pmpm_ancillary"), 1.0),
    ("pharmacy", ("allowed_pmpm_pharmacy",), 1.0),
    ("a1c", ("a1c_tested",), 1.0),
    ("mammogram", ("breast_cancer_screening",), 1.0),
)


def measured(settings: Settings, members: int, seed: int) -> dict[tuple[str, str], float]:
    """Actual values of a population of `members`, by (measure, contract)."""
    months = Months.ending(np.datetime64(THROUGH), settings.history_months)
    places = build_network(settings, members, population.generator(seed, "network", 0))
    with duckdb.connect() as connection:
        connection.execute("set enable_progress_bar = false")
        calibration.load(connection, population.chunks(settings, members, seed, months, places))
        weights = [
            {"icd10": row["icd10"]}
            | {name: float(value) for name, value in row.items() if name not in ("icd10", "citation")}
            for row in ed_weights()
        ]
        connection.register("weights", pa.Table.from_pylist(weights))
        connection.execute("create table weight as from weights")
        mature = settings.history_months - 1 - last_mature_month(settings)
        return calibration.measure(connection, THROUGH, mature)


def compared(actual: dict[tuple[str, str], float]) -> list[calibration.Result]:
    """Every target with its actual value; 0 where nothing was measured."""
    return [
        calibration.Result(item, actual.get((item.measure, item.contract), 0.0))
        for item in calibration.targets()
    ]


def moved(settings: Settings, actual: dict[tuple[str, str], float], step: float) -> dict[str, Fitted]:
    """Each contract's factors, moved towards the targets; `step` is the part of the way (1: all of it)."""
    wanted = {(item.measure, item.contract): item.target for item in calibration.targets()}
    result = {}
    for key in CONTRACT_KEYS:
        factors = settings.fitted.get(key, Fitted()).model_dump()

        def off(measure: str, key: str = key) -> float:
            pair = (measure, key)
            return wanted[pair] / actual[pair] if pair in wanted and actual.get(pair) else 1.0

        for name, measures, power in _ANSWERS:
            way = np.prod([off(item) for item in measures]) ** (power * step)
            factors[name] *= float(np.clip(way, 0.5, 2.0))
        factors["admitted"] *= (off("ed_admitted_per_1000") / off("ed_visits_per_1000")) ** step
        rate = ("generic_dispensing_rate", key)
        if rate in wanted:
            factors["brand"] *= ((1 - wanted[rate]) / (1 - actual[rate])) ** step
        result[key] = Fitted(**{name: round(value, 4) for name, value in factors.items()})
    return result


def write(fitted: dict[str, Fitted]) -> None:
    """Keep the factors in fitted.yaml."""
    title = (
        "# Factors fitted to calibration.yaml by `python -m data.demo.calibrate`; not to be edited by hand.\n"
    )
    content = {key: item.model_dump() for key, item in fitted.items()}
    (ROOM / "fitted.yaml").write_text(title + yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    """Fit, or check; 1 if a target is missed at the end."""
    parser = argparse.ArgumentParser(prog="python -m data.demo.calibrate", description=__doc__)
    parser.add_argument("--members", type=int, default=40_000, help="population to fit to (default 40,000)")
    parser.add_argument("--rounds", type=int, default=6, help="rounds of fitting (default 6)")
    parser.add_argument("--after", type=int, default=0, help="rounds gone before, when refining a fit")
    parser.add_argument("--check", action="store_true", help="measure only, with the test's seed")
    parser.add_argument(
        "--budgets", type=Path, metavar="WAREHOUSE", help="only write budget.csv, from this warehouse"
    )
    options = parser.parse_args(arguments)
    if options.budgets:
        budgets.write(options.budgets)
        return 0
    settings = load_settings()
    for number in range(0 if options.check else options.rounds):
        actual = measured(settings, options.members, FIT_SEED + number + options.after)
        missed = [item for item in compared(actual) if not item.holds]
        names = ", ".join(f"{item.target.measure} {item.target.contract} {item.off:+.0%}" for item in missed)
        print(f"round {number + 1}: {len(missed)} beyond 10%: {names}", flush=True)
        # Every round is another draw: later ones move less, so that the factors settle on the average.
        fitted = moved(settings, actual, 1 / max(number + options.after, 1))
        settings = settings.model_copy(update={"fitted": fitted})
        write(settings.fitted)
    results = compared(measured(settings, options.members, CHECK_SEED))
    print(calibration.table(results))
    return int(any(not item.holds for item in results))


if __name__ == "__main__":
    sys.exit(main())
