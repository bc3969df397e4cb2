"""From signals to the sentences pages use as titles (docs/look.md: the title is the finding).

Words are kept on purpose: "beyond chance", never "significant"; a missed target is said, and is not a signal;
people are members with visits, never labels. Titles have no full stop; sentences of a subtitle do.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import special

from analytics.control_chart import Finding
from analytics.intervals import too_few
from analytics.words import count_in_words, full_month, listing, lowered, share_in_words

USUAL = "Within usual variation"
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def page_title(
    finding: Finding,
    *,
    subject: str = "ED use",
    rate: float | None = None,
    target: float | None = None,
    lower_is_better: bool = True,
) -> str:
    """'ED use fell beyond chance, and is still above target'. Without a signal: 'Within usual variation'."""
    if finding.kind == "too_few":
        return f"{subject}: too few events to test"
    met = _target_met(rate, target, lower_is_better)
    wrong_side = "above" if lower_is_better else "below"
    if finding.kind == "none":
        if met is None:
            return USUAL
        return f"{USUAL}, and {'at or better than' if met else wrong_side} target"
    verb = "rose" if finding.movement == "rose" else "fell"
    title = f"{subject} {verb} beyond chance"
    if met is None:
        return title
    if finding.kind == "improving":
        return f"{title}, and {'meets' if met else 'is still ' + wrong_side} {'its ' if met else ''}target"
    return f"{title}, {'but still meets its target' if met else f'and is {wrong_side} target'}"


def trend_title(finding: Finding, *, measure: str = "monthly rate") -> str:
    """'The monthly rate dropped in January 2026 and has stayed down'."""
    if finding.kind == "too_few":
        return "Too few events or months to test against chance"
    if finding.kind == "none" or finding.since is None:
        return f"The {measure} is within usual variation"
    when, up = full_month(finding.since), finding.movement == "rose"
    if " in a row" in finding.sentence:
        verb, length = "risen" if up else "fallen", count_in_words(finding.months)
        return f"The {measure} has {verb} {length} months in a row"
    if "the mean since" in finding.sentence:
        return (
            f"The {measure} {'rose' if up else 'dropped'} in {when} and has stayed {'up' if up else 'down'}"
        )
    if finding.months > 1:
        return f"The {measure} has been {'high' if up else 'low'} beyond chance since {when}"
    return f"The {measure} was {'above' if up else 'below'} its limits in {when}"


def groups_title(points: pd.DataFrame, *, noun: str = "practice", plural: str | None = None) -> str:
    """'Eastgate is above what chance allows, Millbrook below'. `points`: analytics.funnel output."""
    many = plural or f"{noun}s"
    tested = points[points["signal"] != "not_tested"] if len(points) else points
    if len(tested) == 0:
        return f"Too few events to compare {many}"
    if len(tested) == 1 and len(points) == 1:
        return f"One {noun} in this selection: nothing to compare it with"
    above, below = _outside(tested, "above"), _outside(tested, "below")
    if above and below:
        return f"{listing(above)} {_are(above)} above what chance allows, {listing(below)} below"
    if above or below:
        names = above or below
        return f"{listing(names)} {_are(names)} {'above' if above else 'below'} what chance allows"
    return f"No {noun} is outside what chance allows"


def groups_sentence(points: pd.DataFrame, *, noun: str = "practice", plural: str | None = None) -> str:
    """For the subtitle: 'Eastgate is the one practice above its limits.' Empty if none is."""
    above = _outside(points, "above") if len(points) else []
    if not above:
        return ""
    if len(above) == 1:
        return f"{above[0]} is the one {noun} above its limits."
    return f"{count_in_words(len(above)).capitalize()} {plural or noun + 's'} are above their limits."


def high_low_title(
    points: pd.DataFrame, *, measure: str = "avoidable-equivalent share", noun: str = "facility"
) -> str:
    """'Quarry Road is high on avoidable-equivalent share, Cedar Hill low'."""
    tested = points[points["signal"] != "not_tested"] if len(points) else points
    if len(tested) == 0:
        return f"Too few visits to compare {measure}"
    high, low = _outside(tested, "above"), _outside(tested, "below")
    if high and low:
        return f"{listing(high)} {_are(high)} high on {measure}, {listing(low)} low"
    if high or low:
        names = high or low
        return f"{listing(names)} {_are(names)} {'high' if high else 'low'} on {measure}"
    return f"No {noun} differs beyond chance on {measure}"


def target_sentence(
    rate: float,
    target: float | None,
    exposure: float,
    *,
    unit: str = "treated-and-released visits per 1,000",
    period: str = "12 months",
    per: float = 12_000.0,
) -> str:
    """'520 treated-and-released visits per 1,000 against a target of 480: about 490 visits above it in 12
    months.'"""
    if math.isnan(rate):
        return "No member-months in this selection."
    if target is None or math.isnan(target):
        return f"{rate:,.0f} {unit}. No target is set."
    opening = f"{rate:,.0f} {unit} against a target of {target:,.0f}"
    gap = _two_figures(abs(rate - target) * exposure / per)
    if gap == 0:
        return f"{opening}."
    side = "above" if rate > target else "below"
    return f"{opening}: about {gap:,} visit{'' if gap == 1 else 's'} {side} it in {period}."


def classes_title(share: float | None) -> str:
    """'A third of visits are avoidable-equivalent'. A population estimate: never said of one visit."""
    if share is None or math.isnan(share):
        return "Visits are not classified"
    if share == 0:
        return "No visits are avoidable-equivalent"
    words = share_in_words(share) or f"{share:.0%}"
    return f"{words} of visits are avoidable-equivalent"


def ahrq_title(share: float | None) -> str:
    """'A fifth of visits are for AHRQ prevention conditions'."""
    if share is None or math.isnan(share):
        return "No visits to set against AHRQ's prevention conditions"
    if share == 0:
        return "No visits are for AHRQ prevention conditions"
    return f"{share_in_words(share) or f'{share:.0%}'} of visits are for AHRQ prevention conditions"


def concentration_title(top_five_percent: float | None) -> str:
    """'The 5% of members with most visits made 48% of them'."""
    if top_five_percent is None or math.isnan(top_five_percent):
        return "No visits in these 12 months"
    return f"The 5% of members with most visits made {top_five_percent:.0%} of them"


def frequent_title(members: int, visits: float, all_visits: float) -> str:
    """'212 members with 4 or more visits made 21% of visits'."""
    if not members or not all_visits:
        return "No members with 4 or more visits"
    made = f"{visits / all_visits:.0%} of visits"
    return f"{members:,} member{'' if members == 1 else 's'} with 4 or more visits made {made}"


def followup_title(
    rate: float | None,
    target: float | None,
    *,
    eligible: float = math.inf,
    days: int = 7,
) -> str:
    """'38% were followed up within 7 days, below the target of 45%'."""
    if rate is None or math.isnan(rate):
        return f"No visit's {days}-day follow-up window is complete"
    if too_few(eligible):
        return f"Too few visits to rate follow-up within {days} days"
    opening = f"{rate:.0%} were followed up within {days} days"
    if target is None or math.isnan(target):
        return opening
    return f"{opening}, {'below' if rate < target else 'at or above'} the target of {target:.0%}"


def diagnosis_title(labels: Sequence[str], visits: Sequence[float], all_visits: float) -> str:
    """'The commonest reason is chest pain, 9% of visits'."""
    known = [
        (count, label)
        for label, count in zip(labels, visits, strict=True)
        if isinstance(label, str) and label
    ]
    if not known or not all_visits:
        return "No visits with a known reason"
    count, label = max(known, key=lambda pair: pair[0])
    return f"The commonest reason is {lowered(label)}, {count / all_visits:.0%} of visits"


def weekday_title(visits: Sequence[float]) -> str:
    """'Monday is busier than chance allows', or evenly spread. `visits`: seven counts, Monday first.

    Pearson chi-square against equal days at the 0.002 level, then the day with the largest excess over 3 σ.
    Over a whole number of weeks; months bring at most one uneven day in thirty, well inside that level for
    counts a page shows.
    """
    counts = np.asarray(visits, dtype="float64")
    if len(counts) != 7:
        raise ValueError(f"Seven weekdays are needed, not {len(counts)}")
    if too_few(float(counts.sum()), 70):
        return "Too few visits to compare weekdays"
    expected = counts.sum() / 7
    residual = (counts - expected) / math.sqrt(expected * 6 / 7)
    if float(special.chdtrc(6, ((counts - expected) ** 2 / expected).sum())) >= 0.002 or residual.max() <= 3:
        return "Visits are spread over the week as chance allows"
    return f"{WEEKDAYS[int(residual.argmax())]} is busier than chance allows"


def _outside(points: pd.DataFrame, position: str) -> list[str]:
    chosen = points[(points["position"] == position) & points["signal"].isin(["improving", "worsening"])]
    return [str(name) for name in chosen["group_name"]]


def _are(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _target_met(rate: float | None, target: float | None, lower_is_better: bool) -> bool | None:
    if rate is None or target is None or math.isnan(rate) or math.isnan(target):
        return None
    return rate <= target if lower_is_better else rate >= target


def _two_figures(count: float) -> int:
    """Rounded to two figures: an excess is an estimate."""
    whole = round(count)
    digits = len(str(whole))
    return int(round(count, 2 - digits)) if digits > 2 else whole
