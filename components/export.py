"""Taking rows out of the application: CSV or Excel, with what they mean beside them, and an audit entry
before.

A file that leaves carries its filters, definitions and snapshot: Excel on a second sheet, CSV as a text
file in the same zip. Text cells that a spreadsheet would run as a formula are neutralised. Rows about
members need the action `export_members`; the audit entry is written when the file is asked for, before a
byte of it is made, so an export that cannot be recorded does not happen.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

import pandas as pd
import streamlit as st
import xlsxwriter

from components import formats
from components.asking import Asking
from queries import NotPermitted

Kind = Literal["csv", "xlsx"]
# What a spreadsheet takes for the start of a formula (OWASP, "CSV injection"), half and full width.
FORMULA_START = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20", "|", "%")
IDENTIFYING = frozenset({"name", "first_name", "last_name", "phone", "email", "address", "birth_date"})
RECEIPTS = "export_receipts"
AWAITED = "export_awaited"
# Seconds to look for the receipt of an export that was asked for.
LOOKS = 60


@dataclass(frozen=True)
class Export:
    """One table to take out.

    fetch: asks for the rows again when the file is wanted. columns: heading by column name, in order.
    filters and definitions: (name, words) as the second sheet lists them. question and filters_asked: what
    the audit records.
    """

    title: str
    stem: str
    rows: int
    fetch: Callable[[], pd.DataFrame]
    columns: Mapping[str, str]
    filters: Sequence[tuple[str, str]]
    definitions: Sequence[tuple[str, str]]
    question: str
    filters_asked: Any = None
    member_level: bool = False
    parameters: Mapping[str, Any] = field(default_factory=dict)
    # Rows as a payer sent them: they may name anybody, and belong to those who look after the feeds.
    as_sent: bool = False

    @property
    def identifies(self) -> bool:
        return any(column in IDENTIFYING for column in self.columns)

    def permitted(self, asking: Asking) -> bool:
        """True if this person may take these rows out."""
        if self.as_sent:
            return asking.may("view_quarantine")
        return not self.member_level or asking.may("export_members")


def export_menu(asking: Asking, export: Export, *, key: str, label: str = "Export") -> None:
    """The button that opens what will be in the file, and the two files. Nothing for a role that may not."""
    if not export.permitted(asking):
        return
    with st.popover(label, icon=":material/download:", type="tertiary", key=f"{key}_export"):
        st.markdown(f"**{formats.count_of(export.rows, 'row')}** · {export.title}")
        st.caption(_contents(export))
        for kind, words, mime in (
            ("csv", "CSV (zip)", "application/zip"),
            ("xlsx", "Excel", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ):
            st.download_button(
                words,
                data=_file(asking, export, kind, st.session_state.setdefault(RECEIPTS, {})),
                file_name=file_name(export, kind, asking.snapshot),
                mime=mime,
                icon=":material/table_view:" if kind == "xlsx" else ":material/csv:",
                key=f"{key}_{kind}",
                on_click=_await_receipt,
                width="stretch",
            )


def receipt() -> None:
    """What was exported last, until dismissed: rows, file, identifiers, and that it is recorded."""
    said = st.session_state.get(RECEIPTS, {}).get("last")
    if not said:
        if st.session_state.get(AWAITED, 0):
            # The file is made beside the page's own run, which ends first.
            st.fragment(_look_for_receipt, run_every=1.0)()
        return
    st.session_state.pop(AWAITED, None)
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="export_receipt"):
        st.markdown(f":blue[:material/task_alt:] {said}", width="stretch")
        st.button(
            "Dismiss", icon=":material/close:", type="tertiary", key="receipt_dismiss", on_click=_dismiss
        )


def file_name(export: Export, kind: Kind, snapshot: str) -> str:
    """`eastgate-ed-2026-11-20.zip`: what it is and the day of its snapshot."""
    return f"{export.stem}-{snapshot[:10]}.{'zip' if kind == 'csv' else 'xlsx'}"


def neutralised(value: Any) -> Any:
    """Text that a spreadsheet would run as a formula, with an apostrophe before it;
    everything else as it is.
    """
    if isinstance(value, str) and value.lstrip(" \xa0").startswith(FORMULA_START):
        return f"'{value}"
    return value


def csv_zip(frame: pd.DataFrame, export: Export, about: Sequence[tuple[str, str]], snapshot: str) -> bytes:
    """A zip with the rows as CSV (UTF-8 with a mark, so that Excel reads accents) and
    `about.txt` beside it.
    """
    lines = io.StringIO(newline="")
    writer = csv.writer(lines)
    writer.writerow([neutralised(heading) for heading in export.columns.values()])
    for row in _cells(frame, export.columns):
        writer.writerow(["" if cell is None else neutralised(_text(cell)) for cell in row])
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{export.stem}-{snapshot[:10]}.csv", "\ufeff" + lines.getvalue())
        archive.writestr("about.txt", "".join(f"{name}: {words}\n" for name, words in about))
    return out.getvalue()


def workbook(frame: pd.DataFrame, export: Export, about: Sequence[tuple[str, str]]) -> bytes:
    """An Excel workbook: the rows on the first sheet, filters, definitions and snapshot on the second."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(
        out, {"strings_to_formulas": False, "strings_to_urls": False, "nan_inf_to_errors": True}
    )
    bold = book.add_format({"bold": True, "bottom": 1})
    dated = book.add_format({"num_format": "d mmm yyyy", "align": "left"})
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    rows = book.add_worksheet("Rows")
    rows.freeze_panes(1, 0)
    for at, heading in enumerate(export.columns.values()):
        rows.write_string(0, at, str(neutralised(heading)), bold)
        rows.set_column(at, at, max(10, min(32, len(heading) + 4)))
    for line, row in enumerate(_cells(frame, export.columns), start=1):
        for at, cell in enumerate(row):
            if cell is None:
                continue
            if isinstance(cell, date | datetime):
                rows.write_datetime(line, at, cell, dated)
            elif isinstance(cell, bool):
                rows.write_boolean(line, at, cell)
            elif isinstance(cell, int | float):
                rows.write_number(line, at, cell)
            else:
                rows.write_string(line, at, str(neutralised(str(cell))))
    notes = book.add_worksheet("About these rows")
    notes.set_column(0, 0, 28)
    notes.set_column(1, 1, 96)
    for line, (name, words) in enumerate(about):
        notes.write_string(line, 0, str(neutralised(name)), bold if line == 0 else wrapped)
        notes.write_string(line, 1, str(neutralised(words)), bold if line == 0 else wrapped)
    book.close()
    return out.getvalue()


def about_rows(export: Export, asking: Asking, rows: int) -> list[tuple[str, str]]:
    """The second sheet: what this is, who took it, when, its filters, definitions and snapshot."""
    return [
        (export.title, f"{rows:,} rows"),
        ("Exported by", f"{asking.principal.name}, {datetime.now():%d %b %Y %H:%M}"),
        ("Snapshot", asking.snapshot),
        *((f"Filter: {name}", words) for name, words in export.filters),
        *((f"Definition: {name}", words) for name, words in export.definitions),
        (
            "Formula-like text",
            "Text starting with = + - @ carries an apostrophe, so that no spreadsheet runs it",
        ),
    ]


def _file(asking: Asking, export: Export, kind: Kind, receipts: dict[str, str]) -> Callable[[], bytes]:
    """What the download runs when it is clicked: permission again, the rows, the audit
    entry, then the bytes.
    """

    def made() -> bytes:
        asking.require_signed_in()
        if not export.permitted(asking):
            raise NotPermitted("Your role may not take these rows out.")
        frame = export.fetch()
        # Before the bytes: an export that cannot be recorded must not happen.
        asking.record(
            "export",
            export.question,
            export.filters_asked,
            rows=len(frame),
            frame=frame if export.member_level else None,
            detail={"file": file_name(export, kind, asking.snapshot), **export.parameters},
        )
        about = about_rows(export, asking, len(frame))
        made_bytes = (
            workbook(frame, export, about)
            if kind == "xlsx"
            else csv_zip(frame, export, about, asking.snapshot)
        )
        receipts["last"] = _said(export, kind, asking.snapshot, len(frame))
        return made_bytes

    return made


def _said(export: Export, kind: Kind, snapshot: str, rows: int) -> str:
    text = (
        f"**Exported {formats.count_of(rows, 'row')} at {datetime.now():%H:%M} to "
        f"{file_name(export, kind, snapshot)}.** "
    )
    if export.as_sent:
        return text + (
            "The rows are as the payer sent them and may name members. The export is in the audit log under "
            "your name. Delete the file when the payer has answered."
        )
    if not export.member_level:
        return text + "No member rows are in it. The export is in the audit log under your name."
    who = (
        "Names and phone numbers are included: your role may see them. "
        if export.identifies
        else "No names are in it. "
    )
    return (
        text
        + who
        + "The export is in the audit log under your name. Delete the file when the outreach is done."
    )


def _contents(export: Export) -> str:
    who = "No rows about single members."
    if export.as_sent:
        who = "Rows as the payer sent them: they may name members."
    elif export.member_level:
        who = (
            "Names and phone numbers are included: your role may see them."
            if export.identifies
            else "Rows about single members, without names or phones."
        )
    return (
        f"{who} Filters, definitions and the snapshot come with it. "
        "It is written to the audit log under your name."
    )


def _cells(frame: pd.DataFrame, columns: Mapping[str, str]) -> list[list[Any]]:
    """The rows as plain Python values, None where nothing is known."""
    picked = frame.reindex(columns=list(columns)).astype(object)
    return [[_plain(cell) for cell in row] for row in picked.itertuples(index=False, name=None)]


def _plain(cell: Any) -> Any:
    if isinstance(cell, list | tuple) or hasattr(cell, "tolist") and bool(getattr(cell, "ndim", 0)):
        return ", ".join(str(part) for part in cell)
    if not formats.known(cell):
        return None
    if isinstance(cell, pd.Timestamp):
        return cell.to_pydatetime()
    return cell.item() if hasattr(cell, "item") else cell


def _text(cell: Any) -> Any:
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d}" if cell.time() == datetime.min.time() else f"{cell:%Y-%m-%d %H:%M}"
    return cell


def _await_receipt() -> None:
    st.session_state.get(RECEIPTS, {}).pop("last", None)
    st.session_state[AWAITED] = LOOKS


def _look_for_receipt() -> None:
    looks = st.session_state.get(AWAITED, 0)
    if not looks:
        return
    st.session_state[AWAITED] = looks - 1
    if st.session_state.get(RECEIPTS, {}).get("last"):
        st.rerun()


def _dismiss() -> None:
    st.session_state.get(RECEIPTS, {}).pop("last", None)
