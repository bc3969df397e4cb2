"""What the cost page says first: its title, the key figures and the trend.

Answers of `cost/*` and the statistics of `analytics` in, figures and sentences out; the page lays them out.
A gap is called a gap only where the estimate of what is not yet paid cannot explain it, and beyond chance
only where the months' usual variation cannot either.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import pandas as pd

from analytics import completion, control_chart, monthly, words
from analytics.decomposition import Decomposition
from analytics.intervals import Interval
from analytics.monthly import Spread
from components import formats, strips
from components.cost_basis import Basis
from components.cost_comparison import Comparison
from components.data_status import last_day, latest_day, reach_words
from components.definitions import Live
from components.ed_figures import formula_with_numbers
from components.filter_bar import Chosen
from components.kpi_tile import Signal, Tile
from components.theme import ThemeType
from queries.filters import Filters

PMPM = "pmpm"
TO_DATE = "pmpm_to_date"
ADJUSTED = "risk_adjusted_pmpm"
EXPECTED = "observed_expected"
ESTIMATED = "estimated_share"
OTHER = "other_share"
METRICS = (PMPM, TO_DATE, ADJUSTED, EXPECTED, ESTIMATED, OTHER)
CATEGORY = "category_pmpm"
MOST_OF = 0.5
STEP_WORDS = {
    "membership_mix": "membership mix",
    "risk_mix": "risk mix",
    "utilisation": "use",
    "service_mix": "service mix",
    "unit_price": "price",
    "large_claimants": "large claimants",
    "estimated": "what is not yet paid",
}
WITH_CATEGORY = ("utilisation", "service_mix", "unit_price")


@dataclass(frozen=True)
class Gap:
    """Ours against the comparison. signal: by the months' usual variation; beyond_estimate: completion's
    interval does not hold the comparison."""

    pmpm: float
    value: float | None
    signal: str = "not_tested"
    beyond_estimate: bool = False

    @property
    def change(self) -> float | None:
        """Dollars per member per month, ours less theirs."""
        return None if self.value is None else self.pmpm - self.value


@dataclass(frozen=True)
class KeyFigures:
    """The row of key figures and the page's title over it. live: the drawer's contents by metric."""

    title: str
    subtitle: str
    tiles: list[Tile]
    beside: str
    live: Mapping[str, Live]


def key_figures(
    chosen: Chosen,
    basis: Basis,
    now: pd.DataFrame,
    months: pd.DataFrame,
    interval: Interval,
    chart: pd.DataFrame,
    prior: Comparison,
    compared: Comparison,
    steps: Decomposition | None,
    theme: ThemeType,
    other_months: pd.DataFrame | None = None,
) -> KeyFigures:
    """The tiles and the page's finding.

    now: cost/summary. months: cost/by_month. interval: of completed PMPM in the period. chart: `trend_chart`.
    steps: from the comparison to ours. other_months: cost/by_month of the comparison, its own mature months.
    """
    row = now.iloc[0]
    spread = monthly.spread_of(mature_values(months, chosen, 12))
    prior_spread = monthly.spread_of(_values(_of_period(months, chosen.prior)))
    other_spread = None
    if not compared.fixed:
        other_spread = monthly.UNKNOWN if other_months is None else monthly.spread_of(_values(other_months))
    gap = gap_of(float(row["pmpm"]), compared, interval, spread, other_spread)
    live = live_facts(chosen, basis, now, interval, chart, compared, gap)
    trend = control_chart.finding(chart)
    return KeyFigures(
        title=title(gap, compared, steps, trend),
        subtitle=subtitle(row, basis, compared, trend),
        tiles=[
            _pmpm_tile(row, chart, interval, compared, prior, spread, prior_spread, live[PMPM], theme),
            _gap_tile(gap, compared, live[PMPM]),
            _adjusted_tile(row, live[EXPECTED]),
            _estimated_tile(row, interval, chosen, live[ESTIMATED]),
        ],
        beside=_beside(row, basis),
        live=live,
    )


def gap_of(
    pmpm: float, compared: Comparison, interval: Interval, spread: Spread, other: Spread | None
) -> Gap:
    """The gap to the comparison and what may be said of it."""
    value = compared.pmpm
    if value is None or math.isnan(pmpm):
        return Gap(pmpm, None)
    inside = interval.known and formats.known(interval.low) and interval.low <= value <= interval.high
    return Gap(pmpm, value, monthly.gap_signal(pmpm - value, spread, other), not inside)


def title(gap: Gap, compared: Comparison, steps: Decomposition | None, trend: control_chart.Finding) -> str:
    """'Cost is $23 PMPM above budget, outpatient price explains most of it'."""
    change = gap.change
    if change is None:
        if trend.kind in ("improving", "worsening"):
            return f"Cost {'fell' if trend.movement == 'fell' else 'rose'} beyond chance"
        return "Cost is within usual variation" if trend.kind == "none" else "Too few months to test cost"
    against = label_in_sentence(compared)
    if abs(change) < 0.5 or not gap.beyond_estimate:
        return f"Cost is level with {against}"
    side = f"Cost is {formats.money(abs(change))} PMPM {'above' if change > 0 else 'below'} {against}"
    if gap.signal == "none":
        if trend.kind not in ("improving", "worsening"):
            return f"{side}, within usual variation"
        verb = "fell" if trend.movement == "fell" else "rose"
        return f"Cost {verb} beyond chance, and is {side.removeprefix('Cost is ')}"
    cause = explanation(steps, change) if compared.has_parts else ""
    return f"{side}, {cause}" if cause else side


def label_in_sentence(compared: Comparison) -> str:
    """'budget', 'the prior year', 'Harbor'."""
    articles = {"prior_year": "the ", "cohort": "the ", "national": "the ", "contract_target": "the "}
    return f"{articles.get(compared.kind, '')}{compared.label}"


def explanation(steps: Decomposition | None, change: float) -> str:
    """What explains most of a gap: one category's price or use, else one step; empty where none does."""
    if steps is None or change == 0:
        return ""
    details = steps.details
    lone = details[details["step"].isin(WITH_CATEGORY)]
    by_category = lone.groupby(["service_category_1", "step"])["pmpm"].sum() / change
    if len(by_category) and by_category.max() >= MOST_OF:
        category, step = by_category.idxmax()
        return f"{str(category).replace('_', ' ')} {STEP_WORDS[step]} explains most of it"
    by_step = steps.steps.set_index("key")["pmpm"] / change
    if len(by_step) and by_step.max() >= MOST_OF:
        step = str(by_step.idxmax())
        return f"{STEP_WORDS[step]} {'explain' if step == 'large_claimants' else 'explains'} most of it"
    return ""


def subtitle(row: Any, basis: Basis, compared: Comparison, trend: control_chart.Finding) -> str:
    """What the title stands on."""
    parts = [
        f"{formats.pmpm(row['pmpm'])} PMPM for {formats.count_of(row['members'], 'member')}. "
        f"{basis.money_words}, completed."
    ]
    if compared.side is None:
        parts.append(f"{compared.title}: {_lowered(compared.reason)}")
    if trend.kind in ("improving", "worsening"):
        parts.append(f"By month: {words.lowered(trend.sentence)}.")
    return " ".join(parts)


def trend_chart(months: pd.DataFrame, ends: pd.DataFrame) -> pd.DataFrame:
    """The XmR chart of completed PMPM. months: cost/by_month. ends: month, low, high of unfinished months."""
    joined = months.assign(month=pd.to_datetime(months["month"])).merge(ends, on="month", how="left")
    return control_chart.individuals_chart(
        joined["month"],
        joined["pmpm"],
        to_date=joined["pmpm_to_date"],
        low=joined["low"],
        high=joined["high"],
        exposure=joined["member_months"],
        mature=joined["is_mature"].fillna(False).astype(bool),
        completion=joined["completion"],
    )


def to_date_of(chart: pd.DataFrame, months: pd.DataFrame) -> tuple[float | None, ...]:
    """Paid to date by month of the chart; None where there is no month."""
    paid = pd.Series(months["pmpm_to_date"].to_numpy(dtype="float64"), pd.to_datetime(months["month"]))
    return tuple(None if math.isnan(value) else float(value) for value in paid.reindex(chart["month"]))


def trend_words(chart: pd.DataFrame, months: pd.DataFrame) -> tuple[str, str]:
    """The trend section's finding and the line under it."""
    found = control_chart.finding(chart)
    headline = found.sentence
    if found.kind == "none":
        headline = "Completed cost by month is within usual variation"
    elif found.kind == "too_few":
        headline = "Too few months to test cost against chance"
    elif found.since is not None and found.movement in ("fell", "rose") and found.months >= control_chart.RUN:
        verb, stayed = ("dropped", "down") if found.movement == "fell" else ("rose", "up")
        headline = f"Completed cost {verb} in {words.full_month(found.since)} and has stayed {stayed}"
    line = "PMPM by month of service. Limits by the moving range (XmR)."
    unfinished = months[~months["is_mature"].fillna(False).astype(bool)]
    if len(unfinished):
        paid = words.listing([formats.percent(value) for value in unfinished["completion"]], 6)
        line += f" Diamonds are completed estimates with their 95% fan, at {paid} paid."
    return headline, line


# ---- intervals -------------------------------------------------------------------------------------------


def period_interval(draws: pd.DataFrame, chosen: Chosen, now: pd.DataFrame, pharmacy: bool) -> Interval:
    """Completed PMPM of the period with the 95% interval of what is not yet paid. draws: cost/draws."""
    row = now.iloc[0]
    value = float(row["pmpm"])
    start, end = chosen.filters.period_start, chosen.filters.period_end
    inside = draws[
        (_dates(draws["month"]) >= pd.Timestamp(start)) & (_dates(draws["month"]) <= pd.Timestamp(end))
    ]
    drugs = float(row["pharmacy_member_months"]) if pharmacy else 0.0
    return _around(value, inside, float(row["member_months"]), drugs, float(row["pmpm_to_date"]))


def month_intervals(draws: pd.DataFrame, months: pd.DataFrame) -> pd.DataFrame:
    """month, low, high: completed PMPM of each unfinished month, 95%."""
    rows = []
    when = _dates(draws["month"])
    for month in months.itertuples():
        mine = draws[when == pd.Timestamp(month.month)]
        if mine.empty:
            continue
        span = _around(
            float(month.pmpm),
            mine,
            float(month.member_months),
            float(month.pharmacy_member_months),
            float(month.pmpm_to_date),
        )
        rows.append((pd.Timestamp(month.month), span.low, span.high))
    return pd.DataFrame(rows, columns=["month", "low", "high"]).astype({"month": "datetime64[ns]"})


def _around(value: float, draws: pd.DataFrame, months: float, drug_months: float, paid: float) -> Interval:
    """`completion.interval` around what the page shows; months without draws are complete, and held fixed."""
    if math.isnan(value) or not months > 0:
        return Interval(value, math.nan, math.nan)
    if draws.empty:
        return Interval(value, value, value)
    drawn = completion.interval(draws, member_months=months, pharmacy_member_months=drug_months)
    whole = completion.interval(
        draws,
        member_months=months,
        pharmacy_member_months=drug_months,
        completed_medical=(value - drawn.rate) * months,
        to_date=paid,
    )
    return Interval(value, max(whole.low, 0.0), whole.high)


def mature_values(months: pd.DataFrame, chosen: Chosen, fewest: int = 0) -> list[float]:
    """Completed PMPM of the period's mature months, or of the `fewest` latest where that is more."""
    mature = months[months["is_mature"].fillna(False).astype(bool)].sort_values("month")
    start = pd.Timestamp(chosen.filters.period_start)
    inside = mature[_dates(mature["month"]) >= start]
    return _values(inside if len(inside) >= fewest else mature.tail(fewest))


def _of_period(months: pd.DataFrame, filters: Filters) -> pd.DataFrame:
    when = _dates(months["month"])
    inside = (when >= pd.Timestamp(filters.period_start)) & (when <= pd.Timestamp(filters.period_end))
    return months[inside & months["is_mature"].fillna(False).astype(bool)]


def _values(months: pd.DataFrame) -> list[float]:
    return [float(value) for value in months.sort_values("month")["pmpm"].astype(float)]


def _dates(column: pd.Series) -> pd.Series:
    return pd.to_datetime(column)


# ---- tiles -----------------------------------------------------------------------------------------------


def _pmpm_tile(
    row: Any,
    chart: pd.DataFrame,
    interval: Interval,
    compared: Comparison,
    prior: Comparison,
    spread: Spread,
    prior_spread: Spread,
    live: Live,
    theme: ThemeType,
) -> Tile:
    """Its delta is the trend on the prior year; the strip's last point has the control chart's signal."""
    found = control_chart.finding(chart)
    point = "not_tested" if found.kind == "too_few" else found.kind
    signal, said, falling = point, "No full prior year", found.movement == "fell"
    if prior.pmpm is not None and prior.pmpm > 0:
        change = float(row["pmpm"]) - prior.pmpm
        falling = change < 0
        # Two means make no trend: where the months signal, theirs is the signal.
        if point not in ("improving", "worsening"):
            signal = monthly.gap_signal(change, spread, prior_spread)
        said = formats.relative(change / prior.pmpm, "on prior year")
        said = formats.within_chance(said) if signal == "none" else said
    values = [None if pd.isna(value) else float(value) for value in chart[chart["mature"]]["rate"]][-12:]
    note = f"95% **{span_words(interval)}**"
    if compared.pmpm is not None:
        note += f" · {compared.label} **{formats.pmpm(compared.pmpm)}**"
    label = "Cost PMPM, completed"
    ends = [formats.pmpm(value) for value in (values[:1] + values[-1:])]
    unfinished = int((~chart["mature"]).sum())
    return Tile(
        label, PMPM, formats.pmpm(row["pmpm"]), said, cast(Signal, signal), falling,
        strips.kpi_strip(
            values, benchmark=compared.pmpm, signal=point, immature=unfinished, theme=theme
        ),
        f"{label}, last 12 months that count: from {' to '.join(ends)}" if len(ends) == 2 else label,
        note, live,
    )  # fmt: skip


def _gap_tile(gap: Gap, compared: Comparison, live: Live) -> Tile:
    label = f"Against {compared.label}"[:26]
    if gap.change is None:
        return Tile(label, PMPM, "None", "", "not_tested", False, "", "", compared.reason, live, "gap")
    signal = gap.signal
    delta = {
        "none": "Within usual variation",
        "not_tested": "Too few months to test",
    }.get(signal, "Beyond usual variation")
    if not gap.beyond_estimate:
        signal, delta = "none", "Within the estimate"
    share = f", {formats.relative(gap.change / gap.value)}" if gap.value else ""
    note = f"{compared.title} **{formats.pmpm(gap.value)}**{share}"
    return Tile(
        label, PMPM, formats.signed_money(gap.change), delta, cast(Signal, signal), gap.change < 0, "", "",
        note, live, "gap",
    )  # fmt: skip


def _adjusted_tile(row: Any, live: Live) -> Tile:
    label = "Risk-adjusted PMPM"
    ratio = row["observed_expected"]
    risk = f"relative risk {formats.number(row['relative_risk'], 2)}"
    known = f"known for {formats.percent(row['risk_known_share'])}"
    if not formats.known(row["risk_known_share"]) or float(row["risk_known_share"] or 0) == 0:
        return Tile(
            label, ADJUSTED, "None", "", "not_tested", False, "", "", "Risk is known for nobody", live
        )
    against = f"O/E **{formats.number(ratio, 2)}**" if formats.known(ratio) else "O/E not known on this basis"
    return Tile(
        label, ADJUSTED, formats.pmpm(row["risk_adjusted_pmpm"]), "", "not_tested", False, "", "",
        f"{against} · {risk}, {known}", live,
    )  # fmt: skip


def _estimated_tile(row: Any, interval: Interval, chosen: Chosen, live: Live) -> Tile:
    share = row["estimated_share"]
    value = formats.percent(share, 1 if formats.known(share) and abs(float(share)) < 0.1 else 0)
    note = f"**{formats.money(row['estimated'])}** of {formats.money(row['completed'])}"
    if formats.known(interval.low):
        months = float(row["member_months"])
        low, high = (float(row["estimated"]) + (end - interval.rate) * months for end in interval[1:])
        note += f" · 95% {formats.money_range(max(low, 0.0), high)}"
    return Tile("Estimated, not yet paid", ESTIMATED, value, "", "not_tested", False, "", "", note, live)


def span_words(interval: Interval) -> str:
    """'$898 to $926'; 'as paid' where everything of the period has been paid."""
    if not formats.known(interval.low):
        return formats.NOT_KNOWN
    if interval.high - interval.low < 0.005:
        return "all paid"
    return formats.money_range(interval.low, interval.high)


def _beside(row: Any, basis: Basis) -> str:
    drugs = f"pharmacy {formats.money(row['pharmacy_completed'])} over "
    drugs += formats.count_of(row["pharmacy_member_months"], "pharmacy member-month")
    parts = [
        f"Medical {formats.money(row['medical_completed'])} over "
        f"{formats.count_of(row['member_months'], 'member-month')}"
        + (f", {drugs}" if basis.pharmacy else ""),
        f"to date **{formats.pmpm(row['pmpm_to_date'])}** PMPM",
    ]
    if formats.known(row["other_share"]):
        share = float(row["other_share"])
        parts.append(f"no rule places **{formats.percent(share, 1 if share < 0.1 else 0)}** (category other)")
    return "; ".join(parts) + "."


# ---- the drawer ------------------------------------------------------------------------------------------


def live_facts(
    chosen: Chosen,
    basis: Basis,
    now: pd.DataFrame,
    interval: Interval,
    chart: pd.DataFrame,
    compared: Comparison,
    gap: Gap,
) -> dict[str, Live]:
    """The drawer's contents: each formula with the numbers of the page in it."""
    row = now.iloc[0]
    shared: dict[str, Any] = {
        "through": reach_words(last_day(chosen.latest), latest_day(chosen.months, "paid_through")),
        "sql": str(now.attrs.get("sql", "")),
        "parameters": now.attrs.get("params") or {},
    }
    against = ""
    if compared.pmpm is not None:
        notes = f"  \n:gray[{'. '.join(compared.notes)}]" if compared.notes else ""
        against = (
            f"{compared.title} {formats.pmpm(compared.pmpm)}, {formats.signed_money(gap.change)}"
            f"  \n:gray[{compared.source}]{notes}"
        )
    elif compared.reason:
        against = f"{compared.title}: {_lowered(compared.reason)}"
    results = {
        PMPM: formats.pmpm(row["pmpm"]),
        TO_DATE: formats.pmpm(row["pmpm_to_date"]),
        ADJUSTED: formats.pmpm(row["risk_adjusted_pmpm"]),
        EXPECTED: formats.number(row["observed_expected"], 2),
        ESTIMATED: formats.percent(row["estimated_share"], 1),
        OTHER: formats.percent(row["other_share"], 1),
    }
    counted = {
        PMPM: formats.dollars(row["completed"]),
        TO_DATE: formats.dollars(row["amount"]),
        EXPECTED: formats.dollars(row["completed"]),
        ESTIMATED: formats.dollars(row["estimated"]),
        OTHER: formats.dollars(row["other_amount"]),
    }
    divided = {
        PMPM: formats.count_of(row["member_months"], "member-month"),
        TO_DATE: formats.count_of(row["member_months"], "member-month"),
        EXPECTED: formats.dollars(row["expected"]),
        ESTIMATED: formats.dollars(row["completed"]),
        OTHER: formats.dollars(row["amount"]),
    }
    return {
        metric: Live(
            formula=formula_with_numbers(metric, row, result),
            counted=counted.get(metric, ""),
            divided=divided.get(metric, ""),
            interval=f"What is not yet paid, 95%: {span_words(interval)}" if metric == PMPM else "",
            signal=control_chart.finding(chart).sentence if metric == PMPM else "",
            maturity=basis.words if metric == PMPM else "",
            benchmark=against if metric == PMPM else "",
            **shared,
        )
        for metric, result in results.items()
    }


def live_of(answer: pd.DataFrame, metric_id: str = "", basis: str = "") -> Live:
    """The drawer of a section's own metric: its formula with the numbers of a one-row answer, and the SQL."""
    formula = formula_with_numbers(metric_id, answer.iloc[0]) if metric_id and len(answer) == 1 else ""
    return Live(
        formula=formula,
        maturity=basis,
        sql=str(answer.attrs.get("sql", "")),
        parameters=answer.attrs.get("params") or {},
    )


def _lowered(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
