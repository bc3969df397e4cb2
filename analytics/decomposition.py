"""Why completed PMPM differs between two sides, in steps that add up to the difference, to the cent.

The sides are a *before* (the prior year, another market, a control cohort, or a benchmark laid out on the
prior year's pattern: `lay_out`) and an *after* (what came). Medical and pharmacy dollars have their own
member-months (rule 3 of the metrics), so each is decomposed in its own block and the two are added.

The steps, in the order in which they are taken; each starts where the one before ends:

1. membership mix: the groups (contract × market) weigh otherwise in the member-months. A group grown by a
   share s moves PMPM by s × (its PMPM before - the PMPM of all before). A group that is on one side only,
   new or gone, is membership mix in whole: there is nothing to compare it with.
2. risk mix: the group's members are sicker or healthier (risk-months ÷ member-months). The before side is
   scaled to the risk of the after side.
3. utilisation, service mix and unit price, within group and service category, of the dollars below the
   large-claimant threshold. With U units per member-month, m a leaf's share of them and p its unit price:
   utilisation (U₁-U₀)P̄₀, mix U₁Σ(m₁-m₀)p₀, price U₁Σm₁(p₁-p₀). This is the Laspeyres chain that leaves no
   residual. At the leaf, mix is written with (p₀-P̄₀), which has the same sum, because Σ(m₁-m₀) = 0, and
   says of each leaf whether its growth made care dearer.
4. large claimants: dollars over the threshold.
5. estimated, not yet paid: what completion adds.

Leaves without units. A leaf that is new on the after side has no price before: its own price is taken, so
that all of it is mix. A category that is new has no units before: all of it is utilisation. Dollars of a
leaf without any units on that side (adjustments, capitation) are price. Nothing is divided by zero, and
nothing is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.words import listing

Floats = NDArray[np.float64]

PHARMACY = "pharmacy"
BLOCKS = {"medical": "member_months", "pharmacy": "pharmacy_member_months"}
GROUP = ("contract_id", "market_id")
LEAF = ["service_category_1", "service_category_2"]
STEPS = {
    "membership_mix": "Membership mix",
    "risk_mix": "Risk mix",
    "utilisation": "Utilisation",
    "service_mix": "Service mix",
    "unit_price": "Unit price",
    "large_claimants": "Large claimants",
    "estimated": "Estimated, not yet paid",
}
UNITS_A_YEAR = 12_000  # per 1,000 members a year
_NO_GROUP, _NO_CELL = np.zeros((2, 3)), np.zeros((2, 4))


@dataclass(frozen=True)
class Side:
    """One side of the comparison, in the shape of the questions cost/groups, cost/leaves, cost/estimated.

    groups: contract_id, market_id, member_months, pharmacy_member_months, risk_months (and any column to
    group by). leaves: contract_id, market_id, service_category_1, service_category_2, units, amount (to
    date, dollars), over_amount (the part of it over the large-claimant threshold). estimated: contract_id,
    market_id, service_category_1, estimated (completed - to date, dollars). `notes`: what a reader must
    know of the side.
    """

    groups: pd.DataFrame
    leaves: pd.DataFrame
    estimated: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame(columns=[*GROUP, "service_category_1", "estimated"])
    )
    notes: tuple[str, ...] = ()

    def block_pmpm(self, block: str) -> float:
        """Completed dollars of a block ('medical' or 'pharmacy') ÷ its own member-months; 0 without any."""
        months = float(_numbers(self.groups, BLOCKS[block]).sum())
        return self.block_amount(block) / months if months > 0 else 0.0

    def block_amount(self, block: str) -> float:
        """Completed dollars of a block."""
        total = 0.0
        for frame, column in ((self.leaves, "amount"), (self.estimated, "estimated")):
            inside = (frame["service_category_1"] == PHARMACY) == (block == PHARMACY)
            total += float(_numbers(frame, column)[inside].sum())
        return total

    @property
    def pmpm(self) -> float:
        """Completed PMPM: medical + pharmacy, each on its own member-months."""
        return sum(self.block_pmpm(block) for block in BLOCKS)


@dataclass(frozen=True)
class Decomposition:
    """steps: key, words, pmpm, from, to (in order; `from` of the first is `before`, `to` of the last is
    `after`).

    details: step, block, the columns grouped by, service_category_1, service_category_2 (null: the category
    as a whole), pmpm (the contribution; the details of a step sum to the step), units_per_1000_before and
    _after, unit_price_before and _after (without dollars over the threshold), amount_before and _after: the
    dollars the step is about (mix and risk: all completed dollars; utilisation, service mix, unit price:
    below the threshold; large claimants: over it; estimated: the estimate). `residual`: after - before - Σ
    steps.
    """

    before: float
    after: float
    steps: pd.DataFrame
    details: pd.DataFrame
    notes: tuple[str, ...] = ()

    @property
    def residual(self) -> float:
        return self.after - self.before - float(self.steps["pmpm"].sum())


def decompose(before: Side, after: Side, *, by: Sequence[str] = GROUP) -> Decomposition:
    """The steps from `before.pmpm` to `after.pmpm`, exact.

    `by`: the columns that say which group of one side is which of the other. Where the sides are different
    markets or contracts, leave out what differs (`by=("contract_id",)` for another market,
    ("line_of_business",) for another contract): groups that do not meet are membership mix in whole. A
    column of `by` that leaves do not have is looked up in groups by contract and market. KeyError where a
    column is in neither.
    """
    keys = list(by)
    grid = _grid(before, after, keys)
    details = _details(grid, keys)
    pmpm = details.groupby("step")["pmpm"].sum().to_dict()
    rows, at = [], before.pmpm
    for key, words in STEPS.items():
        change = float(pmpm.get(key, 0.0))
        rows.append({"key": key, "words": words, "pmpm": change, "from": at, "to": at + change})
        at += change
    return Decomposition(before.pmpm, after.pmpm, pd.DataFrame(rows), details, before.notes + after.notes)


@dataclass(frozen=True)
class _Grid:
    """Every group × leaf of either side, so that neither side's rows are lost: one element per cell.

    Pairs are (before, after). months and total: the member-months of the group and of all groups, of the
    cell's block. base: dollars below the threshold. category, leaf: which cells share group and category,
    or are the same leaf of other groups.
    """

    labels: list[tuple[Any, ...]]
    pharmacy: NDArray[np.bool_]
    category: NDArray[np.intp]
    leaf: NDArray[np.intp]
    months: tuple[Floats, Floats]
    total: tuple[Floats, Floats]
    risk: Floats
    units: tuple[Floats, Floats]
    base: tuple[Floats, Floats]
    over: tuple[Floats, Floats]
    estimated: tuple[Floats, Floats]


def _grid(before: Side, after: Side, keys: list[str]) -> _Grid:
    groups: dict[tuple[Any, ...], Floats] = {}  # side × (medical months, pharmacy months, risk-months)
    cells: dict[tuple[Any, ...], Floats] = {}  # side × (units, base, over, estimated)
    for number, side in enumerate((before, after)):
        columns = [_numbers(side.groups, name) for name in (*BLOCKS.values(), "risk_months")]
        for key, values in zip(_tuples(side.groups, keys), np.column_stack(columns), strict=True):
            groups.setdefault(key, np.zeros((2, 3)))[number] += values
        leaves, unpaid = _keyed(side.leaves, side, keys), _keyed(side.estimated, side, keys)
        over = _numbers(leaves, "over_amount")
        paid = np.column_stack([_numbers(leaves, "units"), _numbers(leaves, "amount") - over, over])
        for key, values in zip(_tuples(leaves, [*keys, *LEAF]), paid, strict=True):
            cells.setdefault(key, np.zeros((2, 4)))[number, :3] += values
        for key, value in zip(_tuples(unpaid, [*keys, LEAF[0]]), _numbers(unpaid, "estimated"), strict=True):
            cells.setdefault((*key, None), np.zeros((2, 4)))[number, 3] += value
    leaf_names = dict.fromkeys(key[-2:] for key in cells)
    # A group whose dollars have no member-months at all still has its dollars.
    group_names = dict.fromkeys([*groups, *(key[:-2] for key in cells)])
    labels = [(*group, *leaf) for group in group_names for leaf in leaf_names]
    pharmacy = np.array([label[-2] == PHARMACY for label in labels], dtype=bool)
    values = np.array([cells.get(label, _NO_CELL) for label in labels]).reshape(-1, 2, 4)
    facts = np.array([groups.get(label[:-2], _NO_GROUP) for label in labels]).reshape(-1, 2, 3)
    total = np.sum(list(groups.values()), axis=0) if groups else _NO_GROUP
    risk = [_divide(facts[:, number, 2], facts[:, number, 0]) for number in (0, 1)]

    def pair(of: Callable[[int], Floats]) -> tuple[Floats, Floats]:
        return of(0), of(1)

    return _Grid(
        labels=labels,
        pharmacy=pharmacy,
        category=_numbered(label[:-1] for label in labels),
        leaf=_numbered(label[-2:] for label in labels),
        months=pair(lambda number: np.where(pharmacy, facts[:, number, 1], facts[:, number, 0])),
        total=pair(lambda number: np.where(pharmacy, total[number, 1], total[number, 0])),
        risk=np.where((risk[0] > 0) & (risk[1] > 0), _divide(risk[1], risk[0]), 1.0),
        units=pair(lambda number: np.maximum(values[:, number, 0], 0.0)),
        base=pair(lambda number: values[:, number, 1]),
        over=pair(lambda number: values[:, number, 2]),
        estimated=pair(lambda number: values[:, number, 3]),
    )


def _details(grid: _Grid, keys: list[str]) -> pd.DataFrame:
    months0, months1 = grid.months
    total0, total1 = grid.total
    share0, share1 = _divide(months0, total0), _divide(months1, total1)
    both = (months0 > 0) & (months1 > 0)
    all0, all1 = (grid.base[number] + grid.over[number] + grid.estimated[number] for number in (0, 1))
    own0 = _divide(all0, months0)

    # 1. Groups' shares. The dollars of a group without months on one side are there in whole.
    usual = np.where(total1 > 0, _divide(_summed(all0, grid.leaf), total0), 0.0)
    one_sided = _divide(all1, total1) - _divide(all0, total0)
    membership = np.where(both, (share1 - share0) * own0, one_sided) - (share1 - share0) * usual
    # 2. Risk scales the before side; later steps start from it.
    weight = np.where(both, share1, 0.0)
    risk_mix = weight * own0 * (grid.risk - 1)

    # 3. Units and prices per group and category, on dollars below the threshold.
    units0, units1 = _divide(grid.units[0], months0), _divide(grid.units[1], months1)
    base0, base1 = _divide(grid.base[0], months0), _divide(grid.base[1], months1)
    price0, price1 = _divide(base0, units0), _divide(base1, units1)
    without_units0 = np.where(units0 > 0, 0.0, base0) * grid.risk
    without_units1 = np.where(units1 > 0, 0.0, base1)
    expected = units0 * grid.risk
    all_units0, all_units1 = _summed(expected, grid.category), _summed(units1, grid.category)
    mix0, mix1 = _divide(expected, all_units0), _divide(units1, all_units1)
    mix0 = np.where(all_units0 > 0, mix0, mix1)
    mix1 = np.where(all_units1 > 0, mix1, mix0)
    from_price = np.where(units0 > 0, price0, price1)
    to_price = np.where(units1 > 0, price1, from_price)
    usual_price = _summed(mix0 * from_price, grid.category)
    utilisation = weight * (all_units1 - all_units0) * mix0 * from_price
    service_mix = weight * all_units1 * (mix1 - mix0) * (from_price - usual_price)
    unit_price = weight * (all_units1 * mix1 * (to_price - from_price) + without_units1 - without_units0)

    # 4. and 5. Dollars over the threshold, and those not yet paid.
    def change(of: tuple[Floats, Floats]) -> Floats:
        return weight * (_divide(of[1], months1) - grid.risk * _divide(of[0], months0))

    everything = (all0, all1)
    parts: dict[str, tuple[Floats, tuple[Floats, Floats]]] = {
        "membership_mix": (membership, everything),
        "risk_mix": (risk_mix, everything),
        "utilisation": (utilisation, grid.base),
        "service_mix": (service_mix, grid.base),
        "unit_price": (unit_price, grid.base),
        "large_claimants": (change(grid.over), grid.over),
        "estimated": (change(grid.estimated), grid.estimated),
    }
    told = [(pmpm != 0) | (dollars[0] != 0) | (dollars[1] != 0) for pmpm, dollars in parts.values()]
    kept = np.concatenate([np.flatnonzero(rows) for rows in told])
    columns: dict[str, Any] = {
        "step": np.repeat(np.array(list(parts), dtype=object), [int(rows.sum()) for rows in told]),
        "block": np.where(grid.pharmacy, "pharmacy", "medical").astype(object)[kept],
    }
    for at, name in enumerate([*keys, *LEAF]):
        columns[name] = np.array([label[at] for label in grid.labels] or [], dtype=object)[kept]
    columns["pmpm"] = np.concatenate([parts[step][0][rows] for step, rows in zip(parts, told, strict=True)])
    columns["units_per_1000_before"] = np.where(months0 > 0, units0 * UNITS_A_YEAR, np.nan)[kept]
    columns["units_per_1000_after"] = np.where(months1 > 0, units1 * UNITS_A_YEAR, np.nan)[kept]
    columns["unit_price_before"] = np.where(units0 > 0, price0, np.nan)[kept]
    columns["unit_price_after"] = np.where(units1 > 0, price1, np.nan)[kept]
    for number, name in enumerate(("amount_before", "amount_after")):
        dollars = [parts[step][1][number][rows] for step, rows in zip(parts, told, strict=True)]
        columns[name] = np.concatenate(dollars)
    return pd.DataFrame(columns)


def _keyed(frame: pd.DataFrame, side: Side, keys: list[str]) -> pd.DataFrame:
    """The frame with all of `keys`: those it lacks are looked up in the side's groups."""
    missing = [key for key in keys if key not in frame]
    if not missing:
        return frame
    shared = [column for column in GROUP if column in frame and column in side.groups]
    found = side.groups[[*shared, *missing]].drop_duplicates(shared)
    return frame.merge(found, on=shared, how="left")


def _tuples(frame: pd.DataFrame, columns: list[str]) -> list[tuple[Any, ...]]:
    """The rows' values in these columns; what is missing is None."""
    lists = [frame[column].astype(object).where(frame[column].notna(), None).tolist() for column in columns]
    return list(zip(*lists, strict=True))


def _numbered(keys: Iterable[tuple[Any, ...]]) -> NDArray[np.intp]:
    numbers: dict[tuple[Any, ...], int] = {}
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys], dtype=np.intp)


def _summed(values: Floats, group: NDArray[np.intp]) -> Floats:
    """For each element, the sum over its group."""
    return np.bincount(group, weights=values)[group] if len(values) else values


def _numbers(frame: pd.DataFrame, column: str) -> Floats:
    return np.nan_to_num(frame[column].to_numpy(dtype="float64", na_value=np.nan))


def _divide(dividend: Floats, divisor: Floats) -> Floats:
    """Element by element; 0 where the divisor is not above 0."""
    positive = divisor > 0
    return np.where(positive, dividend / np.where(positive, divisor, 1.0), 0.0)


# --- Benchmarks as a before side ---


def lay_out(
    pattern: Side,
    *,
    total: float | Mapping[str, float] | None = None,
    categories: pd.DataFrame | None = None,
    risk: float | None = None,
    pharmacy: bool = True,
) -> Side:
    """A benchmark as a side: the pattern (most often the prior year) scaled to what the benchmark says.

    total: completed PMPM in dollars, of all the pattern's groups, or by contract_id (then each contract's
    part of the pattern is scaled to its own; one that is not named stands as it is, and a note says so).
    Amounts are scaled by one factor and units are kept, so that the benchmark allows the pattern's use at
    scaled prices. categories: rows service_category_1, service_category_2 (null: the whole category),
    metric (pmpm | units_per_1000 | unit_cost), value. PMPM scales the category's dollars, units per 1,000
    its units (and, where neither PMPM nor unit cost is given, its dollars with them), unit cost its price.
    Where a total is given too, it is spread over the other categories. risk: average relative risk (line's
    reference = 1) of the benchmark's population; the pattern's where None. pharmacy: whether the benchmark
    holds pharmacy; without, the pattern's pharmacy rows are left out.

    ValueError where there is nothing to scale: a pattern without dollars, or neither total nor categories.
    """
    if total is None and (categories is None or categories.empty):
        raise ValueError("A benchmark needs a total or categories to be laid out")
    leaves, estimated = pattern.leaves.copy(), pattern.estimated.copy()
    if not pharmacy:
        leaves = leaves[leaves["service_category_1"] != PHARMACY].copy()
        estimated = estimated[estimated["service_category_1"] != PHARMACY].copy()
    for frame, columns in ((leaves, ("units", "amount", "over_amount")), (estimated, ("estimated",))):
        for column in columns:
            frame[column] = _numbers(frame, column)
    notes: list[str] = []
    if categories is not None and len(categories):
        leaves, estimated = _scale_categories(pattern.groups, leaves, estimated, categories, notes)
    fixed = set() if categories is None else set(categories["service_category_1"])
    if isinstance(total, Mapping):
        named = pattern.groups["contract_id"].isin(list(total))
        others = sorted(set(pattern.groups.loc[~named, "contract_id"]))
        if others:
            notes.append(f"No benchmark for {listing(others)}: the pattern stands")
        for contract, value in total.items():
            _scale_total(pattern.groups, leaves, estimated, value, fixed, contract)
    elif total is not None:
        _scale_total(pattern.groups, leaves, estimated, total, fixed, None)
    elif others := sorted(set(leaves["service_category_1"]) - fixed):
        notes.append(f"The benchmark does not give {listing(others)}: the pattern stands")
    groups = pattern.groups.copy()
    if risk is not None:
        months, known = _numbers(groups, "member_months"), _numbers(groups, "risk_months")
        average = known.sum() / months.sum() if months.sum() > 0 else 0.0
        groups["risk_months"] = known * (risk / average) if average > 0 else months * risk
    return Side(groups, leaves, estimated, pattern.notes + tuple(notes))


def _scale_total(
    groups: pd.DataFrame,
    leaves: pd.DataFrame,
    estimated: pd.DataFrame,
    total: float,
    fixed: Collection[str],
    contract: str | None,
) -> None:
    """Scale, in place, what is not fixed so that the PMPM of the contract (or of all) is the total."""

    def mine(frame: pd.DataFrame) -> pd.Series:
        every = pd.Series(True, index=frame.index)
        return every if contract is None else frame["contract_id"] == contract

    held, free = 0.0, 0.0
    for block, column in BLOCKS.items():
        months = float(_numbers(groups, column)[mine(groups)].sum())
        if months <= 0:
            continue
        for frame, amount in ((leaves, "amount"), (estimated, "estimated")):
            inside = mine(frame) & ((frame["service_category_1"] == PHARMACY) == (block == PHARMACY))
            is_fixed = frame["service_category_1"].isin(list(fixed))
            held += float(frame.loc[inside & is_fixed, amount].sum()) / months
            free += float(frame.loc[inside & ~is_fixed, amount].sum()) / months
    where = f" of {contract}" if contract else ""
    if free <= 0:
        raise ValueError(f"The pattern{where} has no dollars to lay the benchmark out on")
    factor = (total - held) / free
    if factor < 0:
        raise ValueError(f"The categories of the benchmark{where} come to more than its total")
    for frame, columns in ((leaves, ["amount", "over_amount"]), (estimated, ["estimated"])):
        scaled = mine(frame) & ~frame["service_category_1"].isin(list(fixed))
        frame.loc[scaled, columns] *= factor


def _scale_categories(
    groups: pd.DataFrame,
    leaves: pd.DataFrame,
    estimated: pd.DataFrame,
    categories: pd.DataFrame,
    notes: list[str],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    detail = categories.reindex(columns=[*LEAF, "metric", "value"]).astype({"service_category_2": object})
    # Whole categories first: a leaf's own values are then set within them.
    detail = detail.assign(is_leaf=detail["service_category_2"].notna()).sort_values("is_leaf", kind="stable")
    for (first, leaf), rows in detail.groupby(LEAF, sort=False, dropna=False):
        given = {row.metric: float(row.value) for row in rows.itertuples() if pd.notna(row.value)}
        months = float(_numbers(groups, BLOCKS["pharmacy" if first == PHARMACY else "medical"]).sum())
        inside = leaves["service_category_1"] == first
        unpaid = estimated["service_category_1"] == first
        if isinstance(leaf, str):
            inside &= leaves["service_category_2"] == leaf
            unpaid &= False
        units = float(leaves.loc[inside, "units"].sum())
        amount = float(leaves.loc[inside, "amount"].sum() + estimated.loc[unpaid, "estimated"].sum())
        name = leaf if isinstance(leaf, str) else first
        if months <= 0 or amount <= 0:
            notes.append(f"The pattern has no dollars of {name}: the benchmark's are left out")
            continue
        more = 1.0
        if "units_per_1000" in given and units > 0:
            more = given["units_per_1000"] * months / UNITS_A_YEAR / units
        pmpm = amount / months
        if "pmpm" in given:
            dearer = given["pmpm"] / pmpm
        elif "unit_cost" in given and units > 0:
            dearer = given["unit_cost"] * units * more / amount
        else:
            dearer = more
        leaves.loc[inside, "units"] *= more
        leaves.loc[inside, ["amount", "over_amount"]] *= dearer
        estimated.loc[unpaid, "estimated"] *= dearer
    return leaves, estimated


# --- Which benchmarks may be compared ---


@dataclass(frozen=True)
class Basis:
    """The page's chosen basis of every money number. basis: paid | allowed."""

    basis: str = "allowed"
    truncated: bool = False
    pharmacy: bool = True


def not_comparable(
    benchmark: Mapping[str, Any],
    chosen: Basis,
    *,
    lines: Collection[str] = (),
    contracts: Collection[str] = (),
    markets: Collection[str] = (),
    metric: str = "pmpm",
) -> str | None:
    """Why a row of mart.benchmark must not be held against the page's number, in words; None where it may
    be.

    The row's amount_basis, is_truncated, includes_pharmacy against `chosen`; its segment (line of business,
    contract or market) against what the selection holds (`lines`, `contracts`, `markets`; empty: not
    checked). Units per 1,000 have no money basis. A total without pharmacy is not comparable with one that
    has it; a single category other than pharmacy is. What a row does not state is a reason too.
    """
    reasons: list[str] = []
    category = _given(benchmark, "service_category_1")
    if not metric.startswith("units"):
        basis = _given(benchmark, "amount_basis")
        if basis is None:
            reasons.append("does not say whether paid or allowed")
        elif basis != chosen.basis:
            reasons.append(f"is {basis}, not {chosen.basis}")
        truncated = _given(benchmark, "is_truncated")
        if truncated is None:
            reasons.append("does not say whether it is truncated")
        elif bool(truncated) != chosen.truncated:
            reasons.append("is truncated" if truncated else "is not truncated")
        held = _given(benchmark, "includes_pharmacy")
        if category is None and held is None:
            reasons.append("does not say whether pharmacy is in")
        elif category is None and bool(held) != chosen.pharmacy:
            reasons.append("is with pharmacy" if held else "is without pharmacy")
    if category == PHARMACY and not chosen.pharmacy:
        reasons.append("is of pharmacy, which is out")
    kind, segment = _given(benchmark, "segment_type"), _given(benchmark, "segment")
    held_by = {"line_of_business": lines, "contract": contracts, "market": markets}.get(str(kind), ())
    if held_by and segment is not None and set(held_by) != {segment}:
        whole = {"line_of_business": "line of business", "contract": "contract", "market": "market"}[
            str(kind)
        ]
        inside = segment in held_by
        reasons.append(f"is of the {whole} {segment} only" if inside else f"is of another {whole}, {segment}")
    return f"Not comparable: {listing(reasons, most=len(reasons))}" if reasons else None


def _given(row: Mapping[str, Any], column: str) -> Any:
    value = row.get(column)
    return (
        None if value is None or value is pd.NA or (not isinstance(value, str) and pd.isna(value)) else value
    )


def trended(
    value: float, annual_trend: float | None, trend_from: date | None, start: date, end: date
) -> float:
    """A benchmark's value moved to the middle of a period: value × (1 + annual_trend) ^ years.

    Years run from `trend_from`, the middle of the year for which the value holds, to the middle between
    `start` and `end` (first and last day of the period), at 365.25 days a year. Without a trend the value
    is as it is.
    """
    if not _given({"t": annual_trend}, "t") or _given({"t": trend_from}, "t") is None:
        return value
    assert annual_trend is not None and trend_from is not None
    middle = pd.Timestamp(start) + (pd.Timestamp(end) - pd.Timestamp(start)) / 2
    years = (middle - pd.Timestamp(trend_from)) / pd.Timedelta(days=365.25)
    return float(value * (1 + annual_trend) ** years)
