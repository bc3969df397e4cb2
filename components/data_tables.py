"""The data page's grids: answers of `data/*` in, rows with words, strips and shapes out. Colour never says
anything that the cell's text does not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

import queries
from components import formats, strips
from components.data_status import months_words
from components.theme import ThemeType, tokens

MONTHS = 12
# Worst first: what a feed's cell says when its files of a month differ.
WORST = ("missing", "late", "repeated", "arrived", "extra", "nothing", "undated")
SEVERITY = {"act": "▲ Act", "watch": "△ Watch", "info": "○ To know", "none": "✓ As usual"}
# A rate that fell by more than this against the median before is said to have fallen.
FALL = 0.02
# A column below this rate is weak even if it always was.
POOR = 0.9
COLUMN_WORDS = {
    "person_id": "Person id",
    "diagnosis_code_1": "Diagnosis 1",
    "revenue_center_code": "Revenue centre",
    "bill_type_code": "Bill type",
    "place_of_service_code": "Place of service",
    "drg_code": "DRG",
    "discharge_disposition_code": "Discharge disposition",
    "facility_npi": "Facility NPI",
    "billing_npi": "Billing NPI",
    "rendering_npi": "Rendering NPI",
    "prescribing_provider_npi": "Prescriber NPI",
    "ndc_code": "NDC",
    "zip_code": "ZIP code",
}


def column_words(name: str) -> str:
    """'place_of_service_code' → 'Place of service'."""
    return COLUMN_WORDS.get(name) or name.replace("_", " ").capitalize()


def delivery_grid(deliveries: pd.DataFrame, by: str) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """(cells in words, their states, month headings) of the last twelve months of delivery, latest first.

    `by`: "feed_name" (a feed's worst file each month) or "kind_words" (one row per kind of file). Only what
    declares deliveries, or brings files with a month.
    """
    dated = deliveries[deliveries["delivery_month"].notna()]
    if dated.empty:
        return pd.DataFrame(), pd.DataFrame(), []
    latest = pd.Timestamp(dated["delivery_month"].max())
    months = [latest - pd.DateOffset(months=back) for back in range(MONTHS)]
    names = [f"{month:%b %y}" for month in months]
    cells: list[dict[str, str]] = []
    states: list[dict[str, str]] = []
    for name, rows in dated.groupby(by, sort=False):
        cell, state = {by: str(name)}, {by: ""}
        for month, heading in zip(months, names, strict=True):
            cell[heading], state[heading] = _delivered(rows[rows["delivery_month"] == month])
        cells.append(cell)
        states.append(state)
    return pd.DataFrame(cells), pd.DataFrame(states), names


def _delivered(rows: pd.DataFrame) -> tuple[str, str]:
    """What the files of one month are, in a few letters, and their worst state."""
    if rows.empty:
        return "", "none"
    worst = next(status for status in WORST if status in set(rows["status"]))
    these = rows[rows["status"] == worst]
    if worst == "missing":
        return ("▲ Missing" if len(these) == len(rows) else f"▲ {these.iloc[0]['kind_words']}"), worst
    if worst == "late":
        return f"△ {formats.number(these['days_late'].max())} d late", worst
    if worst == "repeated":
        return "+ Repeated", worst
    if worst == "nothing":
        return "– Nothing", worst
    came, shape = rows["received_on"].max(), "+" if worst == "extra" else "✓"
    return f"{shape} {formats.short_day(came) if formats.known(came) else 'Here'}", worst


def delivery_style(states: pd.DataFrame, theme: ThemeType) -> Any:
    """The Styler function of the delivery grid: orange for missing, gray for late; the text says both."""
    look = tokens(theme)
    css = {
        "missing": f"color: {look.worsening_text}; background-color: {look.worsening_background}",
        "late": f"color: {look.text}; background-color: {look.gray_background}",
        "extra": f"color: {look.muted}",
        "nothing": f"color: {look.muted}",
        "repeated": f"color: {look.text}; background-color: {look.gray_background}",
        "arrived": f"color: {look.muted}",
    }
    return lambda frame: pd.DataFrame(
        [[css.get(states.at[row, column], "") for column in frame.columns] for row in frame.index],
        index=frame.index,
        columns=frame.columns,
    )


def effect_rows(effects: pd.DataFrame, pages: Mapping[str, str]) -> pd.DataFrame:
    """One row per number: affected ones first, worst first, then the others 'as usual'. `pages`: by metric
    id, the page that shows it.
    """
    known = {row["metric_id"]: row for _, row in effects.iterrows()}
    rows = []
    for metric_id, page in pages.items():
        found = known.get(metric_id)
        rows.append(
            {
                "number": queries.metric(metric_id).name,
                "page": page,
                "state": SEVERITY[found["severity"]] if found is not None else SEVERITY["none"],
                "months": months_words(found["affects_from"], found["affects_to"])
                if found is not None
                else "",
                "because": found["words"] if found is not None else "",
                "problems": int(found["problems"]) if found is not None else 0,
                "rank": ("act", "watch").index(found["severity"]) if found is not None else 2,
            }
        )
    return pd.DataFrame(rows).sort_values("rank", kind="stable").reset_index(drop=True)


def control_total_rows(totals: pd.DataFrame, month: Any, theme: ThemeType) -> pd.DataFrame:
    """The totals of one month per feed and table, each with its change on the three months before, its last
    twelve months as a strip, and what the payer's own total says.
    """
    rows = []
    for _, series in totals.groupby(["feed", "kind"], sort=False):
        found = series[series["month"] == month]
        if found.empty:
            continue
        now = found.iloc[0]
        past = series[series["month"] <= month].tail(MONTHS)
        measure = "paid" if past["paid"].notna().any() else "lines"
        rows.append(
            {
                **now.to_dict(),
                "lines_change": change_words(now["lines"], now["prior_lines"]),
                "members_change": change_words(now["members"], now["prior_members"]),
                "paid_change": change_words(now["paid"], now["prior_paid"]),
                "trend": strips.trend_strip(list(past[measure].astype(float)), theme=theme, width=110),
                "payer": payer_words(now),
            }
        )
    return pd.DataFrame(rows)


def change_words(now: Any, before: Any) -> str:
    """'+4%', '−69%', 'No change'; a dash where there is nothing to compare with."""
    if not formats.known(now) or not formats.known(before) or not float(before):
        return "–"
    change = round(100 * (float(now) / float(before) - 1))
    if change == 0:
        return "No change"
    return f"{'+' if change > 0 else formats.MINUS}{abs(change):,}%"


def payer_words(row: Mapping[str, Any]) -> str:
    """'✓ Agrees', '▲ 120 rows fewer', '▲ $1,204 less paid', '– None given'."""
    if not row["has_payer_total"]:
        return "– None given"
    came = row["lines_in"] if formats.known(row["lines_in"]) else row["lines"]
    came = came if formats.known(came) else 0
    rows = row["payer_lines"] - came if formats.known(row["payer_lines"]) else 0
    if rows:
        return f"▲ {formats.count_of(abs(rows), 'row')} {'fewer' if rows > 0 else 'more'}"
    not_loaded = came - row["lines"] if formats.known(row["lines"]) else 0
    if not_loaded:
        return f"✓ Agrees, {formats.number(not_loaded)} not loaded"
    dollars = row["paid_difference"]
    if formats.known(dollars) and abs(dollars) >= 0.005:
        return f"▲ {formats.money(abs(dollars))} {'less' if dollars < 0 else 'more'} paid"
    return "✓ Agrees"


def fill_rows(fill: pd.DataFrame, theme: ThemeType) -> pd.DataFrame:
    """Fill and valid rate of each column as of its latest delivery, with their last twelve as strips and
    whether they fell; the worst fall first.
    """
    rows = []
    for (_, _, column), series in fill.groupby(["feed", "kind", "column_name"], sort=False):
        dated = series.sort_values("delivery_month", na_position="last")
        now = dated.iloc[-1]
        past = dated.tail(MONTHS)
        filled_fall, valid_fall = (_fall(past[name]) for name in ("fill_rate", "valid_rate"))
        signal = "○ As before"
        poor = (
            min(now["fill_rate"], now["valid_rate"]) if formats.known(now["valid_rate"]) else now["fill_rate"]
        )
        if len(past) < 4:
            signal = "– No history"
        elif filled_fall > FALL:
            signal = f"▲ Filled {formats.points(-filled_fall, '')}"
        elif valid_fall > FALL:
            signal = f"▲ Valid {formats.points(-valid_fall, '')}"
        elif formats.known(poor) and poor < POOR:
            signal = f"△ {formats.percent(poor)}, as before"
        fell = signal.startswith("▲")
        rows.append(
            {
                "feed_name": now["feed_name"],
                "kind_words": now["kind_words"],
                "column": column_words(str(column)),
                "valid_rule": now["valid_rule"],
                "lines": now["lines"],
                "fill_rate": now["fill_rate"],
                "valid_rate": now["valid_rate"],
                "fill_strip": _rate_strip(past["fill_rate"], filled_fall, theme),
                "valid_strip": _rate_strip(past["valid_rate"], valid_fall, theme),
                "signal": signal,
                "fall": 1 + max(filled_fall, valid_fall) if fell else float(signal.startswith("△")),
            }
        )
    if not rows:
        return pd.DataFrame(columns=["feed_name", "column", "signal"])
    return pd.DataFrame(rows).sort_values("fall", ascending=False, kind="stable").reset_index(drop=True)


def _fall(rates: Sequence[float] | pd.Series) -> float:
    """How far the last rate is below the median of those before (0..1); 0 without enough of them."""
    known = pd.Series(rates, dtype=float).dropna()
    if len(known) < 4:
        return 0.0
    return max(0.0, float(known.iloc[:-1].median() - known.iloc[-1]))


def _rate_strip(rates: pd.Series, fall: float, theme: ThemeType) -> str:
    if rates.notna().sum() < 2:
        return strips.trend_strip([], theme=theme, width=90)
    signal = "worsening" if fall > FALL else "none"
    return strips.trend_strip(list(rates.astype(float)), signal=signal, theme=theme, width=90)
