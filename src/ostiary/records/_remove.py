"""Rows that go, with their content and with what lies under them as their master record."""

from collections.abc import Iterator, Mapping, Sequence

from ostiary.access import public as access
from ostiary.kernel.context import Context
from ostiary.kernel.ids import RecordId
from ostiary.objects import public as objects
from ostiary.records._bulk import MAX_ROWS
from ostiary.records._bulk_rows import Changed, append_changes, lock_records, tell
from ostiary.records._bulk_sql import Written
from ostiary.records._columns import stored
from ostiary.records._content import remove_content
from ostiary.records._effects import Effect
from ostiary.records._errors import InUse, TooManyRows
from ostiary.records._follow import follow
from ostiary.records._lock import Before, lock_for_rules
from ostiary.records._view import Stale, View, view_of

DELETED = "records.record.deleted"


def remove_rows(ctx: Context, view: View, ids: Sequence[RecordId]) -> list[Written]:
    """Delete rows that are locked and decided, with their content. Raises Stale; ForeignKeyViolation."""
    rows = ctx.db.rows(
        f"delete from @.{view.object.table} where id = any(%(ids)s)"
        " and (select epoch from @.identity_epoch) = %(epoch)s returning id",
        {"ids": list(ids), "epoch": view.rights.epoch},
    )
    if len(rows) != len(ids):
        raise Stale
    remove_content(ctx, view, ids)
    return [(RecordId(row[0]), False) for row in rows]


def all_gone(before: Before) -> dict[str, tuple[object, object]]:
    """(before, None) of each value of a record that is deleted."""
    return {code: (value, None) for code, value in before.values.items() if value is not None}


def remove_under(ctx: Context, view: View, ids: Sequence[RecordId]) -> None:
    """Delete what lies under records that are about to go; each is decided by itself (semantics 5).

    Raises: InUse: one is hidden or may not be deleted. TooManyRows. Stale. ForeignKeyViolation: something
    else refers to one of them.
    """
    for made, column in _objects_under(view):
        found = ctx.db.rows(
            f"select id from @.{made.table} where {stored(column)} = any(%(ids)s)"
            " order by id limit %(most)s::int",
            {"ids": list(ids), "most": MAX_ROWS + 1},
        )
        if len(found) > MAX_ROWS:
            raise TooManyRows(MAX_ROWS)
        if found:
            _remove_each(ctx, view_of(ctx, made.code), [RecordId(row[0]) for row in found])


def _objects_under(view: View) -> Iterator[tuple[objects.Object, objects.Column]]:
    """Each object whose records lie under this one's, with the lookup that says under which."""
    codes = {view.object.code, *(former.code for former in view.object.former)}
    made = {o.id: o for o in view.catalogue.objects.values()}
    for other in sorted(made.values(), key=lambda each: each.table):
        column = other.master_column
        if column is not None and column.target in codes:
            yield other, column


def _remove_each(ctx: Context, view: View, ids: Sequence[RecordId]) -> None:
    locked = _lock_under(ctx, view, ids)
    remove_under(ctx, view, ids)
    remove_rows(ctx, view, ids)
    access.remove_shares_of(ctx, ids)
    told = tell(view, [Changed(id_, all_gone(locked[id_])) for id_ in ids])
    append_changes(ctx, DELETED, view, told, told.abouts)
    master = view.object.master_column
    above = "" if master is None else view.catalogue.objects[str(master.target)].code
    follow(ctx, view, [Effect(id_, locked[id_].values, None) for id_ in ids], but=above)


def _lock_under(ctx: Context, view: View, ids: Sequence[RecordId]) -> Mapping[RecordId, Before]:
    """Rows that go with what they lie under: nobody is asked for those of a log. Raises InUse, Stale."""
    if view.object.log:
        return lock_for_rules(ctx, view, ids)
    locked = lock_records(ctx, view, ids, access.Verb.DELETE)
    permitted = [id_ for id_ in ids if id_ in locked and locked[id_][0]]
    if len(permitted) < len(ids) or not view.may(access.Verb.DELETE):
        raise InUse
    return {id_: before for id_, (_, before) in locked.items()}
