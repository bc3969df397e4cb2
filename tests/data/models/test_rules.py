"""Each rule of visits, stays, member-months, follow-up, readmission, completion and cost, on people made for it.

One raw feed holds them all, a person or two per rule, named after it; it is transformed once.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from data.transform import transform

from .conftest import Rows, attached, institutional, professional, write_raw

Row = dict[str, Any]
Work = duckdb.DuckDBPyConnection

# The triangle of contract `lag`: paid by month of service (rows) and months until payment (columns). The last
# payment month is April, so that January is known to lag 3 and April to lag 0.
PAID = {1: [100, 50, 30, 0], 2: [200, 80, 40], 3: [100, 60], 4: [120]}


def day(month: int, number: int) -> str:
    """A date of 2026 in the files' way."""
    return dt.date(2026, month, number).isoformat()


def ed(claim: str, person: str, start: str, **changes: Any) -> Row:
    """An outpatient claim with an emergency department line."""
    facts: Row = {"revenue": "0450", "paid": 100, "dx": "R079"} | changes
    return institutional(claim, 1, person, facts.pop("bill", "131"), start, **facts)


def bed(claim: str, person: str, start: str, end: str, **changes: Any) -> Row:
    """An inpatient claim."""
    facts: Row = {"revenue": "0120", "paid": 1000, "dx": "A419", "drg": "871"} | changes
    return institutional(claim, 1, person, facts.pop("bill", "111"), start, end=end, **facts)


def observed(claim: str, person: str, start: str, **changes: Any) -> Row:
    """An outpatient claim with an observation line and no emergency department line."""
    return ed(claim, person, start, **({"revenue": "0762"} | changes))


def office(claim: str, person: str, on: str, *, contract: str = "aco") -> Row:
    return professional(claim, person, on, "99213", "11", paid=50, contract=contract)


def span(person: str, start: str | None = None, end: str | None = None, **changes: Any) -> Row:
    row = {"person_id": person, "contract_id": "aco", "market_id": "north", "birth_date": "1950-01-01"}
    return row | {"enrollment_start_date": start or day(1, 1), "enrollment_end_date": end} | changes


def claims_of_visits() -> list[Row]:
    return [
        ed("void", "void", day(2, 3)),
        ed("void8", "void", day(2, 3), bill="138"),
        ed("minus_a", "minus", day(2, 3)),
        ed("minus_b", "minus", day(2, 3)),
        ed("minus_c", "minus", day(2, 3), paid=-100),
        ed("unlike", "unlike", day(2, 3)),
        ed("unlike_less", "unlike", day(2, 3), paid=-90),
        ed("first", "replaced", day(2, 3), dx="R079", paid=100),
        ed("second", "replaced", day(2, 3), dx="J069", paid=120, bill="137", paid_on=day(3, 1)),
        # Same and next day at one place are one visit; another place, and a day between, are not.
        ed("m1", "merge", day(3, 1), dx="J069"),
        ed("m2", "merge", day(3, 2), dx="R079"),
        ed("m3", "merge", day(3, 2), facility="f2"),
        ed("m4", "merge", day(3, 4)),
        ed("s1", "spans", day(3, 1), end=day(3, 3)),
        ed("s2", "spans", day(3, 4)),
        ed("s3", "spans", day(3, 6)),
        ed("p0", "doctor", day(3, 10)),
        professional("p_before", "doctor", day(3, 9), "99284", "23", paid=1),
        professional("p_same", "doctor", day(3, 10), "99284", "22", paid=2),
        professional("p_next", "doctor", day(3, 11), "93010", "23", paid=4),
        professional("p_late", "doctor", day(3, 12), "99284", "23", paid=8),
        ed("o1", "observed_next", day(3, 10)),
        observed("o1o", "observed_next", day(3, 11)),
        ed("o2", "observed_code", day(3, 10), hcpcs="G0378"),
        ed("o3", "observed_late", day(3, 10)),
        observed("o3o", "observed_late", day(3, 12)),
        ed("o4", "observed_elsewhere", day(3, 10)),
        observed("o4o", "observed_elsewhere", day(3, 10), facility="f2"),
        ed("o5", "observed_and_admitted", day(3, 10), hcpcs="G0378"),
        bed("o5i", "observed_and_admitted", day(3, 11), day(3, 12)),
        ed("a1", "admitted_elsewhere", day(3, 10)),
        bed("a1i", "admitted_elsewhere", day(3, 11), day(3, 14), facility="f9"),
        ed("a2", "admitted_late", day(3, 10)),
        bed("a2i", "admitted_late", day(3, 12), day(3, 14)),
        ed("a3", "unpaid_bed", day(3, 2)),
        bed("a3i", "unpaid_bed", day(3, 1), day(3, 3), bill="110", paid=0),
    ]


def claims_of_follow_up() -> list[Row]:
    rows = []
    for person, visit, seen in [
        ("seen_day_0", day(2, 1), day(2, 1)),
        ("seen_day_7", day(2, 1), day(2, 8)),
        ("seen_day_8", day(2, 1), day(2, 9)),
        ("seen_day_31", day(2, 1), day(3, 4)),
        ("seen_before", day(2, 1), day(1, 31)),
        ("window_full", day(6, 13), None),
        ("window_open", day(6, 14), None),
    ]:
        rows.append(ed(f"{person}_e", person, visit))
        if seen:
            rows.append(office(f"{person}_o", person, seen))
    return rows


def claims_of_stays() -> list[Row]:
    return [
        bed("v1", "void_stay", day(3, 1), day(3, 5)),
        bed("v2", "void_stay", day(3, 1), day(3, 5), bill="118"),
        bed("r1", "replaced_stay", day(3, 1), day(3, 5)),
        bed("r2", "replaced_stay", day(3, 1), day(3, 6), bill="117", paid=1200),
        bed("t1", "transfer_same_day", day(3, 1), day(3, 5), disposition="02"),
        bed("t2", "transfer_same_day", day(3, 5), day(3, 9), facility="f2", drg="470"),
        bed("t3", "transfer_next_day", day(3, 1), day(3, 3)),
        bed("t4", "transfer_next_day", day(3, 4), day(3, 6), facility="f2"),
        bed("t5", "elsewhere_later", day(3, 1), day(3, 3)),
        bed("t6", "elsewhere_later", day(3, 5), day(3, 6), facility="f2"),
        bed("b1", "back_next_day", day(3, 1), day(3, 5)),
        bed("b2", "back_next_day", day(3, 6), day(3, 8)),
        bed("i2", "interim", day(2, 1), day(2, 10), bill="112"),
        bed("i3", "interim", day(2, 11), day(2, 20), bill="113"),
        bed("i4", "interim", day(2, 21), day(2, 25), bill="114"),
        # A planned stay (transplant) between two others ends the first one's chain.
        bed("c1", "planned_between", day(2, 1), day(2, 5)),
        bed("c2", "planned_between", day(2, 20), day(2, 22), drg="006"),
        bed("c3", "planned_between", day(2, 27), day(3, 1)),
        bed("d1", "back_day_30", day(2, 1), day(2, 5)),
        bed("d2", "back_day_30", day(3, 7), day(3, 9)),
        bed("d3", "back_day_31", day(2, 1), day(2, 5)),
        bed("d4", "back_day_31", day(3, 8), day(3, 9)),
        bed("x1", "against_advice", day(2, 1), day(2, 5), disposition="07"),
        bed("x2", "died_in_hospital", day(2, 1), day(2, 5), disposition="20"),
        bed("x3", "sent_on", day(2, 1), day(2, 5), disposition="02"),
        bed("x4", "thirty_days_to_end", day(5, 18), day(5, 21)),
        bed("x5", "too_late_to_know", day(5, 18), day(5, 22)),
    ]


def claims_of_cost() -> list[Row]:
    """Bills of one day, of a specialist, and of a contract that has a list of its network."""
    by_specialist = {"rendering_npi": "s1", "billing_npi": "s1"}
    return [
        professional("same_1", "one_day", day(2, 3), "99213", "11", paid=50),
        professional("same_2", "one_day", day(2, 3), "99214", "11", paid=70),
        professional("same_3", "one_day", day(2, 3), "93000", "11", paid=20),
        professional("other_1", "two_doctors", day(2, 3), "99213", "11", paid=50),
        professional("other_2", "two_doctors", day(2, 3), "99213", "11", paid=90) | by_specialist,
        bed("planned", "planned_stay", day(2, 3), day(2, 6)),
        institutional(
            "near", 1, "listed", "131", day(2, 3), revenue="0360", paid=100, dx="I10", contract="list"
        ),
        institutional(
            "left",
            1,
            "listed",
            "131",
            day(3, 3),
            revenue="0360",
            paid=10,
            dx="I10",
            contract="list",
            facility="f2",
        ),
        institutional(
            "then",
            1,
            "listed",
            "131",
            day(2, 4),
            revenue="0360",
            paid=1,
            dx="I10",
            contract="list",
            facility="f2",
        ),
        *[row | {"in_network_flag": "1"} for row in [observed("flag", "flagged", day(2, 3))]],
    ]


def fills() -> list[Row]:
    """Prescriptions: one kept, one taken back, and one taken back of two alike."""

    def fill(claim: str, person: str, amount: float) -> Row:
        return {
            "claim_id": claim, "claim_line_number": 1, "contract_id": "aco", "person_id": person,
            "dispensing_date": day(2, 7), "ndc_code": "00001", "days_supply": 30, "paid_date": day(2, 8),
            "paid_amount": amount, "allowed_amount": amount * 2,
        }  # fmt: skip

    return [
        fill("rx_kept", "fill_kept", 10),
        fill("rx_back", "fill_taken_back", 10),
        fill("rx_back_r", "fill_taken_back", -10),
        fill("rx_two_a", "fill_two", 10),
        fill("rx_two_b", "fill_two", 10),
        fill("rx_two_r", "fill_two", -10),
    ]


def rules_feed() -> Rows:
    claims = claims_of_visits() + claims_of_follow_up() + claims_of_stays() + claims_of_cost()
    enrolled = [
        span(person) for person in sorted({row["person_id"] for row in claims + fills()} - {"listed"})
    ]
    enrolled.append(span("listed", contract_id="list"))
    claims += [
        # Covered by aco until the middle of March, by mco from then.
        ed("y1", "payer_change", day(2, 10), contract="mco"),
        ed("y2", "payer_change", day(2, 20), contract="aco"),
        ed("y3", "payer_change", day(3, 5), contract="mco"),
        ed("y4", "payer_change", day(3, 25), contract="aco"),
        ed("w1", "both", day(3, 1), contract="aco"),
        ed("w2", "both", day(3, 1), contract="mco"),
        ed("n1", "nobody", day(3, 1), contract="unassigned"),
        office("end", "spans", day(6, 20)),
    ]
    enrolled += [
        span("payer_change", end=day(3, 15)),
        span("payer_change", day(3, 16), contract_id="mco"),
        span("both"),
        span("both", contract_id="mco"),
        span("overlap", day(1, 1), day(3, 31)),
        span("overlap", day(2, 1), day(4, 30)),
        span("overlap", day(2, 1), day(4, 30)),
        span("gap", day(1, 31), day(1, 31)),
        span("gap", day(3, 31), day(4, 1)),
        span("open_end"),
        span("end_2099", end="2099-12-31"),
        span("end_9999", end="9999-12-31"),
        span("end_to_come", end=day(12, 31)),
        span("last_month", end=day(6, 30)),
        span("starts_later", day(9, 1)),
        span("dead", end=day(12, 31), death_date=day(4, 2)),
        span("no_pharmacy", pharmacy_benefit_flag="0"),
        span("pharmacy_later", day(1, 1), day(3, 31), pharmacy_benefit_flag="0"),
        span("pharmacy_later", day(3, 15), day(4, 30), pharmacy_benefit_flag="1"),
        span("paid_late", contract_id="lag", feed="lagged"),
    ]
    for month, amounts in PAID.items():
        for lag, amount in enumerate(amounts):
            if amount:
                claims.append(
                    professional(
                        f"lag_{month}_{lag}",
                        "paid_late",
                        day(month, 10),
                        "97110",
                        "11",
                        # 20 of February's first 200 were paid before the service.
                        paid=amount - (20 if (month, lag) == (2, 0) else 0),
                        paid_on=day(month + lag, 28),
                        contract="lag",
                    )
                )
    claims.append(
        professional(
            "early", "paid_late", day(2, 10), "97110", "11", paid=20, paid_on=day(1, 30), contract="lag"
        )
    )
    for row in claims:
        if row["contract_id"] == "lag":
            row["feed"] = "lagged"
    return {
        "run": [{"snapshot_id": "s", "built_at": dt.datetime(2026, 7, 1), "code_version": "test"}],
        "feed": [{"feed": "payer", "files": 2}, {"feed": "lagged", "files": 2}],
        "contract": [
            {"contract_id": name, "contract_name": name, "line_of_business": "medicare", "feed": feed}
            for name, feed in [("aco", "payer"), ("mco", "payer"), ("lag", "lagged"), ("list", "payer")]
        ],
        "market": [{"market_id": "north", "market_name": "North", "state": "MA"}],
        "eligibility": enrolled,
        "medical_claim": claims,
        "pharmacy_claim": fills(),
        "provider": [
            {"npi": "p1", "provider_name": "Dr Lee", "practice_name": "North", "taxonomy_code": "207Q00000X"},
            {
                "npi": "s1",
                "provider_name": "Dr Hart",
                "practice_name": "Heart Group",
                "specialty": "cardiology",
            },
            {"npi": "f1", "provider_name": "First Hospital", "provider_type": "facility"},
        ],
        "network": [
            {"contract_id": "list", "npi": "f1"},
            {"contract_id": "list", "npi": "f2", "end_date": day(2, 28)},
        ],
    }


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Work]:
    path = tmp_path_factory.mktemp("rules") / "rules.duckdb"
    write_raw(path, rules_feed())
    transform(path, memory_limit="1GB", threads=1)
    with attached(path) as connection:
        yield connection


def visits(work: Work, person: str) -> list[tuple[str, str]]:
    """(claims, disposition) of a person's visits in order."""
    return work.execute(
        "select claim_ids, disposition from mart.ed_visit where person_id = ? "
        "order by visit_date, facility_npi, contract_id",
        [person],
    ).fetchall()


def stays(work: Work, person: str) -> list[tuple[dt.date, int, float]]:
    """(admitted, days, paid) of a person's stays in order."""
    return work.execute(
        "select admit_date, days, paid from mart.inpatient_stay where person_id = ? order by admit_date",
        [person],
    ).fetchall()


RELEASED, OBSERVED, ADMITTED = "treated_and_released", "observation", "admitted"


@pytest.mark.parametrize(
    ("person", "expected"),
    [
        ("void", []),
        ("minus", [("minus_b", RELEASED)]),  # two bills, one taken back
        ("unlike", [("unlike", RELEASED)]),  # another amount takes nothing back
        ("replaced", [("second", RELEASED)]),
        ("merge", [("m1|m2", RELEASED), ("m3", RELEASED), ("m4", RELEASED)]),
        ("spans", [("s1|s2", RELEASED), ("s3", RELEASED)]),
        ("observed_next", [("o1", OBSERVED)]),
        ("observed_code", [("o2", OBSERVED)]),
        ("observed_late", [("o3", RELEASED)]),
        ("observed_elsewhere", [("o4", RELEASED)]),
        ("observed_and_admitted", [("o5", ADMITTED)]),
        ("admitted_elsewhere", [("a1", ADMITTED)]),
        ("admitted_late", [("a2", RELEASED)]),
        ("unpaid_bed", [("a3", ADMITTED)]),
        ("both", [("w1", RELEASED), ("w2", RELEASED)]),  # a visit per contract
    ],
)
def test_visits_and_their_disposition(work: Work, person: str, expected: list[tuple[str, str]]) -> None:
    assert visits(work, person) == expected


def test_cancelled_bills_stay_in_spend(work: Work) -> None:
    rows = work.execute(
        "select person_id, sum(paid), sum(claims) from mart.spend_month "
        "where person_id in ('void', 'minus', 'replaced') group by 1 order by 1"
    ).fetchall()
    # A void bill of frequency 8 brings the amount as the payer wrote it.
    assert rows == [("minus", 100.0, 3), ("replaced", 220.0, 2), ("void", 200.0, 2)]


def test_the_visit_is_what_the_replacing_bill_says(work: Work) -> None:
    row = work.execute(
        "select primary_diagnosis, paid from mart.ed_visit where person_id = 'replaced'"
    ).fetchone()
    assert row == ("J069", 120.0)


def test_merged_visits_last_from_the_first_day_to_the_last(work: Work) -> None:
    rows = work.execute(
        "select claim_ids, visit_date, visit_end_date, primary_diagnosis from mart.ed_visit "
        "where claim_ids in ('m1|m2', 's1|s2') order by 1"
    ).fetchall()
    assert rows == [
        ("m1|m2", dt.date(2026, 3, 1), dt.date(2026, 3, 2), "J069"),
        ("s1|s2", dt.date(2026, 3, 1), dt.date(2026, 3, 4), "R079"),
    ]


def test_doctors_bills_join_the_visit_of_the_day_or_the_day_before(work: Work) -> None:
    assert work.execute("select paid from mart.ed_visit where person_id = 'doctor'").fetchall() == [(106.0,)]
    listed = work.execute("select claim_id from mart.ed_unmatched order by 1").fetchall()
    assert listed == [("p_before",), ("p_late",)]


def test_the_stay_has_the_money_of_the_visit_that_led_to_it_and_an_unpaid_bed_none(work: Work) -> None:
    assert stays(work, "admitted_elsewhere") == [(dt.date(2026, 3, 11), 3, 1100.0)]
    assert stays(work, "unpaid_bed") == []
    rows = work.execute(
        "select person_id, paid from mart.ed_visit "
        "where person_id in ('admitted_elsewhere', 'unpaid_bed') order by 1"
    ).fetchall()
    assert rows == [("admitted_elsewhere", 0.0), ("unpaid_bed", 100.0)]


def test_a_visit_is_in_enrolment_by_contract_and_month(work: Work) -> None:
    rows = work.execute(
        "select claim_ids, in_enrolment from mart.ed_visit where person_id = 'payer_change' order by 1"
    ).fetchall()
    # y1: mco before it covered the person. March counts for both payers.
    assert rows == [("y1", False), ("y2", True), ("y3", True), ("y4", True)]
    assert work.execute("select in_enrolment from mart.ed_visit where claim_ids = 'n1'").fetchone() == (
        False,
    )


@pytest.mark.parametrize(
    ("person", "within_7", "within_30"),
    [
        ("seen_day_0", True, True),
        ("seen_day_7", True, True),
        ("seen_day_8", False, True),
        ("seen_day_31", False, False),
        ("seen_before", False, False),
        ("window_full", False, None),
        ("window_open", None, None),
    ],
)
def test_follow_up_is_day_0_to_7_and_null_until_the_window_has_passed(
    work: Work, person: str, within_7: bool | None, within_30: bool | None
) -> None:
    row = work.execute(
        "select followed_up_7d, followed_up_30d from mart.ed_visit where person_id = ?", [person]
    ).fetchone()
    assert row == (within_7, within_30)


@pytest.mark.parametrize(
    ("person", "expected"),
    [
        ("void_stay", []),
        ("replaced_stay", [(dt.date(2026, 3, 1), 5, 1200.0)]),
        ("transfer_same_day", [(dt.date(2026, 3, 1), 8, 2000.0)]),
        ("transfer_next_day", [(dt.date(2026, 3, 1), 5, 2000.0)]),
        ("elsewhere_later", [(dt.date(2026, 3, 1), 2, 1000.0), (dt.date(2026, 3, 5), 1, 1000.0)]),
        ("back_next_day", [(dt.date(2026, 3, 1), 4, 1000.0), (dt.date(2026, 3, 6), 2, 1000.0)]),
        ("interim", [(dt.date(2026, 2, 1), 24, 3000.0)]),
    ],
)
def test_bills_make_stays(work: Work, person: str, expected: list[tuple[dt.date, int, float]]) -> None:
    assert stays(work, person) == expected


def test_a_transfer_takes_its_place_from_the_first_bill_and_its_drg_from_the_last(work: Work) -> None:
    row = work.execute(
        "select facility_npi, drg from mart.inpatient_stay where person_id = 'transfer_same_day'"
    ).fetchone()
    assert row == ("f1", "470")


def test_bills_that_are_no_stay_are_listed_with_the_reason(work: Work) -> None:
    rows = work.execute("select claim_id, reason from mart.stay_apart order by 1").fetchall()
    assert rows == [
        ("a3i", "non-payment claim (bill type 110)"),
        ("r1", "replaced by a later claim (bill frequency 7)"),
        ("v1", "cancelled by a later claim"),
        ("v2", "cancels an earlier claim"),
    ]


@pytest.mark.parametrize(
    ("person", "expected"),
    [
        ("back_next_day", [(True, True), (True, False)]),
        ("elsewhere_later", [(True, True), (True, False)]),
        ("planned_between", [(True, False), (True, True), (True, False)]),
        ("back_day_30", [(True, True), (True, False)]),
        ("back_day_31", [(True, False), (True, False)]),
        ("against_advice", [(False, None)]),
        ("died_in_hospital", [(False, None)]),
        ("sent_on", [(False, None)]),
        ("thirty_days_to_end", [(True, False)]),
        ("too_late_to_know", [(False, None)]),
    ],
)
def test_readmission_within_30_days(
    work: Work, person: str, expected: list[tuple[bool, bool | None]]
) -> None:
    """(is an index, was followed by a readmission) of each stay."""
    rows = work.execute(
        "select is_index, readmitted_30d from mart.inpatient_stay where person_id = ? order by admit_date",
        [person],
    ).fetchall()
    assert rows == expected


@pytest.mark.parametrize(
    ("person", "contract", "months"),
    [
        ("overlap", "aco", [1, 2, 3, 4]),
        ("gap", "aco", [1, 3, 4]),
        ("open_end", "aco", [1, 2, 3, 4, 5, 6]),
        ("end_2099", "aco", [1, 2, 3, 4, 5, 6]),
        ("end_9999", "aco", [1, 2, 3, 4, 5, 6]),
        ("end_to_come", "aco", [1, 2, 3, 4, 5, 6]),  # no month later than the data
        ("last_month", "aco", [1, 2, 3, 4, 5, 6]),
        ("starts_later", "aco", []),
        ("dead", "aco", [1, 2, 3, 4]),
        ("payer_change", "aco", [1, 2, 3]),
        ("payer_change", "mco", [3, 4, 5, 6]),
        ("both", "aco", [1, 2, 3, 4, 5, 6]),
        ("both", "mco", [1, 2, 3, 4, 5, 6]),
        ("paid_late", "lag", [1, 2, 3, 4]),
    ],
)
def test_member_months(work: Work, person: str, contract: str, months: list[int]) -> None:
    rows = work.execute(
        "select month(month) from mart.member_month where person_id = ? and contract_id = ? order by month",
        [person, contract],
    ).fetchall()
    assert [month for (month,) in rows] == months


@pytest.mark.parametrize(
    ("person", "months"),
    [
        ("open_end", [1, 1, 1, 1, 1, 1]),  # no flag: as the medical months
        ("no_pharmacy", [0, 0, 0, 0, 0, 0]),
        ("pharmacy_later", [0, 0, 1, 1]),
    ],
)
def test_pharmacy_months(work: Work, person: str, months: list[int]) -> None:
    rows = work.execute(
        "select pharmacy_member_months, medical_member_months from mart.member_month "
        "where person_id = ? order by month",
        [person],
    ).fetchall()
    assert rows == [(month, 1) for month in months]


def test_one_member_row_per_person_however_many_contracts(work: Work) -> None:
    rows = work.execute(
        "select person_id, ed_visits_12m from mart.member "
        "where person_id in ('both', 'payer_change') order by 1"
    ).fetchall()
    assert rows == [("both", 2), ("payer_change", 3)]  # visits outside enrolment are not counted


def test_completion_is_the_hand_worked_chain_ladder(work: Work) -> None:
    """Link ratios over the months known at both lags, weighted by volume; the last lag is complete."""
    january, february, march, _ = PAID.values()
    first = (sum(january[:2]) + sum(february[:2]) + sum(march)) / (january[0] + february[0] + march[0])
    second = (sum(january[:3]) + sum(february)) / (sum(january[:2]) + sum(february[:2]))
    third = sum(january) / sum(january[:3])
    expected = [
        (1, 3, 1.0, True),
        (2, 2, 1 / third, True),
        (3, 1, 1 / (second * third), False),
        (4, 0, 1 / (first * second * third), False),
    ]
    assert [round(row[2], 4) for row in expected] == [1.0, 1.0, 0.86, 0.5831]
    rows = work.execute(
        "select month(month), months_of_runout, completion_medical, is_mature from mart.month "
        "where contract_id = 'lag' order by month"
    ).fetchall()
    assert [(month, lag, mature) for month, lag, _, mature in rows] == [
        (month, lag, mature) for month, lag, _, mature in expected
    ]
    assert [row[2] for row in rows] == pytest.approx([row[2] for row in expected])


def test_money_that_no_rule_places_makes_no_month_of_its_own(work: Work) -> None:
    months = work.execute("select distinct contract_id from mart.month order by 1").fetchall()
    assert months == [("aco",), ("lag",), ("list",), ("mco",)]
    outside = work.execute(
        "select claims, paid from mart.claim_outside_enrolment where contract_id = 'unassigned'"
    ).fetchall()
    assert outside == [(1, 100.0)]


@pytest.mark.parametrize(
    ("person", "category", "units"),
    [
        ("one_day", "office-based visit", 1),  # two claims of one doctor and day
        ("one_day", "office-based other", 1),
        ("two_doctors", "office-based visit", 2),
        ("doctor", "emergency department", 1),  # the doctors' bills of the visit have no unit of their own
        ("void", "emergency department", 0),
        ("minus", "emergency department", 1),
        ("replaced", "emergency department", 1),
        ("void_stay", "acute inpatient", 0),
        ("replaced_stay", "acute inpatient", 1),
        ("interim", "acute inpatient", 1),
        ("transfer_same_day", "acute inpatient", 1),
        ("back_next_day", "acute inpatient", 2),
        ("unpaid_bed", "acute inpatient", 0),
        ("fill_kept", "pharmacy", 1),
        ("fill_taken_back", "pharmacy", 0),
        ("fill_two", "pharmacy", 1),
    ],
)
def test_units_are_stays_visits_and_fills_net_of_what_is_taken_back(
    work: Work, person: str, category: str, units: int
) -> None:
    found = work.execute(
        "select sum(units) from mart.spend_month where person_id = ? and service_category_2 = ?",
        [person, category],
    ).fetchone()
    assert found == (units,)


def test_acute_units_are_the_stays(work: Work) -> None:
    counted = work.execute(
        "select (select sum(units) from mart.claim_line where service_category_2 = 'acute inpatient'), "
        "(select count(*) from mart.inpatient_stay)"
    ).fetchone()
    assert counted is not None and counted[0] == counted[1] > 0


def test_a_contracts_list_decides_who_is_in_its_network_on_the_day(work: Work) -> None:
    rows = work.execute(
        "select claim_id, network from mart.claim_line "
        "where claim_id in ('near', 'left', 'then', 'flag', 'planned') order by 1"
    ).fetchall()
    # Contracts without a list go by the payer's flag; where it says nothing, it is not known.
    assert rows == [("flag", "in"), ("left", "out"), ("near", "in"), ("planned", "unknown"), ("then", "in")]


def test_specialists_and_planned_stays_are_referred_primary_care_and_emergencies_are_not(work: Work) -> None:
    rows = work.execute(
        "select claim_id, is_referable, specialty, provider_group from mart.claim_line "
        "where claim_id in ('other_1', 'other_2', 'planned', 'a1', 'a1i', 'void') order by 1"
    ).fetchall()
    assert rows == [
        ("a1", False, None, "First Hospital"),
        ("a1i", False, None, "Facility f9"),  # the stay began in the emergency department
        ("other_1", False, "family medicine", "North"),
        ("other_2", True, "cardiology", "Heart Group"),
        ("planned", True, None, "First Hospital"),
        ("void", False, None, "First Hospital"),
    ]
