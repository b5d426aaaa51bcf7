"""How the routes of imports and exports are called."""

from collections.abc import Callable, Mapping

from ostiary.records import _export_ask
from ostiary.records import public as records
from ostiary.tenancy import public as tenancy
from tests._jobs import run_due_jobs
from tests.integration.project._registry_world import Scenario, World

FILE = b"Name\r\nBrought in\r\n"


def import_of(part: str = "", *, run: bool = False) -> Callable[[World], str]:
    """A file that ada brought."""

    def make(world: World) -> str:
        with tenancy.transaction(world.tenant) as db:
            ctx = world.context(db, "ada")
            made = records.take_file(ctx, "account", "a.csv", [FILE])
            if run:
                choice = records.ImportChoice({0: "name"}, ("name",))
                records.start_import(ctx, made, choice, check=True)
        if run:
            run_due_jobs()
        return f"/imports/{made}{part}"

    return make


def export_of(part: str = "", *, run: bool = False) -> Callable[[World], str]:
    """A file that ada takes out in the background."""

    def make(world: World) -> str:
        world.account()
        direct, _export_ask.DIRECT = _export_ask.DIRECT, 0
        try:
            with tenancy.transaction(world.tenant) as db:
                query = records.RecordQuery("account", ("name",))
                made, _ = records.export_records(world.context(db, "ada"), query, records.ExportFormat.CSV)
        finally:
            _export_ask.DIRECT = direct
        if run:
            run_due_jobs()
        return f"/exports/{made.id}{part}"

    return make


MAPPED = {"do": "run", "to.0": "name", "key": "0", "duplicates": "update", "missing": "refuse"}
EXPORTED = {"column": "name", "format": "csv", "reason": "A test"}

EXCHANGE: Mapping[str, Scenario] = {
    "GET /o/<slug:code>/export": Scenario(lambda _: "/o/account/export", refused=("nil", "out", None)),
    "POST /o/<slug:code>/export": Scenario(
        lambda _: "/o/account/export", EXPORTED, refused=("nil", "out", None)
    ),
    "GET /o/<slug:code>/import": Scenario(lambda _: "/o/account/import", refused=("nil", "out", None)),
    "POST /o/<slug:code>/import": Scenario(
        lambda _: "/o/account/import", refused=("nil", "out", None), file=FILE
    ),
    "GET /imports/<uuid:import_id>": Scenario(import_of()),
    "POST /imports/<uuid:import_id>": Scenario(import_of(), MAPPED),
    "GET /imports/<uuid:import_id>/result": Scenario(import_of("/result", run=True)),
    "GET /exports/<uuid:export_id>": Scenario(export_of(run=True)),
    "POST /exports/<uuid:export_id>/cancel": Scenario(export_of("/cancel")),
    "GET /files": Scenario(lambda _: "/files", refused=(None,)),
    "GET /files/import": Scenario(lambda _: "/files/import?object=account", refused=(None,)),
}
