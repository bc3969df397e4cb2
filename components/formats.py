"""How numbers, dates and signals are written (docs/look.md, "Numbers"). Every function answers "Not known"
for a missing value: never 0, never NaN."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from analytics.words import count_in_words, share_in_words

__all__ = [
    "category",
    "clock",
    "count_in_words",
    "count_of",
    "day",
    "delta",
    "dollars",
    "known",
    "long_month",
    "millions",
    "missing",
    "money",
    "money_range",
    "month",
    "number",
    "percent",
    "percent_range",
    "pmpm",
    "points",
    "position_text",
    "rate",
    "rate_or_count",
    "rate_range",
    "relative",
    "share_in_words",
    "short_day",
    "signal_colour",
    "signal_icon",
    "signal_text",
    "signed_money",
    "suppressed",
    "within_chance",
]

MINUS = "\N{MINUS SIGN}"
NOT_KNOWN = "Not known"
TOO_FEW = "too few to rate"

SIGNAL_TEXT = {
    "improving": "● Improving",
    "worsening": "▲ Worsening",
    "none": "○ Usual",
    "not_tested": "– Not tested",
}
SIGNAL_COLOUR = {"improving": "blue", "worsening": "orange"}


def known(value: Any) -> bool:
    """Whether there is a value: not None, NaN, NaT or pandas.NA."""
    if value is None:
        return False
    try:
        return bool(value == value)  # NaN and NaT differ from themselves
    except TypeError:  # pandas.NA refuses to be a truth value
        return False


def _signed(text: str, negative: bool) -> str:
    return f"{MINUS}{text}" if negative and any(figure in "123456789" for figure in text) else text


def number(value: Any, decimals: int = 0) -> str:
    """1842 → '1,842'."""
    if not known(value):
        return NOT_KNOWN
    return _signed(f"{abs(float(value)):,.{decimals}f}", float(value) < 0)


def rate(value: Any) -> str:
    """A rate per 1,000: whole, with one decimal below 20. 519.9 → '520', 4.25 → '4.2'."""
    if not known(value):
        return NOT_KNOWN
    return number(value, 0 if abs(float(value)) >= 19.95 else 1)


def percent(value: Any, decimals: int = 0) -> str:
    """A share 0..1 as percent: whole, `decimals=1` for savings rates. 0.38 → '38%'."""
    if not known(value):
        return NOT_KNOWN
    return f"{number(float(value) * 100, decimals)}%"


def money(value: Any) -> str:
    """$1.2M from a million, whole dollars below, cents under $10. 113000 → '$113,000'."""
    if not known(value):
        return NOT_KNOWN
    size = abs(float(value))
    return millions(value, 1) if size >= 999_950 else pmpm(value)


def millions(value: Any, decimals: int = 2) -> str:
    """Always in millions, for sums that are compared with each other: 980000 → '$0.98M'."""
    if not known(value):
        return NOT_KNOWN
    return _signed(f"${abs(float(value)) / 1e6:,.{decimals}f}M", float(value) < 0)


def pmpm(value: Any) -> str:
    """Cost per member per month: whole dollars, cents under $10. 912.4 → '$912'."""
    if not known(value):
        return NOT_KNOWN
    size = abs(float(value))
    return _signed(f"${size:,.2f}" if size < 9.995 else f"${size:,.0f}", float(value) < 0)


def dollars(value: Any) -> str:
    """To the cent, for sums that are compared: 1234567.891 → '$1,234,567.89'."""
    if not known(value):
        return NOT_KNOWN
    return _signed(f"${abs(float(value)):,.2f}", float(value) < 0)


def signed_money(value: Any, base: str = "") -> str:
    """A change in dollars with its sign: 12.4 → '+$12', −0.42 → '−$0.42', 0.001 → '$0.00'."""
    if not known(value):
        return f"No comparison {base}".rstrip()
    text = money(value)
    if not any(figure in "123456789" for figure in text):
        return f"$0.00 {base}".rstrip()
    return f"{'' if text.startswith(MINUS) else '+'}{text} {base}".rstrip()


def relative(change: Any, base: str = "", decimals: int = 1) -> str:
    """A relative change with its sign: 0.034 → '+3.4%'; 'No change' below a tenth of a percent."""
    if not known(change):
        return f"No comparison {base}".rstrip()
    text = number(float(change) * 100, decimals)
    if not any(figure in "123456789" for figure in text):
        return f"No change {base}".rstrip()
    return f"{'' if text.startswith(MINUS) else '+'}{text}% {base}".rstrip()


def category(name: Any) -> str:
    """A service category as a chart or a title says it: 'office-based' → 'Office-based'."""
    if not known(name) or str(name) in ("", "none"):
        return NOT_KNOWN
    words = CATEGORY_WORDS.get(str(name), str(name).replace("_", " "))
    return words[:1].upper() + words[1:]


CATEGORY_WORDS = {"office_based": "office-based"}


def rate_range(low: Any, high: Any) -> str:
    """'507 to 533'. Both ends carry the decimals the lower one needs."""
    if not (known(low) and known(high)):
        return NOT_KNOWN
    decimals = 0 if float(high) >= 19.95 else 1
    return f"{number(low, decimals)} to {number(high, decimals)}"


def percent_range(low: Any, high: Any) -> str:
    """'37 to 40%', from shares 0..1."""
    if not (known(low) and known(high)):
        return NOT_KNOWN
    return f"{number(float(low) * 100)} to {number(float(high) * 100)}%"


def money_range(low: Any, high: Any) -> str:
    """'$898 to $926'."""
    if not (known(low) and known(high)):
        return NOT_KNOWN
    return f"{money(low)} to {money(high)}"


def delta(change: Any, base: str = "on prior year", decimals: int | None = None) -> str:
    """A signed change with its base: −32.1 → '−32 on prior year'; '' as base leaves it out."""
    if not known(change):
        return f"No comparison {base}".rstrip()
    value = float(change)
    places = decimals if decimals is not None else (0 if abs(value) >= 9.95 else 1)
    text = number(value, places)
    if text.startswith(MINUS) or not any(figure in "123456789" for figure in text):
        signed = text
    else:
        signed = f"+{text}"
    if not any(figure in "123456789" for figure in signed):
        signed = "No change"
    return f"{signed} {base}".rstrip()


def points(change: Any, base: str = "on prior year") -> str:
    """A change of a share in percentage points: 0.012 → '+1 point on prior year'."""
    if not known(change):
        return f"No comparison {base}".rstrip()
    whole = round(float(change) * 100)
    if whole == 0:
        return f"No change {base}".rstrip()
    sign = "+" if whole > 0 else MINUS
    return f"{sign}{abs(whole)} {'point' if abs(whole) == 1 else 'points'} {base}".rstrip()


def within_chance(text: str) -> str:
    """'+1 point' → '+1 point, within chance': how a change chance explains is shown on a tile."""
    return f"{text}, within chance"


def day(value: Any) -> str:
    """31 Aug 2026."""
    when = _as_date(value)
    return NOT_KNOWN if when is None else f"{when.day} {when:%b %Y}"


def short_day(value: Any) -> str:
    """31 Aug: in lists where the year is plain."""
    when = _as_date(value)
    return NOT_KNOWN if when is None else f"{when.day} {when:%b}"


def month(value: Any) -> str:
    """Aug 2026."""
    when = _as_date(value)
    return NOT_KNOWN if when is None else f"{when:%b %Y}"


def long_month(value: Any) -> str:
    """August 2026: in sentences."""
    when = _as_date(value)
    return NOT_KNOWN if when is None else f"{when:%B %Y}"


def clock(value: Any) -> str:
    """2026-11-20 06:10: a moment, in 24 h."""
    if not known(value):
        return NOT_KNOWN
    when = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return f"{when:%Y-%m-%d %H:%M}"


def count_of(value: Any, noun: str, plural: str | None = None) -> str:
    """'1 visit', '2,066 visits'; `plural` where adding s is wrong."""
    text = number(value)
    return f"{text} {noun if text == '1' else plural or noun + 's'}"


def rate_or_count(events: Any, rate_value: Any, noun: str = "visit", threshold: int = 20) -> str:
    """The rate, or on fewer than 20 events the count: '7 visits, too few to rate'."""
    if not known(events):
        return NOT_KNOWN
    if float(events) < threshold:
        return f"{count_of(events, noun)}, {TOO_FEW}"
    return rate(rate_value)


def missing(value: Any, word: str = "None") -> str:
    """Text, or the word for its absence ('None', 'No lead', 'Not known')."""
    return str(value) if known(value) and str(value).strip() else word


def suppressed(value: Any) -> str:
    """Counts leaving the organisation: 1 to 10 are hidden, 0 is shown (CMS cell-size policy, ResDAC)."""
    if not known(value):
        return NOT_KNOWN
    return "1 to 10" if 1 <= float(value) <= 10 else number(value)


def signal_text(signal: Any) -> str:
    """A signal in a grid cell: '▲ Worsening'. Colour is added by the Styler, and never stands alone."""
    return SIGNAL_TEXT.get(str(signal), SIGNAL_TEXT["not_tested"])


def position_text(signal: Any, position: Any) -> str:
    """A group against its limits in a grid cell: '▲ Above upper limit', '○ Within limits', '– Not tested'."""
    if signal == "not_tested" or position not in ("above", "below", "within"):
        return SIGNAL_TEXT["not_tested"]
    shape = {"improving": "●", "worsening": "▲"}.get(str(signal), "○")
    return (
        f"{shape} "
        + {"above": "Above upper limit", "below": "Below lower limit", "within": "Within limits"}[position]
    )


def signal_icon(signal: Any, *, falling: bool = True) -> str:
    """The Material icon of a signal; the arrow of an improving one says which way the number went."""
    if signal == "improving":
        return f":material/arrow_circle_{'down' if falling else 'up'}:"
    return {"worsening": ":material/warning:", "none": ":material/airwave:"}.get(
        str(signal), ":material/remove:"
    )


def signal_colour(signal: Any) -> str:
    """The named Streamlit colour of a signal: blue, orange or gray."""
    return SIGNAL_COLOUR.get(str(signal), "gray")


def _as_date(value: Any) -> date | None:
    if not known(value):
        return None
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    text = str(value).strip()
    if len(text) == 7:  # a month, '2026-08'
        text += "-01"
    return datetime.fromisoformat(text).date() if text else None


# Blocks of ICD-10-CM whose official names no chart has room for, as people say them. Exports keep the
# official.
PLAIN_REASONS = {
    "Symptoms and signs involving the circulatory and respiratory systems": "Chest and breathing symptoms",
    "Symptoms and signs involving the digestive system and abdomen": "Abdominal and digestive symptoms",
    "Symptoms and signs involving the skin and subcutaneous tissue": "Skin symptoms",
    "Symptoms and signs involving the nervous and musculoskeletal systems": "Nerve and muscle symptoms",
    "Symptoms and signs involving the genitourinary system": "Urinary and genital symptoms",
    "Symptoms and signs involving cognition, perception, emotional state and behavior": (
        "Symptoms of mind, mood and perception"
    ),
    "Symptoms and signs involving speech and voice": "Speech and voice symptoms",
    "Mental and behavioral disorders due to psychoactive substance use": "Substance use disorders",
    "Anxiety, dissociative, stress-related, somatoform and other nonpsychotic mental disorders": (
        "Anxiety and stress-related disorders"
    ),
    "Mood [affective] disorders": "Mood disorders",
    "Other dorsopathies": "Other back and neck disorders",
    "Episodic and paroxysmal disorders": "Migraine, epilepsy and other episodic disorders",
    "Provisional assignment of new diseases of uncertain etiology or emergency use": (
        "COVID-19 and other newly named diseases"
    ),
}


def reason(category: Any) -> str:
    """A diagnosis category as a chart, a title or a chip says it."""
    return PLAIN_REASONS.get(str(category), str(category)) if known(category) else NOT_KNOWN
