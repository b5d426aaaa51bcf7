"""Files by REST: bytes come whole or leave nothing, and go to nobody who may not read the record."""

import hashlib
import json
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from django.core.handlers.wsgi import WSGIHandler

from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.project._tenants import NewTenant
from ostiary.records import public as records
from tests._site import Answer, Site
from tests._tenants import Installation
from tests.integration.objects._worlds import BOAT, apply, inside, make_home, open_to_all
from tests.integration.records._people import person

PDF = b"%PDF-1.7 " + bytes(range(256)) * 2048  # three parts
Send = Callable[..., Answer]


@pytest.fixture(scope="module")
def host(installation: Installation) -> str:
    return f"filed{installation.worker}.test"


@pytest.fixture(scope="module")
def home(installation: Installation, host: str) -> NewTenant:
    new = make_home(f"filed{installation.worker}", [host])
    apply(new, BOAT.replace("display: name", "display: name\nattachments: true\nnotes: true"))
    with inside(new) as ctx:
        for code in ("boat", "boat_file", "boat_note"):
            open_to_all(ctx, code)
    return new


def sender(home: NewTenant, host: str, *, as_administrator: bool) -> Send:
    with inside(home) as ctx:
        who = home.administrator if as_administrator else person(ctx, f"p{uuid4().hex[:8]}").actor
        key = identity.create_api_key(ctx, who, "key", None)
    site = Site(WSGIHandler(), host)

    def send(method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
        kind = {"CONTENT_TYPE": "application/pdf", "HTTP_AUTHORIZATION": f"Bearer {key}"}
        return site.ask(method, f"/api/v1/records/{path}", body, **{**kind, **headers})

    return send


@pytest.fixture
def send(home: NewTenant, host: str) -> Send:
    return sender(home, host, as_administrator=True)


@pytest.fixture
def stranger(home: NewTenant, host: str) -> Send:
    return sender(home, host, as_administrator=False)


@pytest.fixture
def boat(home: NewTenant) -> str:
    with inside(home) as ctx:
        return str(records.create_record(ctx, "boat", {"name": "Thea"}).id)


def put(send: Send, boat: str, name: str = "offer.pdf", body: bytes = PDF, **headers: str) -> Answer:
    query = {"QUERY_STRING": f"name={name}", **headers}
    return send("POST", f"boat/{boat}/attachments", body, **query)


def code_of(answer: Answer) -> tuple[int, str]:
    return answer.status, json.loads(answer.body)["code"]


def test_a_file_comes_back_as_it_was_sent_to_be_saved_and_not_shown(send: Send, boat: str) -> None:
    made = put(send, boat, "Angebot%20%C3%BC.pdf")
    record = json.loads(made.body)
    assert (made.status, record["name"], record["size"]) == (201, "Angebot \u00fc.pdf", len(PDF))
    assert record["parent"]["id"] == boat
    path = made.headers["Location"].removeprefix("/api/v1/records/")
    got = send("GET", path)
    assert (got.status, got.body) == (200, PDF)
    assert got.headers["Content-Type"] == "application/pdf"
    assert got.headers["Content-Length"] == str(len(PDF))
    assert got.headers["Content-Disposition"] == "attachment; filename*=utf-8''Angebot%20%C3%BC.pdf"
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert got.headers["Content-Security-Policy"].endswith("sandbox")
    assert got.headers["Cache-Control"] == "no-store"
    tag = got.headers["ETag"]
    assert tag == f'"{hashlib.sha256(PDF).hexdigest()}"'
    again = send("GET", path, HTTP_IF_NONE_MATCH=tag)
    assert (again.status, again.body, again.headers["ETag"]) == (304, b"", tag)
    assert send("GET", path, HTTP_IF_NONE_MATCH='"other"').status == 200
    assert send("GET", f"boat_file/{record['id']}/content").body == PDF
    assert send("DELETE", f"boat_file/{record['id']}").status == 204
    assert send("GET", path).status == 404


def test_who_may_not_read_the_record_finds_neither_it_nor_its_files(
    send: Send, stranger: Send, boat: str
) -> None:
    path = put(send, boat).headers["Location"].removeprefix("/api/v1/records/")
    absent = uuid4()
    for asked in (path, f"boat/{absent}/content", f"boat_file/{absent}/content"):
        assert code_of(stranger("GET", asked)) == (404, "not_found")
    hidden, gone = put(stranger, boat), put(stranger, str(absent))
    told = [{k: v for k, v in json.loads(a.body).items() if k != "instance"} for a in (hidden, gone)]
    assert told[0] == told[1]
    assert (hidden.status, told[0]["code"]) == (404, "not_found")
    assert send("GET", path).body == PDF


def test_who_may_only_read_the_record_reads_its_files_and_adds_none(
    home: NewTenant, host: str, send: Send, boat: str
) -> None:
    path = put(send, boat).headers["Location"].removeprefix("/api/v1/records/")
    with inside(home) as ctx:
        everyone = identity.find_unit(ctx, identity.ALL_EMPLOYEES)
        assert everyone is not None
        records.share_record(ctx, "boat", UUID(boat), everyone, access.Verb.READ)
    reader = sender(home, host, as_administrator=False)
    assert reader("GET", path).body == PDF
    refused = put(reader, boat)
    assert (*code_of(refused), json.loads(refused.body)["layer"]) == (403, "access_denied", "record")


def test_what_is_no_whole_file_leaves_nothing(home: NewTenant, send: Send, boat: str) -> None:
    with inside(home) as ctx:
        access.set_setting(ctx, "AttachmentMaxMegabytes", 1)
    answers = {
        "too_large": put(send, boat, body=bytes(1_000_001)),
        "broken_off": put(send, boat, CONTENT_LENGTH=str(len(PDF) + 1)),
    }
    for code, answer in answers.items():
        assert (answer.status, json.loads(answer.body)["errors"][0]["code"]) == (422, code)
    odd = [
        put(send, boat, name="..."),
        put(send, boat, QUERY_STRING=""),
        put(send, boat, QUERY_STRING="name=a&name=b"),
        put(send, boat, QUERY_STRING="name=a&folder=b"),
        put(send, boat, CONTENT_LENGTH=""),
        put(send, boat, CONTENT_TYPE="multipart/form-data; boundary=x"),
        put(send, boat, HTTP_IDEMPOTENCY_KEY="again"),
    ]
    assert [answer.status for answer in odd] == [422] * len(odd)
    with inside(home) as ctx:
        known = list(records.list_records(ctx, records.RecordQuery("boat_file")).ids)
        parent = records.Compare("parent", records.Op.EQ, boat)
        assert records.list_records(ctx, records.RecordQuery("boat_file", filter=parent)).ids == ()
        assert ctx.db.row(
            "select count(*) from @.records_blob b where not b.file_id = any(%(known)s)", {"known": known}
        ) == (0,)


def test_a_name_is_given_later_and_breaks_no_header(send: Send, boat: str) -> None:
    made = json.loads(put(send, boat).body)
    values = json.dumps({"name": 'a"\u202e/../..', "version": 1}).encode()
    renamed = send("PATCH", f"boat_file/{made['id']}", values, CONTENT_TYPE="application/json")
    assert renamed.status == 200
    got = send("GET", f"boat/{made['id']}/content")
    assert (got.status, got.headers["Content-Disposition"]) == (200, 'attachment; filename="file"')
    assert send("POST", f"boat/{made['id']}/content").status == 405
    assert send("GET", f"boat/{boat}/attachments").status == 405
