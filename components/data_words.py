"""What the data page says in sentences: every heading follows from the counts under it."""

from __future__ import annotations

from typing import Any

import pandas as pd

from components import formats
from components.definitions import Live
from queries.settings import warehouse_folder

# Sums of cents in floating point: below this is nothing.
HALF_A_CENT = 0.005
SNAPSHOT_COLUMNS: dict[str, Any] = {
    "snapshot": "Snapshot",
    "state": "State",
    "built": "Built",
    "feeds": "Feeds",
    "code": "Code version",
}


def title(feeds: pd.DataFrame, money: pd.DataFrame) -> tuple[str, str]:
    """The page's finding: what was loaded, and whether the money ties."""
    ties = ties_to_the_cent(money)
    rows, aside = feeds["rows_in"].sum(), feeds["rows_quarantined"].sum()
    headline = "Every dollar loaded is accounted for" if ties else "The money does not add up"
    if aside:
        headline += f", {formats.count_of(aside, 'row')} set aside"
    feeds_words = formats.count_of(len(feeds), "feed")
    return (
        headline,
        f"{formats.count_of(rows, 'row')} in {feeds_words}; each is loaded, or set aside with its reason.",
    )


def ties_to_the_cent(money: pd.DataFrame) -> bool:
    """True if no feed's difference reaches half a cent."""
    return bool((money["difference"].fillna(0).abs() < HALF_A_CENT).all())


def feeds(frame: pd.DataFrame) -> str:
    """'2 feeds delivered 1,234 rows; 12 were set aside'."""
    if frame.empty:
        return "No feed is in your scope"
    aside = frame["rows_quarantined"].sum()
    tail = (
        f"{formats.number(aside)} {'was' if aside == 1 else 'were'} set aside"
        if aside
        else "none was set aside"
    )
    delivered = formats.count_of(frame["rows_in"].sum(), "row")
    return f"{formats.count_of(len(frame), 'feed')} delivered {delivered}; {tail}"


def live(frame: pd.DataFrame) -> Live:
    """The drawer of the rows set aside, with the numbers of all feeds."""
    total = formats.number(frame["rows_in"].sum())
    loaded, aside = (
        formats.number(frame["rows_loaded"].sum()),
        formats.number(frame["rows_quarantined"].sum()),
    )
    return Live(
        formula=f"{total} rows = {loaded} loaded + {aside} set aside",
        sql=str(frame.attrs.get("sql", "")),
        parameters=frame.attrs.get("params") or {},
    )


def reconciliation(money: pd.DataFrame) -> str:
    """Whether loaded money = shown money, and how much of it lies outside enrolment."""
    if money.empty:
        return "No claims are in your scope"
    if not ties_to_the_cent(money):
        wrong = money[money["difference"].abs() >= HALF_A_CENT]
        whose = ", ".join(sorted(set(wrong["feed"])))
        return f"{whose}: paid does not add up by {exact(wrong['difference'].sum())}"
    loaded, enrolled, outside_of = (
        exact(money[column].sum()) for column in ("paid_loaded", "paid_enrolled", "paid_outside")
    )
    return f"{loaded} loaded, to the cent: {enrolled} in enrolled months, {outside_of} outside"


def volumes(frame: pd.DataFrame) -> str:
    """'309 member-months since 2016; 10 ED visits: 4 admitted, 6 treated and released; 5 inpatient stays'."""
    if frame.empty:
        return "Nothing is in enrolled months"
    endings = [
        f"{formats.number(frame[column].sum())} {words}"
        for column, words in (
            ("ed_admitted", "admitted"),
            ("ed_observation", "in observation"),
            ("ed_treated_and_released", "treated and released"),
        )
        if frame[column].sum()
    ]
    visits = formats.count_of(frame["ed_visits"].sum(), "ED visit")
    return (
        f"{formats.count_of(frame['member_months'].sum(), 'member-month')} since {int(frame['year'].min())}; "
        f"{visits}{': ' if endings else ''}{', '.join(endings)}; "
        f"{formats.count_of(frame['inpatient_stays'].sum(), 'inpatient stay')}"
    )


def set_aside(reasons: pd.DataFrame) -> str:
    """'12 rows were set aside, most for a missing key'."""
    if reasons.empty:
        return "No row was set aside"
    total = reasons["rows"].sum()
    by_reason = reasons.groupby("reason")["rows"].sum().sort_values(ascending=False)
    first = str(by_reason.index[0]).replace("_", " ")
    verb = "was" if total == 1 else "were"
    most = "all" if len(by_reason) == 1 else "most"
    return f"{formats.count_of(total, 'row')} {verb} set aside, {most} for: {first}"


def outside(frame: pd.DataFrame) -> str:
    """'182 medical lines, $13,489.87, fall outside enrolment'."""
    if frame.empty:
        return "No claim falls outside enrolment"
    parts = [
        f"{formats.number(rows['lines'].sum())} {kind} lines, {exact(rows['paid'].sum())}"
        for kind, rows in frame.groupby("claim_kind")
    ]
    return f"{' and '.join(parts)}, fall outside enrolment"


def apart(frame: pd.DataFrame) -> str:
    """'1 inpatient claim is listed apart'."""
    if frame.empty:
        return "No inpatient claim is listed apart"
    return (
        f"{formats.count_of(len(frame), 'inpatient claim')} {'is' if len(frame) == 1 else 'are'} listed apart"
    )


def unmatched(frame: pd.DataFrame) -> str:
    """'19 ED claims have no facility visit'."""
    if frame.empty:
        return "Every professional ED claim has its visit"
    return (
        f"{formats.count_of(len(frame), 'ED claim')} {'has' if len(frame) == 1 else 'have'} no facility visit"
    )


def unassigned(frame: pd.DataFrame) -> str:
    """'Every row has a contract and a market', or how many have not."""
    missing = int(frame[["without_contract", "without_market"]].max(axis=1).sum()) if len(frame) else 0
    if not missing:
        return "Every row has a contract and a market"
    return f"{formats.count_of(missing, 'row')} without a contract or market"


def packs(frame: pd.DataFrame) -> str:
    """'1 reference pack is installed'."""
    if frame.empty:
        return "No reference pack is installed"
    return f"{formats.count_of(len(frame), 'reference pack')} {'is' if len(frame) == 1 else 'are'} in use"


def snapshots(served: str, feeds: pd.DataFrame) -> pd.DataFrame:
    """The published snapshots, newest first; what was built is known of the one this page reads."""
    newest_first = sorted({served, *published_ids()}, reverse=True)
    built = feeds["built_at"].max() if len(feeds) else None
    return pd.DataFrame(
        {
            "snapshot": name,
            "state": "Served" if name == served else "Kept",
            "built": formats.clock(built) if name == served else _built_of(name),
            "feeds": ", ".join(feeds["feed"]) if name == served else "",
            "code": str(feeds["code_version"].iloc[0]) if name == served and len(feeds) else "",
        }
        for name in newest_first
    )


def published_ids() -> list[str]:
    """The snapshots in the served folder, by name."""
    return sorted(file.stem for file in warehouse_folder().glob("*.duckdb"))


def exact(value: Any) -> str:
    """Dollars and cents: $150,329.10."""
    if not formats.known(value):
        return formats.NOT_KNOWN
    text = f"${abs(float(value)):,.2f}"
    return f"{formats.MINUS}{text}" if float(value) < -HALF_A_CENT else text


def _built_of(name: str) -> str:
    if len(name) >= 17 and name[10] == "T":
        return f"{name[:10]} {name[11:13]}:{name[13:15]}"
    return formats.NOT_KNOWN
