"""Every planted truth is found by the questions its page asks, or is in the payer files while it waits for one."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from data.demo import dirt, gaps, organisation
from data.demo.pharmacy import WORDS
from data.demo.settings import load_settings
from data.truths import (
    FOUND,
    NOT_FOUND,
    PAGES,
    TOO_FEW,
    TruthError,
    check,
    check_files,
    months_before,
    read_truths,
)

ROOT = Path(__file__).resolve().parents[3]
TRUTHS = read_truths()
LAST = date(2026, 10, 1)


def test_there_are_at_least_twelve_and_each_says_where_since_when_and_how_much() -> None:
    assert len(TRUTHS) >= 12
    for truth in TRUTHS:
        assert truth.title and truth.see and truth.where and truth.since and truth.size, truth.id
        assert truth.waiting is None or truth.waiting in PAGES


def test_the_product_finds_every_truth_that_does_not_wait(demo_warehouse: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "data", "truths", "--to", str(demo_warehouse)],
        cwd=ROOT, env={**os.environ, "COLUMNS": "200"}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    for truth in TRUTHS:
        assert " ".join(truth.title.split()[:2]) in done.stdout, truth.id
    # Some truths take more than 2,000 members to tell from chance.
    allowed = {truth.id for truth in TRUTHS if getattr(truth.check, "enough", 0)}
    assert allowed == {"practice_above", "outpatient_price", "drug_jump", "coding_rise"}
    assert done.stdout.count("│ too few ") <= len(allowed)


@pytest.mark.parametrize("truth", [truth for truth in TRUTHS if truth.files], ids=lambda truth: truth.id)
def test_a_truth_that_waits_or_takes_many_members_is_in_the_files(truth, demo_feeds: Path) -> None:
    there, value = check_files(truth, demo_feeds)
    assert there, f"{truth.title}: {value}"


def test_the_truths_say_what_the_settings_plant() -> None:
    planted, truths = load_settings().truths, {truth.id: truth for truth in TRUTHS}
    assert truths["clinic_closed"].months_ago == planted.clinic_closed.ago
    assert planted.clinic_closed.practice in truths["clinic_closed"].where
    assert f"× {planted.clinic_closed.factor}" in truths["clinic_closed"].size
    assert truths["outpatient_price"].months_ago == planted.price_jump.ago
    assert truths["outpatient_price"].where == planted.price_jump.facility
    assert f"× {planted.price_jump.factor}" in truths["outpatient_price"].size
    assert truths["many_visits"].months_ago == planted.many_visits.ago
    assert truths["many_visits"].size.startswith(str(planted.many_visits.visits))
    assert truths["retroactive_ends"].months_ago == planted.retroactive_ends.ago
    assert planted.outside_group.name in truths["outside_group"].where
    assert f"at {planted.outside_group.price} times" in truths["outside_group"].size
    assert truths["drug_jump"].months_ago == planted.drug_jump.ago
    assert f"× {planted.drug_jump.factor}" in truths["drug_jump"].size
    assert WORDS[planted.drug_jump.ndc][0] in truths["drug_jump"].where
    assert f"{round(planted.coding_rise.yearly * 100)} percentage points" in truths["coding_rise"].size
    assert planted.small_facility in truths["small_facility"].where
    assert truths["pharmacy_file_missing"].months_ago == dirt.LOST_PHARMACY[1]
    assert truths["delivery_late"].months_ago == dirt.LATE[1]
    assert truths["file_cut_short"].months_ago == dirt.CUT_SHORT[1]
    assert truths["file_sent_twice"].months_ago == dirt.SENT_TWICE[1] - 1
    assert organisation.LEFT_PRACTICE in truths["assigned_to_nobody"].where
    assert organisation.SHORT_TEAM in truths["nurses_short"].where
    assert truths["misses_by_nine"].files is not None
    assert truths["misses_by_nine"].files.expect.equals == gaps.SHORT_BY
    practices = {practice.name: practice.ed_factor for practice in load_settings().practices}
    assert f"× {practices['Eastgate Family Practice']}" in truths["practice_above"].size
    assert f"× {practices['Cedar Lane Physicians']}" in truths["practice_below"].size


# ---- the check itself can fail ---------------------------------------------------------------------------


def asked(name: str, *answers: pd.DataFrame) -> tuple[str, str]:
    """The status and words of one truth, given the answers to its question in order."""
    waiting = list(answers)
    truth = next(truth for truth in TRUTHS if truth.id == name)
    (outcome,) = check([truth], lambda question, filters, params: waiting.pop(0), LAST)
    return outcome.status, outcome.words


def test_a_late_delivery_that_came_in_time_is_not_found() -> None:
    row = {"kind": "medical_claim", "status": "late", "days_late": 12}
    assert asked("delivery_late", pd.DataFrame([row]))[0] == FOUND
    assert asked("delivery_late", pd.DataFrame([row | {"status": "arrived"}]))[0] == NOT_FOUND
    assert asked("delivery_late", pd.DataFrame([row | {"days_late": 1}]))[0] == NOT_FOUND


def test_a_practice_within_the_limits_is_not_found_or_too_small_to_tell() -> None:
    names = ["Eastgate Family Practice", "B", "C", "D"]

    def answer(visits: int, scale: float = 1.0) -> pd.DataFrame:
        counts = [visits, 300, 290, 310]
        return pd.DataFrame(
            {
                "group_id": names,
                "group_name": names,
                "visits": [count * scale for count in counts],
                "member_months": [9_000 * scale] * 4,
            }
        )

    assert asked("practice_above", answer(500))[0] == FOUND
    status, words = asked("practice_above", answer(310))
    assert status == NOT_FOUND and "within" in words
    assert asked("practice_above", answer(310, scale=0.5))[0] == TOO_FEW


def test_the_busiest_member_must_have_the_visits_planted() -> None:
    assert asked("many_visits", pd.DataFrame({"person_id": ["a"] * 17 + ["b"] * 3}))[0] == FOUND
    assert asked("many_visits", pd.DataFrame({"person_id": ["a"] * 9}))[0] == NOT_FOUND
    assert asked("many_visits", pd.DataFrame({"person_id": []}))[0] == NOT_FOUND


def test_a_price_that_stood_still_is_not_found() -> None:
    def answer(price: float, visits: float = 80.0) -> pd.DataFrame:
        row = {"provider_name": "Millbrook Community Hospital", "network": "in", "unit_cost": price}
        return pd.DataFrame([row | {"units": visits}])

    assert asked("outpatient_price", answer(1_250.0), answer(1_000.0))[0] == FOUND
    assert asked("outpatient_price", answer(1_010.0), answer(1_000.0))[0] == NOT_FOUND
    assert asked("outpatient_price", answer(1_010.0, visits=20), answer(1_000.0))[0] == TOO_FEW


def test_totals_that_agree_are_not_found() -> None:
    row = {"kind": "medical_claim", "payer_lines": 1_000.0, "lines": 880.0}
    assert asked("file_cut_short", pd.DataFrame([row])) == (FOUND, "1 row; 12.0% less lines than payer_lines")
    assert asked("file_cut_short", pd.DataFrame([row | {"lines": 1_000.0}]))[0] == NOT_FOUND


def test_scores_that_rise_with_age_alone_are_not_coding() -> None:
    row = {"year": 2026, "coding": 400.0, "continuing_previous": 10_000.0, "continuing": 9_500}
    assert asked("coding_rise", pd.DataFrame([row]))[0] == FOUND
    assert asked("coding_rise", pd.DataFrame([row | {"coding": 20.0}]))[0] == NOT_FOUND
    assert asked("coding_rise", pd.DataFrame([row | {"coding": 20.0, "continuing": 600}]))[0] == TOO_FEW


def test_months_count_back_over_the_turn_of_the_year() -> None:
    assert months_before(date(2026, 3, 1), 5) == date(2025, 10, 1)
    assert months_before(date(2026, 12, 1), 0) == date(2026, 12, 1)


def test_a_truth_without_a_check_is_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "truths.yaml"
    words = "title: t, see: s, where: w, since: s, size: s"
    file.write_text(f"truths:\n  - {{id: lonely, {words}}}\n")
    with pytest.raises(TruthError, match="lonely: needs a question and a check"):
        read_truths(file)
