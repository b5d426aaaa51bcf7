"""A tenant whose every way in is driven, who asks, and how a route is called."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlencode
from uuid import UUID

import orjson
from django.core.handlers.wsgi import WSGIHandler

from ostiary.identity import public as identity
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.ids import PrincipalId, UnitId
from ostiary.records import public as records
from ostiary.tenancy import public as tenancy
from tests._site import MULTIPART, Answer, Site, multipart

PASSWORD = "grey kettles whistle"
WATCHED = ("rec_account", "rec_account_file", "identity_unit", "access_operation_row", "settings_value")
REFUSED = frozenset({401, 403, 404})


@dataclass
class World:
    """A tenant with the CRM. ada may do everything, sam sells, nil has no role, out may not export."""

    tenant: tenancy.Tenant
    handler: WSGIHandler
    people: Mapping[str, UnitId]
    keys: Mapping[str, str]
    sessions: Mapping[str, str]

    def context(self, db: tenancy.Transaction, who: str) -> Context:
        return Context(self.tenant.id, db, PrincipalId(self.people[who]), Channel.CLI)

    def events(self) -> dict[UUID, tuple[str, str]]:
        with tenancy.transaction(self.tenant) as db:
            return {
                row[0]: (row[1], row[2])
                for row in db.rows("select event_id, type, outcome from @.audit_index")
            }

    def digest(self) -> list[list[tuple[object, ...]]]:
        with tenancy.transaction(self.tenant) as db:
            return [db.rows(f"select md5(t::text) from @.{table} t order by 1") for table in WATCHED]

    def account(self) -> str:
        """A new record to look at, change or delete."""
        with tenancy.transaction(self.tenant) as db:
            return str(records.create_record(self.context(db, "ada"), "account", {"name": "One of many"}).id)

    def browser(self, who: str | None) -> "Browser":
        site = Site(self.handler, "registry.test")
        if who is not None:
            with tenancy.transaction(self.tenant) as db:  # signing out ends only this one
                token = identity.open_session(self.context(db, who), PrincipalId(self.people[who]))
            site.cookies["ostiary"] = token
        return Browser(site)

    def program(self, who: str | None) -> "Program":
        return Program(Site(self.handler, "registry.test"), self.keys[who] if who else "")


class Forms(HTMLParser):
    """The fields of the form that posts to an address of its own page."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "input" and given.get("name") and given.get("type") not in ("checkbox", "radio", "submit"):
            self.fields.setdefault(given["name"], given.get("value", ""))
        elif tag == "select":
            self._select = given.get("name", "")
        elif tag == "option" and "selected" in given and self._select:
            self.fields[self._select] = given.get("value", "")


@dataclass
class Browser:
    site: Site

    def ask(
        self, method: str, url: str, fields: Mapping[str, str] | None = None, file: bytes = b""
    ) -> Answer:
        url, _, query = url.partition("?")
        if method == "GET":
            return self.site.get(url, QUERY_STRING=query)
        form = Forms()
        form.feed(self.site.get(url, QUERY_STRING=query).body.decode())
        token = form.fields.get("csrfmiddlewaretoken") or self._token()
        body = {**form.fields, **(fields or {}), "csrfmiddlewaretoken": token}
        if file:
            sent = multipart(body, [("a.txt", "text/plain", file)])
            return self.site.post(url, sent, CONTENT_TYPE=MULTIPART, HTTP_ORIGIN="http://registry.test")
        headers = {"QUERY_STRING": query, "HTTP_ORIGIN": "http://registry.test"}
        return self.site.post(url, urlencode(body).encode(), **headers)

    def _token(self) -> str:
        """From the page to sign in, which everybody gets."""
        form = Forms()
        other = Site(self.site.handler, self.site.host)
        form.feed(other.get("/sign-in").body.decode())
        self.site.cookies["ostiary_csrf"] = other.cookies["ostiary_csrf"]
        return form.fields["csrfmiddlewaretoken"]


@dataclass
class Program:
    site: Site
    key: str

    def ask(self, method: str, url: str, body: object = None) -> Answer:
        path, _, query = url.partition("?")
        headers = {"QUERY_STRING": query, "CONTENT_TYPE": "application/json"}
        if self.key:
            headers["HTTP_AUTHORIZATION"] = f"Bearer {self.key}"
        return self.site.ask(method, path, b"" if body is None else orjson.dumps(body), **headers)


@dataclass
class Scenario:
    """How a route is called. fields: of a form or a JSON body, made by `body` where they depend on the world.

    wrong: fields with which it is refused.

    refused: who is refused; None: somebody who is not signed in. file: sent with the form.
    """

    url: Callable[[World], str]
    fields: Mapping[str, object] = field(default_factory=dict)
    wrong: Mapping[str, object] | None = None
    refused: tuple[str | None, ...] = ("nil", None)
    everybody: bool = False
    body: Callable[[World], Mapping[str, object]] | None = None
    file: bytes = b""
