"""A workbook written while it leaves: one sheet, rows as they come, no file and no table of texts (ADR-0038).

Texts stand in their cells (`inlineStr`), so they are texts for every program and never formulas; what would
run as one when the sheet is saved as CSV stands behind an apostrophe all the same.
"""

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from xml.sax.saxutils import escape

from ostiary.records._export_cell import cell, plain_value

MOST_ROWS = 1_048_576  # of a sheet, the header among them
LONGEST = 32_767  # characters of a cell
_FLUSH = 64 * 1024
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_NS = "http://schemas.openxmlformats.org"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{_NS}/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/xl/workbook.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
    '<Override PartName="/xl/worksheets/sheet1.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_NS}/package/2006/relationships"><Relationship Id="rId1" Type='
    f'"{_NS}/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{_NS}/spreadsheetml/2006/main" xmlns:r='
    f'"{_NS}/officeDocument/2006/relationships"><sheets><sheet name="Records" sheetId="1" r:id="rId1"/>'
    "</sheets></workbook>",
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_NS}/package/2006/relationships"><Relationship '
    f'Id="rId1" Type="{_NS}/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/>'
    "</Relationships>",
}


class _Outgoing(io.RawIOBase):
    """Takes what a zip file writes until it is fetched. It cannot be sought."""

    def __init__(self) -> None:
        self._held = bytearray()

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, data: Any) -> int:
        """Hold it."""
        self._held += data
        return len(data)

    def fetch(self) -> bytes:
        """What came since."""
        found = bytes(self._held)
        self._held.clear()
        return found


def workbook(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """The bytes of a workbook. rows: values of records, as `plain_value` takes them."""
    out = _Outgoing()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in _PARTS.items():
            archive.writestr(name, _HEAD + text)
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            for text in _sheet(heads, rows):
                sheet.write(text.encode())
                yield out.fetch()
    yield out.fetch()


def _sheet(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    held = [_HEAD, f'<worksheet xmlns="{_NS}/spreadsheetml/2006/main"><sheetData>', _row(heads)]
    length = 0
    for row in rows:
        held.append(_row(row))
        length += len(held[-1])
        if length > _FLUSH:
            yield "".join(held)
            held, length = [], 0
    yield "".join([*held, "</sheetData></worksheet>"])


def _row(values: Sequence[Any]) -> str:
    return f"<row>{''.join(map(_cell, values))}</row>"


def _cell(value: Any) -> str:
    plain = plain_value(value)
    if isinstance(plain, bool):
        return f'<c t="b"><v>{int(plain)}</v></c>'
    if isinstance(plain, (int, float)):
        return f"<c><v>{plain}</v></c>"
    if not plain:
        return "<c/>"
    text = escape(_UNWRITABLE.sub("", cell(plain))[:LONGEST])
    return f'<c t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
