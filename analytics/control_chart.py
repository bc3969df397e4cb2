"""Control charts: which months chance explains, and which it does not.

Limits: a u-chart for rates (σ = √(mean rate ÷ exposure)) and a p-chart for shares (σ = √(p̄(1-p̄) ÷ n)),
three σ either side of the mean (Shewhart; Provost & Murray, The Health Care Data Guide, 2011). With tens of
thousands of member-months the counting σ alone is too narrow, because months differ for reasons that are
not signals; as in Laney's u′ and p′ charts (Quality Engineering 2002;14:531-537) σ is then widened by the
month-to-month spread, and never narrowed.

Amounts per member-month (PMPM) are no counts: an individuals chart (XmR) has limits at the mean ± 2.66 ×
the mean moving range (Wheeler & Chambers, Understanding Statistical Process Control, 1992; Provost & Murray
2011), 2.66 being 3 ÷ 1.128, so that σ is the moving range's.

Rules: NHS England, Making Data Count: a point beyond a limit; 7 in a row on one side of the mean; 7 in a
row rising or falling; 2 of 3 in the outer third on the same side.

Baseline: the mean and limits come from the mature months before the first sustained shift (7 or more in a
row on one side of the mean of at least 12 months before it), or from all mature months if there is none;
months beyond the limits are left out of the mean. Later months are held against that baseline, so that a
lasting change stays visible instead of moving the mean. Immature months are neither in the baseline nor
tested.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.completion import completed_estimate
from analytics.intervals import PER_1000_A_YEAR, poisson_rate, too_few, wilson
from analytics.words import months_in_words, short_month

Floats = NDArray[np.float64]

RUN = 7
MINIMUM_BASELINE = 12
# A finding is about now: a signal older than this many months is history.
RECENT = 3
# Strongest first: the first rule a point breaks gives its direction.
RULES = ("beyond_limit", "run", "two_of_three", "trend")
COLUMNS = [
    "month",
    "events",
    "exposure",
    "rate",
    "low",
    "high",
    "mean",
    "lower",
    "upper",
    "signal",
    "rules",
    "side",
    "phase",
    "mature",
    "completion",
    "estimate",
    "estimate_low",
    "estimate_high",
]


@dataclass(frozen=True)
class Finding:
    """What a chart says about now. kind: improving | worsening | none | too_few; `since` its first month;
    `months` its length; `movement` fell | rose | none; `sentence` without a full stop."""

    kind: str
    since: date | None
    sentence: str
    months: int = 0
    movement: str = "none"


def control_chart(
    months: Iterable[date],
    events: Iterable[float],
    exposure: Iterable[float],
    *,
    per: float = PER_1000_A_YEAR,
    mature: Iterable[bool] | None = None,
    completion: Iterable[float | None] | None = None,
    lower_is_better: bool = True,
) -> pd.DataFrame:
    """u-chart of events ÷ exposure × per, one row per calendar month (missing months become rows without a
    rate).

    Columns: month, events, exposure, rate with low and high (exact Poisson 95%), mean, lower, upper, signal
    (improving | worsening | none | not_tested), rules (those broken), side (above | below | on), phase
    (baseline | after | immature | missing), mature, completion, estimate with estimate_low and estimate_high
    (immature months of known completion). attrs: see `_chart`. ValueError if the inputs differ in length or a
    month is given twice.
    """
    return _chart(months, events, exposure, per, mature, completion, lower_is_better, share=False)


def proportion_chart(
    months: Iterable[date],
    met: Iterable[float],
    eligible: Iterable[float],
    *,
    mature: Iterable[bool] | None = None,
    completion: Iterable[float | None] | None = None,
    lower_is_better: bool = False,
) -> pd.DataFrame:
    """p-chart of met ÷ eligible (0..1). Columns as `control_chart`, with Wilson 95% intervals; limits stay in
    0..1."""
    return _chart(months, met, eligible, 1.0, mature, completion, lower_is_better, share=True)


def individuals_chart(
    months: Iterable[date],
    values: Iterable[float | None],
    *,
    to_date: Iterable[float | None] | None = None,
    low: Iterable[float | None] | None = None,
    high: Iterable[float | None] | None = None,
    exposure: Iterable[float] | None = None,
    mature: Iterable[bool] | None = None,
    completion: Iterable[float | None] | None = None,
    lower_is_better: bool = True,
) -> pd.DataFrame:
    """XmR chart of one amount a month, such as completed PMPM in dollars: limits mean ± 2.66 × mean moving
    range.

    values: the completed amount; low and high its interval, where it is an estimate. to_date: what has been
    paid of it. exposure: member-months, for the reader. Rules, baseline and months left out as
    `control_chart`; the mean is that of the months' values, each counting once. A moving range needs two
    months that follow each other, both in the baseline.

    Columns as `control_chart`. rate: the value of a mature month, the amount to date of an immature one
    (its value where to_date is not given). low, high: as given. estimate, estimate_low, estimate_high:
    value, low and high of immature months. events: rate × exposure (dollars), NaN without exposure. attrs
    as `_chart`, and money = True; dispersion is 1. ValueError if the inputs differ in length or a month is
    given twice.
    """
    given = {"value": values, "to_date": to_date, "low": low, "high": high}
    known = list(months)
    nothing = [None] * len(known)
    frame = _calendar(known, nothing, nothing if exposure is None else exposure, mature, completion)
    for name, column in given.items():
        listed = nothing if column is None else list(column)
        if len(listed) != len(known):
            raise ValueError(f"{len(known)} months but {len(listed)} values of {name}")
        by_month = pd.Series(
            pd.to_numeric(pd.Series(listed)).to_numpy("float64"), pd.to_datetime(pd.Series(known))
        )
        frame[name] = by_month.reindex(frame["month"]).to_numpy()
    is_mature = frame["mature"].to_numpy(dtype=bool)
    raw = frame["value"] if to_date is None else frame["to_date"]
    frame["rate"] = frame["value"].where(is_mature, raw)
    frame["events"] = frame["rate"] * frame["exposure"]
    for name, source in (("estimate", "value"), ("estimate_low", "low"), ("estimate_high", "high")):
        frame[name] = frame[source].where(~is_mature)

    amounts = frame["value"].to_numpy(dtype="float64")
    tested = is_mature & ~np.isnan(amounts)
    places = np.flatnonzero(tested)
    ending, shift = _baseline(amounts, amounts, np.ones(len(amounts)), places, 1.0)
    baseline = places[:ending]
    mean, deviation, outside = _individuals_centre(amounts, baseline)
    sigma = np.full(len(amounts), deviation)
    few = len(places) < MINIMUM_BASELINE or not deviation > 0
    frame["mean"] = mean
    frame["lower"], frame["upper"] = np.maximum(mean - 3 * sigma, 0.0), mean + 3 * sigma
    if few:
        frame[["lower", "upper"]] = np.nan
    frame["rules"], frame["side"], frame["signal"] = _signals(
        amounts, mean, sigma, tested & (not few), lower_is_better
    )
    frame["phase"] = _phases(frame, places[ending:])
    frame = frame[COLUMNS]
    frame.attrs = _attributes(frame["month"], mean, baseline, shift, outside, few) | {
        "dispersion": 1.0,
        "per": 1.0,
        "share": False,
        "money": True,
        "lower_is_better": lower_is_better,
    }
    return frame


def _individuals_centre(amounts: Floats, baseline: NDArray[np.intp]) -> tuple[float, float, NDArray[np.intp]]:
    """Mean, σ = mean moving range ÷ 1.128, and the baseline months beyond the limits, left out of both."""
    kept = baseline
    while True:
        if not len(kept):
            return math.nan, math.nan, kept
        mean = float(amounts[kept].mean())
        together = np.diff(kept) == 1
        ranges = np.abs(np.diff(amounts[kept]))[together]
        deviation = float(ranges.mean() / 1.128) if len(ranges) else math.nan
        inside = kept[np.abs(amounts[kept] - mean) <= 3 * deviation]
        if len(inside) == len(kept) or len(inside) < max(len(baseline) / 2, 2):
            return mean, deviation, np.setdiff1d(baseline, kept)
        kept = inside


def finding(chart: pd.DataFrame) -> Finding:
    """What the chart says about its latest mature months, in the words of look.md.

    attrs["too_few"] gives kind too_few; no signal in the last three mature months gives none, "Within usual
    variation".
    """
    if chart.attrs.get("too_few", True):
        return Finding("too_few", None, "Too few to test against chance")
    tested = chart[chart["phase"].isin(["baseline", "after"])].reset_index(drop=True)
    recent = tested.tail(RECENT)
    signalled = recent[recent["signal"].isin(["improving", "worsening"])]
    if signalled.empty:
        return Finding("none", None, "Within usual variation")
    last = signalled.iloc[-1]
    end = int(signalled.index[-1])
    rule = _leading_rule(last["rules"])
    if rule == "run":
        return _run_finding(tested, end)
    start = end
    while (
        start > 0
        and rule in tested.at[start - 1, "rules"]
        and tested.at[start - 1, "signal"] == last["signal"]
    ):
        start -= 1
    since = _as_date(tested.at[start, "month"])
    month = short_month(last["month"])
    movement = "rose" if last["side"] == "above" else "fell"
    if rule == "trend":
        movement = "rose" if tested.at[end, "rate"] > tested.at[start, "rate"] else "fell"
        steps = end - start
        word = "Risen" if movement == "rose" else "Fallen"
        return Finding(last["signal"], since, f"{word} {steps} months in a row to {month}", steps, movement)
    if rule == "two_of_three":
        edge = "upper" if last["side"] == "above" else "lower"
        sentence = f"2 of 3 months near the {edge} limit to {month}"
        return Finding(last["signal"], since, sentence, end - start + 1, movement)
    edge = "above the upper" if last["side"] == "above" else "below the lower"
    length = end - start + 1
    sentence = (
        f"{month} is {edge} limit"
        if length == 1
        else f"{length} months {edge} limit since {short_month(since)}"
    )
    return Finding(last["signal"], since, sentence, length, movement)


def _leading_rule(rules: Sequence[str]) -> str:
    # A run says more about now than the points in it that also cross a limit.
    return "run" if "run" in rules else next(rule for rule in RULES if rule in rules)


def _run_finding(tested: pd.DataFrame, end: int) -> Finding:
    side = tested.at[end, "side"]
    start = end
    while start > 0 and tested.at[start - 1, "side"] == side:
        start -= 1
    run = tested.iloc[start : end + 1]
    since = _as_date(run.iloc[0]["month"])
    beyond = int(
        (run["rate"] > run["upper"]).sum() if side == "above" else (run["rate"] < run["lower"]).sum()
    )
    sentence = f"{months_in_words(len(run))} {side} the mean since {short_month(since)}"
    if beyond:
        limit = "upper" if side == "above" else "lower"
        sentence += f", {beyond} of them {side} the {limit} limit"
    return Finding(tested.at[end, "signal"], since, sentence, len(run), "rose" if side == "above" else "fell")


def _chart(
    months: Iterable[date],
    events: Iterable[float],
    exposure: Iterable[float],
    per: float,
    mature: Iterable[bool] | None,
    completion: Iterable[float | None] | None,
    lower_is_better: bool,
    *,
    share: bool,
) -> pd.DataFrame:
    """The common path. attrs: mean, baseline_start, baseline_end (dates or None), shift_start (date or None),
    dispersion (≥ 1: how far the limits were widened), left_out (months beyond the limits, not in the mean),
    too_few, per, share, lower_is_better."""
    frame = _calendar(months, events, exposure, mature, completion)
    with np.errstate(invalid="ignore", divide="ignore"):
        frame["rate"] = np.where(frame["exposure"] > 0, frame["events"] / frame["exposure"] * per, np.nan)
    tested = (frame["mature"] & frame["rate"].notna()).to_numpy(dtype=bool)
    rates = frame["rate"].to_numpy(dtype="float64")
    count, weight = frame["events"].to_numpy(dtype="float64"), frame["exposure"].to_numpy(dtype="float64")

    places = np.flatnonzero(tested)
    ending, shift = _baseline(rates, count, weight, places, per)
    baseline = places[:ending]
    few = len(places) < MINIMUM_BASELINE or too_few(float(count[baseline].sum()))
    mean, sigma, dispersion, outside = _centre(rates, count, weight, baseline, per, share=share)
    lower = np.maximum(mean - 3 * sigma, 0.0)
    upper = np.minimum(mean + 3 * sigma, 1.0) if share else mean + 3 * sigma
    frame["mean"], frame["lower"], frame["upper"] = mean, lower, upper
    if few:
        frame[["lower", "upper"]] = np.nan

    frame["rules"], frame["side"], frame["signal"] = _signals(
        rates, mean, sigma, tested & (not few), lower_is_better
    )
    frame["phase"] = _phases(frame, places[ending:])
    _add_intervals(frame, per, share=share)

    frame = frame[COLUMNS]
    frame.attrs = _attributes(frame["month"], mean, baseline, shift, outside, few) | {
        "dispersion": float(dispersion),
        "per": per,
        "share": share,
        "lower_is_better": lower_is_better,
    }
    return frame


def _phases(frame: pd.DataFrame, after: NDArray[np.intp]) -> NDArray[np.object_]:
    phase = np.where(
        frame["rate"].isna(), "missing", np.where(frame["mature"], "baseline", "immature")
    ).astype(object)
    phase[after] = "after"
    return phase


def _attributes(
    stamp: pd.Series,
    mean: float,
    baseline: NDArray[np.intp],
    shift: int | None,
    outside: NDArray[np.intp],
    few: bool,
) -> dict[str, object]:
    return {
        "mean": None if math.isnan(mean) else float(mean),
        "baseline_start": _as_date(stamp[baseline[0]]) if len(baseline) else None,
        "baseline_end": _as_date(stamp[baseline[-1]]) if len(baseline) else None,
        "shift_start": _as_date(stamp[shift]) if shift is not None else None,
        "left_out": [_as_date(stamp[at]) for at in outside],
        "too_few": bool(few),
    }


def _calendar(
    months: Iterable[date],
    events: Iterable[float],
    exposure: Iterable[float],
    mature: Iterable[bool] | None,
    completion: Iterable[float | None] | None,
) -> pd.DataFrame:
    given = pd.to_datetime(pd.Series(list(months), dtype="object"))
    columns = {"events": list(events), "exposure": list(exposure)}
    columns["mature"] = list(mature) if mature is not None else [True] * len(given)
    columns["completion"] = list(completion) if completion is not None else [None] * len(given)
    for name, values in columns.items():
        if len(values) != len(given):
            raise ValueError(f"{len(given)} months but {len(values)} values of {name}")
    frame = pd.DataFrame(columns, index=given).sort_index()
    if frame.index.has_duplicates:
        twice = frame.index[frame.index.duplicated()][0]
        raise ValueError(f"{short_month(twice)} is given twice")
    for name in ("events", "exposure", "completion"):
        frame[name] = pd.to_numeric(frame[name]).astype("float64")
    if len(frame):
        # A month nobody reported must break a run, not be skipped over.
        frame = frame.reindex(pd.date_range(frame.index[0], frame.index[-1], freq="MS"))
    frame["mature"] = frame["mature"].astype("boolean").fillna(False).astype(bool)
    frame.index.name = "month"
    return frame.reset_index()


def _baseline(
    rates: Floats, events: Floats, exposure: Floats, places: NDArray[np.intp], per: float
) -> tuple[int, int | None]:
    """How many tested months make the baseline, and where the first sustained shift begins (a row number)."""
    for start in range(MINIMUM_BASELINE, len(places) - RUN + 1):
        before, run = places[:start], places[start : start + RUN]
        if run[-1] - run[0] != RUN - 1:
            continue
        mean = events[before].sum() / exposure[before].sum() * per
        if np.all(rates[run] > mean) or np.all(rates[run] < mean):
            return start, int(run[0])
    return len(places), None


def _centre(
    rates: Floats, events: Floats, exposure: Floats, baseline: NDArray[np.intp], per: float, *, share: bool
) -> tuple[float, Floats, float, NDArray[np.intp]]:
    """Mean, σ of every month, how far σ was widened, and the baseline months left out of the mean.

    A month beyond the limits has a cause of its own and says nothing about the usual, so it is taken out and
    the mean and limits are found again (Montgomery, Statistical Quality Control, phase I): else one extreme
    month would pull the mean and make a run of all the others.
    """
    kept = baseline
    while True:
        mean = float(events[kept].sum() / exposure[kept].sum() * per) if len(kept) else math.nan
        sigma = _sigma(mean, exposure, per, share=share)
        dispersion = _dispersion(rates[kept], mean, sigma[kept])
        sigma = sigma * dispersion
        inside = kept[np.abs(rates[kept] - mean) <= 3 * sigma[kept]]
        # Half the baseline at least must be usual, or there is no usual to speak of.
        if len(inside) == len(kept) or len(inside) < max(len(baseline) / 2, 2):
            return mean, sigma, dispersion, np.setdiff1d(baseline, kept)
        kept = inside


def _sigma(mean: float, exposure: Floats, per: float, *, share: bool) -> Floats:
    variance = mean * (1 - mean) if share else mean * per
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(exposure > 0, np.sqrt(variance / exposure), np.nan)


def _dispersion(rates: Floats, mean: float, sigma: Floats) -> float:
    """Laney's σz: mean moving range of the z scores ÷ 1.128, not below 1."""
    if len(rates) < 2 or not np.all(sigma > 0):
        return 1.0
    z = (rates - mean) / sigma
    return max(1.0, float(np.abs(np.diff(z)).mean() / 1.128))


def _signals(
    rates: Floats, mean: float, sigma: Floats, tested: NDArray[np.bool_], lower_is_better: bool
) -> tuple[list[tuple[str, ...]], list[str], list[str]]:
    size = len(rates)
    with np.errstate(invalid="ignore"):
        z = np.where(tested, (rates - mean) / np.where(sigma > 0, sigma, np.nan), np.nan)
        side = np.where(tested, np.sign(rates - mean), 0.0)
    broken: list[dict[str, int]] = [{} for _ in range(size)]

    for at in range(size):
        if abs(z[at]) > 3:
            broken[at]["beyond_limit"] = int(side[at])
    for start in range(size - RUN + 1):
        window = range(start, start + RUN)
        if abs(side[start : start + RUN].sum()) == RUN:
            for at in window:
                broken[at]["run"] = int(side[at])
        if tested[start : start + RUN].all():
            steps = np.sign(np.diff(rates[start : start + RUN]))
            if abs(steps.sum()) == RUN - 1:
                for at in window:
                    broken[at]["trend"] = int(steps[0])
    for start in range(size - 2):
        if not tested[start : start + 3].all():
            continue
        for direction in (1, -1):
            outer = [at for at in range(start, start + 3) if z[at] * direction > 2]
            if len(outer) >= 2:
                for at in outer:
                    broken[at]["two_of_three"] = direction

    rules = [tuple(rule for rule in RULES if rule in point) for point in broken]
    sides = [{1.0: "above", -1.0: "below"}.get(value, "on") for value in side]
    signals = []
    for at in range(size):
        if not tested[at]:
            signals.append("not_tested")
        elif not rules[at]:
            signals.append("none")
        else:
            direction = broken[at][rules[at][0]]
            signals.append("improving" if (direction < 0) == lower_is_better else "worsening")
    return rules, sides, signals


def _add_intervals(frame: pd.DataFrame, per: float, *, share: bool) -> None:
    nothing = (math.nan, math.nan, math.nan)
    intervals, estimates = [], []
    columns = zip(frame["events"], frame["exposure"], frame["mature"], frame["completion"], strict=True)
    for events, exposure, mature, completion in columns:
        interval = estimate = nothing
        if exposure > 0 and share:
            # Completion concerns how many are counted, not the share of them; the share stands as it is.
            interval = tuple(wilson(events, exposure))
            estimate = nothing if mature else interval
        elif exposure > 0:
            interval = tuple(poisson_rate(events, exposure, per))
            if not mature and not math.isnan(completion):
                estimate = tuple(completed_estimate(events, completion, exposure, per))
        intervals.append(interval[1:])
        estimates.append(estimate)
    frame[["low", "high"]] = np.array(intervals, dtype="float64").reshape(-1, 2)
    frame[["estimate", "estimate_low", "estimate_high"]] = np.array(estimates, dtype="float64").reshape(-1, 3)


def _as_date(moment: pd.Timestamp) -> date:
    return pd.Timestamp(moment).date()
