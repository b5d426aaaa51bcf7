"""The supervisor of the private PostgreSQL, against real server programs."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest

from ostiary.kernel.errors import Misconfigured
from ostiary.project import _cluster_patience, embedded
from ostiary.project._processes import is_alive
from ostiary.project._state import State
from ostiary.project.embedded import Cluster, ClusterBusy, ClusterError
from tests._cluster import RunningCluster, programs_under_test, scratch_state

PATIENCE_S = 30.0


def make_cluster(state: State) -> Cluster:
    return Cluster(state, bin_dir=programs_under_test(), settings={"shared_buffers": "16MB"})


@pytest.fixture
def state() -> Iterator[State]:
    with scratch_state() as state:
        yield state


def eventually(happens: Callable[[], bool]) -> bool:
    """Whether it happens within our patience; asks often, so that a quick machine is not held up."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if happens():
            return True
        os.sched_yield()
    return False


def answers(dsn: str) -> bool:
    try:
        with psycopg.connect(dsn, connect_timeout=2) as connection:
            return connection.execute("select 1").fetchone() == (1,)
    except psycopg.OperationalError:
        return False


def server_pid(state: State) -> int:
    return int((state.pgdata / "postmaster.pid").read_text().splitlines()[0])


def run_supervisor(state: State) -> "subprocess.Popen[str]":
    """Another process that starts the cluster, says its pid and waits."""
    code = (
        "import sys; from pathlib import Path\n"
        "from tests.integration.project import test_embedded as t\n"
        "c = t.make_cluster(t.State(Path(sys.argv[1]))); c.start()\n"
        "print(c.pid, flush=True); sys.stdin.read()\n"
        "c.stop()"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code, str(state.root)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip


def test_the_shared_cluster_is_the_wanted_version(cluster: RunningCluster) -> None:
    with psycopg.connect(cluster.admin_dsn) as connection:
        assert connection.info.server_version // 10000 == int(os.environ.get("OSTIARY_TEST_PG") or 18)


def test_a_cluster_starts_keeps_its_data_and_leaves_nothing_running(state: State) -> None:
    with make_cluster(state) as cluster:
        first = cluster.pid
        with psycopg.connect(cluster.admin_dsn) as connection:
            connection.execute("create table kept as select 1 as x")
            settings = connection.execute(
                "select current_setting('listen_addresses'), current_setting('data_checksums'),"
                " current_setting('password_encryption'), current_setting('server_encoding')"
            ).fetchone()
    assert settings == ("", "on", "scram-sha-256", "UTF8")
    assert first is not None
    assert not is_alive(first)
    with make_cluster(state) as cluster, psycopg.connect(cluster.admin_dsn) as connection:
        assert connection.execute("select x from kept").fetchone() == (1,)


def test_the_password_is_needed_and_kept_from_others(state: State) -> None:
    with make_cluster(state) as cluster:
        assert answers(cluster.admin_dsn)
        assert not answers(psycopg.conninfo.make_conninfo(cluster.admin_dsn, password="wrong"))
        secret = state.owner_secrets / "postgres-superuser"
        assert secret.stat().st_mode & 0o077 == 0
        for folder in (state.secrets, state.owner_secrets, state.keys, state.spool, state.run, state.pgdata):
            assert folder.stat().st_mode & 0o077 == 0, folder
        assert not (state.run / "initdb-password").exists()


def test_text_sorts_alike_on_every_machine(state: State) -> None:
    with make_cluster(state) as cluster, psycopg.connect(cluster.admin_dsn) as connection:
        rows = connection.execute("select x from unnest(array['b', 'B', 'ä', 'a']) x order by x").fetchall()
        assert "".join(x for (x,) in rows) == "Babä"
        assert connection.execute("select lower('ÄÖ')").fetchone() == ("äö",)


def test_a_second_supervisor_is_refused_while_the_first_lives(state: State) -> None:
    with make_cluster(state), pytest.raises(ClusterBusy, match=str(os.getpid())):
        make_cluster(state).start()
    with make_cluster(state) as cluster:
        assert answers(cluster.admin_dsn)


def test_a_server_without_supervisor_is_adopted_and_stopped(state: State) -> None:
    with make_cluster(state) as cluster:
        programs, user = cluster._programs(), cluster._user
    subprocess.run(
        [programs / "pg_ctl", "start", "--wait", "--silent", "--pgdata", state.pgdata, "--log", os.devnull,
         "--options", f"-c listen_addresses= -c unix_socket_directories={state.run}"],
        check=True, cwd="/", stdout=subprocess.DEVNULL,
        user=None if user is None else user.uid, group=None if user is None else user.gid,
    )  # fmt: skip
    running = server_pid(state)
    with make_cluster(state) as cluster:
        assert cluster.pid == running
        assert answers(cluster.admin_dsn)
    assert not is_alive(running)


def test_it_recovers_from_kill_and_loses_nothing_committed(state: State) -> None:
    with make_cluster(state) as cluster:
        with psycopg.connect(cluster.admin_dsn) as connection:
            connection.execute("create table kept as select 1 as x")
        with closing(psycopg.connect(cluster.admin_dsn)) as unfinished:
            unfinished.execute("insert into kept values (2)")
            os.kill(server_pid(state), signal.SIGKILL)
    with make_cluster(state) as cluster, psycopg.connect(cluster.admin_dsn) as connection:
        assert connection.execute("select x from kept").fetchall() == [(1,)]


def test_a_watched_server_comes_back_by_itself(state: State) -> None:
    with make_cluster(state) as cluster:
        cluster.keep_alive()
        killed = server_pid(state)
        os.kill(killed, signal.SIGKILL)
        assert eventually(lambda: cluster.pid not in {None, killed} and answers(cluster.admin_dsn))
        last = server_pid(state)
    assert not is_alive(last)


def test_the_server_dies_with_a_killed_supervisor_and_the_next_one_starts(state: State) -> None:
    with run_supervisor(state) as other:
        assert other.stdout is not None
        running = int(other.stdout.readline())
        with pytest.raises(ClusterBusy, match=str(other.pid)):
            make_cluster(state).start()
        assert is_alive(running)
        other.kill()
    with make_cluster(state) as cluster:
        assert answers(cluster.admin_dsn)
    assert not is_alive(running)


@pytest.mark.parametrize("pid", [1, os.getppid(), 2**22 - 1])
def test_a_stale_pid_file_does_not_stop_the_start(state: State, pid: int) -> None:
    """After a reboot the number may belong to a stranger, or to nobody."""
    with make_cluster(state):
        kept = (state.pgdata / "postmaster.pid").read_text().splitlines()
    (state.pgdata / "postmaster.pid").write_text("\n".join([str(pid), *kept[1:]]) + "\n")
    with make_cluster(state) as cluster:
        assert answers(cluster.admin_dsn)


def test_a_backend_that_never_notices_the_end_of_its_server_is_ended(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one that waits for a lock whose holder was killed with the server; here it is stopped instead."""
    monkeypatch.setattr(embedded, "ORPHANS_TIMEOUT_S", 0.1)
    with make_cluster(state) as cluster:
        with closing(psycopg.connect(cluster.admin_dsn)) as connection:
            stuck = connection.info.backend_pid
            os.kill(stuck, signal.SIGSTOP)
            os.kill(server_pid(state), signal.SIGKILL)
        cluster.stop()
        assert is_alive(stuck)
        cluster.start()
        assert not is_alive(stuck)
        assert answers(cluster.admin_dsn)


def test_half_made_data_is_made_again(state: State) -> None:
    state.prepare_for_cluster()
    (state.root / "pgdata.new").mkdir()
    (state.root / "pgdata.new" / "PG_VERSION").write_text("half")
    with make_cluster(state) as cluster:
        assert answers(cluster.admin_dsn)


def test_a_server_that_cannot_start_says_why_at_once(state: State) -> None:
    with make_cluster(state):
        pass
    version = (state.pgdata / "PG_VERSION").read_text()
    (state.pgdata / "PG_VERSION").write_text("9.1\n")
    with pytest.raises(ClusterError, match="incompatible"):
        make_cluster(state).start()
    (state.pgdata / "PG_VERSION").write_text(version)
    with make_cluster(state) as cluster:
        assert answers(cluster.admin_dsn)


def test_a_deep_folder_gets_a_short_socket_folder_of_our_own(state: State) -> None:
    deep = State(state.root / ("x" * 60) / ("y" * 60))
    assert deep.root not in deep.run.parents
    deep.root.mkdir(parents=True)
    deep.run.symlink_to(state.root)
    try:
        with pytest.raises(Misconfigured, match="belongs to another"):
            deep.prepare_for_cluster()
    finally:
        deep.run.unlink()
    state.root.chmod(0o711)
    for folder in (deep.root.parent, deep.root):
        folder.chmod(0o711)
    try:
        with make_cluster(deep) as cluster:
            assert answers(cluster.admin_dsn)
    finally:
        deep.run.rmdir()


def test_the_log_holds_no_values(state: State) -> None:
    with make_cluster(state) as cluster:
        with psycopg.connect(cluster.admin_dsn) as connection:
            connection.execute("create table person (name text primary key)")
            connection.execute("insert into person values (%s)", ("Ada Secret",))
            with pytest.raises(psycopg.errors.UniqueViolation):
                connection.execute("insert into person values (%s)", ("Ada Secret",))
        assert "Ada Secret" not in Path(cluster.log_path).read_text()


class Slow:
    """A server that says `starting` until it is let go on, as one that recovers; its clock can be put on."""

    def __init__(self, state: State, monkeypatch: pytest.MonkeyPatch) -> None:
        with make_cluster(state) as cluster:
            real, user = cluster._programs(), cluster._user
        self.folder = state.run / "slow"
        self.gate = self.folder / "gate"
        self.told: list[str] = []
        self.when_told: Callable[[], None] = lambda: None
        self._state = state
        self._skipped_s = 0.0
        self._make(real, None if user is None else (user.uid, user.gid))
        clock = SimpleNamespace(sleep=time.sleep, monotonic=lambda: time.monotonic() + self._skipped_s)
        monkeypatch.setattr(embedded, "time", clock)
        monkeypatch.setattr(_cluster_patience, "time", clock)
        monkeypatch.setattr(_cluster_patience, "TELL_S", 0.0)
        monkeypatch.setattr(_cluster_patience, "tell", self._tell)

    def _make(self, real: Path, owner: tuple[int, int] | None) -> None:
        self.folder.mkdir(mode=0o755)
        os.mkfifo(self.gate, 0o666)
        program = self.folder / "postgres"
        program.write_text(
            "#!/bin/sh\n"
            f"printf '%s\\n' $$ a b c d e f 'starting  ' > {self._state.pgdata}/postmaster.pid\n"
            f'cd {self._state.pgdata} && read go < {self.gate} && exec {real}/postgres "$@"\n'
        )
        program.chmod(0o755)
        for path in (self.folder, self.gate, program):
            if owner is not None:
                os.chown(path, *owner)

    def cluster(self) -> Cluster:
        return Cluster(self._state, bin_dir=self.folder, settings={"shared_buffers": "16MB"})

    def skip(self, seconds: float) -> None:
        self._skipped_s += seconds

    def go_on(self) -> None:
        with self.gate.open("w") as gate:
            gate.write("go\n")

    def _tell(self, words: str) -> None:
        self.told.append(words)
        if len(self.told) == 1:
            self.when_told()


@pytest.fixture
def slow(state: State, monkeypatch: pytest.MonkeyPatch) -> Slow:
    return Slow(state, monkeypatch)


def test_a_server_that_recovers_is_waited_for_and_told_of(slow: Slow) -> None:
    def wait_and_go_on() -> None:
        slow.skip(embedded.START_TIMEOUT_S + 240)
        slow.go_on()

    slow.when_told = wait_and_go_on
    with slow.cluster() as cluster:
        assert answers(cluster.admin_dsn)
    assert "is coming up" in slow.told[0]
    assert str(cluster.log_path) in slow.told[0]


def test_a_server_that_never_comes_up_is_given_up(slow: Slow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "STOPPING", ((signal.SIGKILL, PATIENCE_S),))  # the gate hears nothing else
    slow.when_told = lambda: slow.skip(_cluster_patience.RECOVERY_TIMEOUT_S + 1)
    cluster = slow.cluster()
    with pytest.raises(ClusterError, match="is not ready after 60"):
        cluster.start()
    assert cluster.pid is None


def test_a_server_that_ends_while_it_recovers_is_not_waited_for(slow: Slow, state: State) -> None:
    slow.when_told = lambda: os.kill(server_pid(state), signal.SIGKILL)
    with pytest.raises(ClusterError, match="does not start"):
        slow.cluster().start()
    assert slow.told
