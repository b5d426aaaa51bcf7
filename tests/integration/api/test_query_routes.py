"""Questions about many records over HTTP, under the same rights as the pages."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest
from django.core.handlers.wsgi import WSGIHandler

from ostiary.access import public as access
from ostiary.identity import public as identity
from ostiary.kernel.context import Context
from ostiary.kernel.ids import UnitId, new_id
from ostiary.objects import public as objects
from ostiary.project._tenants import NewTenant
from ostiary.records import _export, _stream
from ostiary.records import public as records
from tests._site import Answer, Site
from tests._tenants import Installation
from tests.integration.objects._worlds import BOAT, POLICY, apply, column, inside, make_home, open_to_all

BOATS = "/api/v1/records/boat"
PORT = f"""
change: create_object
object: port
caption: Port
plural: Ports
icon: anchor
display: name
policy: {{{POLICY}}}
columns:
  - {{column: name, type: text, required: true}}
layout: {{list: [name], sort: [name], groups: [{{caption: Port, columns: [name]}}],
  details: [{{caption: Boats, object: boat, column: home}}]}}
"""


@dataclass
class Caller:
    site: Site
    key: str
    person: UnitId

    def get(self, url: str, **headers: str) -> Answer:
        path, _, query = url.partition("?")
        given = {"HTTP_AUTHORIZATION": f"Bearer {self.key}", "QUERY_STRING": query, **headers}
        return self.site.ask("GET", path, b"", **given)


@dataclass
class Coast:
    """ada sees all; mate sees the own boats alone and may export, bob may not."""

    home: NewTenant
    ada: Caller
    mate: Caller
    bob: Caller
    port: UUID


def read(answer: Answer) -> Any:
    return json.loads(answer.body)


def as_filter(**condition: object) -> str:
    return quote(json.dumps(condition))


@pytest.fixture(scope="module")
def coast(installation: Installation) -> Coast:
    host = f"coast{installation.worker}.test"
    home = make_home(f"coast{installation.worker}", [host])
    apply(home, BOAT)
    apply(home, column("length_cm", "decimal"))
    apply(home, PORT.replace("\n  details: [{caption: Boats, object: boat, column: home}]}", "}"))
    apply(home, column("home", "lookup", ", target: port"))
    with inside(home) as ctx:
        open_to_all(ctx, "boat")
        open_to_all(ctx, "port")
        people = [home.administrator] + [
            access.create_person(ctx, login=login, name=login.title(), email="p@example.com")
            for login in ("mate", "bob")
        ]
        keys = [access.create_api_key(ctx, person, "key") for person in people]
        access.set_operation_rows(ctx, access.Operation.EXPORT_LIST, [(people[0], True), (people[1], True)])
    with inside(home) as ctx:
        port = fill(ctx, people[1], people[2])
    ada, mate, bob = (
        Caller(Site(WSGIHandler(), host), key, who) for key, who in zip(keys, people, strict=True)
    )
    return Coast(home, ada, mate, bob, port)


def fill(ctx: Context, mate: UnitId, bob: UnitId) -> UUID:
    """Five boats of mate in a port that everybody may see, one boat and one port of bob."""
    mine, theirs = ctx.acting_as(mate), ctx.acting_as(bob)
    port = records.create_record(mine, "port", {"name": "Ostia"}).id
    everyone = identity.find_unit(ctx, identity.ALL_EMPLOYEES)
    assert everyone is not None
    records.share_record(ctx, "port", port, everyone, access.Verb.READ)
    records.create_record(theirs, "port", {"name": "Ostia secreta"})
    rows = [{"name": f"Gull {n}", "length_m": f"1.{n}0", "home": str(port)} for n in range(5)]
    assert len(records.create_records(mine, "boat", rows).done) == 5
    records.create_record(theirs, "boat", {"name": "Gull of bob", "length_m": "90", "home": str(port)})
    return port


def test_totals_cover_what_the_caller_may_read(coast: Coast) -> None:
    url = f"{BOATS}/aggregate?measures=count,sum(length_m),max(length_m)&groups=home&sort=-count"
    mine, all_ = coast.mate.get(url), coast.ada.get(url)
    assert b'"values":[5,6.00,1.40]' in mine.body  # decimals as they are
    cell = read(mine)["cells"][0]
    assert cell["keys"] == [{"value": str(coast.port), "display": "Ostia"}]
    assert (read(mine)["records"], read(all_)["records"]) == (5, 6)
    assert read(all_)["others"] == {"cells": 0, "records": 0}
    by_day = coast.mate.get(f"{BOATS}/aggregate?groups=created_at:year")
    assert (by_day.status, len(read(by_day)["cells"])) == (200, 1)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("aggregate?measures=mode(name)", "measures"),
        ("aggregate?measures=count(name)", "measures"),
        ("aggregate?measures=sum", "measures"),
        ("aggregate?groups=created_at:decade", "groups"),
        ("aggregate?having=1", "having"),
        ("aggregate?sort=nothing", "sort"),
        ("options/name", "column"),
        (f"options/home?search={'x' * 201}", "search"),
        ("export?after=bm9uc2Vuc2U", "after"),
        ("export?limit=3", "limit"),
        ("export?filter=[", "filter"),
    ],
)
def test_what_is_malformed_is_refused_by_name(coast: Coast, query: str, field: str) -> None:
    answer = coast.mate.get(f"{BOATS}/{query}")
    assert answer.status == 422
    assert [e["field"] for e in read(answer)["errors"]] == [field]


def test_a_column_below_read_is_refused_in_every_question(coast: Coast) -> None:
    urls = [
        f"{BOATS}/aggregate?measures=sum(length_cm)",
        f"{BOATS}/aggregate?groups=length_cm",
        f"{BOATS}/aggregate?filter={as_filter(field='length_cm', op='gt', value=1)}",
        f"{BOATS}/export?columns=length_cm",
        f"{BOATS}/export?sort=length_cm",
    ]
    assert [coast.mate.get(url).status for url in urls if "groups" not in url] == [200] * 4
    with inside(coast.home) as ctx:
        made = objects.find_object(ctx, "boat")
        rows = [(coast.mate.person, access.ColumnLevel.NONE), (coast.ada.person, access.ColumnLevel.EDIT)]
        access.set_column_rows(ctx, made.id, made.columns["length_cm"].id, rows)
    refused = [coast.mate.get(url) for url in urls]
    with inside(coast.home) as ctx:
        open_to_all(ctx, "boat")
    assert [(a.status, read(a)["code"]) for a in refused] == [(403, "column_restricted")] * 5


def test_search_finds_readable_records_alone(coast: Coast) -> None:
    mine, theirs = (read(who.get("/api/v1/search?text=gull&limit=10")) for who in (coast.mate, coast.bob))
    assert [(f["object"], len(f["hits"])) for f in mine["found"]] == [("boat", 5)]
    assert [hit["display"] for f in theirs["found"] for hit in f["hits"]] == ["Gull of bob"]
    assert coast.mate.get("/api/v1/search?text=gull&objects=nothing").status == 404
    short = coast.mate.get("/api/v1/search?text=g")
    assert (short.status, read(short)["errors"][0]["field"]) == (422, "text")


def test_options_of_a_lookup_are_readable_records(coast: Coast) -> None:
    found = coast.mate.get(f"{BOATS}/options/home?search=ost")
    assert read(found)["options"] == [{"value": str(coast.port), "display": "Ostia"}]
    assert len(read(coast.ada.get(f"{BOATS}/options/home"))["options"]) == 2
    none = f"{BOATS}/options/home?filter={as_filter(field='name', op='eq', value='Nowhere')}"
    assert read(coast.mate.get(none)) == {"options": []}


def test_the_lists_of_a_record_are_counted_for_whoever_sees_it(coast: Coast) -> None:
    url = f"/api/v1/records/port/{coast.port}/related"
    assert coast.mate.get(url).status == 200
    with inside(coast.home) as ctx:
        query = records.RecordQuery("port", filter=records.Compare("name", records.Op.EQ, "Ostia secreta"))
        hidden = records.list_records(ctx, query).ids[0]
    answers = [coast.mate.get(f"/api/v1/records/port/{id_}/related") for id_ in (hidden, new_id())]
    assert [a.status for a in answers] == [404, 404]
    assert coast.ada.get(f"/api/v1/records/port/{hidden}/related").status == 200


def lines(answer: Answer) -> list[dict[str, Any]]:
    return [json.loads(line) for line in answer.body.splitlines()]


def test_an_export_gives_every_readable_record_and_goes_on_at_a_cursor(
    coast: Coast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_stream, "CHUNK", 2)
    url = f"{BOATS}/export?columns=name,length_m&sort=name"
    whole = coast.mate.get(url)
    assert (whole.status, whole.headers["Content-Type"]) == (200, "application/x-ndjson")
    assert b'"length_m":1.00' in whole.body  # as PostgreSQL wrote it
    given = lines(whole)
    assert [r["name"] for r in given if "name" in r] == [f"Gull {n}" for n in range(5)]
    cursors = [r["next"] for r in given if "next" in r]
    assert (len(cursors), cursors[-1]) == (3, None)
    rest = lines(coast.mate.get(f"{url}&after={cursors[0]}"))
    assert [r["name"] for r in rest if "name" in r] == ["Gull 2", "Gull 3", "Gull 4"]
    refused = coast.bob.get(url)
    assert (refused.status, read(refused)["operation"]) == (403, "CanExportGrid")


def during(monkeypatch: pytest.MonkeyPatch, hook: Callable[[], None]) -> None:
    """Chunks of two records, and the hook between the first two."""
    monkeypatch.setattr(_stream, "CHUNK", 2)
    whole = _stream.chunks

    def stepped(*given: Any) -> Iterator[records.Page]:
        for number, page in enumerate(whole(*given)):
            yield page
            if number == 0:
                hook()

    monkeypatch.setattr(_export, "chunks", stepped)


def allow_export(coast: Coast, *who: Caller) -> None:
    with inside(coast.home) as ctx:
        access.set_operation_rows(ctx, access.Operation.EXPORT_LIST, [(w.person, True) for w in who])


def test_an_export_that_loses_its_right_says_that_it_is_incomplete(
    coast: Coast, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"{BOATS}/export?columns=name&sort=name"
    with monkeypatch.context() as patch:
        during(patch, lambda: allow_export(coast, coast.ada))
        cut = lines(coast.mate.get(url))
    allow_export(coast, coast.ada, coast.mate)
    assert [r["name"] for r in cut if "name" in r] == ["Gull 0", "Gull 1"]
    assert cut[-1] == {"incomplete": True}
    during(monkeypatch, lambda: allow_export(coast, coast.mate, coast.ada))  # rights change, not the caller's
    assert lines(coast.mate.get(url))[-1] == {"next": None}


def test_an_export_ends_with_its_key(coast: Coast, monkeypatch: pytest.MonkeyPatch) -> None:
    with inside(coast.home) as ctx:
        key = access.create_api_key(ctx, coast.mate.person, "short-lived")
    short = Caller(coast.mate.site, key, coast.mate.person)

    def revoke() -> None:
        with inside(coast.home) as ctx:
            row = ctx.db.row("select id from @.identity_api_key where name = 'short-lived'")
            assert row is not None
            identity.revoke_api_key(ctx, row[0])

    during(monkeypatch, revoke)
    cut = lines(short.get(f"{BOATS}/export?columns=name&sort=name"))
    assert (len(cut), cut[-1]) == (4, {"incomplete": True})


def test_each_address_takes_its_methods_alone(coast: Coast) -> None:
    for url in ("aggregate", "export", "options/home", f"{new_id()}/related"):
        answer = coast.mate.site.ask(
            "PUT", f"{BOATS}/{url}", b"", HTTP_AUTHORIZATION=f"Bearer {coast.mate.key}"
        )
        assert (answer.status, answer.headers["Allow"]) == (405, "GET")
    for url in ("bulk/create", "bulk/update", "bulk/delete", "bulk/preview", f"{new_id()}/merge"):
        answer = coast.mate.get(f"{BOATS}/{url}")
        assert (answer.status, answer.headers["Allow"]) == (405, "POST")
