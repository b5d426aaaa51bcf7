"""A closed tenant's keys and sessions, as a browser and a program see it: as if the host were unknown."""

from collections.abc import Callable
from functools import partial

import pytest
from django.core.handlers.wsgi import WSGIHandler

from ostiary.identity import public as identity
from ostiary.kernel import clock
from ostiary.kernel.context import Channel, Context
from ostiary.project._tenants import create_tenant
from ostiary.tenancy import public as tenancy
from tests._site import Site
from tests._tenants import Installation

pytestmark = pytest.mark.database
URL, PASSWORD = "/api/v1/records/nothing", "rather long and quiet words"


def test_keys_and_sessions_are_refused_at_the_next_request_and_work_again_later(
    installation: Installation,
) -> None:
    slug = f"http{installation.worker}"
    new = create_tenant(
        slug, "Http", [f"{slug}.test"], login="ann", person="Ann", email="ann@example.com", password=PASSWORD
    )
    with tenancy.transaction(new.tenant) as db:
        ctx = Context(new.tenant.id, db, new.administrator, Channel.CLI)
        key = {"HTTP_AUTHORIZATION": f"Bearer {identity.create_api_key(ctx, new.administrator, 'key', None)}"}
        token = identity.open_session(ctx, new.administrator)
    handler = WSGIHandler()
    site, nowhere = Site(handler, f"{slug}.test"), Site(handler, "unknown.test")
    site.cookies["ostiary"] = token
    unknown = nowhere.get(URL, **key)
    assert unknown.status == 404

    def answers() -> list[tuple[int, bytes]]:
        return [(a.status, a.body) for a in (site.get(URL, **key), site.get("/"))]

    allowed = answers()
    assert b"not_found" in allowed[0][1]  # an object that is not there, told to somebody who is known
    assert "sign-in" not in site.get("/").headers.get("Location", "")
    kept = tenancy.find_tenant_by_host(f"{slug}.test")  # what a node believes for some seconds
    assert kept is not None
    changes: list[tuple[Callable[[], None], Callable[[], None]]] = [
        (partial(tenancy.suspend, new.tenant), partial(tenancy.resume, new.tenant)),
        (partial(tenancy.schedule_drop, new.tenant, clock.now()), partial(tenancy.cancel_drop, new.tenant)),
    ]
    for close, open_again in changes:
        close()
        for believed in (kept, None):  # a node that has not heard of it, and one that reads the directory
            directory = tenancy.directory()
            directory.forget()
            if believed is not None:
                directory._kept["host"] = {f"{slug}.test": (clock.now(), believed)}
            assert answers() == [(404, unknown.body)] * 2
        open_again()
        assert [status for status, _ in answers()] == [status for status, _ in allowed]
    tenancy.schedule_drop(new.tenant, clock.now())
    tenancy.drop_tenant(new.tenant)
    assert answers() == [(404, unknown.body)] * 2
