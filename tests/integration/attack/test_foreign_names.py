"""Hosts, keys, sessions and ids of another tenant open nothing, and look like what is not there."""

from dataclasses import replace
from uuid import uuid4

import orjson
import pytest
from django.core.handlers.wsgi import WSGIHandler

from ostiary.kernel.context import Channel
from ostiary.kernel.errors import NotFound, NotSignedIn
from ostiary.kernel.ids import PrincipalId
from ostiary.project._transport import Transport
from ostiary.records import public as records
from tests._site import Answer, Site
from tests.integration.attack._two_tenants import Program, Side

BASE = "/api/v1/records/account"
VARYING = frozenset({"X-Request-Id"})


def same(one: Answer, two: Answer) -> bool:
    """Whether two refusals are one in words and headers, but for the request's own number."""
    heads = [{k: v for k, v in answer.headers.items() if k not in VARYING} for answer in (one, two)]
    bodies = [
        answer.body.replace(answer.headers.get("X-Request-Id", "-").encode(), b"") for answer in (one, two)
    ]
    return one.status == two.status and heads[0] == heads[1] and bodies[0] == bodies[1]


def test_a_key_opens_its_own_tenant_alone(
    attacker: Program, handler: WSGIHandler, sides: tuple[Side, Side]
) -> None:
    own, other = sides
    assert attacker.ask("GET", BASE).status == 200
    across = Program(Site(handler, other.host), own.key)
    invented = replace(across, key=f"ost_{other.tenant.slug}_{'A' * 43}")
    renamed = replace(across, key=own.key.replace(own.tenant.slug, other.tenant.slug))
    cut = replace(across, key=other.key[:-1])
    refused = [program.ask("GET", BASE) for program in (across, invented, renamed, cut)]
    assert {answer.status for answer in refused} == {401}
    assert all(same(refused[0], answer) for answer in refused[1:])
    for method in ("POST", "PATCH", "DELETE"):
        assert across.ask(method, f"{BASE}/{other.accounts[0]}", {"name": "x"}).status == 401
    assert replace(across, key=other.key).ask("GET", BASE).status == 200


def test_a_session_opens_its_own_tenant_alone(
    browser: Site, handler: WSGIHandler, sides: tuple[Side, Side], transport: Transport
) -> None:
    own, other = sides
    assert own.mark.encode() in browser.get("/o/account/").body
    stolen = Site(handler, other.host, cookies={transport.session_cookie: own.session})
    answer = stolen.get("/o/account/")
    assert answer.status != 200
    assert other.mark.encode() not in answer.body.replace(f"House {other.mark}".encode(), b"")
    mine = Site(handler, other.host, cookies={transport.session_cookie: other.session})
    assert mine.get("/o/account/").status == 200


def test_a_cookie_is_no_key_and_a_key_no_cookie(
    handler: WSGIHandler, sides: tuple[Side, Side], transport: Transport
) -> None:
    own = sides[0]
    with_cookie = Site(handler, own.host, cookies={transport.session_cookie: own.session})
    assert with_cookie.get(BASE).status == 401
    bearer = {"HTTP_AUTHORIZATION": f"Bearer {own.key}"}
    assert Site(handler, own.host).get("/o/account/", **bearer).status != 200
    assert (
        Site(handler, own.host, cookies={transport.session_cookie: own.key}).get("/o/account/").status != 200
    )
    assert Site(handler, own.host).get(BASE, HTTP_AUTHORIZATION=f"Bearer {own.session}").status == 401


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_the_id_of_a_foreign_record_is_no_id(
    method: str, attacker: Program, sides: tuple[Side, Side]
) -> None:
    foreign, invented = sides[1].accounts[0], uuid4()
    body = {"name": "mine", "version": 1} if method == "PATCH" else None
    answers = [attacker.ask(method, f"{BASE}/{record}", body) for record in (foreign, invented)]
    assert [answer.status for answer in answers] == [404, 404]
    assert same(*answers) or method == "GET"  # the address asked for stands in a problem document
    with sides[1].inside() as ctx:
        assert records.get_record(ctx, "account", foreign).data["name"].startswith(sides[1].mark)


def test_a_foreign_id_is_refused_as_a_value(attacker: Program, sides: tuple[Side, Side]) -> None:
    other = sides[1]
    for column, foreign, invented in (
        ("parent", other.accounts[0], uuid4()),
        ("owner", other.agent, uuid4()),
    ):
        answers = [
            attacker.ask("POST", BASE, {"name": "x", column: str(value)}) for value in (foreign, invented)
        ]
        assert [answer.status for answer in answers] == [422, 422]
        words = [orjson.loads(answer.body)["errors"] for answer in answers]
        assert words[0] == words[1]
        assert attacker.ask("GET", BASE, filter=f'{{"field":"{column}","value":"{foreign}"}}').status == 200
        found = attacker.ask("GET", BASE, filter=f'{{"field":"{column}","value":"{foreign}"}}').body
        assert orjson.loads(found)["records"] == []
    cursor = orjson.loads(
        Program(replace(attacker.site, host=other.host), other.key).ask("GET", BASE, limit="2").body
    )["next"]
    with_cursor = attacker.ask("GET", BASE, after=cursor)
    assert other.mark.encode() not in with_cursor.body


def test_a_principal_of_another_tenant_has_no_rights_here(sides: tuple[Side, Side]) -> None:
    """Even if a bug put a foreign principal into a context, nobody of that id works here."""
    own, other = sides
    with own.inside() as ctx:
        assert records.list_records(ctx, records.RecordQuery("account")).ids
        forged = replace(ctx, principal=PrincipalId(other.administrator), channel=Channel.API)
        with pytest.raises(NotSignedIn):
            records.list_records(forged, records.RecordQuery("account"))
        with pytest.raises(NotFound):
            records.get_record(ctx, "account", other.accounts[0])


HOSTS = (
    "{other}.",
    "{other}:8000",
    "{own}@{other}",
    "{other}#{own}",
    "{own}, {other}",
    "{own} {other}",
    "{own}\t{other}",
    "{own}\x00{other}",
    "{own}%00.{other}",
    "xn--{other}",
    "{other}/",
    "[{other}]",
    "{own}.{other}",
    "www.{other}",
    "127.0.0.1",
    "localhost",
    "",
    "*",
    "' or host like '%",
    "a" * 300,
)


@pytest.mark.parametrize("forged", HOSTS)
def test_a_forged_host_leads_nowhere_or_home_but_never_past_the_key(
    forged: str, attacker: Program, handler: WSGIHandler, sides: tuple[Side, Side]
) -> None:
    own, other = sides
    host = forged.replace("{own}", own.host).replace("{other}", other.host)
    program = Program(Site(handler, host), own.key)
    answer = program.ask("GET", BASE)
    assert answer.status in (401, 404)
    assert other.mark.encode() not in answer.body
    # nor does any other header choose the tenant
    for header in (
        "X_FORWARDED_HOST",
        "X_HOST",
        "X_ORIGINAL_HOST",
        "FORWARDED",
        "X_FORWARDED_SERVER",
        "X_TENANT",
    ):
        answer = attacker.site.get(
            BASE, **{f"HTTP_{header}": f"host={other.host}", "HTTP_AUTHORIZATION": f"Bearer {other.key}"}
        )
        assert answer.status == 401
        answer = attacker.site.get(
            BASE, **{f"HTTP_{header}": other.host, "HTTP_AUTHORIZATION": f"Bearer {own.key}"}
        )
        assert answer.status == 200
        assert other.mark.encode() not in answer.body


def test_an_address_with_a_host_in_it_is_no_other_host(attacker: Program, sides: tuple[Side, Side]) -> None:
    other = sides[1]
    for path in (f"//{other.host}{BASE}", f"http://{other.host}{BASE}", f"/{other.host}{BASE}"):
        answer = attacker.ask("GET", path)
        assert answer.status == 404
        assert other.mark.encode() not in answer.body
