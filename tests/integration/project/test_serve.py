"""Serving from end to end: start, answer, survive, stop in order, leave nothing behind."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest

from ostiary.project._processes import is_alive
from ostiary.project._state import State
from ostiary.project.embedded import Cluster
from tests._cluster import scratch_state

PATIENCE_S = 60.0
PASSWORD = "copper lantern harvest 93"

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks at processes in /proc")


@pytest.fixture
def state() -> Iterator[State]:
    with scratch_state() as state:
        yield state


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def run(state: State, *words: str, text: str = "") -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "ostiary.project", *words],
        env=environment(state), input=text, capture_output=True, text=True, check=False,
    )  # fmt: skip


def environment(state: State) -> dict[str, str]:
    return os.environ | {
        "OSTIARY_STATE": str(state.root),
        "OSTIARY_INSECURE_HTTP": "1",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }


@contextmanager
def serving(state: State) -> "Iterator[tuple[subprocess.Popen[str], int]]":
    port = free_port()
    with subprocess.Popen(
        [sys.executable, "-m", "ostiary.project", "serve", "--port", str(port)],
        env=environment(state), stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == f"serving at 127.0.0.1:{port}\n"
            yield process, port
        finally:
            if process.poll() is None:
                process.terminate()


def status(port: int, host: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with closing(connection):
        connection.request("GET", "/sign-in", headers={"Host": host})
        return connection.getresponse().status


def accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def eventually(happens: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if happens():
            return True
        os.sched_yield()
    return False


def postmaster(state: State) -> int:
    return int((state.pgdata / "postmaster.pid").read_text().splitlines()[0])


def test_a_tenant_is_created_listed_served_and_all_stops(state: State) -> None:
    words = "--name Acme --host acme.localhost --login ada --email ada@example.com --person Ada"
    words = f"tenant create acme {words} --password-stdin"
    refused = run(state, *words.split(), text="short\n")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "at least 15 characters" in refused.stderr
    created = run(state, *words.split(), text=f"{PASSWORD}\n")
    assert created.returncode == 0, created.stderr
    with serving(state) as (process, port):
        assert (status(port, "acme.localhost"), status(port, "other.localhost")) == (200, 404)
        # beside the running server the command line uses the same database
        assert run(state, "tenant", "list").stdout.startswith("acme\tAcme\tactive\t")
        key = run(state, "key", "create", "--tenant", "acme", "--login", "ada", "--name", "test")
        assert re.fullmatch(r"ost_acme_[\w-]{43}\n", key.stdout), key.stderr
        for command in ("tenant=nope", "login=nope"):
            name, _, value = command.partition("=")
            wanted = {"tenant": "acme", "login": "ada"} | {name: value}
            options = [f"--{k}={v}" for k, v in wanted.items()]
            assert run(state, "key", "create", *options, "--name", "test").returncode == 2
        rights_are_a_file(state, state.root / "rights.yaml")
        rights_have_findings(state)
        database = postmaster(state)
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == 0
        assert not accepts(port)
        assert not is_alive(database)


def rights_are_a_file(state: State, path: Path) -> None:
    """Written, compared, changed by hand: narrower is taken, wider only where that is allowed."""

    def rights(verb: str, *more: str) -> "subprocess.CompletedProcess[str]":
        return run(state, "rights", verb, str(path), "--tenant", "acme", "--login", "ada", *more)

    assert rights("export").returncode == 0
    assert rights("drift").stdout == "The rights are those of the file.\n"
    there = path.read_text()
    row = "- {unit: system_administrators, allow: true}"
    path.write_text(there.replace(f"CanExportGrid:\n    rows:\n    {row}", "CanExportGrid:\n    rows: []"))
    drifted = rights("drift")
    assert (drifted.returncode, "- operation CanExportGrid" in drifted.stdout) == (1, True), drifted
    assert "- execute CanExportGrid -- Ada" in rights("plan").stdout
    assert rights("apply").returncode == 0
    path.write_text(there)
    refused = rights("apply")
    assert (refused.returncode, "+ execute CanExportGrid -- Ada" in refused.stderr) == (2, True), refused
    assert rights("drift").returncode == 1
    assert rights("apply", "--allow-widen", "--json").returncode == 0
    assert rights("drift").returncode == 0


def rights_have_findings(state: State) -> None:
    """Roles of a new tenant have no owner, which is an error."""

    def lint(*more: str) -> "subprocess.CompletedProcess[str]":
        return run(state, "rights", "lint", "--tenant", "acme", "--login", "ada", *more)

    told = lint()
    assert (told.returncode, "error: All employees has no owner [no_owner]" in told.stdout) == (1, True), told
    assert "no_owner" in {finding["code"] for finding in json.loads(lint("--json").stdout)}


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_the_server_outlives_its_database_and_a_worker(state: State) -> None:
    assert run(state, "database", "prepare").returncode == 0
    with serving(state) as (process, port):
        web = next(pid for pid in children(process.pid) if pid != postmaster(state))
        worker = children(web)[0]
        os.kill(worker, signal.SIGKILL)
        assert eventually(lambda: worker not in children(web) and len(children(web)) == 2)
        killed = postmaster(state)
        os.kill(killed, signal.SIGKILL)
        assert eventually(lambda: not is_alive(killed) and _restarted(state, killed))
        assert eventually(lambda: status(port, "nobody.localhost") == 404)


def _restarted(state: State, killed: int) -> bool:
    try:
        if postmaster(state) == killed:
            return False
        psycopg.connect(Cluster(state).admin_dsn).close()
    except (OSError, IndexError, ValueError, psycopg.OperationalError):
        return False
    return True


def test_a_killed_supervisor_takes_everything_with_it(state: State) -> None:
    assert run(state, "database", "prepare").returncode == 0
    with serving(state) as (process, port):
        database = postmaster(state)
        process.kill()
        assert eventually(lambda: not accepts(port) and not is_alive(database))
    with serving(state) as (_, port):
        assert status(port, "nobody.localhost") == 404


def test_the_web_process_holds_no_administrative_connection(state: State) -> None:
    """It gets the app's role; neither the environment nor its file names another one."""
    assert run(state, "database", "prepare").returncode == 0
    assert "user=ostiary_app" in (state.secrets / "app.dsn").read_text()
    cluster = Cluster(state)
    with cluster:
        outer = environment(state) | {"OSTIARY_DATABASE_URL": cluster.admin_dsn}
        port = free_port()
        with subprocess.Popen(
            [sys.executable, "-m", "ostiary.project", "serve", "--port", str(port)],
            env=outer, stdout=subprocess.PIPE, text=True,
        ) as process:  # fmt: skip
            assert process.stdout is not None
            process.stdout.readline()
            environments = [Path(f"/proc/{pid}/environ").read_bytes() for pid in children(process.pid)]
            process.terminate()
    assert environments
    assert all(b"OSTIARY_STATE" in text and b"OSTIARY_DATABASE_URL" not in text for text in environments)
