"""Handing a record over, driven with and without the right."""

from collections.abc import Callable, Mapping

from ostiary.records import public as records
from ostiary.tenancy import public as tenancy
from tests.integration.project._registry_world import Scenario, World

CHOSEN = {"account": "none", "contact": "none", "opportunity": "new"}


def lead(prefix: str) -> Callable[[World], str]:
    def make(world: World) -> str:
        with tenancy.transaction(world.tenant) as db:
            made = records.create_record(world.context(db, "ada"), "lead", {"name": "Racks"})
        return f"{prefix}/lead/{made.id}/hand-over"

    return make


HAND_OVER: Mapping[str, Scenario] = {
    "GET /o/<slug:code>/<uuid:record_id>/hand-over": Scenario(lead("/o")),
    "POST /o/<slug:code>/<uuid:record_id>/hand-over": Scenario(lead("/o"), {**CHOSEN, "version": "1"}),
    "GET /api/v1/records/<slug:code>/<uuid:record_id>/hand-over": Scenario(lead("/api/v1/records")),
    "POST /api/v1/records/<slug:code>/<uuid:record_id>/hand-over": Scenario(
        lead("/api/v1/records"), {**CHOSEN, "version": 1}
    ),
}
