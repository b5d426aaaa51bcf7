"""Records that somebody worked with lately, as far as they may still read them."""

from uuid import UUID

from ostiary.access.public import Verb
from ostiary.audit import public as audit
from ostiary.kernel.context import Context
from ostiary.objects import public as objects
from ostiary.records._filters import Compare, Op
from ostiary.records._query import PlanShape, RecordQuery
from ostiary.records._read import list_records
from ostiary.records._search import Hit, Hits
from ostiary.records._view import decided, view_of

MOST = 20
_WORK = ("records.record.viewed", "records.record.created", "records.record.updated")


def recent_records(ctx: Context, limit: int = 8) -> tuple[Hits, ...]:
    """Records that the acting person viewed, made or changed, by object; the one of the newest first.

    limit: 1 to 20 records looked at, of which those that may no longer be read are left out. Read as lists
    are, with their events.
    """
    catalogue = objects.get_catalogue(ctx)
    codes = {made.name: made.code for made in catalogue.objects.values()}
    touched: dict[str, list[UUID]] = {}
    for name, record_id in audit.list_touched(ctx, _WORK, max(1, min(limit, MOST))):
        if name in codes:
            touched.setdefault(codes[name], []).append(record_id)
    found = (Hits(code, name_records(ctx, code, ids), more=False) for code, ids in touched.items())
    return tuple(hits for hits in found if hits.hits)


def name_records(ctx: Context, code: str, ids: list[UUID]) -> tuple[Hit, ...]:
    """What these few records of an object are called, in the order given; hidden ones are left out.

    Read as a list is, with its event.
    """
    view = decided(ctx, lambda: view_of(ctx, code))
    if not view.may(Verb.READ):
        return ()
    display = view.object.display
    columns = (display,) if display in view.readable else ()
    only = Compare("id", Op.IN, [str(id_) for id_ in ids])
    query = RecordQuery(
        code, columns, only, limit=len(ids), plan=PlanShape.SORT
    )  # few: ask the rights of each
    known = {UUID(r["id"]): r.get(display) for r in list_records(ctx, query).records()}
    return tuple(Hit(id_, known[id_]) for id_ in ids if id_ in known)
