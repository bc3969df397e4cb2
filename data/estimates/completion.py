"""Completion of every contract, category and basis: triangles in, completed months, draws and a backtest out.

What is estimated, and why so: docs/completion.md. Triangles are those of `mart.spend_lag`, dollars to date
those of `mart.spend_group`: members' enrolled months only, by contract as a whole, so that every slice of a
contract is completed by the same factors and slices add up to it.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import duckdb
import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    import pandas as pd

    from analytics.completion import Array, Completed, Lines

NAME = "completion"
NEEDS = (
    "mart.spend_lag",
    "mart.spend_group",
    "mart.spend_month",
    "mart.enrolment_group",
    "mart.contract",
    "staging.contract_end",
)
PACKAGES = ("chainladder", "numpy")
_KEY = {"contract_id": "varchar", "service_category_1": "varchar", "basis": "varchar"}
TABLES = {
    "estimate.completion": {
        **_KEY,
        "month": "date",
        "lag": "integer",
        "amount_to_date": "double",
        "member_months": "double",
        "completion": "double",
        "method": "varchar",
        "multiplier": "double",
        "per_member_month": "double",
        "per_member_month_truncated": "double",
        "estimate": "double",
        "low": "double",
        "high": "double",
        "dispersion": "double",
        "expected_pmpm": "double",
        "standard_error": "double",
        "tail_factor": "double",
        "months_excluded": "integer",
    },
    "estimate.completion_draw": {
        **_KEY,
        "month": "date",
        "draw": "integer",
        "multiplier": "double",
        "per_member_month": "double",
    },
    "estimate.completion_link": {
        **_KEY,
        "lag": "integer",
        "link_ratio": "double",
        "completion": "double",
        "standard_error": "double",
        "months_used": "integer",
        "months_excluded": "integer",
        "tail_factor": "double",
    },
    "estimate.completion_backtest": {
        **_KEY,
        "as_of": "integer",
        "month": "date",
        "amount_then": "double",
        "said": "double",
        "low": "double",
        "high": "double",
        "came": "double",
        "came_completed": "double",
        "covered": "boolean",
    },
}
BASES = ("allowed", "paid")
WINDOW = 36
"""Months of service, and lags, of a triangle: what is older is complete."""
BACK = (3, 6)
"""Months ago at which the backtest asks what would have been said."""
BACK_DRAWS = 100
UNDATED = 0.02
"""Without payment dates on more than this share of the dollars a line is not tested."""


def run(connection: duckdb.DuckDBPyConnection, *, published: str) -> None:
    """Fill the tables of `TABLES` from what has been paid."""
    connection.execute(f"create or replace temp view completion_month as {_month_query(published)}")
    contracts = connection.execute(_CONTRACTS.format(p=published)).df().set_index("contract_id")
    months = connection.execute("from completion_month").df()
    paid = connection.execute(_LAGS.format(p=published)).df()
    chance = connection.execute(_DISPERSION.format(p=published)).df()
    connection.execute("drop view completion_month")
    for table, rows in estimate(contracts, months, paid, chance).items():
        connection.register("estimated", rows)
        connection.execute(f"insert into {table} by name select * from estimated")
        connection.unregister("estimated")


def _month_query(published: str) -> str:
    return _MONTHS.format(p=published)


_CONTRACTS = """
    select
        c.contract_id,
        c.completion_threshold as threshold,
        (extract(year from e.paid_through) * 12 + extract(month from e.paid_through))::double as valuation
    from {p}mart.contract as c
    left join staging.contract_end as e on e.contract_id = c.contract_id
"""

# Every contract × category × month of the triangle, and months of members in which nothing has been paid yet.
_MONTHS = """
    with category as (
        select contract_id, service_category_1, min(service_month) as first_month
        from {p}mart.spend_lag
        group by 1, 2
    ),
    enrolled as (
        select
            contract_id,
            month,
            sum(member_months) as member_months,
            sum(pharmacy_member_months) as pharmacy_member_months
        from {p}mart.enrolment_group
        group by 1, 2
    ),
    listed as (
        select contract_id, service_category_1, service_month as month from {p}mart.spend_lag
        union
        select c.contract_id, c.service_category_1, n.month
        from category as c
        inner join enrolled as n on n.contract_id = c.contract_id and n.month >= c.first_month
        inner join staging.contract_end as e
            on e.contract_id = c.contract_id and n.month <= greatest(e.data_end, e.paid_through)
    ),
    spent as (
        select
            contract_id,
            service_category_1,
            month,
            sum(paid) as paid,
            sum(allowed) as allowed,
            sum(paid_truncated) as paid_truncated,
            sum(allowed_truncated) as allowed_truncated
        from {p}mart.spend_group
        group by 1, 2, 3
    )
    select
        l.contract_id,
        l.service_category_1,
        l.month,
        (extract(year from l.month) * 12 + extract(month from l.month))::integer as number,
        coalesce(case
            when l.service_category_1 = 'pharmacy' then n.pharmacy_member_months else n.member_months
        end, 0)::double as member_months,
        coalesce(s.paid, 0)::double as paid,
        coalesce(s.allowed, 0)::double as allowed,
        coalesce(s.paid_truncated, 0)::double as paid_truncated,
        coalesce(s.allowed_truncated, 0)::double as allowed_truncated
    from listed as l
    left join enrolled as n on n.contract_id = l.contract_id and n.month = l.month
    left join spent as s
        on s.contract_id = l.contract_id and s.service_category_1 = l.service_category_1 and s.month = l.month
    order by 1, 2, 3
"""

_LAGS = """
    select
        contract_id,
        service_category_1,
        (extract(year from service_month) * 12 + extract(month from service_month))::integer as number,
        greatest(
            (extract(year from payment_month) - extract(year from service_month)) * 12
            + extract(month from payment_month) - extract(month from service_month),
            0
        )::double as lag,
        sum(paid)::double as paid,
        sum(allowed)::double as allowed
    from {p}mart.spend_lag
    where in_enrolment
    group by 1, 2, 3, 4
    order by 1, 2, 3, 4
"""

_DISPERSION = """
    select
        contract_id,
        service_category_1,
        sum(paid * paid) / nullif(sum(paid), 0) as paid,
        sum(allowed * allowed) / nullif(sum(allowed), 0) as allowed
    from (
        select contract_id, service_category_1, person_id, month, sum(paid) as paid, sum(allowed) as allowed
        from {p}mart.spend_month
        where in_enrolment
        group by 1, 2, 3, 4
    ) as of_member
    group by 1, 2
"""


def estimate(
    contracts: pd.DataFrame, months: pd.DataFrame, paid: pd.DataFrame, chance: pd.DataFrame
) -> dict[str, pa.Table]:
    """The rows of every table of `TABLES`.

    contracts: index contract_id; threshold, valuation (year × 12 + month of the last payment, NaN unknown).
    months: contract_id, service_category_1, month, number (as valuation), member_months, paid, allowed,
    paid_truncated, allowed_truncated. paid: contract_id, service_category_1, number, lag (NaN without a
    date), paid, allowed. chance: contract_id, service_category_1, paid, allowed (Σ dollars² ÷ Σ dollars of
    members' months).
    """
    if months.empty:
        return {}
    ledger = _Ledger(contracts, months, paid, chance)
    from analytics.completion import complete

    now = complete(ledger.as_of([0]))
    back = complete(ledger.as_of(list(BACK)), BACK_DRAWS)
    return {
        "estimate.completion": ledger.completion(now),
        "estimate.completion_draw": ledger.draws(now),
        "estimate.completion_link": ledger.links(now),
        "estimate.completion_backtest": ledger.backtest(now, back),
    }


class _Ledger:
    """The dollars as arrays: K lines, `ages` from the oldest month to the newest after the valuation.

    `paid` [K, month, lag] by date of payment; `amount`, `truncated`, `exposure` [K, month]; `is_listed` [K,
    month]. After the lines of categories come those of all medical categories of a contract together: the
    pattern of a category that is too sparse for one of its own.
    """

    def __init__(
        self, contracts: pd.DataFrame, months: pd.DataFrame, paid: pd.DataFrame, chance: pd.DataFrame
    ) -> None:
        valuation = contracts["valuation"]
        keys = months[["contract_id", "service_category_1"]].drop_duplicates().itertuples(index=False)
        self.lines = [(str(c), str(g), basis) for c, g in keys for basis in BASES]
        self.valuation = np.array([valuation.get(c, np.nan) for c, _, _ in self.lines])
        # Without a date of payment there is no age; the newest month stands in for it, and nothing is tested.
        newest = months.groupby("contract_id")["number"].max()
        anchor = {
            c: int(newest[c]) if np.isnan(valuation.get(c, np.nan)) else int(valuation[c])
            for c in newest.index
        }
        self.anchor = np.array([anchor[c] for c, _, _ in self.lines])
        months = months.assign(age=months["contract_id"].map(anchor) - months["number"])
        paid = paid[paid["contract_id"].isin(anchor)]
        paid = paid.assign(age=paid["contract_id"].map(anchor) - paid["number"])
        self.ages = np.arange(
            max(int(months["age"].max()), WINDOW - 1), min(int(months["age"].min()), 0) - 1, -1
        )
        of_key = {key: k for k, key in enumerate(self.lines)}
        pools = {
            (c, basis): len(self.lines) + n
            for n, (c, basis) in enumerate(dict.fromkeys((c, b) for c, _, b in self.lines))
        }
        count = len(self.lines) + len(pools)
        shape = (count, len(self.ages))
        self.paid = np.zeros((*shape, WINDOW))
        self.amount, self.truncated = np.zeros(shape), np.zeros(shape)
        self.exposure, self.is_listed = np.full(shape, np.nan), np.zeros(shape, bool)
        self.dispersion = np.full(count, np.nan)
        self.threshold = np.ones(count)
        self.pool = np.arange(count)
        undated, whole = np.zeros(count), np.zeros(count)
        for (contract, category), rows in months.groupby(["contract_id", "service_category_1"]):
            at = self.ages[0] - rows["age"].to_numpy()
            for basis in BASES:
                k = of_key[contract, category, basis]
                self.is_listed[k, at] = True
                self.amount[k, at] = rows[basis]
                self.truncated[k, at] = rows[f"{basis}_truncated"]
                self.exposure[k, at] = rows["member_months"]
                self.threshold[k] = contracts["threshold"].get(contract, 0.9)
                if category != "pharmacy":
                    self.pool[k] = pools[contract, basis]
        for (contract, category), rows in paid.groupby(["contract_id", "service_category_1"]):
            known = rows[rows["lag"].notna() & (rows["lag"] < WINDOW) & (rows["lag"] <= rows["age"])]
            at, lag = self.ages[0] - known["age"].to_numpy(), known["lag"].to_numpy().astype(int)
            for basis in BASES:
                k = of_key[contract, category, basis]
                self.paid[k, at, lag] = known[basis]
                undated[k] = rows.loc[rows["lag"].isna(), basis].abs().sum()
                whole[k] = rows[basis].abs().sum()
        for row in chance.itertuples(index=False):
            for basis in BASES:
                k = of_key.get((row.contract_id, row.service_category_1, basis))
                if k is not None:
                    self.dispersion[k] = getattr(row, basis)
        for k in range(len(self.lines)):
            if self.pool[k] != k:
                self.paid[self.pool[k]] += self.paid[k]
        self.dispersion[~(self.dispersion > 0)] = np.nan
        tested = slice(0, len(self.lines))
        has_paid = self.paid[tested].any(axis=2)
        # One month alone tells nothing of how dollars develop.
        young = has_paid.any(axis=1) & (self.ages[has_paid.argmax(axis=1)] < 1)
        dated = undated[tested] <= UNDATED * np.maximum(whole[tested], 0.01)
        self.is_tested = ~np.isnan(self.valuation) & dated & ~young
        names = [f"{c}|{g}" for c, g, _ in self.lines] + [f"{c}|medical" for c, _ in pools]
        self.seeds = [zlib.crc32(name.encode()) for name in names]
        self.payer_seeds = [zlib.crc32(name.split("|")[0].encode()) for name in names]

    def as_of(self, back: list[int]) -> Lines:
        """Every line as it stood so many months ago, one time after the other: a month's age was less
        then."""
        from analytics.completion import Lines

        count, size, length = len(self.paid), WINDOW, len(self.ages)
        paid = np.full((len(back) * count, size, size), np.nan)
        amount = np.zeros((len(back) * count, length))
        exposure = np.full(amount.shape, np.nan)
        # A triangle starts with the first month in which anything was paid.
        has_paid = self.paid.any(axis=2)
        first = np.where(has_paid.any(axis=1), has_paid.argmax(axis=1), length)
        for n, ago in enumerate(back):
            part = slice(n * count, (n + 1) * count)
            old = np.arange(
                length - ago
            )  # places of the months that were there, now; then they were `ago` later
            age = self.ages[old + ago]
            for lag in range(size):
                known = (age >= lag) & (age < size)
                seen = first[:, None] <= old[known][None, :]
                paid[part, size - 1 - age[known], lag] = np.where(seen, self.paid[:, old[known], lag], np.nan)
            if ago:
                then = (np.arange(size)[None, :] <= age[:, None]).astype(float)
                by_then = (self.paid[:, old] * then).sum(axis=2)
                amount[part, ago:] = np.where(age >= size, self.amount[:, old], by_then)
                exposure[part, ago:] = np.where(age >= 0, self.exposure[:, old], np.nan)
            else:
                amount[part], exposure[part] = self.amount, self.exposure
        return Lines(
            paid,
            self.ages,
            amount,
            exposure,
            np.tile(self.threshold, len(back)),
            np.concatenate([self.pool + n * count for n in range(len(back))]),
            self.seeds * len(back),
            self.payer_seeds * len(back),
            np.tile(self.dispersion, len(back)),
        )

    def completion(self, now: Completed) -> pa.Table:
        k, m = np.nonzero(self.is_listed)
        tested, shown = self.is_tested[k], now.method[k, m] != "not_tested"
        told = tested & shown
        excluded = now.link_excluded.sum(axis=1)
        columns = {
            **self._keys(k),
            "month": self._months(k, m),
            "lag": pa.array(self.ages[m], mask=np.isnan(self.valuation[k])),
            "amount_to_date": self.amount[k, m],
            "member_months": np.nan_to_num(self.exposure[k, m]),
            "completion": _known(np.minimum(now.completion[k, m], 1), tested),
            "method": pa.array(np.where(tested, now.method[k, m], "not_tested").tolist()),
            "multiplier": np.where(tested, now.multiplier[k, m], 1.0),
            "per_member_month": np.where(tested, now.per_member_month[k, m], 0.0),
            "per_member_month_truncated": np.where(
                tested, now.per_member_month[k, m] * self._truncated_share(now)[k], 0.0
            ),
            "estimate": np.where(tested, now.estimate[k, m], self.amount[k, m]),
            "low": _known(np.fmin(now.low, now.estimate)[k, m], told & ~np.isnan(now.low[k, m])),
            "high": _known(np.fmax(now.high, now.estimate)[k, m], told & ~np.isnan(now.high[k, m])),
            "dispersion": _known(now.dispersion[k, m], told),
            "expected_pmpm": _known(now.expected[k, m], tested),
            "standard_error": _known(now.mack[k, m], told),
            "tail_factor": np.where(tested, now.tail[k], 1.0),
            "months_excluded": pa.array(np.where(tested, excluded[k], 0)),
        }
        return pa.table(columns)

    def draws(self, now: Completed) -> pa.Table:
        drawn = np.isfinite(now.multiplier_draw[: len(self.lines), 0, :]) & self.is_listed[: len(self.lines)]
        k, m = np.nonzero(drawn & self.is_tested[:, None])
        count = now.multiplier_draw.shape[1]
        each = np.repeat(np.arange(len(k)), count)
        columns = {
            **self._keys(k[each]),
            "month": self._months(k, m).take(pa.array(each)),
            "draw": np.tile(np.arange(count), len(k)),
            "multiplier": now.multiplier_draw[k, :, m].ravel(),
            "per_member_month": now.per_member_month_draw[k, :, m].ravel(),
        }
        return pa.table(columns)

    def links(self, now: Completed) -> pa.Table:
        months = now.link_months[: len(self.lines)]
        # A lag is there if some month is known at it: all that have a link, and the last one.
        reached = np.concatenate([np.ones((len(months), 1), bool), months > 0], axis=1)
        k, lag = np.nonzero(reached & self.is_tested[:, None])
        last = lag == WINDOW - 1
        link = np.where(last, np.nan, now.link[k, np.minimum(lag, WINDOW - 2)])
        has_link = ~last & np.isfinite(link)
        at = np.minimum(lag, WINDOW - 2)
        used = np.where(last, 0, now.link_months[k, at])
        has_link &= used > 0
        columns = {
            **self._keys(k),
            "lag": lag,
            "link_ratio": _known(link, has_link),
            "completion": np.minimum(now.link_completion[k, lag], 1),
            "standard_error": _known(now.link_error[k, at], has_link & ~np.isnan(now.link_error[k, at])),
            "months_used": used,
            "months_excluded": np.where(last, 0, now.link_excluded[k, at]),
            "tail_factor": now.tail[k],
        }
        return pa.table(columns)

    def backtest(self, now: Completed, back: Completed) -> pa.Table:
        count, parts = len(self.paid), []
        for n, ago in enumerate(BACK):
            lines = slice(n * count, n * count + len(self.lines))
            said = np.isin(back.method[lines], ("chain_ladder", "bornhuetter_ferguson")) & (self.ages >= 0)
            said &= (np.abs(back.completion[lines] - 1) > 0) & np.isfinite(back.low[lines])
            later = np.zeros_like(said)
            later[:, ago:] = self.is_listed[: len(self.lines), : len(self.ages) - ago]
            k, m = np.nonzero(said & later & self.is_tested[:, None])
            then, was = n * count + k, m - ago
            estimate, low, high = back.estimate[then, m], back.low[then, m], back.high[then, m]
            completed = now.estimate[k, was]
            columns = {
                **self._keys(k),
                "as_of": np.full(len(k), ago),
                "month": self._months(k, was),
                "amount_then": (self.paid[k, was] * (np.arange(WINDOW) <= self.ages[m][:, None])).sum(axis=1),
                "said": estimate,
                "low": np.minimum(low, estimate),
                "high": np.maximum(high, estimate),
                "came": self.amount[k, was],
                "came_completed": completed,
                "covered": (np.minimum(low, estimate) - 0.005 <= completed)
                & (completed <= np.maximum(high, estimate) + 0.005),
            }
            parts.append(pa.table(columns))
        return pa.concat_tables(parts)

    def _keys(self, k: np.ndarray) -> dict[str, pa.Array]:
        columns = zip(*(self.lines[i] for i in k), strict=True) if len(k) else ([], [], [])
        return {name: pa.array(list(values), pa.string()) for name, values in zip(_KEY, columns, strict=True)}

    def _months(self, k: np.ndarray, m: np.ndarray) -> pa.Array:
        number = self.anchor[k] - self.ages[m]
        months = (number - 1 - 1970 * 12).astype("datetime64[M]").astype("datetime64[D]")
        return pa.array(months, pa.date32())

    def _truncated_share(self, now: Completed) -> Array:
        """What of a line's dollars is under the contract's cap, in its latest 12 mature months; 1 where
        unknown."""
        share = np.ones(len(self.paid))
        for k in range(len(self.lines)):
            mature = np.flatnonzero(
                (self.ages >= 0) & (now.completion[k] >= self.threshold[k]) & self.is_listed[k]
            )[-12:]
            amount = self.amount[k, mature].sum()
            if amount > 0:
                share[k] = self.truncated[k, mature].sum() / amount
        return share


def _known(values: np.ndarray, known: np.ndarray) -> pa.Array:
    return pa.array(values, pa.float64(), mask=~known)
