"""Changing many records on a page: few at once, more as a job, both kept alike so that both can be undone."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from ostiary.access import public as access
from ostiary.kernel.context import Context
from ostiary.records import _bulk_chunk as chunks
from ostiary.records import _bulk_kept as store
from ostiary.records._bulk import CHUNK
from ostiary.records._bulk_ask import ensure_bulk, get_bulk, record
from ostiary.records._bulk_chunk import KeptRow
from ostiary.records._bulk_job import Row, end_bulk, ensure_sensible, request_bulk, write_chunk
from ostiary.records._bulk_kept import Bulk, BulkState, Wanted
from ostiary.records._bulk_select import Which
from ostiary.records._import_result import escape_formula
from ostiary.records._query import RecordQuery
from ostiary.records._read import list_records, readable_view

MOST_LISTED = 100
_LIST = f"""
select {store.COLUMNS} from @.records_bulk b where requested_by = %(by)s
  and (job is not null or exists (select from @.records_bulk_chunk c where c.bulk_id = b.id))
order by asked_at desc limit %(limit)s::int"""
HEADER = ("row", "record", "outcome", "version", "reason")


def change_many(
    ctx: Context,
    object_code: str,
    verb: access.Verb,
    which: Which,
    values: Mapping[str, object] | None = None,
) -> Bulk:
    """Change or delete a selection: done when this returns where it is one chunk, else asked for as a job.

    Raises: as `request_bulk`.
    """
    chunks.ensure_kept(ctx)
    ensure_sensible(verb, which, values)
    ensure_bulk(ctx, object_code, verb, values)
    rows = _few(ctx, object_code, which)
    if rows is None:
        return request_bulk(ctx, object_code, verb, which, values)
    view = readable_view(ctx, object_code)
    bulk = store.new_bulk(ctx, view.object.id, object_code, verb, len(rows))
    bulk = begin_now(ctx, replace(bulk, by_filter=not isinstance(which, Sequence)))
    record(ctx, bulk, "records.bulk.requested", {"rows": len(rows), "columns": sorted(values or {})})
    write_chunk(ctx, bulk, object_code, rows, Wanted(values or {}))
    end_bulk(ctx, bulk.id)
    return get_bulk(ctx, bulk.id)


def begin_now(ctx: Context, bulk: Bulk) -> Bulk:
    """Keep a change that is made in this transaction."""
    store.ensure_kept(ctx)
    bulk = replace(bulk, state=BulkState.RUNNING)
    store.insert(ctx, bulk, None)
    return bulk


def _few(ctx: Context, code: str, which: Which) -> list[Row] | None:
    """The rows of a selection, each once; None: more than one chunk."""
    if isinstance(which, Sequence):
        ids = list(dict.fromkeys(which))
        return [(n, id_, None) for n, id_ in enumerate(ids)] if len(ids) <= CHUNK else None
    page = list_records(ctx, RecordQuery(code, columns=(), filter=which, limit=CHUNK))
    if page.next is not None:
        return None
    return [(n, UUID(r["id"]), r["version"]) for n, r in enumerate(page.records())]


def list_bulks(ctx: Context) -> list[Bulk]:
    """The last bulk changes of the principal of which it is kept what became of each row."""
    rows = ctx.db.rows(_LIST, {"by": ctx.actor, "limit": MOST_LISTED}) if chunks.is_kept(ctx) else []
    return [store.bulk_of(row) for row in rows]


def bulk_result(ctx: Context, bulk_id: UUID) -> Iterator[bytes]:
    """What became of each row, as UTF-8 CSV; taken while the transaction is open. Raises NotFound.

    It names records by id and shows none of their values, so that it takes nothing out of the system.
    """
    bulk = get_bulk(ctx, bulk_id)
    chunks.ensure_kept(ctx)
    record(ctx, bulk, "records.bulk.opened", {"rows": bulk.done})
    return _lines(ctx, bulk)


def _lines(ctx: Context, bulk: Bulk) -> Iterator[bytes]:
    yield b"\xef\xbb\xbf" + _csv([HEADER])
    for chunk in chunks.list_chunks(ctx, bulk.id):
        yield _csv([_cells(row) for row in chunk.rows])


def _cells(row: KeptRow) -> tuple[str, ...]:
    version = "" if row.version is None else str(row.version)
    return str(row.number + 1), str(row.id), row.outcome.value, version, escape_formula(row.reason)


def _csv(lines: Sequence[tuple[str, ...]]) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows(lines)
    return buffer.getvalue().encode()
