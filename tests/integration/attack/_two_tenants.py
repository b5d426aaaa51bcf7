"""Two tenants side by side with marked rows, so that whatever crosses over is seen at once."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlencode

import orjson
import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.test import override_settings

from ostiary.access import public as access
from ostiary.crm import public as crm
from ostiary.identity import public as identity
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.ids import PrincipalId, RecordId, UnitId
from ostiary.project._tenants import create_tenant
from ostiary.project._transport import Transport
from ostiary.records import public as records
from ostiary.tenancy import public as tenancy
from tests._site import Answer, Site
from tests._tenants import Installation

ACCOUNTS = 5
TABLES = (
    "rec_account",
    "rec_contact",
    "identity_unit",
    "identity_membership",
    "access_object_row",
    "audit_ref",
)


@dataclass(frozen=True)
class Side:
    """One tenant: who administers it, who sells in it, and the mark that each of its records carries."""

    tenant: tenancy.Tenant
    administrator: UnitId
    agent: UnitId
    host: str
    mark: str
    key: str
    session: str
    accounts: tuple[RecordId, ...]

    @contextmanager
    def inside(self, principal: UnitId | None = None) -> Iterator[Context]:
        with tenancy.transaction(self.tenant) as db:
            person = PrincipalId(principal or self.agent)
            yield Context(self.tenant.id, db, person, Channel.CLI)

    def digest(self) -> str:
        """Of what the tenant holds; what is only read leaves it as it is."""
        with tenancy.transaction(self.tenant) as db:
            found = [db.rows(f"select md5(t::text) from @.{table} t order by 1") for table in TABLES]
        return hashlib.sha256(repr(found).encode()).hexdigest()


@dataclass(frozen=True)
class Program:
    """A program with a key of one tenant, before the product's own handler."""

    site: Site
    key: str

    def ask(self, method: str, path: str, body: object = None, /, **query: str) -> Answer:
        headers = {
            "HTTP_AUTHORIZATION": f"Bearer {self.key}",
            "QUERY_STRING": urlencode(query),
            "CONTENT_TYPE": "application/json",
        }
        return self.site.ask(method, path, b"" if body is None else orjson.dumps(body), **headers)


def make_side(installation: Installation, letter: str) -> Side:
    """A tenant with the CRM, an agent with a key and a session, and a few accounts."""
    slug = f"{letter}{installation.worker}"
    mark = f"mark-of-{slug}"
    host = f"{slug}.test"
    new = create_tenant(
        slug, f"House {mark}", [host], login="ada", person=f"Ada {mark}", email="a@example.com", password=None
    )
    with tenancy.transaction(new.tenant) as db:
        ctx = Context(new.tenant.id, db, PrincipalId(new.administrator), Channel.CLI)
    crm.install(new.tenant, ctx)
    with tenancy.transaction(new.tenant) as db:
        ctx = Context(new.tenant.id, db, PrincipalId(new.administrator), Channel.CLI)
        agent = access.create_person(ctx, login="sam", name=f"Sam {mark}", email="s@example.com")
        sales = identity.find_unit(ctx, "sales")
        assert sales is not None
        access.add_member(ctx, agent, sales)
        key = access.create_api_key(ctx, agent, "attack")
        session = identity.open_session(ctx, PrincipalId(agent))
        selling = ctx.acting_as(PrincipalId(agent))
        made = tuple(
            records.create_record(selling, "account", {"name": f"{mark} {number}"}).id
            for number in range(ACCOUNTS)
        )
    return Side(new.tenant, new.administrator, agent, host, mark, key, session, made)


@pytest.fixture(scope="session")
def sides(installation: Installation) -> tuple[Side, Side]:
    """The attacker's tenant and the other."""
    return make_side(installation, "atk"), make_side(installation, "vic")


@pytest.fixture(scope="session")
def transport() -> Transport:
    return Transport(insecure_http=True)


@pytest.fixture(scope="session")
def handler(installation: Installation, transport: Transport) -> Iterator[WSGIHandler]:
    """The product as it is served, routes and all."""
    with override_settings(**transport.django_settings()):
        yield WSGIHandler()


@pytest.fixture
def attacker(handler: WSGIHandler, sides: tuple[Side, Side]) -> Program:
    return Program(Site(handler, sides[0].host), sides[0].key)


@pytest.fixture
def browser(handler: WSGIHandler, sides: tuple[Side, Side], transport: Transport) -> Site:
    """The attacker's own browser, signed in as the agent."""
    return Site(handler, sides[0].host, cookies={transport.session_cookie: sides[0].session})
