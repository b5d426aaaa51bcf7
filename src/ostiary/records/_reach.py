"""What one principal reaches: how many records of each object, by the filters that lists use."""

from collections.abc import Mapping
from dataclasses import dataclass

from ostiary.access import public as access
from ostiary.audit import public as audit
from ostiary.kernel.context import Context
from ostiary.kernel.errors import NotSignedIn
from ostiary.kernel.ids import PrincipalId
from ostiary.objects import public as objects
from ostiary.records._plans import count_statement
from ostiary.records._query import CountMode
from ostiary.records._view import Stale, View, decided, view_of


@dataclass(frozen=True, slots=True)
class ObjectReach:
    """How many records of an object somebody may read, update and delete."""

    read: int
    update: int
    delete: int


def reach_of(ctx: Context, principal: PrincipalId) -> Mapping[str, ObjectReach]:
    """What a principal reaches of each object, by code; somebody inactive reaches nothing of any.

    Needs CanManageAdministration. Raises AccessDenied.
    """
    access.ensure_operation(ctx, access.Operation.MANAGE_RIGHTS)
    acting = ctx.acting_as(principal)
    found = {code: _reached(acting, code) for code in _codes(ctx)}
    audit.append(
        ctx,
        "records.reach.counted",
        object_type="unit",
        object_ref=principal,
        parts=[audit.Part("reach", {"objects": len(found)})],
    )
    return found


def _codes(ctx: Context) -> list[str]:
    return [found.code for found in objects.get_catalogue(ctx).objects.values()]


def _reached(acting: Context, code: str) -> ObjectReach:
    try:
        return decided(acting, lambda: _counted(acting, code))
    except NotSignedIn:
        return ObjectReach(0, 0, 0)


def _counted(acting: Context, code: str) -> ObjectReach:
    view = view_of(acting, code)
    verbs = (access.Verb.READ, access.Verb.UPDATE, access.Verb.DELETE)
    return ObjectReach(*(_count(acting, view, verb) for verb in verbs))


def _count(acting: Context, view: View, verb: access.Verb) -> int:
    if not view.may(verb):
        if access.current_rights(acting) is not view.rights:
            raise Stale
        return 0
    compiled = count_statement(acting, view, None, CountMode.EXACT, verb)
    epoch, found = compiled.statement.run(acting, compiled.values)[0]
    if epoch != view.rights.epoch:
        raise Stale
    return int(found)
