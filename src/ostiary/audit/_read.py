"""Reading events back: those of one object, and the proof that one is as it was written."""

import hmac
from binascii import a2b_base64
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from ostiary.audit._canonical import canonical, microseconds
from ostiary.audit._event import bind_part
from ostiary.audit._leaf import commit, hash_leaf
from ostiary.audit._many import RECORDS
from ostiary.audit._store import ABOUT
from ostiary.crypto import public as crypto
from ostiary.kernel.context import Context
from ostiary.kernel.errors import NotFound
from ostiary.kernel.ids import EventId, PrincipalId
from ostiary.kernel.ports import Row
from ostiary.kernel.tables import has_table

_MOST = 500

_OF_OBJECT = """
select i.event_id, i.occurred_at, i.type, i.outcome, i.actor, p.part_no, p.blob
from (
  select event_id, occurred_at, type, outcome, actor from @.audit_index
  where object_ref = %(ref)s and object_type = %(type)s
    and (%(types)s::text[] is null or type = any(%(types)s::text[]))
  order by event_id desc limit %(limit)s::int
) i left join @.audit_payload p on p.event_id = i.event_id
order by i.event_id desc, p.part_no"""

# An event about many is found at each of them: with the technical part and those that tell of this one.
_OF_OBJECT_OR_MANY = """
with found as (
  (select event_id, occurred_at, type, outcome, actor, false as many, null::smallint as shared_part,
     null::smallint as own_part
   from @.audit_index where object_ref = %(ref)s and object_type = %(type)s
     and (%(types)s::text[] is null or type = any(%(types)s::text[]))
   order by event_id desc limit %(limit)s::int)
  union all
  (select i.event_id, i.occurred_at, i.type, i.outcome, i.actor, true, a.shared_part, a.own_part
   from @.audit_about a join @.audit_index i using (event_id)
   where a.object_ref = %(ref)s and a.object_type = %(type)s
     and (%(types)s::text[] is null or i.type = any(%(types)s::text[]))
   order by a.event_id desc limit %(limit)s::int)
  order by event_id desc limit %(limit)s::int)
select i.event_id, i.occurred_at, i.type, i.outcome, i.actor, p.part_no, p.blob
from found i left join @.audit_payload p on p.event_id = i.event_id
  and (not i.many or p.part_no in (0, i.shared_part, i.own_part))
order by i.event_id desc, p.part_no"""

_LATEST = """
select i.event_id, i.occurred_at, i.type, i.outcome, i.actor, p.part_no, p.blob
from (
  select event_id, occurred_at, type, outcome, actor from @.audit_index
  where %(since)s::timestamptz is null or occurred_at >= %(since)s::timestamptz
  order by event_id desc limit %(limit)s::int
) i left join @.audit_payload p on p.event_id = i.event_id
order by i.event_id desc, p.part_no"""

# The newest events of somebody, however few of them are of these types: a bound on what is looked at.
_TOUCHED = """
select object_type, object_ref from (
  select object_type, object_ref, min(n) as n from (
    select object_type, object_ref, type, row_number() over (order by event_id desc) as n
    from @.audit_index where actor = %(actor)s order by event_id desc limit %(looked_at)s::int
  ) e where object_ref is not null and type = any(%(types)s::text[]) group by object_type, object_ref
) t order by n limit %(limit)s::int"""

_WHOLE = """
select count(*), coalesce(bool_and(jsonb_array_length(convert_from(e.leaf, 'UTF8')::jsonb -> 'pc') = (
  select count(*) from @.audit_payload p where p.event_id = e.id and p.blob is not null)), true)
from @.audit_event e where e.id = any(%(ids)s)"""

_EVENT = """
select id, occurred_at, tenant_id, type, outcome, actor_kind, actor_ref, object_type, object_ref, request_id,
  leaf
from @.audit_event where id = %(id)s"""
_PARTS = """
select part_no, blob, salt_blob from @.audit_payload where event_id = %(id)s order by part_no"""
_QUEUED = "select leaf_hash from @.audit_queue where event_id = %(id)s"


@dataclass(frozen=True, slots=True)
class EventView:
    """An event as it is shown. `parts`: contents in the order written; erased ones are absent.

    technical: channel, purpose, address and client, empty when erased. intact: False if a part was altered.
    """

    id: EventId
    occurred_at: datetime
    type: str
    outcome: str
    actor: PrincipalId | None
    parts: list[dict[str, Any]]
    technical: dict[str, Any]
    intact: bool


def list_events(
    ctx: Context, object_type: str, object_ref: UUID, limit: int = 50, *, types: Sequence[str] = ()
) -> list[EventView]:
    """Events about one object, newest first, at most 500; the caller decides whether `ctx` may see them.

    types: only events of these; none: all.
    """
    wanted = {
        "type": object_type,
        "ref": object_ref,
        "limit": max(0, min(limit, _MOST)),
        "types": list(types) or None,
    }
    rows_of: dict[UUID, list[Row]] = {}
    of_object = _OF_OBJECT_OR_MANY if has_table(ctx.db, ABOUT) else _OF_OBJECT
    for row in ctx.db.rows(of_object, wanted):
        rows_of.setdefault(row[0], []).append(row)
    return [_of_one(_view(ctx, rows), object_ref) for rows in rows_of.values()]


def list_touched(ctx: Context, types: Sequence[str], limit: int) -> list[tuple[str, UUID]]:
    """(type, id) of what the acting person's own latest events of these types are about, newest first.

    Only the newest 500 events are looked at. Whether `ctx` may still see any of it is for the caller to ask.
    """
    wanted = {
        "actor": ctx.actor,
        "types": list(types),
        "limit": max(0, min(limit, _MOST)),
        "looked_at": _MOST,
    }
    return [(kind, ref) for kind, ref in ctx.db.rows(_TOUCHED, wanted)]


def _of_one(view: EventView, object_ref: UUID) -> EventView:
    """The event with what a shared part tells of this object alone."""
    mine = str(object_ref)

    def told(part: dict[str, Any]) -> list[dict[str, Any]]:
        if RECORDS not in part:
            return [part]
        return [entry for entry in part[RECORDS] if entry["record"] == mine]

    return replace(view, parts=[entry for part in view.parts for entry in told(part)])


def are_whole(ctx: Context, events: Sequence[UUID]) -> bool:
    """Whether each of these events still has every part that its leaf commits to: nothing was erased."""
    row = ctx.db.row(_WHOLE, {"ids": list(events)})
    return row == (len(set(events)), True)


def list_latest(ctx: Context, *, since: datetime | None = None, limit: int = 50) -> list[EventView]:
    """The newest events of all, newest first, at most 500; the caller decides whether `ctx` may see them."""
    rows_of: dict[UUID, list[Row]] = {}
    for row in ctx.db.rows(_LATEST, {"since": since, "limit": max(0, min(limit, _MOST))}):
        rows_of.setdefault(row[0], []).append(row)
    return [_view(ctx, rows) for rows in rows_of.values()]


def _view(ctx: Context, rows: list[Row]) -> EventView:
    event_id, occurred_at, type_, outcome, actor, *_ = rows[0]
    contents: dict[int, dict[str, Any]] = {}
    intact = True
    for *_, number, blob in rows:
        if blob is None:
            continue
        try:
            place, _salt_place = bind_part(ctx.tenant_id, event_id, number)
            contents[number] = orjson.loads(crypto.decrypt(ctx, bytes(blob), place))
        except crypto.KeyGone:
            continue
        except crypto.Undecipherable:
            intact = False
    technical = contents.pop(0, {})
    return EventView(event_id, occurred_at, type_, outcome, actor, list(contents.values()), technical, intact)


def verify_event(ctx: Context, event_id: UUID) -> tuple[str, ...]:
    """What is wrong with an event: with its leaf, its columns, its parts or its place in the queue.

    Nothing, if it is as it was written; parts that were erased are not missed. Raises NotFound.
    """
    row = ctx.db.row(_EVENT, {"id": event_id})
    if row is None:
        raise NotFound
    leaf = bytes(row[-1])
    queued = ctx.db.row(_QUEUED, {"id": event_id})
    problems = []
    if queued is not None and not hmac.compare_digest(bytes(queued[0]), hash_leaf(leaf)):
        problems.append("the leaf is not the one that was queued")
    try:
        said = orjson.loads(leaf)
        if canonical(said) != leaf:
            problems.append("the leaf is not in canonical form")
        if {k: v for k, v in said.items() if k != "pc"} != _leaf_of(row):
            problems.append("the leaf and the columns differ")
        problems += _check_parts(ctx, event_id, said["pc"])
    except (ValueError, KeyError, TypeError, AttributeError):
        problems.append("the leaf cannot be read")
    return tuple(problems)


def _leaf_of(row: Row) -> dict[str, Any]:
    event_id, at, tenant, type_, outcome, actor_kind, actor_ref, object_type, object_ref, request, _ = row
    said = {
        "v": 1,
        "id": str(event_id),
        "t": microseconds(at),
        "tn": str(tenant),
        "ty": type_,
        "ac": {"k": actor_kind, "r": actor_ref and str(actor_ref)},
        "ob": object_type and {"k": object_type, "r": object_ref and str(object_ref)},
        "oc": outcome,
        "rq": str(request),
    }
    read: dict[str, Any] = orjson.loads(canonical(said))
    return read


def _check_parts(ctx: Context, event_id: UUID, commitments: list[str]) -> list[str]:
    problems = []
    for number, blob, salt_blob in ctx.db.rows(_PARTS, {"id": event_id}):
        place, salt_place = bind_part(ctx.tenant_id, event_id, number)
        try:
            part, salt = (
                crypto.decrypt(ctx, bytes(blob), place),
                crypto.decrypt(ctx, bytes(salt_blob), salt_place),
            )
        except crypto.KeyGone:
            continue
        except crypto.Undecipherable:
            problems.append(f"part {number} was altered")
            continue
        if number >= len(commitments) or not hmac.compare_digest(
            commit(salt, part), a2b_base64(commitments[number])
        ):
            problems.append(f"part {number} is not the one that the leaf commits to")
    return problems
