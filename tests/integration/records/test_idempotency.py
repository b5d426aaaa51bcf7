"""A request that is sent again has its effect once; what it is answered is decided today."""

import json
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from django.core.handlers.wsgi import WSGIHandler

from ostiary.identity import public as identity
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.errors import Invalid
from ostiary.project._tenants import NewTenant
from ostiary.records import _idempotency
from ostiary.records import public as records
from ostiary.tenancy import public as tenancy
from tests._cluster import RunningCluster
from tests._races import race
from tests._site import Answer, Site
from tests._tenants import Installation
from tests.integration.objects._worlds import BOAT, apply, inside, make_home, open_to_all
from tests.integration.records._people import person

pytestmark = pytest.mark.database
ASKED = records.Request("boat", b"1" * 32)


@pytest.fixture(scope="module")
def home(installation: Installation) -> NewTenant:
    new = make_home(f"again{installation.worker}", [f"again{installation.worker}.test"])
    apply(new, BOAT)
    with inside(new) as ctx:
        open_to_all(ctx, "boat")
    return new


@pytest.fixture
def ctx(home: NewTenant) -> Iterator[Context]:
    with tenancy.transaction(home.tenant) as db:
        yield Context(home.tenant.id, db, home.administrator, Channel.CLI)


def boat(ctx: Context, name: str) -> Callable[[], records.Record]:
    return lambda: records.create_record(ctx, "boat", {"name": name})


def boats(ctx: Context, name: str) -> int:
    return records.count_records(ctx, "boat", records.Compare("name", records.Op.EQ, name)).value


def test_the_same_request_has_its_effect_once_and_another_is_refused(ctx: Context) -> None:
    first, made = records.idempotent(ctx, "key-1", ASKED, boat(ctx, "Once"))
    again, made_again = records.idempotent(ctx, "key-1", ASKED, boat(ctx, "Once"))
    assert (made, made_again, boats(ctx, "Once")) == (True, False, 1)
    assert first is not None
    assert again is not None
    assert (again.id, again.data["name"]) == (first.id, "Once")
    with pytest.raises(records.KeyReused):
        records.idempotent(ctx, "key-1", records.Request("boat", b"2" * 32), boat(ctx, "Once"))
    other = person(ctx, f"o{uuid4().hex[:8]}")
    theirs, made_theirs = records.idempotent(other, "key-1", ASKED, boat(other, "Once"))
    assert made_theirs  # a key of somebody else is another key
    assert theirs is not None
    assert theirs.id != first.id
    for bad in ("", "with space", "x" * 201, "ü"):
        with pytest.raises(Invalid):
            records.idempotent(ctx, bad, ASKED, boat(ctx, "Never"))


def test_a_repetition_is_answered_under_the_rights_of_today(ctx: Context) -> None:
    first, _ = records.idempotent(ctx, "key-2", ASKED, boat(ctx, "Short-lived"))
    assert first is not None
    records.update_record(ctx, "boat", first.id, {"name": "Renamed"}, 1)
    now, _ = records.idempotent(ctx, "key-2", ASKED, boat(ctx, "Never"))
    assert now is not None
    assert (now.data["name"], now.version) == ("Renamed", 2)
    records.delete_record(ctx, "boat", first.id)
    gone, called = records.idempotent(ctx, "key-2", ASKED, boat(ctx, "Never"))
    assert gone is not None
    assert (called, gone.visible, gone.json, gone.id) == (False, False, b"", first.id)


def test_after_a_day_a_key_is_new_and_purged(ctx: Context) -> None:
    old = "update @.records_idempotency set expires_at = now() - interval '1 second' where principal = %(p)s"
    records.idempotent(ctx, "key-3", ASKED, boat(ctx, "Daily"))
    ctx.db.run(old, {"p": ctx.actor})
    _, called = records.idempotent(ctx, "key-3", ASKED, boat(ctx, "Daily"))
    assert (called, boats(ctx, "Daily")) == (True, 2)
    left = ctx.db.row("select count(*) from @.records_idempotency where expires_at > now()")
    assert ctx.db.run(_idempotency._PURGE, {"most": 1000}) >= 0
    assert ctx.db.row("select count(*) from @.records_idempotency") == left


def test_of_two_at_the_same_time_one_has_the_effect(home: NewTenant, cluster: RunningCluster) -> None:
    dsn = cluster.admin_dsn
    for commit, expected in ((True, False), (False, True)):
        key, name = f"race-{commit}", f"Race {commit}"

        def send(ctx: Context, key: str = key, name: str = name) -> bool:
            return records.idempotent(ctx, key, ASKED, boat(ctx, name))[1]

        assert race(home, dsn, send, send, commit=commit) is expected
        with inside(home) as ctx:
            assert boats(ctx, name) == 1


def test_the_header_works_for_each_method(home: NewTenant, installation: Installation) -> None:
    host = f"again{installation.worker}.test"
    with inside(home) as ctx:
        key = identity.create_api_key(ctx, home.administrator, "key", None)
    site = Site(WSGIHandler(), host)

    def send(method: str, url: str, body: object, idempotency: str, **more: str) -> Answer:
        headers = {"HTTP_AUTHORIZATION": f"Bearer {key}", "CONTENT_TYPE": "application/json", **more}
        text = b"" if body is None else json.dumps(body).encode()
        return site.ask(method, url, text, HTTP_IDEMPOTENCY_KEY=idempotency, **headers)

    made = [send("POST", "/api/v1/records/boat", {"name": "By header"}, "a") for _ in range(2)]
    assert [answer.status for answer in made] == [201, 201]
    assert made[0].body == made[1].body
    url = made[0].headers["Location"]
    other = send("POST", "/api/v1/records/boat", {"name": "Another"}, "a")
    assert (other.status, json.loads(other.body)["code"]) == (422, "records.idempotency_key_reused")
    changed = [send("PATCH", url, {"name": "Changed", "version": 1}, "b") for _ in range(2)]
    assert [(a.status, json.loads(a.body)["version"]) for a in changed] == [(200, 2), (200, 2)]
    bad = [send("PATCH", url, {"name": "", "version": 2}, "c") for _ in range(2)]
    assert [a.status for a in bad] == [422, 422]  # a refusal had no effect, so it is asked again
    good = send("PATCH", url, {"name": "Good", "version": 2, "base": {"name": "Changed"}}, "c")
    assert good.status == 200
    assert [send("DELETE", url, None, "d").status for _ in range(2)] == [204, 204]
    assert send("DELETE", url, None, "e").status == 404
