"""One request from its Host header to its last header: whose it is, who acts, what is kept of it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

import psycopg
import pytest
from django.contrib.auth.decorators import login_not_required
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.middleware.csrf import get_token
from django.test import override_settings
from django.urls import path
from psycopg import OperationalError

from ostiary.identity import _hashing
from ostiary.identity import public as identity
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.errors import AccessDenied
from ostiary.kernel.ids import UnitId, new_id
from ostiary.project._tenants import create_tenant
from ostiary.project._transport import Transport
from ostiary.tenancy import public as tenancy
from tests._site import Answer, Site
from tests._tenants import Installation

PASSWORD = "grey kettles whistle"


# Views that stand for all others.


def whoami(request: HttpRequest) -> HttpResponse:
    ctx: Context = request.ctx
    return JsonResponse(
        {"principal": str(ctx.principal), "channel": ctx.channel, "ip": ctx.ip, "client": ctx.client}
    )


@login_not_required  # type: ignore[untyped-decorator]  # Django ships no types
def form(request: HttpRequest) -> HttpResponse:
    return HttpResponse(get_token(request))


@login_not_required  # type: ignore[untyped-decorator]  # Django ships no types
def sign_in(request: HttpRequest) -> HttpResponse:
    person = identity.check_password(request.ctx, request.POST["login"], request.POST["password"])
    request.opened_session = identity.open_session(request.ctx, person)
    return HttpResponse(status=303)


def sign_out(request: HttpRequest) -> HttpResponse:
    request.ended_session = True
    return HttpResponse(status=303)


def rename(request: HttpRequest, outcome: str) -> HttpResponse:
    """Change something, then end as the path says."""
    ctx: Context = request.ctx
    ctx.db.run("update @.identity_unit set name = %(n)s where id = %(p)s", {"n": outcome, "p": ctx.actor})
    if outcome == "broken":
        raise RuntimeError("secret words")
    if outcome == "refused":
        raise AccessDenied("Not for you", layer="object")
    return HttpResponse("done", status=int(outcome))


def lose(request: HttpRequest, moment: str) -> HttpResponse:
    """Change something and lose the connection, before the commit or in it."""
    ctx: Context = request.ctx
    ctx.db.run("update @.identity_unit set name = 'lost' where id = %(p)s", {"p": ctx.actor})
    admin = tenancy.placement()._credentials.admin
    assert admin is not None
    with psycopg.connect(admin) as connection:
        pid = ctx.db.row("select pg_backend_pid()")
        connection.execute("select pg_terminate_backend(%s, 30000)", pid)
    if moment == "before":
        ctx.db.row("select 1")
    return HttpResponse("done")


def names(request: HttpRequest) -> StreamingHttpResponse:
    """Read while sending, and leave a mark at each step."""
    ctx: Context = request.ctx

    def chunks() -> Iterator[bytes]:
        for number in range(3):
            ctx.db.run(
                "update @.identity_unit set name = %(n)s where id = %(p)s",
                {"n": f"s{number}", "p": ctx.actor},
            )
            yield f"{number}\n".encode()

    return StreamingHttpResponse(chunks())


def broken_names(request: HttpRequest, kind: str) -> StreamingHttpResponse:
    """Change something, send something, and break."""
    ctx: Context = request.ctx

    def chunks() -> Iterator[bytes]:
        ctx.db.run("update @.identity_unit set name = 'broken' where id = %(p)s", {"p": ctx.actor})
        yield b"0\r\n"
        raise RuntimeError("secret words")

    return StreamingHttpResponse(chunks(), content_type=f"text/{kind}; charset=utf-8")


URLS = tuple(
    path(prefix + route, view)
    for prefix in ("", "api/")
    for route, view in (
        ("whoami", whoami),
        ("form", form),
        ("sign-in", sign_in),
        ("sign-out", sign_out),
        ("rename/<outcome>", rename),
        ("lose/<moment>", lose),
        ("names", names),
        ("broken-names/<kind>", broken_names),
    )
)


@dataclass(frozen=True)
class Place:
    tenant: tenancy.Tenant
    person: UnitId
    host: str
    key: str


@pytest.fixture(scope="module")
def places(installation: Installation) -> tuple[Place, Place]:
    """Two tenants, each with one person who can sign in and holds a key."""
    return (_make_place(installation, "m"), _make_place(installation, "n"))


def _make_place(installation: Installation, letter: str) -> Place:
    slug = f"{letter}{installation.worker}{new_id().hex[-8:]}"  # a module's tests may be run in two parts
    host = f"{slug}.test"
    new = create_tenant(
        slug, "Middle", [host], login="mara", person="Mara Lind", email="mara@example.com", password=PASSWORD
    )
    with tenancy.transaction(new.tenant) as db:
        ctx = Context(new.tenant.id, db, new.administrator, Channel.CLI)
        key = identity.create_api_key(ctx, new.administrator, "tests", None)
    return Place(new.tenant, new.administrator, host, key)


@pytest.fixture
def place(places: tuple[Place, Place]) -> Place:
    return places[0]


SettingsOf = Callable[[Transport], WSGIHandler]


@pytest.fixture
def make_handler(monkeypatch: pytest.MonkeyPatch) -> Iterator[SettingsOf]:
    """The real handler with the real middleware, before the views above."""
    opened = []

    def make(transport: Transport) -> WSGIHandler:
        monkeypatch.setenv("OSTIARY_INSECURE_HTTP", "1" if transport.insecure_http else "0")
        monkeypatch.setenv("OSTIARY_TRUSTED_PROXIES", ",".join(map(str, transport.trusted_networks)))
        settings = override_settings(
            ROOT_URLCONF=URLS,
            MIDDLEWARE=[
                "ostiary.project.middleware.RequestMiddleware",
                "ostiary.project.middleware.WebCsrfMiddleware",
            ],
            **transport.django_settings(),
        )
        settings.enable()
        opened.append(settings)
        return WSGIHandler()

    yield make
    for settings in reversed(opened):
        settings.disable()


@pytest.fixture
def site(make_handler: SettingsOf, place: Place) -> Site:
    return Site(make_handler(Transport(insecure_http=True)), place.host)


def signed_in(site: Site) -> Site:
    assert site.post_form("/sign-in", f"login=mara&password={PASSWORD}".encode()).status == 303
    return site


def bearer(key: str) -> dict[str, str]:
    return {"HTTP_AUTHORIZATION": f"Bearer {key}"}


def name_of(place: Place) -> str:
    with tenancy.transaction(place.tenant) as db:
        row = db.row("select name from @.identity_unit where id = %(p)s", {"p": place.person})
        assert row is not None
        return str(row[0])


def run(place: Place, sql: str) -> None:
    with tenancy.transaction(place.tenant) as db:
        db.run(sql, {"p": place.person} if "%(p)s" in sql else None)


# Whose request it is


@pytest.mark.parametrize(
    "host",
    ["", "evil.example", "mmain.test.evil.example", "mmain.test, evil.example", "mmain.test@evil", "{}/x"],
)
def test_a_host_that_is_no_tenants_gets_nothing(site: Site, place: Place, host: str) -> None:
    assert site.get("/form").status == 200
    site.host = host.format(place.host)
    answer = site.get("/form")
    assert (answer.status, answer.body) == (404, b"Not found\n")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_host_may_be_written_in_several_ways(site: Site, place: Place) -> None:
    for host in (place.host.upper(), f"{place.host}:8000", f"{place.host}."):
        site.host = host
        assert site.get("/form").status == 200


def test_a_key_or_session_of_another_tenant_opens_nothing(
    site: Site, places: tuple[Place, Place], make_handler: SettingsOf
) -> None:
    here, there = places
    assert site.get("/api/whoami", **bearer(here.key)).status == 200
    assert site.get("/api/whoami", **bearer(there.key)).status == 401
    assert (
        site.get("/api/whoami", **bearer(there.key.replace(there.tenant.slug, here.tenant.slug))).status
        == 401
    )
    signed_in(site)
    assert site.get("/whoami").status == 200
    elsewhere = Site(site.handler, there.host, cookies=dict(site.cookies))
    assert elsewhere.get("/whoami").status != 200


# Who acts


def test_pages_know_the_session_and_the_api_knows_the_key(site: Site, place: Place) -> None:
    assert site.get("/whoami", **bearer(place.key)).status != 200
    signed_in(site)
    page = site.get("/whoami", HTTP_USER_AGENT="Probe/1.0\x07" + "x" * 500)
    assert f'"principal": "{place.person}"'.encode() in page.body
    assert b'"channel": "web"' in page.body
    assert b'"client": "Probe/1.0' + b"x" * 290 + b'"' in page.body
    assert site.get("/api/whoami").status == 401
    answer = site.get("/api/whoami", **bearer(place.key))
    assert f'"principal": "{place.person}"'.encode() in answer.body
    assert b'"channel": "api"' in answer.body


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic {}", "{}", "Bearer {}x", "Bearer x {}"])
def test_the_api_is_closed_without_a_valid_key(site: Site, place: Place, header: str) -> None:
    assert site.get("/api/whoami", HTTP_AUTHORIZATION=f"bearer {place.key}").status == 200
    answer = site.get("/api/whoami", HTTP_AUTHORIZATION=header.format(place.key))
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert site.get("/api/no/such/path").status == 401


REFUSED_KEYS = "select count(*) from @.audit_event where type = 'identity.key.refused'"


def test_a_revoked_key_that_is_used_leaves_an_event(site: Site, place: Place) -> None:
    with tenancy.transaction(place.tenant) as db:
        ctx = Context(place.tenant.id, db, place.person, Channel.CLI)
        key = identity.create_api_key(ctx, place.person, "to revoke", None)
    assert site.get("/api/whoami", **bearer(key)).status == 200
    with tenancy.transaction(place.tenant) as db:
        ctx = Context(place.tenant.id, db, place.person, Channel.CLI)
        found = identity.find_api_key(ctx, key)
        assert found is not None
        identity.revoke_api_key(ctx, found.id)
        before = db.row(REFUSED_KEYS)
    assert site.get("/api/whoami", **bearer(key)).status == 401
    never_given_out = key[:-1] + ("_" if key[-1] != "_" else "-")  # of which there is nothing to tell
    assert site.get("/api/whoami", **bearer(never_given_out)).status == 401
    with tenancy.transaction(place.tenant) as db:
        after = db.row(REFUSED_KEYS)
    assert before is not None
    assert after == (before[0] + 1,)  # other tests of the module leave theirs


def test_a_page_is_closed_unless_it_says_otherwise(site: Site) -> None:
    assert site.get("/form").status == 200
    assert site.get("/whoami").status in (302, 303, 401)


def test_signing_in_gives_a_new_session_and_a_new_form_token(site: Site) -> None:
    site.cookies["ostiary"] = planted = "A" * 43
    before = site.get("/form").body
    csrf = site.cookies["ostiary_csrf"]
    signed_in(site)
    first = site.cookies["ostiary"]
    assert first != planted
    assert site.cookies["ostiary_csrf"] != csrf
    assert site.post("/rename/200", b"csrfmiddlewaretoken=" + before).status == 403
    signed_in(site)
    assert site.cookies["ostiary"] != first
    assert site.get("/whoami").status == 200
    site.cookies["ostiary"] = first
    assert site.get("/whoami").status != 200  # the session before it has ended


def test_signing_out_ends_the_session_on_the_server(site: Site) -> None:
    signed_in(site)
    token = site.cookies["ostiary"]
    answer = site.post_form("/sign-out")
    assert "ostiary" not in site.cookies
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert "Max-Age=0" in answer.cookies["ostiary"]  # by name: how the browser shows pages stays as it is
    site.cookies["ostiary"] = token
    assert site.get("/whoami").status != 200


def set_active(place: Place, *, active: bool) -> None:
    with tenancy.transaction(place.tenant) as db:
        ctx = Context(place.tenant.id, db, place.person, Channel.CLI)
        identity.set_active(ctx, place.person, active=active)


def test_a_deactivated_person_is_out_at_the_next_request(site: Site, place: Place) -> None:
    signed_in(site)
    assert site.get("/whoami").status == site.get("/api/whoami", **bearer(place.key)).status == 200
    set_active(place, active=False)
    try:
        assert site.get("/whoami").status != 200
        assert site.get("/api/whoami", **bearer(place.key)).status == 401
    finally:
        set_active(place, active=True)


def test_use_is_noted_even_when_the_request_changes_nothing(site: Site, place: Place) -> None:
    signed_in(site)
    run(place, "update @.identity_session set last_seen_at = now() - interval '50 minutes'")
    assert site.post_form("/rename/422").status == 422
    with tenancy.transaction(place.tenant) as db:
        latest = db.row("select max(last_seen_at) > now() - interval '1 minute' from @.identity_session")
        assert latest == (True,)


# What is kept


@pytest.mark.parametrize("outcome", ["400", "404", "409", "422", "500", "503", "refused", "broken"])
def test_a_refused_request_changes_nothing(site: Site, place: Place, outcome: str) -> None:
    signed_in(site)
    assert site.post_form("/rename/200").status == 200
    assert name_of(place) == "200"
    answer = site.post_form(f"/rename/{outcome}")
    assert answer.status >= 400
    assert name_of(place) == "200"
    assert b"secret words" not in answer.body
    assert site.post(f"/api/rename/{outcome}", **bearer(place.key)).status >= 400
    assert name_of(place) == "200"


def test_an_answer_may_be_read_from_the_database_while_it_is_sent(site: Site, place: Place) -> None:
    assert site.get("/api/names", **bearer(place.key)).body == b"0\n1\n2\n"
    assert name_of(place) == "s2"


def test_a_reader_who_goes_away_leaves_no_transaction_behind(site: Site, place: Place) -> None:
    chunks = site.handler(site.environ("GET", "/api/names", b"", bearer(place.key)), lambda *_: None)
    assert next(iter(chunks)) == b"0\n"
    chunks.close()
    assert name_of(place) == "s0"  # what was sent stays recorded, and nobody waits for the row


def test_a_file_that_breaks_off_does_not_look_whole(site: Site, place: Place) -> None:
    assert b"INCOMPLETE" not in site.get("/api/names", **bearer(place.key)).body
    before = name_of(place)
    answer = site.get("/api/broken-names/csv", **bearer(place.key))
    assert answer.body == b'0\r\n\r\n"INCOMPLETE: this file broke off; the rest is missing"\r\n'
    with pytest.raises(RuntimeError):
        site.get("/api/broken-names/plain", **bearer(place.key))
    assert name_of(place) == before


def test_a_failed_sign_in_is_counted_and_recorded_though_nothing_else_is_kept(
    site: Site, place: Place
) -> None:
    assert site.post_form("/sign-in", b"login=mara&password=wrong").status >= 400
    with tenancy.transaction(place.tenant) as db:
        assert db.row("select failed_count from @.identity_person") == (1,)
        assert db.row("select count(*) > 0 from @.audit_event where type = 'identity.session.refused'") == (
            True,
        )
    signed_in(site)
    with tenancy.transaction(place.tenant) as db:
        assert db.row("select failed_count from @.identity_person") == (0,)


def test_parallel_attempts_do_not_outrun_the_count(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    crowd = 6
    monkeypatch.setattr(_hashing, "gate", _hashing.Gate(slots=crowd, waiting=0))
    run(place, "update @.identity_person set failed_count = 12, locked_until = null")
    together = threading.Barrier(crowd)

    def attempt() -> None:
        with tenancy.transaction(place.tenant) as db:
            together.wait(10)
            with suppress(identity.SignInFailed):
                identity.check_password(Context(place.tenant.id, db, None, Channel.WEB), "mara", "wrong")

    threads = [threading.Thread(target=attempt) for _ in range(crowd)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    try:
        with tenancy.transaction(place.tenant) as db:
            assert db.row("select failed_count from @.identity_person") == (
                13,
            )  # one was tried, then it waits
    finally:
        run(place, "update @.identity_person set failed_count = 0, locked_until = null")


# What a forger can do


def test_only_known_methods_are_answered(site: Site, place: Place) -> None:
    assert site.ask("GET", "/form").status == site.ask("HEAD", "/form").status == 200
    for method in ("TRACE", "CONNECT", "PROPFIND", "get"):
        assert site.ask(method, "/form").status == 405
        assert site.ask(method, "/api/whoami", **bearer(place.key)).status == 405


def test_a_flood_of_sign_ins_is_told_to_come_back(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = _hashing.Gate(slots=1, waiting=0)
    monkeypatch.setattr(_hashing, "gate", gate)
    attempt = f"login=mara&password={PASSWORD}".encode()
    with gate.enter():
        answer = site.post_form("/sign-in", attempt)
        assert (answer.status, answer.headers["Retry-After"]) == (429, "2")
        assert site.get("/form").status == 200
    assert site.post_form("/sign-in", attempt).status == 303


def test_a_form_needs_its_token_and_the_api_needs_none(site: Site, place: Place) -> None:
    signed_in(site)
    assert site.post_form("/rename/200").status == 200
    assert site.post("/rename/201").status == 403
    token = site.get("/form").body
    forged = site.post("/rename/202", b"csrfmiddlewaretoken=" + token, HTTP_ORIGIN="http://evil.example")
    assert forged.status == 403
    assert name_of(place) == "200"
    assert site.post("/api/rename/203", **bearer(place.key)).status == 203


def test_the_demo_over_plain_http_answers_its_own_machine_alone(site: Site) -> None:
    assert site.get("/form").status == 200
    assert site.get("/form", REMOTE_ADDR="192.0.2.7").status == 403


def test_with_tls_cookies_are_bound_and_plain_http_leads_nowhere(
    make_handler: SettingsOf, place: Place
) -> None:
    transport = Transport.from_environment({"OSTIARY_TRUSTED_PROXIES": "127.0.0.0/8"})
    site = Site(make_handler(transport), place.host)
    assert site.get("/whoami").headers["Location"] == f"https://{place.host}/whoami"
    assert site.get("/api/whoami", **bearer(place.key)).status == 403
    assert site.post("/sign-in").status == 403
    assert site.get("/form", HTTP_X_FORWARDED_PROTO="https").status == 200
    assert site.get("/form", HTTP_X_FORWARDED_PROTO="https", REMOTE_ADDR="192.0.2.7").status == 308
    site.scheme = "https"
    token = site.get("/form").body
    answer = site.post(
        "/sign-in",
        b"login=mara&password=" + PASSWORD.encode() + b"&csrfmiddlewaretoken=" + token,
        HTTP_ORIGIN=f"https://{place.host}",
    )
    cookie = answer.cookies["__Host-ostiary"]
    assert all(part in cookie for part in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"))
    assert "Domain" not in cookie
    assert "Secure" in answer.cookies["__Host-ostiary_csrf"]
    page = site.get("/whoami", HTTP_X_FORWARDED_FOR="198.51.100.7")
    assert b'"ip": "198.51.100.7"' in page.body
    assert page.headers["Strict-Transport-Security"].startswith("max-age=31536000")
    assert page.headers["Cache-Control"] == "no-store"


def says_unavailable(answer: Answer, *, data: bool) -> bool:
    kind = "application/problem+json" if data else "text/html"
    assert answer.headers["Content-Type"].startswith(kind)
    assert answer.headers["Retry-After"] == "2"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert b"refused" not in answer.body  # the driver's words
    assert (b'"code":"unavailable"' in answer.body) is data
    return answer.status == 503 and b"Try again later" in answer.body


def test_without_a_database_there_is_a_page_or_a_problem_document(
    site: Site, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert site.get("/form").status == 200
    monkeypatch.setattr(tenancy.placement().database, "transaction", _no_connection)
    for url in ("/form", "/api/whoami"):
        answer = site.get(url, **bearer(place.key))
        assert says_unavailable(answer, data=url.startswith("/api"))


def test_without_the_directory_of_tenants_there_is_the_same_answer(
    site: Site, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tenancy, "find_tenant_by_host", _no_connection)
    for url in ("/form", "/api/whoami"):
        answer = site.get(url, **bearer(place.key))
        assert says_unavailable(answer, data=url.startswith("/api"))


def test_whoever_lost_the_database_while_saving_is_not_told_that_nothing_was_changed(
    site: Site, place: Place
) -> None:
    # in this order: a key that was verified earlier costs a look at the epoch, before the commit
    within, before = (site.get(f"/api/lose/{at}", **bearer(place.key)) for at in ("within", "before"))
    assert (before.status, within.status) == (500, 500)
    assert b"nothing was changed" in before.body
    assert b"look whether it was saved" in within.body
    assert b"nothing was changed" not in within.body
    assert name_of(place) != "lost"  # cut off before it was asked to commit; here we know, the program cannot


def test_a_page_that_cannot_be_made_is_still_a_guarded_refusal(
    site: Site, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed_in(site)
    assert b"<html" in site.post_form("/rename/refused").body
    monkeypatch.setattr("ostiary.web.public.error_response", _broken_page)
    answer = site.post_form("/rename/refused")
    assert answer.status == 500
    assert answer.headers["X-Request-Id"].encode() in answer.body
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert name_of(place) != "refused"


def _broken_page(*_: object) -> None:
    raise RuntimeError("secret words")


def _no_connection(_: object) -> None:
    raise OperationalError("connection refused")


def test_every_answer_names_its_request_with_an_id_of_ours(site: Site) -> None:
    first, second = (site.get("/form", HTTP_X_REQUEST_ID="chosen").headers["X-Request-Id"] for _ in range(2))
    assert first != second
    assert UUID(first).version == 7
