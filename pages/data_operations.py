"""Data operations: for those who check each payer's files every month. What arrived and what is missing,
whether it can be relied on, which numbers are affected, and what became of every row.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

import queries
from components import charts, data_tables, data_words, formats, frame, states, tables
from components.asking import Asking
from components.data_checks import further_checks, month_words
from components.data_status import affected_words
from components.definitions import Live, as_definitions
from components.export import Export, export_menu, receipt
from components.feed_filter import Narrowed, feed_filter, open_feed
from components.frame import Crumb, Head, section_head
from components.states import part, section
from components.theme import current_theme

COUNT: dict[str, Any] = {"format": "localized"}
DOLLARS: dict[str, Any] = {"format": "dollar"}
SHARE: dict[str, Any] = {"format": "percent", "step": 0.01}
METRICS = (
    "deliveries_complete", "data_problems", "control_total_difference", "quarantined_rows", "fill_rate",
    "valid_rate", "members_without_claims", "paid_outside_enrolment", "unmapped_codes",
)  # fmt: skip
# Where a number is shown, by the folder of the question it comes from.
SHOWN_ON = {"ed": "ED utilization", "cost": "Cost PMPM", "members": "Members", "data": "Data operations"}


def page() -> None:
    asking = frame.start()
    head = Head()
    with frame.ruled():
        chosen = feed_filter(asking)
    receipt()
    head.line(asking, [Crumb("Data"), Crumb("Data operations")], None, {metric: Live() for metric in METRICS})
    title = ("Data operations", "What each feed delivered, and what became of it.")
    with section("Deliveries", 360):
        verdicts = asking.ask("data/verdicts", feed=chosen.feed, contract_id=chosen.contract)
        feeds = chosen.of(asking.ask("data/feeds", feed=chosen.feed))
        money = chosen.of(asking.ask("data/reconciliation", feed=chosen.feed))
        title = data_words.title(verdicts, feeds, money)
        _deliveries(asking, chosen)
    head.title(*title)
    with section("Verdicts", 320):
        _verdicts(asking, chosen, verdicts)
    with section("Numbers affected", 320):
        _effects(asking, chosen)
    with section("Control totals", 320):
        _control_totals(asking, chosen)
    with section("Rows set aside", 320):
        _set_aside(asking, chosen)
    with section("Fill and valid rates", 420):
        _fill(asking, chosen)
    left, right = st.columns(2, gap="medium")
    with left, section("Members without claims", 300):
        _without_claims(asking, chosen)
    with right, section("Claims outside enrolment", 300):
        _outside(asking, chosen)
    _triangle(chosen)
    with st.expander(
        "Further checks: rows and dollars accounted for, duplicates, codes, reversals, snapshots"
    ):
        further_checks(asking, chosen, feeds, money)
    frame.footer(asking, basis="Claims basis: paid")


def _deliveries(asking: Asking, chosen: Narrowed) -> None:
    deliveries = chosen.of(asking.ask("data/deliveries", feed=chosen.feed))
    section_head(
        data_words.deliveries(deliveries, chosen.month),
        "By month of delivery: the worst of a feed's files. Select a feed to open it."
        if chosen.feed is None
        else "By month of delivery and kind of file.",
        asking=asking,
        metric_id="deliveries_complete",
        key="deliveries",
    )
    by = "feed_name" if chosen.feed is None else "kind_words"
    cells, state, months = data_tables.delivery_grid(deliveries, by)
    if cells.empty:
        states.empty(
            "No feed declares its deliveries",
            "Say in source.yaml what a payer sends each month, since when and by which day (`delivery:`); "
            "what is late or missing is then shown here. The files that are here stand below.",
        )
        return
    picked = tables.styled(
        cells,
        data_tables.delivery_style(state, current_theme()),
        {
            by: st.column_config.TextColumn("Feed" if by == "feed_name" else "File", width=184, pinned=True),
            **{month: st.column_config.TextColumn(month, width=77) for month in months},
        },
        key=f"deliveries_{by}",
        select=by == "feed_name",
        alt=data_words.deliveries(deliveries, chosen.month),
    )
    if picked is not None and by == "feed_name":
        open_feed(str(picked["feed_name"]))
    undated = sorted(set(deliveries.loc[deliveries["delivery_month"].isna(), "feed_name"]) - set(cells[by]))
    if undated and chosen.feed is None:
        st.caption(f"Without declared deliveries: {', '.join(undated)}.")
    _files(asking, chosen)


def _files(asking: Asking, chosen: Narrowed) -> None:
    files = chosen.of(asking.ask("data/files", feed=chosen.feed, delivery_month=chosen.month))
    with st.expander(
        f"Files{f' of {formats.month(chosen.month)}' if chosen.month else ''}: {formats.number(len(files))}"
    ):
        shown = tables.dates_in_words(files, ["received_on"])
        tables.plain(
            shown.assign(delivery_month=[month_words(value) for value in shown["delivery_month"]]),
            {
                "feed": "Feed",
                "file_name": "File",
                "kind": "Kind",
                "delivery_month": "Month",
                "received_on": "Received",
                "rows_in": st.column_config.NumberColumn("Rows in", **COUNT),
                "rows_loaded": st.column_config.NumberColumn("Loaded", **COUNT),
                "rows_quarantined": st.column_config.NumberColumn("Set aside", **COUNT),
                "rows_filtered": st.column_config.NumberColumn("Filtered", **COUNT),
                "status": "Status",
                "duplicate_of": "Repeats",
            },
            key="files_table",
        )


def _verdicts(asking: Asking, chosen: Narrowed, verdicts: pd.DataFrame) -> None:
    section_head(
        data_words.verdicts(verdicts),
        "Each feed's worst problem of the last twelve deliveries. Act: numbers are wrong until it is mended. "
        "Watch: they may be.",
        asking=asking,
        metric_id="data_problems",
        live=Live(sql=str(verdicts.attrs.get("sql", ""))),
        key="verdicts",
    )
    for at, verdict in enumerate(verdicts.to_dict("records")):
        _verdict(chosen, verdict, at)
    if chosen.feed is not None:
        _problems(asking, chosen)


def _verdict(chosen: Narrowed, verdict: dict[str, Any], at: int) -> None:
    """One feed: how bad, what, and the way to it."""
    name, words, way = st.columns([0.23, 0.66, 0.11], gap="small", vertical_alignment="center")
    name.markdown(f"{data_words.VERDICT_ICON[verdict['severity']]} **{verdict['feed_name']}**")
    words.markdown(data_words.verdict(verdict))
    if chosen.feed is None and verdict["severity"] != "none":
        way.button(
            "Open",
            icon=":material/arrow_forward:",
            type="tertiary",
            key=f"verdict_open_{at}",
            help=f"Open {verdict['feed_name']}",
            on_click=open_feed,
            args=(verdict["feed_name"], False),
        )


def _problems(asking: Asking, chosen: Narrowed) -> None:
    """Every problem of the feed that is open."""
    problems = asking.ask(
        "data/issues", feed=chosen.feed, contract_id=chosen.contract, delivery_month=chosen.month
    )
    if problems.empty:
        return
    tables.plain(
        problems.assign(
            severity=[data_tables.SEVERITY[value] for value in problems["severity"]],
            month=[formats.month(value) for value in problems["month"]],
            affects=[affected_words(row) for _, row in problems.iterrows()],
        ),
        {
            "severity": st.column_config.TextColumn("Verdict", width=96),
            "month": st.column_config.TextColumn("Month", width=84),
            "words": st.column_config.TextColumn("Problem", width=470),
            "consequence": st.column_config.TextColumn("What it means", width=300),
            "affects": st.column_config.TextColumn("Numbers affected", width=320),
        },
        key="problems_table",
    )


def _effects(asking: Asking, chosen: Narrowed) -> None:
    effects = asking.ask("data/effects", feed=chosen.feed, contract_id=chosen.contract)
    shown_on = {
        metric.id: SHOWN_ON[metric.numerator.question.split("/")[0]]
        for metric in queries.all_metrics()
        if metric.id not in METRICS or metric.id == "paid_outside_enrolment"
    }
    section_head(
        data_words.effects(effects, len(shown_on)),
        "Each number that a page shows, and the worst problem behind it.",
        asking=asking,
        metric_id="data_problems",
        live=Live(sql=str(effects.attrs.get("sql", ""))),
        key="effects",
    )
    rows = data_tables.effect_rows(effects, shown_on)
    affected = rows[rows["problems"] > 0]
    if len(affected):
        tables.plain(
            affected,
            {
                "number": st.column_config.TextColumn("Number", width=262),
                "page": st.column_config.TextColumn("Page", width=112),
                "state": st.column_config.TextColumn("Verdict", width=78),
                "months": st.column_config.TextColumn("Months of service", width=138),
                "because": st.column_config.TextColumn("Because", width=440),
                "problems": st.column_config.NumberColumn("Problems", width=76, **COUNT),
            },
            key="effects_table",
            most=8,
        )
    fine = rows[rows["problems"] == 0]
    if len(fine):
        st.caption(f"Not affected: {', '.join(fine['number'])}.")


def _control_totals(asking: Asking, chosen: Narrowed) -> None:
    totals = chosen.of(asking.ask("data/control_totals", feed=chosen.feed))
    month = pd.Timestamp(chosen.month) if chosen.month else totals["month"].max()
    shown = data_tables.control_total_rows(totals, month, current_theme())
    tools = section_head(
        data_words.control_totals(shown),
        "What was loaded, against the median of the three months before and the payer's own totals.",
        asking=asking,
        metric_id="control_total_difference",
        live=Live(sql=str(totals.attrs.get("sql", ""))),
        key="control_totals",
    )
    if shown.empty:
        states.empty(
            "No totals of this month", "Another month, or all feeds, may have some.", None, "control_totals"
        )
        return
    with tools:
        _export(asking, chosen, "Control totals", "control-totals", "data/control_totals", totals)
    tables.plain(
        shown,
        {
            **({} if chosen.feed else {"feed_name": st.column_config.TextColumn("Feed", width=172)}),
            "kind_words": st.column_config.TextColumn("Table", width=104),
            "lines": st.column_config.NumberColumn("Rows", width=66, **COUNT),
            "lines_change": st.column_config.TextColumn("On before", width=80, alignment="right"),
            "members": st.column_config.NumberColumn("Members", width=74, **COUNT),
            "claims": st.column_config.NumberColumn("Claims", width=66, **COUNT),
            "charge": st.column_config.NumberColumn("Billed", width=90, format="$%,.0f"),
            "allowed": st.column_config.NumberColumn("Allowed", width=90, format="$%,.0f"),
            "paid": st.column_config.NumberColumn("Paid", width=90, format="$%,.0f"),
            "paid_change": st.column_config.TextColumn("On before", width=80, alignment="right"),
            "payer": st.column_config.TextColumn("Payer's own", width=150),
            "trend": st.column_config.ImageColumn("12 months", width=100),
        },
        key="control_totals_table",
    )
    if shown["paid"].isna().all() and shown["kind"].ne("eligibility").any():
        st.caption(
            "Members and dollars are of a whole feed: they are shown to those who may see all it serves."
        )


def _set_aside(asking: Asking, chosen: Narrowed) -> None:
    summary = asking.ask("data/quarantine_summary", feed=chosen.feed, delivery_month=chosen.month)
    reasons = chosen.of(summary).sort_values("rows", ascending=False)
    opens = asking.may("view_quarantine")
    tools = section_head(
        data_words.set_aside(reasons),
        "One reason per row, the first that applies."
        + (" Select a reason to open its rows." if opens else ""),
        asking=asking,
        metric_id="quarantined_rows",
        key="set_aside",
    )
    if reasons.empty:
        return
    with tools:
        _rows_export(asking, chosen, int(reasons["rows"].sum()))
    picked = tables.plain(
        chosen.named(reasons).reset_index(drop=True),
        {
            "feed_name": st.column_config.TextColumn("Feed", width=180),
            "file_name": st.column_config.TextColumn("File", width=280),
            "input_table": st.column_config.TextColumn("Table", width=130),
            "column_name": st.column_config.TextColumn("Column", width=170),
            "reason": st.column_config.TextColumn("Reason", width=220),
            "rows": st.column_config.NumberColumn("Rows", width=80, **COUNT),
        },
        key="set_aside_table",
        select=opens,
        most=8,
    )
    if not opens:
        st.caption("The rows themselves, as read, are open to data stewards.")
    elif picked is not None:
        _set_aside_rows(asking, picked)


def _rows_export(asking: Asking, chosen: Narrowed, rows: int) -> None:
    """All rows set aside of what is chosen, as the payer sent them."""

    def fetch() -> pd.DataFrame:
        found = chosen.of(asking.ask("data/quarantine", feed=chosen.feed))
        if chosen.month is None:
            return found
        return found[pd.to_datetime(found["delivery_month"]) == pd.Timestamp(chosen.month)]

    export_menu(
        asking,
        Export(
            title="Rows set aside, as read",
            stem="rows-set-aside",
            rows=rows,
            fetch=fetch,
            columns=tables.headings("data/quarantine"),
            filters=chosen.words(),
            definitions=as_definitions(("quarantined_rows",)),
            question="data/quarantine",
            parameters=chosen.parameters(),
            as_sent=True,
        ),
        key="rows_set_aside",
        label="Download the rows",
    )


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
        most=8,
    )


def _fill(asking: Asking, chosen: Narrowed) -> None:
    fill = chosen.of(asking.ask("data/fill", feed=chosen.feed))
    shown = data_tables.fill_rows(fill, current_theme())
    section_head(
        data_words.fill(shown),
        "Latest delivery and the twelve before it, on the lines where a column has a place; what fell first."
        + ("" if chosen.feed else " Choose a feed to see its columns alone."),
        asking=asking,
        metric_id="fill_rate",
        live=Live(sql=str(fill.attrs.get("sql", ""))),
        key="fill",
    )
    if shown.empty:
        return
    tables.plain(
        shown,
        {
            **({} if chosen.feed else {"feed_name": st.column_config.TextColumn("Feed", width=176)}),
            "kind_words": st.column_config.TextColumn("Table", width=116),
            "column": st.column_config.TextColumn("Column", width=150),
            "lines": st.column_config.NumberColumn("Lines", width=78, **COUNT),
            "fill_rate": st.column_config.NumberColumn("Filled", width=70, **SHARE),
            "fill_strip": st.column_config.ImageColumn("12 months", width=98),
            "valid_rate": st.column_config.NumberColumn("Valid", width=70, **SHARE),
            "valid_strip": st.column_config.ImageColumn("12 months", width=98),
            "signal": st.column_config.TextColumn("Signal", width=150),
            "valid_rule": st.column_config.TextColumn("Valid is", width=330),
        },
        key="fill_table",
        most=10,
    )


def _without_claims(asking: Asking, chosen: Narrowed) -> None:
    members = chosen.contracts_of(asking.ask("data/members_without_claims", contract_id=chosen.contract))
    section_head(
        data_words.members_without_claims(members),
        "A share that rises says that claims do not reach us.",
        asking=asking,
        metric_id="members_without_claims",
        live=Live(sql=str(members.attrs.get("sql", ""))),
        key="without_claims",
    )
    if len(members):
        tables.plain(
            members,
            {
                "contract_name": st.column_config.TextColumn("Contract", width=168),
                "market_name": st.column_config.TextColumn("Market", width=86),
                "members": st.column_config.NumberColumn("Members", width=74, **COUNT),
                "without_claims": st.column_config.NumberColumn("Without", width=68, **COUNT),
                "share": st.column_config.NumberColumn("Share", width=58, **SHARE),
                "share_before": st.column_config.NumberColumn("Year before", width=84, **SHARE),
            },
            key="without_claims_table",
            most=6,
        )


def _outside(asking: Asking, chosen: Narrowed) -> None:
    outside = asking.ask("data/outside_enrolment", feed=chosen.feed, contract_id=chosen.contract)
    section_head(
        data_words.outside(outside),
        "Counted apart, in no rate: the person has no member-month in that contract then.",
        asking=asking,
        metric_id="paid_outside_enrolment",
        key="outside",
    )
    if len(outside):
        tables.plain(
            outside.assign(year=outside["year"].astype("Int64").astype(str)).sort_values(
                ["year", "paid"], ascending=False
            ),
            {
                "contract_name": st.column_config.TextColumn("Contract", width=172),
                "market_name": st.column_config.TextColumn("Market", width=82),
                "year": st.column_config.TextColumn("Year", width=52),
                "claim_kind": st.column_config.TextColumn("Claims", width=80),
                "lines": st.column_config.NumberColumn("Lines", width=60, **COUNT),
                "paid": st.column_config.NumberColumn("Paid", width=94, **DOLLARS),
            },
            key="outside_table",
            most=6,
        )


@part("The claims triangle", 520)
def _triangle(chosen: Narrowed) -> None:
    asking = frame.asking_now()
    contracts = chosen.contracts
    if not contracts:
        return
    top = st.container()
    contract = chosen.contract or next(iter(contracts))
    if chosen.contract is None and len(contracts) > 1:
        contract = st.selectbox(
            "Contract of the triangle",
            list(contracts),
            format_func=contracts.__getitem__,
            key="triangle_contract",
            width=260,
        )
    triangle = asking.ask("data/triangle", contract_id=contract)
    with top:
        tools = section_head(
            data_words.triangle(triangle),
            "Medical claims paid to date by month of service and months since; darker is more complete. "
            "Completion by chain ladder; the last observed month counts as complete.",
            asking=asking,
            metric_id="medical_paid",
            live=Live(sql=str(triangle.attrs.get("sql", ""))),
            key="triangle",
        )
    drawn = charts.claims_triangle(triangle, theme=current_theme())
    st.plotly_chart(
        drawn.figure, theme=None, key="triangle_chart", config=charts.PLOTLY_CONFIG, alt=drawn.alt
    )
    with tools:
        tables.behind_chart(drawn, "triangle_chart")


def _export(
    asking: Asking, chosen: Narrowed, title: str, stem: str, question: str, rows: pd.DataFrame
) -> None:
    export_menu(
        asking,
        Export(
            title=title,
            stem=stem,
            rows=len(rows),
            fetch=lambda: chosen.of(asking.ask(question, feed=chosen.feed)),
            columns=tables.headings(question),
            filters=chosen.words(),
            definitions=as_definitions(("control_total_difference",)),
            question=question,
            parameters=chosen.parameters(),
        ),
        key=stem,
    )


if __name__ == "__main__":
    import app

    app.main()
