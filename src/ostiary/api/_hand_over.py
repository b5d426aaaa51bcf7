"""REST of handing a record over: what may be the same, and the deed."""

from typing import Any
from uuid import UUID

import orjson
from django.http import HttpRequest, HttpResponse

from ostiary.api._asked import (
    answer,
    answers,
    body_of,
    context,
    not_allowed,
    once,
    one_record,
    only,
    refuse,
    version_of,
)
from ostiary.api._errors import problem
from ostiary.records import public as records


@answers({"GET": "records.record.viewed", "POST": "records.record.updated"})
def hand_over(request: HttpRequest, code: str, record_id: UUID) -> HttpResponse:
    """GET tells what a record would be handed over to, POST does it."""
    if request.method == "GET":
        only(request.GET, frozenset())
        _, steps = records.plan_hand_over(context(request), code, record_id)
        return answer(orjson.dumps({"steps": [_told(step) for step in steps]}))
    if request.method == "POST":
        return _hand_over(request, code, record_id)
    return not_allowed(request, "GET, POST")


def _told(step: records.Step) -> dict[str, Any]:
    linked = step.linked
    return {
        "column": step.link,
        "object": step.object,
        "linked": None if linked is None else {"id": str(linked.id), "display": linked.name},
        "new": step.name or None,
        "may_create": step.may_create,
        "candidates": [
            {"id": str(each.id), "display": each.name, "same": list(each.by)} for each in step.candidates
        ],
    }


def _hand_over(request: HttpRequest, code: str, record_id: UUID) -> HttpResponse:
    choices, version = body_of(request), version_of(request)
    stated = choices.pop("version", None)
    if version is None:
        if not isinstance(stated, int) or isinstance(stated, bool):
            words = "Say which version you hand over: If-Match, or version in the body"
            return problem(request, 428, "version_required", words)
        version = stated
    for column, choice in choices.items():
        if not isinstance(choice, str):
            raise refuse(column, "malformed", f"{column} is new, none or the id of a record")
    ctx, seen = context(request), version
    record = once(request, code, lambda: records.hand_over(ctx, code, record_id, seen, choices))
    if record is None:
        raise RuntimeError("a change that left no record")
    return one_record(record)
