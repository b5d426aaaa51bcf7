"""One PostgreSQL cluster for a whole test run, shared by the workers of pytest-xdist.

The first process that needs it starts a small server process (this module as a program), which keeps the
cluster as long as anybody holds a shared lock on `users.lock`. The kernel drops such a lock with its
process, however that ends, so nothing is left running and nothing is counted.
"""

import fcntl
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from ostiary.project._state import State
from ostiary.project.embedded import Cluster

SYSTEM_PROGRAMS = "/usr/lib/postgresql/{}/bin"
START_TIMEOUT_S = 60.0
# Tests ask whether the program is right, not whether the disk is: what a test needs to survive is a killed
# process, and for that the kernel's page cache is enough.
TEST_SETTINGS = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "128MB"}


@dataclass(frozen=True, slots=True)
class RunningCluster:
    """What tests may know of the shared cluster."""

    admin_dsn: str
    state: State
    major: int


def programs_under_test() -> Path | None:
    """The server programs to test with: OSTIARY_TEST_PG=15 for those of the system; None: the wheel's."""
    version = os.environ.get("OSTIARY_TEST_PG")
    if not version:
        return None
    folder = Path(SYSTEM_PROGRAMS.format(version))
    if not (folder / "postgres").exists():
        raise pytest.UsageError(f"OSTIARY_TEST_PG={version}, but no {folder}/postgres: run make test-tools")
    return folder


@contextmanager
def scratch_state() -> Iterator[State]:
    """A state folder that goes away. Not below pytest's own folder: the service user could not enter that."""
    folder = Path(tempfile.mkdtemp(prefix="ostiary-test-"))
    try:
        yield State(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def cluster(testrun_uid: str) -> Iterator[RunningCluster]:
    """The shared cluster: an admin DSN for a database server that other workers use at the same time."""
    programs_under_test()
    folder = Path(tempfile.gettempdir()) / f"ostiary-run-{os.geteuid()}-{testrun_uid[:12]}"
    folder.mkdir(mode=0o711, exist_ok=True)
    with _lock(folder / "users.lock", fcntl.LOCK_SH):
        state = State(folder / "state")
        dsn = _ensure_running(folder)
        yield RunningCluster(dsn, state, int((state.pgdata / "PG_VERSION").read_text()))


def _ensure_running(folder: Path) -> str:
    ready = folder / "ready"
    with _lock(folder / "start.lock", fcntl.LOCK_EX):
        if not ready.exists():
            _wait_for(ready, _spawn_server(folder), folder / "server.log")
    return ready.read_text()


def _spawn_server(folder: Path) -> int:
    """Not by subprocess: its objects expect to be waited for, and this child ends after its starter."""
    handle = os.open(folder / "server.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        return os.posix_spawn(
            sys.executable,
            [sys.executable, "-m", "tests._cluster", str(folder)],
            os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
            file_actions=[(os.POSIX_SPAWN_DUP2, handle, 1), (os.POSIX_SPAWN_DUP2, handle, 2)],
            setsid=True,  # Ctrl-C is for its users; it ends when they have
        )
    finally:
        os.close(handle)


def _wait_for(ready: Path, server: int, log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while not ready.exists():
        if time.monotonic() > deadline or os.waitpid(server, os.WNOHANG) != (0, 0):
            raise RuntimeError(f"no cluster for the tests: {log.read_text()[-2000:]}")
        time.sleep(0.02)


@contextmanager
def _lock(path: Path, kind: int) -> Iterator[None]:
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, kind)
        yield
    finally:
        os.close(handle)


def _serve(folder: Path) -> None:
    """Run the cluster until nobody holds `users.lock`, then remove everything."""
    with Cluster(State(folder / "state"), bin_dir=programs_under_test(), settings=TEST_SETTINGS) as cluster:
        waiting = folder / "ready.new"
        waiting.write_text(cluster.admin_dsn)
        waiting.chmod(0o600)
        waiting.rename(folder / "ready")
        handle = os.open(folder / "users.lock", os.O_RDWR)
        while True:
            with suppress(BlockingIOError):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            time.sleep(0.2)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
