"""An installation that runs, how it is hit with kill -9, and how it comes back."""

import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Protocol

import psycopg

from ostiary.project._serve import Listening, WebServer
from ostiary.project._state import State
from ostiary.project.embedded import Cluster

PATIENCE_S = 60.0


Blow = Callable[[], None]


class House(Protocol):
    """What a test does with it: start it on a prepared, running cluster, hit it, let it recover, stop it.

    aim: gives the blow, to be struck within the block; at the block's end what it hit has ended.
    """

    def __init__(self, cluster: Cluster, port: int) -> None: ...

    def start(self) -> None: ...

    def aim(self) -> AbstractContextManager[Blow]: ...

    def recover(self) -> None: ...

    def stop(self) -> None: ...


class ServerHit:
    """The web server with its workers. Database and server are kept here as `ostiary serve` keeps them."""

    def __init__(self, cluster: Cluster, port: int) -> None:
        self.cluster = cluster
        self.state = cluster.state
        self.server = WebServer(self.state, Listening("127.0.0.1", port))

    def start(self) -> None:
        self.cluster.keep_alive()
        self.server.start(threading.Event())

    def stop(self) -> None:
        self.server.stop()

    def aim(self) -> AbstractContextManager[Blow]:
        return aiming(self._victims())

    def _victims(self) -> list[int]:
        return family(self.server.pid)

    def recover(self) -> None:
        self.server.stop()
        self.server.start(threading.Event())


class WorkerHit(ServerHit):
    """One of the two workers; the web server replaces it by itself."""

    def _victims(self) -> list[int]:
        return children(self.server.pid)[:1]

    def recover(self) -> None:
        assert self.server.is_running()


class PostmasterHit(ServerHit):
    """The postmaster; its backends notice. The web server stays, and the database comes back by itself."""

    def _victims(self) -> list[int]:
        self._killed = postmaster(self.state)
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
        return family(*super()._victims())


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

    def aim(self) -> AbstractContextManager[Blow]:
        assert self._process is not None
        supervisor, *others = family(self._process.pid)
        assert postmaster(self.state) in others
        return aiming([supervisor], others)

    def recover(self) -> None:
        self.stop()
        self.start()


@contextmanager
def aiming(victims: list[int], with_them: Sequence[int] = ()) -> Iterator[Blow]:
    """kill -9 of the victims, one right after the other; at the end they and those with them have ended.

    Everything slow is done before, so that nothing moves on between the decision and the blow.
    """
    assert victims
    with ExitStack() as stack:
        aimed, others = ([_open(stack, pid) for pid in pids] for pids in (victims, with_them))

        def strike() -> None:
            for handle in aimed:
                with suppress(ProcessLookupError):  # it went with its parent
                    signal.pidfd_send_signal(handle, signal.SIGKILL)

        yield strike
        assert all(map(_ends, [*aimed, *others]))


def _open(stack: ExitStack, pid: int) -> int:
    """A handle of a process: its number could pass to a stranger meanwhile."""
    handle = os.pidfd_open(pid)
    stack.callback(os.close, handle)
    return handle


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
