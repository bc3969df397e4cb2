"""What the data page says in sentences: every heading follows from the counts under it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from components import formats
from components.definitions import Live
from queries.settings import warehouse_folder

# Sums of cents in floating point: below this is nothing.
HALF_A_CENT = 0.005
VERDICT_ICON = {
    "act": ":orange[:material/warning:]",
    "watch": ":gray[:material/visibility:]",
    "info": ":gray[:material/info:]",
    "none": ":blue[:material/check_circle:]",
}
SNAPSHOT_COLUMNS: dict[str, Any] = {
    "snapshot": "Snapshot",
    "state": "State",
    "built": "Built",
    "feeds": "Feeds",
    "code": "Code version",
}


def title(verdicts: pd.DataFrame, feeds: pd.DataFrame, money: pd.DataFrame) -> tuple[str, str]:
    """The page's finding: the worst problem and how many more there are; under it what was loaded, and
    whether the money ties.
    """
    act, watch = int(verdicts["act"].sum()), int(verdicts["watch"].sum())
    if not ties_to_the_cent(money):
        headline = "The money does not add up"
    elif act:
        worst = verdicts[verdicts["severity"] == "act"].iloc[0]
        more = act - 1
        headline = str(worst["words"])
        if more:
            headline += f"; {formats.count_of(more, 'more problem')} to act on"
    elif watch:
        headline = f"Nothing needs acting on; {formats.count_of(watch, 'problem')} to watch"
    else:
        headline = "Every dollar loaded is accounted for, and nothing is unusual"
    rows, aside = feeds["rows_in"].sum(), feeds["rows_quarantined"].sum()
    said = f"{formats.count_of(rows, 'row')} in {formats.count_of(len(feeds), 'feed')}, "
    said += f"{formats.number(aside)} set aside" if aside else "none set aside"
    return headline, f"{said}. {'Paid adds up to the cent.' if ties_to_the_cent(money) else ''}".strip()


def ties_to_the_cent(money: pd.DataFrame) -> bool:
    """True if no feed's difference reaches half a cent."""
    return bool((money["difference"].fillna(0).abs() < HALF_A_CENT).all())


def feeds(frame: pd.DataFrame) -> str:
    """'2 feeds delivered 1,234 rows; 12 were set aside'."""
    if frame.empty:
        return "No feed is in your scope"
    aside, filtered = frame["rows_quarantined"].sum(), frame["rows_filtered"].sum()
    tail = (
        f"{formats.number(aside)} {'was' if aside == 1 else 'were'} set aside"
        if aside
        else "none was set aside"
    )
    if filtered:
        tail += f", {formats.number(filtered)} left out by filters"
    delivered = formats.count_of(frame["rows_in"].sum(), "row")
    return f"{formats.count_of(len(frame), 'feed')} delivered {delivered}; {tail}"


def live(frame: pd.DataFrame) -> Live:
    """The drawer of the rows set aside, with the numbers of all feeds."""
    total = formats.number(frame["rows_in"].sum())
    loaded, aside = (
        formats.number(frame["rows_loaded"].sum()),
        formats.number(frame["rows_quarantined"].sum()),
    )
    filtered = frame["rows_filtered"].sum()
    left_out = f" + {formats.number(filtered)} left out by filters" if filtered else ""
    return Live(
        formula=f"{total} rows = {loaded} loaded + {aside} set aside{left_out}",
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


def deliveries(frame: pd.DataFrame, month: Any = None) -> str:
    """'All 15 files of Oct 2026 are here; in twelve months 1 is missing and 4 came late'. `month`: the one
    chosen, else the latest.
    """
    expected = frame[frame["is_expected"].fillna(False).astype(bool)]
    if expected.empty:
        return "No feed says what it delivers each month"
    latest = expected["delivery_month"].max()
    asked = latest if month is None else pd.Timestamp(month)
    now = expected[(expected["delivery_month"] == asked) & (expected["status"] != "nothing")]
    here, when = int((now["files"] > 0).sum()), formats.month(asked)
    everything = f"All {formats.count_of(len(now), 'file')} of {when} are here"
    first = (
        (everything if len(now) > 1 else f"The file of {when} is here")
        if here == len(now)
        else f"{formats.number(here)} of {formats.count_of(len(now), 'file')} of {when} are here"
    )
    year = expected[expected["delivery_month"] > latest - pd.DateOffset(months=12)]
    missing, late = int((year["status"] == "missing").sum()), int((year["status"] == "late").sum())
    parts = []
    if missing:
        parts.append(f"{formats.number(missing)} {'is' if missing == 1 else 'are'} missing")
    if late:
        parts.append(f"{formats.number(late)} came late")
    return f"{first}; in twelve months {' and '.join(parts) or 'none is missing or late'}"


def verdicts(frame: pd.DataFrame) -> str:
    """'3 of 5 feeds need acting on, 1 needs watching'."""
    if frame.empty:
        return "No feed is in your scope"
    act = int((frame["severity"] == "act").sum())
    watch = int((frame["severity"] == "watch").sum())
    if not act and not watch:
        return f"{formats.count_of(len(frame), 'feed')}, none with a problem that touches a number"
    parts = []
    if act:
        parts.append(
            f"{formats.number(act)} of {formats.count_of(len(frame), 'feed')} {_needs(act)} acting on"
        )
    if watch:
        whose = "" if act else f" of {formats.count_of(len(frame), 'feed')}"
        parts.append(f"{formats.number(watch)}{whose} {_needs(watch)} watching")
    return ", ".join(parts)


def verdict(row: Mapping[str, Any]) -> str:
    """One feed in a sentence: its worst problem and what it means, and how many more there are."""
    if row["severity"] == "none":
        return (
            "As usual: nothing is missing, late or unusual"
            if row["has_calendar"]
            else "Here; it declares no deliveries, so nothing can be late or missing"
        )
    said = f"{row['words']}" + (f": {row['consequence']}" if formats.known(row["consequence"]) else "")
    others = [
        f"{formats.number(count)} {words}"
        for count, words in (
            (row["act"] - (row["severity"] == "act"), "more to act on"),
            (row["watch"] - (row["severity"] == "watch"), "to watch"),
            (row["info"] - (row["severity"] == "info"), "to know"),
        )
        if count > 0
    ]
    return said + (f"  \n:gray[:small[{', '.join(others)}]]" if others else "")


def effects(frame: pd.DataFrame, every: int) -> str:
    """'15 of 17 numbers rest on a delivery that needs acting on'."""
    if frame.empty:
        return "No number is affected"
    act = int((frame["severity"] == "act").sum())
    count, need = (act, "acting on") if act else (len(frame), "watching")
    verb = "rests" if count == 1 else "rest"
    whole = formats.count_of(every, "number")
    return f"{formats.number(count)} of {whole} {verb} on a delivery that needs {need}"


def control_totals(shown: pd.DataFrame) -> str:
    """'Oct 2026: loaded totals agree with the payer's own, where one is given'."""
    if shown.empty:
        return "No control totals"
    month = formats.month(shown["month"].max())
    given = shown[shown["has_payer_total"].fillna(False).astype(bool)]
    if given.empty:
        return (
            f"{month}: no payer gives totals of its own; the months before are all there is to compare with"
        )
    apart = int((given["payer"].str.startswith("▲")).sum())
    if apart:
        totals = formats.count_of(len(given), "total")
        return f"{month}: {formats.number(apart)} of {totals} differ from the payer's own"
    return f"{month}: all {formats.number(len(given))} totals that payers give agree with what was loaded"


def fill(shown: pd.DataFrame) -> str:
    """'2 columns are filled or valid less than before'."""
    if shown.empty:
        return "No column has been counted"
    fell = shown[shown["signal"].str.startswith("▲")]
    if fell.empty:
        return "Key columns are as well filled, and as valid, as before"
    first = fell.iloc[0]
    more = len(fell) - 1
    tail = f", and {formats.count_of(more, 'more column')}" if more else ""
    return f"{first['column']} of {first['feed_name']} fell{tail}"


def members_without_claims(frame: pd.DataFrame) -> str:
    """'4% of members enrolled all year have no claim, 5% a year before'."""
    if frame.empty or not frame["members"].sum():
        return "No member has been enrolled for twelve months"
    share = frame["without_claims"].sum() / frame["members"].sum()
    before = frame[frame["share_before"].notna()]
    tail = ""
    if len(before) and before["members"].sum():
        then = (before["share_before"] * before["members"]).sum() / before["members"].sum()
        tail = f", {formats.percent(then)} a year before"
    return f"{formats.percent(share)} of members enrolled all year have no claim{tail}"


def duplicates(frame: pd.DataFrame) -> str:
    """'1 file and 12 rows came twice, and are counted once'."""
    if frame.empty:
        return "Nothing came twice"
    files = int((frame["what"] == "file").sum())
    rows = int(frame.loc[frame["what"] == "rows", "rows"].sum())
    parts = [formats.count_of(number, noun) for number, noun in ((files, "file"), (rows, "row")) if number]
    one = files + rows == 1
    return f"{' and '.join(parts)} came twice, and {'is' if one else 'are'} counted once"


def unmapped(frame: pd.DataFrame) -> str:
    """'3 codes on 210 lines are not in the reference'."""
    if frame.empty:
        return "Every code is in the reference"
    one = len(frame) == 1
    return (
        f"{formats.count_of(len(frame), 'code')} on {formats.count_of(frame['lines'].sum(), 'line')} "
        f"{'is' if one else 'are'} not in the reference"
    )


def retroactive(frame: pd.DataFrame) -> str:
    """'214 members lost 640 member-months that were already reported'."""
    if frame.empty:
        return "No delivery took back enrolment already reported"
    members, months = frame["members"].sum(), frame["member_months"].sum()
    return (
        f"{formats.count_of(members, 'member')} lost {formats.count_of(months, 'member-month')} "
        "that were already reported"
    )


def reversals(frame: pd.DataFrame) -> str:
    """'3 claims take back $412 that nobody was paid'."""
    if frame.empty:
        return "Every reversal has the claim it takes back"
    count = frame["claims"].sum()
    return (
        f"{formats.count_of(count, 'claim')} {'takes' if count == 1 else 'take'} back "
        f"{formats.money(-frame['paid'].sum())} that no claim we have had paid"
    )


def triangle(frame: pd.DataFrame) -> str:
    """'Lakeland Medicaid: 61% paid after 1 month, 90% after 3'."""
    if frame.empty:
        return "No triangle: the feeds give no paid dates"
    factors = frame.drop_duplicates("lag").set_index("lag")["completion"]
    name = frame.iloc[0]["contract_name"]
    enough = factors[factors >= 0.9]
    words = (
        f"{name}: {formats.percent(factors.get(1))} of a month is paid after one month"
        if 1 in factors
        else name
    )
    return f"{words}, 90% after {formats.number(enough.index.min())}" if len(enough) else words


def _needs(count: int) -> str:
    return "needs" if count == 1 else "need"


def snapshots(served: str, feeds: pd.DataFrame) -> pd.DataFrame:
    """The published snapshots, newest first; what was built is known of the one this page reads."""
    newest_first = sorted({served, *published_ids()}, reverse=True)
    built = feeds["built_at"].max() if len(feeds) else None
    return pd.DataFrame(
        {
            "snapshot": name,
            "state": "Served" if name == served else "Kept",
            "built": formats.clock(built) if name == served else _built_of(name),
            "feeds": ", ".join(feeds["feed_name"].fillna(feeds["feed"])) if name == served else "",
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
