"""How the routes of dashboards are called."""

from collections.abc import Callable, Mapping

from ostiary.dashboards import public as dashboards
from ostiary.tenancy import public as tenancy
from tests.integration.project._registry_world import Scenario, World

WIDGET = {"kind": "figure", "caption": "All", "object": "account", "measure": "count", "version": "1"}


def dashboard(part: str = "") -> Callable[[World], str]:
    """A dashboard of ada with one widget."""

    def make(world: World) -> str:
        widget = dashboards.Widget(dashboards.Kind.FIGURE, "All", "account")
        with tenancy.transaction(world.tenant) as db:
            made = dashboards.create_dashboard(world.context(db, "ada"), "Accounts", [widget])
        return f"/dashboards/{made}{part}"

    return make


def _api(world: World) -> str:
    return f"/api/v1{dashboard()(world)}"


def _widgets() -> list[dict[str, object]]:
    return [{"kind": "figure", "caption": "All", "object": "account"}]


DASHBOARDS: Mapping[str, Scenario] = {
    "GET /dashboards": Scenario(lambda _: "/dashboards", refused=(None,)),
    "GET /dashboards/new": Scenario(lambda _: "/dashboards/new", refused=(None,)),
    "POST /dashboards/new": Scenario(
        lambda _: "/dashboards/new", {"name": "Mine"}, wrong={"name": ""}, refused=(None,)
    ),
    "GET /dashboards/<uuid:dashboard_id>": Scenario(dashboard()),
    "GET /dashboards/<uuid:dashboard_id>/edit": Scenario(dashboard("/edit")),
    "POST /dashboards/<uuid:dashboard_id>/edit": Scenario(
        dashboard("/edit"),
        {"name": "Other", "place-0": "1", "version": "1"},
        wrong={"name": "", "version": "1"},
    ),
    "GET /dashboards/<uuid:dashboard_id>/share": Scenario(dashboard("/share")),
    "POST /dashboards/<uuid:dashboard_id>/share": Scenario(dashboard("/share"), {"level": "view"}),
    "GET /dashboards/<uuid:dashboard_id>/widgets/new": Scenario(dashboard("/widgets/new")),
    "POST /dashboards/<uuid:dashboard_id>/widgets/new": Scenario(
        dashboard("/widgets/new"), WIDGET, wrong={**WIDGET, "kind": "video"}
    ),
    "GET /dashboards/<uuid:dashboard_id>/widgets/<int:number>": Scenario(dashboard("/widgets/0")),
    "POST /dashboards/<uuid:dashboard_id>/widgets/<int:number>": Scenario(
        dashboard("/widgets/0"), WIDGET, wrong={**WIDGET, "caption": ""}
    ),
    "GET /api/v1/dashboards": Scenario(lambda _: "/api/v1/dashboards", refused=(None,)),
    "POST /api/v1/dashboards": Scenario(
        lambda _: "/api/v1/dashboards", {"name": "Mine", "widgets": _widgets()}, refused=(None,)
    ),
    "GET /api/v1/dashboards/<uuid:dashboard_id>": Scenario(_api),
    "PUT /api/v1/dashboards/<uuid:dashboard_id>": Scenario(
        _api, {"name": "Other", "widgets": _widgets(), "version": 1}
    ),
    "DELETE /api/v1/dashboards/<uuid:dashboard_id>": Scenario(_api),
    "PUT /api/v1/dashboards/<uuid:dashboard_id>/shares": Scenario(
        lambda world: f"{_api(world)}/shares", {"shares": []}
    ),
}
