"""Records as the bytes of a file: CSV, workbook or lines of JSON, page by page, nothing held but a page."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson

from ostiary.records._export_cell import cell
from ostiary.records._export_kept import ExportFormat
from ostiary.records._workbook import workbook

_DECODER = json.JSONDecoder()
_MARK = b"\xef\xbb\xbf"

TYPES = {
    ExportFormat.CSV: "text/csv; charset=utf-8",
    ExportFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ExportFormat.LINES: "application/x-ndjson",
}


def file_bytes(
    kind: ExportFormat, codes: Sequence[str], heads: Sequence[str], pages: Iterable[bytes]
) -> Iterator[bytes]:
    """The file. pages: JSON arrays of records. heads: captions of the columns `codes`."""
    if kind in (ExportFormat.LINES, ExportFormat.PRINT):
        yield from ("".join(f"{line}\n" for line in lines(page)).encode() for page in pages)
        return
    rows = (row_of(record, codes) for page in pages for record in orjson.loads(page))
    if kind is ExportFormat.XLSX:
        yield from workbook(["Id", *heads], rows)
        return
    yield _MARK + csv_bytes([["Id", *map(cell, heads)]])
    for page in pages:
        found = [[cell(value) for value in row_of(record, codes)] for record in orjson.loads(page)]
        if found:
            yield csv_bytes(found)


def row_of(record: dict[str, Any], codes: Sequence[str]) -> list[Any]:
    """The values of a record in the order of the columns, its id first."""
    return [record["id"], *(record.get(code) for code in codes)]


def lines(page: bytes) -> Iterator[str]:
    """The records of a JSON array as PostgreSQL wrote them, so that no number is read and written again."""
    text, at = page.decode(), 1
    while (start := text.find("{", at)) >= 0:
        _, at = _DECODER.raw_decode(text, start)
        yield text[start:at]


def csv_bytes(rows: list[list[str]]) -> bytes:
    """Rows as RFC 4180 CSV."""
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue().encode()
