"""The same rights over REST: read whole, replaced in parts, previewed, never on top of what nobody saw."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.test import override_settings

from ostiary.access import public as access
from ostiary.access.public import Grant, Operation, Verb
from ostiary.project._transport import Transport
from tests._site import Answer, Site
from tests.integration.objects._worlds import inside
from tests.integration.rights._editor import Harbour

OBJECT, OPERATION = "/api/v1/rights/objects/boat", "/api/v1/rights/operations/CanExportGrid"
PREVIEW = "/api/v1/rights/preview"


@dataclass
class Program:
    site: Site
    key: str

    def ask(self, method: str, url: str, body: Any = None, **headers: str) -> Answer:
        sent = b"" if body is None else orjson.dumps(body)
        headers = {"HTTP_AUTHORIZATION": f"Bearer {self.key}", "CONTENT_TYPE": "application/json", **headers}
        return self.site.ask(method, url, sent, **headers)

    def get(self, url: str) -> dict[str, Any]:
        answered = self.ask("GET", url)
        assert answered.status == 200, answered.body
        found: dict[str, Any] = orjson.loads(answered.body)
        assert answered.headers["ETag"] == f'"{found["epoch"]}"'
        return found

    def put(self, url: str, body: Any) -> tuple[int, dict[str, Any]]:
        answered = self.ask("PUT", url, body)
        return answered.status, orjson.loads(answered.body)


@pytest.fixture
def programs(harbour: Harbour) -> Iterator[tuple[Program, Program]]:
    """Of the administrator, and of Ann, who holds no operation."""
    with inside(harbour.home) as ctx:
        people = (harbour.home.administrator, harbour.ann)
        keys = [access.create_api_key(ctx, person, "rights") for person in people]
    with override_settings(**Transport(insecure_http=True).django_settings()):
        site = Site(WSGIHandler(), harbour.host)
        yield Program(site, keys[0]), Program(site, keys[1])
    with inside(harbour.home) as ctx:
        access.set_carried_right(ctx, Operation.EXPORT_LIST, harbour.boat.id, set())


@pytest.fixture
def program(programs: tuple[Program, Program]) -> Program:
    return programs[0]


def test_what_is_read_can_be_written_back_and_changes_nothing(harbour: Harbour, program: Program) -> None:
    with inside(harbour.home) as ctx:
        access.add_default_rule(ctx, harbour.boat.id, harbour.crew, harbour.deck, read=Grant.DELEGABLE)
        access.set_deny_rule(ctx, harbour.boat.id, harbour.crew, harbour.ann, {Verb.DELETE})
        access.set_carried_right(ctx, Operation.EXPORT_LIST, harbour.boat.id, {Verb.READ})
    found = program.get(OBJECT)
    crew = str(harbour.crew)
    assert found["rows"][0] == {"unit": crew, "verbs": ["read"]}
    assert found["columns"]["name"] == [{"unit": crew, "level": "read"}]
    assert found["records"]["rules"][0]["grants"] == {"read": "delegable", "update": "none", "delete": "none"}
    assert found["carried"] == {"CanExportGrid": ["read"]}
    assert found["units"][crew] == {"name": "Crew", "kind": "org"}
    status, again = program.put(OBJECT, found)
    assert (status, again) == (200, found)
    operation = program.get(OPERATION)
    assert operation["carried"] == {"boat": ["read"]}
    assert program.put(OPERATION, operation) == (200, operation)


def test_parts_are_replaced(harbour: Harbour, program: Program) -> None:
    found = program.get(OBJECT)
    deck, crew = str(harbour.deck), str(harbour.crew)
    rule = {"author": crew, "grantee": deck, "grants": {"update": "granted"}}
    scope = {"grantee": deck, "path": ["owner"], "attribute": "self", "grants": {"read": "granted"}}
    body = {
        "epoch": found["epoch"],
        "rows": [{"unit": deck, "verbs": ["read", "delete"]}],
        "columns": {"length_m": [{"unit": deck, "level": "masked"}]},
        "records": {
            "records": True,
            "legs": ["owner", "rules", "scopes"],
            "denies": False,
            "rules": [rule],
            "scopes": [scope],
            "deny_rules": [],
        },
        "carried": {"CanExportGrid": ["create"]},
    }
    status, now = program.put(OBJECT, body)
    assert status == 200, now
    assert now["rows"] == body["rows"]
    assert now["columns"] == {**found["columns"], **body["columns"]}  # others stay
    assert now["records"]["rules"][0]["grants"]["update"] == "granted"
    assert now["records"]["scopes"][0]["path"] == ["owner"]
    assert now["carried"] == {"CanExportGrid": ["create"]}
    assert now["epoch"] > found["epoch"]
    emptied = {**now["records"], "rules": [], "scopes": []}
    status, now = program.put(OBJECT, {"epoch": now["epoch"], "records": emptied, "carried": {}})
    assert (now["records"]["rules"], now["records"]["scopes"], now["carried"]) == ([], [], {})
    assert now["rows"] == body["rows"]


def test_nothing_is_written_on_what_nobody_saw(harbour: Harbour, program: Program) -> None:
    found = program.get(OBJECT)
    rows = {"rows": found["rows"][:1]}
    assert program.put(OBJECT, rows)[0] == 428
    assert program.put(OBJECT, {**rows, "epoch": found["epoch"] - 1})[0] == 409
    answered = program.ask("PUT", OBJECT, rows, HTTP_IF_MATCH=f'"{found["epoch"]}"')
    assert answered.status == 200
    assert program.put(OBJECT, {**rows, "epoch": found["epoch"]})[0] == 409


def test_a_preview_tells_and_keeps_nothing(harbour: Harbour, program: Program) -> None:
    change = {
        "change": "set_object_rows",
        "object": "boat",
        "rows": [{"unit": str(harbour.crew), "verbs": ["read", "update"]}],
    }
    answered = program.ask("POST", PREVIEW, {"changes": [change]})
    told = orjson.loads(answered.body)
    assert (answered.status, told["widens"], told["lost"]) == (200, True, [])
    gained = [g for g in told["gained"] if g["what"].startswith("update boat")]
    assert gained[0]["who"] == [{"id": str(harbour.ann), "name": "Ann Agent"}]
    assert program.get(OBJECT)["rows"][0]["verbs"] == ["read"]


@pytest.mark.parametrize(
    ("part", "field"),
    [
        ({"rows": [{"unit": "x", "verbs": []}]}, "rows.0.unit"),
        ({"rows": [{"unit": "{crew}", "verbs": ["fly"]}]}, "rows.0.verbs"),
        ({"rows": [{"unit": "{crew}", "verbs": [], "more": 1}]}, "rows.0.more"),
        ({"rows": [{"unit": "{crew}", "verbs": []}] * 2}, "rows"),
        ({"rows": {}}, "rows"),
        ({"rows": [{"unit": "{boat}", "verbs": []}]}, "unit"),
        ({"columns": {"owner": []}}, "columns.owner"),
        ({"columns": {"name": [{"unit": "{crew}", "level": "sealed"}]}}, "columns.name.0.level"),
        ({"carried": {"CanFly": ["read"]}}, "carried.CanFly"),
        ({"records": {"records": True}}, "records.legs"),
        ({"wings": 2}, "wings"),
        ({"epoch": "now"}, "epoch"),
    ],
)  # fmt: skip
def test_bad_parts_are_refused_by_their_place(
    harbour: Harbour, program: Program, part: dict[str, Any], field: str
) -> None:
    found = program.get(OBJECT)
    text = orjson.dumps({"epoch": found["epoch"], **part}).decode()
    text = text.replace("{crew}", str(harbour.crew)).replace("{boat}", str(harbour.boat.id))
    status, told = program.put(OBJECT, orjson.loads(text))
    assert status == 422
    assert [error["field"] for error in told["errors"]] == [field]
    assert program.get(OBJECT) == found


def test_others_are_refused(harbour: Harbour, programs: tuple[Program, Program]) -> None:
    admin, ann = programs
    found = admin.get(OBJECT)
    for method, url, body in (
        ("GET", OBJECT, None),
        ("PUT", OBJECT, found),
        ("GET", OPERATION, None),
        ("PUT", OPERATION, {"epoch": found["epoch"], "rows": []}),
        ("POST", PREVIEW, {"changes": []}),
        ("GET", "/api/v1/rights/objects/ship", None),
    ):
        assert ann.ask(method, url, body).status == 403, (method, url)
    assert admin.ask("GET", "/api/v1/rights/objects/ship").status == 404
    assert admin.ask("GET", "/api/v1/rights/operations/CanFly").status == 404
    assert admin.ask("DELETE", OBJECT).status == 405
    assert admin.ask("GET", PREVIEW).status == 405
    assert admin.ask("POST", PREVIEW, {"changes": [{"change": "fly"}]}).status == 422


def test_changing_an_operation_needs_its_own_operation(
    harbour: Harbour, programs: tuple[Program, Program]
) -> None:
    admin, ann = programs
    with inside(harbour.home) as ctx:
        rows = [
            (row.unit, row.allowed) for row in access.view_policy(ctx).operations["CanManageAdministration"]
        ]
        access.set_operation_rows(ctx, Operation.MANAGE_RIGHTS, [*rows, (harbour.ann, True)])
    try:
        found = ann.get(OPERATION)
        body = {"epoch": found["epoch"], "rows": []}
        assert ann.put(OPERATION, body)[0] == 403
        assert ann.put(OBJECT, {"epoch": found["epoch"], "carried": {"CanExportGrid": ["read"]}})[0] == 403
        assert admin.get(OPERATION)["rows"] == found["rows"] != []
    finally:
        with inside(harbour.home) as ctx:
            access.set_operation_rows(ctx, Operation.MANAGE_RIGHTS, rows)
