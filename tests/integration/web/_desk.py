"""A company with a tree of roles before the real handler: an administrator, a manager of people, an agent."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urlencode
from uuid import UUID

import orjson
import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.test import override_settings

from ostiary.access import public as access
from ostiary.crm import public as crm
from ostiary.identity import public as identity
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.ids import PrincipalId, UnitId
from ostiary.project._tenants import NewTenant
from ostiary.project._transport import Transport
from ostiary.tenancy import public as tenancy
from tests._site import Answer, Site
from tests.integration.objects._worlds import make_home

HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')
Fields = Mapping[str, str | Sequence[str]]


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def text_of(answer: Answer) -> str:
    """What a reader sees of a page's content, in one line."""
    parser = _Text()
    parser.feed(answer.body.decode().partition("<main")[2])
    return " ".join(" ".join(parser.parts).split())


@dataclass
class Person:
    """Somebody with a browser and a key."""

    site: Site
    key: str

    def get(self, url: str) -> Answer:
        path, _, query = url.partition("?")
        return self.site.get(path, QUERY_STRING=query)

    def post(self, url: str, fields: Fields = {}) -> Answer:  # noqa: B006  it is only read
        token = self.site.cookies.get("ostiary_csrf") or self._token()
        body = urlencode({"csrfmiddlewaretoken": token, **fields}, doseq=True).encode()
        path, _, query = url.partition("?")
        return self.site.post(path, body, QUERY_STRING=query, HTTP_ORIGIN=f"http://{self.site.host}")

    def save(self, url: str, fields: Fields = {}) -> tuple[str, Answer]:  # noqa: B006  it is only read
        """Post, and press Save on the page that comes. Returns: what that page said, the answer."""
        page = self.post(url, fields)
        assert page.status == 200, text_of(page)
        return text_of(page), self.press_save(url, page)

    def press_save(self, url: str, page: Answer) -> Answer:
        return self.post(url, hidden(page))

    def call(self, method: str, url: str, body: object = None) -> tuple[int, dict[str, object]]:
        path, _, query = url.partition("?")
        sent = b"" if body is None else orjson.dumps(body)
        answer = Site(self.site.handler, self.site.host).ask(
            method,
            path,
            sent,
            QUERY_STRING=query,
            CONTENT_TYPE="application/json",
            HTTP_AUTHORIZATION=f"Bearer {self.key}",
        )
        return answer.status, orjson.loads(answer.body) if answer.body else {}

    def _token(self) -> str:
        self.site.get("/people")
        return self.site.cookies["ostiary_csrf"]


def hidden(page: Answer) -> dict[str, list[str]]:
    """The hidden fields of the form of a confirming page."""
    found: dict[str, list[str]] = {}
    form = page.body.decode().partition('<form class="savebar"')[2].partition("</form>")[0]
    for name, value in HIDDEN.findall(form):
        if name != "csrfmiddlewaretoken":
            found.setdefault(name, []).append(value)
    return found


@dataclass
class Desk:
    """admin holds every operation; hana manages users and nothing else; ann and bob are in Berlin.

    Roles: North with Berlin below it, South; Sales managers of the package is linked to North; North has
    the manager role North lead, which mona holds.
    """

    home: NewTenant
    units: dict[str, UnitId]
    people: dict[str, Person]

    @property
    def admin(self) -> Person:
        return self.people["admin"]

    @property
    def hana(self) -> Person:
        return self.people["hana"]

    @contextmanager
    def inside(self, who: str = "admin") -> Iterator[Context]:
        with tenancy.transaction(self.home.tenant) as db:
            yield Context(self.home.tenant.id, db, PrincipalId(self.units[who]), Channel.CLI)

    def url(self, name: str, part: str = "") -> str:
        """The page of a person or role."""
        with self.inside() as ctx:
            row = ctx.db.row("select kind from @.identity_unit where id = %(i)s", {"i": self.units[name]})
        assert row
        base = "/people" if row[0] in ("person", "service") else "/roles"
        return f"{base}/{self.units[name]}{part}"

    def roles_of(self, name: str) -> set[str]:
        with self.inside() as ctx:
            roles = identity.roles_of(ctx, self.units[name])
            return set(identity.names_of(ctx, sorted(roles)).values())

    def events(self, about: UUID | None = None) -> list[str]:
        with self.inside() as ctx:
            return [
                row[0]
                for row in ctx.db.rows(
                    "select type from @.audit_index where %(a)s::uuid is null or object_ref = %(a)s"
                    " order by event_id",
                    {"a": about},
                )
            ]


@contextmanager
def opened(slug: str) -> Iterator[Desk]:
    """The company, with the CRM package."""
    home = make_home(slug, [f"{slug}.test"])
    with tenancy.transaction(home.tenant) as db:
        ctx = Context(home.tenant.id, db, PrincipalId(home.administrator), Channel.CLI)
    crm.install(home.tenant, ctx)
    transport = Transport(insecure_http=True)
    with override_settings(**transport.django_settings()), pytest.MonkeyPatch.context() as patch:
        patch.setenv("OSTIARY_INSECURE_HTTP", "1")
        handler = WSGIHandler()
        with tenancy.transaction(home.tenant) as db:
            ctx = Context(home.tenant.id, db, PrincipalId(home.administrator), Channel.CLI)
            units = {"admin": home.administrator, **_company(ctx)}
            people = {}
            for name in ("admin", "hana", "ann", "mona"):
                token = identity.open_session(ctx, PrincipalId(units[name]))
                key = access.create_api_key(ctx, units[name], "desk")
                site = Site(handler, f"{slug}.test", cookies={transport.session_cookie: token})
                people[name] = Person(site, key)
        yield Desk(home, units, people)


def _company(ctx: Context) -> dict[str, UnitId]:
    org = identity.UnitKind.ORG
    units = {}
    for name, full in (
        ("hana", "Hana Host"),
        ("ann", "Ann Agent"),
        ("bob", "Bob Other"),
        ("mona", "Mona Manager"),
    ):
        units[name] = access.create_person(ctx, login=name, name=full, email=f"{name}@example.com")
    units["north"] = access.create_role(ctx, org, "North")
    units["berlin"] = access.create_role(ctx, org, "Berlin", parent=units["north"])
    units["south"] = access.create_role(ctx, org, "South")
    units["lead"] = access.create_role(ctx, identity.UnitKind.MANAGER, "North lead", manages=units["north"])
    for name in ("sales", "sales_managers", identity.SYSTEM_ADMINISTRATORS, identity.ALL_EMPLOYEES):
        found = identity.find_unit(ctx, name)
        assert found
        units[name] = found
    access.link(ctx, units["north"], units["sales_managers"])
    access.add_members(
        ctx,
        [(units["ann"], units["berlin"]), (units["bob"], units["berlin"]), (units["mona"], units["lead"])],
    )
    rows = [(units[identity.SYSTEM_ADMINISTRATORS], True), (units["hana"], True)]
    access.set_operation_rows(ctx, access.Operation.MANAGE_USERS, rows)
    return units
