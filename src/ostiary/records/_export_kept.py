"""Exports as rows: whose, of what, why, how much, where their file lies. The request is encrypted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson

from ostiary.kernel.clock import now
from ostiary.kernel.context import Context
from ostiary.kernel.errors import Unavailable
from ostiary.kernel.ports import Row
from ostiary.kernel.tables import has_table
from ostiary.records._bulk_kept import filter_data
from ostiary.records._content import remove_files
from ostiary.records._filters import parse_filter
from ostiary.records._query import RecordQuery, Sort
from ostiary.records._sealed import Place, register

TABLE = "records_export"
_PLACE = Place(
    TABLE,
    "request",
    UUID("6f737469-6172-4a75-8047-000000000000"),
    UUID("6f737469-6172-4a75-8048-000000000000"),
)
register(_PLACE)

_COLUMNS = (
    "id, requested_by, object, object_code, format, state, reason, job, classes, file_id, parts, total, done,"
    " asked_at, ended_at, expires_at"
)
_INSERT = """
insert into @.records_export (id, requested_by, object, object_code, format, state, job, request, classes,
  file_id, total, done, asked_at, ended_at)
values (%(id)s, %(by)s, %(object)s, %(code)s, %(format)s, %(state)s, %(job)s, %(request)s,
  %(classes)s::jsonb, %(file)s, %(total)s, %(done)s, %(at)s,
  case when %(state)s::text = 'done' then %(at)s::timestamptz end)"""
_TAKEN = """
select coalesce(sum(case when state in ('cancelled', 'stopped', 'failed') then done else total end), 0)
from @.records_export where requested_by = %(by)s and asked_at > now() - interval '24 hours'"""
_END = """
update @.records_export set state = case when %(reason)s::text <> '' then 'stopped'
    when state = 'cancelling' then 'cancelled' else 'done' end,
  reason = %(reason)s, ended_at = now(), expires_at = now() + %(kept)s::interval
where id = %(id)s and state in ('waiting', 'running', 'cancelling', 'failed') returning state"""
_CANCEL = """
update @.records_export set state = case when state = 'running' then 'cancelling' else 'cancelled' end,
  ended_at = case when state <> 'running' then now() end
where id = %(id)s and state in ('waiting', 'running', 'failed') returning state"""
_EXPIRED = """
select id, file_id from @.records_export where file_id is not null
  and (expires_at < now() or state in ('cancelled', 'stopped')) limit 1"""


class ExportFormat(StrEnum):
    """What a file is."""

    CSV = "csv"
    XLSX = "xlsx"
    LINES = "jsonl"
    PRINT = "print"  # on paper: made at once, never a file


class ExportState(StrEnum):
    """Where an export stands; as of an import."""

    WAITING = "waiting"
    RUNNING = "running"
    CANCELLING = "cancelling"
    DONE = "done"
    CANCELLED = "cancelled"
    STOPPED = "stopped"
    FAILED = "failed"


OPEN_EXPORT = frozenset({ExportState.WAITING, ExportState.RUNNING, ExportState.CANCELLING})


@dataclass(frozen=True, slots=True)
class Export:
    """A file that somebody took out. classes: how many columns of each class. total: records then.

    file_id: None where it left at once, or is gone. parts: of the file, so far.
    """

    id: UUID
    requested_by: UUID
    object_id: UUID
    object: str
    format: ExportFormat
    state: ExportState
    reason: str
    job: UUID | None
    classes: Mapping[str, int]
    file_id: UUID | None
    parts: int
    total: int
    done: int
    asked_at: datetime
    ended_at: datetime | None
    expires_at: datetime | None

    @property
    def is_open(self) -> bool:
        """Whether a job is at work on it, or will be."""
        return self.state in OPEN_EXPORT


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What was asked for. query: its `after` is the place to go on. heads: captions of its columns then.

    meant: ids of the columns that it names. why: the reason given.
    """

    query: RecordQuery
    heads: Sequence[str]
    why: str = ""
    meant: Mapping[str, list[str]] | None = None


def ensure_kept(ctx: Context) -> None:
    """Raises Unavailable: tables of the release before."""
    if not has_table(ctx.db, TABLE):
        raise Unavailable("This is being updated; try again in a few minutes", retry_after_s=60)


def lock_person(ctx: Context) -> None:
    """Let no other export of the principal begin until this transaction ends."""
    key = f"export {ctx.db.schema} {ctx.actor}"
    ctx.db.row("select pg_advisory_xact_lock(hashtextextended(%(key)s, 0))", {"key": key})


def taken_lately(ctx: Context) -> int:
    """How many records the principal took out in the last 24 hours."""
    row = ctx.db.row(_TAKEN, {"by": ctx.actor})
    return int(row[0]) if row else 0


def insert(ctx: Context, export: Export, request: ExportRequest) -> None:
    """Keep an export."""
    ctx.db.run(
        _INSERT,
        {
            "id": export.id,
            "by": export.requested_by,
            "object": export.object_id,
            "code": export.object,
            "format": export.format.value,
            "state": export.state.value,
            "job": export.job,
            "request": _PLACE.seal(ctx, [export.id], _data(request)),
            "classes": orjson.dumps(export.classes).decode(),
            "file": export.file_id,
            "total": export.total,
            "done": export.done,
            "at": now(),
        },
    )


def find(ctx: Context, export_id: UUID, *, lock: bool = False) -> Export | None:
    """An export by id; whoever shows it asks whose it is."""
    text = f"select {_COLUMNS} from @.records_export where id = %(id)s" + (" for update" if lock else "")
    row = ctx.db.row(text, {"id": export_id})
    return None if row is None else _export(row)


def list_of(ctx: Context, person: UUID, limit: int) -> list[Export]:
    """The last exports of a person."""
    rows = ctx.db.rows(
        f"select {_COLUMNS} from @.records_export where requested_by = %(by)s"
        " order by asked_at desc, id limit %(limit)s::int",
        {"by": person, "limit": limit},
    )
    return [_export(row) for row in rows]


def _export(row: Row) -> Export:
    id_, by, object_id, code, kind, state, *rest = row
    return Export(id_, by, object_id, code, ExportFormat(kind), ExportState(state), *rest)


def get_request(ctx: Context, export_id: UUID) -> ExportRequest:
    """What was asked for."""
    row = ctx.db.row("select request from @.records_export where id = %(id)s", {"id": export_id})
    if row is None:
        raise RuntimeError("an export without its request")
    data = _PLACE.open(ctx, [export_id], row[0])
    query = RecordQuery(
        data["object"],
        tuple(data["columns"]),
        parse_filter(data["filter"]),
        tuple(Sort.parse(text) for text in data["sort"]),
        after=data["after"],
    )
    return ExportRequest(query, data["heads"], data["why"], data["meant"])


def _data(request: ExportRequest) -> dict[str, Any]:
    query = request.query
    return {
        "object": query.object,
        "columns": query.columns or (),
        "filter": filter_data(query.filter),
        "sort": [f"{'-' if sort.descending else ''}{sort.column}" for sort in query.sort],
        "after": query.after,
        "heads": request.heads,
        "why": request.why,
        "meant": request.meant,
    }


def begin(ctx: Context, export_id: UUID) -> bool:
    """Say that it runs. False: somebody cancelled it."""
    text = (
        "update @.records_export set state = 'running', reason = '', ended_at = null"
        " where id = %(id)s and state in ('waiting', 'failed')"
    )
    return ctx.db.run(text, {"id": export_id}) == 1


def note_part(ctx: Context, export: Export, request: ExportRequest, rows: int, after: str | None) -> None:
    """One part more, and where to go on."""
    onward = replace(request, query=replace(request.query, after=after))
    ctx.db.run(
        "update @.records_export set parts = parts + 1, done = done + %(rows)s, request = %(request)s"
        " where id = %(id)s",
        {"rows": rows, "request": _PLACE.seal(ctx, [export.id], _data(onward)), "id": export.id},
    )


def end(ctx: Context, export_id: UUID, reason: str, kept: timedelta) -> ExportState | None:
    """Say that it is over; None: that was said before."""
    row = ctx.db.row(_END, {"id": export_id, "reason": reason, "kept": kept})
    return None if row is None else ExportState(row[0])


def fail(ctx: Context, export_id: UUID, reason: str) -> None:
    """Its job was given up."""
    ctx.db.run(
        "update @.records_export set state = 'failed', reason = %(reason)s, ended_at = now()"
        " where id = %(id)s and state in ('waiting', 'running', 'cancelling')",
        {"id": export_id, "reason": reason},
    )


def cancel(ctx: Context, export_id: UUID) -> ExportState | None:
    """Let it end before its next part, or at once if none is made; None: it has ended."""
    row = ctx.db.row(_CANCEL, {"id": export_id})
    return None if row is None else ExportState(row[0])


def drop_file(ctx: Context, export_id: UUID, file_id: UUID) -> None:
    """The file is gone; that there was one stays."""
    remove_files(ctx, [file_id])
    ctx.db.run("update @.records_export set file_id = null where id = %(id)s", {"id": export_id})


def expire_one(ctx: Context, kept: timedelta) -> bool:
    """Remove one file whose time is over, or forget what ended long ago. Whether there was any."""
    row = ctx.db.row(_EXPIRED)
    if row is not None:
        drop_file(ctx, row[0], row[1])
        return True
    text = (
        "delete from @.records_export where file_id is null"
        " and coalesce(ended_at, asked_at) < now() - %(kept)s::interval"
    )
    return ctx.db.run(text, {"kept": kept}) > 0
