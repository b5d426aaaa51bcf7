"""REST of the role matrix and of what to look at in the rights."""

from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse

from ostiary.access import public as access
from ostiary.api._asked import answer, context, not_allowed, number_of, only, refuse
from ostiary.assurance import public as assurance
from ostiary.kernel.entries import Entry, declare, needs
from ostiary.objects import public as objects

_GUARD = needs(access.Operation.MANAGE_RIGHTS.value)
_MOST = 200


def matrix(request: HttpRequest) -> HttpResponse:
    """GET the matrix, `limit` roles from `offset` on; with `object` also the levels of its columns."""
    if request.method != "GET":
        return not_allowed(request, "GET")
    asked = request.GET
    only(asked, frozenset({"limit", "offset", "object"}))
    limit, offset = number_of(asked, "limit", 50), number_of(asked, "offset", 0)
    if not 1 <= limit <= _MOST:
        raise refuse("limit", "out_of_range", f"limit is from 1 to {_MOST}")
    found = assurance.view_matrix(context(request))
    chosen = found.catalogue.objects.get(asked.get("object", ""))
    if "object" in asked and chosen is None:
        raise refuse("object", "unknown", "There is no such object")
    roles = [_role(found, role, chosen) for role in found.roles[offset : offset + limit]]
    return answer(orjson.dumps({"roles": roles, "count": len(found.roles)}))


def findings(request: HttpRequest) -> HttpResponse:
    """GET what to look at, errors first."""
    if request.method != "GET":
        return not_allowed(request, "GET")
    only(request.GET, frozenset())
    found = [assurance.finding_values(finding) for finding in assurance.list_findings(context(request))]
    return answer(orjson.dumps({"findings": found}))


declare(matrix, Entry(_GUARD, {"GET": "assurance.matrix.viewed"}))
declare(findings, Entry(_GUARD, {"GET": "assurance.findings.viewed"}))


def _role(
    found: assurance.Matrix, role: assurance.MatrixRole, chosen: objects.Object | None
) -> dict[str, Any]:
    card = role.card
    told: dict[str, Any] = {
        "id": role.id,
        "name": role.name,
        "code": role.code,
        "kind": role.kind.value,
        "external": role.external,
        "owner": card.owner,
        **_reason(card.reason),
        "review_months": card.review_months,
        "reviewed_at": card.reviewed_at,
        "operations": _operations(found, role),
        "objects": {made.code: verbs for made in found.all_objects if (verbs := _verbs(found, role, made))},
        "grants": [_grant(grant) for grant in found.grants(role.id)],
    }
    if chosen is not None:
        told["columns"] = _columns(found, role, chosen)
    return told


def _operations(found: assurance.Matrix, role: assurance.MatrixRole) -> dict[str, Any]:
    """Those that a row decides."""
    cells = {o.value: found.operation(role.id, o).given for o in access.Operation}
    return {
        code: {"allowed": given.allowed, "by": _by(given)}
        for code, given in cells.items()
        if given.by is not None
    }


def _verbs(found: assurance.Matrix, role: assurance.MatrixRole, made: objects.Object) -> dict[str, Any]:
    """What each verb rests on: the id of a role, or the code of an operation."""
    return {verb.value: _by(given) for verb, given in found.cell(role.id, made).verbs.items()}


def _columns(found: assurance.Matrix, role: assurance.MatrixRole, made: objects.Object) -> dict[str, Any]:
    cells = {column: found.column(role.id, made, column).given for column in made.columns.values()}
    return {
        column.code: {
            "level": given.level.name.lower(),
            "by": _by(given),
            "class": column.data_class.name.lower(),
        }
        for column, given in cells.items()
    }


def _by(given: access.Given | access.GivenLevel) -> str | None:
    if given.by is None:
        return None
    return given.by.value if isinstance(given.by, access.Operation) else str(given.by)


def _grant(grant: assurance.OwnGrant) -> dict[str, Any]:
    return {
        "kind": grant.kind.value,
        "target": grant.target,
        "caption": grant.caption,
        "what": list(grant.what),
        **_reason(grant.reason),
        "missing": list(grant.reason.missing),
    }


def _reason(reason: assurance.Reason) -> dict[str, str]:
    return {"justification": reason.justification, "basis": reason.basis}
