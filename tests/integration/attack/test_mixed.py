"""Two tenants, eight threads each, requests of every kind at once: nobody sees the other's rows."""

import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import orjson
import pytest
from django.core.handlers.wsgi import WSGIHandler

from ostiary.project._transport import Transport
from tests._site import Site
from tests.integration.attack._two_tenants import Program, Side

THREADS = 8  # of each tenant
BASE = "/api/v1/records/account"
FEW = 40  # requests of each thread
MANY = 1_000


class Client:
    """One thread's requests; each answer is looked through for what belongs to the other tenant."""

    def __init__(self, handler: WSGIHandler, sides: tuple[Side, Side], cookie: str, seed: int) -> None:
        self.own, self.other = sides
        self.chance = random.Random(seed)  # noqa: S311  the mix of requests is no secret
        self.program = Program(Site(handler, self.own.host), self.own.key)
        self.browser = Site(handler, self.own.host, cookies={cookie: self.own.session})
        self.seen: Counter[str] = Counter()
        self.made: list[tuple[str, int]] = []

    def run(self, requests: int) -> Counter[str]:
        for _ in range(requests):
            kind = self.chance.choice(KINDS)
            status, body = getattr(self, kind)()
            assert self.other.mark.encode() not in body, kind
            assert status < 500, (kind, status, body[:200])
            self.seen[f"{kind} {status}"] += 1
        return self.seen

    def list(self) -> tuple[int, bytes]:
        answer = self.program.ask("GET", BASE, limit="200")
        names = [row["name"] for row in orjson.loads(answer.body)["records"]]
        assert any(self.own.mark in name for name in names)
        return answer.status, answer.body

    def page(self) -> tuple[int, bytes]:
        answer = self.browser.get("/o/account/")
        assert self.own.mark.encode() in answer.body
        return answer.status, answer.body

    def read(self) -> tuple[int, bytes]:
        answer = self.program.ask("GET", f"{BASE}/{self.chance.choice(self.own.accounts)}")
        assert orjson.loads(answer.body)["name"].startswith(self.own.mark)
        return answer.status, answer.body

    def read_foreign(self) -> tuple[int, bytes]:
        answer = self.program.ask("GET", f"{BASE}/{self.chance.choice(self.other.accounts)}")
        assert answer.status == 404
        return answer.status, answer.body

    def create(self) -> tuple[int, bytes]:
        answer = self.program.ask("POST", BASE, {"name": f"{self.own.mark} {uuid4()}"})
        made = orjson.loads(answer.body)
        self.made.append((made["id"], made["version"]))
        return answer.status, answer.body

    def update(self) -> tuple[int, bytes]:
        if not self.made:
            return self.create()
        record, version = self.made.pop()
        body = {"city": "Halden", "version": self.chance.choice((version, version + 7))}
        answer = self.program.ask("PATCH", f"{BASE}/{record}", body)
        assert answer.status in (200, 409)
        return answer.status, answer.body

    def refuse(self) -> tuple[int, bytes]:
        answer = self.program.ask("GET", BASE, sort=f"{self.other.tenant.schema}.rec_account")
        assert answer.status == 422
        return answer.status, answer.body

    def foreign_key(self) -> tuple[int, bytes]:
        answer = Program(self.program.site, self.other.key).ask("GET", BASE)
        assert answer.status == 401
        return answer.status, answer.body

    def count(self) -> tuple[int, bytes]:
        answer = self.program.ask("GET", f"{BASE}/count")
        assert answer.status == 200
        return answer.status, answer.body

    def export(self) -> tuple[int, bytes]:
        answer = self.browser.get("/o/account/export")
        assert answer.status in (200, 403)
        return answer.status, answer.body


KINDS = (
    *("list", "page", "read", "read_foreign", "create", "update"),
    *("refuse", "foreign_key", "count", "export"),
)


def drive(handler: WSGIHandler, sides: tuple[Side, Side], cookie: str, requests: int) -> Counter[str]:
    clients = [
        Client(handler, pair, cookie, seed)
        for seed in range(THREADS)
        for pair in (sides, (sides[1], sides[0]))
    ]
    start = threading.Barrier(len(clients))

    def run(client: Client) -> Counter[str]:
        start.wait(60)
        return client.run(requests)

    with ThreadPoolExecutor(len(clients)) as pool:
        seen = sum(pool.map(run, clients), Counter[str]())
    assert sum(seen.values()) == 2 * THREADS * requests
    assert {kind.split()[0] for kind in seen} == set(KINDS)
    return seen


def test_two_tenants_at_once(handler: WSGIHandler, sides: tuple[Side, Side], transport: Transport) -> None:
    drive(handler, sides, transport.session_cookie, FEW)


@pytest.mark.deep
def test_two_tenants_at_once_for_long(
    handler: WSGIHandler, sides: tuple[Side, Side], transport: Transport
) -> None:
    seen = drive(handler, sides, transport.session_cookie, MANY)
    print("mixed requests:", dict(sorted(seen.items())))  # noqa: T201  the figure that the run is for
