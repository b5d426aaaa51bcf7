"""Export as lines of JSON: the same rights as the list, in chunks, each recorded before it leaves."""

import json
from collections.abc import Iterator
from itertools import chain

from ostiary.access import public as access
from ostiary.kernel.context import Context
from ostiary.kernel.errors import FieldError, Invalid
from ostiary.kernel.messages import worded
from ostiary.records._export_rows import lines
from ostiary.records._query import Page, RecordQuery
from ostiary.records._read import count_records
from ostiary.records._settings import EXPORT_MOST
from ostiary.records._stream import Renew, chunks

EXPORTED = "records.record.exported"


def most_at_once(ctx: Context) -> int:
    """How many records the tenant lets out in one export; 0: any number."""
    most = access.get_setting(ctx, EXPORT_MOST.code)
    return most if isinstance(most, int) else 0


def too_many(most: int) -> Invalid:
    """The refusal of a list that has more."""
    words = worded("More than %(most)s records: filter the list first", most=most)
    return Invalid([FieldError("filter", "too_many", words)])


def _ensure_within_limit(ctx: Context, query: RecordQuery) -> None:
    most = most_at_once(ctx)
    if most and count_records(ctx, query.object, query.filter).value > most:
        raise too_many(most)


def export_lines(ctx: Context, query: RecordQuery, renew: Renew | None = None) -> Iterator[bytes]:
    """The list as JSON, a record in each line, from the first or from the cursor of `query` on.

    After each chunk a line `{"next": cursor}`, from which a later call goes on; the last one has null, and a
    list without it broke off. What refuses the first chunk is raised here. renew: as of `stream_records`.
    Raises: AccessDenied: no CanExportGrid. Invalid: more than ExportMaxRecords; otherwise as `list_records`.
    """
    access.ensure_operation(ctx, access.Operation.EXPORT_LIST)
    _ensure_within_limit(ctx, query)

    def decide(chunk: Context) -> Context:
        return still_exports(chunk if renew is None else renew(chunk))

    pages = chunks(ctx, query, EXPORTED, decide)
    return map(_lines, chain([next(pages)], pages))


def _lines(page: Page) -> bytes:
    """The records, and the cursor behind them."""
    return "".join(f"{line}\n" for line in [*lines(page.json), json.dumps({"next": page.next})]).encode()


def still_exports(ctx: Context) -> Context:
    """Raises AccessDenied: the principal may not take lists out."""
    access.ensure_operation(ctx, access.Operation.EXPORT_LIST)
    return ctx
