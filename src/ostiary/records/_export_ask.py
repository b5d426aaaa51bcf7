"""Taking records out as a file: what it would hold, who may, why, how much in a day; at once or as a job."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from ostiary.access import public as access
from ostiary.audit import public as audit
from ostiary.jobs import public as jobs
from ostiary.kernel.clock import now
from ostiary.kernel.context import Context
from ostiary.kernel.errors import FieldError, Invalid, NotFound
from ostiary.kernel.ids import new_id
from ostiary.objects.public import Column, DataClass
from ostiary.records import _export_kept as store
from ostiary.records._bulk_ask import is_discarded
from ostiary.records._bulk_walk import meaning
from ostiary.records._columns import Bound, selected_columns
from ostiary.records._content import read_part
from ostiary.records._export import EXPORTED, most_at_once, still_exports, too_many
from ostiary.records._export_job import TASK, record
from ostiary.records._export_kept import Export, ExportFormat, ExportRequest, ExportState
from ostiary.records._export_rows import file_bytes
from ostiary.records._query import RecordQuery
from ostiary.records._read import count_records, readable_view
from ostiary.records._settings import EXPORT_PER_DAY, EXPORT_REASON
from ostiary.records._stream import chunks
from ostiary.records._view import View, decided
from ostiary.records._workbook import MOST_ROWS

DIRECT = 5_000  # records that leave at once
CLOSED = frozenset({DataClass.CONFIDENTIAL, DataClass.RESTRICTED})
LONGEST_REASON = 500
MOST_LISTED = 50


@dataclass(frozen=True, slots=True)
class ExportPreview:
    """What an export would hold, before anything leaves.

    columns: in their order. needs_reason: closed fields are among them. left: records that the principal may
    still take out today; None: any number. most: in one file; 0: any number. direct: it would leave at once.
    """

    count: int
    columns: tuple[Column, ...]
    needs_reason: bool
    left: int | None
    most: int
    direct: bool


def preview_export(ctx: Context, query: RecordQuery) -> ExportPreview:
    """What an export of the list would hold.

    Raises: AccessDenied: operation, layer 2, column. NotFound. Invalid.
    """
    store.ensure_kept(ctx)
    still_exports(ctx)
    view, columns = decided_columns(ctx, query)
    count = count_records(ctx, view.object.code, query.filter).value
    per_day = _per_day(ctx)
    left = max(0, per_day - store.taken_lately(ctx)) if per_day else None
    return ExportPreview(
        count, columns, reason_needed(ctx, columns), left, most_at_once(ctx), direct=count <= DIRECT
    )


def decided_columns(ctx: Context, query: RecordQuery) -> tuple[View, tuple[Column, ...]]:
    """The object, and the columns that the query would give. Raises AccessDenied, NotFound, Invalid."""
    view = decided(ctx, lambda: readable_view(ctx, query.object))
    return view, tuple(decided(ctx, lambda: selected_columns(Bound(ctx, view), query.columns)))


def reason_needed(ctx: Context, columns: tuple[Column, ...]) -> bool:
    """Whether the tenant asks why columns of these classes leave."""
    asked = access.get_setting(ctx, EXPORT_REASON.code) is True
    return asked and any(column.data_class in CLOSED for column in columns)


def _per_day(ctx: Context) -> int:
    found = access.get_setting(ctx, EXPORT_PER_DAY.code)
    return found if isinstance(found, int) else 0


def export_records(
    ctx: Context, query: RecordQuery, kind: ExportFormat, why: str = ""
) -> tuple[Export, Iterator[bytes] | None]:
    """Export a list: a small one as the bytes of its file, a large one as a job that makes it; then None.

    That it was asked for is durable before the first byte, with what it holds and why.
    Raises: as `preview_export`; Invalid: `reason`, `format`, `filter` (too many) or `quota`.
    """
    preview = preview_export(ctx, query)
    _ensure_permitted(preview, kind, why)
    view = decided(ctx, lambda: readable_view(ctx, query.object))
    codes = tuple(column.code for column in preview.columns)
    whole = replace(query, object=view.object.code, columns=codes, after=None)
    sorts = [sort.column for sort in query.sort]
    request = ExportRequest(
        whole,
        [column.caption for column in preview.columns],
        why.strip(),
        meaning(view, [*codes, *sorts], query.filter),
    )
    export = _new(ctx, view.object.id, view.object.code, kind, preview)
    if preview.direct:
        with ctx.db.aside() as db:
            _reserve(ctx.within(db), replace(export, state=ExportState.DONE, done=export.total), request)
        pages = (page.json for page in chunks(ctx, whole, EXPORTED, still_exports))
        return export, file_bytes(kind, codes, request.heads, pages)
    waiting = replace(export, file_id=new_id(), job=jobs.defer(ctx, TASK, {"export": export.id}))
    _reserve(ctx, waiting, request)
    return waiting, None


def _ensure_permitted(preview: ExportPreview, kind: ExportFormat, why: str) -> None:
    errors = []
    if preview.needs_reason and not why.strip():
        errors.append(
            FieldError("reason", "required", "Say why: Confidential or Restricted fields are in it")
        )
    if len(why) > LONGEST_REASON:
        errors.append(FieldError("reason", "too_long", f"At most {LONGEST_REASON} characters"))
    if kind is ExportFormat.XLSX and preview.count >= MOST_ROWS:
        errors.append(FieldError("format", "too_many", f"A sheet has at most {MOST_ROWS:,} rows: take CSV"))
    if errors:
        raise Invalid(errors)
    if preview.most and preview.count > preview.most:
        raise too_many(preview.most)


def _new(ctx: Context, object_id: UUID, code: str, kind: ExportFormat, preview: ExportPreview) -> Export:
    classes = {each.name.lower(): 0 for each in DataClass}
    for column in preview.columns:
        classes[column.data_class.name.lower()] += 1
    return Export(
        id=new_id(),
        requested_by=ctx.actor,
        object_id=object_id,
        object=code,
        format=kind,
        state=ExportState.WAITING,
        reason="",
        job=None,
        classes={name: count for name, count in classes.items() if count},
        file_id=None,
        parts=0,
        total=preview.count,
        done=0,
        asked_at=now(),
        ended_at=None,
        expires_at=None,
    )


def _reserve(ctx: Context, export: Export, request: ExportRequest) -> None:
    """Keep it, within what the principal may take out in a day; nobody gets there twice at one moment."""
    store.lock_person(ctx)
    per_day, taken = _per_day(ctx), store.taken_lately(ctx)
    if per_day and taken + export.total > per_day:
        words = (
            f"You may export {per_day:,} records in 24 hours and have exported {taken:,}; this would be"
            f" {export.total:,} more. Filter the list, or try again tomorrow"
        )
        audit.append_aside(ctx, "records.export.refused", outcome="denied", parts=[_part(export, request)])
        raise Invalid([FieldError("quota", "too_many", words)], words)
    store.insert(ctx, export, request)
    parts = [_part(export, request)]
    audit.append(ctx, "records.export.requested", object_type="export", object_ref=export.id, parts=parts)


def _part(export: Export, request: ExportRequest) -> audit.Part:
    what: Mapping[str, object] = {
        "object": export.object_id,
        "format": export.format.value,
        "count": export.total,
        "classes": dict(export.classes),
        "columns": list(request.query.columns or ()),
        "reason": request.why,
        "direct": export.job is None,
    }
    return audit.Part("export", dict(what))


def get_export(ctx: Context, export_id: UUID, *, lock: bool = False) -> Export:
    """An export that the principal asked for. Raises NotFound: absent, or somebody else's."""
    store.ensure_kept(ctx)
    found = store.find(ctx, export_id, lock=lock)
    if found is None or found.requested_by != ctx.principal:
        audit.append_aside(
            ctx, "records.export.refused", outcome="denied", object_type="export", object_ref=export_id
        )
        raise NotFound
    return _as_it_is(ctx, found)


def _as_it_is(ctx: Context, export: Export) -> Export:
    """The export, cancelled where somebody who manages jobs gave its job up."""
    if export.is_open and export.job is not None and is_discarded(ctx, export.job):
        return replace(export, state=ExportState.CANCELLED)
    return export


def list_exports(ctx: Context) -> list[Export]:
    """The last exports of the principal."""
    store.ensure_kept(ctx)
    return [_as_it_is(ctx, export) for export in store.list_of(ctx, ctx.actor, MOST_LISTED)]


def open_export(ctx: Context, export_id: UUID) -> tuple[Export, Iterator[bytes]]:
    """The file of an export, for whoever asked for it; taken while the transaction is open.

    Raises: NotFound: absent, somebody else's, not ready, expired. AccessDenied: no CanExportGrid any more.
    """
    export = get_export(ctx, export_id)
    still_exports(ctx)
    gone = export.expires_at is None or export.expires_at <= now()
    if export.state is not ExportState.DONE or export.file_id is None or gone:
        raise NotFound
    request = store.get_request(ctx, export.id)
    record(ctx, export, "records.export.opened", {"count": export.done})
    pages = _pages(ctx, export.file_id, export.parts)
    return export, file_bytes(export.format, request.query.columns or (), request.heads, pages)


def _pages(ctx: Context, file_id: UUID, parts: int) -> Iterator[bytes]:
    for number in range(parts):
        yield read_part(ctx, file_id, number)


def cancel_export(ctx: Context, export_id: UUID) -> None:
    """Let it end, or give its file up. Raises NotFound."""
    export = get_export(ctx, export_id, lock=True)
    if store.cancel(ctx, export.id) is not None:
        record(ctx, export, "records.export.cancelled", {})
    elif export.file_id is not None:
        store.drop_file(ctx, export.id, export.file_id)
        record(ctx, export, "records.export.discarded", {})
