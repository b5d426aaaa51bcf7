"""The page of background work: who may open it, what it shows, what its buttons do."""

import re
from collections.abc import Iterator

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.test import override_settings

from ostiary.identity import public as identity
from ostiary.jobs import public as jobs
from ostiary.kernel.ids import new_id
from ostiary.project._task_registry import load_tasks
from tests._jobs import as_owner, asking, make_due, run_due_jobs
from tests._site import Answer, Site
from tests._tenants import Installation, TestTenant

PASSWORD = "grey kettles whistle"
TOKEN = re.compile(rb'name="csrfmiddlewaretoken" value="(\w+)"')


class Browser(Site):
    """Somebody's browser; forms carry the token of the page that they stand on."""

    def submit(self, page: str, url: str, fields: bytes = b"") -> Answer:
        found = TOKEN.search(self.get(page).body)
        assert found is not None
        body = b"csrfmiddlewaretoken=" + found[1] + b"&" + fields
        return self.post(url, body, HTTP_ORIGIN=f"{self.scheme}://{self.host}")


@pytest.fixture(scope="module")
def browsers(effects: TestTenant, installation: Installation) -> Iterator[tuple[Browser, Browser]]:
    """The administrator's, and that of somebody who holds no operation."""
    load_tasks()
    with asking(effects) as ctx:
        person = identity.create_person(ctx, login=f"p{new_id()}", name="Ann Agent", email="a@example.com")
        for who in (effects.administrator, person):
            identity.set_password(ctx, who, PASSWORD)
        logins = [identity.get_person(ctx, who).login for who in (effects.administrator, person)]
    with override_settings(OSTIARY_INSECURE_HTTP=True):
        handler = WSGIHandler()
        opened = [Browser(handler, f"{installation.worker}.effects.test") for _ in logins]
        for browser, login in zip(opened, logins, strict=True):
            fields = f"login={login}&password={PASSWORD}".encode()
            assert browser.submit("/sign-in", "/sign-in", fields).status == 302
        yield opened[0], opened[1]


def test_it_is_for_those_who_hold_the_operation(
    effects: TestTenant, browsers: tuple[Browser, Browser]
) -> None:
    admin, ann = browsers
    with asking(effects) as ctx:
        job = jobs.defer(ctx, "tests.effect.once", {"thing": 1})
    as_owner("update jobs.job set failed_at = now() where id = %(i)s", {"i": job})
    for url in ("/jobs", f"/jobs/{job}", f"/jobs/{job}/discard"):
        assert admin.get(url).status == 200
        assert ann.get(url).status == 403
    assert b'href="/jobs"' in admin.get("/jobs").body
    assert b'href="/jobs"' not in ann.get("/preferences").body
    token = b"csrfmiddlewaretoken=" + ann.cookies["ostiary_csrf"].encode()
    for action in ("retry", "discard"):
        assert ann.post(f"/jobs/{job}/{action}", token, HTTP_ORIGIN=f"http://{ann.host}").status == 403
        assert admin.post(f"/jobs/{job}/{action}").status == 403, "without the token of a page"
    with asking(effects) as ctx:
        assert jobs.get_job(ctx, job).state == "failed"


def test_a_dead_letter_is_seen_and_tried_again(
    effects: TestTenant, browsers: tuple[Browser, Browser]
) -> None:
    admin, _ = browsers
    assert b"No background work yet" in admin.get("/jobs").body
    with asking(effects) as ctx:
        job = jobs.defer(ctx, "tests.effect.flaky", {"thing": 42, "times": 3})
    for _ in range(3):
        run_due_jobs()
        make_due()
    assert b"tests.effect.flaky" in admin.get("/jobs", QUERY_STRING="state=failed").body
    assert b"No such job" in admin.get("/jobs", QUERY_STRING="state=waiting").body
    page = admin.get(f"/jobs/{job}").body
    for shown in (b"RuntimeError", b"Ada Admin", b"42", b"Try again"):
        assert shown in page
    assert b"Jane" not in page
    assert admin.submit(f"/jobs/{job}", f"/jobs/{job}/retry").status == 302
    assert b"Nothing failed" in admin.get("/jobs", QUERY_STRING="state=failed").body


def test_giving_up_is_asked_for_twice(effects: TestTenant, browsers: tuple[Browser, Browser]) -> None:
    admin, _ = browsers
    with asking(effects) as ctx:
        job = jobs.defer(ctx, "tests.effect.once", {"thing": 1})
    assert b"nobody tries it again" in admin.get(f"/jobs/{job}/discard").body
    with asking(effects) as ctx:
        assert jobs.get_job(ctx, job).state == "waiting"
    assert admin.submit(f"/jobs/{job}/discard", f"/jobs/{job}/discard").status == 302
    with asking(effects) as ctx:
        assert jobs.get_job(ctx, job).state == "discarded"
    assert admin.get(f"/jobs/{job}/discard").status == 404
    run_due_jobs()


def test_it_shows_fifty_at_a_time(effects: TestTenant, browsers: tuple[Browser, Browser]) -> None:
    admin, _ = browsers
    with asking(effects) as ctx:
        for thing in range(60):
            jobs.defer(ctx, "tests.effect.once", {"thing": thing})
    first = admin.get("/jobs").body
    assert first.count(b'scope="row"') == 50
    older = re.search(rb'rel="next" href="([^"]+)"', first)
    assert older is not None
    assert (
        admin.get("/jobs", QUERY_STRING=older[1].decode().partition("?")[2]).body.count(b'scope="row"') == 10
    )


def test_another_tenants_job_is_not_found(
    effects: TestTenant, neighbour: TestTenant, browsers: tuple[Browser, Browser]
) -> None:
    admin, _ = browsers
    with asking(neighbour) as ctx:
        theirs = jobs.defer(ctx, "tests.effect.once", {"thing": 1})
    with asking(effects) as ctx:
        ours = jobs.defer(ctx, "tests.effect.once", {"thing": 1})
    assert (admin.get(f"/jobs/{ours}").status, admin.get(f"/jobs/{theirs}").status) == (200, 404)
    assert admin.submit(f"/jobs/{ours}/discard", f"/jobs/{theirs}/discard").status == 404
    assert admin.get("/jobs", QUERY_STRING="state=secret").status == 404
