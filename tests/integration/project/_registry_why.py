"""How the routes of explanations and of sharing are called."""

import re
from collections.abc import Callable, Mapping
from uuid import UUID

from ostiary.access import public as access
from ostiary.objects import public as objects
from ostiary.records import public as records
from ostiary.tenancy import public as tenancy
from tests.integration.project._registry_world import Scenario, World

API = "/api/v1/records/account"


def record(prefix: str, part: str) -> Callable[[World], str]:
    return lambda world: f"{prefix}/{world.account()}/{part}"


def shared(prefix: str, part: str) -> Callable[[World], str]:
    """A record that is shared with sam."""

    def make(world: World) -> str:
        account = world.account()
        with tenancy.transaction(world.tenant) as db:
            ctx = world.context(db, "ada")
            records.share_record(ctx, "account", UUID(account), world.people["out"], access.Verb.READ)
        return f"{prefix}/{account}/{part}?unit={world.people['out']}"

    return make


def deniable(part: str) -> Callable[[World], str]:
    """A record of an object that allows denies."""

    def make(world: World) -> str:
        account = world.account()
        with tenancy.transaction(world.tenant) as db:
            ctx = world.context(db, "ada")
            thing = objects.find_object(ctx, "account")
            access.set_switches(ctx, thing.id, records=True, denies=True)
        return f"{API}/{account}/{part}"

    return make


def with_out(**more: object) -> Callable[[World], Mapping[str, object]]:
    return lambda world: {"unit": str(world.people["out"]), **more}


def about_another(world: World) -> str:
    return f"object=account&verb=read&person={world.people['out']}"


def remedy(world: World) -> Mapping[str, object]:
    """The first that the page offers."""
    page = world.browser("ada").site.get("/explain", QUERY_STRING=about_another(world)).body.decode()
    found = re.search(r'name="remedy" value="(\w+)"', page)
    assert found, page
    return {"remedy": found[1]}


WHY: Mapping[str, Scenario] = {
    "GET /explain": Scenario(lambda world: f"/explain?{about_another(world)}"),
    "GET /explain/people": Scenario(lambda _: "/explain/people?q=per"),
    "GET /explain/records/<slug:code>": Scenario(lambda _: "/explain/records/account?q=one", refused=(None,)),
    "POST /explain/remedy": Scenario(lambda world: f"/explain/remedy?{about_another(world)}", body=remedy),
    "GET /o/<slug:code>/<uuid:record_id>/who": Scenario(record("/o/account", "who")),
    "GET /o/<slug:code>/<uuid:record_id>/sharing/units": Scenario(
        lambda world: f"/o/account/{world.account()}/sharing/units?q=person"
    ),
    "POST /o/<slug:code>/<uuid:record_id>/sharing": Scenario(
        record("/o/account", "sharing"), body=with_out(verbs="read", do="share")
    ),
    "GET /api/v1/explain": Scenario(lambda world: f"/api/v1/explain?{about_another(world)}"),
    "GET /api/v1/who-can": Scenario(lambda _: "/api/v1/who-can?object=account&verb=read"),
    "GET /api/v1/records/<slug:code>/<uuid:record_id>/shares": Scenario(record(API, "shares")),
    "POST /api/v1/records/<slug:code>/<uuid:record_id>/shares": Scenario(
        record(API, "shares"), body=with_out(verbs=["read"])
    ),
    "DELETE /api/v1/records/<slug:code>/<uuid:record_id>/shares": Scenario(shared(API, "shares")),
    "GET /api/v1/records/<slug:code>/<uuid:record_id>/denies": Scenario(record(API, "denies")),
    "POST /api/v1/records/<slug:code>/<uuid:record_id>/denies": Scenario(
        deniable("denies"), body=with_out(verbs=["read"])
    ),
    "DELETE /api/v1/records/<slug:code>/<uuid:record_id>/denies": Scenario(
        lambda world: f"{deniable('denies')(world)}?unit={world.people['out']}"
    ),
}
