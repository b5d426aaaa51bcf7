"""Files and notes on the page of a record, through the real handler: whole or not at all, and for whom."""

import html
import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.test import override_settings

from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.ids import PrincipalId, UnitId
from ostiary.project._tenants import NewTenant
from ostiary.project._transport import Transport
from ostiary.records import _scanners
from ostiary.records import public as records
from tests._site import MULTIPART, Answer, Site, multipart
from tests._tenants import Installation
from tests.integration.objects._worlds import BOAT, apply, inside, make_home, open_to_all
from tests.integration.records._people import person

TOKEN = re.compile(rb'name="csrfmiddlewaretoken" value="(\w+)"')
PDF = b"%PDF-1.7 " + bytes(range(256)) * 2048  # more than one part
FILES, NOTES = "?tab=boat_file.parent", "?tab=boat_note.parent"
OFFER = ("Angebot ü.pdf", "application/pdf", PDF)
File = tuple[str, str, bytes]


@dataclass
class Browser:
    """Somebody's browser, in the tenant of its host."""

    site: Site
    who: UnitId

    def get(self, url: str) -> Answer:
        path, _, query = url.partition("?")
        return self.site.get(path, QUERY_STRING=query)

    def text(self, url: str) -> str:
        answer = self.get(url)
        assert answer.status == 200, answer.status
        return html.unescape(answer.body.decode())

    def token(self) -> str:
        found = TOKEN.search(self.get("/o/boat/").body)
        assert found
        return found[1].decode()

    def post(self, url: str, **fields: str) -> Answer:
        body = urlencode({"csrfmiddlewaretoken": self.token(), **fields}).encode()
        return self.site.post(url, body, HTTP_ORIGIN=f"http://{self.site.host}")

    def send(self, url: str, *files: File, token: str | None = None, **headers: str) -> Answer:
        body = multipart({"csrfmiddlewaretoken": self.token() if token is None else token}, files)
        kind = {"CONTENT_TYPE": MULTIPART, "HTTP_ORIGIN": f"http://{self.site.host}"}
        return self.site.post(f"{url}/attachments", body, **{**kind, **headers})


Open = Callable[..., Browser]


def make_port(slug: str, host: str) -> NewTenant:
    new = make_home(slug, [host])
    apply(new, BOAT.replace("display: name", "display: name\nattachments: true\nnotes: true"))
    with inside(new) as ctx:
        for code in ("boat", "boat_file", "boat_note"):
            open_to_all(ctx, code)
    return new


@pytest.fixture(scope="module")
def ports(installation: Installation) -> Mapping[str, NewTenant]:
    """Two tenants, by host."""
    hosts = [f"{name}{installation.worker}.test" for name in ("north", "south")]
    return {host: make_port(host.partition(".")[0], host) for host in hosts}


@pytest.fixture
def home(ports: Mapping[str, NewTenant]) -> NewTenant:
    return next(iter(ports.values()))


@pytest.fixture
def open_browser(ports: Mapping[str, NewTenant]) -> Iterator[Open]:
    """A browser of a new person, in the first tenant if no other is named."""
    transport = Transport(insecure_http=True)

    def open_at(number: int = 0) -> Browser:
        host, home = list(ports.items())[number]
        with inside(home) as ctx:
            who = person(ctx, f"p{uuid4().hex[:8]}").actor
            token = identity.open_session(ctx, PrincipalId(who))
        return Browser(Site(WSGIHandler(), host, cookies={transport.session_cookie: token}), UnitId(who))

    with override_settings(**transport.django_settings()), pytest.MonkeyPatch.context() as patch:
        patch.setenv("OSTIARY_INSECURE_HTTP", "1")
        yield open_at


def make_boat(home: NewTenant, browser: Browser, *readers: Browser) -> str:
    """A new record of this person, open to some readers, as the address of its page."""
    with inside(home) as ctx:
        author = ctx.acting_as(PrincipalId(browser.who))
        made = records.create_record(author, "boat", {"name": "Thea"})
        for reader in readers:
            records.share_record(author, "boat", made.id, reader.who, access.Verb.READ)
    return f"/o/boat/{made.id}"


def contents(page: str) -> list[str]:
    """The addresses of the bytes on the tab of files."""
    return re.findall(r'href="(/o/boat_file/[^"]+/content)"', page)


def stored(home: NewTenant) -> tuple[int, int]:
    """(parts, records) of files in the tenant."""
    with inside(home) as ctx:
        row = ctx.db.row(
            "select (select count(*) from @.records_blob), (select count(*) from @.rec_boat_file)"
        )
    assert row is not None
    return int(row[0]), int(row[1])


def previews(home: NewTenant) -> int:
    """How many events tell of a bulk change that somebody tried out."""
    with inside(home) as ctx:
        row = ctx.db.row("select count(*) from @.audit_index where type = 'records.bulk.previewed'")
    assert row is not None
    return int(row[0])


def test_who_may_change_a_record_adds_files_and_who_may_only_read_it_is_told_why_not(
    open_browser: Open, home: NewTenant
) -> None:
    author, reader = open_browser(), open_browser()
    boat = make_boat(home, author, reader)
    assert "Add the first file above" in author.text(boat + FILES)
    sent = author.send(boat, OFFER, ("list.csv", "text/csv", b"a,b\n"))
    assert (sent.status, sent.headers["Location"]) == (302, f"{boat}{FILES}&done=added")
    seen = previews(home)
    mine, theirs = author.text(boat + FILES), reader.text(boat + FILES)
    assert previews(home) == seen  # to show a list is not to ask what a bulk change would do
    for page in (mine, theirs):
        assert re.search(r">Angebot ü.pdf</a>.*524 kB.*PDF.*>list.csv</a>.*4 B.*CSV", page, re.DOTALL)
        assert 'Attachments<span class="count">2</span>' in page
    assert 'type="file"' in mine
    assert 'type="file"' not in theirs
    assert "You may read this record but not change it, so you add nothing to it" in theirs
    before = stored(home)
    refused = reader.send(boat, OFFER)
    assert (refused.status, "layer 3" in refused.body.decode()) == (403, True)
    assert stored(home) == before


def test_a_file_is_taken_to_be_saved_and_not_shown_by_who_may_read_the_record(
    open_browser: Open, home: NewTenant
) -> None:
    author, reader, stranger = open_browser(), open_browser(), open_browser()
    boat = make_boat(home, author, reader)
    author.send(boat, OFFER)
    (content,) = contents(reader.text(boat + FILES))
    got = reader.get(content)
    assert (got.status, got.body) == (200, PDF)
    assert got.headers["Content-Type"] == "application/pdf"
    assert got.headers["Content-Length"] == str(len(PDF))
    assert got.headers["Content-Disposition"] == "attachment; filename*=utf-8''Angebot%20%C3%BC.pdf"
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert got.headers["Content-Security-Policy"].endswith("sandbox")
    assert got.headers["Cache-Control"] == "no-store"
    page = content.removesuffix("/content")
    assert f'href="{content}"' in reader.text(page)
    absent = f"/o/boat_file/{uuid4()}/content"
    hidden, gone = stranger.get(content), stranger.get(absent)
    assert (hidden.status, gone.status) == (404, 404)
    said = [answer.body.partition(b"<main")[2].partition(b"</main>")[0] for answer in (hidden, gone)]
    assert said[0] == said[1] != b""


def test_what_is_hidden_or_absent_or_of_another_tenant_takes_no_file(
    open_browser: Open, home: NewTenant
) -> None:
    author, stranger, foreigner = open_browser(), open_browser(), open_browser(1)
    boat = make_boat(home, author)
    author.send(boat, OFFER)
    (content,) = contents(author.text(boat + FILES))
    before = stored(home)
    for who, url in (
        (stranger, boat),
        (stranger, f"/o/boat/{uuid4()}"),
        (foreigner, boat),
        (author, content.removesuffix("/content")),  # under a file lies nothing
        (author, f"/o/no_such/{uuid4()}"),
    ):
        assert who.send(url, OFFER).status == 404
    assert foreigner.get(content).status == 404
    cookies = author.site.cookies
    elsewhere = Browser(Site(WSGIHandler(), foreigner.site.host, cookies=dict(cookies)), author.who)
    assert elsewhere.get(content).headers["Location"].startswith("/sign-in")
    assert stored(home) == before
    assert author.get(content).body == PDF


def test_a_forged_form_brings_no_file(open_browser: Open, home: NewTenant) -> None:
    author = open_browser()
    boat = make_boat(home, author)
    token, before = author.token(), stored(home)
    assert author.send(boat, OFFER, token="").status == 403
    assert author.send(boat, OFFER, token=token, HTTP_ORIGIN="http://elsewhere.test").status == 403
    late = (
        multipart({}, [OFFER]).removesuffix(b"--\r\n") + b"\r\n" + multipart({"csrfmiddlewaretoken": token})
    )
    refused = author.site.post(
        f"{boat}/attachments", late, CONTENT_TYPE=MULTIPART, HTTP_ORIGIN=f"http://{author.site.host}"
    )
    assert refused.status == 403, "a token after the file came too late"
    assert stored(home) == before
    assert author.send(boat, OFFER, token=token).status == 302


def test_a_stranger_sends_a_file_to_nobody(open_browser: Open) -> None:
    site = Site(WSGIHandler(), open_browser().site.host)
    sent = multipart({"login": "x"}, [("big", "text/plain", bytes(5_000_000))])
    site.get("/sign-in")  # for the cookie, so that it is the form where the token is looked for
    body, kind = io.BytesIO(sent), {"CONTENT_TYPE": MULTIPART, "HTTP_ORIGIN": f"http://{site.host}"}
    environ = {**site.environ("POST", "/sign-in", sent, kind), "wsgi.input": body}
    assert site.handler(environ, lambda *_: None).status_code == 403
    assert body.tell() < 1_000_000


def test_what_is_refused_is_said_by_the_field_and_leaves_nothing(
    open_browser: Open, home: NewTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    author = open_browser()
    boat = make_boat(home, author)
    with inside(home) as ctx:
        access.set_setting(ctx, "AttachmentMaxMegabytes", 1)
    assert "Up to 1 MB each" in author.text(boat + FILES)

    class Picky:
        def __init__(self, _ctx: Context, name: str) -> None:
            self.name = name

        def feed(self, part: bytes) -> None:
            pass

        def end(self) -> None:
            if self.name.endswith(".exe"):
                raise records.AttachmentRefused("name", "type", "Programs are not taken")

    monkeypatch.setitem(_scanners._scanners, "picky", Picky)
    large, program, nameless = (
        ("large.bin", "", bytes(1_000_001)),
        ("tool.exe", "", b"MZ"),
        ("..", "", b"x"),
    )
    before = stored(home)
    for files, words in (
        ([OFFER, large], "Nothing was added. large.bin: a file has at most 1 MB."),
        ([OFFER, program], "Nothing was added. tool.exe: programs are not taken."),
        ([nameless], "a file needs a name"),
        ([], "Choose a file first."),
        ([("a.txt", "", b"a")] * 21, "at most 20 at once"),
    ):
        answer = author.send(boat, *files)
        page = html.unescape(answer.body.decode())
        told = re.search(r'id="f-files-e" role="alert">([^<]*)<', page)
        assert (answer.status, words in (told[1] if told else "")) == (422, True), words
        assert 'aria-describedby="f-files-e f-files-h" aria-invalid="true"' in page
        assert "No attachments here" in page
    assert stored(home) == before
    assert author.send(boat, ("fits.bin", "", bytes(1_000_000))).status == 302


def test_what_breaks_off_leaves_nothing(open_browser: Open, home: NewTenant) -> None:
    author = open_browser()
    boat, before = make_boat(home, author), stored(home)
    whole = multipart({"csrfmiddlewaretoken": author.token()}, [OFFER])
    kind = {"CONTENT_TYPE": MULTIPART, "HTTP_ORIGIN": f"http://{author.site.host}"}
    for cut, status in ((whole[:-300_000], 422), (whole[:60], 400)):
        refused = author.site.post(f"{boat}/attachments", cut, **kind, CONTENT_LENGTH=str(len(whole)))
        assert refused.status == status
    assert stored(home) == before


def test_a_file_is_deleted_after_a_question_by_who_may_and_one_is_back_on_its_tab(
    open_browser: Open, home: NewTenant
) -> None:
    author, reader = open_browser(), open_browser()
    boat, before = make_boat(home, author, reader), stored(home)
    author.send(boat, OFFER)
    (content,) = contents(author.text(boat + FILES))
    delete = content.replace("/content", "/delete")
    assert f'href="{delete}"' in author.text(boat + FILES)
    assert f'href="{delete}"' not in reader.text(boat + FILES)
    assert reader.get(delete).status == reader.post(delete).status == 403
    asked = author.text(delete)
    assert f'href="{boat}{FILES}">Keep it' in asked
    under = boat.rpartition("/")[2]
    assert f'name="under" value="{under}"' in asked
    gone = author.post(delete, version="1", under=under)
    assert (gone.status, gone.headers["Location"]) == (302, f"{boat}{FILES}&done=deleted")
    assert author.get(content).status == 404
    assert contents(author.text(boat + FILES)) == []
    assert stored(home) == before


def test_notes_are_written_changed_and_deleted_on_the_page_of_their_record(
    open_browser: Open, home: NewTenant
) -> None:
    author, reader = open_browser(), open_browser()
    boat = make_boat(home, author, reader)
    under = boat.rpartition("/")[2]
    about = {"parent": under, "under": under, "panel": "1"}
    assert "Write the first note above" in author.text(boat + NOTES)
    added = author.post("/o/boat_note/new", **about, title="Call", text="Ready in\r\nspring")
    assert (added.status, added.headers["Location"]) == (302, f"{boat}{NOTES}&done=added")
    mine, theirs = author.text(boat + NOTES), reader.text(boat + NOTES)
    assert "Ready in\nspring" in mine
    assert "Ready in\nspring" in theirs
    edit = re.search(r'href="(/o/boat_note/[^"]+/edit)"', mine)
    assert edit
    assert "/edit" not in theirs.partition('class="notes"')[2].partition("</main>")[0]
    assert reader.post(edit[1], title="Mine", version="1").status == 403
    assert reader.post("/o/boat_note/new", **about, title="Mine").status == 403
    changed = author.post(edit[1], title="Called", version="1", under=under)
    assert changed.headers["Location"] == f"{boat}{NOTES}&done=saved"
    assert ">Called</h3>" in reader.text(boat + NOTES)
    stranger = open_browser()
    assert stranger.post("/o/boat_note/new", **about, title="Mine").status == 422
    assert "Mine" not in author.text(boat + NOTES)


def test_a_note_without_a_title_is_refused_by_its_field_with_the_text_kept(
    open_browser: Open, home: NewTenant
) -> None:
    author = open_browser()
    boat = make_boat(home, author)
    under = boat.rpartition("/")[2]
    refused = author.post("/o/boat_note/new", parent=under, under=under, panel="1", title="", text="Ready")
    page = html.unescape(refused.body.decode())
    assert refused.status == 422
    assert 'aria-describedby="f-title-e" aria-invalid="true"' in page
    assert "Title is needed." in page
    assert ">\nReady</textarea>" in page
    assert "<h1>Thea</h1>" in page


@pytest.mark.parametrize("under", ["", "x", "../../settings", "//elsewhere.test"])
def test_one_comes_back_only_to_a_record(open_browser: Open, home: NewTenant, under: str) -> None:
    author = open_browser()
    parent = make_boat(home, author).rpartition("/")[2]
    added = author.post("/o/boat_note/new", parent=parent, under=under, title="Call")
    assert re.fullmatch(r"/o/boat_note/[0-9a-f-]+\?done=added", added.headers["Location"])


def test_who_may_not_read_what_a_file_is_gets_no_bytes_and_is_told_which_field(
    open_browser: Open, home: NewTenant
) -> None:
    author, reader = open_browser(), open_browser()
    boat = make_boat(home, author, reader)
    author.send(boat, OFFER)
    (content,) = contents(author.text(boat + FILES))
    with inside(home) as ctx:
        files = records.describe(ctx, "boat_file").object
        for code in ("checksum", "size"):
            rows = [(reader.who, access.ColumnLevel.NONE), *_everyone(ctx)]
            access.set_column_rows(ctx, files.id, files.columns[code].id, rows)
    page = reader.text(boat + FILES)
    assert contents(page) == []
    assert "You may not read Bytes" in page
    assert "524 kB" not in page
    assert reader.get(content).status == 403
    assert author.get(content).body == PDF


def _everyone(ctx: Context) -> list[tuple[UnitId, access.ColumnLevel]]:
    everyone = identity.find_unit(ctx, identity.ALL_EMPLOYEES)
    assert everyone is not None
    return [(everyone, access.ColumnLevel.EDIT)]
