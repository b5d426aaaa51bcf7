"""Injection into every place that takes a value: refused by name or taken as a value, never as statement.

Each attempt goes through the product's own handler. Of each answer is asked: no failure of ours (500),
nothing of the other tenant, and both tenants as they were. Written values come back as they were sent.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote, urlencode

import orjson
import pytest
from _pytest.mark import ParameterSet

from ostiary.access import public as access
from ostiary.kernel.context import Context
from ostiary.kernel.errors import Invalid, OstiaryError
from ostiary.objects import public as objects
from ostiary.records import public as records
from ostiary.tenancy import public as tenancy
from tests._site import Answer, Site
from tests.integration.attack._two_tenants import Program, Side

# {other}: schema and role of the other tenant
PAYLOADS = (
    "'; set role {other}; --",
    "'; select * from {other}.rec_account; --",
    "' union select name from {other}.rec_account --",
    "' or '1'='1",
    "') or 1=1 --",
    '"; set role {other}; --',
    'name" from {other}.rec_account --',
    "name, (select name from {other}.rec_account limit 1)",
    "{other}.rec_account",
    "(select set_config('role', '{other}', false))",
    "set_config('role', '{other}', true)",
    "query_to_xml('select * from {other}.rec_account', true, true, '')",
    "SET ROLE {other}",
    "reset role",
    "$1",
    "$1::text; set role {other}",
    "%s",
    "%(name)s",
    "%(name)s %%",
    "@.rec_account",
    "@.identity_unit",
    "{0}{name}",
    "$$; set role {other}; $$",
    "E'\\'; set role {other}; --",
    "\\",
    "\\'; set role {other}; --",
    "/*",
    "--",
    ";",
    "*",
    "1; drop table {other}.rec_account",
    "pg_sleep(30)",
    "../../{other}",
    "name\u0000'; set role {other}",
    "\ufe68'; set role {other} --",
    "\u02bc or 1=1",
    "name::regclass",
    "current_user",
    "ctid",
    "tableoid",
    "label_id",
    "state_salt",
)
# one column of each kind of value
FIELDS = (
    "name",
    "industry",
    "owner",
    "annual_revenue",
    "employees",
    "web",
    "created_at",
    "author",
    "id",
)
ANSWERS = frozenset({200, 201, 204, 302, 303, 400, 401, 403, 404, 405, 409, 415, 422, 428})


def one_in_three(payloads: Iterable[str]) -> list[ParameterSet]:
    """All of them; two of three are asked in the deep run only, for each is asked at hundreds of places."""
    deep = pytest.mark.deep
    return [pytest.param(p, marks=[deep] if n % 3 else []) for n, p in enumerate(payloads)]


def filled(payload: str, other: Side) -> str:
    return payload.replace("{other}", other.tenant.schema)


@contextmanager
def nothing_changes(sides: tuple[Side, Side]) -> Iterator[None]:
    before = [side.digest() for side in sides]
    yield
    assert [side.digest() for side in sides] == before


def inspect(answer: Answer, other: Side, what: str) -> Answer:
    assert answer.status in ANSWERS, (what, answer.status, answer.body[:300])
    assert other.mark.encode() not in answer.body, what
    for word in (b"psycopg", b"syntax error", b"Traceback", b"LINE 1:"):  # the database's or Python's words
        assert word not in answer.body, (what, word)
    return answer


@pytest.mark.parametrize("payload", one_in_three(PAYLOADS))
def test_every_parameter_of_the_api(payload: str, attacker: Program, sides: tuple[Side, Side]) -> None:
    own, other = sides
    text = filled(payload, other)
    base = "/api/v1/records/account"
    asked: list[tuple[str, dict[str, str]]] = [
        (base, {name: text})
        for name in ("sort", "columns", "limit", "offset", "after", "count", "filter", text[:40])
    ]
    asked += [
        (base, {"sort": f"-{text}"}),
        (base, {"sort": f"name,{text}"}),
        (base, {"columns": f"name,{text}"}),
    ]
    for field in (*FIELDS, text, f"industry.{text}", f"{text}.name", f"owner.{text}"):
        for op in ("eq", "contains", "in", text):
            tree = {"field": field, "op": op, "value": [text] if op == "in" else text}
            asked.append((base, {"filter": orjson.dumps(tree).decode()}))
    asked.append((base + "/count", {"filter": orjson.dumps({text: [text]}).decode()}))
    asked.append((base + "/count", {"mode": text}))
    with nothing_changes(sides):
        for path, query in asked:
            inspect(attacker.ask("GET", path, **query), other, f"{path} {query}")
        in_path = text.encode().decode("latin-1")  # as WSGI has it
        for path in (f"/api/v1/records/{in_path}", f"{base}/{in_path}", f"{base}/{own.accounts[0]}{in_path}"):
            for method in ("GET", "POST", "PATCH", "DELETE"):
                inspect(attacker.ask(method, path, {"name": text}), other, f"{method} {path}")
        inspect(attacker.ask("POST", base, {text: text}), other, "a column by its name")
        inspect(
            attacker.ask("PATCH", f"{base}/{own.accounts[0]}", {text: text, "version": 1}), other, "the same"
        )
        header = {"HTTP_IF_MATCH": in_path}
        inspect(attacker.site.ask("DELETE", f"{base}/{own.accounts[0]}", b"", **header), other, "If-Match")


def asked_of_many(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Every parameter of totals, search, options, export and of what came of a bulk change."""
    base = "/api/v1/records/account"
    tree = orjson.dumps({"field": text, "op": "eq", "value": text}).decode()
    for name in ("measures", "groups", "filter", "sort", "limit", "time_zone", text[:40]):
        yield f"{base}/aggregate", {name: text}
    yield f"{base}/aggregate", {"measures": f"sum({text})"}
    yield f"{base}/aggregate", {"groups": f"created_at:{text}"}
    yield f"{base}/aggregate", {"groups": f"{text},industry", "filter": tree}
    for name in ("text", "objects", "limit"):
        yield "/api/v1/search", {"text": "many", name: text}
    for name in ("search", "filter", "limit"):
        yield f"{base}/options/industry", {name: text}
    for name in ("columns", "filter", "sort", "after"):
        yield f"{base}/export", {name: text}
    yield "/api/v1/bulk/00000000-0000-0000-0000-000000000007/refused", {"after": text, "limit": text}


def sent_to_many(text: str, record: str) -> Iterator[tuple[str, dict[str, object]]]:
    """Bodies of bulk changes and merges that the text is in, none of which may be taken."""
    base = "/api/v1/records/account"
    tree = {"field": text, "op": "eq", "value": text}
    yield f"{base}/bulk/create", {"rows": [{text: text}]}
    yield f"{base}/bulk/update", {"ids": [record], "values": {text: text}}
    yield f"{base}/bulk/update", {"ids": [text], "values": {"name": text}}
    yield f"{base}/bulk/update", {"filter": tree, "values": {"name": text}}
    yield f"{base}/bulk/update", {"rows": [{"id": record, "values": {text: text}}]}
    yield f"{base}/bulk/delete", {"ids": [text]}
    yield f"{base}/bulk/delete", {"filter": tree}
    yield f"{base}/bulk/preview", {"verb": text, "ids": [record]}
    yield f"{base}/bulk/preview", {"verb": "update", "ids": [record], "columns": [text]}
    yield f"{base}/{record}/merge", {"version": 1, "others": [{"id": text}]}
    yield f"{base}/{record}/merge", {"version": 1, "others": [], "values": {text: text}}


@pytest.fixture(scope="module")
def chief_key(sides: tuple[Side, Side]) -> str:
    """Of an administrator: nothing is refused before it is read."""
    with sides[0].inside(sides[0].administrator) as ctx:
        return access.create_api_key(ctx, sides[0].administrator, "attack")


@pytest.mark.parametrize("payload", one_in_three(PAYLOADS))
def test_every_parameter_of_questions_about_many(
    payload: str, attacker: Program, chief_key: str, sides: tuple[Side, Side]
) -> None:
    own, other = sides
    text = filled(payload, other)
    in_path = text.encode().decode("latin-1")  # as WSGI has it
    chief = replace(attacker, key=chief_key)
    with nothing_changes(sides):
        for path, query in asked_of_many(text):
            inspect(attacker.ask("GET", path, **query), other, f"{path} {query}")
            found = inspect(chief.ask("GET", path, **query), other, f"{path} {query}")
            assert found.status != 403, path
        inspect(attacker.ask("GET", f"/api/v1/records/account/options/{in_path}"), other, "options")
        for path, body in sent_to_many(text, str(own.accounts[0])):
            inspect(attacker.ask("POST", path, body), other, f"{path} {body}")
            found = inspect(chief.ask("POST", path, body), other, f"{path} {body}")
            assert found.status != 403, path


@pytest.mark.parametrize("payload", one_in_three(PAYLOADS))
def test_a_written_value_is_a_value(payload: str, attacker: Program, sides: tuple[Side, Side]) -> None:
    own, other = sides
    text = filled(payload, other)
    before = other.digest()
    answer = inspect(
        attacker.ask("POST", "/api/v1/records/account", {"name": text, "web": text}), other, text
    )
    answer = inspect(attacker.ask("POST", "/api/v1/records/account", {"name": text}), other, text)
    if answer.status == 201:
        made = orjson.loads(answer.body)
        assert made["name"] == text
        tree = orjson.dumps({"field": "name", "op": "eq", "value": text}).decode()
        found = orjson.loads(attacker.ask("GET", "/api/v1/records/account", filter=tree).body)["records"]
        assert [row["name"] for row in found] == [text]
        headers = {"HTTP_IF_MATCH": f'"{made["version"]}"', "HTTP_AUTHORIZATION": f"Bearer {own.key}"}
        attacker.site.ask("DELETE", f"/api/v1/records/account/{made['id']}", b"", **headers)
    else:
        assert "\x00" in text
        assert answer.status == 422
    assert other.digest() == before


@pytest.mark.parametrize("payload", one_in_three(PAYLOADS))
def test_every_parameter_of_the_pages(payload: str, browser: Site, sides: tuple[Side, Side]) -> None:
    own, other = sides
    text = filled(payload, other)
    asked = [
        ("/o/account/", {name: text}) for name in ("q", "sort", "after", "page", "view", "do", "builder")
    ]
    asked += [
        ("/o/account/", {"f": field, "o": op, "v": text})
        for field in (*FIELDS, text)
        for op in ("eq", "contains", "in", text)
    ]
    asked += [("/o/account/export", {"q": text, "sort": text}), ("/lookup/contact/account", {"q": text})]
    asked += [(f"/o/account/{own.accounts[0]}", {"tab": text}), ("/o/contact/new", {"account": text})]
    in_path = text.encode().decode("latin-1")  # as WSGI has it
    asked += [(f"/lookup/{in_path}/account", {"q": text}), (f"/lookup/contact/{in_path}", {"q": text})]
    asked += [(f"/{place}{in_path}", {}) for place in ("o/", "w/", "static/", "o/account/", "")]
    with nothing_changes(sides):
        for path, query in asked:
            answer = browser.get(path, QUERY_STRING=urlencode(query, errors="surrogatepass"))
            inspect(answer, other, f"{path} {query}")


def test_the_sign_in_form(browser: Site, sides: tuple[Side, Side]) -> None:
    other = sides[1]
    browser.cookies.clear()
    page = browser.get("/sign-in")
    assert page.status == 200
    token = page.body.split(b'name="csrfmiddlewaretoken" value="', 1)[1].split(b'"', 1)[0].decode()
    with nothing_changes(sides):
        for payload in PAYLOADS:
            text = filled(payload, other)
            form = urlencode({"csrfmiddlewaretoken": token, "login": text, "password": "x", "next": text})
            answer = browser.post("/sign-in", form.encode(), HTTP_ORIGIN=f"http://{browser.host}")
            inspect(answer, other, text)
            assert answer.status in (422, 429)


@pytest.mark.parametrize("payload", one_in_three(PAYLOADS))
def test_a_key_or_session_that_is_a_statement(
    payload: str, attacker: Program, browser: Site, sides: tuple[Side, Side]
) -> None:
    text = filled(payload, sides[1]).encode("utf-8", "replace").decode("latin-1")
    with nothing_changes(sides):
        for key in (text, f"ost_{sides[1].tenant.slug}_{text}", f"{sides[0].key}{text}", f"ost_{text}_x"):
            assert replace(attacker, key=key).ask("GET", "/api/v1/records/account").status == 401
        browser.cookies = {name: quote(text) for name in browser.cookies}
        inspect(browser.get("/o/account/"), sides[1], text)
        headers = {f"HTTP_{name}": text for name in ("USER_AGENT", "X_FORWARDED_FOR", "X_FORWARDED_HOST")}
        inspect(attacker.site.ask("GET", "/api/v1/records/account", b"", **headers), sides[1], text)


MAPPING = """
name: {name}
steps:
  - kind: rows
    name: rows
    file: rows.csv
    object: {object}
    key: [{key}]
    columns:
      name: {source}
"""


@contextmanager
def desk(side: Side) -> Iterator[Context]:
    with side.inside() as ctx:
        yield ctx


def try_import(side: Side, folder: Path) -> str:
    plan = records.read_mapping(folder / "mapping.yaml")
    records.import_rows(lambda: desk(side), plan, folder, records.ImportOptions(dry_run=True))
    return "rows.csv: imported"


@pytest.mark.parametrize("payload", one_in_three(PAYLOADS))
def test_an_import_takes_cells_as_values_and_refuses_names(
    payload: str, sides: tuple[Side, Side], tmp_path: Path
) -> None:
    own, other = sides
    text = filled(payload, other)
    before = other.digest()
    quoted = orjson.dumps(text).decode()
    places = {"name": "attack", "object": "account", "key": "name", "source": "title"}
    for place in ("object", "key", "source"):
        (tmp_path / "mapping.yaml").write_text(MAPPING.format(**places | {place: quoted}))
        (tmp_path / "rows.csv").write_text("title\nx\n")
        with pytest.raises(OstiaryError):
            try_import(own, tmp_path)
    (tmp_path / "mapping.yaml").write_text(MAPPING.format(**places))
    table = io.StringIO()
    csv.writer(table).writerows([["title", text], [text, text], ["plain", text]])
    (tmp_path / "rows.csv").write_text(table.getvalue(), "utf-8")
    try:
        message = try_import(own, tmp_path)
    except OstiaryError as refused:
        message = refused.message
    assert message.startswith("rows.csv: ")
    assert other.digest() == before


PACKAGE = {"package": "attack", "caption": "A", "version": "1", "files": ["thing.yaml"], "workplaces": []}
COLUMN = {"column": "title", "type": "text", "required": True}
THING: dict[str, object] = {
    "object": "thing",
    "caption": "Thing",
    "plural": "Things",
    "icon": "box",
    "display": "title",
    "policy": {
        "class": "internal",
        "personal_data": "none",
        "retention": {"months": 0, "after": "created", "then": "keep"},
    },
    "columns": [COLUMN],
    "layout": {
        "list": ["title"],
        "sort": ["title"],
        "facts": [],
        "groups": [{"caption": "T", "columns": ["title"]}],
        "details": [],
    },
}


def read(folder: Path, thing: Mapping[str, object]) -> objects.Package:
    (folder / "package.yaml").write_bytes(orjson.dumps(PACKAGE))
    (folder / "thing.yaml").write_bytes(orjson.dumps(thing))
    return objects.read_package(folder)


@pytest.mark.parametrize("payload", one_in_three(p for p in PAYLOADS if "\x00" not in p))
def test_metadata_takes_no_statement_for_a_name(
    payload: str, sides: tuple[Side, Side], tmp_path: Path
) -> None:
    """Names become identifiers of the database, so they are the one text that is not bound."""
    text = filled(payload, sides[1])
    assert read(tmp_path, THING).objects.keys() == {"thing"}
    with nothing_changes(sides):
        for bad in (
            # the table of an object has a prefix, so a word of SQL is a name like any other there
            THING | {"object": text if not text.isidentifier() else f"{text};"},
            THING | {"display": text},
            THING | {"columns": [COLUMN, COLUMN | {"column": text}]},
            THING | {"columns": [COLUMN, {"column": "n", "type": "auto_number", "pattern": text}]},
            THING | {"columns": [COLUMN | {"type": text}]},
            THING | {"columns": [COLUMN, {"column": "l", "type": "lookup", "target": text}]},
        ):
            with pytest.raises(OstiaryError):
                read(tmp_path, bad)


def test_a_tenant_s_name_is_no_statement(sides: tuple[Side, Side]) -> None:
    for payload in PAYLOADS:
        text = filled(payload, sides[1])
        if text.isalnum():
            continue  # a word of SQL is a name like any other: schema and role have a prefix
        with pytest.raises(Invalid):
            tenancy.directory().plan(text, "Name", [])
        with pytest.raises(Invalid):
            tenancy.directory().plan("fresh", "Name", [text])
        if "\x00" not in text:  # which no driver sends
            assert tenancy.find_tenant_by_host(text) is None
            assert tenancy.find_tenant_by_slug(text) is None
