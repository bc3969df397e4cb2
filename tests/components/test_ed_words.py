"""The ED page's sentences say no more than the numbers under them, also when there are few."""

from __future__ import annotations

import pandas as pd

from components import ed_figures


def curve(*rows: tuple[int, int]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["visits_per_member", "members"])
    return frame.assign(visits=frame["visits_per_member"] * frame["members"])


def test_one_in_a_hundred_of_ten_people_is_nobody() -> None:
    headline, line = ed_figures.concentration_words(curve((0, 7), (1, 2), (5, 1)))
    assert headline == "1 member made 5 visits, the most of all"
    assert "top" not in line and line.startswith("10 members")


def test_a_hundred_members_have_a_top_one_percent() -> None:
    headline, line = ed_figures.concentration_words(curve((0, 60), (1, 39), (11, 1)))
    assert headline == "The top 1% of members made 22% of visits"
    assert "the top 5% made 30%" in line


def test_nobody_visited() -> None:
    assert ed_figures.concentration_words(curve((0, 500)))[0] == "No member had a visit"


def diagnoses(**visits: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "primary_diagnosis": list(visits),
            "diagnosis_description": ["Not known" if code == "none" else "Chest pain" for code in visits],
            "diagnosis_category": ["Not known" if code == "none" else "Injury" for code in visits],
            "visits": list(visits.values()),
        }
    )


def test_a_missing_diagnosis_is_never_the_commonest_reason() -> None:
    said = ed_figures.diagnosis_words(diagnoses(none=6, R079=4), "primary_diagnosis")
    assert said == "The commonest reason is chest pain, 40% of visits"
    said = ed_figures.diagnosis_words(diagnoses(none=6, R079=4), "diagnosis_category")
    assert said == "The commonest reason is injury, 40% of visits"


def test_no_visit_has_a_diagnosis() -> None:
    said = ed_figures.diagnosis_words(diagnoses(none=6), "primary_diagnosis")
    assert said == "No visit has a known reason"
