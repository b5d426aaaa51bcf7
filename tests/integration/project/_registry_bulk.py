"""How the routes of many records and of cells in lists are called."""

from collections.abc import Callable, Mapping
from uuid import UUID

from ostiary.access import public as access
from ostiary.records import public as records
from ostiary.tenancy import public as tenancy
from tests.integration.project._registry_world import Scenario, World


def change_of(part: str = "", *, waits: bool = False, api: str = "") -> Callable[[World], str]:
    """A change of many records that ada made, or that waits."""

    def make(world: World) -> str:
        ids = [UUID(world.account())]
        with tenancy.transaction(world.tenant) as db:
            ctx, values = world.context(db, "ada"), {"notes": "Many"}
            call = records.request_bulk if waits else records.change_many
            made = call(ctx, "account", access.Verb.UPDATE, ids, values)
        return f"{api}/bulk/{made.id}{part}"

    return make


def cell_of(world: World) -> str:
    return f"/o/account/{world.account()}/cell/notes"


def selected(world: World) -> dict[str, str]:
    return {".rows": world.account(), ".do": "update", ".set": "notes", "notes": "Many"}


BULK: Mapping[str, Scenario] = {
    "POST /o/<slug:code>/bulk": Scenario(lambda _: "/o/account/bulk", body=selected),
    "POST /o/<slug:code>/bulk/do": Scenario(lambda _: "/o/account/bulk/do", body=selected),
    "GET /bulk/<uuid:bulk_id>": Scenario(change_of()),
    "POST /bulk/<uuid:bulk_id>/undo": Scenario(change_of("/undo")),
    "POST /bulk/<uuid:bulk_id>/cancel": Scenario(change_of("/cancel", waits=True)),
    "POST /api/v1/bulk/<uuid:bulk_id>/undo": Scenario(change_of("/undo", api="/api/v1")),
    "GET /bulk/<uuid:bulk_id>/result": Scenario(change_of("/result")),
    "GET /o/<slug:code>/<uuid:record_id>/cell/<slug:column>": Scenario(cell_of),
    "POST /o/<slug:code>/<uuid:record_id>/cell/<slug:column>": Scenario(
        cell_of, {"notes": "In its place", ".version": "1", ".base": ""}
    ),
}
