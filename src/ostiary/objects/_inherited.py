"""Rights of an object that lies under another, made from what the other has now."""

from collections.abc import Iterable, Iterator

from ostiary.access import public as access
from ostiary.kernel.context import Context
from ostiary.objects._model import Column, DataClass, Object


def verbs_under(verbs: Iterable[access.Verb]) -> frozenset[access.Verb]:
    """What somebody may do with what lies under an object, by what they may do with the object."""
    held = frozenset(verbs)
    if access.Verb.READ not in held:
        return frozenset()
    return frozenset(access.Verb) if access.Verb.UPDATE in held else frozenset({access.Verb.READ})


def inherit_rights(ctx: Context, parent: Object, child: Object) -> None:
    """Give a new object the rights of the one that it lies under, as they are stored; needs their operation.

    A column gets the rows of the column that names the parent's records, or of another that is as closed as
    it is itself; where there is none it stays closed. Raises AccessDenied.
    """
    rows = access.list_object_rows(ctx, parent.id)
    access.set_object_rows(ctx, child.id, [(unit, verbs_under(verbs)) for unit, verbs in rows])
    stored = access.list_column_rows(ctx, parent.id)
    chosen = {}
    for column in child.columns.values():
        if column.takes_rows:
            like = next((c for c in _alike(parent, column.data_class) if stored.get(c.id)), None)
            if like is not None:
                chosen[column.id] = stored[like.id]
    if chosen:
        access.set_columns_rows(ctx, child.id, chosen)


def _alike(parent: Object, data_class: DataClass) -> Iterator[Column]:
    """The parent's columns that are at least as closed: what names its records first, then the nearest."""
    display = parent.columns[parent.display]
    closed = [c for c in parent.columns.values() if c.data_class >= data_class]
    if display in closed:
        yield display
    yield from sorted(closed, key=lambda c: c.data_class)
