"""Importing and exporting on pages, through the real handler, without script."""

import html
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.test import override_settings

from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.kernel.ids import PrincipalId, UnitId
from ostiary.project._tenants import NewTenant
from ostiary.project._transport import Transport
from ostiary.records import _export_ask
from ostiary.records import public as records
from tests._jobs import as_owner, run_due_jobs
from tests._site import MULTIPART, Answer, Site, multipart
from tests._tenants import Installation
from tests.integration.objects._worlds import BOAT, apply, column, inside, make_home, open_to_all

TOKEN = re.compile(rb'name="csrfmiddlewaretoken" value="(\w+)"')
FILE = b"Name;Length m;Remark\r\nPage One;7;x\r\nPage Two;many;y\r\n"
MAPPED = (
    ("to.0", "name"),
    ("to.1", "length_m"),
    ("key", "0"),
    ("duplicates", "update"),
    ("missing", "refuse"),
)


@dataclass
class Browser:
    """Somebody's browser."""

    site: Site
    who: UnitId

    def get(self, url: str) -> Answer:
        path, _, query = url.partition("?")
        return self.site.get(path, QUERY_STRING=query)

    def text(self, url: str, status: int = 200) -> str:
        answer = self.get(url)
        assert answer.status == status, answer.status
        return html.unescape(answer.body.decode())

    def token(self) -> str:
        found = TOKEN.search(self.get("/files").body)
        assert found
        return found[1].decode()

    def post(self, url: str, *fields: tuple[str, str]) -> Answer:
        path, _, query = url.partition("?")
        body = urlencode([("csrfmiddlewaretoken", self.token()), *fields]).encode()
        return self.site.post(path, body, QUERY_STRING=query, HTTP_ORIGIN=f"http://{self.site.host}")

    def send(self, name: str, content: bytes, url: str = "/o/boat/import") -> Answer:
        body = multipart({"csrfmiddlewaretoken": self.token()}, [(name, "text/csv", content)])
        return self.site.post(url, body, CONTENT_TYPE=MULTIPART, HTTP_ORIGIN=f"http://{self.site.host}")


Open = Callable[..., Browser]


@pytest.fixture(scope="module")
def home(installation: Installation) -> NewTenant:
    new = make_home(f"exc{installation.worker}", [f"exc{installation.worker}.test"])
    apply(new, BOAT)
    apply(new, column("price", "money").replace("internal", "confidential"))
    with inside(new) as ctx:
        open_to_all(ctx, "boat")
        role = access.create_role(ctx, identity.UnitKind.FUNC, "Exchangers", code="exchangers")
        for operation in (access.Operation.IMPORT, access.Operation.EXPORT_LIST):
            access.set_operation_rows(ctx, operation, [(role, True)])
    return new


@pytest.fixture
def open_browser(home: NewTenant, installation: Installation) -> Iterator[Open]:
    transport = Transport(insecure_http=True)

    def open_at(*, may: bool = True) -> Browser:
        with inside(home) as ctx:
            who = access.create_person(ctx, login=f"p{uuid4().hex[:8]}", name="Pat", email="p@example.com")
            role = identity.find_unit(ctx, "exchangers")
            assert role is not None
            if may:
                access.add_member(ctx, who, role)
            token = identity.open_session(ctx, PrincipalId(who))
        host = f"exc{installation.worker}.test"
        return Browser(Site(WSGIHandler(), host, cookies={transport.session_cookie: token}), who)

    with override_settings(**transport.django_settings()), pytest.MonkeyPatch.context() as patch:
        patch.setenv("OSTIARY_INSECURE_HTTP", "1")
        as_owner("delete from jobs.procrastinate_jobs")
        as_owner("delete from jobs.job")
        yield open_at


def names(home: NewTenant, prefix: str) -> Sequence[str]:
    with inside(home) as ctx:
        test = records.Compare("name", records.Op.STARTS_WITH, prefix)
        page = records.list_records(ctx, records.RecordQuery("boat", filter=test))
        return [record["name"] for record in page.records()]


def test_a_file_goes_from_the_form_to_its_result_and_back(home: NewTenant, open_browser: Open) -> None:
    pat, nil = open_browser(), open_browser(may=False)
    assert "up to 250 MB" in pat.text("/o/boat/import")
    assert nil.get("/o/boat/import").status == nil.send("a.csv", FILE).status == 403
    sent = pat.send("boats.csv", FILE)
    assert sent.status == 302
    url = sent.headers["Location"]
    page = pat.text(url)
    assert "Page One" in page
    assert re.search(r'<option value="length_m" selected>', page)
    assert '<option value="price">' in page
    assert nil.get(url).status == open_browser().get(url).status == 404
    refused = pat.post(
        url, ("do", "check"), ("to.0", "name"), ("duplicates", "update"), ("missing", "refuse")
    )
    assert refused.status == 422
    assert b"Tick the fields" in refused.body
    assert pat.post(url, ("do", "check"), *MAPPED).status == 302
    assert "Waiting" in pat.text(url)
    run_due_jobs()
    checked = pat.text(url)
    assert "'many' is no number" in checked
    assert "Import 2 rows" in checked
    assert names(home, "Page") == []
    assert pat.post(url, ("do", "run")).status == 302
    run_due_jobs()
    assert names(home, "Page") == ["Page One"]
    assert pat.get(f"{url}/result").body.decode("utf-8-sig").splitlines()[1].startswith("2,Page One,created,")
    assert nil.get(f"{url}/result").status == 404
    assert "boats.csv" in pat.text("/files")
    assert "boats.csv" not in open_browser().text("/files")
    assert "Take back 1 record" in pat.text(url)
    assert pat.post(url, ("do", "undo")).status == 302
    run_due_jobs()
    assert names(home, "Page") == []


def test_a_file_that_is_none_or_too_large_is_refused_on_the_form(home: NewTenant, open_browser: Open) -> None:
    pat = open_browser()
    for name, content, says in (("a.csv", b"", "empty"), ("a.xlsx", b"PK\x03\x04x", "no workbook")):
        answer = pat.send(name, content)
        assert (answer.status, says in answer.body.decode()) == (422, True)
    with inside(home) as ctx:
        access.set_setting(ctx, "ImportMaxMegabytes", 1)
    assert "at most 1 MB" in pat.send("a.csv", b"Name\n" + b"x" * 1_000_001).body.decode()
    with inside(home) as ctx:
        access.set_setting(ctx, "ImportMaxMegabytes", None)
    stale = multipart({"csrfmiddlewaretoken": "x" * 64}, [("a.csv", "text/csv", FILE)])
    assert pat.site.post("/o/boat/import", stale, CONTENT_TYPE=MULTIPART).status == 403


def test_a_file_is_read_again_mapped_anew_and_discarded(open_browser: Open) -> None:
    pat = open_browser()
    url = pat.send("boats.csv", FILE).headers["Location"]
    assert pat.post(url, ("do", "read"), ("encoding", "utf-8"), ("delimiter", ",")).status == 302
    assert "Name;Length m;Remark" in pat.text(url)
    bad = pat.post(url, ("do", "read"), ("encoding", "rot13"), ("delimiter", ","))
    assert (bad.status, b"Choose one of the list" in bad.body) == (422, True)
    assert pat.post(url, ("do", "nonsense")).status == 404
    assert pat.post(url, ("do", "undo")).status == 422
    assert pat.post(url, ("do", "discard")).status == 302
    assert pat.get(url).status == 404


def test_what_would_leave_is_shown_before_and_a_reason_asked_for(home: NewTenant, open_browser: Open) -> None:
    pat, nil = open_browser(), open_browser(may=False)
    with inside(home) as ctx:
        own = ctx.acting_as(PrincipalId(pat.who))
        made = records.create_records(own, "boat", [{"name": f"Out {n}", "price": n} for n in range(3)])
    assert nil.get("/o/boat/export").status == 403
    url = "/o/boat/export?f=name&o=starts_with&v=out"
    page = pat.text(url)
    assert "3 boats that you may read" in page
    assert 'value="name" checked' in page
    assert 'value="price" checked' not in page
    closed = (("column", "name"), ("column", "price"), ("format", "csv"))
    refused = pat.post(url, *closed)
    assert (refused.status, b"Say why" in refused.body) == (422, True)
    assert b"at least one field" in pat.post(url, ("format", "csv")).body
    taken = pat.post(url, *closed, ("reason", "Year end"))
    assert taken.headers["Content-Disposition"].startswith('attachment; filename="boat-')
    assert taken.body.decode("utf-8-sig").splitlines()[1].split(",")[1:] == ["Out 0", "0.0"]
    assert nil.post(url, *closed, ("reason", "Year end")).status == 403
    one = pat.post(f"/o/boat/export?id={made.rows[1].id}", ("column", "name"), ("format", "jsonl"))
    assert (one.body.count(b"\n"), b"Out 1" in one.body) == (1, True)
    assert pat.get("/o/boat/export?id=nonsense").status == 404


def test_a_large_list_is_listed_as_a_file_and_only_mine(
    home: NewTenant, open_browser: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    pat = open_browser()
    with inside(home) as ctx:
        own = ctx.acting_as(PrincipalId(pat.who))
        records.create_records(own, "boat", [{"name": f"Big {n}"} for n in range(3)])
    monkeypatch.setattr(_export_ask, "DIRECT", 2)
    asked = pat.post("/o/boat/export?f=name&o=starts_with&v=big", ("column", "name"), ("format", "xlsx"))
    assert asked.headers["Location"] == "/files?done=requested"
    run_due_jobs()
    found = re.search(r'href="(/exports/[0-9a-f-]+)"', pat.text("/files"))
    assert found
    assert pat.get(found[1]).body.startswith(b"PK")
    other = open_browser()
    assert other.get(found[1]).status == other.post(f"{found[1]}/cancel").status == 404
    assert pat.post(f"{found[1]}/cancel").status == 302
    assert pat.get(found[1]).status == 404
