"""REST of rights: of an object, of a system operation, and what changes would do."""

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

import orjson
from django.http import HttpRequest, HttpResponse

from ostiary.access import public as access
from ostiary.access.public import Operation
from ostiary.api._asked import answer, answers, body_of, context, not_allowed, only, version_of
from ostiary.api._errors import problem
from ostiary.api._impact import told_impact
from ostiary.assurance import public as assurance
from ostiary.kernel.context import Context
from ostiary.kernel.entries import needs
from ostiary.kernel.errors import NotFound
from ostiary.kernel.ids import UnitId
from ostiary.objects import public as objects

_GUARD = needs(Operation.MANAGE_RIGHTS.value)
_VIEWED, _SAVED = "access.policy.viewed", "assurance.draft.saved"
_EPOCH_DIGITS = 18  # epochs begin at the milliseconds of a clock
Read = Callable[[access.Policy, assurance.Fields], tuple[assurance.PolicyChange, ...]]
Tell = Callable[[access.Policy], dict[str, Any]]


@answers({"GET": _VIEWED, "PUT": _SAVED}, guard=_GUARD)
def of_object(request: HttpRequest, code: str) -> HttpResponse:
    """GET shows all rights of an object, PUT replaces the parts that are given."""
    ctx = context(request)
    access.ensure_operation(ctx, Operation.MANAGE_RIGHTS)
    catalogue = objects.get_catalogue(ctx)
    made = catalogue.objects.get(code)
    if made is None:
        raise NotFound
    return _answer(
        request,
        lambda policy: {"object": code, **assurance.object_rights(policy, catalogue, made)},
        lambda policy, fields: assurance.object_changes(policy, catalogue, made, fields),
    )


@answers({"GET": _VIEWED, "PUT": _SAVED}, guard=_GUARD)
def of_operation(request: HttpRequest, code: str) -> HttpResponse:
    """GET shows the rows of an operation and what it carries, PUT replaces the parts that are given."""
    ctx = context(request)
    access.ensure_operation(ctx, Operation.MANAGE_RIGHTS)
    operation = next((o for o in Operation if o.value == code), None)
    if operation is None:
        raise NotFound
    catalogue = objects.get_catalogue(ctx)
    return _answer(
        request,
        lambda policy: {"operation": code, **assurance.operation_rights(policy, catalogue, operation)},
        lambda policy, fields: assurance.operation_changes(policy, catalogue, operation, fields),
    )


@answers({"POST": "assurance.change.previewed"}, guard=_GUARD)
def preview(request: HttpRequest) -> HttpResponse:
    """POST says who would gain and lose what by changes, and makes none of them."""
    if request.method != "POST":
        return not_allowed(request, "POST")
    only(request.GET, frozenset())
    ctx = context(request)
    access.ensure_operation(ctx, Operation.MANAGE_RIGHTS)
    changes = assurance.changes_in(objects.get_catalogue(ctx), body_of(request))
    return answer(orjson.dumps(told_impact(ctx, assurance.preview(ctx, changes))))


def _answer(request: HttpRequest, tell: Tell, read: Read) -> HttpResponse:
    only(request.GET, frozenset())
    ctx = context(request)
    if request.method == "GET":
        return _told(ctx, access.view_policy(ctx), tell)
    if request.method != "PUT":
        return not_allowed(request, "GET, PUT")
    epoch, policy = version_of(request, _EPOCH_DIGITS), access.view_policy(ctx)
    fields = assurance.Fields(body_of(request), "")
    if fields.has("epoch"):
        stated = fields.number("epoch")
        epoch = stated if epoch is None else epoch
    if epoch is None:
        words = "Say which rights you change: If-Match, or epoch in the body"
        return problem(request, 428, "version_required", words)
    changes = read(policy, fields)
    fields.pass_over("object", "operation", "units")  # as GET told them
    fields.finish()
    assurance.save_draft(ctx, changes, epoch)
    return _told(ctx, access.view_policy(ctx), tell)


def _told(ctx: Context, policy: access.Policy, tell: Tell) -> HttpResponse:
    told = {"epoch": policy.epoch, **tell(policy)}
    units = access.units_named(ctx, set(_units_in(told)))
    told["units"] = {str(unit.id): {"name": unit.name, "kind": unit.kind.value} for unit in units.values()}
    response = answer(orjson.dumps(told))
    response.headers["ETag"] = f'"{policy.epoch}"'
    return response


def _units_in(told: object) -> Iterable[UnitId]:
    """Every unit that a document names."""
    if isinstance(told, dict):
        for key, value in told.items():
            if key in ("unit", "author", "grantee") and isinstance(value, str):
                yield UnitId(UUID(value))
            else:
                yield from _units_in(value)
    elif isinstance(told, list):
        for each in told:
            yield from _units_in(each)
