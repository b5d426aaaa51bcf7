"""Changes of many records as rows: who asked, how far they are, what became of them.

What was asked for lies encrypted and goes when the change has ended; of the rows, what was refused stays.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson

from ostiary.access import public as access
from ostiary.crypto import public as crypto
from ostiary.kernel.clock import now
from ostiary.kernel.context import Context
from ostiary.kernel.errors import Unavailable
from ostiary.kernel.ids import new_id
from ostiary.kernel.ports import Row
from ostiary.kernel.tables import has_table
from ostiary.records._bulk import Outcome
from ostiary.records._bulk_notes import RowNote
from ostiary.records._filters import And, Compare, Filter, Not, Or, parse_filter

TABLE = "records_bulk"
SCOPE = "records"
MOST_KEPT = 1_000  # refused rows of one job
_TYPE = UUID("6f737469-6172-4a75-8030-000000000000")
_REQUEST = UUID("6f737469-6172-4a75-8031-000000000000")
_DETAIL = UUID("6f737469-6172-4a75-8032-000000000000")

COLUMNS = (
    "id, object_code, verb, state, reason, total, done, refused, asked_at, begun_at, ended_at, job,"
    " requested_by, object, by_filter"
)
_INSERT = """
insert into @.records_bulk
  (id, job, requested_by, object, object_code, verb, request, by_filter, state, total, done, refused,
   asked_at, ended_at)
values (%(id)s, %(job)s, %(by)s, %(object)s, %(code)s, %(verb)s, %(request)s, %(filter)s, %(state)s,
  %(total)s, %(done)s, %(refused)s, %(at)s,
  case when %(state)s::text = 'done' then %(at)s::timestamptz end)"""
_INSERT_ROWS = """
insert into @.records_bulk_row (bulk_id, number, record_id, outcome, version, visible, detail)
select %(bulk)s, * from unnest(%(numbers)s::int[], %(ids)s::uuid[], %(outcomes)s::text[], %(versions)s::int[],
  %(visible)s::boolean[], %(details)s::bytea[])"""
_NOTES = """
select number, record_id, outcome, version, visible, detail from @.records_bulk_row
where bulk_id = %(bulk)s and number > %(after)s and outcome is not null
order by number limit %(limit)s::int"""
_END = """
update @.records_bulk set state = case when %(reason)s::text <> '' then 'stopped'
    when state = 'cancelling' then 'cancelled' else 'done' end,
  reason = %(reason)s, request = null, ended_at = now()
where id = %(id)s and state in ('waiting', 'running', 'cancelling', 'failed') returning state"""
_CANCEL = """
update @.records_bulk set state = case when state = 'running' then 'cancelling' else 'cancelled' end,
  request = case when state = 'running' then request end,
  ended_at = case when state <> 'running' then now() end
where id = %(id)s and state in ('waiting', 'running', 'failed') returning state"""


class BulkState(StrEnum):
    """Where a long change stands. `stopped`: what the person may do has changed; `reason` is the refusal.

    `failed`: its job was given up; what manages jobs can try it again.
    """

    WAITING = "waiting"
    RUNNING = "running"
    CANCELLING = "cancelling"
    DONE = "done"
    CANCELLED = "cancelled"
    STOPPED = "stopped"
    FAILED = "failed"


OPEN = frozenset({BulkState.WAITING, BulkState.RUNNING, BulkState.CANCELLING})


@dataclass(frozen=True, slots=True)
class Bulk:
    """A change of many records. object: its code when it was asked for. reason: code of what stopped it.

    total: how many were selected then; done: how many had their turn, of which `refused` were refused.
    job: None where it was done at once.
    """

    id: UUID
    object: str
    verb: access.Verb
    state: BulkState
    reason: str
    total: int
    done: int
    refused: int
    asked_at: datetime
    begun_at: datetime | None
    ended_at: datetime | None
    job: UUID | None
    requested_by: UUID
    object_id: UUID
    by_filter: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for. meant: the columns behind its codes and paths (`_bulk_walk.meaning`)."""

    values: Mapping[str, Any] = field(default_factory=dict)
    filter: Filter | None = None
    meant: Mapping[str, list[str]] = field(default_factory=dict)


def ensure_kept(ctx: Context) -> None:
    """Raises Unavailable: tables of the release before."""
    if not has_table(ctx.db, TABLE):
        raise Unavailable("This is being updated; try again in a few minutes", retry_after_s=60)


def insert(ctx: Context, bulk: Bulk, wanted: Wanted | None) -> None:
    """Keep a change."""
    ctx.db.run(
        _INSERT,
        {
            "id": bulk.id,
            "job": bulk.job,
            "by": bulk.requested_by,
            "object": bulk.object_id,
            "code": bulk.object,
            "verb": bulk.verb.value,
            "request": None if wanted is None else _sealed(ctx, bulk.id, wanted),
            "filter": bulk.by_filter,
            "state": bulk.state.value,
            "total": bulk.total,
            "done": bulk.done,
            "refused": bulk.refused,
            "at": bulk.asked_at,
        },
    )


def new_bulk(ctx: Context, object_id: UUID, code: str, verb: access.Verb, total: int) -> Bulk:
    """A change that nobody has begun."""
    return Bulk(
        id=new_id(),
        object=code,
        verb=verb,
        state=BulkState.WAITING,
        reason="",
        total=total,
        done=0,
        refused=0,
        asked_at=now(),
        begun_at=None,
        ended_at=None,
        job=None,
        requested_by=ctx.actor,
        object_id=object_id,
        by_filter=False,
    )


def find(ctx: Context, bulk: UUID) -> Bulk | None:
    """A change by id, or None; whoever shows it asks whose it is."""
    row = ctx.db.row(f"select {COLUMNS} from @.records_bulk where id = %(id)s", {"id": bulk})
    return None if row is None else bulk_of(row)


def bulk_of(row: Row) -> Bulk:
    """A change from its `COLUMNS`."""
    id_, code, verb, state, *rest = row
    return Bulk(id_, code, access.Verb(verb), BulkState(state), *rest)


def _sealed(ctx: Context, bulk: UUID, wanted: Wanted) -> bytes:
    data = {"values": wanted.values, "filter": filter_data(wanted.filter), "meant": wanted.meant}
    return _encrypt(ctx, data, _place(ctx.tenant_id, [bulk], "request"))


def get_wanted(ctx: Context, bulk: UUID) -> Wanted:
    """What was asked for, while it is kept."""
    row = ctx.db.row("select request from @.records_bulk where id = %(id)s", {"id": bulk})
    if row is None or row[0] is None:
        raise RuntimeError("what was asked for is gone")
    data = orjson.loads(crypto.decrypt(ctx, bytes(row[0]), _place(ctx.tenant_id, [bulk], "request")))
    return Wanted(data["values"], parse_filter(data["filter"]), data["meant"])


def filter_data(node: Filter | None) -> object:
    """A filter in the form that `parse_filter` reads."""
    match node:
        case None:
            return None
        case Compare(path, op, value):
            return {"field": path, "op": op.value} | ({} if value is None else {"value": value})
        case Not(child):
            return {"not": filter_data(child)}
        case And(children):
            return {"and": [filter_data(child) for child in children]}
        case Or(children):
            return {"or": [filter_data(child) for child in children]}


def keep_pending(ctx: Context, bulk: UUID, ids: Sequence[UUID]) -> None:
    """Rows that wait for their turn."""
    _insert_rows(ctx, bulk, [(number, id_, None, None, True, None) for number, id_ in enumerate(ids)])


def pending(ctx: Context, bulk: UUID, limit: int) -> list[tuple[int, UUID]]:
    """(place, id) of the next rows that wait."""
    rows = ctx.db.rows(
        "select number, record_id from @.records_bulk_row where bulk_id = %(bulk)s and outcome is null"
        " order by number limit %(limit)s::int",
        {"bulk": bulk, "limit": limit},
    )
    return [(row[0], row[1]) for row in rows]


def begin(ctx: Context, bulk: UUID) -> bool:
    """Say that it runs. False: somebody cancelled it."""
    return (
        ctx.db.run(
            "update @.records_bulk set state = 'running', reason = '', ended_at = null,"
            " begun_at = coalesce(begun_at, now()) where id = %(id)s and state in ('waiting', 'failed')",
            {"id": bulk},
        )
        == 1
    )


def note_chunk(ctx: Context, bulk: Bulk, notes: Sequence[RowNote]) -> None:
    """Keep what became of a chunk: figures, and its refused rows up to `MOST_KEPT` of all."""
    refused = [note for note in notes if note.outcome is not Outcome.OK]
    ctx.db.run(
        "delete from @.records_bulk_row where bulk_id = %(bulk)s and number = any(%(numbers)s::int[])",
        {"bulk": bulk.id, "numbers": [note.number for note in notes]},
    )
    keep_notes(ctx, bulk.id, refused[: max(0, MOST_KEPT - bulk.refused)])
    ctx.db.run(
        "update @.records_bulk set done = done + %(done)s, refused = refused + %(refused)s where id = %(id)s",
        {"done": len(notes), "refused": len(refused), "id": bulk.id},
    )


def keep_notes(ctx: Context, bulk: UUID, notes: Sequence[RowNote]) -> None:
    """Keep what became of rows."""
    _insert_rows(
        ctx,
        bulk,
        [(n.number, n.id, n.outcome.value, n.version, n.visible, _detail(ctx, bulk, n)) for n in notes],
    )


def _detail(ctx: Context, bulk: UUID, note: RowNote) -> bytes | None:
    """Encrypted: a refusal may repeat a value that was given."""
    if not note.detail:
        return None
    return _encrypt(ctx, note.detail, _place(ctx.tenant_id, [bulk, note.number], "detail"))


def list_notes(ctx: Context, bulk: UUID, after: int = -1, limit: int = MOST_KEPT) -> tuple[RowNote, ...]:
    """What is kept of the rows, in order, from the one behind place `after` on."""
    rows = ctx.db.rows(_NOTES, {"bulk": bulk, "after": after, "limit": limit})
    return tuple(_note(ctx, bulk, row) for row in rows)


def _note(ctx: Context, bulk: UUID, row: Row) -> RowNote:
    number, id_, outcome, version, visible, blob = row
    detail: dict[str, Any] = {}
    if blob is not None:
        detail = orjson.loads(
            crypto.decrypt(ctx, bytes(blob), _place(ctx.tenant_id, [bulk, number], "detail"))
        )
    return RowNote(number, id_, Outcome(outcome), version, visible, detail)


def end(ctx: Context, bulk: UUID, reason: str) -> BulkState | None:
    """Say that it is over, and forget what was asked for; None: that was said before."""
    row = ctx.db.row(_END, {"id": bulk, "reason": reason})
    if row is None:
        return None
    _forget_pending(ctx, bulk)
    return BulkState(row[0])


def fail(ctx: Context, bulk: UUID, reason: str) -> None:
    """Its job was given up; what was asked for stays, so that it can be tried again."""
    ctx.db.run(
        "update @.records_bulk set state = 'failed', reason = %(reason)s, ended_at = now()"
        " where id = %(id)s and state in ('waiting', 'running', 'cancelling')",
        {"id": bulk, "reason": reason},
    )


def cancel(ctx: Context, bulk: UUID) -> BulkState | None:
    """Let it end before its next chunk, or at once if none runs; None: it has ended."""
    row = ctx.db.row(_CANCEL, {"id": bulk})
    if row is None:
        return None
    if row[0] == BulkState.CANCELLED:
        _forget_pending(ctx, bulk)
    return BulkState(row[0])


def _forget_pending(ctx: Context, bulk: UUID) -> None:
    ctx.db.run("delete from @.records_bulk_row where bulk_id = %(bulk)s and outcome is null", {"bulk": bulk})


def _insert_rows(ctx: Context, bulk: UUID, rows: Sequence[Row]) -> None:
    if rows:
        names = ("numbers", "ids", "outcomes", "versions", "visible", "details")
        columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
        ctx.db.run(_INSERT_ROWS, {"bulk": bulk, **columns})


def _encrypt(ctx: Context, data: object, place: bytes) -> bytes:
    return crypto.ensure_dek(ctx, SCOPE).encrypt(orjson.dumps(data, default=str), place)


def _place(tenant_id: UUID, key: Sequence[Any], column: str) -> bytes:
    if column == "request":
        return crypto.bind(tenant_id, _TYPE, _REQUEST, key[0])
    return crypto.bind(tenant_id, _TYPE, _DETAIL, key[0]) + int(key[1]).to_bytes(4)


for _table, _keys, _blob in (
    (TABLE, (("id", "uuid"),), "request"),
    ("records_bulk_row", (("bulk_id", "uuid"), ("number", "integer")), "detail"),
):
    crypto.register_encrypted(crypto.Encrypted(_table, _keys, (_blob,), _place))
