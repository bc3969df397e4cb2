"""The change of a PMPM by cause: by hand, and exact for whatever random changes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analytics.change import CAUSES, pmpm_change

COLUMNS = ["medical_amount", "pharmacy_amount", "member_months", "pharmacy_member_months"]


def frame(rows: list[tuple[object, ...]], *names: str) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=[*names, *COLUMNS])


def test_dollars_and_member_months_of_a_cause_both_move_the_pmpm() -> None:
    # Then: 1,000 dollars of 10 member-months, 100 PMPM. Late claims bring 90; two members with nothing paid yet.
    totals = frame([("2026-02", 1090, 0, 12, 0)], "month")
    changes = frame([("2026-02", "late_claims", 90, 0, 0, 0), ("2026-02", "retroactive_enrolment", 0, 0, 2, 0)],
                    "month", "cause")  # fmt: skip
    found = pmpm_change(changes, totals).set_index("cause")
    assert found.attrs == {"before": {"2026-02": 100.0}, "after": {"2026-02": pytest.approx(1090 / 12)}}
    assert found.at["late_claims", "pmpm"] == pytest.approx(90 / 12)
    assert found.at["retroactive_enrolment", "from_member_months"] == pytest.approx(-200 / 12)
    assert found["pmpm"].sum() == pytest.approx(1090 / 12 - 100)
    assert found["amount"].sum() == 90


def test_a_month_that_was_not_there_comes_whole_from_what_came() -> None:
    totals = frame([("2026-03", 500, 60, 5, 6)], "month")
    changes = frame([("2026-03", "new_activity", 500, 60, 5, 6)], "month", "cause")
    found = pmpm_change(changes, totals).set_index("cause")
    assert found.at["new_activity", "pmpm"] == pytest.approx(110) and found.attrs["before"] == {
        "2026-03": 0.0
    }


def test_pharmacy_can_be_left_out() -> None:
    totals = frame([("2026-03", 500, 60, 5, 6)], "month")
    changes = frame([("2026-03", "late_claims", 100, 60, 0, 0)], "month", "cause")
    found = pmpm_change(changes, totals, pharmacy=False).set_index("cause")
    assert found.at["late_claims", "pmpm"] == pytest.approx(20) and found.at["late_claims", "amount"] == 100


def test_the_causes_sum_to_the_change_for_random_changes() -> None:
    draw = np.random.default_rng(4)
    for _ in range(200):
        months = ["a", "b", "c"]
        totals = frame(
            [(name, *draw.integers(0, 5000, 2), *draw.integers(0, 4, 2)) for name in months], "month"
        )
        changes = frame(
            [
                (draw.choice(months), draw.choice(list(CAUSES)), *draw.normal(0, 900, 2), *draw.integers(-2, 3, 2))
                for _ in range(12)
            ],
            "month", "cause",
        )  # fmt: skip
        # Nobody's dollars are dollars of nobody.
        for frame_of, amount, people in ((totals, 0, 2), (totals, 1, 3)):
            frame_of.loc[frame_of[COLUMNS[people]] == 0, COLUMNS[amount]] = 0
        found = pmpm_change(changes, totals)
        moved = found.groupby("month")["pmpm"].sum()
        old = totals.set_index("month")[COLUMNS] - changes.groupby("month")[COLUMNS].sum().reindex(
            months, fill_value=0
        )
        for name in months:
            after, before = found.attrs["after"][name], found.attrs["before"][name]
            emptied = [
                (totals.set_index("month").at[name, people] == 0) or old.at[name, people] == 0
                for people in COLUMNS[2:]
            ]
            if not any(emptied):
                assert moved[name] == pytest.approx(after - before, abs=1e-6)


def test_a_month_nobody_is_enrolled_in_any_more_loses_its_pmpm() -> None:
    totals = frame([("2026-02", 0, 0, 0, 0)], "month")
    changes = frame([("2026-02", "retroactive_enrolment", -300, 0, -3, 0)], "month", "cause")
    found = pmpm_change(changes, totals).set_index("cause")
    assert found.at["retroactive_enrolment", "pmpm"] == pytest.approx(-100)


def test_an_unknown_cause_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown cause: magic"):
        pmpm_change(
            frame([("a", "magic", 1, 1, 1, 1)], "month", "cause"), frame([("a", 1, 1, 1, 1)], "month")
        )
