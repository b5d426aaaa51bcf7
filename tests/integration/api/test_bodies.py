"""What is sent is bounded, and a body beyond the bound is refused like anything else."""

import json

from django.core.handlers.wsgi import WSGIHandler

from ostiary.access import public as access
from tests._site import Answer, Site
from tests._tenants import Installation
from tests.integration.objects._worlds import BOAT, apply, inside, make_home, open_to_all

LARGE = json.dumps({"name": "x" * 2_500_000}).encode()


def test_a_body_that_is_too_large_is_refused_as_a_problem(installation: Installation) -> None:
    host = f"bodies{installation.worker}.test"
    home = make_home(f"bodies{installation.worker}", [host])
    apply(home, BOAT)
    with inside(home) as ctx:
        open_to_all(ctx, "boat")
        key = access.create_api_key(ctx, home.administrator, "key")
    site = Site(WSGIHandler(), host)

    def send(method: str, url: str, body: bytes, **headers: str) -> Answer:
        given = {"HTTP_AUTHORIZATION": f"Bearer {key}", "CONTENT_TYPE": "application/json", **headers}
        return site.ask(method, f"/api/v1/records/{url}", body, **given)

    made = send("POST", "boat", b'{"name": "Small"}')
    assert made.status == 201
    record = json.loads(made.body)["id"]
    refused = [
        send("POST", "boat", LARGE),
        send("PATCH", f"boat/{record}", LARGE, HTTP_IF_MATCH='"1"'),
        send("DELETE", f"boat/{record}", LARGE, HTTP_IDEMPOTENCY_KEY="once"),
    ]
    assert [(a.status, json.loads(a.body)["code"]) for a in refused] == [(413, "body_too_large")] * 3
    assert {a.headers["Content-Type"] for a in refused} == {"application/problem+json"}
    assert send("DELETE", f"boat/{record}", b"").status == 204
