"""Which records a long bulk change comes to next, and whether what it names still is what was meant."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from ostiary.access import public as access
from ostiary.kernel.context import Context
from ostiary.kernel.errors import NotFound, OstiaryError
from ostiary.kernel.ids import ObjectId
from ostiary.objects import public as objects
from ostiary.records._columns import Bound
from ostiary.records._conditions import condition, structure
from ostiary.records._filters import And, Compare, Filter, Not, Or
from ostiary.records._kept import kept
from ostiary.records._plans import Compiled, highest_class
from ostiary.records._read import readable_view, record_read
from ostiary.records._statement import make_statement
from ostiary.records._view import Stale, View, decided

FIRST = UUID(int=0)
Found = list[tuple[UUID, int]]  # id, version


class MeantOther(OstiaryError):
    """A column that was named when the change was asked for is gone, or its code is another's."""

    code = "records.column_gone"


def walk(ctx: Context, object_code: str, node: Filter, after: UUID, until: datetime, limit: int) -> Found:
    """The next readable records that match, in the order of their ids; none that was made after `until`.

    Raises: as `list_records`.
    """
    found, data_class, name = decided(ctx, lambda: _walked(ctx, object_code, node, (after, until, limit)))
    facts = {"ids": [str(id_) for id_, _ in found], "count": len(found)}
    record_read(ctx, data_class, "records.record.listed", name, None, facts)
    return found


def _walked(
    ctx: Context, code: str, node: Filter, window: tuple[UUID, datetime, int]
) -> tuple[Found, objects.DataClass, str]:
    view = readable_view(ctx, code)
    compiled = kept(view, ("walk", structure(node)), Compiled, lambda: _compile(ctx, view, node))
    slots = dict(zip(("after", "until", "limit"), window, strict=True))
    rows = compiled.statement.run(ctx, {**compiled.bound(node), **slots})
    if rows[0][0] != view.rights.epoch:
        raise Stale
    found = [(row[1], row[2]) for row in rows if row[1] is not None]
    return found, compiled.data_class, view.object.name


def _compile(ctx: Context, view: View, node: Filter) -> Compiled:
    bound = Bound(ctx, view)
    where = f"{condition(bound, node)} and {bound.row_test(view, 'r')}"
    text = (
        f"select e.epoch, q.* from (select {bound.epoch()} as epoch) e left join lateral ("
        f"select r.id, r.version from @.{view.object.table} r where r.id > {{after}}"
        f" and r.created_at <= {{until}} and {where} order by r.id limit {{limit}}::int) q on true"
    )
    return Compiled(
        make_statement(ctx.db.schema, text),
        bound.values,
        tuple(bound.converters),
        data_class=highest_class(bound.touched),
    )


def code_of_now(ctx: Context, object_id: UUID) -> str:
    """What an object is called now. Raises NotFound: it is gone."""
    catalogue = objects.catalogue_at(ctx, access.current_rights(ctx).epoch)
    try:
        return catalogue.by_id(ObjectId(object_id)).code
    except StopIteration:
        raise NotFound from None


def meaning(view: View, columns: Iterable[str], node: Filter | None) -> dict[str, list[str]]:
    """The columns behind each code and path, so that a code which is another's by now is noticed."""
    return {path: list(_way(view.catalogue, view.object, path)) for path in {*columns, *_paths(node)}}


def ensure_meant(view: View, before: Mapping[str, list[str]]) -> None:
    """Raises MeantOther."""
    if {path: list(_way(view.catalogue, view.object, path)) for path in before} != before:
        raise MeantOther("A column that this change names was dropped or replaced meanwhile")


def _way(catalogue: objects.Catalogue, made: objects.Object, path: str) -> Iterable[str]:
    here: objects.Object | None = made
    for code in path.split("."):
        column = here.columns.get(code) if here is not None else None
        yield code if column is None else str(column.id)
        here = catalogue.objects.get(column.target or "") if column is not None else None


def _paths(node: Filter | None) -> set[str]:
    match node:
        case None:
            return set()
        case Compare(path):
            return {path}
        case Not(child):
            return _paths(child)
        case And(children) | Or(children):
            return {path for child in children for path in _paths(child)}
