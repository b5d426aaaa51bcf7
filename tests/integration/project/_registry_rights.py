"""How the routes of the editors of rights are called."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace

import orjson

from ostiary.access import public as access
from ostiary.assurance import public as assurance
from ostiary.identity import public as identity
from ostiary.objects import public as objects
from ostiary.records import public as records
from ostiary.tenancy import public as tenancy
from tests.integration.project._registry_world import Scenario, World


def editor(url: str, part: str = "") -> Callable[[World], str]:
    return lambda _: f"/rights/{url}{part}"


def role_editor(part: str = "") -> Callable[[World], str]:
    """Of the role that the administrator has."""

    def make(world: World) -> str:
        with tenancy.transaction(world.tenant) as db:
            role = identity.find_unit(world.context(db, "ada"), identity.SYSTEM_ADMINISTRATORS)
        return f"/rights/roles/{role}{part}"

    return make


def edited(world: World) -> Mapping[str, object]:
    """Unsaved changes that were previewed: another place in the rows of an object, and a carried right."""
    with tenancy.transaction(world.tenant) as db:
        ctx = world.context(db, "ada")
        policy, catalogue = access.view_policy(ctx), objects.get_catalogue(ctx)
        draft, thing = assurance.begin(policy), records.describe(ctx, "account").object.id
        rows = draft.at(assurance.SetObjectRows(thing, ()), policy)
        carried = assurance.SetCarriedRight(access.Operation.IMPORT, thing, frozenset({access.Verb.READ}))
        draft = draft.put(policy, replace(rows, rows=rows.rows[::-1]), carried)
        text = assurance.draft_text(draft, catalogue)
    return {"draft": text, "previewed": hashlib.sha256(text.encode()).hexdigest()}


def rights_of(part: str) -> Callable[[World], Mapping[str, object]]:
    """The rights of an object or operation as they are, to be written back."""

    def make(world: World) -> Mapping[str, object]:
        body = world.program("ada").ask("GET", f"/api/v1/rights/{part}").body
        found: Mapping[str, object] = orjson.loads(body)
        return found

    return make


RIGHTS: Mapping[str, Scenario] = {
    "GET /rights/wizard": Scenario(editor("wizard")),
    "POST /rights/wizard": Scenario(
        editor("wizard"),
        {"sales": "yes", "sales_read": "public", "sales_edit": "", "sales_records": "own"},
        wrong={"sales": "yes", "sales_read": "all"},
    ),
    "GET /rights/units": Scenario(editor("units", "?for=f&f.text=Sales")),
    "GET /rights/objects": Scenario(editor("objects")),
    "GET /rights/objects/<slug:code>": Scenario(editor("objects/account")),
    "POST /rights/objects/<slug:code>/edit": Scenario(editor("objects/account/edit"), {"do": "undo"}),
    "POST /rights/objects/<slug:code>/preview": Scenario(editor("objects/account/preview"), body=edited),
    "POST /rights/objects/<slug:code>/save": Scenario(editor("objects/account/save"), body=edited),
    "GET /rights/operations": Scenario(editor("operations")),
    "GET /rights/operations/<slug:code>": Scenario(editor("operations/CanExportGrid")),
    "POST /rights/operations/<slug:code>/edit": Scenario(
        editor("operations/CanExportGrid/edit"), {"do": "undo"}
    ),
    "POST /rights/operations/<slug:code>/preview": Scenario(
        editor("operations/CanExportGrid/preview"), body=edited
    ),
    "POST /rights/operations/<slug:code>/save": Scenario(
        editor("operations/CanExportGrid/save"), body=edited
    ),
    "GET /rights/roles": Scenario(editor("roles")),
    "GET /rights/roles/<uuid:role>": Scenario(role_editor()),
    "POST /rights/roles/<uuid:role>/edit": Scenario(role_editor("/edit"), {"do": "undo"}),
    "POST /rights/roles/<uuid:role>/preview": Scenario(role_editor("/preview"), body=edited),
    "POST /rights/roles/<uuid:role>/save": Scenario(role_editor("/save"), body=edited),
    "GET /api/v1/rights/objects/<slug:code>": Scenario(lambda _: "/api/v1/rights/objects/account"),
    "PUT /api/v1/rights/objects/<slug:code>": Scenario(
        lambda _: "/api/v1/rights/objects/account", body=rights_of("objects/account")
    ),
    "GET /api/v1/rights/operations/<slug:code>": Scenario(
        lambda _: "/api/v1/rights/operations/CanExportGrid"
    ),
    "PUT /api/v1/rights/operations/<slug:code>": Scenario(
        lambda _: "/api/v1/rights/operations/CanExportGrid", body=rights_of("operations/CanExportGrid")
    ),
    "POST /api/v1/rights/preview": Scenario(lambda _: "/api/v1/rights/preview", {"changes": []}),
}
