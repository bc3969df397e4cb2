"""The data-status pill: how far a page's data reaches, and what is wrong with it.

The pill says the worst problem that touches the page's own metrics, in what is chosen and in its period;
opened, it lists them all, each with its way to Data operations.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

import pandas as pd
import streamlit as st

import queries
from components import formats, navigation
from components.asking import Asking
from components.filter_bar import Chosen

# Payments known less recently than this, when the snapshot was built, are late.
LATE_AFTER = timedelta(days=62)
MOST_SHOWN = 6
DATA_PAGE = "data_operations"


def data_status(asking: Asking, chosen: Chosen | None, metrics: Iterable[str] = ()) -> None:
    """The pill. `metrics`: ids of the metrics that the page shows; none = any metric."""
    feeds = asking.ask("shared/build")
    problems = problems_of(asking, chosen, tuple(metrics))
    built = pd.to_datetime(feeds["built_at"]).max()
    counted = last_day(chosen.latest) if chosen else latest_day(feeds, "incurred_through")
    paid = latest_day(chosen.months if chosen else feeds, "paid_through")
    late = paid is not None and formats.known(built) and built.date() - paid > LATE_AFTER
    reach = reach_words(counted, paid)
    affected = late or len(problems) > 0
    icon = ":orange[:material/warning:]" if affected else ":blue[:material/check_circle:]"
    with st.popover(f"{icon} {pill_words(problems, reach)}", key="data_status"):
        if len(problems):
            st.markdown(f"**{reach}**")
        if late:
            st.markdown(
                f":orange[:material/warning: **Late.**] Payments are known through {formats.day(paid)} only; "
                f"the snapshot was built on {formats.day(built)}."
            )
        if chosen is not None and len(chosen.unfinished):
            st.markdown(unfinished_words(chosen))
        _problems(asking, problems)
        st.dataframe(
            feeds.assign(
                incurred_through=[formats.day(value) for value in feeds["incurred_through"]],
                paid_through=[formats.day(value) for value in feeds["paid_through"]],
            ),
            column_order=["feed_name", "incurred_through", "paid_through", "rows_quarantined"],
            column_config={
                "feed_name": "Feed",
                "incurred_through": "Incurred to",
                "paid_through": "Paid through",
                "rows_quarantined": st.column_config.NumberColumn("Rows set aside", format="localized"),
            },
            hide_index=True,
            key="data_status_feeds",
        )
        st.caption(f"Snapshot {asking.snapshot}, built {formats.clock(built)}")


def problems_of(asking: Asking, chosen: Chosen | None, metrics: tuple[str, ...]) -> pd.DataFrame:
    """What affects these metrics, for what is chosen and in its period; on a page without a choice, all that
    needs acting on or watching.
    """
    if chosen is None:
        return asking.ask("data/issues", to_act_on=True)
    return asking.ask("shared/data_issues", chosen.filters, metrics="|".join(metrics) or None)


def pill_words(problems: pd.DataFrame, reach: str) -> str:
    """The worst problem in few words, and how many more there are; without one, how far the data reaches."""
    if problems.empty:
        return reach
    more = len(problems) - 1
    return f"{problems.iloc[0]['words']}{f', and {more} more' if more else ''}"


def affected_words(problem: pd.Series, shown: Iterable[str] = ()) -> str:
    """'ED visits per 1,000 and 3 more numbers, Jul to Sep 2026': the numbers a problem affects, those of the
    page first."""
    ids = [metric_id for metric_id in str(problem["metrics"]).split("|") if metric_id]
    ids.sort(key=lambda metric_id: metric_id not in set(shown))
    if not ids:
        return "No number is affected"
    first = queries.metric(ids[0]).name
    more = len(ids) - 1
    numbers = f"{first} and {formats.count_of(more, 'more number')}" if more else first
    return f"{numbers}, {months_words(problem['affects_from'], problem['affects_to'])}"


def months_words(first: object, last: object) -> str:
    """'Jul to Sep 2026', 'Aug 2026', 'Nov 2025 to Feb 2026'."""
    begin, end = pd.Timestamp(first), pd.Timestamp(last)  # type: ignore[arg-type]
    if begin == end:
        return formats.month(end)
    return f"{begin:%b}{'' if begin.year == end.year else f' {begin.year}'} to {formats.month(end)}"


def reach_words(counted: date | None, paid: date | None) -> str:
    """'Incurred to 31 Aug 2026, paid through 31 Oct'."""
    words = f"Incurred to {formats.day(counted)}"
    if paid is None:
        return words
    same_year = counted is not None and counted.year == paid.year
    return f"{words}, paid through {formats.short_day(paid) if same_year else formats.day(paid)}"


def unfinished_words(chosen: Chosen) -> str:
    """'Months under 90% paid are not counted: Sep 82%, Oct 58%'."""
    parts = []
    for row in chosen.unfinished.itertuples():
        share = f" {formats.percent(row.completion)}" if formats.known(row.completion) else ""
        parts.append(f"{row.month:%b}{share}")
    if not parts:
        return "Every month shown is complete enough to count."
    return f"Months that are not paid to the contract's threshold are not counted: {', '.join(parts)}."


def last_day(month: date) -> date:
    """The last day of a month."""
    following = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    return following - timedelta(days=1)


def latest_day(frame: pd.DataFrame, column: str) -> date | None:
    """The latest known date of a column."""
    known = pd.to_datetime(frame[column]).dropna()
    return known.max().date() if len(known) else None


def _problems(asking: Asking, problems: pd.DataFrame) -> None:
    opens = asking.may(DATA_PAGE)
    for at, problem in problems.head(MOST_SHOWN).iterrows():
        colour, icon = ("orange", "warning") if problem["severity"] == "act" else ("gray", "visibility")
        said = f"; {problem['consequence']}" if formats.known(problem["consequence"]) else ""
        with st.container(gap="xxsmall", key=f"problem_{at}"):
            st.markdown(f":{colour}[:material/{icon}:] **{problem['words']}**{said}.")
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.markdown(f":gray[:small[Affects {affected_words(problem)}]]", width="content")
                if opens:
                    navigation.link(DATA_PAGE, "Open the feed", {"feed": problem["feed_name"]})
    if len(problems) > MOST_SHOWN:
        st.markdown(f":gray[:small[{len(problems) - MOST_SHOWN} more on Data operations]]")
