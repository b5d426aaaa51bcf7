"""Two nodes behind HAProxy, restarted one after the other while many read and write: nobody notices."""

import http.client
import json
import shutil
import socket
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ostiary.identity import public as identity
from ostiary.kernel.context import Channel, Context
from ostiary.project._state import State
from ostiary.tenancy import public as tenancy
from tests._houses import eventually, free_port
from tests._nodes import Node, node_state, running
from tests._tenants import Installation, TestTenant

__all__ = ["node_state"]

pytestmark = pytest.mark.skipif(shutil.which("haproxy") is None, reason="no HAProxy: run make test-tools")
PATIENCE_S = 60.0
CLIENTS = 6
DRAIN = ("--drain", "1", "--workers", "1")

# As deploy/haproxy.cfg, but for the addresses, TLS, and how often it looks; and it tries nothing twice, so
# that whatever a node does wrong is seen.
CONFIGURATION = """
global
    stats socket {folder}/haproxy.sock mode 600
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    timeout check 5s
    retries 0
frontend web
    bind 127.0.0.1:{port}
    default_backend nodes
backend nodes
    balance roundrobin
    option httpchk GET /-/ready
    http-check expect status 200
    default-server check inter 100ms fall 1 rise 1
    server a 127.0.0.1:{a}
    server b 127.0.0.1:{b}
"""


class Proxy:
    """HAProxy before two nodes."""

    def __init__(self, folder: Path, a: Node, b: Node) -> None:
        self.port = free_port()
        self._socket = folder / "haproxy.sock"
        self._file = folder / "haproxy.cfg"
        self._file.write_text(CONFIGURATION.format(folder=folder, port=self.port, a=a.port, b=b.port))

    @contextmanager
    def running(self) -> Iterator[None]:
        with subprocess.Popen(
            ["haproxy", "-db", "-f", self._file], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            try:
                assert eventually(lambda: self.up() == {"a", "b"})
                yield
            finally:
                process.terminate()

    def up(self) -> set[str]:
        """Which nodes it gives requests to."""
        with closing(socket.socket(socket.AF_UNIX)) as asking:
            try:
                asking.connect(str(self._socket))
            except OSError:
                return set()
            asking.sendall(b"show stat -1 4 -1\n")
            text = b"".join(iter(lambda: asking.recv(65536), b"")).decode()
        rows = [line.split(",") for line in text.splitlines() if line.startswith("nodes,")]
        return {row[1] for row in rows if row[17] == "UP"}


@dataclass
class Load:
    """Clients that read and write until they are told to stop, and what they were told."""

    port: int
    host: str
    key: str
    told: Counter[str] = field(default_factory=Counter)
    created: dict[str, str] = field(default_factory=dict)
    over: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def running(self) -> Iterator[None]:
        with ThreadPoolExecutor(CLIENTS) as pool:
            futures = [pool.submit(self._sit, number) for number in range(CLIENTS)]
            try:
                yield
            finally:
                self.over.set()
                for future in futures:
                    future.result(PATIENCE_S)

    def wait_for(self, more: int) -> None:
        """Until so many more requests have been answered."""
        wanted = self.told.total() + more
        assert eventually(lambda: self.told.total() >= wanted)

    def _sit(self, number: int) -> None:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)) as connection:
            turn = 0
            while not self.over.is_set():
                turn += 1
                name = f"Rolling {number} {turn}"
                self._tell("page", self._ask(connection, "GET", "/sign-in"))
                self._tell("list", self._ask(connection, "GET", "/api/v1/records/account?limit=5"))
                answer = self._ask(connection, "POST", "/api/v1/records/account", {"name": name})
                self._tell("create", answer)
                if answer[0] == 201:
                    self.created[name] = answer[1]["id"]

    def _tell(self, what: str, answer: tuple[int, object]) -> None:
        self.told[f"{what} {answer[0]}"] += 1

    def _ask(
        self, connection: http.client.HTTPConnection, method: str, path: str, body: object = None
    ) -> tuple[int, dict[str, str]]:
        headers = {"Host": self.host, "Content-Type": "application/json"}
        if path.startswith("/api"):
            headers["Authorization"] = f"Bearer {self.key}"
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            return 0, {"error": type(error).__name__}
        kind = response.headers.get_content_type()
        return response.status, json.loads(text) if kind.endswith("json") else {}


@pytest.fixture
def key(crm_tenant: TestTenant) -> Iterator[str]:
    with tenancy.transaction(crm_tenant.tenant) as db:
        ctx = Context(crm_tenant.tenant.id, db, crm_tenant.administrator, Channel.CLI)
        made = identity.create_api_key(ctx, crm_tenant.administrator, "rolling", None)
    yield made
    with tenancy.transaction(crm_tenant.tenant) as db:  # thousands, committed where other tests count
        db.run("delete from @.rec_account where name like %(like)s", {"like": "Rolling %"})


def names_of(tenant: tenancy.Tenant) -> Counter[str]:
    with tenancy.transaction(tenant) as db:
        rows = db.rows("select name from @.rec_account where name like %(like)s", {"like": "Rolling %"})
        return Counter(row[0] for row in rows)


def test_nodes_are_restarted_one_after_the_other_without_a_failed_request(
    node_state: State, installation: Installation, crm_tenant: TestTenant, key: str, tmp_path: Path
) -> None:
    a, b = Node(node_state, *DRAIN), Node(node_state, *DRAIN)
    proxy = Proxy(tmp_path, a, b)
    load = Load(proxy.port, f"{installation.worker}.test", key)
    with running(a, b), proxy.running(), load.running():
        for node, other in ((a, "b"), (b, "a")):
            load.wait_for(60)
            node.ask_to_stop()
            assert eventually(lambda: proxy.up() == {other})  # noqa: B023  called at once
            load.wait_for(60)  # while it answers what it has, and after
            assert node.wait() == 0
            node.start()
            assert eventually(lambda: proxy.up() == {"a", "b"})
        load.wait_for(60)
    assert set(load.told) == {"page 200", "list 200", "create 201"}, load.told
    there = names_of(crm_tenant.tenant)
    assert there == Counter(load.created.keys())  # none lost, none twice, none that was not acknowledged
    print(load.told)  # noqa: T201  seen with -rP
