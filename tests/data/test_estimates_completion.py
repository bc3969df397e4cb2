"""Estimates between models: the order they come in, what they count as, and completion of a hand-made warehouse."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
import yaml

from data import build, estimates, transform
from data.estimates import completion
from data.project import MODELS, Model, _in_order

# Contract × category: members, dollars of a claim, claims a month, share paid by months after the service.
LINES = {
    ("aco", "office_based"): (1000, 100, 300, [0.3, 0.4, 0.2, 0.1]),
    ("aco", "inpatient"): (1000, 9000, 12, [0.0, 0.5, 0.3, 0.2]),
    ("aco", "pharmacy"): (1000, 80, 400, [0.95, 0.05]),
    ("undated", "office_based"): (500, 100, 100, [0.3, 0.4, 0.2, 0.1]),
}
FIRST, LAST = 2024 * 12, 2026 * 12 + 5
"""Months as year × 12 + month − 1: January 2024 to June 2026, the last payments."""


def month_of(number: int) -> dt.date:
    return dt.date(number // 12, number % 12 + 1, 1)


@pytest.fixture(scope="module")
def claims() -> list[dict[str, Any]]:
    """Claim lines that have been paid by the end of June 2026, each with its day of service and of payment."""
    chance = np.random.default_rng(7)
    found = []
    for (contract, category), (_, dollars, count, pattern) in LINES.items():
        for service in range(FIRST, LAST + 1):
            for _ in range(int(chance.poisson(count))):
                lag = int(chance.choice(len(pattern), p=pattern))
                if service + lag <= LAST:
                    paid = round(float(chance.gamma(2, dollars / 2)), 2)
                    found.append(
                        {
                            "contract_id": contract,
                            "market_id": ("north", "south")[int(chance.integers(2))],
                            "service_category_1": category,
                            "person_id": str(chance.integers(500)),
                            "service": service,
                            "payment": None if contract == "undated" else service + lag,
                            "paid": paid,
                            "allowed": round(paid * 1.25, 2),
                        }
                    )
    return found


@pytest.fixture(scope="module")
def work(claims: list[dict[str, Any]]) -> Iterator[duckdb.DuckDBPyConnection]:
    """The marts that completion reads, as their models shape them, and its tables filled."""
    with duckdb.connect() as connection:
        connection.execute("create schema mart; create schema staging")
        connection.register(
            "lines",
            pa.Table.from_pylist(
                [
                    {
                        **claim,
                        "service": month_of(claim["service"]),
                        "payment": None if claim["payment"] is None else month_of(claim["payment"]),
                    }
                    for claim in claims
                ]
            ),
        )
        connection.execute(
            "create table line as select * exclude (service, payment), service as month, payment as payment_month "
            "from lines"
        )
        connection.execute(
            """
            create table mart.spend_lag as
            select
                contract_id, market_id, service_category_1, month as service_month, payment_month,
                sum(paid) as paid, sum(allowed) as allowed, true as in_enrolment
            from line group by all;
            insert into mart.spend_lag
            select contract_id, market_id, service_category_1, service_month, payment_month, 1e6, 1e6, false
            from mart.spend_lag limit 5;
            create table mart.spend_month as
            select *, true as in_enrolment from line;
            create table mart.spend_group as
            select
                contract_id, market_id, service_category_1, month, sum(paid) as paid, sum(allowed) as allowed,
                sum(paid) * 0.8 as paid_truncated, sum(allowed) * 0.9 as allowed_truncated
            from line group by all;
            create table mart.contract as
            select unnest(['aco', 'undated', 'empty']) as contract_id, 0.9::double as completion_threshold;
            create table staging.contract_end as
            select
                contract_id,
                date '2026-06-28' as data_end,
                case when contract_id = 'aco' then date '2026-06-30' end as paid_through
            from mart.contract
            """
        )
        connection.execute(
            "create table mart.enrolment_group (contract_id varchar, market_id varchar, month date, "
            "member_months double, pharmacy_member_months double)"
        )
        connection.executemany(
            "insert into mart.enrolment_group values (?, ?, ?, ?, ?)",
            [
                [contract, market, month_of(number), 500, 400]
                for contract in ("aco", "undated")
                for market in ("north", "south")
                for number in range(FIRST, LAST + 1)
            ],
        )
        estimates.create_tables(connection)
        completion.run(connection, published="")
        yield connection


def test_the_triangle_is_that_of_the_claims(
    work: duckdb.DuckDBPyConnection, claims: list[dict[str, Any]]
) -> None:
    """Link ratios of the SQL triangle, against one counted claim by claim: Σ to date at lag + 1 ÷ Σ at lag."""
    paid: dict[tuple[int, int], float] = defaultdict(float)
    for claim in claims:
        if (claim["contract_id"], claim["service_category_1"]) == ("aco", "office_based"):
            paid[claim["service"], claim["payment"] - claim["service"]] += claim["paid"]

    def to_date(service: int, lag: int) -> float:
        return sum(paid[service, earlier] for earlier in range(lag + 1))

    rows = work.execute(
        "select lag, link_ratio, months_used, months_excluded from estimate.completion_link "
        "where contract_id = 'aco' and service_category_1 = 'office_based' and basis = 'paid' order by lag"
    ).fetchall()
    assert [row[0] for row in rows] == list(range(LAST - FIRST + 1))
    factor = 1.0
    for lag, ratio, used, excluded in rows[:4]:
        months = range(FIRST, LAST - lag)
        assert (used, excluded) == (len(months), 0)
        assert ratio == pytest.approx(
            sum(to_date(m, lag + 1) for m in months) / sum(to_date(m, lag) for m in months)
        )
    for _, ratio, _, _ in rows[:-1]:
        factor *= ratio
    said = work.execute(
        "select completion, amount_to_date from estimate.completion where contract_id = 'aco' "
        "and service_category_1 = 'office_based' and basis = 'paid' and lag = 0"
    ).fetchone()
    assert said == (pytest.approx(1 / factor), pytest.approx(to_date(LAST, 0)))


def test_a_month_in_which_nothing_is_paid_yet_is_expected_all_the_same(
    work: duckdb.DuckDBPyConnection,
) -> None:
    row = work.execute(
        "select amount_to_date, method, completion, estimate / member_months, expected_pmpm "
        "from estimate.completion where service_category_1 = 'inpatient' and basis = 'paid' and lag = 0"
    ).fetchone()
    assert row is not None
    amount, method, share, pmpm, expected = row
    assert (amount, method, share) == (0, "bornhuetter_ferguson", 0)
    assert pmpm == pytest.approx(expected) and 80 < expected < 140


def test_pharmacy_is_per_pharmacy_member_month(work: duckdb.DuckDBPyConnection) -> None:
    months = work.execute(
        "select distinct service_category_1, member_months from estimate.completion where contract_id = 'aco'"
    ).fetchall()
    assert set(months) == {("office_based", 1000), ("inpatient", 1000), ("pharmacy", 800)}


def test_without_payment_dates_nothing_is_estimated(work: duckdb.DuckDBPyConnection) -> None:
    rows = work.execute(
        "select distinct method, multiplier, per_member_month, completion, lag, low, estimate = amount_to_date "
        "from estimate.completion where contract_id = 'undated'"
    ).fetchall()
    assert rows == [("not_tested", 1, 0, None, None, None, True)]
    others = ("completion_draw", "completion_link", "completion_backtest")
    for table in others:
        assert work.execute(f"from estimate.{table} where contract_id = 'undated'").fetchall() == []


def test_markets_add_up_to_their_contract(work: duckdb.DuckDBPyConnection) -> None:
    apart = work.execute(
        """
        select c.contract_id, c.basis, c.service_category_1, c.month,
            sum(coalesce(case c.basis when 'paid' then s.paid else s.allowed end, 0) * c.multiplier
                + case when c.service_category_1 = 'pharmacy' then n.pharmacy_member_months else n.member_months end
                * c.per_member_month) - any_value(c.estimate) as missing
        from estimate.completion as c
        inner join mart.enrolment_group as n on n.contract_id = c.contract_id and n.month = c.month
        left join mart.spend_group as s
            on s.contract_id = n.contract_id and s.market_id = n.market_id and s.month = n.month
            and s.service_category_1 = c.service_category_1
        group by 1, 2, 3, 4
        having abs(missing) > 0.01
        """
    ).fetchall()
    assert apart == []


def test_truncated_months_expect_what_is_under_the_cap(work: duckdb.DuckDBPyConnection) -> None:
    rows = work.execute(
        "select distinct basis, round(per_member_month_truncated / per_member_month, 6) "
        "from estimate.completion where per_member_month > 0 order by 1"
    ).fetchall()
    assert rows == [("allowed", 0.9), ("paid", 0.8)]


def test_months_that_are_not_complete_have_all_their_draws(work: duckdb.DuckDBPyConnection) -> None:
    rows = work.execute(
        """
        select c.service_category_1, c.lag, count(d.draw), avg(d.multiplier) / c.multiplier
        from estimate.completion as c
        left join estimate.completion_draw as d using (contract_id, service_category_1, basis, month)
        where c.contract_id = 'aco' and c.basis = 'paid' and c.service_category_1 <> 'pharmacy' and c.lag < 5
        group by c.service_category_1, c.lag, c.multiplier
        order by 1, 2
        """
    ).fetchall()
    assert [row[2] for row in rows] == [200, 200, 200, 0, 0] * 2
    assert [row[3] for row in rows if row[2]] == [pytest.approx(1)] * 6


def test_the_backtest_says_what_was_known_then(
    work: duckdb.DuckDBPyConnection, claims: list[dict[str, Any]]
) -> None:
    rows = work.execute(
        "select as_of, month, amount_then, said, came, came_completed, covered from estimate.completion_backtest "
        "where contract_id = 'aco' and service_category_1 = 'office_based' and basis = 'paid' order by 1, 2"
    ).fetchall()
    assert [(row[0], row[1]) for row in rows] == [
        (ago, month_of(LAST - ago - lag)) for ago in (3, 6) for lag in (2, 1, 0)
    ]
    for ago, month, then, said, came, completed, covered in rows:
        paid = [
            claim
            for claim in claims
            if (claim["contract_id"], claim["service_category_1"]) == ("aco", "office_based")
            and month_of(claim["service"]) == month
        ]
        assert then == pytest.approx(sum(claim["paid"] for claim in paid if claim["payment"] <= LAST - ago))
        assert came == pytest.approx(sum(claim["paid"] for claim in paid))
        assert said == pytest.approx(completed, rel=0.3)
        assert isinstance(covered, bool)


def test_what_no_contract_has_makes_no_rows() -> None:
    import pandas as pd

    contracts = pd.DataFrame(
        {"threshold": [0.9], "valuation": [24300]}, index=pd.Index(["a"], name="contract_id")
    )
    empty = pd.DataFrame(columns=["contract_id", "service_category_1", "month", "number", "member_months"])
    paid = pd.DataFrame(columns=["contract_id", "service_category_1", "number", "lag", "paid", "allowed"])
    assert completion.estimate(contracts, empty, paid, paid) == {}


def test_steps_declare_the_tables_that_sqlmesh_knows() -> None:
    known = {
        table["name"]: table["columns"]
        for table in yaml.safe_load((MODELS / "external_models.yaml").read_text())
        if table["name"].startswith("estimate.")
    }
    assert known == {name: columns for step in estimates.steps() for name, columns in step.TABLES.items()}


def model(name: str, *depends_on: str) -> Model:
    return Model(name, False, depends_on, "select 1", ())


def test_a_model_comes_after_what_its_estimate_is_made_from() -> None:
    reads = model("mart.completion", "estimate.completion", *estimates.needs(("estimate.completion",)))
    needed = [model(name) for name in completion.NEEDS]
    ordered = [one.name for one in _in_order([model("mart.member"), reads, *needed])]
    assert ordered[0] == "mart.member"
    assert ordered[-1] == "mart.completion"
    assert set(ordered[1:-1]) == set(completion.NEEDS)


def test_an_estimate_made_from_what_rests_on_it_is_refused() -> None:
    with pytest.raises(ValueError, match=r"circle: mart.a -> mart.b -> mart.a"):
        _in_order([model("mart.a", "mart.b"), model("mart.b", "mart.a")])


def test_a_step_runs_once_and_says_what_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    class Step:
        NAME, NEEDS, TABLES = "guess", (), {"estimate.guess": {"value": "integer"}}
        runs = 0

        def run(self, connection: duckdb.DuckDBPyConnection, *, published: str) -> None:
            self.runs += 1
            connection.execute("insert into estimate.guess values (1)")
            if published == "snapshot.":
                raise RuntimeError("no idea")

    step = Step()
    monkeypatch.setattr(estimates, "steps", lambda: (step,))
    with duckdb.connect() as connection:
        estimates.create_tables(connection)
        done: set[str] = set()
        for name in ("mart.a", "mart.b"):
            transform._estimate(connection, model(name, "estimate.guess"), done, apart=False)
        assert step.runs == 1
        assert connection.execute("from estimate.guess").fetchall() == [(1,)]
        with pytest.raises(transform.TransformFailed, match="estimate of guess: no idea"):
            transform._estimate(connection, model("mart.a", "estimate.guess"), set(), apart=True)


def test_what_estimates_are_made_with_is_part_of_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {path.relative_to(estimates.ROOT).as_posix() for path in estimates.code_files()}
    assert {"analytics/completion.py", "analytics/chain_ladder.py", "analytics/intervals.py"} <= names
    assert "analytics/funnel.py" not in names
    before = build.code_sha256()
    monkeypatch.setattr(estimates, "package_versions", lambda: {"chainladder": "0"})
    assert build.code_sha256() != before
