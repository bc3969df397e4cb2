"""The data page's further checks: the account of every row and dollar, what came twice or cannot be read,
what stands apart, and what is installed.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from components import data_tables, data_words, formats, frame, tables
from components.asking import Asking
from components.feed_filter import Narrowed
from components.frame import section_head
from components.states import section

COUNT: dict[str, Any] = {"format": "localized"}
DOLLARS: dict[str, Any] = {"format": "dollar"}


def further_checks(asking: Asking, chosen: Narrowed, feeds: pd.DataFrame, money: pd.DataFrame) -> None:
    """All of them, two beside each other where they are narrow."""
    with section("Rows", 320):
        _rows(asking, feeds)
    left, right = st.columns(2, gap="medium")
    with left, section("Duplicates", 260):
        _duplicates(asking, chosen)
    with right, section("Codes not in the reference", 260):
        _unmapped(asking, chosen)
    left, right = st.columns(2, gap="medium")
    with left, section("Enrolment taken back", 260):
        _retroactive(asking, chosen)
    with right, section("Reversals without a claim", 260):
        _reversals(asking, chosen)
    with section("Reconciliation", 260):
        _reconciliation(asking, chosen, money)
    with section("Volumes", 220):
        _volumes(asking)
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


def _rows(asking: Asking, feeds: pd.DataFrame) -> None:
    section_head(
        data_words.feeds(feeds),
        "Rows in the files = loaded + set aside + left out by the mapping's filters, always.",
        asking=asking,
        metric_id="quarantined_rows",
        live=data_words.live(feeds),
        key="feeds",
    )
    shown = tables.dates_in_words(feeds, ["data_start", "incurred_through", "paid_through"])
    tables.plain(
        shown,
        {
            "feed_name": st.column_config.TextColumn("Feed", width=196),
            "files": st.column_config.NumberColumn("Files", width=64, **COUNT),
            "duplicate_files": st.column_config.NumberColumn("Repeated", width=84, **COUNT),
            "rows_in": st.column_config.NumberColumn("Rows in", width=100, **COUNT),
            "rows_loaded": st.column_config.NumberColumn("Loaded", width=100, **COUNT),
            "rows_quarantined": st.column_config.NumberColumn("Set aside", width=84, **COUNT),
            "rows_filtered": st.column_config.NumberColumn("Filtered", width=84, **COUNT),
            "rows_superseded": st.column_config.NumberColumn("Replaced later", width=108, **COUNT),
            "data_start": st.column_config.TextColumn("From", width=100),
            "incurred_through": st.column_config.TextColumn("Incurred to", width=104),
            "paid_through": st.column_config.TextColumn("Paid through", width=104),
        },
        key="feeds_table",
    )


def _duplicates(asking: Asking, chosen: Narrowed) -> None:
    twice = chosen.of(asking.ask("data/duplicates", feed=chosen.feed))
    section_head(
        data_words.duplicates(twice),
        "Files with the same content, and rows with the same key: the first is kept.",
        asking=asking,
        metric_id="quarantined_rows",
        key="duplicates",
    )
    if len(twice):
        tables.plain(
            chosen.named(twice).assign(
                what=twice["what"].str.capitalize(),
                month=[month_words(value) for value in twice["delivery_month"]],
            ),
            {
                "feed_name": st.column_config.TextColumn("Feed", width=150),
                "what": st.column_config.TextColumn("What", width=58),
                "rows": st.column_config.NumberColumn("Rows", width=64, **COUNT),
                "month": st.column_config.TextColumn("Month", width=84),
                "file_name": st.column_config.TextColumn("File", width=230),
                "repeats": st.column_config.TextColumn("Repeats", width=200),
            },
            key="duplicates_table",
            most=6,
        )


def _unmapped(asking: Asking, chosen: Narrowed) -> None:
    codes = chosen.of(asking.ask("data/unmapped_codes", feed=chosen.feed))
    section_head(
        data_words.unmapped(codes),
        "Such lines stay in cost; rules that look for the code pass them by.",
        asking=asking,
        metric_id="unmapped_codes",
        key="unmapped",
    )
    if len(codes):
        tables.plain(
            codes.assign(
                column=[data_tables.column_words(name) for name in codes["column_name"]],
                last=[month_words(value) for value in codes["last_month"]],
            ),
            {
                "feed_name": st.column_config.TextColumn("Feed", width=170),
                "column": st.column_config.TextColumn("Column", width=120),
                "code": st.column_config.TextColumn("Code", width=72),
                "lines": st.column_config.NumberColumn("Lines", width=66, **COUNT),
                "last": st.column_config.TextColumn("Last sent", width=78),
                "description": st.column_config.TextColumn("As described", width=200),
            },
            key="unmapped_table",
            most=6,
        )


def _retroactive(asking: Asking, chosen: Narrowed) -> None:
    changes = asking.ask("data/retroactive", feed=chosen.feed, contract_id=chosen.contract)
    section_head(
        data_words.retroactive(changes),
        "Spans that a later file ended before its own month began. Rates of those months have changed since.",
        asking=asking,
        metric_id="member_months",
        key="retroactive",
    )
    if len(changes):
        tables.plain(
            changes.assign(month=[formats.month(value) for value in changes["delivery_month"]]),
            {
                "contract_name": st.column_config.TextColumn("Contract", width=172),
                "market_name": st.column_config.TextColumn("Market", width=86),
                "month": st.column_config.TextColumn("By the file of", width=96),
                "members": st.column_config.NumberColumn("Members", width=72, **COUNT),
                "member_months": st.column_config.NumberColumn("Months", width=70, **COUNT),
            },
            key="retroactive_table",
            most=6,
        )


def _reversals(asking: Asking, chosen: Narrowed) -> None:
    reversals = asking.ask("data/unmatched_reversals", feed=chosen.feed, contract_id=chosen.contract)
    section_head(
        data_words.reversals(reversals),
        "Claims paid below zero, without another claim of the person that is the opposite.",
        asking=asking,
        metric_id="medical_paid",
        key="reversals",
    )
    if len(reversals):
        tables.plain(
            reversals.assign(month=[formats.month(value) for value in reversals["month"]]),
            {
                "contract_name": st.column_config.TextColumn("Contract", width=172),
                "market_name": st.column_config.TextColumn("Market", width=86),
                "month": st.column_config.TextColumn("Service", width=84),
                "claims": st.column_config.NumberColumn("Claims", width=66, **COUNT),
                "paid": st.column_config.NumberColumn("Paid", width=96, **DOLLARS),
            },
            key="reversals_table",
            most=6,
        )


def _reconciliation(asking: Asking, chosen: Narrowed, money: pd.DataFrame) -> None:
    section_head(
        data_words.reconciliation(money),
        "Paid on all claim lines loaded, against what is shown in enrolled months and apart from them.",
        asking=asking,
        metric_id="paid_outside_enrolment",
        key="reconciliation",
    )
    dollars: dict[str, Any] = {"format": "dollar", "width": 160}
    tables.plain(
        chosen.named(money).assign(kind=money["kind"].str.capitalize()),
        {
            "feed_name": st.column_config.TextColumn("Feed", width=220),
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
    listed = data_words.snapshots(asking.snapshot, feeds)
    section_head(
        f"Snapshot {frame.snapshot_words(asking.snapshot)} is served, "
        f"{formats.count_of(len(listed), 'snapshot')} kept",
        "The last three are kept; a build that fails leaves this one serving.",
        asking=asking,
        key="snapshots",
    )
    tables.plain(listed, data_words.SNAPSHOT_COLUMNS, key="snapshots_table")
    st.markdown(":gray[:small[To list them, or to go back to an earlier one:]]")
    st.code("python -m data snapshots\npython -m data snapshots --use ID", language="bash")


def _may_see_rows(asking: Asking) -> bool:
    return asking.may("view_members") or asking.may("view_quarantine")


def month_words(value: Any) -> str:
    """'Aug 2026'; empty where there is no month."""
    return formats.month(value) if formats.known(value) else ""
