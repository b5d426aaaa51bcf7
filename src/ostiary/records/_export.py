"""Export as CSV or lines of JSON: the same rights as the list, in chunks, each recorded before it leaves."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from typing import Any

from ostiary.access import public as access
from ostiary.kernel.context import Context
from ostiary.kernel.errors import FieldError, Invalid
from ostiary.kernel.messages import worded
from ostiary.records._columns import Bound, selected_columns
from ostiary.records._query import Page, RecordQuery
from ostiary.records._read import count_records, readable_view
from ostiary.records._settings import EXPORT_MOST
from ostiary.records._stream import Renew, chunks
from ostiary.records._view import decided

_DECODER = json.JSONDecoder()
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\x00")


def export_csv(ctx: Context, query: RecordQuery) -> Iterator[bytes]:
    """The list as RFC 4180 CSV, UTF-8 with a byte order mark, one header row.

    The operation and the columns are decided when this is called, before the first chunk is asked for.
    Raises: AccessDenied: no CanExportGrid. Invalid: more than ExportMaxRecords; otherwise as `list_records`.
    """
    access.ensure_operation(ctx, access.Operation.EXPORT_LIST)
    _ensure_within_limit(ctx, query)
    view = decided(ctx, lambda: readable_view(ctx, query.object))
    listed = decided(ctx, lambda: selected_columns(Bound(ctx, view), query.columns))
    columns = [(c.code, c.caption) for c in listed]
    return _rows(ctx, replace(query, after=None), columns)


def _ensure_within_limit(ctx: Context, query: RecordQuery) -> None:
    """Raises Invalid: the list has more records than the tenant lets out at once."""
    most = access.get_setting(ctx, EXPORT_MOST.code)
    if not isinstance(most, int) or not most:
        return
    if count_records(ctx, query.object, query.filter).value > most:
        words = worded("More than %(most)s records: filter the list first", most=most)
        raise Invalid([FieldError("filter", "too_many", words)])


def _rows(ctx: Context, query: RecordQuery, columns: list[tuple[str, str]]) -> Iterator[bytes]:
    yield b"\xef\xbb\xbf" + _csv([["Id", *(caption for _, caption in columns)]])
    for page in chunks(ctx, query, "records.record.exported", _still_exports):
        if page.ids:
            yield _csv([[r["id"], *(cell(r.get(code)) for code, _ in columns)] for r in page.records()])


def export_lines(ctx: Context, query: RecordQuery, renew: Renew | None = None) -> Iterator[bytes]:
    """The list as JSON, a record in each line, from the first or from the cursor of `query` on.

    After each chunk a line `{"next": cursor}`, from which a later call goes on; the last one has null, and a
    list without it broke off. What refuses the first chunk is raised here. renew: as of `stream_records`.
    Raises: as `export_csv`.
    """
    access.ensure_operation(ctx, access.Operation.EXPORT_LIST)
    _ensure_within_limit(ctx, query)

    def decide(chunk: Context) -> Context:
        return _still_exports(chunk if renew is None else renew(chunk))

    pages = chunks(ctx, query, "records.record.exported", decide)
    return map(_lines, chain([next(pages)], pages))


def _lines(page: Page) -> bytes:
    """The records as PostgreSQL wrote them, so that no number is read and written again."""
    text, at, lines = page.json.decode(), 1, list[str]()
    for _ in page.ids:
        start = text.index("{", at)
        _, at = _DECODER.raw_decode(text, start)
        lines.append(text[start:at])
    return "".join(f"{line}\n" for line in [*lines, json.dumps({"next": page.next})]).encode()


def _still_exports(ctx: Context) -> Context:
    access.ensure_operation(ctx, access.Operation.EXPORT_LIST)
    return ctx


def cell(value: Any) -> str:
    """A value as a spreadsheet cell; what would run as a formula gets an apostrophe (ASVS 1.2.10)."""
    if value is None:
        return ""
    if isinstance(value, dict):
        value = "(restricted)" if value.get("restricted") else _first(value, "masked", "display", "id")
    if isinstance(value, (bool, int, float)):
        return str(value).lower() if isinstance(value, bool) else str(value)
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _first(value: dict[str, Any], *keys: str) -> object:
    """The first of the keys that says something."""
    return next((value[key] for key in keys if value.get(key)), "")


def _csv(rows: list[list[str]]) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue().encode()
