"""A tenant of its own for each test, and the browsers of its administrator and of Ann."""

from collections.abc import Iterator

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.test import override_settings

from ostiary.access import public as access
from ostiary.access.public import ColumnLevel, Verb
from ostiary.identity import public as identity
from ostiary.kernel.ids import PrincipalId
from ostiary.objects import public as objects
from ostiary.project._transport import Transport
from tests._site import Site
from tests._tenants import Installation
from tests.integration.objects._worlds import BOAT, apply, inside, make_home
from tests.integration.rights._editor import Harbour


@pytest.fixture(scope="session")
def built(installation: Installation) -> Harbour:
    """The tenant; `harbour` gives it its rights."""
    host = f"{installation.worker}.rights.test"
    home = make_home("rights", [host])
    apply(home, BOAT)
    with inside(home) as ctx:
        everyone = identity.find_unit(ctx, identity.ALL_EMPLOYEES)
        assert everyone is not None
        crew = access.create_role(ctx, identity.UnitKind.ORG, "Crew")
        pilots = access.create_role(ctx, identity.UnitKind.ORG, "Pilots", parent=crew)
        deck = access.create_role(ctx, identity.UnitKind.FUNC, "Deck hands")
        ann = access.create_person(ctx, login="ann", name="Ann Agent", email="")
        access.add_members(ctx, [(ann, crew), (ann, deck)])
        boat = objects.find_object(ctx, "boat")
        return Harbour(home, host, boat, ann, everyone, crew, pilots, deck)


@pytest.fixture
def harbour(built: Harbour) -> Harbour:
    """The tenant with the rights that every test begins with."""
    with inside(built.home) as ctx:
        boat, crew, everyone = built.boat, built.crew, built.everyone
        access.set_object_rows(ctx, boat.id, [(crew, {Verb.READ}), (everyone, set())])
        access.set_columns_rows(
            ctx,
            boat.id,
            {
                boat.columns["name"].id: [(crew, ColumnLevel.READ)],
                boat.columns["length_m"].id: [(everyone, ColumnLevel.NONE)],
            },
        )
        access.set_switches(ctx, boat.id, records=True)
        for rule in access.view_policy(ctx).object(boat.id).records.rules:
            access.remove_default_rule(ctx, boat.id, rule.author, rule.grantee)
        for deny in access.view_policy(ctx).object(boat.id).records.deny_rules:
            access.set_deny_rule(ctx, boat.id, deny.author, deny.unit, set())
        for scoped in access.view_policy(ctx).object(boat.id).records.scopes:
            scope = access.Scope(scoped.path, scoped.attribute)
            access.remove_scope_rule(ctx, boat.id, scoped.grantee, scope)
    return built


@pytest.fixture
def sites(harbour: Harbour) -> Iterator[tuple[Site, Site]]:
    """Browsers of the administrator and of Ann, who holds no operation."""
    with inside(harbour.home) as ctx:
        people = (harbour.home.administrator, harbour.ann)
        tokens = [identity.open_session(ctx, PrincipalId(person)) for person in people]
    transport = Transport(insecure_http=True)
    with override_settings(**transport.django_settings()):
        handler = WSGIHandler()
        admin, ann = (Site(handler, harbour.host, cookies={transport.session_cookie: t}) for t in tokens)
        yield admin, ann


@pytest.fixture
def admin(sites: tuple[Site, Site]) -> Site:
    return sites[0]
