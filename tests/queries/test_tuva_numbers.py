"""The known facts of the Tuva claims, asked as a page asks them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from access.principal import Principal
from queries import Filters, ask, drill
from queries.filters import months_before

YEARS = (2016, 2017, 2018)


@pytest.fixture
def everyone(
    tuva_warehouse: Path, serve: Callable[[Path], None], principal: Callable[..., Principal]
) -> Principal:
    serve(tuva_warehouse)
    return principal()


@pytest.fixture
def three_years(everyone: Principal) -> Filters:
    """From the first month that has claims to the last."""
    months = ask("shared/months", everyone)["month"].dt.date
    assert months.min() == months_before(months.max(), 35)
    return Filters(period_start=months.min(), period_end=months.max())


def test_309_member_months_as_115_111_and_83(everyone: Principal, three_years: Filters) -> None:
    volumes = ask("data/volumes", everyone)
    assert dict(zip(volumes["year"], volumes["member_months"], strict=True)) == dict(
        zip(YEARS, (115, 111, 83), strict=True)
    )
    assert ask("shared/months", everyone)["member_months"].sum() == 309
    assert ask("ed/summary", everyone, three_years)["member_months"].item() == 309


def test_the_medical_money_ties_to_the_cent_in_and_outside_enrolment(everyone: Principal) -> None:
    tied = ask("data/reconciliation", everyone).set_index("kind").loc["medical"]
    assert round(tied["paid_enrolled"], 2) == 150_329.10
    assert round(tied["paid_outside"], 2) == 13_489.87
    assert round(tied["paid_loaded"], 2) == 163_818.97
    assert tied["difference"] == 0
    assert round(ask("data/volumes", everyone)["medical_paid"].sum(), 2) == 150_329.10
    outside = ask("data/outside_enrolment", everyone)
    medical = outside[outside["claim_kind"] == "medical"]
    assert medical["lines"].sum() == 182
    assert round(medical["paid"].sum(), 2) == 13_489.87


def test_ten_ed_visits_four_admitted_and_six_treated_and_released(
    everyone: Principal, three_years: Filters
) -> None:
    whole = ask("ed/summary", everyone, three_years).iloc[0]
    assert (whole["total"], whole["admitted"], whole["observation"], whole["visits"]) == (10, 4, 0, 6)
    for measure, expected in (("total", 10), ("admitted", 4), ("visits", 6)):
        listed = drill("ed/summary", everyone, three_years, measure=measure, row=whole.to_dict())
        assert len(listed) == expected
    volumes = ask("data/volumes", everyone)
    assert volumes[["ed_visits", "ed_admitted", "ed_treated_and_released"]].sum().tolist() == [10, 4, 6]
    assert ask("ed/by_month", everyone, three_years, months_back=35)["visits"].sum() == 6


def test_without_weights_nothing_is_classified_rather_than_nothing_avoidable(
    everyone: Principal, three_years: Filters
) -> None:
    assert ask("ed/by_class", everyone, three_years).empty
    assert ask("ed/summary", everyone, three_years)["avoidable_share"].isna().item()


def test_five_stays_and_one_apart_with_its_reason(everyone: Principal) -> None:
    assert ask("data/volumes", everyone)["inpatient_stays"].sum() == 5
    apart = ask("data/stays_apart", everyone)
    assert apart[["claim_id", "bill_type_code", "paid"]].to_dict("records") == [
        {"claim_id": "370805", "bill_type_code": "110", "paid": 0}
    ]
    assert "non-payment" in apart["reason"].item()
