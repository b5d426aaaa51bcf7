"""The pages of the role matrix: what they show, what a form keeps, who is refused."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlencode

import orjson
import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.test import override_settings

from ostiary.access import public as access
from ostiary.access.public import Operation, Verb
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.ids import PrincipalId, UnitId
from ostiary.objects import public as objects
from ostiary.project._tenants import NewTenant
from ostiary.project._transport import Transport
from tests._site import Answer, Site
from tests._tenants import Installation
from tests.integration.objects import _worlds

TOKEN = re.compile(rb'name="csrfmiddlewaretoken" value="(\w+)"')


@dataclass
class House:
    """A tenant with boats; a role that may read them; the administrator, and Ann who has the role."""

    home: NewTenant
    role: UnitId
    ann: UnitId
    boat: objects.Object
    browsers: dict[str, Site]
    keys: dict[str, str]

    @contextmanager
    def ctx(self) -> Iterator[Context]:
        with _worlds.inside(self.home) as ctx:
            yield ctx

    def get(self, path: str, query: str = "", who: str = "admin") -> Answer:
        return self.browsers[who].get(path, QUERY_STRING=query)

    def page(self, path: str, query: str = "") -> str:
        answer = self.get(path, query)
        assert answer.status == 200, answer.status
        return answer.body.decode()

    def post(self, path: str, who: str = "admin", **fields: str) -> Answer:
        site = self.browsers[who]
        found = TOKEN.search(site.get("/").body) or TOKEN.search(site.get("/role-matrix").body)
        token = found[1].decode() if found else ""
        body = urlencode({"csrfmiddlewaretoken": token, **fields}).encode()
        return site.post(path, body, HTTP_ORIGIN=f"http://{site.host}")

    def api(self, path: str, query: str = "", who: str = "admin") -> Answer:
        site = Site(self.browsers[who].handler, self.browsers[who].host)
        return site.get(
            f"/api/v1/rights/{path}", QUERY_STRING=query, HTTP_AUTHORIZATION=f"Bearer {self.keys[who]}"
        )


@pytest.fixture(scope="module")
def house(installation: Installation) -> Iterator[House]:
    host = f"matrix.{installation.worker}.test"
    home = _worlds.make_home("matrix", [host])
    _worlds.apply(home, _worlds.BOAT)
    with _worlds.inside(home) as ctx:
        boat = objects.find_object(ctx, "boat")
        role = access.create_role(ctx, identity.UnitKind.FUNC, "<b>Sailors</b>")
        ann = access.create_person(ctx, login="ann", name="Ann Able", email="")
        access.add_member(ctx, ann, role)
        access.set_object_rows(ctx, boat.id, [(role, {Verb.READ})])
        people = {"admin": home.administrator, "ann": PrincipalId(ann)}
        tokens = {name: identity.open_session(ctx, person) for name, person in people.items()}
        keys = {name: access.create_api_key(ctx, UnitId(person), "test") for name, person in people.items()}
    transport = Transport(insecure_http=True)
    with override_settings(**transport.django_settings()), pytest.MonkeyPatch.context() as patch:
        patch.setenv("OSTIARY_INSECURE_HTTP", "1")
        handler = WSGIHandler()
        sites = {
            name: Site(handler, host, cookies={transport.session_cookie: token})
            for name, token in tokens.items()
        }
        yield House(home, role, ann, boat, sites, keys)


def row_of(page: str, role: UnitId) -> str:
    found = re.search(rf'<tr data-role="{role}">.*?</tr>', page, re.DOTALL)
    assert found
    return found[0]


def test_the_matrix_shows_squares_with_what_they_rest_on(house: House) -> None:
    row = row_of(house.page("/role-matrix"), house.role)
    assert "&lt;b&gt;Sailors&lt;/b&gt;" in row
    assert 'data-target="boat" data-missing' in row
    assert "<i>C</i><i data-firm>R</i><i>U</i><i>D</i>" in row
    assert "read: by its own row" in row
    operations = row_of(house.page("/role-matrix", "tab=operations"), house.role)
    assert operations.count("data-target=") == len(Operation)
    fields = house.page("/role-matrix", "tab=columns&object=boat")
    assert row_of(fields, house.role).count("data-target=") == len(house.boat.columns)
    assert "On: author" in fields  # the record layer in words


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("q=sailors", True),
        ("q=nothing+like+it", False),
        ("kind=func", True),
        ("kind=org", False),
        ("object=boat", True),
        ("missing=1", True),
        ("tab=operations&kind=manager", False),
    ],
)
def test_filters_narrow_the_roles(house: House, query: str, *, shown: bool) -> None:
    assert (f'data-role="{house.role}"' in house.page("/role-matrix", query)) is shown


@pytest.mark.parametrize(
    "query",
    ["tab=x", "kind=x", "object=x", "page=0", "page=99", "page=x", f"q={'x' * 101}", "page=" + "9" * 50],
)
def test_what_there_is_not_is_not_found(house: House, query: str) -> None:
    assert house.get("/role-matrix").status == 200
    assert house.get("/role-matrix", query).status == 404


def test_a_card_and_reasons_are_kept_together_or_not_at_all(house: House) -> None:
    url, why = f"/role-matrix/roles/{house.role}", f"why.object.{house.boat.id}"
    good = {"owner": "ann", "review_months": "3", "justification": "They sail", "basis": ""}
    refused = house.post(url, **good, **{why: "x" * 2_001})
    assert refused.status == 422
    assert "At most 2,000 characters" in refused.body.decode()
    assert "They sail" not in house.page(url)  # nothing of it
    for field, value in (("owner", "nobody"), ("review_months", "99"), ("review_months", "three")):
        answer = house.post(url, **{**good, field: value})
        assert answer.status == 422
        assert f'id="f-{field}-e"' in answer.body.decode()
    saved = house.post(url, **good, **{why: "To find their boat"})
    assert (saved.status, saved.headers["Location"]) == (302, f"{url}?done=saved")
    page = house.page(url)
    for text in ('value="ann"', "They sail", "To find their boat", "Never reviewed"):
        assert text in page
    assert house.post(f"{url}/reviewed").status == 302
    assert "by Ada Admin" in house.page(url)
    assert 'data-target="boat" data-missing' in row_of(house.page("/role-matrix"), house.role)  # no basis yet
    house.post(url, **{**good, "basis": "Law of the sea"})
    assert 'data-target="boat" data-missing' not in row_of(house.page("/role-matrix"), house.role)
    assert f'data-role="{house.role}"' not in house.page("/role-matrix", "missing=1")
    house.post(url)  # as it was
    assert 'data-target="boat" data-missing' in row_of(house.page("/role-matrix"), house.role)


def test_findings_are_listed_by_severity_with_a_way_to_the_role(house: House) -> None:
    with house.ctx() as ctx:
        lonely = access.create_role(ctx, identity.UnitKind.FUNC, "Lonely")
    page = house.page("/role-matrix/findings")
    assert f'<a href="/role-matrix/roles/{lonely}">Nobody has Lonely' in page
    assert "Lonely has no owner" in house.page("/role-matrix/findings", "severity=error")
    assert "Nobody has Lonely" not in house.page("/role-matrix/findings", "severity=error")
    with house.ctx() as ctx:
        rows: list[tuple[UnitId, set[Verb]]] = [(house.role, {Verb.READ}), (lonely, {Verb.READ})]
        access.set_object_rows(ctx, house.boat.id, rows)
        access.set_operation_rows(ctx, Operation.IMPORT, [(lonely, True)])
    page = house.page("/role-matrix/findings", "severity=warning")
    for url, where in (("/rights/objects/boat", "Boat"), ("/rights/operations/CanImportFromExcel", "Can")):
        assert f'<a href="{url}">The row of Lonely on {where}' in page
        assert house.get(url).status == 200
    with house.ctx() as ctx:
        access.set_object_rows(ctx, house.boat.id, rows[:1])
    for query in ("severity=x", "page=99", "page=0"):
        assert house.get("/role-matrix/findings", query).status == 404


def test_files_are_offered_as_downloads(house: House) -> None:
    for kind, start in (("xlsx", b"PK"), ("pdf", b"%PDF-")):
        answer = house.get(f"/role-matrix/export/{kind}")
        assert (answer.status, answer.body[: len(start)]) == (200, start)
        assert answer.headers["Content-Disposition"].startswith('attachment; filename="role-matrix-')
    assert house.get("/role-matrix/export/exe").status == 404


def test_the_api_tells_the_same(house: House) -> None:
    answer = house.api("matrix", "object=boat&limit=200")
    assert answer.status == 200
    roles = {role["id"]: role for role in orjson.loads(answer.body)["roles"]}
    mine = roles[str(house.role)]
    assert mine["objects"] == {"boat": {"read": str(house.role)}}
    assert mine["columns"]["name"]["class"] == "internal"
    assert [grant["caption"] for grant in mine["grants"]] == ["Boat"]
    assert len(orjson.loads(house.api("matrix", "limit=1&offset=1").body)["roles"]) == 1
    found = orjson.loads(house.api("findings").body)["findings"]
    assert {"severity", "code", "text", "advice", "role", "object", "operation", "principal"} == set(found[0])
    for query in ("limit=0", "limit=201", "object=x", "more=1", "offset=x"):
        assert house.api("matrix", query).status == 422, query
    assert house.api("findings", "x=1").status == 422


def test_all_of_it_needs_the_operation(house: House) -> None:
    url = f"/role-matrix/roles/{house.role}"
    paths = [
        "/role-matrix",
        "/role-matrix/findings",
        "/role-matrix/export/xlsx",
        "/role-matrix/export/pdf",
        url,
    ]
    for path in paths:
        assert house.get(path).status == 200, path
        assert house.get(path, who="ann").status == 403, path
    assert [house.post(p, who="ann").status for p in (url, f"{url}/reviewed")] == [403, 403]
    for path in ("matrix", "findings"):
        assert (house.api(path).status, house.api(path, who="ann").status) == (200, 403)
    assert "Role matrix" in house.page("/role-matrix/findings")
    assert b"Role matrix" not in house.get("/role-matrix", who="ann").body


def test_a_role_that_there_is_not_is_not_found(house: House) -> None:
    for unit in (house.ann, house.home.tenant.id):
        assert house.get(f"/role-matrix/roles/{unit}").status == 404
        assert house.post(f"/role-matrix/roles/{unit}/reviewed").status == 404


def test_a_form_without_its_token_changes_nothing(house: House) -> None:
    site = house.browsers["admin"]
    answer = site.post(f"/role-matrix/roles/{house.role}/reviewed", b"", HTTP_ORIGIN=f"http://{site.host}")
    assert answer.status == 403


def test_more_roles_than_a_page_are_paged(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ostiary.web._matrix_views._PAGE", 2)
    pages = [house.page("/role-matrix", "page=1")]
    count = int(re.findall(r"Page 1 of (\d+)", pages[0])[0])
    assert count > 1
    pages += [house.page("/role-matrix", f"page={number}") for number in range(2, count + 1)]
    shown = [role for page in pages for role in re.findall(r'<tr data-role="([^"]+)"', page)]
    assert len(shown) == len(set(shown)) == int(re.findall(r"(\d+) roles", pages[0])[0])
    assert 'rel="next"' not in pages[-1]
