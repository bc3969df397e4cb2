"""What changed since the last snapshot: each cause by rows written by hand, and sums that are exact whatever changed."""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from data.estimates import change

Row = dict[str, Any]
Work = duckdb.DuckDBPyConnection
NEXT = dt.date(2026, 4, 1)

TABLES = {
    "core.medical_claim": """claim_id varchar, person_id varchar, contract_id varchar, claim_start_date date,
        service_month date, service_category_1 varchar, paid_amount decimal(18, 2), allowed_amount decimal(18, 2),
        data_source varchar, file_name varchar""",
    "core.pharmacy_claim": """claim_id varchar, person_id varchar, contract_id varchar, dispensing_date date,
        paid_amount decimal(18, 2), allowed_amount decimal(18, 2), data_source varchar, file_name varchar""",
    "core.member_month": "person_id varchar, contract_id varchar, month date, data_source varchar",
    "core.build_input": "name varchar, sha256 varchar",
    "mart.member_month": """person_id varchar, contract_id varchar, month date, market_id varchar,
        care_team_id varchar, pcp_npi varchar, medical_member_months integer, pharmacy_member_months integer""",
    "mart.spend_month": """person_id varchar, contract_id varchar, month date, service_category_1 varchar,
        paid double, allowed double, in_enrolment boolean""",
    "mart.build": "feed varchar, incurred_through date, paid_through date",
}


@pytest.fixture
def work() -> Iterator[Work]:
    with duckdb.connect(":memory:", config={"threads": 1}) as connection:
        connection.execute("attach ':memory:' as previous")
        connection.execute("attach ':memory:' as snapshot")
        connection.execute("create schema raw; create table raw.build_input (name varchar, sha256 varchar)")
        yield connection


def create_tables(work: Work) -> None:
    """The step's own tables, empty, as the build makes them before it runs."""
    work.execute("create schema if not exists estimate")
    for name, columns in change.TABLES.items():
        described = ", ".join(f"{column} {kind}" for column, kind in columns.items())
        work.execute(f"create or replace table {name} ({described})")


def claim(claim_id: str = "c1", paid: float = 100, **changes: Any) -> Row:
    """A line of a medical claim of 10 February, unless told otherwise."""
    row = {"claim_id": claim_id, "person_id": "p1", "contract_id": "aco", "day": dt.date(2026, 2, 10)}
    row |= {
        "category": "inpatient",
        "paid": paid,
        "allowed": paid * 2,
        "feed": "payer",
        "file": "2026-02/c.csv",
    }
    return row | changes


def month(person: str = "p1", number: int = 2, **changes: Any) -> Row:
    row = {"person_id": person, "contract_id": "aco", "month": dt.date(2026, number, 1), "market_id": "north"}
    row |= {"care_team_id": "t1", "pcp_npi": "d1", "member_months": 1, "pharmacy_member_months": 1}
    return row | changes


def fill(
    work: Work, side: str, claims: list[Row], months: list[Row], *, inputs: dict[str, str], end: dt.date
) -> None:
    """One snapshot's tables, as the models would have made them of these claims and member-months."""
    for name, columns in TABLES.items():
        work.execute(f"create schema if not exists {side}.{name.split('.')[0]}")
        work.execute(f"create or replace table {side}.{name} ({columns})")
    for row in claims:
        place = [row["claim_id"], row["person_id"], row["contract_id"], row["day"]]
        money = [row["paid"], row["allowed"], row["feed"], row["file"]]
        if row["category"] == "pharmacy":
            work.execute(
                f"insert into {side}.core.pharmacy_claim values (?, ?, ?, ?, ?, ?, ?, ?)", [*place, *money]
            )
        else:
            values = [*place, row["day"].replace(day=1), row["category"], *money]
            work.execute(
                f"insert into {side}.core.medical_claim values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values
            )
    for row in months:
        work.execute(
            f"insert into {side}.mart.member_month values (?, ?, ?, ?, ?, ?, ?, ?)", list(row.values())
        )
    work.execute(
        f"""
        insert into {side}.core.member_month select person_id, contract_id, month, 'payer' from {side}.mart.member_month;
        insert into {side}.mart.build values ('payer', '{end}', '{end}');
        insert into {side}.mart.spend_month
        select
            l.person_id, l.contract_id, l.month, l.category, cast(sum(paid) as double), cast(sum(allowed) as double),
            bool_or(m.person_id is not null)
        from (
            select person_id, contract_id, service_month as month, service_category_1 as category, paid_amount as paid,
                allowed_amount as allowed
            from {side}.core.medical_claim
            union all
            select person_id, contract_id, date_trunc('month', dispensing_date), 'pharmacy', paid_amount, allowed_amount
            from {side}.core.pharmacy_claim
        ) as l
        left join {side}.mart.member_month as m
            on m.person_id = l.person_id and m.contract_id = l.contract_id and m.month = l.month
        group by l.person_id, l.contract_id, l.month, l.category
        """
    )
    table = f"{side}.core.build_input" if side == "previous" else "raw.build_input"
    work.execute(f"delete from {table}")
    for name, sha256 in inputs.items():
        work.execute(f"insert into {table} values (?, ?)", [name, sha256])


BEFORE = {"code": "1", "payer/source.yaml": "1", "payer/medical_claim/2026-02/c.csv": "1"}
DELIVERED = BEFORE | {"payer/medical_claim/2026-03/c.csv": "2"}
REPROGRAMMED = BEFORE | {"code": "2"}


def changes(
    work: Work,
    then: tuple[list[Row], list[Row]],
    now: tuple[list[Row], list[Row]],
    inputs: dict[str, str] | None = None,
    before: dict[str, str] | None = None,
) -> list[tuple[Any, ...]]:
    """The changes between claims and member-months then and now: (place, category, cause, paid, member-months)."""
    fill(work, "previous", *then, inputs=before or BEFORE, end=dt.date(2026, 2, 28))
    fill(work, "snapshot", *now, inputs=inputs or DELIVERED, end=dt.date(2026, 3, 31))
    create_tables(work)
    change.compare(work, old="previous.", new="snapshot.")
    rows = work.execute(
        """
        select
            concat_ws('/', contract_id, market_id, care_team_id, pcp_npi, strftime(month, '%m')), service_category_1,
            cause, cast(sum(paid) as double), sum(member_months)
        from estimate.spend_change group by all order by all
        """
    ).fetchall()
    return rows


def test_an_unchanged_snapshot_has_no_changes(work: Work) -> None:
    world = ([claim(), claim("rx", category="pharmacy")], [month()])
    assert changes(work, world, world) == []


def test_a_claim_that_was_not_there_is_late_and_one_after_the_data_end_is_new(work: Work) -> None:
    late = claim("c2", 30, file="2026-03/c.csv")
    fresh = claim("c3", 50, day=dt.date(2026, 3, 2), file="2026-03/c.csv")
    found = changes(work, ([claim()], [month()]), ([claim(), late, fresh], [month(), month(number=3)]))
    assert found == [
        ("aco/north/t1/d1/02", "inpatient", "late_claims", 30, 0),
        ("aco/north/t1/d1/03", "inpatient", "new_activity", 50, 0),
        ("aco/north/t1/d1/03", None, "new_activity", 0, 1),
    ]


def test_more_paid_is_late_and_less_paid_withdrawn_or_negative_are_reversals(work: Work) -> None:
    then = [
        claim("up", 100),
        claim("down", 100, category="outpatient"),
        claim("gone", 7, category="ancillary"),
    ]
    now = [
        claim("up", 110, file="2026-03/c.csv"),
        claim("down", 60, category="outpatient", file="2026-03/c.csv"),
        claim("minus", -5, category="office_based", file="2026-03/c.csv"),
    ]
    found = changes(work, (then, [month()]), (now, [month()]))
    assert found == [
        ("aco/north/t1/d1/02", "ancillary", "reversals", -7, 0),
        ("aco/north/t1/d1/02", "inpatient", "late_claims", 10, 0),
        ("aco/north/t1/d1/02", "office_based", "reversals", -5, 0),
        ("aco/north/t1/d1/02", "outpatient", "reversals", -40, 0),
    ]


def test_the_same_claim_counted_since_enrolment_is_known_is_retroactive_enrolment(work: Work) -> None:
    added = changes(work, ([claim()], []), ([claim()], [month()]))
    assert [row[2:] for row in added if row[4] == 0] == [("retroactive_enrolment", 100, 0)]


def test_member_months_of_old_months_added_or_taken_back_are_retroactive(work: Work) -> None:
    other = month("p2")
    then = ([claim()], [month(), other])
    assert changes(work, then, ([claim()], [other])) == [
        ("aco/north/t1/d1/02", "inpatient", "retroactive_enrolment", -100, 0),
        ("aco/north/t1/d1/02", None, "retroactive_enrolment", 0, -1),
    ]
    assert changes(work, ([], [other]), ([], [month(), other])) == [
        ("aco/north/t1/d1/02", None, "retroactive_enrolment", 0, 1)
    ]


def test_another_market_team_doctor_or_contract_is_re_attribution_in_both_places(work: Work) -> None:
    for there in ({"market_id": "south"}, {"care_team_id": None}, {"pcp_npi": "d2"}, {"contract_id": "mco"}):
        contract = there.get("contract_id", "aco")
        now = ([claim(contract_id=contract)], [month(**there)])
        found = changes(work, ([claim()], [month()]), now, inputs=BEFORE)
        assert {row[2] for row in found} == {"re_attribution"}
        assert [row[3:] for row in found if row[1]] == [(-100, 0), (100, 0)] or [
            row[3:] for row in found if row[1]
        ] == [(100, 0), (-100, 0)]
        assert sorted(row[4] for row in found) == [-1, 0, 0, 1]


def test_a_claim_that_moved_and_grew_moves_first_and_grows_where_it_is(work: Work) -> None:
    now = ([claim(paid=130, file="2026-03/c.csv")], [month(market_id="south")])
    found = [row for row in changes(work, ([claim()], [month()]), now) if row[1]]
    assert found == [
        ("aco/north/t1/d1/02", "inpatient", "re_attribution", -100, 0),
        ("aco/south/t1/d1/02", "inpatient", "late_claims", 30, 0),
        ("aco/south/t1/d1/02", "inpatient", "re_attribution", 100, 0),
    ]


def test_a_claim_that_is_another_persons_of_the_same_place_changes_nothing(work: Work) -> None:
    both = [month(), month("p2")]
    assert changes(work, ([claim()], both), ([claim(person_id="p2")], both)) == []


def test_the_same_rows_counted_otherwise_by_another_version_are_a_definition_change(work: Work) -> None:
    then = ([claim()], [month()])
    assert changes(work, then, ([claim(category="outpatient")], [month()]), inputs=REPROGRAMMED) == [
        ("aco/north/t1/d1/02", "inpatient", "definition_change", -100, 0),
        ("aco/north/t1/d1/02", "outpatient", "definition_change", 100, 0),
    ]
    assert changes(work, then, ([claim(paid=90)], [month()]), inputs=REPROGRAMMED) == [
        ("aco/north/t1/d1/02", "inpatient", "definition_change", -10, 0)
    ]
    # A claim of a file that came since is late, whatever the program's version.
    late = claim("c2", 30, file="2026-03/c.csv")
    assert changes(work, then, ([claim(), late], [month()]), inputs=DELIVERED | {"code": "2"}) == [
        ("aco/north/t1/d1/02", "inpatient", "late_claims", 30, 0)
    ]


def test_a_feed_that_was_not_there_is_new_activity(work: Work) -> None:
    other = claim("x", 40, person_id="p9", contract_id="mco", feed="second", file="a.csv")
    there = month("p9", contract_id="mco")
    found = changes(work, ([claim()], [month()]), ([claim(), other], [month(), there]))
    assert {row[2] for row in found} == {"new_activity"} and sum(row[3] for row in found) == 40


def test_a_snapshot_that_lacks_a_column_is_not_compared_and_the_reason_says_which(work: Work) -> None:
    fill(work, "previous", [claim()], [month()], inputs=BEFORE, end=dt.date(2026, 2, 28))
    assert change.missing_columns(work, "previous") == []
    work.execute("alter table previous.core.medical_claim drop column service_month")
    assert change.missing_columns(work, "previous") == ["core.medical_claim.service_month"]


def test_a_snapshot_that_cannot_be_read_leaves_no_changes_and_the_reason(tmp_path: Path) -> None:
    broken = tmp_path / "broken.duckdb"
    broken.write_bytes(b"not a database")
    with duckdb.connect(":memory:") as work:
        work.execute(
            "create schema raw; create table raw.previous_snapshot (snapshot_id varchar, path varchar, note varchar)"
        )
        work.execute("insert into raw.previous_snapshot values ('s1', ?, null)", [str(broken)])
        create_tables(work)
        change.run(work, published="")
        snapshot_id, note = work.execute("from estimate.previous_build").fetchall()[0]
        assert snapshot_id is None and "cannot be read" in note
        assert work.execute("select count(*) from estimate.spend_change").fetchall() == [(0,)]


def test_the_snapshot_served_before_is_compared_with_and_named(tmp_path: Path) -> None:
    file = tmp_path / "s1.duckdb"
    with duckdb.connect(":memory:", config={"threads": 1}) as work:
        work.execute(f"attach '{file}' as previous; attach ':memory:' as snapshot")
        work.execute("create schema raw; create table raw.build_input (name varchar, sha256 varchar)")
        work.execute("create table raw.previous_snapshot (snapshot_id varchar, path varchar, note varchar)")
        work.execute("insert into raw.previous_snapshot values ('s1', ?, null)", [str(file)])
        fill(work, "previous", [claim()], [month()], inputs=BEFORE, end=dt.date(2026, 2, 28))
        fill(work, "snapshot", [claim(paid=70)], [month()], inputs=DELIVERED, end=dt.date(2026, 3, 31))
        work.execute("detach previous")
        create_tables(work)
        change.run(work, published="snapshot.")
        assert work.execute("from estimate.previous_build").fetchall() == [("s1", None)]
        assert work.execute("select cause, paid from estimate.spend_change").fetchall() == [
            ("reversals", -30)
        ]
        total = work.execute("select contract_id, paid, allowed, member_months from estimate.previous_total")
        assert total.fetchall() == [("aco", 100, 200, 1)]
        # Nothing holds the old file any longer.
        names = {row[0] for row in work.execute("select database_name from duckdb_databases()").fetchall()}
        assert change.OLD not in names


# -- Whatever changed, the causes sum to the difference ----------------------------------------------------------


def world(draw: random.Random) -> tuple[list[Row], list[Row]]:
    """A few people's claims and member-months, with all that may be wrong with them."""
    months = [
        month(
            f"p{person}", number, contract_id=contract, market_id=draw.choice(["north", "south"]),
            care_team_id=draw.choice(["t1", None]), pcp_npi=draw.choice(["d1", "d2", None]),
            pharmacy_member_months=draw.choice([0, 1]),
        )
        for person in range(4) for number in (1, 2, 3) for contract in ("aco", "mco") if draw.random() < 0.6
    ]  # fmt: skip
    claims = [
        claim(
            f"c{draw.randrange(12)}", draw.randrange(-500, 5000) / 100, person_id=f"p{draw.randrange(4)}",
            contract_id=draw.choice(["aco", "mco"]), day=dt.date(2026, draw.randrange(1, 4), 5),
            category=draw.choice(["inpatient", "outpatient", "pharmacy"]), feed=draw.choice(["payer", "other"]),
            file=draw.choice(["2026-02/c.csv", "2026-03/c.csv"]),
        )
        for _ in range(draw.randrange(20))
    ]  # fmt: skip
    return claims, months


def altered(draw: random.Random, then: tuple[list[Row], list[Row]]) -> tuple[list[Row], list[Row]]:
    """The same a month later: some rows gone, some new, some different."""
    claims, months = ([dict(row) for row in rows if draw.random() < 0.85] for rows in then)
    extra_claims, extra_months = world(draw)
    for row in claims:
        if draw.random() < 0.3:
            row |= draw.choice([{"paid": row["paid"] + 1.5}, {"category": "outpatient"}, {"contract_id": "mco"},
                                {"day": dt.date(2026, 1, 7)}, {"person_id": "p0"}])  # fmt: skip
    for row in months:
        if draw.random() < 0.3:
            row |= draw.choice([{"market_id": "south"}, {"pcp_npi": "d9"}, {"pharmacy_member_months": 0}])
    there = {(row["person_id"], row["contract_id"], row["month"]) for row in months}
    months += [
        row for row in extra_months
        if draw.random() < 0.2 and (row["person_id"], row["contract_id"], row["month"]) not in there
    ]  # fmt: skip
    return claims + extra_claims[: draw.randrange(5)], months


def counted(claims: list[Row], months: list[Row]) -> dict[tuple[Any, ...], list[float]]:
    """Paid, allowed and member-months by contract, market, team, doctor and month, counted without the program."""
    place = {(row["person_id"], row["contract_id"], row["month"]): row for row in months}
    total: dict[tuple[Any, ...], list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0, 0.0])

    def key(row: Row) -> tuple[Any, ...]:
        return (row["contract_id"], row["market_id"], row["care_team_id"], row["pcp_npi"], row["month"])

    for row in months:
        total[key(row)][2] += row["member_months"]
        total[key(row)][3] += row["pharmacy_member_months"]
    for row in claims:
        where = place.get((row["person_id"], row["contract_id"], row["day"].replace(day=1)))
        if where:
            total[key(where)][0] += row["paid"]
            total[key(where)][1] += row["allowed"]
    return total


@pytest.mark.parametrize("seed", range(20))
def test_the_causes_of_random_changes_sum_to_the_difference_everywhere(work: Work, seed: int) -> None:
    draw = random.Random(seed)
    then = world(draw)
    now = altered(draw, then)
    changes(work, then, now, inputs=draw.choice([BEFORE, DELIVERED, REPROGRAMMED]))
    sums = work.execute(
        """
        select contract_id, market_id, care_team_id, pcp_npi, month, sum(paid), sum(allowed), sum(member_months),
            sum(pharmacy_member_months)
        from estimate.spend_change group by all
        """
    ).fetchall()
    found = {tuple(row[:5]): [float(value) for value in row[5:]] for row in sums}
    old, new = counted(*then), counted(*now)
    for place in {*old, *new, *found}:
        expected = [after - before for after, before in zip(new[place], old[place], strict=True)]
        assert found.get(place, [0.0] * 4) == pytest.approx(expected, abs=1e-6), place
    causes = {row[0] for row in work.execute("select distinct cause from estimate.spend_change").fetchall()}
    assert causes <= set(change.CAUSES)
