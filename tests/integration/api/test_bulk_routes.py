"""Changing many records over HTTP: each row answered by itself, at once or as a job, once for each key."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.handlers.wsgi import WSGIHandler

from ostiary.access import public as access
from ostiary.api import _bulk
from ostiary.kernel.ids import UnitId, new_id
from ostiary.objects import public as objects
from ostiary.project._tenants import NewTenant
from ostiary.records import public as records
from tests._jobs import as_owner, run_due_jobs
from tests._site import Answer, Site
from tests._tenants import Installation
from tests.integration.objects._worlds import BOAT, apply, inside, make_home, open_to_all

BOATS = "/api/v1/records/boat"


@dataclass
class Caller:
    """A program with the key of one person."""

    site: Site
    key: str
    person: UnitId

    def send(self, method: str, url: str, body: object = None, **headers: str) -> Answer:
        text = b"" if body is None else json.dumps(body).encode()
        path, _, query = url.partition("?")
        given = {"HTTP_AUTHORIZATION": f"Bearer {self.key}", "CONTENT_TYPE": "application/json", **headers}
        return self.site.ask(method, path, text, QUERY_STRING=query, **given)

    def post(self, url: str, body: object, **headers: str) -> Answer:
        return self.send("POST", url, body, **headers)


@dataclass
class Harbour:
    """ada administers; mate and bob have what all employees have, so each sees the own boats alone."""

    home: NewTenant
    ada: Caller
    mate: Caller
    bob: Caller

    def boats(self, who: Caller, count: int, name: str = "") -> list[UUID]:
        name = name or f"B{uuid4().hex[:8]}"
        with inside(self.home) as ctx:
            rows = [{"name": f"{name} {n}"} for n in range(count)]
            made = records.create_records(ctx.acting_as(who.person), "boat", rows)
        return [row.id for row in made.rows if row.id is not None]

    def names(self, ids: list[UUID]) -> list[str]:
        with inside(self.home) as ctx:
            return [records.get_record(ctx, "boat", id_).data["name"] for id_ in ids]


@pytest.fixture(scope="module")
def harbour(installation: Installation) -> Harbour:
    host = f"bulk{installation.worker}.test"
    home = make_home(f"bulk{installation.worker}", [host])
    apply(home, BOAT)
    callers = []
    with inside(home) as ctx:
        open_to_all(ctx, "boat")
        people = [home.administrator] + [
            access.create_person(ctx, login=login, name=login.title(), email="p@example.com")
            for login in ("mate", "bob")
        ]
        for person in people:
            key = access.create_api_key(ctx, person, "key")
            callers.append(Caller(Site(WSGIHandler(), host), key, person))
    return Harbour(home, *callers)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    yield
    as_owner("delete from jobs.procrastinate_jobs")
    as_owner("delete from jobs.job")


def read(answer: Answer) -> Any:
    return json.loads(answer.body)


def outcomes(answer: Answer) -> list[str]:
    return [row["outcome"] for row in read(answer)["rows"]]


def field_of(answer: Answer) -> tuple[int, str, str]:
    """(status, field, code) of a refusal of one field."""
    error = read(answer)["errors"][0]
    return answer.status, error["field"], error["code"]


def test_each_row_is_answered_by_itself(harbour: Harbour) -> None:
    mate = harbour.mate
    made = mate.post(f"{BOATS}/bulk/create", {"rows": [{"name": "One"}, {}, {"name": "Two", "hull": 1}]})
    assert (made.status, outcomes(made)) == (200, ["ok", "invalid", "invalid"])
    rows = read(made)["rows"]
    assert (read(made)["done"], read(made)["refused"], rows[0]["version"]) == (1, 2, 1)
    assert rows[1]["problem"]["errors"][0]["field"] == "name"
    mine, (theirs,) = rows[0]["id"], harbour.boats(harbour.bob, 1, "Of bob")
    each = [
        {"id": mine, "version": 1, "values": {"name": "Uno"}},
        {"id": str(theirs), "values": {"name": "Mine now"}},
        {"id": str(new_id()), "values": {"name": "Nobody's"}},
    ]
    changed = mate.post(f"{BOATS}/bulk/update", {"rows": each})
    assert outcomes(changed) == ["ok", "not_found", "not_found"]
    hidden, absent = (row["problem"] for row in read(changed)["rows"][1:])
    assert hidden == absent  # one answer for both
    late = mate.post(f"{BOATS}/bulk/update", {"rows": each[:1]})
    assert outcomes(late) == ["conflict"]
    assert read(late)["rows"][0]["problem"]["version"] == 2
    gone = mate.post(f"{BOATS}/bulk/delete", {"ids": [mine, str(theirs)]})
    assert outcomes(gone) == ["ok", "not_found"]
    assert harbour.names([theirs]) == ["Of bob 0"]


def test_a_filter_selects_and_a_preview_tells_before(harbour: Harbour) -> None:
    mate = harbour.mate
    ids = harbour.boats(mate, 3, "Fleet")
    harbour.boats(harbour.bob, 1, "Fleet")
    fleet = {"field": "name", "op": "starts_with", "value": "Fleet"}
    told = mate.post(f"{BOATS}/bulk/preview", {"verb": "update", "filter": fleet, "columns": ["length_m"]})
    assert (told.status, read(told)) == (200, {"selected": 3, "allowed": 3, "reasons": []})
    some = mate.post(f"{BOATS}/bulk/preview", {"verb": "delete", "ids": [str(ids[0]), str(new_id())]})
    assert read(some)["reasons"] == [{"message": "Not found", "count": 1}]
    changed = mate.post(f"{BOATS}/bulk/update", {"filter": fleet, "values": {"length_m": 4}})
    assert outcomes(changed) == ["ok"] * 3


def test_all_or_nothing(harbour: Harbour) -> None:
    (mine,) = harbour.boats(harbour.mate, 1, "Whole")
    body = {"ids": [str(mine), str(new_id())], "values": {"name": "Half"}, "atomic": True}
    refused = harbour.mate.post(f"{BOATS}/bulk/update", body)
    assert (refused.status, read(refused)["code"]) == (422, "records.bulk_refused")
    assert outcomes(refused) == ["ok", "not_found"]
    assert harbour.names([mine]) == ["Whole 0"]
    done = harbour.mate.post(f"{BOATS}/bulk/update", {**body, "ids": [str(mine)]})
    assert (done.status, harbour.names([mine])) == (200, ["Half"])


NOWHERE = str(UUID(int=7))  # fixed: part of the names of tests


@pytest.mark.parametrize(
    ("url", "body", "field", "code"),
    [
        ("bulk/update", {"values": {"name": "A"}}, "filter", "missing"),
        ("bulk/update", {"filter": {}, "values": {"name": "A"}}, "filter", "empty"),
        ("bulk/update", {"ids": [], "values": {"name": "A"}}, "ids", "malformed"),
        ("bulk/update", {"ids": ["x", "y"], "values": {"name": "A"}}, "ids.0", "malformed"),
        ("bulk/update", {"ids": [NOWHERE]}, "values", "malformed"),
        ("bulk/update", {"ids": [NOWHERE], "values": {"hull": 1}}, "hull", "unknown_column"),
        ("bulk/update", {"rows": [{"id": 7, "values": {"name": "A"}}]}, "rows.0.id", "malformed"),
        ("bulk/update", {"rows": [{"id": NOWHERE, "hull": 1}]}, "rows.0.hull", "unknown_field"),
        ("bulk/delete", {"ids": [NOWHERE], "all": True}, "all", "unknown_field"),
        ("bulk/delete", {"ids": [NOWHERE], "atomic": "yes"}, "atomic", "malformed"),
        ("bulk/create", {"rows": ["boat"]}, "rows.0", "malformed"),
        ("bulk/preview", {"verb": "read", "ids": [NOWHERE]}, "verb", "malformed"),
        (f"{NOWHERE}/merge", {"version": "1", "others": []}, "version", "malformed"),
        (f"{NOWHERE}/merge", {"version": 1, "others": ["x"]}, "others", "malformed"),
    ],
)
def test_what_is_malformed_is_refused_by_name(
    harbour: Harbour, url: str, body: Mapping[str, object], field: str, code: str
) -> None:
    assert field_of(harbour.mate.post(f"{BOATS}/{url}", body)) == (422, field, code)


def test_bodies_and_rows_are_bounded(harbour: Harbour, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_bulk, "AT_ONCE", 2)
    rows = [{"name": f"Row {n}"} for n in range(3)]
    many = harbour.mate.post(f"{BOATS}/bulk/create", {"rows": rows})
    assert (many.status, read(many)["code"]) == (422, "records.too_many_rows")
    assert harbour.mate.post(f"{BOATS}/bulk/create", {"rows": rows[:2]}).status == 200
    atomic = {"ids": [str(new_id()) for _ in range(3)], "atomic": True}
    assert field_of(harbour.mate.post(f"{BOATS}/bulk/delete", atomic)) == (422, "atomic", "too_many")
    large = harbour.mate.post(f"{BOATS}/bulk/create", {"rows": [{"name": "x" * 2_600_000}]})
    assert (large.status, read(large)["code"]) == (413, "body_too_large")
    assert large.headers["Content-Type"] == "application/problem+json"
    single = harbour.mate.post(BOATS, {"name": "x" * 2_600_000})
    assert single.status == 413
    keyed = harbour.mate.post(BOATS, {"name": "x" * 2_600_000}, HTTP_IDEMPOTENCY_KEY="large")
    assert keyed.status == 413


def test_more_than_fits_becomes_a_job_that_its_caller_alone_sees(
    harbour: Harbour, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_bulk, "AT_ONCE", 2)
    mate, ids = harbour.mate, harbour.boats(harbour.mate, 3, "Many")
    asked = mate.post(
        f"{BOATS}/bulk/update", {"ids": [*map(str, ids), str(new_id())], "values": {"length_m": 3}}
    )
    assert (asked.status, read(asked)["state"], read(asked)["total"]) == (202, "waiting", 4)
    place = asked.headers["Location"]
    for other in (harbour.bob, harbour.ada):
        answers = [
            other.send("GET", place),
            other.send("GET", f"{place}/refused"),
            other.post(f"{place}/cancel", None),
            other.send("GET", f"/api/v1/bulk/{new_id()}"),
        ]
        assert [a.status for a in answers] == [404] * 4
        assert len({read(a)["detail"] for a in answers}) == 1
    run_due_jobs()
    done = read(mate.send("GET", place))
    assert (done["state"], done["done"], done["refused"]) == ("done", 4, 1)
    refused = read(mate.send("GET", f"{place}/refused?limit=1"))
    assert [(r["row"], r["outcome"]) for r in refused["rows"]] == [(3, "not_found")]
    assert read(mate.send("GET", f"{place}/refused?after={refused['next']}")) == {"rows": [], "next": None}


def test_who_prefers_it_gets_a_job_and_may_cancel_it(harbour: Harbour) -> None:
    mate, (boat,) = harbour.mate, harbour.boats(harbour.mate, 1, "Later")
    body = {"ids": [str(boat)]}
    asked = mate.post(f"{BOATS}/bulk/delete", body, HTTP_PREFER="wait=5, respond-async")
    assert (asked.status, asked.headers["Preference-Applied"]) == (202, "respond-async")
    place = asked.headers["Location"]
    assert read(mate.post(f"{place}/cancel", None))["state"] == "cancelled"
    run_due_jobs()
    assert harbour.names([boat]) == ["Later 0"]
    assert outcomes(mate.post(f"{BOATS}/bulk/delete", body)) == ["ok"]


def test_a_key_has_its_effect_once_and_another_body_is_refused(harbour: Harbour) -> None:
    mate = harbour.mate
    body = {"rows": [{"name": "Keyed"}, {}]}
    made = [mate.post(f"{BOATS}/bulk/create", body, HTTP_IDEMPOTENCY_KEY="many-1") for _ in range(2)]
    assert [a.status for a in made] == [200, 200]
    assert read(made[0]) == read(made[1])
    with inside(harbour.home) as ctx:
        found = records.count_records(ctx, "boat", records.Compare("name", records.Op.EQ, "Keyed"))
    assert found.value == 1
    other = mate.post(f"{BOATS}/bulk/create", {"rows": [{"name": "Else"}]}, HTTP_IDEMPOTENCY_KEY="many-1")
    assert (other.status, read(other)["code"]) == (422, "records.idempotency_key_reused")
    theirs = harbour.bob.post(f"{BOATS}/bulk/create", body, HTTP_IDEMPOTENCY_KEY="many-1")
    assert read(theirs)["rows"][0]["id"] != read(made[0])["rows"][0]["id"]
    later = {"ids": [str(new_id())]}
    asked = [
        mate.post(f"{BOATS}/bulk/delete", later, HTTP_IDEMPOTENCY_KEY="many-2", HTTP_PREFER="respond-async")
        for _ in range(2)
    ]
    assert [a.status for a in asked] == [202, 202]
    assert asked[0].headers["Location"] == asked[1].headers["Location"]
    at_once = mate.post(f"{BOATS}/bulk/delete", later, HTTP_IDEMPOTENCY_KEY="many-2")
    assert at_once.status == 422


def test_without_the_right_nothing_is_asked_row_by_row(harbour: Harbour) -> None:
    mate, (boat,) = harbour.mate, harbour.boats(harbour.mate, 1, "Closed")
    update = {"ids": [str(boat)], "values": {"length_m": 3}}
    assert mate.post(f"{BOATS}/bulk/update", update).status == 200
    with inside(harbour.home) as ctx:
        made = objects.find_object(ctx, "boat")
        rows = [(mate.person, access.ColumnLevel.READ), (harbour.ada.person, access.ColumnLevel.EDIT)]
        access.set_column_rows(ctx, made.id, made.columns["length_m"].id, rows)
    refused = mate.post(f"{BOATS}/bulk/update", update)
    with inside(harbour.home) as ctx:
        open_to_all(ctx, "boat")
    assert (refused.status, read(refused)["code"]) == (403, "column_not_editable")
    assert read(refused)["column"] == "length_m"


def test_merging_names_the_version_that_is_kept(harbour: Harbour) -> None:
    mate = harbour.mate
    keep, gone, other = harbour.boats(mate, 3, "Twin")
    (theirs,) = harbour.boats(harbour.bob, 1)
    url = f"{BOATS}/{keep}/merge"
    assert mate.post(url, {"others": [{"id": str(gone)}]}).status == 428
    assert mate.post(url, {"others": [{"id": str(theirs)}]}, HTTP_IF_MATCH='"1"').status == 404
    late = mate.post(url, {"others": [{"id": str(gone), "version": 7}]}, HTTP_IF_MATCH='"1"')
    assert (late.status, read(late)["code"]) == (409, "version_conflict")
    body = {"others": [{"id": str(gone), "version": 1}], "values": {"name": "Only one"}}
    done = [mate.post(url, body, HTTP_IF_MATCH='"1"', HTTP_IDEMPOTENCY_KEY="merge") for _ in range(2)]
    assert [(a.status, a.headers["ETag"], read(a)["name"]) for a in done] == [(200, '"2"', "Only one")] * 2
    assert mate.send("GET", f"{BOATS}/{gone}").status == 404
    stale = mate.post(url, {"others": [{"id": str(other)}]}, HTTP_IF_MATCH='"1"')
    assert stale.status == 409
