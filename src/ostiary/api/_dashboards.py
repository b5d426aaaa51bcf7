"""Dashboards over REST: what they are made of. What they show is asked of `aggregate` and of lists."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson
from django.http import HttpRequest, HttpResponse

from ostiary.access import public as access
from ostiary.api._asked import answer, answers, body_of, context, id_of, not_allowed, only, refuse
from ostiary.api._bulk_asked import known
from ostiary.dashboards import public as dashboards
from ostiary.dashboards.public import Dashboard, Level
from ostiary.kernel.context import Context
from ostiary.kernel.entries import Silent
from ostiary.kernel.ids import UnitId

_DEFINITION = Silent("what a dashboard is made of; the figures are read elsewhere")
_MANAGE = access.Operation.MANAGE_ANALYTICS.value
_LEVELS = {"view": Level.VIEW, "edit": Level.EDIT}


@answers({"GET": _DEFINITION, "POST": "dashboards.dashboard.created"})
def collection(request: HttpRequest) -> HttpResponse:
    """GET those that one may see, POST a new one; making needs CanManageAnalytics."""
    ctx = context(request)
    match request.method:
        case "GET":
            only(request.GET, frozenset())
            found = [_told(dashboard) for dashboard in dashboards.list_dashboards(ctx)]
            return answer(orjson.dumps({"dashboards": found}))
        case "POST":
            body = body_of(request)
            known(body, "name", "widgets")
            made = dashboards.create_dashboard(
                ctx, _name(body), dashboards.read_widgets(body.get("widgets", []))
            )
            return _one(dashboards.get_dashboard(ctx, made), 201)
        case _:
            return not_allowed(request, "GET, POST")


@answers(
    {
        "GET": _DEFINITION,
        "PUT": "dashboards.dashboard.changed",
        "DELETE": "dashboards.dashboard.deleted",
    }
)
def member(request: HttpRequest, dashboard_id: UUID) -> HttpResponse:
    """GET one, PUT it as a whole with the version that was seen, DELETE one's own."""
    ctx = context(request)
    match request.method:
        case "GET":
            only(request.GET, frozenset())
            return _one(dashboards.get_dashboard(ctx, dashboard_id))
        case "PUT":
            _put(ctx, dashboard_id, body_of(request))
            return _one(dashboards.get_dashboard(ctx, dashboard_id))
        case "DELETE":
            dashboards.delete_dashboard(ctx, dashboard_id)
            return HttpResponse(status=204)
        case _:
            return not_allowed(request, "GET, PUT, DELETE")


@answers({"PUT": "dashboards.dashboard.shared"}, _MANAGE)
def shares(request: HttpRequest, dashboard_id: UUID) -> HttpResponse:
    """PUT with whom one's own is shared: these and nobody else."""
    if request.method != "PUT":
        return not_allowed(request, "PUT")
    body = body_of(request)
    known(body, "shares")
    dashboards.share_dashboard(context(request), dashboard_id, _shares(body.get("shares")))
    return HttpResponse(status=204)


def _put(ctx: Context, dashboard_id: UUID, body: Mapping[str, Any]) -> None:
    known(body, "name", "widgets", "version")
    version = body.get("version")
    if type(version) is not int:
        raise refuse("version", "malformed", "version is the number that was seen")
    widgets = dashboards.read_widgets(body.get("widgets"))
    dashboards.save_dashboard(ctx, dashboard_id, _name(body), widgets, version)


def _name(body: Mapping[str, Any]) -> str:
    name = body.get("name")
    if not isinstance(name, str):
        raise refuse("name", "required", "name is a text")
    return name


def _shares(given: object) -> dict[UnitId, Level]:
    if not isinstance(given, list):
        raise refuse("shares", "malformed", "shares is a list of unit and level")
    found: dict[UnitId, Level] = {}
    for number, share in enumerate(given):
        place = f"shares.{number}"
        if not isinstance(share, dict) or share.get("level") not in _LEVELS:
            raise refuse(f"{place}.level", "unknown", f"{place}.level is view or edit")
        known(share, "unit", "level", place=place)
        found[UnitId(id_of(share.get("unit"), f"{place}.unit"))] = _LEVELS[share["level"]]
    return found


def _one(dashboard: Dashboard, status: int = 200) -> HttpResponse:
    return answer(orjson.dumps(_told(dashboard)), status)


def _told(dashboard: Dashboard) -> dict[str, Any]:
    return {
        "id": dashboard.id,
        "name": dashboard.name,
        "owner": dashboard.owner,
        "level": dashboard.level.name.lower(),
        "version": dashboard.version,
        "widgets": [dashboards.widget_values(widget) for widget in dashboard.widgets],
    }
