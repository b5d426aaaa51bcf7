"""What a principal may do with objects: the answer that pages, forms and imports are made from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.errors import NotFound
from ostiary.kernel.ids import PrincipalId
from ostiary.kernel.recent import Recent
from ostiary.objects import public as objects
from ostiary.records._view import MAX_KEPT, View, decided, ensure_object, view_of


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
    known = view.statements.get("described")
    if not isinstance(known, ObjectView):
        known = view.statements["described"] = _describe_anew(view)
    return known


def _describe_anew(view: View) -> ObjectView:
    columns = view.object.columns.values()
    return ObjectView(
        view.object,
        frozenset(verb for verb in access.Verb if view.may(verb)),
        view.levels,
        frozenset(c.code for c in columns if view.may_write(c, access.Verb.CREATE)),
        frozenset(c.code for c in columns if view.may_write(c, access.Verb.UPDATE)),
    )


class ObjectViews(Mapping[str, ObjectView]):
    """The objects that a principal may read at layer 2, by code or former code; described when asked for.

    A page touches a few objects, a tenant may have hundreds: nothing here is done for each of them.
    """

    def __init__(self, ctx: Context, catalogue: objects.Catalogue, codes: Mapping[str, None]) -> None:
        self._ctx = ctx
        self._catalogue = catalogue
        self._codes = codes

    def __getitem__(self, code: str) -> ObjectView:
        found = self._catalogue.objects.get(code)
        if found is None or found.code not in self._codes:
            raise KeyError(code)
        try:
            return decided(self._ctx, lambda: _described(view_of(self._ctx, found.code)))
        except NotFound:  # dropped since
            raise KeyError(code) from None

    def __contains__(self, code: object) -> bool:
        found = self._catalogue.objects.get(str(code))
        return found is not None and found.code in self._codes

    def __iter__(self) -> Iterator[str]:
        return iter(self._codes)

    def __len__(self) -> int:
        return len(self._codes)


_kept: Recent[tuple[str, PrincipalId], tuple[access.Rights, dict[str, None]]] = Recent(MAX_KEPT)


def object_views(ctx: Context) -> ObjectViews:
    """The objects that the principal may read, in the order of the catalogue."""
    rights = access.current_rights(ctx)
    catalogue = objects.catalogue_at(ctx, rights.epoch)
    key = (ctx.db.schema, ctx.actor)
    known = _kept.get(key)
    if known is None or known[0] is not rights:
        found = (
            o for o in catalogue.objects.values() if rights.decide_object(o.id, access.Verb.READ).allowed
        )
        known = (rights, {o.code: None for o in found})
        _kept.put(key, known)
    return ObjectViews(ctx, catalogue, known[1])


def list_objects(ctx: Context) -> tuple[ObjectView, ...]:
    """Every object that the principal may read at layer 2, described; for one of them, `object_views`."""
    return tuple(object_views(ctx).values())


def workplaces(ctx: Context) -> tuple[objects.Workplace, ...]:
    """The workplaces with the sections that the principal may read; those left without any are left out."""
    readable = object_views(ctx)
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
            " and not starts_with(coalesce(code, ''), %(system)s)"
            " and position(lower(%(q)s) in lower(name)) > 0 order by name, id limit %(n)s",
            {"q": search, "n": limit, "system": f"service:{identity.SYSTEM_PREFIX}"},
        )
    ]
