"""How the routes of people and roles are called."""

from collections.abc import Callable, Mapping

from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.ids import UnitId, new_id
from ostiary.tenancy import public as tenancy
from tests.integration.project._registry_world import Scenario, World


def make_person(ctx: Context, login: str) -> UnitId:
    return access.create_person(ctx, login=login, name="Some Body", email="b@example.com")


def person(part: str = "") -> Callable[[World], str]:
    """Somebody new, of whom nobody else has heard."""

    def make(world: World) -> str:
        with tenancy.transaction(world.tenant) as db:
            made = make_person(world.context(db, "ada"), f"p{new_id().hex}")
        return f"/people/{made}{part}"

    return make


def made_role(world: World, kind: identity.UnitKind = identity.UnitKind.ORG) -> UnitId:
    with tenancy.transaction(world.tenant) as db:
        return access.create_role(world.context(db, "ada"), kind, f"One of many {new_id().hex}")


def role(part: str = "") -> Callable[[World], str]:
    """A new role that nobody has."""
    return lambda world: f"/roles/{made_role(world)}{part}"


def api(page: Callable[[World], str]) -> Callable[[World], str]:
    """The same by the API."""
    return lambda world: f"/api/v1{page(world)}"


def membership(world: World) -> Mapping[str, object]:
    change = {"change": "set_member", "principal": str(world.people["nil"]), "role": str(made_role(world))}
    return {"changes": [change]}


def standing(what: str) -> Callable[[World], str]:
    """The address that ends a delegation or elevation."""

    def make(world: World) -> str:
        with tenancy.transaction(world.tenant) as db:
            ctx = world.context(db, "ada")
            somebody = make_person(ctx, f"p{new_id().hex}")
            if what == "delegations":
                made = access.delegate(ctx, somebody, world.people["nil"], identity.Period())
            else:
                role = access.create_role(ctx, identity.UnitKind.FUNC, f"One of many {new_id().hex}")
                made = access.elevate(ctx, somebody, role, identity.Period(), "to help")
        return f"/people/{somebody}/{what}/{made}/end"

    return make


def attributed(world: World) -> str:
    """Somebody with an attribute."""
    with tenancy.transaction(world.tenant) as db:
        ctx = world.context(db, "ada")
        somebody = make_person(ctx, f"p{new_id().hex}")
        access.set_attribute(ctx, somebody, "regions", [somebody])
    return f"/people/{somebody}/attributes/regions"


def confirmed(role: str = "", **fields: str) -> Callable[[World], Mapping[str, object]]:
    """A change of rights that was looked at just now. role: the field that names a new role."""

    def make(world: World) -> Mapping[str, object]:
        named = {role: made_role(world)} if role else {}
        with tenancy.transaction(world.tenant) as db:
            epoch = identity.current_epoch(world.context(db, "ada"))
        return {**fields, **named, "seen_epoch": epoch}

    return make


PEOPLE: Mapping[str, Scenario] = {
    "GET /api/v1/people": Scenario(lambda _: "/api/v1/people?search=ada&count=true"),
    "POST /api/v1/people": Scenario(
        lambda _: "/api/v1/people", {"login": "apia", "name": "Api A", "email": "a@example.com"}
    ),
    "GET /api/v1/people/<uuid:person_id>": Scenario(api(person())),
    "PATCH /api/v1/people/<uuid:person_id>": Scenario(api(person()), {"name": "Patched"}),
    "GET /api/v1/people/<uuid:person_id>/roles": Scenario(api(person("/roles"))),
    "GET /api/v1/people/<uuid:person_id>/standing": Scenario(api(person("/standing"))),
    "GET /api/v1/roles": Scenario(lambda _: "/api/v1/roles?search=sales"),
    "GET /api/v1/roles/<uuid:role_id>": Scenario(api(role())),
    "POST /api/v1/people/changes": Scenario(lambda _: "/api/v1/people/changes", body=membership),
    "POST /api/v1/people/changes/preview": Scenario(
        lambda _: "/api/v1/people/changes/preview", body=membership
    ),
    "GET /people": Scenario(lambda _: "/people"),
    "GET /people/new": Scenario(lambda _: "/people/new"),
    "POST /people/new": Scenario(
        lambda _: "/people/new", {"login": "neil", "name": "Neil New", "email": "", "language": "en"}
    ),
    "GET /people/find": Scenario(lambda _: "/people/find?q=ada"),
    "GET /people/find-units": Scenario(lambda _: "/people/find-units?q=ada"),
    "GET /people/<uuid:person_id>": Scenario(person()),
    "GET /people/<uuid:person_id>/edit": Scenario(person("/edit")),
    "POST /people/<uuid:person_id>/edit": Scenario(person("/edit"), {"name": "Another Name"}),
    "POST /people/<uuid:person_id>/active": Scenario(person("/active"), body=confirmed(active="no")),
    "GET /people/<uuid:person_id>/roles": Scenario(person("/roles")),
    "POST /people/<uuid:person_id>/roles": Scenario(person("/roles"), body=confirmed("add")),
    "GET /people/<uuid:person_id>/delegate": Scenario(person("/delegate")),
    "POST /people/<uuid:person_id>/delegate": Scenario(person("/delegate"), body=confirmed("other")),
    "POST /people/<uuid:person_id>/delegations/<uuid:delegation_id>/end": Scenario(
        standing("delegations"), body=confirmed()
    ),
    "GET /people/<uuid:person_id>/elevate": Scenario(person("/elevate")),
    "POST /people/<uuid:person_id>/elevate": Scenario(
        person("/elevate"), body=confirmed("role", reason="to help")
    ),
    "POST /people/<uuid:person_id>/elevations/<uuid:elevation_id>/end": Scenario(
        standing("elevations"), body=confirmed()
    ),
    "GET /people/<uuid:person_id>/attributes/<str:name>": Scenario(attributed),
    "POST /people/<uuid:person_id>/attributes/<str:name>": Scenario(attributed, body=confirmed("add")),
    "GET /roles": Scenario(lambda _: "/roles"),
    "GET /roles/new": Scenario(lambda _: "/roles/new"),
    "POST /roles/new": Scenario(lambda _: "/roles/new", body=confirmed(name="Fresh", tree="functional")),
    "GET /roles/find": Scenario(lambda _: "/roles/find?q=sales"),
    "GET /roles/functional": Scenario(lambda _: "/roles/functional"),
    "GET /roles/<uuid:role_id>": Scenario(role()),
    "GET /roles/<uuid:role_id>/children": Scenario(role("/children")),
    "GET /roles/<uuid:role_id>/rename": Scenario(role("/rename")),
    "POST /roles/<uuid:role_id>/rename": Scenario(role("/rename"), body=confirmed(name="Renamed")),
    "GET /roles/<uuid:role_id>/move": Scenario(role("/move")),
    "POST /roles/<uuid:role_id>/move": Scenario(role("/move"), body=confirmed("parent")),
    "GET /roles/<uuid:role_id>/merge": Scenario(role("/merge")),
    "POST /roles/<uuid:role_id>/merge": Scenario(role("/merge"), body=confirmed("into")),
    "GET /roles/<uuid:role_id>/delete": Scenario(role("/delete")),
    "POST /roles/<uuid:role_id>/delete": Scenario(role("/delete"), body=confirmed()),
    "POST /roles/<uuid:role_id>/mark": Scenario(role("/mark"), body=confirmed(not_inherited="yes")),
    "GET /roles/<uuid:role_id>/manager": Scenario(role("/manager")),
    "POST /roles/<uuid:role_id>/manager": Scenario(role("/manager"), body=confirmed(name="Heads")),
    "GET /roles/<uuid:role_id>/members": Scenario(role("/members")),
    "POST /roles/<uuid:role_id>/members": Scenario(
        role("/members"), body=lambda world: {"add": world.people["nil"], **confirmed()(world)}
    ),
    "GET /roles/<uuid:role_id>/links": Scenario(role("/links")),
    "POST /roles/<uuid:role_id>/links": Scenario(
        role("/links"),
        body=lambda world: {"add": made_role(world, identity.UnitKind.FUNC), **confirmed()(world)},
    ),
}
