"""Every record of a tenant held against its events, by SQL and by the events' own contents."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from ostiary.audit import public as audit
from ostiary.kernel.context import Context
from ostiary.objects import public as objects

CREATED, UPDATED = "records.record.created", "records.record.updated"

# One row for each event id that any of the five tables knows, with what each of them has of it.
_EVENTS = """
select id, e.type, e.request_id, i.object_type, i.object_ref, q.event_id is not null,
  o.topic = e.type and o.body->>'event' = id::text and case when i.object_ref is null
    then jsonb_array_length(o.body->'objects') = cardinality(b.refs) and o.body->'objects' @> to_jsonb(b.refs)
    else o.body->>'object' = i.object_ref::text end,
  coalesce(p.parts, '{}'), coalesce(p.kinds, '{}'), e.type = i.type and e.occurred_at = i.occurred_at,
  coalesce(b.refs, '{}'::uuid[])
from (
  select id from @.audit_event union select event_id from @.audit_index
  union select event_id from @.audit_queue union select id from @.audit_outbox
  union select event_id from @.audit_payload
) every left join @.audit_event e using (id)
left join @.audit_index i on i.event_id = id left join @.audit_queue q on q.event_id = id
left join @.audit_outbox o using (id)
left join (
  select event_id, array_agg(part_no::int order by part_no) as parts,
    array_agg(kind order by part_no) as kinds
  from @.audit_payload group by event_id
) p on p.event_id = id left join (
  select event_id, array_agg(object_ref) as refs from @.audit_about group by event_id
) b on b.event_id = id
order by id"""


@dataclass(frozen=True, slots=True)
class Change:
    """A record's creation or update, as its event tells it; of an event about many all of them."""

    event: UUID
    type: str
    request: UUID
    object: str
    record: UUID | None
    records: tuple[UUID, ...]


@dataclass(slots=True)
class Ledger:
    """What is there. `half`: in words, everything of which only a part is there."""

    records: int = 0
    events: int = 0
    versions: dict[tuple[str, UUID], int] = field(default_factory=dict)
    changes: dict[UUID, Change] = field(default_factory=dict)
    markers: dict[str, list[UUID]] = field(default_factory=dict)  # text after a change -> events
    half: list[str] = field(default_factory=list)


def read_ledger(ctx: Context) -> Ledger:
    """Hold all records and events of the tenant against each other."""
    ledger = Ledger()
    _read_events(ctx, ledger)
    by_record: dict[tuple[str, UUID], list[UUID]] = {}
    for change in ledger.changes.values():
        for record in change.records:
            by_record.setdefault((change.object, record), []).append(change.event)
    for object_ in objects.get_catalogue(ctx).objects.values():
        for row in _rows(ctx, object_):
            ledger.records += 1
            ledger.versions[object_.code, row["id"]] = row["version"]
            problems = _examine(ctx, object_, row, by_record.pop((object_.name, row["id"]), []), ledger)
            ledger.half += [f"{object_.code} {row['id']}: {problem}" for problem in problems]
    ledger.half += [f"{code} {record}: events without a record" for code, record in by_record]
    return ledger


def _read_events(ctx: Context, ledger: Ledger) -> None:
    for id_, type_, request, object_, record, queued, news, parts, kinds, agree, many in ctx.db.rows(_EVENTS):
        ledger.events += 1
        if type_ is None:
            ledger.half.append(f"event {id_}: others know it, but it is not there")
            continue
        missing = {"index": agree, "queue": queued, "technical part": kinds[:1] == ["technical"]}
        missing["a part between"] = parts == list(range(len(parts)))
        if type_ in (CREATED, UPDATED):
            missing |= {"news": news, "changes": "changes" in kinds[1:]}
            about = tuple(many) if record is None else (record,)
            ledger.changes[id_] = Change(id_, type_, request, object_, record, about)
        ledger.half += [f"event {id_} {type_}: no {what}" for what, there in missing.items() if not there]
        ledger.half += [f"event {id_} {type_}: {words}" for words in audit.verify_event(ctx, id_)]


def _rows(ctx: Context, object_: objects.Object) -> list[dict[str, Any]]:
    fixed = ["id", "version", "author_id", "last_event_id", "state_salt", "state_hash"]
    columns = ", ".join(f'"{name}"' for name in [*fixed, *map(_stored, _columns(object_))])
    names = [*fixed, *(column.name for column in _columns(object_))]
    found = ctx.db.rows(f"select {columns} from @.{object_.table}")
    return [dict(zip(names, row, strict=True)) for row in found]


def _columns(object_: objects.Object) -> list[objects.Column]:
    """What a record's state is made of: dropped columns are stored until they are purged."""
    return [*object_.columns.values(), *object_.dropped.values()]


def _stored(column: objects.Column) -> str:
    return "owner_id" if column.type is objects.ColumnType.OWNER else column.name


def _examine(
    ctx: Context, object_: objects.Object, row: dict[str, Any], events: list[UUID], ledger: Ledger
) -> list[str]:
    """What does not fit: the row's version, its hash, and what its events say one after the other."""
    problems = []
    views = audit.list_events(ctx, object_.name, row["id"], limit=500)[::-1]
    told = [view for view in views if view.type in (CREATED, UPDATED)]
    if {view.id for view in told} != set(events) or not all(view.intact for view in told):
        problems.append("list_events shows other events than the tables hold")
    if [view.type for view in told] != [CREATED, *[UPDATED] * (row["version"] - 1)]:
        problems.append(f"version {row['version']} after {[view.type for view in told]}")
    if not told or told[-1].id != row["last_event_id"]:
        problems.append(f"last event {row['last_event_id']} is not the last of {len(told)}")
    state: dict[str, object] = {}
    for view in told:
        for change in (c for part in view.parts for c in part["changes"]):
            if state.get(change["field"]) != change.get("before"):
                problems.append(f"event {view.id} starts from another {change['field']}")
            state[change["field"]] = change.get("after")
            if isinstance(change.get("after"), str):
                ledger.markers.setdefault(change["after"], []).append(view.id)
    names = [column.name for column in _columns(object_)]
    held = {name: _as_data(row[name]) for name in names if row[name] is not None}
    if {code: value for code, value in state.items() if value is not None} != held:
        problems.append("the row holds other values than its events left")
    whole = {**held, "author": str(row["author_id"]), "version": row["version"]}
    if audit.state_hash(bytes(row["state_salt"] or b""), whole) != bytes(row["state_hash"] or b""):
        problems.append("the hash is not that of the row")
    return problems


def _as_data(value: object) -> object:
    """A value of the database as events and hashes have it."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, (date, UUID)):
        return str(value)
    return format(value, "f") if isinstance(value, Decimal) else value
