"""REST of rights as code: the file, what another file would change, that file applied, roles proposed."""

from collections.abc import Callable, Mapping
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse

from ostiary.access import public as access
from ostiary.api._asked import answer, body_of, context, not_allowed, only, refuse
from ostiary.api._errors import problem
from ostiary.assurance import public as assurance
from ostiary.kernel.entries import Entry, View, declare, needs
from ostiary.objects.public import DataClass

YAML = "application/yaml"
_GUARD = needs(access.Operation.MANAGE_RIGHTS.value)
_CHOICE = frozenset({"function", "read_upto", "edit_upto", "records", "export"})


def _answers(**events: str) -> Callable[[View], View]:
    """Declares a view by the event of each of its methods."""
    return lambda view: declare(view, Entry(_GUARD, events))


@_answers(GET="assurance.rights.exported")
def export(request: HttpRequest) -> HttpResponse:
    """GET answers with the rights as YAML."""
    if request.method != "GET":
        return not_allowed(request, "GET")
    only(request.GET, frozenset())
    response = HttpResponse(assurance.export_rights(context(request)), content_type=f"{YAML}; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="rights.yaml"'
    return response


@_answers(POST="assurance.change.previewed")
def plan(request: HttpRequest) -> HttpResponse:
    """POST says what a file would change, and whom that concerns."""
    if request.method != "POST":
        return not_allowed(request, "POST")
    body = body_of(request)
    _known(body, {"text"})
    return _told(request, *assurance.plan_file(context(request), _text(body)))


@_answers(POST="assurance.rights.applied")
def apply(request: HttpRequest) -> HttpResponse:
    """POST makes the rights those of a file. 422 `assurance.widens` unless widening is allowed."""
    if request.method != "POST":
        return not_allowed(request, "POST")
    body = body_of(request)
    _known(body, {"text", "allow_widen"})
    allow = body.get("allow_widen", False)
    if not isinstance(allow, bool):
        raise refuse("allow_widen", "malformed", "allow_widen is true or false")
    ctx, text = context(request), _text(body)
    try:
        return _told(request, *assurance.apply_file(ctx, text, allow_widen=allow))
    except assurance.Widens as refused:
        told = list(access.diff_lines(ctx, refused.impact.diff))
        return problem(request, 422, refused.code, refused.message, impact=told)


@_answers(POST="access.policy.viewed")
def propose(request: HttpRequest) -> HttpResponse:
    """POST proposes roles for job functions, as a part of a file and what it would change."""
    if request.method != "POST":
        return not_allowed(request, "POST")
    body = body_of(request)
    _known(body, {"functions"})
    given = body.get("functions")
    if not isinstance(given, list):
        raise refuse("functions", "malformed", "functions is a list")
    found = assurance.propose_roles(context(request), [_choice(each) for each in given])
    return answer(orjson.dumps({"text": found.text, "changes": found.plan.lines}))


def _known(body: Mapping[str, Any], names: set[str]) -> None:
    for name in body.keys() - names:
        raise refuse(name, "unknown", f"{name} is not known here")


def _text(body: Mapping[str, Any]) -> str:
    text = body.get("text")
    if not isinstance(text, str):
        raise refuse("text", "malformed", "text is the file")
    return text


def _told(request: HttpRequest, planned: assurance.RightsPlan, impact: assurance.Impact) -> HttpResponse:
    found = {
        "differs": planned.differs,
        "widens": impact.widens,
        "exact": impact.diff.exact,
        "changes": planned.lines,
        "unnamed": planned.unnamed,
        "impact": list(access.diff_lines(context(request), impact.diff)),
    }
    return answer(orjson.dumps(found))


def _choice(given: object) -> assurance.FunctionChoice:
    if not isinstance(given, dict) or not given.keys() <= _CHOICE or "function" not in given:
        raise refuse("functions", "malformed", f"Each has function and may have {', '.join(sorted(_CHOICE))}")
    made: dict[str, Any] = {"function": str(given["function"])}
    for key in ("read_upto", "edit_upto"):
        if key in given:
            made[key] = None if given[key] is None else _class(key, given[key])
    if "records" in given:
        made["records"] = _records(given["records"])
    if "export" in given:
        made["export"] = given["export"] is True
    return assurance.FunctionChoice(**made)


def _class(key: str, given: object) -> DataClass:
    classes = {each.name.lower(): each for each in DataClass}
    if not isinstance(given, str) or given not in classes:
        raise refuse(key, "unknown", f"{key} is null or one of {', '.join(classes)}")
    return classes[given]


def _records(given: object) -> assurance.Records:
    try:
        return assurance.Records(str(given))
    except ValueError:
        raise refuse("records", "unknown", f"records is one of {', '.join(assurance.Records)}") from None
