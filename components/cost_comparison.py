"""What cost is compared with: each kind of benchmark as a side of the comparison, or the reason why it must
not be compared.

A benchmark that is only numbers (a target, a budget, a national median) is laid out on the pattern of the
prior year, or of the period itself where there is no prior year. Which basis each stands on is decided by
`analytics.decomposition.not_comparable`; nothing here compares what it refuses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from analytics import decomposition, words
from analytics.decomposition import GROUP, PHARMACY, Side
from components import formats
from components.asking import Asking
from components.cost_basis import Basis
from components.data_status import last_day
from components.filter_bar import Chosen
from queries.filters import Filters

LEAF = ["service_category_1", "service_category_2"]
# A budget whose parts leave more than this share of a category's dollars without one has other parts.
NEARLY = 0.01
PERCENTILES = {"p10": "10th", "p25": "25th", "p50": "median", "p75": "75th", "p90": "90th"}


@dataclass(frozen=True)
class Comparison:
    """What the page compares with.

    label: in a sentence ("budget"); side: None where it cannot be compared, and `reason` says why. fixed: a
    number set beforehand, not months that vary themselves. by: what makes a group of one side a group of the
    other. filters: where the other side's own months are to be asked. takes: (basis, truncated, pharmacy)
    with which it could be compared.
    """

    kind: str
    label: str
    side: Side | None = None
    reason: str = ""
    fixed: bool = False
    by: tuple[str, ...] = GROUP
    filters: Filters | None = None
    takes: tuple[str, bool, bool] | None = None
    source: str = ""
    notes: tuple[str, ...] = field(default=())

    @property
    def has_parts(self) -> bool:
        """Whether it says anything of categories: a target or a median of the whole does not, and how it is
        laid out over them is no benchmark of theirs."""
        return self.side is not None and self.kind not in ("contract_target", "national")

    @property
    def title(self) -> str:
        """At the start of a label: 'Budget'."""
        return self.label[:1].upper() + self.label[1:]

    @cached_property
    def pmpm(self) -> float | None:
        """Its completed PMPM; None where it cannot be compared."""
        return self.side.pmpm if self.side is not None else None


def side_of(asking: Asking, filters: Filters, basis: Basis) -> Side:
    """What came, for these filters: the three questions a comparison takes apart."""
    return Side(
        asking.ask("cost/groups", filters),
        asking.ask("cost/leaves", filters, **basis.parameters),
        asking.ask("cost/estimated", filters, **basis.parameters),
    )


def compare(asking: Asking, chosen: Chosen, basis: Basis, benchmarks: pd.DataFrame, now: Side) -> Comparison:
    """The comparison that is chosen. `benchmarks`: cost/benchmarks. `now`: the period's own side."""
    if basis.compare == "market":
        return _market(asking, chosen, basis)
    if basis.compare == "cohort":
        return _cohort(asking, chosen, basis, now)
    prior = prior_year(asking, chosen, basis)
    if basis.compare == "prior_year":
        return prior
    pattern = prior.side if prior.side is not None else now
    made = {"contract_target": _target, "budget": _budget, "national": _national}[basis.compare]
    found = made(chosen, basis, benchmarks, pattern)
    if found.side is None:
        return found
    base = "the prior year's" if prior.side is not None else "the period's own"
    notes = (f"Laid out on {base} membership and use", *found.side.notes)
    return replace(found, notes=tuple(dict.fromkeys(notes)))


def full_prior_year(chosen: Chosen) -> bool:
    """Whether a year earlier lies in the data as a whole and does not overlap the period."""
    start = chosen.prior.period_start
    return chosen.period != "24 months" and start is not None and start >= min(chosen.months["month"])


def prior_year(asking: Asking, chosen: Chosen, basis: Basis) -> Comparison:
    """The same months a year earlier."""
    if not full_prior_year(chosen):
        return Comparison("prior_year", "prior year", reason="There is no full prior year in the data.")
    side = side_of(asking, chosen.prior, basis)
    if not float(side.groups["member_months"].sum()):
        return Comparison("prior_year", "prior year", reason="Nobody was enrolled a year earlier.")
    return Comparison(
        "prior_year", "prior year", side, filters=chosen.prior, source="Claims of the same months"
    )


def _market(asking: Asking, chosen: Chosen, basis: Basis) -> Comparison:
    if not basis.market:
        return Comparison("market", "another market", reason="No other market is within your scope.")
    filters = replace(chosen.filters, market=(basis.market,), care_team=(), pcp=())
    side = side_of(asking, filters, basis)
    groups = side.groups
    name = str(groups.iloc[0]["market_name"]) if len(groups) else basis.market
    if not float(groups["member_months"].sum()):
        return Comparison("market", name, reason=f"Nobody in {name} matches the other filters.")
    return Comparison("market", name, side, by=("contract_id",), filters=filters, source=f"Claims of {name}")


def _cohort(asking: Asking, chosen: Chosen, basis: Basis, now: Side) -> Comparison:
    label = "control cohort"
    cohorts = asking.ask("cost/cohorts")
    if cohorts.empty:
        return Comparison(
            "cohort", label, reason="No control cohort is declared (`control_for` in source.yaml)."
        )
    contracts = set(now.groups["contract_id"])
    mine = cohorts[cohorts["control_for"].isin(contracts)]
    if mine.empty or contracts != set(mine["control_for"]):
        theirs = words.listing(sorted(set(cohorts["control_for"].astype(str))))
        return Comparison(
            "cohort", label, reason=f"A control cohort is declared for {theirs} only: choose that contract."
        )
    filters = replace(
        chosen.filters, contract=tuple(mine["contract_id"]), line_of_business=(), care_team=(), pcp=()
    )
    side = side_of(asking, filters, basis)
    if not float(side.groups["member_months"].sum()):
        return Comparison("cohort", label, reason="The control cohort has no member in what is chosen.")
    source = f"Claims of {words.listing(sorted(mine['contract_name'].astype(str)))}"
    return Comparison("cohort", label, side, by=("market_id",), filters=filters, source=source)


def _target(chosen: Chosen, basis: Basis, benchmarks: pd.DataFrame, pattern: Side) -> Comparison:
    label = "contract target"
    rows = targets_of(benchmarks)
    contracts = names_of(pattern.groups, "contract")
    totals: dict[str, float] = {}
    missing, refused = [], []
    for contract, name in contracts.items():
        mine = rows[rows["segment"] == contract]
        if mine.empty:
            missing.append(name)
            continue
        row = dict(mine.iloc[-1])
        reason = decomposition.not_comparable(row, basis.for_benchmarks, contracts=[contract])
        if reason:
            refused.append((name, reason, row))
        totals[contract] = trended(row, chosen)
    if not totals:
        return Comparison("contract_target", label, reason="No contract shown has a target.")
    if refused:
        name, reason, row = refused[0]
        others = f" (and {len(refused) - 1} more)" if len(refused) > 1 else ""
        takes = [_takes(one) for _, _, one in refused]
        return Comparison(
            "contract_target",
            label,
            reason=f"{reason}: the target of {name}{others}.",
            takes=takes[0] if len(set(takes)) == 1 and len(refused) == len(contracts) else None,
        )
    if missing:
        return Comparison(
            "contract_target",
            label,
            reason=f"{words.listing(missing)} {'has' if len(missing) == 1 else 'have'} no target: choose a "
            "contract that has one.",
        )
    side = decomposition.lay_out(pattern, total=totals, pharmacy=basis.pharmacy)
    used = rows[rows["segment"].isin(list(contracts))]
    return Comparison("contract_target", label, side, fixed=True, source=_sources(used))


def _budget(chosen: Chosen, basis: Basis, benchmarks: pd.DataFrame, pattern: Side) -> Comparison:
    rows = benchmarks[benchmarks["kind"] == "budget"]
    if rows.empty:
        return Comparison("budget", "budget", reason="No budget is set (`benchmark.csv`, kind budget).")
    first = dict(rows.iloc[0])
    reason = decomposition.not_comparable({**first, "service_category_1": "all"}, basis.for_benchmarks)
    if reason:
        return Comparison("budget", "budget", reason=f"{reason}: the budget.", takes=_takes(first))
    exact = rows[_budget_of(chosen, rows, pattern.groups)]
    if len(exact):
        side = budgeted(pattern, exact, chosen, basis)
        return Comparison("budget", "budget", side, fixed=True, source=_sources(exact))
    of_contracts = rows[rows["segment_type"] == "contract"]
    contracts = names_of(pattern.groups, "contract")
    parts, missing = [], []
    for contract, name in contracts.items():
        mine = of_contracts[of_contracts["segment"] == contract]
        part = _of_contract(pattern, contract)
        if mine.empty:
            missing.append(name)
        else:
            parts.append(budgeted(part, mine, chosen, basis))
    if missing:
        has = "has" if len(missing) == 1 else "have"
        return Comparison("budget", "budget", reason=f"{words.listing(missing)} {has} no budget.")
    notes = tuple(dict.fromkeys(note for part in parts for note in part.notes))
    if chosen.filters.market or chosen.filters.care_team or chosen.filters.pcp:
        notes = ("The budget is that of the contracts as a whole", *notes)
    side = Side(
        pattern.groups,
        pd.concat([part.leaves for part in parts], ignore_index=True),
        pd.concat([part.estimated for part in parts], ignore_index=True),
        notes,
    )
    used = of_contracts[of_contracts["segment"].isin(list(contracts))]
    return Comparison("budget", "budget", side, fixed=True, source=_sources(used))


def _budget_of(chosen: Chosen, rows: pd.DataFrame, groups: pd.DataFrame) -> pd.Series:
    """Which budget rows are of exactly what is shown: all, one market, one contract or one line; none where
    a contract's budget has to be weighted."""
    nothing = pd.Series(False, index=rows.index)
    held = chosen.filters
    if held.care_team or held.pcp:
        return nothing
    markets = set(groups["market_id"]) - {"unassigned"}
    whole = set(rows.loc[rows["segment_type"] == "market", "segment"])
    every = whole <= markets if whole else not held.market
    contracts, lines = set(groups["contract_id"]), set(groups["line_of_business"].dropna())
    if not held.contract and not held.line_of_business:
        if len(markets) == 1 and markets <= whole:
            return (rows["segment_type"] == "market") & rows["segment"].isin(list(markets))
        if every:
            return rows["segment_type"] == "all"
    if every and len(contracts) == 1:
        return (rows["segment_type"] == "contract") & rows["segment"].isin(list(contracts))
    if every and len(lines) == 1 and not held.contract:
        return (rows["segment_type"] == "line_of_business") & rows["segment"].isin(list(lines))
    return nothing


def _sources(rows: pd.DataFrame) -> str:
    return words.listing(sorted({f"{row.source}, {row.vintage}" for row in rows.itertuples()}), 2)


def budgeted(pattern: Side, rows: pd.DataFrame, chosen: Chosen, basis: Basis) -> Side:
    """A pattern at its budget: by parts of categories where the budget gives the same, else by categories,
    else as a whole. A part the pattern never used is added, at the budget's units and dollars."""
    rows = latest(rows)
    rows = rows.assign(value=[trended(dict(row), chosen) for _, row in rows.iterrows()])
    if not basis.pharmacy:
        rows = rows[rows["service_category_1"] != PHARMACY]
    detail = rows.rename(columns={"metric_id": "metric"})
    parts = detail[detail["service_category_2"].notna()]
    whole = detail[detail["service_category_1"].notna() & detail["service_category_2"].isna()]
    if parts.empty and whole.empty:
        total = detail[detail["service_category_1"].isna() & (detail["metric"] == "pmpm")]
        if total.empty:
            return pattern
        return decomposition.lay_out(pattern, total=float(total.iloc[0]["value"]), pharmacy=basis.pharmacy)
    used = _dollars_by(pattern.leaves, LEAF)
    apart = [name for name in parts["service_category_1"].unique() if not _has_parts(name, parts, used)]
    whole_only = set(whole["service_category_1"]) - (set(parts["service_category_1"]) - set(apart))
    parts = parts[~parts["service_category_1"].isin(whole_only)]
    whole = whole[whole["service_category_1"].isin(whole_only)]
    # A budget is of completed dollars: what the pattern had not paid yet is in its parts already.
    paid = Side(
        pattern.groups,
        pattern.leaves,
        pattern.estimated[~pattern.estimated["service_category_1"].isin(set(parts["service_category_1"]))],
        pattern.notes,
    )
    known = np.array(
        [used.get(key, 0.0) > 0 for key in zip(parts[LEAF[0]], parts[LEAF[1]], strict=True)], dtype=bool
    )
    categories = pd.concat([whole, parts[known]], ignore_index=True)
    side = decomposition.lay_out(paid, categories=categories) if len(categories) else paid
    notes = [note for note in side.notes if not note.startswith("The benchmark does not give")]
    if apart:
        notes.append(f"The budget's parts of {words.listing([_said(name) for name in apart])} are not those "
                     "shown: laid out as a whole")  # fmt: skip
    added = _added(side.groups, parts[~known])
    leaves = pd.concat([side.leaves, added], ignore_index=True) if len(added) else side.leaves
    return Side(side.groups, leaves, side.estimated, tuple(notes))


def _has_parts(category: str, parts: pd.DataFrame, used: Mapping[tuple[Any, ...], float]) -> bool:
    """Whether the budget gives the parts that the pattern spends nearly all of a category on."""
    given = set(parts.loc[parts["service_category_1"] == category, "service_category_2"])
    mine = {leaf: dollars for (first, leaf), dollars in used.items() if first == category}
    return sum(dollars for leaf, dollars in mine.items() if leaf not in given) <= NEARLY * sum(mine.values())


def _said(category: str) -> str:
    return words.lowered(formats.category(category))


def _added(groups: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    made = []
    wide = rows.pivot_table(index=LEAF, columns="metric", values="value", aggfunc="last", dropna=False)
    for (first, leaf), given in wide.iterrows() if len(wide) else ():
        pmpm, units = given.get("pmpm"), given.get("units_per_1000")
        if not formats.known(pmpm):
            continue
        column = "pharmacy_member_months" if first == PHARMACY else "member_months"
        for group in groups.itertuples():
            months = float(getattr(group, column))
            made.append(
                {
                    "contract_id": group.contract_id,
                    "market_id": group.market_id,
                    "service_category_1": first,
                    "service_category_2": leaf,
                    "units": float(units) * months / 12_000 if formats.known(units) else 0.0,
                    "amount": float(pmpm) * months,
                    "over_amount": 0.0,
                }
            )
    return pd.DataFrame(made, columns=["contract_id", "market_id", *LEAF, "units", "amount", "over_amount"])


def _national(chosen: Chosen, basis: Basis, benchmarks: pd.DataFrame, pattern: Side) -> Comparison:
    label = "national median"
    rows = benchmarks[
        (benchmarks["kind"] == "national")
        & (benchmarks["metric_id"] == "pmpm")
        & benchmarks["service_category_1"].isna()
        & (benchmarks["statistic"] == "p50")
    ]
    if rows.empty:
        return Comparison("national", label, reason="No national median is installed.")
    row = dict(rows.iloc[0])
    lines = sorted(set(pattern.groups["line_of_business"].dropna()))
    reason = decomposition.not_comparable(row, basis.for_benchmarks, lines=lines)
    if reason:
        return Comparison(
            "national", label, reason=f"{reason}: {row['basis']}, {row['vintage']}.", takes=_takes(row)
        )
    side = decomposition.lay_out(pattern, total=trended(row, chosen), pharmacy=basis.pharmacy)
    source = f"{row['basis']}, {row['vintage']}: {row['source']}"
    return Comparison("national", label, side, fixed=True, source=source)


# ---- numbers of a side -----------------------------------------------------------------------------------


def by_category(side: Side, level: int = 1, by: Sequence[str] = ()) -> pd.DataFrame:
    """A side's completed dollars, units and months by category (and `by`: contract_id or market_id).

    Columns: by…, service_category_1 (service_category_2), amount, completed, units, months, pmpm,
    units_per_1000, unit_cost. pmpm divides by all months of the group in `by` (pharmacy by pharmacy months).
    At level 2 the estimate is shared over the parts of a category by their dollars to date, as
    cost/by_category does.
    """
    keys = [*by, *LEAF[:level]]
    leaves = side.leaves.assign(amount=_floats(side.leaves, "amount"), units=_floats(side.leaves, "units"))
    found = leaves.groupby(keys, dropna=False, as_index=False)[["amount", "units"]].sum()
    unpaid = side.estimated.assign(estimated=_floats(side.estimated, "estimated"))
    unpaid = unpaid.groupby([*by, LEAF[0]], as_index=False)["estimated"].sum()
    if level == 1:
        found = found.merge(unpaid, on=[*by, LEAF[0]], how="outer")
    else:
        found = found.merge(unpaid, on=[*by, LEAF[0]], how="left")
        total = found.groupby([*by, LEAF[0]])["amount"].transform("sum")
        found["estimated"] = found["estimated"] * (found["amount"] / total.where(total != 0)).fillna(0.0)
    found[["amount", "units", "estimated"]] = (
        found[["amount", "units", "estimated"]].astype(float).fillna(0.0)
    )
    found["completed"] = found["amount"] + found["estimated"]
    columns = ["member_months", "pharmacy_member_months"]
    if by:
        months = side.groups.groupby(list(by), as_index=False)[columns].sum()
        found = found.merge(months, on=list(by), how="left")
    else:
        found = found.assign(**{name: float(side.groups[name].sum()) for name in columns})
    is_drugs = found[LEAF[0]] == PHARMACY
    found["months"] = np.where(is_drugs, found[columns[1]], found[columns[0]]).astype(float)
    divisor = found["months"].where(found["months"] > 0)
    found["pmpm"] = found["completed"] / divisor
    found["units_per_1000"] = found["units"] * 12_000 / divisor
    found["unit_cost"] = found["amount"] / found["units"].where(found["units"] > 0)
    return found.drop(columns=columns)


def names_of(groups: pd.DataFrame, kind: str) -> dict[str, str]:
    """Name by id of the contracts or markets of a side."""
    ids, names = groups[f"{kind}_id"].astype(str), groups[f"{kind}_name"]
    return {key: str(name) if formats.known(name) else key for key, name in zip(ids, names, strict=True)}


# ---- benchmark rows --------------------------------------------------------------------------------------


def targets_of(benchmarks: pd.DataFrame) -> pd.DataFrame:
    """The contracts' targets of total PMPM, the latest of each."""
    rows = benchmarks[
        (benchmarks["kind"] == "contract_target")
        & (benchmarks["metric_id"] == "pmpm")
        & (benchmarks["segment_type"] == "contract")
        & benchmarks["service_category_1"].isna()
    ]
    return latest(rows)


def latest(rows: pd.DataFrame) -> pd.DataFrame:
    """Of several vintages of the same value the newest."""
    same = ["metric_id", "kind", "segment_type", "segment", *LEAF, "statistic"]
    return rows.sort_values("vintage", kind="stable").drop_duplicates(same, keep="last")


def trended(row: Mapping[str, Any], chosen: Chosen) -> float:
    """A benchmark's value at the middle of the period."""
    start, end = chosen.filters.period_start, chosen.filters.period_end
    assert start is not None and end is not None
    since = row.get("trend_from")
    since = pd.Timestamp(since).date() if formats.known(since) else None
    trend = float(row["annual_trend"]) if formats.known(row.get("annual_trend")) else None
    return decomposition.trended(float(row["value"]), trend, since, start, last_day(end))


def basis_of(row: Mapping[str, Any]) -> str:
    """A benchmark's own basis in few words: 'Paid, truncated, no pharmacy'."""
    parts = []
    if formats.known(row.get("amount_basis")):
        parts.append(str(row["amount_basis"]))
    if formats.known(row.get("is_truncated")):
        parts.append("truncated" if bool(row["is_truncated"]) else "whole")
    if formats.known(row.get("includes_pharmacy")):
        parts.append("pharmacy" if bool(row["includes_pharmacy"]) else "no pharmacy")
    text = ", ".join(parts)
    return text[:1].upper() + text[1:] if text else "Not stated"


def _takes(row: Mapping[str, Any]) -> tuple[str, bool, bool] | None:
    if not (formats.known(row.get("amount_basis")) and formats.known(row.get("is_truncated"))):
        return None
    held = row.get("includes_pharmacy")
    return str(row["amount_basis"]), bool(row["is_truncated"]), bool(held) if formats.known(held) else True


def _of_contract(side: Side, contract: str) -> Side:
    parts = (side.groups, side.leaves, side.estimated)
    groups, leaves, estimated = (frame[frame["contract_id"] == contract] for frame in parts)
    return Side(groups, leaves, estimated, side.notes)


def _dollars_by(leaves: pd.DataFrame, keys: list[str]) -> dict[tuple[Any, ...], float]:
    sums = leaves.assign(amount=_floats(leaves, "amount")).groupby(keys, dropna=False)["amount"].sum()
    return {key if isinstance(key, tuple) else (key,): float(value) for key, value in sums.items()}


def _floats(frame: pd.DataFrame, column: str) -> pd.Series:
    return pd.to_numeric(frame[column]).astype(float).fillna(0.0)


# ---- side by side ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Beside:
    """One line of the benchmarks side by side, all in words but the numbers."""

    what: str
    value: float | None
    trended: float | None
    gap: float | None
    gap_words: str
    basis: str
    vintage: str
    source: str


def _short(basis: Basis) -> str:
    """The page's own basis, as `basis_of` says a benchmark's."""
    return basis_of(
        {
            "amount_basis": basis.basis,
            "is_truncated": basis.truncated,
            "includes_pharmacy": basis.pharmacy,
        }
    )


def side_by_side(
    chosen: Chosen,
    basis: Basis,
    now: Side,
    benchmarks: pd.DataFrame,
    compared: Comparison,
    prior: Comparison,
    markets: pd.DataFrame,
) -> list[Beside]:
    """Every benchmark there is. markets: cost/heat by market without the market filter; prior: `prior_year`;
    compared: what the page compares with, which stands first."""
    ours = now.pmpm
    lines = []
    if compared.side is not None:
        lines.append(
            _line(
                f"{compared.title} (compared here)", None, compared.pmpm, ours, _short(basis),
                _since(chosen.filters), compared.source,
            )
        )  # fmt: skip
    if prior.side is not None and compared.kind != "prior_year":
        lines.append(
            _line("Prior year", None, prior.pmpm, ours, _short(basis), _since(chosen.prior), prior.source)
        )
    contracts = names_of(now.groups, "contract")
    lines += [
        _stated(
            row,
            f"Target, {contracts.get(str(row['segment']), str(row['segment']))}",
            chosen,
            basis,
            now,
            ours,
        )
        for _, row in targets_of(benchmarks).iterrows()
        if str(row["segment"]) in contracts
    ]
    budgets = benchmarks[benchmarks["kind"] == "budget"]
    ours_alone = budgets[_budget_of(chosen, budgets, now.groups)]
    stated = [
        _stated(row, what, chosen, basis, now, ours)
        for what, row in _wholes(benchmarks, now)
        if row["kind"] != "budget" or row["benchmark_id"] in set(ours_alone["benchmark_id"])
    ]
    lines += [
        line
        for line in stated
        if compared.pmpm is None
        or not line.what.startswith(compared.title)
        # A budget's parts, each rounded to the cent, may not add up to its whole.
        or abs((line.trended or 0.0) - compared.pmpm) >= 0.5
    ]
    mine = set(now.groups["market_id"])
    for name, rows in markets.groupby("group_name", sort=False) if len(markets) else ():
        if name == "Unassigned" or "unassigned" in set(rows["group_id"]):
            continue
        if set(rows["group_id"]) != mine and compared.label != name:
            lines.append(
                _line(f"Market, {name}", None, float(rows["pmpm"].sum()), ours, _short(basis),
                      _since(chosen.filters), f"Claims of {name}")
            )  # fmt: skip
    return sorted(lines, key=lambda line: line.gap is None)


def _wholes(benchmarks: pd.DataFrame, now: Side) -> list[tuple[str, pd.Series]]:
    """Budgets, national and peer values of total PMPM that concern what is shown."""
    of_interest = {
        "contract": set(now.groups["contract_id"]),
        "market": set(now.groups["market_id"]),
        "line_of_business": set(now.groups["line_of_business"].dropna()),
    }
    rows = benchmarks[
        (benchmarks["metric_id"] == "pmpm")
        & benchmarks["service_category_1"].isna()
        & benchmarks["kind"].isin(["budget", "national", "peer"])
    ]
    found = []
    names = {**names_of(now.groups, "contract"), **names_of(now.groups, "market")}
    for _, row in latest(rows).sort_values(["kind", "segment_type", "segment", "value"]).iterrows():
        held = of_interest.get(str(row["segment_type"]))
        segment = str(row["segment"])
        if held is not None and segment not in held:
            continue
        whose = "" if held is None else f", {names.get(segment, segment.replace('_', ' '))}"
        statistic = PERCENTILES.get(str(row["statistic"]))
        if row["kind"] == "budget":
            found.append((f"Budget{whose}", row))
        else:
            place = f", {statistic}" + (" percentile" if statistic not in (None, "median") else "")
            found.append((f"{str(row['kind']).capitalize()}{place if statistic else ''}", row))
    return found


def _stated(
    row: Mapping[str, Any], what: str, chosen: Chosen, basis: Basis, now: Side, ours: float
) -> Beside:
    groups = now.groups
    reason = decomposition.not_comparable(
        row,
        basis.for_benchmarks,
        lines=sorted(set(groups["line_of_business"].dropna())),
        contracts=sorted(set(groups["contract_id"])),
        markets=sorted(set(groups["market_id"])),
    )
    value, then = trended(row, chosen), float(row["value"])
    gap = None if reason else ours - value
    source = str(row["source"]) if formats.known(row["source"]) else ""
    return Beside(
        what,
        then,
        value,
        gap,
        why_not(row, basis, groups) if reason else formats.signed_money(gap),
        basis_of(row),
        str(row["vintage"]),
        source,
    )


def why_not(row: Mapping[str, Any], basis: Basis, groups: pd.DataFrame) -> str:
    """'Not comparable: paid, truncated', in few words: what of the benchmark is other than what is shown."""
    parts = []
    if row.get("amount_basis") != basis.basis:
        parts.append(
            str(row["amount_basis"]) if formats.known(row.get("amount_basis")) else "basis not stated"
        )
    truncated, drugs = row.get("is_truncated"), row.get("includes_pharmacy")
    if not formats.known(truncated):
        parts.append("truncation not stated")
    elif bool(truncated) != basis.truncated:
        parts.append("truncated" if truncated else "not truncated")
    if not formats.known(row.get("service_category_1")):
        if not formats.known(drugs):
            parts.append("pharmacy not stated")
        elif bool(drugs) != basis.pharmacy:
            parts.append("with pharmacy" if drugs else "no pharmacy")
    column = {"contract": "contract_id", "market": "market_id", "line_of_business": "line_of_business"}.get(
        str(row.get("segment_type"))
    )
    if column is not None:
        held = set(groups[column].dropna())
        if held != {row.get("segment")}:
            noun = str(row["segment_type"]).split("_")[0]
            parts.append(f"one {noun} only" if row.get("segment") in held else f"another {noun}")
    return f"Not comparable: {', '.join(parts)}" if parts else "Not comparable"


def _line(
    what: str, value: float | None, moved: float | None, ours: float, basis: str, vintage: str, source: str
) -> Beside:
    gap = ours - moved if moved is not None else None
    return Beside(what, value, moved, gap, formats.signed_money(gap), basis, vintage, source)


def _since(filters: Filters) -> str:
    """'Aug 2025 to Jul 2026'."""
    return f"{formats.month(filters.period_start)} to {formats.month(filters.period_end)}"
