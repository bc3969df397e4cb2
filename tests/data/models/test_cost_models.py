"""Models of cost one at a time: a few input rows, the rows expected, no build."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from data.project import SEEDS

Rows = list[dict[str, Any]]
RunModel = Callable[..., Rows]

INSTITUTIONAL, PROFESSIONAL = "institutional", "professional"


def line(kind: str, **codes: str) -> dict[str, Any]:
    """A claim line with the codes that decide its category; the others are null."""
    names = ("bill_type_code", "revenue_center_code", "place_of_service_code", "hcpcs_code")
    providers = ("rendering_npi", "billing_npi", "facility_npi")
    return {"claim_type": kind, **{name: codes.get(name) for name in (*names, *providers)}}


def bill(kind: str, revenue: str | None = None, code: str | None = None, facility: str | None = None) -> dict:
    codes = {
        "bill_type_code": kind,
        "revenue_center_code": revenue,
        "hcpcs_code": code,
        "facility_npi": facility,
    }
    return line(INSTITUTIONAL, **{name: value for name, value in codes.items() if value})


def visit(place: str | None, code: str, rendering: str | None = None) -> dict:
    codes = {"place_of_service_code": place, "hcpcs_code": code, "rendering_npi": rendering}
    return line(PROFESSIONAL, **{name: value for name, value in codes.items() if value})


# What decides, the line, the flag of its claim, the category.
CATEGORIES: list[tuple[str, dict[str, Any], str, str, str]] = [
    ("bill type", bill("111", "0120"), "", "inpatient", "acute inpatient"),
    ("bill type", bill("211", "0420"), "", "inpatient", "skilled nursing facility"),
    ("taxonomy of the facility", bill("111", "0120", None, "psych"), "", "inpatient", "inpatient psychiatric"),
    ("rehabilitation room", bill("111", "0250"), "rehabilitation", "inpatient", "inpatient rehabilitation"),
    ("whole ED claim", bill("131", "0300", "80053"), "emergency_department", "outpatient", "emergency department"),
    ("revenue centre", bill("131", "0360", "29881"), "", "outpatient", "outpatient surgery"),
    ("revenue centre", bill("131", "0636", "J0178"), "", "outpatient", "outpatient drugs"),
    ("revenue centre", bill("131", "0350", "70450"), "", "outpatient", "outpatient radiology"),
    ("revenue centre", bill("131", "0906"), "", "outpatient", "outpatient substance use"),
    ("revenue centre", bill("131", "0540", "A0427"), "", "ancillary", "ambulance"),
    ("code, where the revenue centre says little", bill("131", "0510", "45385"), "", "outpatient", "outpatient surgery"),
    ("code before surgery", bill("131", "0510", "36415"), "", "ancillary", "lab"),
    ("bill type at last", bill("131", "0510", "99213"), "", "outpatient", "outpatient hospital or clinic"),
    ("bill type before revenue centre", bill("721", "0301", "80053"), "", "outpatient", "dialysis"),
    ("no bill type", bill("", "0510"), "", "other", "other"),
    ("place", visit("21", "99223"), "", "inpatient", "acute inpatient"),
    ("place", visit("24", "66984"), "", "outpatient", "ambulatory surgery center"),
    ("place and code", visit("22", "66984"), "", "outpatient", "outpatient surgery"),
    ("anaesthesia is no laboratory test", visit("22", "00142"), "", "outpatient", "outpatient surgery"),
    ("proprietary laboratory analysis", visit("11", "0142U"), "", "ancillary", "lab"),
    ("drug in the office", visit("11", "J0178"), "", "office_based", "office-based drugs"),
    ("office visit", visit("11", "99213"), "", "office_based", "office-based visit"),
    ("other in the office", visit("11", "93000"), "", "office_based", "office-based other"),
    ("taxonomy of who saw the member", visit("11", "99213", "psychologist"), "", "office_based", "office-based mental health"),
    ("psychotherapy", visit("11", "90837"), "", "office_based", "office-based mental health"),
    ("telehealth", visit("10", "99213"), "", "office_based", "telehealth visit"),
    ("no place", visit(None, "99213"), "", "other", "other"),
    ("claim type", line("dental"), "", "other", "dental"),
]  # fmt: skip


@pytest.fixture(scope="module")
def categories(run_model: RunModel) -> dict[tuple[Any, ...], tuple[str, str]]:
    """Category by codes, taxonomy and flag, of all lines above in one run."""
    kinds = {"psych": "283Q", "psychologist": "103T"}
    rows = run_model(
        "staging.service_category",
        {
            "staging.medical_claim": [item[1] for item in CATEGORIES],
            "staging.provider_taxonomy": [
                {"npi": npi, "taxonomy_prefix": prefix} for npi, prefix in kinds.items()
            ],
        },
    )
    return {
        tuple(list(row.values())[:7]): (row["service_category_1"], row["service_category_2"]) for row in rows
    }


@pytest.mark.parametrize(("why", "row", "flag", "first", "second"), CATEGORIES)
def test_a_line_has_the_category_its_codes_say(
    categories: dict[tuple[Any, ...], tuple[str, str]],
    why: str,
    row: dict[str, Any],
    flag: str,
    first: str,
    second: str,
) -> None:
    provider = {"psych": "283Q", "psychologist": "103T"}.get(row["rendering_npi"] or row["facility_npi"], "")
    key = (
        row["claim_type"],
        (row["bill_type_code"] or "")[:2],
        row["revenue_center_code"] or "",
        row["place_of_service_code"] or "",
        row["hcpcs_code"] or "",
        provider,
        flag,
    )
    assert categories[key] == (first, second), why


def seed(name: str) -> list[dict[str, str]]:
    with (SEEDS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_category_has_a_unit_and_is_known_to_be_referred_or_not() -> None:
    rules = seed("service_category")
    pairs = {(rule["service_category_1"], rule["service_category_2"]) for rule in rules}
    pairs.add(("pharmacy", "pharmacy"))
    units = {(row["service_category_1"], row["service_category_2"]): row for row in seed("service_unit")}
    assert set(units) == pairs
    assert {row["counted"] for row in units.values()} == {"stay", "bill", "facility day", "day", "fill"}
    referable = {row["service_category_2"]: row for row in seed("referable_service")}
    assert set(referable) == {second for _, second in pairs}
    assert all(row["is_referable"] in ("yes", "no") and row["why"] for row in referable.values())


def test_the_last_rule_fits_every_line_and_every_rule_names_its_source() -> None:
    rules = seed("service_category")
    conditions = [name for name in rules[0] if name not in ("priority", "source") and "category" not in name]
    assert [rule["priority"] for rule in rules] == [str(n) for n in range(1, len(rules) + 1)]
    assert all(rules[-1][name] == "" for name in conditions)
    assert all(rule["source"] for rule in rules)


def member_months(person: str, year: int, months: int, market: str = "north") -> Rows:
    return [
        {"person_id": person, "contract_id": "aco", "market_id": market, "month": dt.date(year, month, 1)}
        for month in range(1, months + 1)
    ]


def spent(person: str, year: int, month: int, amount: float, *, enrolled: bool = True) -> dict[str, Any]:
    return {
        "person_id": person, "contract_id": "aco", "month": dt.date(year, month, 1), "in_enrolment": enrolled,
        "paid_amount": amount / 2, "allowed_amount": amount,
    }  # fmt: skip


def test_the_cap_holds_for_the_share_of_the_year_enrolled_and_the_threshold_for_any(
    run_model: RunModel,
) -> None:
    rows = run_model(
        "mart.member_year",
        {
            "mart.contract": [
                {"contract_id": "aco", "truncation_cap": 120_000.0, "large_claimant_threshold": 100_000.0}
            ],
            "mart.member_month": [
                *member_months("whole_year", 2025, 12),
                *member_months("quarter", 2025, 3),
                *member_months("cheap", 2025, 12),
                *member_months("outside", 2025, 12),
                *member_months("nothing", 2025, 1),
            ],
            "staging.spend_month": [
                spent("whole_year", 2025, 1, 100_000),
                spent("whole_year", 2025, 7, 140_000),
                spent("quarter", 2025, 2, 60_000),
                spent("cheap", 2025, 2, 100_000),
                spent("outside", 2025, 2, 500_000, enrolled=False),
            ],
        },
    )
    found = {row["person_id"]: row for row in rows}
    assert {name: row["months_enrolled"] for name, row in found.items()} == {
        "whole_year": 12, "quarter": 3, "cheap": 12, "outside": 12, "nothing": 1,
    }  # fmt: skip
    # 240,000 allowed under a cap of 120,000; 60,000 under 120,000 × 3 ÷ 12.
    assert {name: row["allowed_factor"] for name, row in found.items()} == {
        "whole_year": 0.5, "quarter": 0.5, "cheap": 1.0, "outside": 1.0, "nothing": 1.0,
    }  # fmt: skip
    assert found["whole_year"]["paid_factor"] == 1.0
    assert found["quarter"]["paid_factor"] == 1.0
    # 140,000 of 240,000 are over 100,000; exactly at the threshold is not over it.
    assert found["whole_year"]["allowed_over_share"] == pytest.approx(14 / 24)
    assert found["whole_year"]["paid_over_share"] == pytest.approx(2 / 12)
    assert found["quarter"]["allowed_over_share"] == found["cheap"]["allowed_over_share"] == 0.0


def test_without_a_cap_nothing_is_cut(run_model: RunModel) -> None:
    rows = run_model(
        "mart.member_year",
        {
            "mart.contract": [
                {"contract_id": "aco", "truncation_cap": None, "large_claimant_threshold": 1e5}
            ],
            "mart.member_month": member_months("dear", 2025, 12),
            "staging.spend_month": [spent("dear", 2025, 1, 1_000_000)],
        },
        types={"mart.contract": {"truncation_cap": "double"}},
    )
    assert [(row["paid_factor"], row["allowed_factor"]) for row in rows] == [(1.0, 1.0)]


def test_a_large_claimant_continues_if_the_year_before_was_over_too(run_model: RunModel) -> None:
    def year(person: str, number: int, allowed: float) -> dict[str, Any]:
        return {
            "person_id": person, "contract_id": "aco", "market_id": "north", "year": number, "threshold": 1e5,
            "paid": allowed * 0.9, "allowed": allowed,
        }  # fmt: skip

    rows = run_model(
        "mart.large_claimant",
        {
            "mart.member_year": [
                year("stays", 2024, 150_000), year("stays", 2025, 130_000),
                year("new", 2024, 100_000), year("new", 2025, 105_000),
            ]
        },
    )  # fmt: skip
    found = {(row["person_id"], row["year"]): row for row in rows}
    assert {key: row["is_continuing"] for key, row in found.items()} == {
        ("stays", 2024): False, ("stays", 2025): True, ("new", 2025): False,
    }  # fmt: skip
    assert found["new", 2025]["over_threshold"] == 5_000
    assert found["new", 2025]["paid_over"] == 0


def test_network_spans_that_overlap_or_follow_are_one_and_a_gap_parts_them(run_model: RunModel) -> None:
    def listed(npi: str, start: str | None, end: str | None) -> dict[str, Any]:
        day = dt.date.fromisoformat
        return {
            "contract_id": "aco", "npi": npi, "start_date": day(start) if start else None,
            "end_date": day(end) if end else None,
        }  # fmt: skip

    rows = run_model(
        "staging.network_span",
        {
            "raw.network": [
                listed("follows", "2025-01-01", "2025-06-30"), listed("follows", "2025-07-01", None),
                listed("overlaps", "2025-01-01", "2025-12-31"), listed("overlaps", "2025-03-01", "2025-06-30"),
                listed("returns", "2025-01-01", "2025-03-31"), listed("returns", "2025-06-01", "2025-12-31"),
                listed("always", None, None),
            ]
        },
    )  # fmt: skip
    spans = sorted((row["npi"], str(row["first_day"]), str(row["last_day"])) for row in rows)
    assert spans == [
        ("always", "1900-01-01", "2999-12-31"),
        ("follows", "2025-01-01", "2999-12-31"),
        ("overlaps", "2025-01-01", "2025-12-31"),
        ("returns", "2025-01-01", "2025-03-31"),
        ("returns", "2025-06-01", "2025-12-31"),
    ]


def test_a_specialty_is_the_organisations_word_else_the_taxonomys(run_model: RunModel) -> None:
    def provider(npi: str, specialty: str | None, taxonomy: str | None) -> dict[str, Any]:
        return {
            "npi": npi, "feed": "org", "row_number": 1, "provider_name": npi, "practice_name": None,
            "provider_type": "practitioner", "market_id": "north", "specialty": specialty,
            "taxonomy_code": taxonomy,
        }  # fmt: skip

    rows = run_model(
        "mart.provider",
        {
            "raw.provider": [
                provider("word", "heart doctor", "207RC0000X"), provider("code", None, "207Q00000X"),
                provider("known_word", "Family medicine", None), provider("other_word", "sorcery", None),
                provider("nothing", None, None),
            ],
            "staging.claim_header": [{"facility_npi": "f9", "claim_type": INSTITUTIONAL}],
            "raw.attribution": [],
        },
    )  # fmt: skip
    found = {row["npi"]: (row["specialty"], row["is_primary_care"]) for row in rows}
    assert found == {
        "word": ("heart doctor", False),
        "code": ("family medicine", True),
        "known_word": ("Family medicine", True),
        "other_word": ("sorcery", False),
        "nothing": (None, None),
        "f9": (None, None),
        "unknown": (None, None),
    }


def test_drugs_are_counted_by_ingredient_and_fills_not_taken_back(run_model: RunModel) -> None:
    def fill(ndc: str, drug: str, days: int | None, units: float = 1, allowed: float = 10) -> dict[str, Any]:
        known = drug != ndc
        money = dict.fromkeys(
            ("paid", "allowed", "paid_truncated", "allowed_truncated", "paid_over", "allowed_over"), allowed
        )
        return {
            "claim_type": "pharmacy", "in_enrolment": True, "contract_id": "aco", "market_id": "north",
            "care_team_id": None, "pcp_npi": None, "practice_name": None, "month": dt.date(2025, 1, 1),
            "ndc_code": ndc, "drug": drug, "drug_name": f"{drug} pill" if known else None,
            "is_generic": True if known else None, "is_specialty": False if known else None,
            "days_supply": days, "units": units, **money,
        }  # fmt: skip

    rows = run_model(
        "mart.drug_month",
        {
            "mart.claim_line": [
                fill("1", "metformin (generic)", 90), fill("2", "metformin (generic)", 84),
                fill("2", "metformin (generic)", 30), fill("2", "metformin (generic)", None),
                fill("2", "metformin (generic)", 90, units=0), fill("2", "metformin (generic)", 90, 0, -10),
                fill("7", "7", 83),
            ]
        },
    )  # fmt: skip
    found = {row["drug"]: row for row in rows}
    metformin = found["metformin (generic)"]
    assert (metformin["fills"], metformin["fills_90"], metformin["fills_with_days"]) == (4, 2, 3)
    assert (metformin["days_supply"], metformin["allowed"]) == (204, 40)
    assert (found["7"]["fills"], found["7"]["fills_90"], found["7"]["is_generic"]) == (1, 0, None)


def test_a_month_of_unknown_risk_weighs_one_and_says_so(run_model: RunModel) -> None:
    def month(person: str, weight: float | None, pharmacy: int = 1) -> dict[str, Any]:
        return {
            "person_id": person, "contract_id": "aco", "market_id": "north", "line_of_business": "medicare",
            "care_team_id": "t1", "pcp_npi": "p1", "practice_name": "Practice", "month": dt.date(2025, 1, 1),
            "medical_member_months": 1.0, "pharmacy_member_months": float(pharmacy), "risk_weight": weight,
        }  # fmt: skip

    rows = run_model(
        "mart.enrolment_group", {"mart.member_month": [month("a", 2.5), month("b", None, 0), month("c", 0.5)]}
    )
    assert len(rows) == 1
    group = rows[0]
    assert (group["member_months"], group["pharmacy_member_months"], group["members"]) == (3, 2, 3)
    assert (group["risk_months"], group["risk_known_months"]) == (4, 2)
