"""An installation that runs, how it is hit with kill -9, and how it comes back."""

import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Protocol

import psycopg

from ostiary.project._serve import WebServer
from ostiary.project._state import State
from ostiary.project.embedded import Cluster

PATIENCE_S = 60.0


class House(Protocol):
    """What a test does with it: start it on a prepared, running cluster, hit it, let it recover, stop it."""

    def __init__(self, cluster: Cluster, port: int) -> None: ...

    def start(self) -> None: ...

    def hit(self) -> None: ...

    def recover(self) -> None: ...

    def stop(self) -> None: ...


class ServerHit:
    """The web server with its workers. Database and server are kept here as `ostiary serve` keeps them."""

    def __init__(self, cluster: Cluster, port: int) -> None:
        self.cluster = cluster
        self.state = cluster.state
        self.server = WebServer(self.state, bind="127.0.0.1", port=port, workers=2)

    def start(self) -> None:
        self.cluster.keep_alive()
        self.server.start(threading.Event())

    def stop(self) -> None:
        self.server.stop()

    def hit(self) -> None:
        kill(family(self.server.pid))

    def recover(self) -> None:
        self.server.stop()
        self.server.start(threading.Event())


class WorkerHit(ServerHit):
    """One of the two workers; the web server replaces it by itself."""

    def hit(self) -> None:
        kill(children(self.server.pid)[:1])

    def recover(self) -> None:
        assert self.server.is_running()


class PostmasterHit(ServerHit):
    """The postmaster; its backends notice. The web server stays, and the database comes back by itself."""

    def hit(self) -> None:
        self._killed = postmaster(self.state)
        kill(self._victims())

    def _victims(self) -> list[int]:
        return [self._killed]

    def recover(self) -> None:
        assert eventually(self._is_back)

    def _is_back(self) -> bool:
        with suppress(OSError, IndexError, ValueError, psycopg.OperationalError):
            if postmaster(self.state) != self._killed:
                psycopg.connect(self.cluster.admin_dsn).close()
                return True
        return False


class DatabaseHit(PostmasterHit):
    """The postmaster and every backend at once, whatever they are doing."""

    def _victims(self) -> list[int]:
        return family(self._killed)


class AllHit(DatabaseHit):
    """Everything at once: postmaster, backends, web server, workers."""

    def _victims(self) -> list[int]:
        return super()._victims() + family(self.server.pid)

    def recover(self) -> None:
        super().recover()
        self.server.stop()
        self.server.start(threading.Event())


class SupervisorHit:
    """`ostiary serve` alone: the kernel ends all the rest with it, and the next start recovers."""

    def __init__(self, cluster: Cluster, port: int) -> None:
        cluster.stop()  # `serve` starts its own
        self.state = cluster.state
        self.port = port
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "ostiary.project", "serve", "--port", str(self.port)],
            env=os.environ | {"OSTIARY_STATE": str(self.state.root)},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == f"serving at 127.0.0.1:{self.port}\n"

    def stop(self) -> None:
        if self._process is not None:
            with self._process:
                self._process.terminate()
            self._process = None

    def hit(self) -> None:
        assert self._process is not None
        all_of_it = family(self._process.pid)
        assert postmaster(self.state) in all_of_it
        with watched(all_of_it) as handles:
            self._process.kill()
            assert all(map(_ends, handles))

    def recover(self) -> None:
        self.stop()
        self.start()


@contextmanager
def watched(pids: list[int]) -> Iterator[list[int]]:
    """Handles of processes: a number could pass to a stranger meanwhile."""
    with ExitStack() as stack:
        handles: list[int] = []
        for pid in pids:
            with suppress(ProcessLookupError):
                handles.append(os.pidfd_open(pid))
                stack.callback(os.close, handles[-1])
        yield handles


def kill(pids: list[int]) -> None:
    """kill -9 of all of them at once; returns when they have ended."""
    assert pids
    with watched(pids) as handles:
        for handle in handles:
            with suppress(ProcessLookupError):  # it went with its parent
                signal.pidfd_send_signal(handle, signal.SIGKILL)
        assert all(map(_ends, handles))


def _ends(handle: int) -> bool:
    return bool(select.select([handle], [], [], PATIENCE_S)[0])


def children(pid: int) -> list[int]:
    """Processes that any thread of this one started."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(OSError):  # a thread that has just ended
            found += map(int, (task / "children").read_text().split())
    return found


def family(pid: int) -> list[int]:
    """A process and all that come from it, the eldest first."""
    return [pid, *(other for child in children(pid) for other in family(child))]


def postmaster(state: State) -> int:
    """The process id of the cluster's first process."""
    return int((state.pgdata / "postmaster.pid").read_text().splitlines()[0])


def eventually(happens: Callable[[], bool]) -> bool:
    """Whether it happens within our patience; asks often, so that a quick machine is not held up."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if happens():
            return True
        os.sched_yield()
    return False


def free_port() -> int:
    """A port that nobody has now."""
    import socket

    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
