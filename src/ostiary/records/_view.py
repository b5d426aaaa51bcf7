"""What one principal sees of one object: columns and record filters at one epoch."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ostiary.access import public as access
from ostiary.audit import public as audit
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.errors import AccessDenied, Invalid, NotFound, TooManyRequests
from ostiary.kernel.ids import PrincipalId
from ostiary.kernel.messages import later, worded
from ostiary.kernel.recent import Recent
from ostiary.objects import public as objects

Result = TypeVar("Result")
MAX_KEPT = 20_000
SYSTEM_TYPES = frozenset({objects.ColumnType.AUTO_NUMBER})


@dataclass(slots=True)
class View:
    """An object as a principal may see it.

    readable: declared columns at read or above, in declared order. shown: these and the masked ones, of which
    the masked form is shown. restricted: codes of the others.
    """

    rights: access.Rights
    catalogue: objects.Catalogue
    object: objects.Object
    levels: Mapping[str, access.ColumnLevel]
    readable: Mapping[str, objects.Column]
    shown: Mapping[str, objects.Column]
    restricted: tuple[str, ...]
    statements: dict[Any, Any] = field(default_factory=dict)

    def may(self, verb: access.Verb) -> bool:
        """Layer 2. Nobody writes a log: that is for rules."""
        if self.object.log and verb is not access.Verb.READ:
            return False
        return self.rights.decide_object(self.object.id, verb).allowed

    def filter(self, ctx: Context, verb: access.Verb) -> access.RecordFilter:
        """Layer 3."""
        return access.filter_for(ctx, self.rights, self.catalogue.grounds, self.object.id, verb)

    def may_write(self, column: objects.Column, verb: access.Verb) -> bool:
        """Layer 4 for writing. The owner takes no rows: whoever may update the record may change it."""
        if column.type in SYSTEM_TYPES or column.computed:
            return False
        if column.type is objects.ColumnType.OWNER:
            return True
        return self.rights.may_write(self.object.id, column.id, verb, sealed=column.sealed)

    @property
    def asks_master(self) -> objects.Column | None:
        """The lookup whose record a writer must be able to update to put one of these under it."""
        asks = self.rights.asks_master(self.object.id)
        return self.object.master_column if asks else None


_kept: Recent[tuple[str, PrincipalId, str], View] = Recent(MAX_KEPT)


def view_of(ctx: Context, code: str) -> View:
    """The view at the epoch of the kept rights; the data statement tests it. Raises NotFound."""
    rights = access.rights_of(ctx)
    key = (ctx.db.schema, ctx.actor, code)
    known = _kept.get(key)
    if known is not None and known.rights is rights:
        return known
    catalogue = objects.catalogue_at(ctx, rights.epoch)
    found = catalogue.objects.get(code)
    if found is None:
        if rights.epoch != identity.current_epoch(ctx):
            raise Stale  # perhaps made since
        raise NotFound
    levels = {c.code: _level(rights, found, c) for c in found.columns.values()}
    readable = {c.code: c for c in found.columns.values() if levels[c.code] >= access.ColumnLevel.READ}
    shown = {c.code: c for c in found.columns.values() if levels[c.code] >= access.ColumnLevel.MASKED}
    restricted = tuple(c for c in found.columns if c not in shown)
    aliases = found.aliases
    view = View(
        rights,
        catalogue,
        found,
        objects.aliased(levels, aliases),
        objects.aliased(readable, aliases),
        objects.aliased(shown, aliases),
        restricted,
    )
    _kept.put(key, view)
    return view


def _level(rights: access.Rights, found: objects.Object, column: objects.Column) -> access.ColumnLevel:
    if column.type in SYSTEM_TYPES:
        return access.ColumnLevel.READ
    if column.type is objects.ColumnType.OWNER:
        return access.ColumnLevel.EDIT
    return rights.level(found.id, column.id, sealed=column.sealed)


_REFUSALS = {
    access.Verb.READ: later("You may not see %(things)s"),
    access.Verb.CREATE: later("You may not create %(things)s"),
    access.Verb.UPDATE: later("You may not change %(things)s"),
    access.Verb.DELETE: later("You may not delete %(things)s"),
}


def ensure_object(view: View, verb: access.Verb) -> None:
    """Layer 2. Raises AccessDenied(layer="object")."""
    if not view.may(verb):
        raise AccessDenied(
            worded(_REFUSALS[verb], things=view.object.plural),
            layer="object",
            object=view.object.code,
            verb=verb.value,
        )


class Stale(Exception):
    """The data statement saw another epoch than the rights it was compiled from."""


MAX_TRIES = 8


def decided(ctx: Context, operation: Callable[[], Result]) -> Result:
    """Run an operation on kept rights until it was decided at the epoch that its statement saw.

    A refusal from kept rights counts only if they are current; then it is recorded and raised.
    """
    for _ in range(MAX_TRIES):
        try:
            return operation()
        except Stale:
            access.forget(ctx)
        except (AccessDenied, Invalid) as refusal:
            kept = access.rights_of(ctx)
            if access.current_rights(ctx) is not kept:
                continue
            if isinstance(refusal, AccessDenied):
                _record_denial(ctx, refusal)
            raise
    raise TooManyRequests("Rights keep changing; try again", retry_after_s=1)


def _record_denial(ctx: Context, refusal: AccessDenied) -> None:
    facts = {name: str(value) for name, value in refusal.details.items()}
    audit.append_aside(
        ctx,
        "records.access.denied",
        outcome="denied",
        parts=[audit.Part("decision", {**facts, "code": refusal.code})],
    )
