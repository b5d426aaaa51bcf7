"""Log lines: everything that a person typed or is called stays out of them, whoever logs it."""

import ast
import io
import json
import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from django.contrib.auth.decorators import login_not_required
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import override_settings
from django.urls import URLPattern, URLResolver, get_resolver, path

from ostiary.identity import public as identity
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.errors import Misconfigured
from ostiary.project import _logs
from ostiary.project.urls import urlpatterns
from ostiary.tenancy import public as tenancy
from tests._cluster import RunningCluster
from tests._site import Site
from tests._tenants import Installation, TestTenant

SOURCE = Path(_logs.__file__).parents[1]
NAME, MAIL, PHONE, SECRET = (
    "Zaphodina",
    "zaphodina@planted.example",
    "+49 30 7654321",
    "planted horse battery 7",
)
PLANTED = (NAME, MAIL, PHONE, SECRET, "7654321", "planted.example")
FORM = f"name={NAME}&login={NAME}&email={MAIL}&phone={PHONE}&password={SECRET}&version=x&q={NAME}".encode()
BODIES = (
    FORM,
    json.dumps({"name": NAME, "email": MAIL, "phone": PHONE, "version": NAME, NAME: SECRET}).encode(),
    f'{{"name": "{NAME}'.encode(),
)


@login_not_required  # type: ignore[untyped-decorator]  # Django ships no types
def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError(f"{NAME} lives at {MAIL}, call {PHONE}")


@login_not_required  # type: ignore[untyped-decorator]  # Django ships no types
def refused_by_database(request: HttpRequest) -> HttpResponse:
    ctx: Context = request.ctx
    ctx.db.row("select cast(%(v)s as uuid)", {"v": NAME})
    return HttpResponse()


@login_not_required  # type: ignore[untyped-decorator]  # Django ships no types
def broken_stream(request: HttpRequest) -> StreamingHttpResponse:
    def chunks() -> Iterator[bytes]:
        yield b"begun"
        raise RuntimeError(f"{NAME} at {MAIL}")

    return StreamingHttpResponse(chunks())


@login_not_required  # type: ignore[untyped-decorator]  # Django ships no types
def careless(request: HttpRequest) -> HttpResponse:
    """What others' code, or ours on a bad day, may do."""
    log = logging.getLogger("planted")
    log.warning("user %s has %s", NAME, MAIL)  # an argument
    log.warning("saved", extra={"person": NAME, "login": NAME, "mail": MAIL, "tenant": NAME, "job": SECRET})
    log.error(f"refused: {NAME}")  # noqa: G004  exactly what must do no harm
    try:
        raise ValueError(MAIL)
    except ValueError:
        log.exception("It broke")
    warnings.warn(f"{NAME} is deprecated", UserWarning, stacklevel=1)
    return HttpResponse()


URLS = [
    *urlpatterns,
    *(path(f"planted/{view.__name__}", view) for view in (broken, refused_by_database, careless)),
    path("planted/broken_stream", broken_stream),
]


class Captured:
    """Everything that any logger says from now on, in both formats."""

    def __init__(self) -> None:
        self.json, self.text = io.StringIO(), io.StringIO()
        self._handlers = [logging.StreamHandler(self.json), logging.StreamHandler(self.text)]
        self._handlers[0].setFormatter(_logs.make_formatter("json"))
        self._handlers[1].setFormatter(_logs.make_formatter("text"))
        root = logging.getLogger()
        for handler in self._handlers:
            root.addHandler(handler)
        self._level, self._access = root.level, logging.getLogger("ostiary.access_log").level
        root.setLevel(logging.DEBUG)
        logging.getLogger("ostiary.access_log").setLevel(logging.INFO)
        logging.captureWarnings(True)

    def close(self) -> None:
        root = logging.getLogger()
        for handler in self._handlers:
            root.removeHandler(handler)
        root.setLevel(self._level)
        logging.getLogger("ostiary.access_log").setLevel(self._access)
        logging.captureWarnings(False)

    @property
    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.json.getvalue().splitlines()]

    def find(self, event: str) -> list[dict[str, object]]:
        return [line for line in self.lines if line["event"] == event]


@pytest.fixture
def captured() -> Iterator[Captured]:
    captured = Captured()
    yield captured
    captured.close()


@pytest.fixture
def site(installation: Installation, crm_tenant: TestTenant) -> Iterator[Site]:
    # without the check for forged forms, so that every form is taken in
    middleware = ["ostiary.project.middleware.RequestMiddleware"]
    with override_settings(ROOT_URLCONF=tuple(URLS), MIDDLEWARE=middleware):
        yield Site(WSGIHandler(), f"{installation.worker}.test")


@pytest.fixture
def key(crm_tenant: TestTenant) -> str:
    with tenancy.transaction(crm_tenant.tenant) as db:
        ctx = Context(crm_tenant.tenant.id, db, crm_tenant.administrator, Channel.CLI)
        return identity.create_api_key(ctx, crm_tenant.administrator, "logs", None)


@pytest.fixture
def session(crm_tenant: TestTenant) -> str:
    with tenancy.transaction(crm_tenant.tenant) as db:
        ctx = Context(crm_tenant.tenant.id, db, crm_tenant.administrator, Channel.CLI)
        return identity.open_session(ctx, crm_tenant.administrator)


def addresses(entries: list[URLPattern | URLResolver], before: str = "") -> Iterator[str]:
    """Every route of the product with something planted where it takes something."""
    for entry in entries:
        route = before + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from addresses(entry.url_patterns, route)
            continue
        for kind, value in (("uuid:record_id", str(uuid4())), ("slug:code", "account"), ("slug:code", NAME)):
            filled = route.replace(f"<{kind}>", value)
            for name in entry.pattern.converters:
                for converter in ("slug", "str", "uuid", "int", "path"):
                    stand_in = str(uuid4()) if converter == "uuid" else "7" if converter == "int" else NAME
                    filled = filled.replace(f"<{converter}:{name}>", stand_in)
            yield f"/{filled}"


def test_no_log_line_holds_what_a_person_typed(
    site: Site, key: str, session: str, captured: Captured, cluster: RunningCluster
) -> None:
    asked = 0
    for url in dict.fromkeys(addresses(get_resolver(tuple(URLS)).url_patterns)):
        for method in ("GET", "POST", "PATCH", "DELETE"):
            for body in BODIES[: 1 if method == "GET" else None]:
                headers = {
                    "QUERY_STRING": f"q={NAME}&filter={NAME}&sort={NAME}&next=//{MAIL}",
                    "HTTP_AUTHORIZATION": f"Bearer {key}",
                    "HTTP_USER_AGENT": f"{NAME}\n" + '{"event": "forged"}',
                    "HTTP_X_FORWARDED_FOR": PHONE,
                    "HTTP_COOKIE": f"ostiary={session}; ostiary-theme={SECRET}; {NAME}={MAIL}",
                    "CONTENT_TYPE": "application/json"
                    if body[:1] == b"{"
                    else "application/x-www-form-urlencoded",
                }
                with suppress(RuntimeError):  # a stream that breaks
                    site.ask(method, url, body, **headers)
                asked += 1
    site.ask("GET", "/sign-in", HTTP_HOST=f"{NAME}.example")
    site.ask(NAME.upper(), f"/{NAME}")
    site.get(f"/api/{NAME}", HTTP_AUTHORIZATION=f"Bearer {SECRET}")
    assert asked > 200
    assert len(captured.lines) > asked // 2
    assert {line["event"] for line in captured.lines} >= {"request.failed", "request.answered", "saved"}
    said = captured.json.getvalue() + captured.text.getvalue()
    assert [line for line in said.splitlines() if any(word.lower() in line.lower() for word in PLANTED)] == []
    assert "forged" not in {line["event"] for line in captured.lines}
    database = (cluster.state.logs / "postgresql.log").read_text()
    assert [word for word in PLANTED if word.lower() in database.lower()] == []


def test_a_failure_says_where_and_what_kind_but_not_what(
    site: Site, crm_tenant: TestTenant, captured: Captured
) -> None:
    for view in ("broken", "refused_by_database"):
        assert site.get(f"/planted/{view}").status == 500
    plain, refused = captured.find("request.failed")
    assert (plain["error"], refused["error"], refused["sqlstate"]) == (
        "RuntimeError",
        "InvalidTextRepresentation",
        "22P02",
    )
    assert plain["level"] == "error"
    assert plain["route"] == "/planted/broken"
    assert plain["tenant"] == str(crm_tenant.tenant.id)
    frames = plain["frames"]
    assert isinstance(frames, list)
    assert frames[-1].endswith(" broken")
    assert "request.failed" in captured.text.getvalue()


def test_a_request_leaves_a_line_if_that_is_wanted(
    site: Site, key: str, crm_tenant: TestTenant, captured: Captured
) -> None:
    answer = site.get("/api/v1/records/account", HTTP_AUTHORIZATION=f"Bearer {key}")
    assert answer.status == 200
    (line,) = captured.find("request.answered")
    assert line["route"] == "/api/v1/records/<slug:code>"
    assert (line["method"], line["status"]) == ("GET", 200)
    assert line["request"] == answer.headers["X-Request-Id"]
    assert line["principal"] == str(crm_tenant.administrator)
    assert isinstance(line["duration_ms"], float)
    logging.getLogger("ostiary.access_log").setLevel(logging.CRITICAL)
    site.get("/sign-in")
    assert len(captured.find("request.answered")) == 1
    # what is logged between requests belongs to none
    logging.getLogger("planted").warning("planted.thing.done")
    assert "request" not in captured.find("planted.thing.done")[0]


def test_a_line_is_one_line_whatever_is_in_it(captured: Captured) -> None:
    log = logging.getLogger("planted")
    log.warning("two\nlines\r\n\x1b[31m%s", "x\ny", extra={"code": "a\nb", "route": "/o/<slug:code>/"})
    assert len(captured.json.getvalue().splitlines()) == len(captured.text.getvalue().splitlines()) == 1
    (line,) = captured.lines
    assert line["code"] == "(not shown)"
    assert line["route"] == "/o/<slug:code>/"


def test_what_nobody_caught_is_logged_in_every_thread(
    captured: Captured, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for module, name in ((sys, "excepthook"), (threading, "excepthook"), (sys, "unraisablehook")):
        monkeypatch.setattr(module, name, getattr(module, name))
    _logs.catch_the_rest()

    def fail() -> None:
        raise RuntimeError(MAIL)

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    try:
        fail()
    except RuntimeError as error:
        sys.excepthook(type(error), error, error.__traceback__)
    assert [line["error"] for line in captured.find("process.error.uncaught")] == ["RuntimeError"] * 2
    assert MAIL not in captured.json.getvalue() + capsys.readouterr().err


@pytest.mark.parametrize(
    ("variable", "good", "bad"),
    [("OSTIARY_LOG_FORMAT", "json", "xml"), ("OSTIARY_LOG_LEVEL", "info", "loud")],
)
def test_the_environment_chooses_format_and_level(variable: str, good: str, bad: str) -> None:
    assert _logs.settings_from({variable: good})["version"] == 1
    with pytest.raises(Misconfigured, match=variable):
        _logs.settings_from({variable: bad})


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Every call of a module's `log` in the product."""
    for file in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id in ("log", "access_log", "logger")
                and node.func.attr in ("debug", "info", "warning", "error", "exception", "critical")
            ):
                yield f"{file.relative_to(SOURCE)}:{node.lineno}", node


def test_every_line_of_ours_has_a_name_and_declared_fields() -> None:
    wrong = []
    for where, call in calls():
        event = call.args[0] if call.args else None
        if not isinstance(event, ast.Constant) or not str(event.value).count(".") or len(call.args) > 1:
            wrong.append(where)
        for keyword in call.keywords:
            if keyword.arg == "extra" and isinstance(keyword.value, ast.Dict):
                names = {str(k.value) for k in keyword.value.keys if isinstance(k, ast.Constant)}
                wrong += [f"{where} {name}" for name in names - _logs.CODES - _logs.IDS]
    assert "\n".join(wrong) == ""


def test_the_private_database_logs_no_values(cluster: RunningCluster) -> None:
    marker = f"Planted{uuid4().hex}"
    statements = (
        ("select cast(%s as uuid)", psycopg.errors.InvalidTextRepresentation),
        ("insert into planted values (%s)", psycopg.errors.UniqueViolation),
        (
            "select cast(%s as date)",
            psycopg.errors.DatetimeFieldOverflow | psycopg.errors.InvalidDatetimeFormat,
        ),
    )
    with psycopg.connect(cluster.admin_dsn, autocommit=True) as connection:
        connection.execute("create temporary table planted (name text primary key)")
        connection.execute("insert into planted values (%s)", (marker,))
        for statement, error in statements:
            with pytest.raises(error if isinstance(error, type) else error.__args__):
                connection.execute(statement, (marker,))
    assert marker not in (cluster.state.logs / "postgresql.log").read_text()
