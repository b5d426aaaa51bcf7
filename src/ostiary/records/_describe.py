"""What a principal may do with objects: the answer that pages, forms and imports are made from."""

from collections.abc import Mapping
from dataclasses import dataclass

from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.objects import public as objects
from ostiary.records._view import View, decided, ensure_object, view_of


@dataclass(frozen=True, slots=True)
class ObjectView:
    """An object and what the principal may do with it.

    verbs: layer 2. columns: level of each declared column. creatable, editable: codes that may be given on
    create and on update.
    """

    object: objects.Object
    verbs: frozenset[access.Verb]
    columns: Mapping[str, access.ColumnLevel]
    creatable: frozenset[str]
    editable: frozenset[str]


def _current(ctx: Context) -> None:
    """Make the kept rights those of now: a description has no data statement of its own to test the epoch."""
    access.current_rights(ctx)


def describe(ctx: Context, object_code: str) -> ObjectView:
    """The object for this principal. Raises NotFound: no such object; AccessDenied: layer 2."""
    return decided(ctx, lambda: _describe(ctx, object_code))


def _describe(ctx: Context, object_code: str) -> ObjectView:
    _current(ctx)
    view = view_of(ctx, object_code)
    ensure_object(view, access.Verb.READ)
    return _described(view)


def _described(view: View) -> ObjectView:
    columns = view.object.columns.values()
    return ObjectView(
        view.object,
        frozenset(verb for verb in access.Verb if view.may(verb)),
        view.levels,
        frozenset(c.code for c in columns if view.may_write(c, access.Verb.CREATE)),
        frozenset(c.code for c in columns if view.may_write(c, access.Verb.UPDATE)),
    )


def list_objects(ctx: Context) -> tuple[ObjectView, ...]:
    """Every object that the principal may read at layer 2."""
    _current(ctx)
    catalogue = objects.catalogue_at(ctx, access.rights_of(ctx).epoch)
    views = (view_of(ctx, code) for code in catalogue.objects)
    return tuple(_described(view) for view in views if view.may(access.Verb.READ))


def workplaces(ctx: Context) -> tuple[objects.Workplace, ...]:
    """The workplaces with the sections that the principal may read; those left without any are left out."""
    readable = {view.object.code for view in list_objects(ctx)}
    catalogue = objects.catalogue_at(ctx, access.rights_of(ctx).epoch)
    found = []
    for place in catalogue.workplaces:
        groups = tuple(
            (caption, kept)
            for caption, codes in place.groups
            if (kept := tuple(c for c in codes if c in readable))
        )
        if groups:
            found.append(objects.Workplace(place.code, place.caption, groups))
    return tuple(found)


def people(ctx: Context, search: str = "", limit: int = 50) -> list[tuple[str, str]]:
    """Active people by name, (id, name), for choosing an owner. Every principal may see colleagues' names."""
    identity.current_epoch(ctx)
    return [
        (str(r[0]), r[1])
        for r in ctx.db.rows(
            "select id, name from @.identity_unit where kind in ('person', 'service') and active"
            " and position(lower(%(q)s) in lower(name)) > 0 order by name, id limit %(n)s",
            {"q": search, "n": limit},
        )
    ]
