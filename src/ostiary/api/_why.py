"""Why somebody may, and who can, over REST."""

from typing import Any
from uuid import UUID

import orjson
from django.http import HttpRequest, HttpResponse, QueryDict

from ostiary.access.public import Operation, Verb
from ostiary.api._asked import (
    answer,
    answers,
    context,
    id_of,
    instant_of,
    not_allowed,
    number_of,
    only,
    refuse,
)
from ostiary.api._told import told_block, told_explanation, verbs_of
from ostiary.assurance import public as assurance
from ostiary.kernel.context import Context
from ostiary.kernel.entries import needs, own_or
from ostiary.kernel.ids import UnitId

EXPLAIN_PARAMETERS = frozenset({"object", "verb", "record", "column", "person", "with", "at"})
WHO_PARAMETERS = frozenset({"object", "verb", "record", "column", "at", "person", "limit", "after"})
EXPORT = "export"
MOST = 1_000


@answers({"GET": "access.decision.explained"}, guard=own_or(Operation.MANAGE_RIGHTS.value))
def explain(request: HttpRequest) -> HttpResponse:
    """GET explains a principal's verdict, by default the caller's own."""
    if request.method != "GET":
        return not_allowed(request, "GET")
    asked, ctx = request.GET, context(request)
    only(asked, EXPLAIN_PARAMETERS)
    inquiry = _inquiry(asked)
    body = told_explanation(assurance.explain(ctx, inquiry, _person(ctx, asked, "person")))
    other = _person(ctx, asked, "with")
    if other is not None:
        body["with"] = told_explanation(assurance.explain(ctx, inquiry, other))
    return answer(orjson.dumps(body))


@answers({"GET": "access.audience.viewed"}, guard=needs(Operation.MANAGE_RIGHTS.value))
def who_can(request: HttpRequest) -> HttpResponse:
    """GET counts and pages whoever can, and says by what."""
    if request.method != "GET":
        return not_allowed(request, "GET")
    asked, ctx = request.GET, context(request)
    only(asked, WHO_PARAMETERS)
    inquiry = _inquiry(asked)
    person = _person(ctx, asked, "person")
    found = assurance.who_can(ctx, inquiry)
    audience = found.audiences.get(inquiry.verb)
    if audience is None:
        raise refuse("verb", "unknown", f"verb is one of {', '.join(found.audiences)}")
    limit = number_of(asked, "limit", 50)
    if not 1 <= limit <= MOST:
        raise refuse("limit", "out_of_range", f"limit is 1 to {MOST:,}")
    after = UnitId(id_of(asked["after"], "after")) if asked.get("after") else None
    people = audience.page(ctx, limit + 1, after)
    body: dict[str, Any] = {
        "counts": {
            verb.value: {"people": each.size, "services": each.services, "externals": each.externals}
            for verb, each in found.audiences.items()
        },
        "people": [{"id": unit, "name": name} for unit, name in people[:limit]],
        "next": people[limit - 1][0] if len(people) > limit else None,
        "granted_by": [told_block(block) for block in assurance.granted_by(ctx, inquiry)],
    }
    if person is not None:
        body["person"] = {"id": person, "may": verbs_of(assurance.check(ctx, inquiry, person))}
    return answer(orjson.dumps(body))


def _inquiry(asked: QueryDict) -> assurance.Inquiry:
    code, verb = asked.get("object", ""), asked.get("verb", Verb.READ.value)
    if not code:
        raise refuse("object", "missing", "Say which object, by its code")
    if verb not in (EXPORT, *set(Verb)):
        raise refuse("verb", "unknown", f"verb is {EXPORT} or one of {', '.join(Verb)}")
    record: UUID | None = id_of(asked["record"], "record") if asked.get("record") else None
    return assurance.Inquiry(
        code,
        Verb.READ if verb == EXPORT else Verb(verb),
        record,
        asked.get("column", ""),
        Operation.EXPORT_LIST if verb == EXPORT else None,
        instant_of(asked.get("at"), "at"),
    )


def _person(ctx: Context, asked: QueryDict, name: str) -> UnitId | None:
    """A principal by id; `me` is the caller."""
    given = asked.get(name)
    if not given:
        return None
    return UnitId(ctx.actor) if given == "me" else UnitId(id_of(given, name))
