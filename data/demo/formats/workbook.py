"""A small Excel workbook (Office Open XML) from an Arrow table: one sheet of text, a title above the header.

Written directly because a roster of thirty thousand cells is due thirty-six times, and because the bytes must
not depend on the clock: every part of the archive has the same date.
"""

from __future__ import annotations

import io
import zipfile
from xml.sax.saxutils import escape

import pyarrow as pa
import pyarrow.compute as pc

_DATE = (2020, 1, 1, 0, 0, 0)
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/xl/workbook.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
    '<Override PartName="/xl/worksheets/sheet1.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
    f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
    f'Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
}


def workbook(table: pa.Table, title: str, sheet: str) -> bytes:
    """The workbook: the title in the first row, an empty row, the header, the rows. Nulls are no cell."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, part in _PARTS.items():
            _add(archive, name, (_HEAD + part).encode())
        book = (
            f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets><sheet name="{escape(sheet)}" '
            'sheetId="1" r:id="rId1"/></sheets></workbook>'
        )
        _add(archive, "xl/workbook.xml", book.encode())
        _add(archive, "xl/worksheets/sheet1.xml", _sheet(table, title))
    return content.getvalue()


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    archive.writestr(
        zipfile.ZipInfo(name, _DATE), content, compress_type=zipfile.ZIP_DEFLATED, compresslevel=1
    )


def _sheet(table: pa.Table, title: str) -> bytes:
    letters = [_letter(position) for position in range(table.num_columns)]
    header = "".join(
        _cell(f"{letter}3", escape(name)) for letter, name in zip(letters, table.column_names, strict=True)
    )
    above = f'<row r="1">{_cell("A1", escape(title))}</row><row r="3">{header}</row>'
    number = pc.cast(pa.array(range(4, table.num_rows + 4)), pa.string())
    cells = [_cells(letter, number, column) for letter, column in zip(letters, table.columns, strict=True)]
    start = pc.binary_join_element_wise(pa.scalar('<row r="'), number, pa.scalar('">'), "")
    rows = pc.binary_join_element_wise(start, *cells, pa.scalar("</row>"), "")
    body = "".join(rows.to_pylist())
    return f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetData>{above}{body}</sheetData></worksheet>'.encode()


def _cells(letter: str, number: pa.Array, column: pa.ChunkedArray) -> pa.Array:
    values = pc.cast(column, pa.string()).combine_chunks()
    if isinstance(values, pa.ChunkedArray):
        values = pa.array([], pa.string())
    for plain, coded in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        values = pc.replace_substring(values, plain, coded)
    made = pc.binary_join_element_wise(
        pa.scalar(f'<c r="{letter}'), number, pa.scalar('" t="inlineStr"><is><t>'), values,
        pa.scalar("</t></is></c>"), "",
    )  # fmt: skip
    return pc.fill_null(made, "")


def _cell(place: str, value: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{value}</t></is></c>'


def _letter(position: int) -> str:
    name = ""
    position += 1
    while position:
        position, left = divmod(position - 1, 26)
        name = chr(ord("A") + left) + name
    return name
