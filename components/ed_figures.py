"""What the ED page says: answers of `ed/*` and the statistics of `analytics` in, figures and sentences out.

The page lays these out; it computes nothing. Every sentence here follows from a signal or an interval, so
that a title never says more than the numbers under it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

import queries
from analytics import compare, concentration, control_chart, funnel, intervals, words
from components import formats, strips
from components.data_status import last_day, latest_day, reach_words
from components.definitions import Live
from components.filter_bar import Chosen
from components.kpi_tile import Tile
from components.theme import ThemeType

VISITS = "ed_visits_per_1000"
TOTAL = "ed_total_per_1000"
AVOIDABLE = "avoidable_ed_per_1000"
FOLLOWUP = "followup_7d_rate"
FREQUENT = "frequent_users"
METRICS = (VISITS, AVOIDABLE, FOLLOWUP, FREQUENT)
POOL_BELOW = 100
FEWEST_FOR_A_HUNDREDTH = 100  # members, for "the top 1%" to be one of them at least
PERCENTILES = ("p10", "p25", "p50", "p75", "p90")

GROUP_WORDS = {
    "practice": ("Practice", "practice", "primary-care practice"),
    "market": ("Market", "market", "market"),
    "contract": ("Contract", "contract", "contract"),
    "line_of_business": ("Line of business", "line of business", "line of business"),
    "care_team": ("Care team", "care team", "care team"),
    "pcp": ("PCP", "PCP", "primary-care clinician"),
}


@dataclass(frozen=True)
class Target:
    """A benchmark of a metric; value None where none is set."""

    value: float | None = None
    label: str = "target"
    source: str = ""


@dataclass(frozen=True)
class KeyFigures:
    """The KPI row and the page's title over it. live: the drawer's contents by metric."""

    title: str
    subtitle: str
    tiles: list[Tile]
    beside: str
    peers: str
    live: Mapping[str, Live]


def key_figures(
    chosen: Chosen,
    now: pd.DataFrame,
    before: pd.DataFrame,
    months: pd.DataFrame,
    benchmarks: Mapping[str, pd.DataFrame],
    practices: pd.DataFrame,
    theme: ThemeType,
) -> KeyFigures:
    """The four tiles and the page's finding.

    now, before: ed/summary of the period and of a year earlier. months: ed/by_month over `chosen.history`.
    benchmarks: shared/benchmark by metric. practices: ed/by_group by practice.
    """
    new, old = now.iloc[0], before.iloc[0]
    comparable = _comparable(chosen, old)
    targets = {metric: target_of(frame) for metric, frame in benchmarks.items()}
    live = live_facts(chosen, now, months, benchmarks)
    tiles = [
        _visits_tile(chosen, new, old, comparable, months, targets[VISITS], live[VISITS], theme),
        _avoidable_tile(chosen, new, old, comparable, months, targets[AVOIDABLE], live[AVOIDABLE], theme),
        _followup_tile(chosen, new, old, comparable, months, targets[FOLLOWUP], live[FOLLOWUP], theme),
        _frequent_tile(chosen, new, old, comparable, months, targets[FREQUENT], live[FREQUENT], theme),
    ]
    trend = control_chart.finding(visits_chart(months))
    return KeyFigures(
        title=_title(new, trend, targets[VISITS]),
        subtitle=_subtitle(chosen, new, targets[VISITS], practices),
        tiles=tiles,
        beside=(
            f"Shown: treated and released, {formats.count_of(new['visits'], 'visit')} over "
            f"{formats.count_of(new['member_months'], 'member-month')}. Beside it: observation "
            f"**{formats.rate(new['observation_per_1000'])}**, admitted "
            f"**{formats.rate(new['admitted_per_1000'])}**, all ED **{formats.rate(new['total_per_1000'])}** "
            f"per 1,000; 30-day follow-up **{formats.percent(new['followup_30d_rate'])}**; "
            f"10 or more visits **{formats.count_of(new['frequent_10'], 'member')}**."
        ),
        peers=_peers(new, benchmarks[TOTAL], chosen),
        live=live,
    )


def target_of(benchmark: pd.DataFrame) -> Target:
    """The most specific target; the answer is sorted so."""
    rows = benchmark[benchmark["statistic"] == "target"]
    if not len(rows):
        return Target()
    row = rows.iloc[0]
    return Target(float(row["value"]), "target", f"{row['basis']}, {row['vintage']}. {row['source']}")


def live_facts(
    chosen: Chosen, now: pd.DataFrame, months: pd.DataFrame, benchmarks: Mapping[str, pd.DataFrame]
) -> dict[str, Live]:
    """The drawer's contents: each formula with the numbers of the page in it."""
    row = now.iloc[0]
    months_words = formats.count_of(row["member_months"], "member-month")
    shared: dict[str, Any] = {
        "through": _through(chosen),
        "maturity": _maturity(chosen),
        "sql": str(now.attrs.get("sql", "")),
        "parameters": now.attrs.get("params") or {},
    }
    visits = intervals.poisson_rate(float(row["visits"] or 0), float(row["member_months"] or 0))
    avoidable = intervals.poisson_rate(_zero(row["avoidable_equivalent"]), float(row["member_months"] or 0))
    followup = intervals.wilson(_zero(row["followup_7d_met"]), _zero(row["followup_7d_eligible"]))
    followup_chart = followup_month_chart(months)
    return {
        VISITS: Live(
            formula=formula_with_numbers(
                VISITS, row, formats.rate_or_count(row["visits"], row["visits_per_1000"])
            ),
            counted=formats.count_of(row["visits"], "visit"),
            divided=months_words,
            interval=f"Exact Poisson, 95%: {formats.rate_range(visits.low, visits.high)}",
            signal=control_chart.finding(visits_chart(months)).sentence,
            benchmark=_benchmark_words(benchmarks[VISITS], formats.rate),
            **shared,
        ),
        AVOIDABLE: Live(
            formula=formula_with_numbers(
                AVOIDABLE, row, formats.rate_or_count(row["avoidable_equivalent"], row["avoidable_per_1000"])
            ),
            counted=f"{formats.number(row['avoidable_equivalent'])} avoidable-equivalent of "
            f"{formats.count_of(row['visits'], 'visit')}",
            divided=months_words,
            interval=f"Exact Poisson, 95%: {formats.rate_range(avoidable.low, avoidable.high)}",
            signal=control_chart.finding(avoidable_chart(months)).sentence,
            benchmark=_benchmark_words(benchmarks[AVOIDABLE], formats.rate),
            **shared,
        ),
        FOLLOWUP: Live(
            formula=formula_with_numbers(FOLLOWUP, row, formats.percent(row["followup_7d_rate"])),
            counted=formats.count_of(row["followup_7d_met"], "visit"),
            divided=formats.count_of(row["followup_7d_eligible"], "visit"),
            interval=f"Wilson, 95%: {formats.percent_range(followup.low, followup.high)}",
            signal=control_chart.finding(followup_chart).sentence,
            benchmark=_benchmark_words(benchmarks[FOLLOWUP], formats.percent),
            **shared,
        ),
        FREQUENT: Live(
            formula=formula_with_numbers(FREQUENT, row),
            counted=f"{formats.count_of(row['frequent_4'], 'member')}, "
            f"{formats.count_of(row['frequent_4_visits'], 'visit')}",
            divided=formats.count_of(row["members_12m"], "member"),
            signal="",
            benchmark=_benchmark_words(benchmarks[FREQUENT], formats.number),
            **shared,
        ),
    }


# ---- charts' inputs --------------------------------------------------------------------------------------


def visits_chart(months: pd.DataFrame) -> pd.DataFrame:
    """The control chart of treated-and-released visits per 1,000."""
    return control_chart.control_chart(
        months["month"],
        months["visits"],
        months["member_months"],
        mature=months["is_mature"],
        completion=months["completion"],
    )


def avoidable_chart(months: pd.DataFrame) -> pd.DataFrame:
    """The control chart of avoidable-equivalent visits per 1,000."""
    return control_chart.control_chart(
        months["month"],
        months["avoidable_equivalent"].fillna(0),
        months["member_months"],
        mature=months["is_mature"],
        completion=months["completion"],
    )


def followup_month_chart(months: pd.DataFrame) -> pd.DataFrame:
    """The control chart of follow-up within 7 days."""
    return control_chart.proportion_chart(
        months["month"],
        months["followup_7d_met"].fillna(0),
        months["followup_7d_eligible"].fillna(0),
        mature=months["is_mature"],
    )


def trend_words(chart: pd.DataFrame, chosen: Chosen) -> tuple[str, str]:
    """The trend section's finding and the line under it."""
    found = control_chart.finding(chart)
    headline = found.sentence
    if found.since is not None and found.movement in ("fell", "rose") and found.months >= control_chart.RUN:
        verb = "dropped" if found.movement == "fell" else "rose"
        stayed = "down" if found.movement == "fell" else "up"
        headline = f"The monthly rate {verb} in {words.full_month(found.since)} and has stayed {stayed}"
    elif found.kind == "none":
        headline = "The monthly rate is within usual variation"
    line = "Treated-and-released visits per 1,000 members a year."
    estimates = chart[chart["estimate"].notna()]
    if len(estimates):
        paid = words.listing([formats.percent(value) for value in estimates["completion"]])
        line += f" Diamonds are completed estimates with 95% intervals, at {paid} paid."
    elif len(chosen.unfinished):
        line += " Hatched months are not complete enough to count."
    return headline, line


def funnel_of(groups: pd.DataFrame) -> pd.DataFrame:
    """Groups against the funnel around the rate of everybody shown."""
    return funnel.funnel_points(groups)


def funnel_words(points: pd.DataFrame, group_by: str) -> str:
    """'Eastgate is above what chance allows'."""
    _, one, _ = GROUP_WORDS[group_by]
    above = list(points.loc[points["position"] == "above", "group_name"])
    below = list(points.loc[points["position"] == "below", "group_name"])
    tested = int((points["signal"] != "not_tested").sum())
    if above and below:
        both = f"{words.listing(above, 2)} {_is(above)} above what chance allows"
        return f"{both}, {words.listing(below, 2)} below"
    if above:
        return f"{words.listing(above)} {_is(above)} above what chance allows"
    if below:
        return f"{words.listing(below)} {_is(below)} below what chance allows"
    if not tested:
        return f"No {one} has enough visits to compare"
    if tested == 1:
        return f"One {one} has enough visits to show"
    return f"Every {one} is within what chance allows"


def avoidable_words(now: pd.DataFrame) -> tuple[str, str]:
    """The avoidable section's finding and the line under it."""
    row = now.iloc[0]
    share = row["avoidable_share"]
    words_of_share = formats.share_in_words(share)
    headline = f"{words_of_share or formats.percent(share)} of visits are avoidable-equivalent"
    line = (
        f"{formats.number(row['avoidable_equivalent'])} of {formats.count_of(row['visits'], 'visit')}. "
        "A population estimate, not a judgement of any visit."
    )
    if formats.known(row["unclassified_share"]):
        line += f" {formats.percent(row['unclassified_share'])} could not be classified."
    return headline, line


def ahrq_words(conditions: pd.DataFrame, now: pd.DataFrame) -> tuple[str, str]:
    """The AHRQ view's finding and the line under it."""
    visits, total = float(conditions["visits"].sum()), _zero(now.iloc[0]["visits"])
    share = formats.percent(visits / total) if total else formats.NOT_KNOWN
    return (
        f"{share} of visits are for conditions AHRQ holds preventable",
        f"{formats.number(visits)} of {formats.count_of(total, 'visit')}, by primary diagnosis alone.",
    )


def facilities(table: pd.DataFrame, months: pd.DataFrame, theme: ThemeType, target: Target) -> pd.DataFrame:
    """The facilities table, largest first, facilities under 100 visits pooled into one last row.

    Columns: facility_npi (None for the pool), facility, visits, trend, rate, avoidable, interval, signal,
    signal_key, followup_bar, followup, cost, parts.
    """
    if table.empty:
        return pd.DataFrame()
    classified = table.assign(
        classified_visits=table["classified_visits"].fillna(0),
        avoidable_equivalent=table["avoidable_equivalent"].fillna(0),
    )
    points = funnel.proportion_funnel(
        classified.assign(tested=classified["classified_visits"]),
        group="facility_npi",
        name="facility_name",
        met="avoidable_equivalent",
        eligible="tested",
        lower_is_better=True,
        pool_below=POOL_BELOW,
    )
    by_npi = {row.group_id: row for row in points.itertuples() if not row.is_pool}
    market = points.attrs.get("mean_rate")
    domain = _domain(points)
    calendar = sorted(months["month"].unique())
    counts = months.pivot_table(
        index="facility_npi", columns="month", values="visits", aggfunc="sum"
    ).reindex(columns=calendar)
    big = table[table["visits"] >= POOL_BELOW].sort_values("visits", ascending=False)
    small = table[table["visits"] < POOL_BELOW]
    rows = [
        _facility_row(
            row["facility_npi"],
            row["facility_name"],
            [row],
            counts,
            by_npi.get(row["facility_npi"]),
            market,
            domain,
            theme,
            target,
        )
        for _, row in big.iterrows()
    ]
    if len(small):
        name = f"{len(small)} {'others' if len(big) else 'facilities'}, under {POOL_BELOW} visits each"
        if len(small) == 1:
            name = str(small.iloc[0]["facility_name"])
        npi = small.iloc[0]["facility_npi"] if len(small) == 1 else None
        rows.append(
            _facility_row(
                npi, name, [row for _, row in small.iterrows()], counts, None, market, domain, theme, target
            )
        )
    return pd.DataFrame(rows)


def facilities_words(shown: pd.DataFrame) -> str:
    """'Quarry Road is high on avoidable-equivalent share, Cedar Hill low'."""
    if shown.empty:
        return "No facility was visited"
    high = list(shown.loc[shown["position"] == "above", "facility"])
    low = list(shown.loc[shown["position"] == "below", "facility"])
    if high and low:
        both = f"{words.listing(high, 2)} {_is(high)} high on avoidable-equivalent share"
        return f"{both}, {words.listing(low, 2)} low"
    if high or low:
        which = f"{_is(high or low)} {'high' if high else 'low'}"
        return f"{words.listing(high or low)} {which} on avoidable-equivalent share"
    if (shown["signal_key"] != "not_tested").any():
        return "No facility differs beyond chance in avoidable-equivalent share"
    return "Where members went"


def concentration_words(curve: pd.DataFrame) -> tuple[str, str]:
    """The concentration section's finding, and who is counted."""
    top1 = concentration.top_share(curve["visits_per_member"], curve["members"], 0.01)
    top5 = concentration.top_share(curve["visits_per_member"], curve["members"], 0.05)
    members = float(curve["members"].sum())
    counted = f"{formats.count_of(members, 'member')}, visits of any disposition in 12 months"
    if not formats.known(top1):
        return "No member had a visit", f"{counted}."
    if members < FEWEST_FOR_A_HUNDREDTH:
        # One in a hundred of ten people is nobody: say what the one with most visits did.
        most = curve.loc[curve["visits_per_member"].idxmax()]
        who = formats.count_of(most["members"], "member")
        made = formats.count_of(most["visits_per_member"], "visit")
        return f"{who} made {made}{' each' if most['members'] > 1 else ''}, the most of all", f"{counted}."
    headline = f"The top 1% of members made {formats.percent(top1)} of visits"
    line = f"{counted}; the top 5% made {formats.percent(top5)}."
    return headline, line


def frequent_words(now: pd.DataFrame) -> str:
    """'212 members with 4 or more visits made 21% of them'."""
    row = now.iloc[0]
    if not _zero(row["frequent_4"]):
        return "No member had 4 or more visits"
    share = _zero(row["frequent_4_visits"]) / _zero(row["visits_12m"]) if _zero(row["visits_12m"]) else None
    who = formats.count_of(row["frequent_4"], "member")
    return f"{who} with 4 or more visits made {formats.percent(share)} of all visits"


def diagnosis_words(diagnoses: pd.DataFrame, by: str) -> str:
    """'The commonest reason is injury, 18% of visits'."""
    if diagnoses.empty:
        return "No visit has a diagnosis"
    known = diagnoses[~diagnoses[by].isin(["none", "Not known"])]
    totals = known.groupby(by)["visits"].sum().sort_values(ascending=False)
    if totals.empty:
        return "No visit has a known reason"
    share = totals.iloc[0] / diagnoses["visits"].sum()
    name = str(totals.index[0])
    if by == "primary_diagnosis":
        described = diagnoses.loc[diagnoses[by] == totals.index[0], "diagnosis_description"].dropna()
        name = str(described.iloc[0]) if len(described) else name
    name = formats.reason(name)
    return f"The commonest reason is {words.lowered(name)}, {formats.percent(share)} of visits"


def weekday_words(counts: pd.DataFrame) -> tuple[str, str]:
    """The timing section's finding: the busiest day if days differ beyond chance; and how
    many hours are known.
    """
    total = float(counts["visits"].sum())
    known = float(counts.loc[counts["hour"].notna(), "visits"].sum())
    line = (
        "The arrival hour is known for no visit: claims rarely carry it."
        if not known
        else f"The arrival hour is known for {formats.percent(known / total)} of visits."
    )
    days = counts.groupby("weekday")["visits"].sum()
    if total < 20 or len(days) < 7:
        return "Too few visits to tell the days apart", line
    from scipy import stats

    if stats.chisquare(days.to_numpy(dtype="float64")).pvalue >= 0.05:
        return "No day of the week stands out beyond chance", line
    names = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    busiest = int(days.idxmax())
    ratio = days.max() / days.mean() - 1
    return f"{names[busiest - 1]} is busiest, {formats.percent(ratio)} above an average day", line


def followup_of(groups: pd.DataFrame, window: str) -> pd.DataFrame:
    """Groups' follow-up shares with Wilson intervals, small groups pooled."""
    return funnel.proportion_funnel(
        groups, met=f"followup_{window}_met", eligible=f"followup_{window}_eligible"
    )


def followup_words(points: pd.DataFrame, now: pd.DataFrame, group_by: str, window: str) -> tuple[str, str]:
    """The follow-up section's finding and the line under it."""
    row = now.iloc[0]
    _, one, _ = GROUP_WORDS[group_by]
    low = list(points.loc[points["position"] == "below", "group_name"])
    high = list(points.loc[points["position"] == "above", "group_name"])
    days = "7" if window == "7d" else "30"
    if low:
        headline = f"{words.listing(low)} {_follow(low)} up less often than chance allows"
    elif high:
        headline = f"{words.listing(high)} {_follow(high)} up more often than chance allows"
    elif (points["signal"] != "not_tested").any():
        headline = f"Every {one}'s follow-up is within what chance allows"
    else:
        headline = f"No {one} has enough visits to compare follow-up"
    line = (
        f"Within {days} days of a treated-and-released visit. Altogether: 7 days "
        f"{formats.percent(row['followup_7d_rate'])} of "
        f"{formats.number(row['followup_7d_eligible'])}, 30 days "
        f"{formats.percent(row['followup_30d_rate'])} of {formats.number(row['followup_30d_eligible'])}."
    )
    return headline, line


def _visits_tile(
    chosen: Chosen,
    new: Any,
    old: Any,
    comparable: bool,
    months: pd.DataFrame,
    target: Target,
    live: Live,
    theme: ThemeType,
) -> Tile:
    change = compare.rate_change(
        _zero(old["visits"]), _zero(old["member_months"]), _zero(new["visits"]), _zero(new["member_months"])
    )
    interval = intervals.poisson_rate(_zero(new["visits"]), _zero(new["member_months"]))
    value, note = _rated(new["visits"], new["visits_per_1000"], interval, target)
    series = _per_1000(months, "visits")
    return _tile(
        "ED visits per 1,000",
        VISITS,
        value,
        change,
        comparable,
        series,
        target,
        note,
        live,
        chosen,
        theme,
        chart=visits_chart(months),
    )


def _avoidable_tile(
    chosen: Chosen,
    new: Any,
    old: Any,
    comparable: bool,
    months: pd.DataFrame,
    target: Target,
    live: Live,
    theme: ThemeType,
) -> Tile:
    label = "Avoidable-equiv. per 1,000"
    if not formats.known(new["avoidable_equivalent"]) or not _zero(new["classified_visits"]):
        return Tile(
            label, AVOIDABLE, "None", "", "not_tested", False, "", "", "Classification is not installed", live
        )
    change = compare.rate_change(
        _zero(old["avoidable_equivalent"]),
        _zero(old["member_months"]),
        _zero(new["avoidable_equivalent"]),
        _zero(new["member_months"]),
    )
    interval = intervals.poisson_rate(_zero(new["avoidable_equivalent"]), _zero(new["member_months"]))
    value, note = _rated(
        new["avoidable_equivalent"],
        new["avoidable_per_1000"],
        interval,
        target,
        noun="avoidable-equivalent visit",
    )
    series = _per_1000(months, "avoidable_equivalent")
    return _tile(
        label,
        AVOIDABLE,
        value,
        change,
        comparable,
        series,
        target,
        note,
        live,
        chosen,
        theme,
        chart=avoidable_chart(months),
    )


def _followup_tile(
    chosen: Chosen,
    new: Any,
    old: Any,
    comparable: bool,
    months: pd.DataFrame,
    target: Target,
    live: Live,
    theme: ThemeType,
) -> Tile:
    change = compare.proportion_change(
        _zero(old["followup_7d_met"]),
        _zero(old["followup_7d_eligible"]),
        _zero(new["followup_7d_met"]),
        _zero(new["followup_7d_eligible"]),
    )
    interval = intervals.wilson(_zero(new["followup_7d_met"]), _zero(new["followup_7d_eligible"]))
    if intervals.too_few(_zero(new["followup_7d_eligible"])):
        value = f"{formats.number(new['followup_7d_met'])} of {formats.number(new['followup_7d_eligible'])}"
        note = f"{formats.TOO_FEW.capitalize()}"
    else:
        value = formats.percent(new["followup_7d_rate"])
        note = f"95% **{formats.percent_range(interval.low, interval.high)}**"
        if target.value is not None:
            note += f" · target **{formats.percent(target.value)}**"
    counted = months.sort_values("month")
    series = counted["followup_7d_met"] / counted["followup_7d_eligible"].where(
        counted["followup_7d_eligible"] > 0
    )
    return _tile(
        "Follow-up within 7 days", FOLLOWUP, value, change, comparable,
        list(zip(counted["month"], series, counted["is_mature"], strict=True)),
        target, note, live, chosen, theme,
        share=True, lower_is_better=False, chart=followup_month_chart(months),
    )  # fmt: skip


def _frequent_tile(
    chosen: Chosen,
    new: Any,
    old: Any,
    comparable: bool,
    months: pd.DataFrame,
    target: Target,
    live: Live,
    theme: ThemeType,
) -> Tile:
    change = compare.proportion_change(
        _zero(old["frequent_4"]),
        _zero(old["members_12m"]),
        _zero(new["frequent_4"]),
        _zero(new["members_12m"]),
    )
    members, visits = _zero(new["members_12m"]), _zero(new["visits_12m"])
    note = "No members in the 12 months"
    if members:
        share = _zero(new["frequent_4"]) / members
        note = f"{formats.percent(share, 1 if share < 0.1 else 0)} of members"
        if visits:
            note += f", **{formats.percent(_zero(new['frequent_4_visits']) / visits)}** of visits"
    counted = months.sort_values("month")
    series = list(zip(counted["month"], counted["frequent_4"], counted["is_mature"], strict=True))
    moved = _zero(new["frequent_4"]) - _zero(old["frequent_4"])
    return _tile(
        "Members, 4 or more visits", FREQUENT, formats.number(new["frequent_4"]),
        change, comparable, series, target,
        note, live, chosen, theme, moved=moved,
    )  # fmt: skip


def _tile(
    label: str,
    metric: str,
    value: str,
    change: compare.Change,
    comparable: bool,
    series: Sequence[tuple[Any, Any, Any]],
    target: Target,
    note: str,
    live: Live,
    chosen: Chosen,
    theme: ThemeType,
    *,
    share: bool = False,
    lower_is_better: bool = True,
    moved: float | None = None,
    chart: pd.DataFrame | None = None,
) -> Tile:
    """A tile. Its signal is the control chart's where there is one: two points make no trend."""
    signal = change.signal(lower_is_better) if comparable else "not_tested"
    falling = change.delta < 0
    if chart is not None:
        found = control_chart.finding(chart)
        signal = "not_tested" if found.kind == "too_few" else found.kind
        falling = found.movement == "fell" if found.movement != "none" else falling
    delta = ""
    if comparable and not change.too_few and formats.known(change.delta):
        beyond = signal in ("improving", "worsening")
        base = "on prior year" if beyond else ""
        if share:
            delta = formats.points(change.delta, base)
        else:
            step = change.delta if moved is None else moved
            delta = formats.delta(step, base, decimals=0 if moved is not None else None)
        delta = delta if beyond else formats.within_chance(delta)
    elif comparable:
        delta = "Too few to compare"
    else:
        delta = "No full prior year"
    mature = [_none(value) for _, value, ready in series if bool(ready)][-12:]
    unfinished = sum(1 for _, _, ready in series if not bool(ready))
    strip = strips.kpi_strip(mature, benchmark=target.value, signal=signal, immature=unfinished, theme=theme)
    said = [formats.percent(v) if share else formats.rate(v) for v in (mature[:1] + mature[-1:])]
    alt = f"{label}, last 12 months that count: from {' to '.join(said)}" if len(said) == 2 else label
    return Tile(label, metric, value, delta, signal, falling, strip, alt, note, live)  # type: ignore[arg-type]


def _rated(
    events: Any, value: Any, interval: intervals.Interval, target: Target, noun: str = "visit"
) -> tuple[str, str]:
    """The tile's number and note; on fewer than 20 events the count instead of a rate."""
    if intervals.too_few(_zero(events)):
        return formats.number(events), f"{noun.capitalize()}s; {formats.TOO_FEW}"
    note = f"95% **{formats.rate_range(interval.low, interval.high)}**"
    if target.value is not None:
        note += f" · target **{formats.rate(target.value)}**"
    return formats.rate(value), note


# ---- sentences -------------------------------------------------------------------------------------------


def _title(row: Any, trend: control_chart.Finding, target: Target) -> str:
    if intervals.too_few(_zero(row["visits"])):
        return f"{formats.count_of(row['visits'], 'ED visit').capitalize()}, too few to rate"
    headline = "ED use is within usual variation"
    if trend.kind in ("improving", "worsening"):
        headline = f"ED use {'fell' if trend.movement == 'fell' else 'rose'} beyond chance"
    if target.value is None:
        return headline
    interval = intervals.poisson_rate(_zero(row["visits"]), _zero(row["member_months"]))
    if interval.low > target.value:
        return f"{headline}, and is {'still ' if trend.kind == 'improving' else ''}above target"
    if interval.high < target.value:
        return f"{headline}, and is below target"
    return f"{headline}, and is near target"


def _subtitle(chosen: Chosen, row: Any, target: Target, practices: pd.DataFrame) -> str:
    rate = formats.rate_or_count(row["visits"], row["visits_per_1000"], "treated-and-released visit")
    if intervals.too_few(_zero(row["visits"])):
        return f"{rate}, {chosen.period_words}."
    text = f"{rate} treated-and-released visits per 1,000"
    if target.value is not None:
        surplus = (
            _zero(row["visits"]) - target.value * _zero(row["member_months"]) / intervals.PER_1000_A_YEAR
        )
        side = "above" if surplus > 0 else "below"
        text += (
            f" against a target of {formats.rate(target.value)}: about "
            f"{formats.count_of(_rounded(abs(surplus)), 'visit')} {side} it, {chosen.period_words}."
        )
    else:
        text += f", {chosen.period_words}."
    above = (
        list(funnel.funnel_points(practices).query("position == 'above'")["group_name"])
        if len(practices)
        else []
    )
    if len(above) == 1:
        text += f" {above[0]} is the one practice above its limits."
    elif above:
        text += f" {words.listing(above)} are above their limits."
    return text


def _peers(row: Any, benchmark: pd.DataFrame, chosen: Chosen) -> str:
    """Where all ED visits stand among Medicare ACOs; a reference only where the people are not Medicare's."""
    peers = benchmark[benchmark["statistic"].isin(PERCENTILES)].drop_duplicates("statistic")
    if peers.empty or intervals.too_few(_zero(row["total"])):
        return ""
    points = dict(zip(peers["statistic"], peers["value"].astype(float), strict=True))
    value = float(row["total_per_1000"])
    below = [name for name in PERCENTILES if name in points and value >= points[name]]
    above = [name for name in PERCENTILES if name in points and value < points[name]]
    if not below:
        place = f"below the 10th percentile ({formats.rate(points[above[0]])})"
    elif not above:
        place = f"above the 90th percentile ({formats.rate(points[below[-1]])})"
    else:
        place = (
            f"between the {below[-1][1:]}th ({formats.rate(points[below[-1]])}) and the {above[0][1:]}th "
            f"percentile ({formats.rate(points[above[0]])})"
        )
    scale = " / ".join(formats.rate(points[name]) for name in PERCENTILES if name in points)
    is_medicare = chosen.filters.line_of_business == ("medicare",)
    kind = "Among Medicare ACOs" if is_medicare else "For reference only, against Medicare ACOs"
    return f"{kind}: all ED visits lie {place}; 10th to 90th are {scale} ({peers.iloc[0]['vintage']})."


def formula_with_numbers(metric_id: str, row: Any, result: str = "") -> str:
    """The metric's formula with this answer's numbers in its braces: '6,340 visits ÷
    146,300 member-months …'.
    """
    metric = queries.metric(metric_id)
    columns = queries.question(metric.numerator.question).columns

    def number(match: re.Match[str]) -> str:
        name = match.group(1)
        return f"{formats.number(row[name])} {columns[name].unit}" if name in row else match.group(0)

    text = re.sub(r"\{(\w+)\}", number, metric.formula)
    return f"{text} = {result}" if result else text


def _benchmark_words(benchmark: pd.DataFrame, written: Any) -> str:
    rows = benchmark.drop_duplicates("statistic")
    named = {"p10": "10th", "p25": "25th", "p50": "median", "p75": "75th", "p90": "90th"}
    parts = [
        f"{named.get(str(row.statistic), str(row.statistic)).capitalize()} {written(row.value)}"
        for row in rows.itertuples()
    ]
    if not parts:
        return "None set for what is shown"
    sources = sorted({f"{row.basis}, {row.vintage}: {row.source}" for row in rows.itertuples()})
    return f"{', '.join(parts)}  \n:gray[{'; '.join(sources)}]"


def _maturity(chosen: Chosen) -> str:
    parts = [
        f"{row.month:%b} {formats.percent(row.completion)}"
        if formats.known(row.completion)
        else f"{row.month:%b}"
        for row in chosen.unfinished.itertuples()
    ]
    if not parts:
        return "Every month counts: all are paid to the contract's threshold, or the feed gives no paid dates"
    return f"Months not paid to the contract's threshold are not counted: {', '.join(parts)}"


def _through(chosen: Chosen) -> str:
    return reach_words(last_day(chosen.latest), latest_day(chosen.months, "paid_through"))


# ---- small parts -----------------------------------------------------------------------------------------


def _facility_row(
    npi: str | None,
    name: str,
    rows: Sequence[Any],
    counts: pd.DataFrame,
    point: Any,
    market: float | None,
    domain: tuple[float, float],
    theme: ThemeType,
    target: Target,
) -> dict[str, Any]:
    visits = sum(_zero(row["visits"]) for row in rows)
    classified = sum(_zero(row["classified_visits"]) for row in rows)
    avoidable = sum(_zero(row["avoidable_equivalent"]) for row in rows)
    eligible = sum(_zero(row["followup_7d_eligible"]) for row in rows)
    met = sum(_zero(row["followup_7d_met"]) for row in rows)
    ids = [row["facility_npi"] for row in rows]
    trend = counts.reindex(ids).sum(axis=0, min_count=1).fillna(0) if len(counts) else pd.Series(dtype=float)
    signal = point.signal if point is not None else "not_tested"
    position = point.position if point is not None else "within"
    share = avoidable / classified if classified else None
    variance = sum(_zero(row["avoidable_variance"]) for row in rows)
    span = intervals.wilson(min(avoidable, classified), classified) if classified else intervals.NOT_OBSERVED
    if classified and variance and point is None:
        span = intervals.weighted_sum_interval(avoidable, variance, classified)
    rate = None
    if all(formats.known(row["visits_per_1000"]) for row in rows):
        rate = sum(float(row["visits_per_1000"]) for row in rows)
    followup = met / eligible if eligible >= 20 else None
    return {
        "facility_npi": npi,
        "facility": name,
        "visits": visits,
        "trend": strips.trend_strip([_none(value) for value in trend], theme=theme),
        "rate": rate,
        "avoidable": share,
        "interval": strips.interval_strip(
            span.low, span.rate, span.high, reference=market, domain=domain, signal=signal, theme=theme
        )
        if span.known and market is not None
        else None,
        "position": position,
        "signal_key": signal,
        "signal": formats.position_text(signal, position),
        "followup_bar": strips.bullet_strip(followup, target=target.value, theme=theme)
        if followup is not None
        else None,
        "followup": formats.percent(followup) if followup is not None else "Too few",
        "cost": sum(_zero(row["allowed"]) for row in rows) / visits if visits else None,
        "parts": tuple(str(key) for key in ids),
    }


def _domain(points: pd.DataFrame) -> tuple[float, float]:
    low, high = points["low"].min(), points["high"].max()
    if not (formats.known(low) and formats.known(high)):
        return (0.0, 1.0)
    room = max((high - low) * 0.05, 0.01)
    return (max(0.0, float(low) - room), min(1.0, float(high) + room))


def _per_1000(months: pd.DataFrame, column: str) -> list[tuple[Any, Any, Any]]:
    ordered = months.sort_values("month")
    exposure = ordered["member_months"].where(ordered["member_months"] > 0)
    rates = ordered[column].astype("float64") / exposure * intervals.PER_1000_A_YEAR
    return list(zip(ordered["month"], rates, ordered["is_mature"], strict=True))


def _comparable(chosen: Chosen, old: Any) -> bool:
    """A year earlier can be compared only if all of it is in the data and it does not overlap the period."""
    first = min(chosen.months["month"])
    start = chosen.prior.period_start
    return (
        chosen.period != "24 months"
        and start is not None
        and start >= first
        and _zero(old["member_months"]) > 0
    )


def _rounded(value: float) -> float:
    """An estimate of visits, to its second digit: 488 is about 490."""
    if value < 20:
        return float(round(value))
    digits = len(str(int(value))) - 2
    return float(round(value, -digits))


def _zero(value: Any) -> float:
    return float(value) if formats.known(value) else 0.0


def _none(value: Any) -> float | None:
    return float(value) if formats.known(value) else None


def _follow(names: Sequence[str]) -> str:
    return "follows" if len(names) == 1 else "follow"


def _is(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"
