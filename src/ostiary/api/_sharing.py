"""Sharing and denying one record, over REST."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

import orjson
from django.http import HttpRequest, HttpResponse

from ostiary.access import public as access
from ostiary.access.public import Grant, GrantKind, Verb
from ostiary.api._asked import (
    answer,
    answers,
    body_of,
    context,
    id_of,
    instant_of,
    not_allowed,
    once,
    only,
    refuse,
)
from ostiary.api._bulk_asked import flag_of, known
from ostiary.api._told import told_block, verbs_of
from ostiary.assurance import public as assurance
from ostiary.kernel.context import Context
from ostiary.kernel.errors import NotFound
from ostiary.kernel.ids import UnitId
from ostiary.records import public as records

_DENIES = frozenset({GrantKind.DENY, GrantKind.DENY_RULE})


@answers(
    {
        "GET": "records.sharing.viewed",
        "POST": "access.record.shared",
        "DELETE": "access.record.unshared",
    }
)
def shares(request: HttpRequest, code: str, record_id: UUID) -> HttpResponse:
    """GET says who has the record and by what, POST shares it, DELETE takes shares of a unit back."""
    ctx = context(request)
    match request.method:
        case "GET":
            only(request.GET, frozenset())
            return answer(orjson.dumps(_told(ctx, code, record_id)))
        case "POST":
            body = body_of(request)
            _done(request, code, lambda: _share(ctx, code, record_id, body))
            return answer(orjson.dumps(_told(ctx, code, record_id)))
        case "DELETE":
            _done(request, code, lambda: _unshare(request, code, record_id))
            return HttpResponse(status=204)
        case _:
            return not_allowed(request, "GET, POST, DELETE")


@answers(
    {
        "GET": "records.sharing.viewed",
        "POST": "access.record.denied",
        "DELETE": "access.record.denied",
    },
    operation=access.Operation.CHANGE_RECORD_RIGHTS.value,
)
def denies(request: HttpRequest, code: str, record_id: UUID) -> HttpResponse:
    """GET lists denies, POST sets those of a unit, DELETE takes them back."""
    ctx = context(request)
    match request.method:
        case "GET":
            only(request.GET, frozenset())
            return answer(orjson.dumps(_denied(ctx, code, record_id)))
        case "POST":
            body = body_of(request)
            known(body, "unit", "verbs")
            unit, verbs = UnitId(id_of(body.get("unit"), "unit")), _verbs(body)
            _done(request, code, lambda: records.deny_record(ctx, code, record_id, unit, verbs))
            return answer(orjson.dumps(_denied(ctx, code, record_id)))
        case "DELETE":
            only(request.GET, frozenset({"unit"}))
            whose = UnitId(id_of(request.GET.get("unit"), "unit"))
            _done(request, code, lambda: records.deny_record(ctx, code, record_id, whose, ()))
            return HttpResponse(status=204)
        case _:
            return not_allowed(request, "GET, POST, DELETE")


def _done(request: HttpRequest, code: str, change: Callable[[], None]) -> None:
    """The change, once for each idempotency key."""

    def call() -> None:
        change()

    once(request, code, call)


def _share(ctx: Context, code: str, record_id: UUID, body: Mapping[str, Any]) -> None:
    known(body, "unit", "verbs", "pass_on", "valid_from", "valid_to")
    unit, verbs = UnitId(id_of(body.get("unit"), "unit")), _verbs(body)
    grant = Grant.DELEGABLE if flag_of(body, "pass_on") else Grant.GRANTED
    since, until = (instant_of(body.get(name), name) for name in ("valid_from", "valid_to"))
    for verb in access.RECORD_VERBS:
        if verb in verbs:
            records.share_record(
                ctx, code, record_id, unit, verb, grant=grant, valid_from=since, valid_to=until
            )


def _unshare(request: HttpRequest, code: str, record_id: UUID) -> None:
    only(request.GET, frozenset({"unit", "verb"}))
    unit, ctx = UnitId(id_of(request.GET.get("unit"), "unit")), context(request)
    given = request.GET.get("verb")
    if given is not None:
        verbs = _verbs({"verbs": [given]})
    else:
        verbs = records.list_sharing(ctx, code, record_id).shared_with(unit)
    if not verbs:
        raise NotFound
    for verb in sorted(verbs):
        records.unshare_record(ctx, code, record_id, unit, verb)


def _verbs(body: Mapping[str, Any]) -> frozenset[Verb]:
    given = body.get("verbs")
    names = {verb.value for verb in access.RECORD_VERBS}
    if not isinstance(given, list) or not given or not all(isinstance(v, str) and v in names for v in given):
        raise refuse("verbs", "malformed", f"verbs is a list out of {', '.join(access.RECORD_VERBS)}")
    return frozenset(map(Verb, given))


def _told(ctx: Context, code: str, record_id: UUID) -> dict[str, Any]:
    found = records.list_sharing(ctx, code, record_id)
    blocks = assurance.blocks_of(ctx, found.ways)
    return {
        "shares": [told_block(b) for b in blocks if b.granting.kind is GrantKind.SHARE],
        "also": [told_block(b) for b in blocks if b.granting.kind not in (GrantKind.SHARE, *_DENIES)],
        "whole": found.whole,
        "may_share": verbs_of(found.may),
    }


def _denied(ctx: Context, code: str, record_id: UUID) -> dict[str, Any]:
    access.ensure_operation(ctx, access.Operation.CHANGE_RECORD_RIGHTS)
    found = records.list_sharing(ctx, code, record_id)
    ways = [way for way in found.ways if way.kind in _DENIES]
    return {
        "denies": [told_block(block) for block in assurance.blocks_of(ctx, ways)],
        "allowed": found.allows_denies,
    }
