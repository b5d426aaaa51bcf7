"""Writing events: one statement for one or many, given as JSON, which costs the application next to nothing.

It makes references that are missing, completes the leaves with them and enters event, parts, queue, index and
outbox. An event that is there already is left alone with all that belongs to it, so that a spool may be
replayed. Nothing here waits for another transaction: two that name an object for the first time each make a
reference for it, and both lead to it.
"""

from functools import lru_cache

from ostiary.audit._leaf import ACTOR_MARK, OBJECT_MARK
from ostiary.kernel.ids import EventId
from ostiary.kernel.ports import Db

_INSERT = f"""
with src as materialized (
  select s.*,
    (select r.ref from @.audit_ref r where r.target = ac order by r.ref limit 1) as known_actor,
    (select r.ref from @.audit_ref r where r.target = ob order by r.ref limit 1) as known_object
  from json_to_recordset($1::json) as s(
    id uuid, tn uuid, at timestamptz, ty text, oc text, ak text, ac uuid, ot text, ob uuid, rq uuid, ch text,
    lf text, nw boolean, pt json, ab jsonb)
), piece as materialized (
  select src.id, q.*, (select r.ref from @.audit_ref r where r.target = ds order by r.ref limit 1) as known
  from src cross join lateral json_to_recordset(src.pt) as q(
    n smallint, k text, ds uuid, dk uuid, b text, s text)
), made as (
  insert into @.audit_ref (ref, kind, target)
  select gen_random_uuid(), min(kind), target from (
    select ac, ak from src where known_actor is null and ac is not null
    union all select ob, ot from src where known_object is null and ob is not null
    union all select ds, 'data_subject' from piece where known is null and ds is not null
  ) as missing(target, kind) group by target
  returning target, ref
), ready as materialized (
  select named.*,
    convert_to(replace(replace(lf, '{ACTOR_MARK}', coalesce(actor_ref::text, '')),
      '{OBJECT_MARK}', coalesce(object_ref::text, '')), 'UTF8') as leaf
  from (
    select src.*, coalesce(known_actor, a.ref) as actor_ref, coalesce(known_object, o.ref) as object_ref
    from src left join made a on a.target = ac left join made o on o.target = ob
  ) as named
), event as (
  insert into @.audit_event (id, occurred_at, tenant_id, type, outcome, actor_kind, actor_ref,
    object_type, object_ref, request_id, leaf)
  select id, at, tn, ty, oc, ak, actor_ref, ot, object_ref, rq, leaf from ready
  on conflict (id, occurred_at) do nothing returning id
), payload as (
  insert into @.audit_payload (event_id, part_no, kind, data_subject_ref, dek_id, blob, salt_blob)
  select id, n, k, coalesce(known, made.ref), dk, decode(b, 'base64'), decode(s, 'base64')
  from event join piece using (id) left join made on made.target = ds
), queue as (
  insert into @.audit_queue (event_id, leaf_hash)
  select id, sha256('\\x00'::bytea || leaf) from event join ready using (id)
), lookup as (
  insert into @.audit_index (event_id, occurred_at, type, outcome, actor, object_type, object_ref, channel)
  select id, at, ty, oc, ac, ot, ob, ch from event join ready using (id)
), news as (
  insert into @.audit_outbox (id, topic, body)
  select id, ty, jsonb_strip_nulls(jsonb_build_object(
    'event', id, 'actor', ac, 'object_type', ot, 'object', ob, 'request', rq,
    'objects', ab))
  from event join ready using (id) where nw
)
select count(*) from event
"""

ABOUT = "audit_about"  # came with a release, so tenants of the one before have no such table
_PLACES = """
insert into @.audit_about (object_ref, event_id, object_type, shared_part, own_part)
select a.r, %(event)s, a.t, a.s, a.o
from jsonb_to_recordset(%(places)s::jsonb) as a(t text, r uuid, s smallint, o smallint)"""


@lru_cache(maxsize=4096)
def _statement(schema: str) -> str:
    return _INSERT.replace("@.", f"{schema}.")


def insert_events(db: Db, events: str) -> int:
    """Enter events of the tenant of `db`, a JSON array of what `_event.build` returns; how many were new."""
    new: int = db.raw(_statement(db.schema), (events,))[0][0]
    return new


def insert_places(db: Db, event: EventId, places: str) -> None:
    """Enter what an event about many is about, a JSON array as `_many` makes it."""
    db.run(_PLACES, {"event": event, "places": places})
