"""A large export as a job: page by page into encrypted parts, each decided at the rights of its moment."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from ostiary.access import public as access
from ostiary.audit import public as audit
from ostiary.jobs import public as jobs
from ostiary.kernel.context import Context
from ostiary.kernel.tables import has_table
from ostiary.records import _export_kept as store
from ostiary.records._bulk_job import STOPPING
from ostiary.records._bulk_walk import code_of_now, ensure_meant
from ostiary.records._content import put_part
from ostiary.records._export import EXPORTED, still_exports
from ostiary.records._export_kept import Export, ExportState
from ostiary.records._read import select_page
from ostiary.records._settings import EXPORT_KEPT
from ostiary.records._view import decided, view_of

TASK = "records.export.run"
PAGE = 500  # records of one transaction
REMEMBERED = timedelta(days=30)
_BEGINNABLE = frozenset({ExportState.WAITING, ExportState.FAILED})


def record(ctx: Context, export: Export, event: str, facts: Mapping[str, object]) -> None:
    """The event of a step of an export, found by its id."""
    what = {"object": export.object_id, **facts}
    audit.append(ctx, event, object_type="export", object_ref=export.id, parts=[audit.Part("export", what)])


def _run(run: jobs.Run) -> None:
    reason, more = "", True
    while more:
        try:
            with run.open() as ctx:
                more = _step(run, ctx)
        except STOPPING as refusal:
            reason, more = refusal.code, False
    with run.open(finish=True) as ctx:
        _end(ctx, run.arguments["export"], reason)


def _step(run: jobs.Run, ctx: Context) -> bool:
    """One page; whether there are more. Raises what stops the whole."""
    export = store.find(ctx, run.arguments["export"])
    if export is None or not _is_running(ctx, export) or export.file_id is None:
        return False
    request = store.get_request(ctx, export.id)
    if export.parts and request.query.after is None:
        return False  # the last page was made, and the worker died before it said so
    still_exports(ctx)
    code = code_of_now(ctx, export.object_id)
    decided(ctx, lambda: ensure_meant(view_of(ctx, code), request.meant or {}))
    query = replace(request.query, object=code, limit=PAGE)
    page, _ = decided(ctx, lambda: select_page(ctx, query))
    facts = {"ids": [str(each) for each in page.ids], "count": len(page.ids)}
    name = view_of(ctx, code).object.name
    audit.append(ctx, EXPORTED, object_type=name, parts=[audit.Part("read", facts)])
    put_part(ctx, export.object_id, export.file_id, export.parts, page.json)
    store.note_part(ctx, export, request, len(page.ids), page.next)
    run.note(ctx, done=export.done + len(page.ids), total=export.total, cursor={"part": export.parts + 1})
    return page.next is not None


def _is_running(ctx: Context, export: Export) -> bool:
    if export.state not in _BEGINNABLE:
        return export.state is ExportState.RUNNING
    return store.begin(ctx, export.id)


def _end(ctx: Context, export_id: UUID, reason: str) -> None:
    kept = access.get_setting(ctx, EXPORT_KEPT.code)
    state = store.end(ctx, export_id, reason, kept if isinstance(kept, timedelta) else timedelta(0))
    export = store.find(ctx, export_id)
    if state is None or export is None:
        return
    if state is not ExportState.DONE and export.file_id is not None:
        store.drop_file(ctx, export.id, export.file_id)
    facts = {"state": state.value, "reason": reason, "count": export.done, "classes": dict(export.classes)}
    record(ctx, export, "records.export.ended", facts)


def _failed(ctx: Context, arguments: Mapping[str, object], code: str) -> None:
    """The job was given up: by a bug of ours, or because whoever asked may not act any more."""
    export_id = arguments["export"]
    if isinstance(export_id, UUID) and has_table(ctx.db, store.TABLE):
        store.fail(ctx, export_id, code)


def _expire(run: jobs.Run) -> None:
    more = True
    while more:
        with run.open_as_owner() as ctx:
            more = has_table(ctx.db, store.TABLE) and store.expire_one(ctx, REMEMBERED)


jobs.register(
    jobs.Task(
        TASK,
        _run,
        {"export": jobs.Kind.ID},
        lane=jobs.Lane.BULK,
        retry=jobs.Retry(attempts=8, first_s=10.0, factor=3.0, most_s=3600.0),
        failed=_failed,
        purpose="export",
    )
)
jobs.register(
    jobs.Task(
        "records.export.expire",
        _expire,
        every="37 * * * *",
        lane=jobs.Lane.BULK,
        owner=True,
        operator=True,
        event="records.export.expired",
        purpose="operation",
    )
)
