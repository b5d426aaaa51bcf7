"""Imports as rows: whose, of which file, how far they are. Plan and notes are encrypted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson

from ostiary.kernel.clock import now
from ostiary.kernel.context import Context
from ostiary.kernel.errors import Unavailable
from ostiary.kernel.ids import new_id
from ostiary.kernel.ports import Row
from ostiary.kernel.tables import has_table
from ostiary.records._content import remove_files
from ostiary.records._sealed import Place, register

TABLE = "records_import"
_TYPE = UUID("6f737469-6172-4a75-8040-000000000000")
PLAN = Place(TABLE, "plan", _TYPE, UUID("6f737469-6172-4a75-8041-000000000000"))
NOTED = Place(TABLE, "noted", _TYPE, UUID("6f737469-6172-4a75-8042-000000000000"))
register(PLAN, NOTED)

_COLUMNS = (
    "id, requested_by, object, object_code, phase, state, reason, job, file_id, rows_id, result_id, size,"
    " total, done, block, counts, asked_at, begun_at, ended_at"
)
_INSERT = """
insert into @.records_import
  (id, requested_by, object, object_code, phase, state, plan, file_id, size, counts, asked_at)
values (%(id)s, %(by)s, %(object)s, %(code)s, 'upload', 'draft', %(plan)s, %(file)s, %(size)s, '{}',
  %(at)s)"""
_ASK = """
update @.records_import set phase = %(phase)s, state = 'waiting', reason = '', job = %(job)s, done = 0,
  block = 0, result_id = %(result)s, noted = null, begun_at = null, ended_at = null,
  counts = counts - %(phase)s::text
where id = %(id)s"""
_ASK_ON = """
update @.records_import set state = 'waiting', reason = '', job = %(job)s, ended_at = null
where id = %(id)s"""
_BEGIN = """
update @.records_import set state = 'running', reason = '', ended_at = null,
  begun_at = coalesce(begun_at, now())
where id = %(id)s and state in ('waiting', 'failed')"""
_END = """
update @.records_import set state = case when %(reason)s::text <> '' then 'stopped'
    when state = 'cancelling' then 'cancelled' else 'done' end,
  reason = %(reason)s, ended_at = now()
where id = %(id)s and state in ('waiting', 'running', 'cancelling', 'failed') returning state"""
_CANCEL = """
update @.records_import set state = case when state = 'running' then 'cancelling' else 'cancelled' end,
  ended_at = case when state <> 'running' then now() end
where id = %(id)s and state in ('waiting', 'running', 'failed') returning state"""


class ImportPhase(StrEnum):
    """What is done with a file: taken, checked without keeping anything, imported, undone."""

    UPLOAD = "upload"
    CHECK = "check"
    RUN = "run"
    UNDO = "undo"


class ImportState(StrEnum):
    """Where the phase stands. `stopped`: it cannot go on; `failed`: its job was given up."""

    DRAFT = "draft"
    WAITING = "waiting"
    RUNNING = "running"
    CANCELLING = "cancelling"
    DONE = "done"
    CANCELLED = "cancelled"
    STOPPED = "stopped"
    FAILED = "failed"


_FORGET = (
    "delete from @.records_import_key where import_id = %(id)s",
    "delete from @.records_import_record where import_id = %(id)s",
    "delete from @.records_import where id = %(id)s",
)
OPEN_IMPORT = frozenset({ImportState.WAITING, ImportState.RUNNING, ImportState.CANCELLING})


@dataclass(frozen=True, slots=True)
class Import:
    """A file that somebody brings in. total: rows, once it was read; done: of the present phase.

    block: of rows, the next one. counts: by phase, how many rows had which fate. reason: code of what stopped
    it.
    """

    id: UUID
    requested_by: UUID
    object_id: UUID
    object: str
    phase: ImportPhase
    state: ImportState
    reason: str
    job: UUID | None
    file_id: UUID
    rows_id: UUID | None
    result_id: UUID | None
    size: int
    total: int | None
    done: int
    block: int
    counts: Mapping[str, Mapping[str, int]]
    asked_at: datetime
    begun_at: datetime | None
    ended_at: datetime | None

    @property
    def is_open(self) -> bool:
        """Whether a job is at work on it, or will be."""
        return self.state in OPEN_IMPORT

    def fates(self, phase: ImportPhase) -> Mapping[str, int]:
        """How many rows had which fate in a phase."""
        return self.counts.get(phase.value, {})


@dataclass(frozen=True, slots=True)
class FilePlan:
    """How a file is read and what is made of it.

    kind: csv or xlsx. sheets: names of those of a workbook. header: names of its columns, each once.
    columns: place in the header -> column of the object. meant: ids of these columns. key: columns by which a
    record is found. blanks: an empty cell empties. dates, numbers: how they are written, "" as ISO and plain.
    salt: of the hashes of keys, in hexadecimal digits.
    """

    name: str
    kind: str
    encoding: str = "utf-8"
    delimiter: str = ","
    sheets: Sequence[str] = ()
    sheet: str = ""
    header: Sequence[str] = ()
    columns: Mapping[int, str] = field(default_factory=dict)
    meant: Mapping[str, list[str]] = field(default_factory=dict)
    key: Sequence[str] = ()
    duplicates: str = "update"
    blanks: bool = False
    missing: str = "refuse"
    dates: str = ""
    numbers: str = ""
    salt: str = ""


@dataclass(frozen=True, slots=True)
class Noted:
    """What is shown of an end: message: why it stopped; refused: (line, key, reason) of the first rows."""

    message: str = ""
    refused: Sequence[tuple[int, str, str]] = ()


def ensure_kept(ctx: Context) -> None:
    """Raises Unavailable: tables of the release before."""
    if not has_table(ctx.db, TABLE):
        raise Unavailable("This is being updated; try again in a few minutes", retry_after_s=60)


def insert(ctx: Context, object_id: UUID, code: str, file_id: UUID, size: int, plan: FilePlan) -> UUID:
    """Keep a file that was taken; the id of the import."""
    id_ = new_id()
    values = {"id": id_, "by": ctx.actor, "object": object_id, "code": code, "file": file_id, "size": size}
    ctx.db.run(_INSERT, {**values, "plan": PLAN.seal(ctx, [id_], _data(plan)), "at": now()})
    return id_


def find(ctx: Context, import_id: UUID, *, lock: bool = False) -> Import | None:
    """An import by id; whoever shows it asks whose it is."""
    text = f"select {_COLUMNS} from @.records_import where id = %(id)s" + (" for update" if lock else "")
    row = ctx.db.row(text, {"id": import_id})
    return None if row is None else _import(row)


def list_of(ctx: Context, person: UUID, limit: int) -> list[Import]:
    """The last imports of a person."""
    rows = ctx.db.rows(
        f"select {_COLUMNS} from @.records_import where requested_by = %(by)s"
        " order by asked_at desc, id limit %(limit)s::int",
        {"by": person, "limit": limit},
    )
    return [_import(row) for row in rows]


def _import(row: Row) -> Import:
    id_, by, object_id, code, phase, state, *rest = row
    return Import(id_, by, object_id, code, ImportPhase(phase), ImportState(state), *rest)


def get_plan(ctx: Context, import_id: UUID) -> FilePlan:
    """How the file is read and mapped."""
    row = ctx.db.row("select plan from @.records_import where id = %(id)s", {"id": import_id})
    if row is None:
        raise RuntimeError("an import without its plan")
    data = PLAN.open(ctx, [import_id], row[0])
    return FilePlan(**{**data, "columns": {int(place): code for place, code in data["columns"].items()}})


def put_plan(ctx: Context, import_id: UUID, plan: FilePlan, *, reread: bool) -> None:
    """Keep a plan. reread: the rows that were read of the file are not those that it means."""
    ctx.db.run(
        "update @.records_import set plan = %(plan)s,"
        " total = case when %(reread)s::boolean then null else total end where id = %(id)s",
        {"plan": PLAN.seal(ctx, [import_id], _data(plan)), "reread": reread, "id": import_id},
    )


def _data(plan: FilePlan) -> dict[str, Any]:
    found = {name: getattr(plan, name) for name in plan.__dataclass_fields__}
    return found | {"columns": {str(place): code for place, code in plan.columns.items()}}


def get_noted(ctx: Context, import_id: UUID) -> Noted:
    """What is to be shown of its end."""
    row = ctx.db.row("select noted from @.records_import where id = %(id)s", {"id": import_id})
    if row is None or row[0] is None:
        return Noted()
    data = NOTED.open(ctx, [import_id], row[0])
    return Noted(data["message"], [tuple(each) for each in data["refused"]])


def put_noted(ctx: Context, import_id: UUID, noted: Noted) -> None:
    """Keep it."""
    blob = NOTED.seal(ctx, [import_id], {"message": noted.message, "refused": noted.refused})
    ctx.db.run("update @.records_import set noted = %(n)s where id = %(id)s", {"n": blob, "id": import_id})


def ask(ctx: Context, import_id: UUID, phase: ImportPhase, job: UUID, result_id: UUID) -> None:
    """Say what its job will do."""
    ctx.db.run(_ASK, {"id": import_id, "phase": phase.value, "job": job, "result": result_id})


def begin(ctx: Context, import_id: UUID) -> bool:
    """Say that it runs. False: somebody cancelled it."""
    return ctx.db.run(_BEGIN, {"id": import_id}) == 1


def ask_on(ctx: Context, import_id: UUID, job: UUID) -> None:
    """Another job goes on where the last one was stopped."""
    ctx.db.run(_ASK_ON, {"id": import_id, "job": job})


def note_read(ctx: Context, import_id: UUID, rows_id: UUID, total: int | None) -> None:
    """The rows of the file lie there. total: None while it is read."""
    ctx.db.run(
        "update @.records_import set rows_id = %(rows)s, total = %(total)s where id = %(id)s",
        {"rows": rows_id, "total": total, "id": import_id},
    )


def note_done(ctx: Context, made: Import, rows: int, fates: Mapping[str, int]) -> None:
    """One block more is done, with so many rows and so many of each fate."""
    known = made.fates(made.phase)
    added = {fate: known.get(fate, 0) + fates.get(fate, 0) for fate in {*known, *fates}}
    counts = {**made.counts, made.phase.value: added}
    ctx.db.run(
        "update @.records_import set done = done + %(rows)s, block = block + 1, counts = %(counts)s::jsonb"
        " where id = %(id)s",
        {"rows": rows, "counts": orjson.dumps(counts).decode(), "id": made.id},
    )


def end(ctx: Context, import_id: UUID, reason: str) -> ImportState | None:
    """Say that the phase is over; None: that was said before."""
    row = ctx.db.row(_END, {"id": import_id, "reason": reason})
    return None if row is None else ImportState(row[0])


def fail(ctx: Context, import_id: UUID, reason: str) -> None:
    """Its job was given up."""
    ctx.db.run(
        "update @.records_import set state = 'failed', reason = %(reason)s, ended_at = now()"
        " where id = %(id)s and state in ('waiting', 'running', 'cancelling')",
        {"id": import_id, "reason": reason},
    )


def cancel(ctx: Context, import_id: UUID) -> ImportState | None:
    """Let it end before its next chunk, or at once if none runs; None: it has ended."""
    row = ctx.db.row(_CANCEL, {"id": import_id})
    return None if row is None else ImportState(row[0])


def purge_one(ctx: Context, kept: timedelta) -> bool:
    """Forget an import that ended long ago, with all that lies under it. Whether there was one."""
    row = ctx.db.row(
        "select id, file_id, rows_id, result_id from @.records_import"
        " where coalesce(ended_at, asked_at) < now() - %(kept)s::interval limit 1",
        {"kept": kept},
    )
    if row is None:
        return False
    remove_files(ctx, [id_ for id_ in row[1:] if id_ is not None])
    for statement in _FORGET:
        ctx.db.run(statement, {"id": row[0]})
    return True


def forget(ctx: Context, made: Import) -> None:
    """Forget a file of which nothing was imported."""
    remove_files(ctx, [id_ for id_ in (made.file_id, made.rows_id, made.result_id) if id_ is not None])
    for statement in _FORGET:
        ctx.db.run(statement, {"id": made.id})
