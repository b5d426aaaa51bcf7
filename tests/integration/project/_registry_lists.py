"""How the routes of lists and their saved views are called."""

from collections.abc import Mapping

from ostiary.pages import public as pages
from ostiary.tenancy import public as tenancy
from tests.integration.pages._readers import reader
from tests.integration.project._registry_world import Scenario, World


def saved_view(world: World) -> str:
    """A view of ada's own."""
    with tenancy.transaction(world.tenant) as db:
        asked = {"name": ["Named"], "state": ["c=name"]}
        made = pages.submit_view(reader(world.context(db, "ada")), "account", asked)
    assert isinstance(made, pages.Saved)
    return f"/o/account/views/{made.record_id}"


def move(world: World) -> str:
    return f"/o/account/{world.account()}/move?shape=board&by=category"


LISTS: Mapping[str, Scenario] = {
    "GET /o/<slug:code>/": Scenario(lambda _: "/o/account/"),
    "GET /o/<slug:code>/count": Scenario(lambda _: "/o/account/count?f=name&o=contains&v=one"),
    "GET /o/<slug:code>/<uuid:record_id>/move": Scenario(move),
    "POST /o/<slug:code>/<uuid:record_id>/move": Scenario(move, {"category": "b", "version": "1"}),
    "POST /o/<slug:code>/views": Scenario(
        lambda _: "/o/account/views", {"name": "All by name", "state": "sort=name"}
    ),
    "POST /o/<slug:code>/views/<uuid:view_id>": Scenario(saved_view, {"do": "rename", "name": "Renamed"}),
    "GET /o/<slug:code>/views/roles": Scenario(
        lambda _: "/o/account/views/roles?q=sales", refused=("nil", "out", None)
    ),
}
