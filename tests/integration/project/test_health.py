"""Whether a node lives, is ready, drains, and what it lets go of at its end."""

import ctypes
import http.client
import os
import signal
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest
from django.core.handlers.wsgi import WSGIHandler

from ostiary.kernel.errors import Misconfigured
from ostiary.project import _health, _release
from ostiary.project._private_files import write_secret
from ostiary.project._serve import Listening
from ostiary.project._state import State
from ostiary.tenancy import public as tenancy
from tests._houses import children, eventually
from tests._nodes import Node, node_state, running
from tests._site import Site
from tests._tenants import Installation, TestTenant

__all__ = ["node_state"]


@pytest.fixture
def site(installation: Installation, tenant: TestTenant, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setattr(_health, "_readiness", [])
    return Site(WSGIHandler(), f"{installation.worker}.test")


def fail() -> bool:
    raise OSError("secret words")


@pytest.mark.parametrize("host", ["", "balancer.example", "10.0.0.7:8000", "{}"])
def test_whoever_asks_learns_yes_or_no_and_no_more(site: Site, host: str) -> None:
    site.host = host.format(site.host)
    assert (site.get("/-/health").status, site.get("/-/ready").status) == (200, 503)  # nothing was configured
    holds = [True]
    _health.configure({"database": lambda: holds[0]})
    ready = site.get("/-/ready", HTTP_X_FORWARDED_PROTO="http", REMOTE_ADDR="203.0.113.9")
    assert (ready.status, ready.body) == (200, b"ready\n")
    assert ready.headers["Cache-Control"] == "no-store"
    assert "X-Request-Id" not in ready.headers
    holds[0] = False
    _health.configure({"database": fail, "other": lambda: True})
    refused = site.get("/-/ready")
    assert (refused.status, refused.body, refused.headers["Retry-After"]) == (503, b"not ready\n", "1")
    assert site.get("/-/health").status == 200
    assert site.get("/-/other").status == site.get("/-/").status == 404
    assert site.post("/-/ready").status == 405
    assert site.ask("TRACE", "/-/health").status == 405


def test_many_probers_ask_the_database_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_health, "ANSWER_S", 30.0)  # the answer comes in time, however slow this machine is
    monkeypatch.setattr(_health, "BELIEVED_S", 30.0)
    asked = []
    begun, go_on = threading.Event(), threading.Event()

    def slow() -> bool:
        asked.append(1)
        begun.set()
        return go_on.wait(30)

    readiness = _health.Readiness({"database": slow})
    first = threading.Thread(target=readiness.look)
    first.start()
    assert begun.wait(30)
    assert readiness.look() == {"database": False, "not_draining": True}  # known so far: it never waits
    go_on.set()
    first.join(30)
    assert readiness.look()["database"]
    assert len(asked) == 1


def test_a_check_that_hangs_is_a_no_until_it_answers_again(monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()
    go_on.set()
    begun = []

    def check() -> bool:
        begun.append(1)
        return go_on.wait(60)

    monkeypatch.setattr(_health, "BELIEVED_S", -1.0)  # every look asks, unless somebody is asking
    monkeypatch.setattr(_health, "ANSWER_S", 30.0)
    readiness = _health.Readiness({"database": check})
    assert readiness.look()["database"]
    go_on.clear()
    monkeypatch.setattr(_health, "ANSWER_S", 0.01)
    assert not readiness.look()["database"]
    assert not readiness.look()["database"]  # asked meanwhile: it neither waits nor believes what was
    assert len(begun) == 2
    go_on.set()
    monkeypatch.setattr(_health, "ANSWER_S", 30.0)
    assert eventually(lambda: readiness.look()["database"])


def test_a_check_that_breaks_is_a_no(monkeypatch: pytest.MonkeyPatch) -> None:
    holds = [True]
    monkeypatch.setattr(_health, "BELIEVED_S", -1.0)
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    readiness = _health.Readiness({"database": lambda: holds[0]})
    assert readiness.look()["database"]
    holds.clear()
    assert not readiness.look()["database"]


def test_no_database_is_no_and_not_an_error(tmp_path: Path) -> None:
    readiness = _health.Readiness({"database": lambda: _health.database_answers(f"host={tmp_path} user=x")})
    assert readiness.look() == {"database": False, "not_draining": True}


@pytest.mark.parametrize("url", ["/sign-in", "/api/v1/records/account"])
def test_a_tenant_of_another_release_is_told_to_wait(
    site: Site, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert site.get(url).status in (200, 401)
    monkeypatch.setattr(_release, "RELEASE", _release.RELEASE + 5)
    monkeypatch.setattr(_release, "OLDEST_SERVED", _release.RELEASE - 1)
    answer = site.get(url)
    assert (answer.status, answer.headers["Retry-After"]) == (503, "60")
    assert b"is being updated" in answer.body
    assert b"release" not in answer.body
    assert site.get("/-/health").status == 200


@pytest.mark.parametrize(
    ("wrong", "word"),
    [({"workers": 0}, "--workers"), ({"drain_s": -1.0}, "--drain"), ({"grace_s": 0.0}, "--grace")],
)
def test_a_number_out_of_range_is_refused_at_the_start(wrong: dict[str, float], word: str) -> None:
    assert Listening("127.0.0.1", 8000).drain_s == 0
    with pytest.raises(Misconfigured, match=word):
        Listening("127.0.0.1", 8000, **wrong)  # type: ignore[arg-type]  # the values are what is wrong


def answer_of(connection: http.client.HTTPConnection, host: str) -> tuple[int, str | None]:
    connection.request("GET", "/sign-in", headers={"Host": host})
    response = connection.getresponse()
    response.read()
    return response.status, response.headers.get("Connection")


def test_a_node_asked_to_stop_is_unready_at_once_and_answers_on(
    node_state: State, installation: Installation, tenant: TestTenant
) -> None:
    host = f"{installation.worker}.test"
    node = Node(node_state, "--drain", "3600", "--workers", "1")
    with running(node), closing(http.client.HTTPConnection("127.0.0.1", node.port, timeout=60)) as kept:
        assert answer_of(kept, host) == (200, None)
        assert node.checks() == {"database": True, "not_draining": True}
        node.ask_to_stop()
        assert eventually(lambda: node.status("/-/ready") == 503)
        assert node.checks() == {"database": True, "not_draining": False}
        assert node.status("/-/health") == 200
        assert answer_of(kept, host) == (200, "close")  # the proxy's connection is not used again
        assert node.get("/sign-in", Host=host)[0] == 200
        server = children(node.pid)
        os.kill(node.pid, signal.SIGKILL)  # a drain of an hour is not waited for
        assert eventually(lambda: not any(Path(f"/proc/{pid}/cwd").exists() for pid in server))


def give_up_passing_everywhere() -> None:
    """For root: from the next program on a folder is closed to it that is closed to its owner."""
    for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
        ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP; refused to others, who have none


def test_a_web_process_is_set_up_without_seeing_the_owners_secrets(node_state: State) -> None:
    code = (
        "from ostiary.project import _database\n"
        "from ostiary.project._state import default_state\n"
        "state = default_state()\n"
        "_database.configure_{}(state{})\n"
    )
    write_secret(node_state.owner_secrets / "owner.dsn", "host=nowhere.invalid")
    node_state.owner_secrets.chmod(0)
    done = []
    try:
        for what, more in (("web", ""), ("worker", ", max_size=1")):
            done.append(
                subprocess.run(
                    [sys.executable, "-W", "ignore", "-c", code.format(what, more)],
                    env=os.environ
                    | {"OSTIARY_STATE": str(node_state.root), "OSTIARY_INSECURE_HTTP": "1"}
                    | {"PYTHONPATH": os.pathsep.join(sys.path)},
                    preexec_fn=give_up_passing_everywhere,
                    capture_output=True,
                    text=True,
                    check=False,
                )
            )
    finally:
        node_state.owner_secrets.chmod(0o700)
        (node_state.owner_secrets / "owner.dsn").unlink()
    assert [process.returncode for process in done] == [0, 1], done[0].stderr
    assert "PermissionError" in done[1].stderr


def test_a_node_serves_where_another_folder_covers_the_owners_secrets(
    node_state: State, installation: Installation, tenant: TestTenant
) -> None:
    node_state.owner_secrets.rmdir()
    node_state.owner_secrets.touch()  # whoever looks below it fails
    node = Node(node_state, "--workers", "1")
    try:
        with running(node):
            assert node.get("/sign-in", Host=f"{installation.worker}.test")[0] == 200
            assert node.checks() == {"database": True, "not_draining": True}
    finally:
        node_state.owner_secrets.unlink()
        node_state.owner_secrets.mkdir(mode=0o700)


def test_reads_of_a_node_that_stops_are_entered_before_it_ends(
    node_state: State, installation: Installation, crm_tenant: TestTenant
) -> None:
    from ostiary.identity import public as identity
    from ostiary.kernel.context import Channel, Context

    with tenancy.transaction(crm_tenant.tenant) as db:
        ctx = Context(crm_tenant.tenant.id, db, crm_tenant.administrator, Channel.CLI)
        key = identity.create_api_key(ctx, crm_tenant.administrator, "stopping", None)
    node = Node(node_state, "--workers", "1")
    requests = []
    with running(node), closing(http.client.HTTPConnection("127.0.0.1", node.port, timeout=60)) as kept:
        for _ in range(20):
            headers = {"Host": f"{installation.worker}.test", "Authorization": f"Bearer {key}"}
            kept.request("GET", "/api/v1/records/account?columns=name", headers=headers)
            response = kept.getresponse()
            assert response.status == 200, response.read()
            response.read()
            requests.append(response.headers["X-Request-Id"])
        node.ask_to_stop()
        assert node.wait() == 0
    assert not [path for path in node_state.spool.rglob("*.segment") if path.stat().st_size]
    with tenancy.transaction(crm_tenant.tenant) as db:
        row = db.row(
            "select count(distinct request_id) from @.audit_event where request_id = any(%(ids)s::uuid[])",
            {"ids": requests},
        )
    assert row == (20,)
