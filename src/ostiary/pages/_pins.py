"""Pinned records: what one person keeps at hand, shown as far as that person may still read it."""

from uuid import UUID

from ostiary.audit import public as audit
from ostiary.kernel.context import Context
from ostiary.kernel.errors import NotFound
from ostiary.kernel.ids import ObjectId, RecordId
from ostiary.kernel.tables import has_table
from ostiary.pages._reader import Reader
from ostiary.records import public as records

TABLE = "pages_pin"
MOST_PINS = 20  # of one person; one more takes the place of the one that was pinned first

_PIN = """
insert into @.pages_pin (principal_id, object, record) values (%(me)s, %(object)s, %(record)s)
on conflict (principal_id, object, record) do update set pinned_at = now()"""
_KEEP = """
delete from @.pages_pin where principal_id = %(me)s and (object, record) not in (
  select object, record from @.pages_pin where principal_id = %(me)s
  order by pinned_at desc, record desc limit %(most)s)"""
_UNPIN = "delete from @.pages_pin where principal_id = %(me)s and object = %(object)s and record = %(record)s"
_LIST = """
select object, record from @.pages_pin where principal_id = %(me)s order by pinned_at desc, record desc
limit %(most)s"""
_ONE = "select 1 from @.pages_pin where principal_id = %(me)s and object = %(object)s and record = %(record)s"


def is_pinned(ctx: Context, object_id: ObjectId, record_id: UUID) -> bool | None:
    """Whether it is pinned; None: the tenant has the tables of the release before, which knew no pins."""
    if not has_table(ctx.db, TABLE):
        return None
    return ctx.db.row(_ONE, {"me": ctx.actor, "object": object_id, "record": record_id}) is not None


def pin_record(reader: Reader, code: str, record_id: RecordId, *, pinned: bool) -> None:
    """Pin a record that the reader may read, or take the pin off. Raises NotFound, AccessDenied."""
    ctx, thing = reader.ctx, reader.describe(code).object
    records.get_record(ctx, code, record_id, ())
    if not has_table(ctx.db, TABLE):
        raise NotFound
    values = {"me": ctx.actor, "object": thing.id, "record": record_id, "most": MOST_PINS}
    if pinned:
        ctx.db.run(_PIN, values)
        ctx.db.run(_KEEP, values)
    else:
        ctx.db.run(_UNPIN, values)
    event = "pages.record.pinned" if pinned else "pages.record.unpinned"
    audit.append(ctx, event, object_type=thing.name, object_ref=record_id)


def pinned_records(reader: Reader) -> tuple[records.Hits, ...]:
    """By object, the one of the newest pin first; what the reader may not read is left out."""
    ctx = reader.ctx
    if not has_table(ctx.db, TABLE):
        return ()
    codes = {view.id: view.code for view in reader.catalogue.objects.values()}
    pinned: dict[str, list[UUID]] = {}
    for object_id, record_id in ctx.db.rows(_LIST, {"me": ctx.actor, "most": MOST_PINS}):
        if object_id in codes:
            pinned.setdefault(codes[object_id], []).append(record_id)
    found = (records.Hits(c, records.name_records(ctx, c, ids), more=False) for c, ids in pinned.items())
    return tuple(hits for hits in found if hits.hits)
