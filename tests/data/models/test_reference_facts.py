"""Facts the project ships are those of their published sources."""

from __future__ import annotations

import csv
import statistics
from pathlib import Path

import pytest

from data.project import SEEDS

# Metric of the benchmark, column of the CMS file, and what makes of it the unit of the benchmark.
MSSP = [
    ("ed_total_per_1000", "p_edv_vis", 1),
    ("ed_admitted_per_1000", "p_edv_vis_hosp", 1),
    ("admissions_per_1000", "adm", 1),
    ("snf_admissions_per_1000", "p_snf_adm", 1),
    ("pmpm", "per_capita_exp_total_py", 12),
]


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(("metric", "column", "divisor"), MSSP)
def test_aco_percentiles_are_those_of_the_published_file(
    shared: Path, metric: str, column: str, divisor: int
) -> None:
    published = [
        float(row[column]) / divisor for row in _rows(shared / "data" / "mssp_results" / "py2021.csv")
    ]
    assert len(published) == 475
    twentieths = statistics.quantiles(published, n=20, method="inclusive")
    expected = {f"p{5 * (i + 1)}": value for i, value in enumerate(twentieths)}
    shipped = {
        row["statistic"]: float(row["value"])
        for row in _rows(SEEDS / "benchmark.csv")
        if row["metric_id"] == metric and row["vintage"] == "PY2021"
    }
    assert set(shipped) == {"p10", "p25", "p50", "p75", "p90"}
    for statistic, value in shipped.items():
        assert value == pytest.approx(expected[statistic], abs=0.51), statistic


def test_drg_descriptions_are_those_of_the_published_list(shared: Path) -> None:
    """Word by word but for capitals, for every DRG the published list has."""
    published = {row["ms_drg"]: row["description"] for row in _rows(shared / "reference" / "ms_drg.csv")}
    shipped = {row["drg"]: row["description"] for row in _rows(SEEDS / "drg.csv")}
    assert len(shipped) == len(_rows(SEEDS / "drg.csv"))
    different = {
        drg: (text, published[drg])
        for drg, text in shipped.items()
        if drg in published and text.upper() != published[drg].upper()
    }
    assert not different


# AHRQ Quality Indicators, PQE_AREA_FORMATS.sas v2025: its format Influenza, complete, and diagnoses beside it.
INFLUENZA = [f"J10{code}" for code in ("1", "2", "81", "82", "83", "89")] + [
    f"J11{code}" for code in ("1", "2", "81", "82", "83", "89")
]
NOT_LISTED = ["J1000", "J1001", "J1008", "J1100", "J1108", "J09X1", "B349", "J020", "J200"]


@pytest.mark.parametrize(
    ("codes", "listed"), [pytest.param(INFLUENZA, True, id="in"), pytest.param(NOT_LISTED, False, id="out")]
)
def test_acute_prevention_conditions_are_ahrqs(codes: list[str], listed: bool) -> None:
    prefixes = tuple(
        row["code_prefix"] for row in _rows(SEEDS / "ed_prevention.csv") if row["condition"] == "acute_acs"
    )
    assert {code: code.startswith(prefixes) for code in codes} == dict.fromkeys(codes, listed)
