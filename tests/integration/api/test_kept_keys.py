"""A key that was verified under newer rights than are kept of its principal is verified again."""

from django.core.handlers.wsgi import WSGIHandler

from ostiary.identity import public as identity
from tests._site import Site
from tests._tenants import Installation
from tests.integration.objects._worlds import BOAT, apply, inside, make_home, open_to_all


def test_a_request_that_asked_for_no_rights_locks_nobody_out(installation: Installation) -> None:
    host = f"kept{installation.worker}.test"
    home = make_home(f"kept{installation.worker}", [host])
    apply(home, BOAT)
    with inside(home) as ctx:
        open_to_all(ctx, "boat")
        key = identity.create_api_key(ctx, home.administrator, "key", None)
    site = Site(WSGIHandler(), host)

    def ask(query: str = "") -> int:
        headers = {"HTTP_AUTHORIZATION": f"Bearer {key}", "QUERY_STRING": query}
        return site.get("/api/v1/records/boat", **headers).status

    assert [ask(), ask()] == [200, 200]  # the key's use is noted; key and rights are kept
    with inside(home) as ctx:
        identity.bump_epoch(ctx)
    assert ask("unknown=1") == 422  # the key is verified again, and no rights are asked for
    assert ask() == 200
