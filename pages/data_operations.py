"""Data operations: what each feed delivered, whether the money ties, what was set
aside, and what is installed.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from components import data_words, formats, frame, tables
from components.asking import Asking
from components.definitions import Live
from components.frame import Crumb, Head, section_head
from components.states import section

COUNT: dict[str, Any] = {"format": "localized"}


def page() -> None:
    asking = frame.start()
    head = Head()
    head.line(asking, [Crumb("Data"), Crumb("Data operations")], None, {"quarantined_rows": Live()})
    title = ("Data operations", "What each feed delivered, and what became of it.")
    st.divider()
    with section("Feeds", 320):
        feeds, money = asking.ask("data/feeds"), asking.ask("data/reconciliation")
        title = data_words.title(feeds, money)
        _feeds(asking, feeds)
    head.title(*title)
    with section("Reconciliation", 260):
        _reconciliation(asking, money)
    with section("Volumes", 220):
        _volumes(asking)
    with section("Rows set aside", 320):
        _set_aside(asking)
    with section("Claims outside enrolment", 260):
        _outside(asking)
    left, right = st.columns(2, gap="medium")
    with left, section("Inpatient claims apart", 260):
        _apart(asking)
    with right, section("Unmatched ED claims", 260):
        _unmatched(asking)
    left, right = st.columns(2, gap="medium")
    with left, section("Unassigned rows", 220):
        _unassigned(asking)
    with right, section("Reference data", 220):
        _packs(asking)
    with section("Snapshots", 160):
        _snapshots(asking)
    frame.footer(asking, basis="Claims basis: paid")


def _feeds(asking: Asking, feeds: pd.DataFrame) -> None:
    section_head(
        data_words.feeds(feeds),
        "Loaded and set aside add up to the rows in the files, always. All that your scope may see.",
        asking=asking,
        metric_id="quarantined_rows",
        live=data_words.live(feeds),
        key="feeds",
    )
    shown = tables.dates_in_words(feeds, ["data_start", "incurred_through", "paid_through"])
    tables.plain(
        shown,
        {
            "feed": st.column_config.TextColumn("Feed", width=220),
            "files": st.column_config.NumberColumn("Files", width=70),
            "duplicate_files": st.column_config.NumberColumn("Duplicate files", width=110),
            "rows_in": st.column_config.NumberColumn("Rows in", width=110, **COUNT),
            "rows_loaded": st.column_config.NumberColumn("Loaded", width=110, **COUNT),
            "rows_quarantined": st.column_config.NumberColumn("Set aside", width=90, **COUNT),
            "data_start": st.column_config.TextColumn("From", width=110),
            "incurred_through": st.column_config.TextColumn("Incurred to", width=110),
            "paid_through": st.column_config.TextColumn("Paid through", width=110),
        },
        key="feeds_table",
    )
    with st.expander("Files"):
        tables.plain(
            asking.ask("data/files"),
            {
                "feed": "Feed",
                "file_name": "File",
                "input_table": "Table",
                "rows_in": st.column_config.NumberColumn("Rows in", **COUNT),
                "rows_loaded": st.column_config.NumberColumn("Loaded", **COUNT),
                "rows_quarantined": st.column_config.NumberColumn("Set aside", **COUNT),
                "status": "Status",
                "duplicate_of": "Repeats",
            },
            key="files_table",
        )


def _reconciliation(asking: Asking, money: pd.DataFrame) -> None:
    section_head(
        data_words.reconciliation(money),
        "Paid on all claim lines loaded, against what is shown in enrolled months and apart from them.",
        asking=asking,
        metric_id="paid_outside_enrolment",
        key="reconciliation",
    )
    dollars: dict[str, Any] = {"format": "dollar", "width": 160}
    tables.plain(
        money.assign(kind=money["kind"].str.capitalize()),
        {
            "feed": st.column_config.TextColumn("Feed", width=220),
            "kind": st.column_config.TextColumn("Claims", width=110),
            "lines": st.column_config.NumberColumn("Lines", width=110, **COUNT),
            "paid_loaded": st.column_config.NumberColumn("Paid, loaded", **dollars),
            "paid_enrolled": st.column_config.NumberColumn("In enrolled months", **dollars),
            "paid_outside": st.column_config.NumberColumn("Outside enrolment", **dollars),
            "difference": st.column_config.NumberColumn("Difference", format="dollar", width=110),
        },
        key="reconciliation_table",
    )


def _volumes(asking: Asking) -> None:
    volumes = asking.ask("data/volumes")
    section_head(
        data_words.volumes(volumes),
        "By year of service, in enrolled months.",
        asking=asking,
        metric_id="member_months",
        key="volumes",
    )
    tables.plain(
        volumes.assign(year=volumes["year"].astype("Int64").astype(str)),
        {
            "year": st.column_config.TextColumn("Year", width=80),
            "member_months": st.column_config.NumberColumn("Member-months", width=124, **COUNT),
            "medical_paid": st.column_config.NumberColumn("Medical paid", format="dollar", width=150),
            "pharmacy_paid": st.column_config.NumberColumn("Pharmacy paid", format="dollar", width=150),
            "ed_visits": st.column_config.NumberColumn("ED visits", width=90, **COUNT),
            "ed_treated_and_released": st.column_config.NumberColumn(
                "Treated and released", width=150, **COUNT
            ),
            "ed_observation": st.column_config.NumberColumn("Observation", width=104, **COUNT),
            "ed_admitted": st.column_config.NumberColumn("Admitted", width=90, **COUNT),
            "inpatient_stays": st.column_config.NumberColumn("Inpatient stays", width=120, **COUNT),
        },
        key="volumes_table",
    )


def _set_aside(asking: Asking) -> None:
    reasons = asking.ask("data/quarantine_summary").sort_values("rows", ascending=False)
    opens = asking.may("view_quarantine")
    section_head(
        data_words.set_aside(reasons),
        "One reason per row, the first that applies."
        + (" Select a reason to open its rows." if opens else ""),
        asking=asking,
        metric_id="quarantined_rows",
        key="set_aside",
    )
    if reasons.empty:
        return
    picked = tables.plain(
        reasons.reset_index(drop=True),
        {
            "feed": st.column_config.TextColumn("Feed", width=200),
            "file_name": st.column_config.TextColumn("File", width=260),
            "input_table": st.column_config.TextColumn("Table", width=140),
            "column_name": st.column_config.TextColumn("Column", width=180),
            "reason": st.column_config.TextColumn("Reason", width=220),
            "rows": st.column_config.NumberColumn("Rows", width=80, **COUNT),
        },
        key="set_aside_table",
        select=opens,
    )
    if not opens:
        st.caption("The rows themselves, as read, are open to data stewards.")
    elif picked is not None:
        _set_aside_rows(asking, picked)


def _set_aside_rows(asking: Asking, picked: Any) -> None:
    rows = asking.drill("data/quarantine_summary", measure="rows", row=picked)
    asking.record_view("data/quarantine", None, rows, feed=picked["feed"], reason=picked["reason"])
    agrees = "as counted" if len(rows) == picked["rows"] else f"{formats.number(picked['rows'])} were counted"
    st.markdown(f"**{formats.count_of(len(rows), 'row')} here**, {agrees}. Viewing them is recorded.")
    tables.plain(
        rows.head(500),
        {
            "row_number": st.column_config.NumberColumn("Row in file", width=100),
            "column_name": st.column_config.TextColumn("Column", width=160),
            "row_json": st.column_config.TextColumn("The row, as read", width=760),
        },
        key="set_aside_rows",
    )


def _outside(asking: Asking) -> None:
    outside = asking.ask("data/outside_enrolment")
    section_head(
        data_words.outside(outside),
        "Counted apart, in no rate. A month in which the person has no member-month in that contract.",
        asking=asking,
        metric_id="paid_outside_enrolment",
        key="outside",
    )
    if len(outside):
        tables.plain(
            outside.assign(year=outside["year"].astype("Int64").astype(str)),
            {
                "contract_name": "Contract",
                "market_name": "Market",
                "feed": "Feed",
                "year": "Year",
                "claim_kind": "Claims",
                "lines": st.column_config.NumberColumn("Lines", **COUNT),
                "paid": st.column_config.NumberColumn("Paid", format="dollar"),
            },
            key="outside_table",
        )


def _apart(asking: Asking) -> None:
    if not _may_see_rows(asking):
        return
    apart = asking.ask("data/stays_apart")
    section_head(
        data_words.apart(apart),
        "Inpatient claims that are no stay, each with its reason.",
        asking=asking,
        metric_id="inpatient_stays",
        key="apart",
    )
    if len(apart):
        asking.record_view("data/stays_apart", None, apart)
        tables.plain(
            tables.dates_in_words(apart, ["admit_date"]),
            {
                "admit_date": "Admitted",
                "bill_type_code": "Bill type",
                "reason": "Reason",
                "paid": st.column_config.NumberColumn("Paid", format="dollar"),
                "contract_name": "Contract",
            },
            key="apart_table",
            most=6,
        )


def _unmatched(asking: Asking) -> None:
    if not _may_see_rows(asking):
        return
    claims = asking.ask("ed/unmatched")
    section_head(
        data_words.unmatched(claims),
        "Professional ED claims without a facility visit that day or the day before: listed, not counted.",
        asking=asking,
        key="unmatched",
    )
    if len(claims):
        asking.record_view("ed/unmatched", None, claims)
        tables.plain(
            tables.dates_in_words(claims, ["service_date"]),
            {
                "service_date": "Service",
                "reason": "Reason",
                "contract_name": "Contract",
                "market_name": "Market",
            },
            key="unmatched_table",
            most=6,
        )


def _unassigned(asking: Asking) -> None:
    rows = asking.ask("data/unassigned")
    section_head(
        data_words.unassigned(rows),
        "Rows that no rule of a feed's source.yaml placed.",
        asking=asking,
        key="unassigned",
    )
    tables.plain(
        rows,
        {
            "kind": "Rows of",
            "rows": st.column_config.NumberColumn("Rows", **COUNT),
            "without_contract": st.column_config.NumberColumn("No contract", **COUNT),
            "without_market": st.column_config.NumberColumn("No market", **COUNT),
        },
        key="unassigned_table",
    )


def _packs(asking: Asking) -> None:
    packs = asking.ask("shared/reference_pack")
    section_head(
        data_words.packs(packs),
        "Tables the operator installs; without one the page that needs it says so.",
        asking=asking,
        key="packs",
    )
    if len(packs):
        tables.plain(
            packs.assign(version=packs["version"].astype(str)),
            {
                "pack": "Pack",
                "version": "Version",
                "rows": st.column_config.NumberColumn("Rows", **COUNT),
                "origin": "Origin",
                "source": "Source",
            },
            key="packs_table",
            most=6,
        )
    st.markdown(":gray[:small[To install the official ED weights, then build again:]]")
    st.code("python -m data reference add nyu-ed FILE", language="bash")


def _snapshots(asking: Asking) -> None:
    feeds = asking.ask("shared/build")
    section_head(
        f"Snapshot {frame.snapshot_words(asking.snapshot)} is served",
        "The last three are kept; a build that fails leaves this one serving.",
        asking=asking,
        key="snapshots",
    )
    tables.plain(
        data_words.snapshots(asking.snapshot, feeds), data_words.SNAPSHOT_COLUMNS, key="snapshots_table"
    )
    st.markdown(":gray[:small[To list them, or to go back to an earlier one:]]")
    st.code("python -m data snapshots\npython -m data snapshots --use ID", language="bash")


def _may_see_rows(asking: Asking) -> bool:
    return asking.may("view_members") or asking.may("view_quarantine")


if __name__ == "__main__":
    import app

    app.main()
