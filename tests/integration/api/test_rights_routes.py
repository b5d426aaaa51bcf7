"""Why, who can, and sharing over HTTP: the same calls and the same guards as the pages."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

import pytest
from django.core.handlers.wsgi import WSGIHandler

from ostiary.access import public as access
from ostiary.kernel.ids import UnitId, new_id
from ostiary.objects import public as objects
from ostiary.project._tenants import NewTenant
from ostiary.records import public as records
from tests._site import Answer, Site
from tests._tenants import Installation
from tests.integration.objects._worlds import BOAT, apply, inside, make_home, open_to_all


@dataclass
class Caller:
    site: Site
    key: str
    person: UnitId

    def ask(self, method: str, url: str, body: object = None, **headers: str) -> Answer:
        path, _, query = url.partition("?")
        given = {"HTTP_AUTHORIZATION": f"Bearer {self.key}", "QUERY_STRING": query, **headers}
        sent = b"" if body is None else json.dumps(body).encode()
        return self.site.ask(method, path, sent, CONTENT_TYPE="application/json", **given)

    def get(self, url: str, **asked: object) -> Answer:
        return self.ask("GET", f"{url}?{urlencode(asked)}" if asked else url)


@dataclass
class Quay:
    """ada manages rights; mate has a boat that bob does not reach."""

    home: NewTenant
    ada: Caller
    mate: Caller
    bob: Caller
    boat: UUID

    @property
    def url(self) -> str:
        return f"/api/v1/records/boat/{self.boat}"

    def shared(self, caller: Caller) -> dict[str, list[str]]:
        found = read(caller.get(f"{self.url}/shares"))["shares"]
        return {share["units"][0]["name"]: share["verbs"] for share in found}


def read(answer: Answer, status: int = 200) -> Any:
    assert answer.status == status, answer.body
    return json.loads(answer.body) if answer.body else None


@pytest.fixture
def quay(installation: Installation) -> Quay:
    host = f"quay{installation.worker}{new_id().hex[-6:]}.test"
    home = make_home(f"quay{installation.worker}", [host])
    apply(home, BOAT)
    with inside(home) as ctx:
        open_to_all(ctx, "boat")
        people = [home.administrator] + [
            access.create_person(ctx, login=login, name=login.title(), email="p@example.com")
            for login in ("mate", "bob")
        ]
        keys = [access.create_api_key(ctx, person, "key") for person in people]
        boat = records.create_record(ctx.acting_as(people[1]), "boat", {"name": "Gull"}).id
    callers = [Caller(Site(WSGIHandler(), host), key, who) for key, who in zip(keys, people, strict=True)]
    ada, mate, bob = callers
    return Quay(home, ada, mate, bob, boat)


def test_an_explanation_is_free_of_oneself_and_guarded_of_others(quay: Quay) -> None:
    asked = {"object": "boat", "verb": "update", "record": quay.boat}
    own = read(quay.mate.get("/api/v1/explain", **asked))
    assert (own["allowed"], own["principal"]["name"], own["whole"]) == (True, "Mate", False)
    assert own["words"][0] == "Mate may update."
    both = {"person": quay.bob.person, "with": quay.mate.person}
    theirs = read(quay.ada.get("/api/v1/explain", **both, **asked))
    assert (theirs["allowed"], theirs["with"]["allowed"], theirs["whole"]) == (False, True, True)
    stopped = next(layered for layered in theirs["layers"] if not layered["allowed"])
    assert (stopped["layer"], stopped["number"]) == ("record", 3)
    assert {"kind": "leg", "outcome": "others"}.items() <= theirs["tried"][0].items()
    shares = next(r for r in theirs["remedies"] if {c["change"] for c in r["changes"]} == {"share"})
    assert [(c["verb"], c["unit"]["name"]) for c in shares["changes"]] == [("read", "Bob"), ("update", "Bob")]
    assert (shares["width"], shares["people"]) == ("record", 1)
    for given in ({"person": quay.mate.person}, {"with": quay.mate.person}, {"person": new_id()}):
        refused = quay.bob.get("/api/v1/explain", object="boat", verb="read", **given)
        assert read(refused, 403)["operation"] == "CanManageAdministration"


def test_a_hidden_record_is_absent_from_explanations(quay: Quay) -> None:
    answers = [
        quay.bob.get("/api/v1/explain", object="boat", record=record, at=at)
        for record in (quay.boat, new_id())
        for at in ("", "2030-01-01T00:00:00+00:00")
    ]
    bodies = [read(answer, 404) for answer in answers]
    assert len({(b["code"], b["detail"], b["title"]) for b in bodies}) == 1


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("verb=read", "object"),
        ("object=boat&verb=steal", "verb"),
        ("object=boat&record=gull", "record"),
        ("object=boat&column=wings", "column"),
        ("object=boat&at=2026-01-01", "at"),
        ("object=boat&person=x", "person"),
        ("object=boat&colour=red", "colour"),
        ("object=boat&object=port", "object"),
    ],
)
def test_what_is_malformed_is_named(quay: Quay, query: str, field: str) -> None:
    refused = read(quay.ada.get(f"/api/v1/explain?{query}"), 422)
    assert [error["field"] for error in refused["errors"]] == [field]


def test_who_can_is_counted_paged_and_checked(quay: Quay) -> None:
    found = read(quay.ada.get("/api/v1/who-can", object="boat", record=quay.boat, person=quay.bob.person))
    assert found["counts"]["read"]["people"] == len(found["people"])
    assert found["person"] == {"id": str(quay.bob.person), "may": []}
    assert "Mate" in {person["name"] for person in found["people"]}
    assert {"author", "owner", "object_row", "operation"} <= {way["way"] for way in found["granted_by"]}
    names: list[str] = []
    after = ""
    while True:
        page = read(quay.ada.get("/api/v1/who-can", object="boat", record=quay.boat, limit=1, after=after))
        names += [person["name"] for person in page["people"]]
        after = page["next"]
        if after is None:
            break
    assert sorted(names) == sorted(person["name"] for person in found["people"])
    assert quay.mate.get("/api/v1/who-can", object="boat", record=quay.boat).status == 403
    assert (
        read(quay.ada.get("/api/v1/who-can", object="boat", verb="create"), 422)["errors"][0]["field"]
        == "verb"
    )


def test_a_record_is_shared_listed_and_taken_back(quay: Quay) -> None:
    bob, url = str(quay.bob.person), f"{quay.url}/shares"
    assert quay.bob.get(url).status == 404
    body = {"unit": bob, "verbs": ["read"], "pass_on": False, "valid_to": "2099-01-01T00:00:00+00:00"}
    made = read(quay.mate.ask("POST", url, body))
    (share,) = made["shares"]
    assert (share["verbs"], share["pass_on"], share["valid_to"]) == (
        ["read"],
        [],
        "2099-01-01T00:00:00+00:00",
    )
    assert made["may_share"] == ["read", "update", "delete"]
    assert quay.bob.get(quay.url).status == 200
    assert read(quay.bob.get(url))["may_share"] == []
    ada = str(quay.ada.person)
    refused = quay.bob.ask("POST", url, {"unit": ada, "verbs": ["read"]})
    assert read(refused, 403)["layer"] == "record"
    assert quay.bob.ask("DELETE", f"{url}?unit={bob}").status == 403
    assert quay.mate.ask("DELETE", f"{url}?unit={bob}&verb=update").status == 404
    assert quay.mate.ask("DELETE", f"{url}?unit={bob}").status == 204
    assert quay.bob.get(quay.url).status == 404
    assert quay.mate.ask("DELETE", f"{url}?unit={bob}").status == 404


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"unit": "bob"}, "unit"),
        ({"unit": str(new_id())}, "unit"),
        ({"verbs": []}, "verbs"),
        ({"verbs": ["create"]}, "verbs"),
        ({"verbs": "read"}, "verbs"),
        ({"pass_on": "yes"}, "pass_on"),
        ({"valid_to": "2099-01-01"}, "valid_to"),
        ({"valid_from": "2099-01-02T00:00:00Z", "valid_to": "2099-01-01T00:00:00Z"}, "valid_to"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_malformed_share_is_named_and_changes_nothing(
    quay: Quay, change: dict[str, object], field: str
) -> None:
    body = {"unit": str(quay.bob.person), "verbs": ["read"], **change}
    refused = read(quay.mate.ask("POST", f"{quay.url}/shares", body), 422)
    assert [error["field"] for error in refused["errors"]] == [field]
    assert quay.shared(quay.mate) == {}


def test_a_repetition_under_one_key_has_its_effect_once(quay: Quay) -> None:
    url, bob = f"{quay.url}/shares", str(quay.bob.person)
    body = {"unit": bob, "verbs": ["read", "update"]}
    key = {"HTTP_IDEMPOTENCY_KEY": "once"}
    read(quay.mate.ask("POST", url, body, **key))
    quay.mate.ask("DELETE", f"{url}?unit={bob}&verb=update", HTTP_IDEMPOTENCY_KEY="away")
    read(quay.mate.ask("POST", url, body, **key))
    assert quay.shared(quay.mate) == {"Bob": ["read"]}
    # another query is another request
    assert quay.mate.ask("DELETE", f"{url}?unit={bob}&verb=read", HTTP_IDEMPOTENCY_KEY="away").status == 422
    assert quay.shared(quay.mate) == {"Bob": ["read"]}


def test_denies_take_the_operation_and_an_object_that_allows_them(quay: Quay) -> None:
    url, mate = f"{quay.url}/denies", str(quay.mate.person)
    body = {"unit": mate, "verbs": ["update"]}
    assert read(quay.ada.ask("POST", url, body), 422)["errors"][0]["code"] == "denies_off"
    with inside(quay.home) as ctx:
        access.set_switches(ctx, objects.find_object(ctx, "boat").id, records=True, denies=True)
    for method in ("GET", "POST", "DELETE"):
        target = f"{url}?unit={mate}" if method == "DELETE" else url
        refused = quay.mate.ask(method, target, body if method == "POST" else None)
        assert read(refused, 403)["operation"] == "CanChangeEntitySchemaRecordRight"
    made = read(quay.ada.ask("POST", url, body))
    assert [(d["units"][0]["name"], d["verbs"]) for d in made["denies"]] == [("Mate", ["update"])]
    explained = read(quay.mate.get("/api/v1/explain", object="boat", verb="update", record=quay.boat))
    assert not explained["allowed"]
    assert quay.ada.ask("DELETE", f"{url}?unit={mate}").status == 204
    assert read(quay.ada.get(url))["denies"] == []


def test_another_tenant_s_ids_are_nobody_s(quay: Quay, installation: Installation) -> None:
    host = f"far{installation.worker}{new_id().hex[-6:]}.test"
    far = make_home(f"far{installation.worker}", [host])
    with inside(far) as ctx:
        stranger = access.create_person(ctx, login="stranger", name="Stranger", email="s@example.com")
    body = {"unit": str(stranger), "verbs": ["read"]}
    refused = read(quay.mate.ask("POST", f"{quay.url}/shares", body), 422)
    assert refused["errors"][0]["field"] == "unit"
    assert quay.ada.get("/api/v1/explain", object="boat", person=stranger).status == 404
    assert quay.mate.ask("POST", f"/api/v1/records/{quote('bo at')}/{quay.boat}/shares", body).status == 404
