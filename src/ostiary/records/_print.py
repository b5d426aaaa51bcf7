"""Records for paper: with Confidential or Restricted columns they leave by the door of exports (ADR 0038).

Without, printing is reading. Either way what is masked is printed masked, and what is restricted is absent.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from ostiary.access import public as access
from ostiary.kernel.context import Context
from ostiary.objects.public import Column
from ostiary.records._export import too_many
from ostiary.records._export_ask import CLOSED, decided_columns, export_records, reason_needed
from ostiary.records._export_kept import ExportFormat
from ostiary.records._query import RecordQuery
from ostiary.records._read import count_records, list_records

PRINT_MOST = 500  # records on one print


@dataclass(frozen=True, slots=True)
class PrintPreview:
    """What would be printed. closed: those of its columns that make it an export; may: the principal exports.

    needs_reason: one has to be given.
    """

    count: int
    closed: tuple[Column, ...]
    needs_reason: bool
    may: bool


def preview_print(ctx: Context, query: RecordQuery) -> PrintPreview:
    """What a print of these records would hold. Raises: AccessDenied: layer 2, column. NotFound. Invalid."""
    _view, columns = decided_columns(ctx, query)
    count = count_records(ctx, query.object, query.filter).value
    closed = tuple(column for column in columns if column.data_class in CLOSED)
    may = not closed or access.may_operate(ctx, access.Operation.EXPORT_LIST)
    return PrintPreview(count, closed, reason_needed(ctx, columns), may)


def print_records(ctx: Context, query: RecordQuery, why: str = "") -> list[Mapping[str, Any]]:
    """The records, recorded as an export where closed columns are among them, else as a list that was read.

    Raises: as `preview_print`; as `export_records`; Invalid: `filter`, more than fit on one print.
    """
    preview = preview_print(ctx, query)
    if preview.count > PRINT_MOST:
        raise too_many(PRINT_MOST)
    if not preview.closed:
        whole = RecordQuery(query.object, query.columns, query.filter, query.sort, limit=PRINT_MOST)
        return list(list_records(ctx, whole).records())
    _export, chunks = export_records(ctx, query, ExportFormat.PRINT, why)
    if chunks is None:
        raise RuntimeError("a print is never so large that a job makes it")
    return [orjson.loads(line) for line in b"".join(chunks).splitlines()]
