"""How the routes of the page of a record are called."""

from collections.abc import Callable, Mapping

from ostiary.access import public as access
from ostiary.objects import public as objects
from ostiary.tenancy import public as tenancy
from tests.integration.project._registry_world import Scenario, World


def of_account(part: str) -> Callable[[World], str]:
    return lambda world: f"/o/account/{world.account()}{part}"


def masked(world: World) -> str:
    """The web address of accounts is masked for ada and out."""
    with tenancy.transaction(world.tenant) as db:
        ctx = world.context(db, "ada")
        thing = objects.find_object(ctx, "account")
        rows = [(world.people[who], access.ColumnLevel.MASKED) for who in ("ada", "out")]
        access.set_column_rows(ctx, thing.id, thing.columns["web"].id, rows)
    return of_account("/reveal")(world)


RECORD: Mapping[str, Scenario] = {
    "GET /o/<slug:code>/<uuid:record_id>/preview": Scenario(of_account("/preview")),
    "GET /o/<slug:code>/<uuid:record_id>/print": Scenario(of_account("/print")),
    "POST /o/<slug:code>/<uuid:record_id>/print": Scenario(
        of_account("/print"), {"reason": "For the meeting"}
    ),
    "GET /o/<slug:code>/print": Scenario(lambda _: "/o/account/print?c=name"),
    "POST /o/<slug:code>/print": Scenario(
        lambda _: "/o/account/print?c=name&c=payment_terms",
        {"reason": "For the meeting"},
    ),
    "POST /o/<slug:code>/<uuid:record_id>/pin": Scenario(of_account("/pin"), {"pin": "yes"}),
    "POST /o/<slug:code>/<uuid:record_id>/reveal": Scenario(
        masked, {"column": "web", "reason": "A caller asks"}, refused=("nil", "out", None)
    ),
}
